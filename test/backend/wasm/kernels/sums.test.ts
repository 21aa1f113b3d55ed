import { describe, expect, test } from "vitest";
import type { Expr } from "../../../../src/ir/expr.ts";
import { dot, matmul } from "../../../../src/ir/ops/contraction.ts";
import { add } from "../../../../src/ir/ops/elementwise.ts";
import { fill, scatterAdd } from "../../../../src/ir/ops/indexing.ts";
import { cumsum, mean, sum, variance } from "../../../../src/ir/ops/reduction.ts";
import { slidingWindow } from "../../../../src/ir/ops/window.ts";
import { vectorNorm } from "../../../../src/linalg/norms.ts";
import { relu } from "../../../../src/nn/functional/activation.ts";
import type { Shape } from "../../../../src/tensor/shape.ts";
import type { Tensor } from "../../../../src/tensor/tensor.ts";
import { compiled, expectSameOnThreads, filledWith, programOf } from "../agreement.ts";

const full = (shape: Shape, value: number): Tensor => filledWith(shape, "f32", () => value);

const valuesOf = (f: (...xs: readonly Expr[]) => unknown, ...inputs: readonly Tensor[]) => {
  const p = programOf(inputs, (...xs) => [f(...xs) as Expr]);
  return Array.from((compiled(p).run(inputs)[0] as Tensor).toTypedArray());
};

const expectNear = (got: readonly number[], want: number, relative: number): void => {
  for (const x of got) expect(Math.abs(x / want - 1)).toBeLessThan(relative);
};

describe("long sums of f32", () => {
  // A single running total gives 100958, 0.1006, 0.48034, 100.024, 100958 and 10004.8 for these.
  test("over the rows of [10⁶, 4]", () => {
    expect(valuesOf((x) => sum(x as Expr, 0), full([1e6, 4], 0.1))).toEqual(
      new Array(4).fill(100_000),
    );
  });
  test("a mean of 10⁷", () => {
    expect(valuesOf((x) => mean(x as Expr), full([1e7], 0.1))).toEqual([Math.fround(0.1)]);
  });
  test("means of three channels", () => {
    expectNear(
      valuesOf((x) => mean(x as Expr, 0), full([1e6, 3], 0.48)),
      0.48,
      2e-7,
    );
  });
  test("a norm of 10⁶", () => {
    expectNear(
      valuesOf((x) => vectorNorm(x as Expr), full([1e6], 0.1)),
      100,
      2e-7,
    );
  });
  test("the variance of a constant is at most the square of one rounding error", () => {
    const [found] = valuesOf((x) => variance(x as Expr), full([1e6], 0.1));
    expect(found).toBeLessThan(1e-16);
  });
  test("running sums", () => {
    const all = valuesOf((x) => cumsum(x as Expr), full([1e6], 0.1));
    expectNear(all.slice(-1), 1e5, 2e-7);
    expectNear(all.slice(12_345, 12_346), 1234.6, 2e-7);
  });
  test("products of long rows", () => {
    const [x, y] = [full([2, 1e6], 0.1), full([1e6, 3], 0.1)];
    expectNear(
      valuesOf((a, b) => matmul(a as Expr, b as Expr), x, y),
      1e4,
      5e-6,
    );
  });
  test("products with many parts, in batches, transposed, with epilogues", () => {
    const k = 70_003;
    const [x, y] = [full([2, 3, k], 0.1), full([2, k, 5], 0.1)];
    const [u, v] = [full([k, 7], 0.1), full([k, 6], 0.1)];
    const heads = [full([2, k, 3, 4], 0.1), full([2, k, 3, 5], 0.1)] as const;
    const want = 0.01 * k;
    expectNear(
      valuesOf((a, b) => matmul(a as Expr, b as Expr), x, y),
      want,
      8e-6,
    );
    expectNear(
      valuesOf((a, b) => relu(add(dot(a as Expr, b as Expr, [[0], [0]]), 1) as Expr), u, v),
      want + 1,
      8e-6,
    );
    const members = [
      [0, 2],
      [0, 2],
    ] as const;
    expectNear(
      valuesOf((a, b) => dot(a as Expr, b as Expr, [[1], [1]], members), ...heads),
      want,
      8e-6,
    );
  });
  test("a product with many parts passes on infinities and NaN", () => {
    const k = 70_003;
    const element = (i: number): number => {
      if (i === 5) return Number.POSITIVE_INFINITY;
      if (i === k + 7) return Number.NaN;
      return i >= 2 * k && i < 2 * k + 20_000 ? 3e38 : 0.1;
    };
    const [x, y] = [filledWith([3, k], "f32", element), full([k, 1], 1)];
    const found = valuesOf((a, b) => matmul(a as Expr, b as Expr), x, y);
    expect(found).toEqual([Number.POSITIVE_INFINITY, Number.NaN, Number.POSITIVE_INFINITY]);
  });
  test("many updates of one element", () => {
    const at = filledWith([1e6], "i32", () => 1);
    const [, found] = valuesOf(
      (x, i, u) => scatterAdd(x as Expr, i as Expr, u as Expr),
      ...[full([3], 0), at, full([1e6], 0.1)],
    );
    expectNear([found as number], 1e5, 2e-7);
  });
  test("updates of many columns, in few rows and in many", () => {
    const places = (rows: number) => filledWith([6000], "i32", (i) => (i % 2 === 0 ? 1 : i % rows));
    for (const rows of [3, 20_000]) {
      const want = new Float64Array(rows);
      for (const i of places(rows).toTypedArray()) want[i] = (want[i] as number) + 0.1;
      const found = valuesOf(
        (x, i, u) => scatterAdd(x as Expr, i as Expr, u as Expr),
        ...[full([rows, 21], 0), places(rows), full([6000, 21], 0.1)],
      );
      found.forEach((x, i) => {
        const sum = want[Math.floor(i / 21)] as number;
        if (Math.abs(x - sum) > 2e-7 * sum) expect([rows, i, x]).toEqual([rows, i, sum]);
      });
    }
  });
  test("infinite updates and NaN are kept", () => {
    const terms = [1, Number.POSITIVE_INFINITY, 2, Number.NaN, 3, 3e38, 3e38, -3e38];
    const found = valuesOf(
      (x, i, u) => scatterAdd(x as Expr, i as Expr, u as Expr),
      full([3], 0),
      filledWith([5000], "i32", (i) => [0, 0, 0, 1, 1, 2, 2, 2][i % 8] as number),
      filledWith([5000], "f32", (i) => (i < 8 ? (terms[i] as number) : 0)),
    );
    expect(found).toEqual([Number.POSITIVE_INFINITY, Number.NaN, Number.POSITIVE_INFINITY]);
  });
  test("the gradient of a kernel 3×3 over an image of 800²", () => {
    const found = valuesOf(
      (x, ct) =>
        dot(slidingWindow(x as Expr, { axes: [0, 1], size: [3, 3] }), ct as Expr, [
          [0, 1],
          [0, 1],
        ]),
      ...[full([802, 802, 8], 0.1), full([800, 800, 8], 1)],
    );
    expect(found.length).toBe(8 * 9 * 8);
    expectNear(found, 64_000, 5e-6);
  });
});

test("the mean of a constant is that constant, of any power of two", () => {
  for (const value of [0.1, 1.1234567, 3e-39, -7.7e20].map(Math.fround))
    for (let n = 1; n <= 2 ** 14; n *= 2)
      for (const shape of [[n], [n, 1], [n, 8], [Math.max(1, n / 4), Math.min(4, n)]]) {
        const axes = shape[1] === 8 ? 0 : undefined;
        for (const found of valuesOf((x) => mean(x as Expr, axes), full(shape, value)))
          expect([shape, found]).toEqual([shape, value]);
      }
});

test("long sums have the same bits on every number of threads", () => {
  const x = filledWith([3001, 37], "f32", (i) => Math.sin(1.7 * i));
  const y = filledWith([70_001, 9], "f32", (i) => Math.sin(0.3 * i));
  const at = filledWith([3001], "i32", (i) => (i * 7) % 5);
  const [wide, places] = [
    filledWith([5000, 37], "f32", (i) => Math.sin(0.7 * i)),
    filledWith([5000], "i32", (i) => ((i * 7) % 9000) - 3),
  ];
  expectSameOnThreads(
    programOf([x, y, at, wide, places], (a, b, i, w, p) => [
      scatterAdd(fill([3], 0.5), i as Expr, sum(a as Expr, 1) as Expr),
      scatterAdd(fill([6, 37], 0.5), p as Expr, w as Expr),
      scatterAdd(fill([70_001, 37], 0.5), p as Expr, w as Expr),
      sum(a as Expr, 0) as Expr,
      sum(a as Expr, 1) as Expr,
      dot(b as Expr, b as Expr, [[0], [0]]),
      scatterAdd(sum(a as Expr, 0) as Expr, i as Expr, sum(a as Expr, 1) as Expr),
      scatterAdd(a as Expr, i as Expr, a as Expr),
    ]),
    [x, y, at, wide, places],
  );
});
