import { describe, expect, it } from "vitest";
import { vmap } from "../../../../src/autodiff/index.ts";
import { run } from "../../../../src/interpreter/evaluate.ts";
import { apply, filled, parameter } from "../../../../src/ir/build.ts";
import type { DotParams, Expr, Program } from "../../../../src/ir/expr.ts";
import { conv } from "../../../../src/nn/functional/conv.ts";
import type { Shape } from "../../../../src/tensor/shape.ts";
import type { Tensor } from "../../../../src/tensor/tensor.ts";
import {
  compiled,
  expectAgreement,
  expectClose,
  expectSameOnThreads,
  filledWith,
  programOf,
} from "../agreement.ts";

/** Products with an epilogue, of integers, so that wasm must give the reference's bits. */

const one = (
  primitive: "add" | "mul" | "maximum" | "le" | "select",
  ...xs: readonly Expr[]
): Expr => apply(primitive, {}, xs)[0] as Expr;

const shaped = (x: Expr, shape: Shape): Expr => apply("reshape", { shape }, [x])[0] as Expr;

const same = { padding: "same" } as const;

const whole = (shape: Shape, seed = 0): Tensor =>
  filledWith(shape, "f32", (i) => (((i + seed) * 7919) % 7) - 3);

const f32 = (...shape: Shape) => ({ shape, dtype: "f32" as const });

const product = (x: Expr, y: Expr, params: DotParams = { batch: [[], []], contract: [[1], [0]] }) =>
  apply("dot", params, [x, y])[0] as Expr;

const along = (x: Expr, shape: Shape, axes: readonly number[]): Expr =>
  apply("broadcast", { shape, axes }, [x])[0] as Expr;

const names = (p: Program): readonly string[] => compiled(p).plan.kernels.map((k) => k.name);

/** Expects the product and the rest in one kernel, with the right results, on any number of threads. */
const expectFused = (p: Program, inputs: readonly Tensor[]): void => {
  expect(names(p).filter((name) => name.includes(", then "))).toHaveLength(1);
  expectAgreement(p, inputs);
  expectSameOnThreads(p, inputs);
};

describe("the epilogue of a product", () => {
  it.each([
    [1, 1, 1],
    [1, 5, 37],
    [2, 3, 18],
    [64, 20, 10],
    [33, 7, 13],
    [50, 3, 1],
    [7, 0, 9],
    [70, 1030, 33],
    [530, 9, 72],
    [605, 513, 270],
  ])("adds a row and a column, and clips below: [%i, %i] [%i]", (m, k, n) => {
    const p = programOf([f32(m, k), f32(k, n), f32(n), f32(m)], (x, y, row, column) => {
      const [all] = [[m, n]];
      const sum = one(
        "add",
        one("add", product(x as Expr, y as Expr), along(row as Expr, all, [1])),
        along(column as Expr, all, [0]),
      );
      return [one("maximum", sum, filled(all, "f32", 1))];
    });
    expectFused(p, [whole([m, k]), whole([k, n], 2), whole([n], 5), whole([m], 3)]);
  });

  it("also writes the product, a mask of it, and the masked product, with other strides", () => {
    const [m, k, n] = [37, 11, 22];
    const p = programOf(
      [f32(m, k), f32(k, n), f32(n, m), f32(2, m, 3 * n)],
      (x, y, turned, wide) => {
        const z = product(x as Expr, y as Expr);
        const other = apply("transpose", { permutation: [1, 0] }, [turned as Expr])[0] as Expr;
        const part = apply("slice", { start: [1, 0, n], limit: [2, m, 2 * n], stride: [1, 1, 1] }, [
          wide as Expr,
        ])[0] as Expr;
        const sum = one("add", one("add", z, other), shaped(part, [m, n]));
        const mask = one("le", sum, filled([m, n], "f32", 0));
        return [z, mask, one("select", mask, filled([m, n], "f32", 0), sum)];
      },
    );
    expectFused(p, [whole([m, k]), whole([k, n], 1), whole([n, m], 2), whole([2, m, 3 * n], 3)]);
  });

  it("of nested batches reads operands that vary along only some axes", () => {
    const [b, h, t, d] = [3, 2, 17, 9];
    const params: DotParams = {
      batch: [
        [0, 2],
        [0, 2],
      ],
      contract: [[3], [3]],
    };
    const p = programOf(
      [f32(b, t, h, d), f32(b, t, h, d), f32(t, t), f32(h)],
      (q, k, mask, scale) => {
        const all = [b, h, t, t];
        const scores = product(q as Expr, k as Expr, params);
        return [
          one(
            "add",
            one("mul", scores, along(scale as Expr, all, [1])),
            along(mask as Expr, all, [2, 3]),
          ),
        ];
      },
    );
    expectFused(p, [whole([b, t, h, d]), whole([b, t, h, d], 1), whole([t, t], 2), whole([h], 4)]);
  });

  it("does not overwrite operands that the product still reads: a square added to itself", () => {
    const p = programOf([f32(40, 40), f32(40, 40)], (x, y) => {
      const a = one("maximum", x as Expr, filled([40, 40], "f32", 0));
      return [one("add", product(a, y as Expr), a)];
    });
    expectFused(p, [whole([40, 40]), whole([40, 40], 1)]);
  });

  it("may overwrite an operand that only it reads, even if the sums over k are split", () => {
    const [m, k, n] = [40, 1100, 24];
    const p = programOf([f32(m, k), f32(k, n), f32(m, n)], (x, y, r) => {
      const other = one("maximum", r as Expr, filled([m, n], "f32", -1));
      const twice = apply("cumsum", { axis: 0, reverse: false }, [other])[0] as Expr;
      const z = product(x as Expr, y as Expr);
      return [one("add", z, twice), one("maximum", one("mul", z, twice), filled([m, n], "f32", 0))];
    });
    const inputs = [whole([m, k]), whole([k, n], 1), whole([m, n], 2)];
    expectAgreement(p, inputs);
    expectSameOnThreads(p, inputs);
  });

  it("keeps infinities and NaN", () => {
    const p = programOf([f32(9, 4), f32(4, 6), f32(6)], (x, y, row) => [
      one(
        "maximum",
        one("add", product(x as Expr, y as Expr), along(row as Expr, [9, 6], [1])),
        filled([9, 6], "f32", 0),
      ),
    ]);
    const odd = filledWith(
      [9, 4],
      "f32",
      (i) => [Number.NaN, Number.POSITIVE_INFINITY, 1, -2][i % 7] ?? 0,
    );
    expectFused(p, [odd, whole([4, 6], 1), whole([6], 2)]);
  });

  it("updates a state in place", () => {
    const [m, k, n] = [48, 10, 20];
    const p = programOf([f32(m, n), f32(m, k), f32(k, n)], (state, x, y) => [
      one(
        "add",
        one("mul", product(x as Expr, y as Expr), filled([m, n], "f32", 2)),
        state as Expr,
      ),
    ]);
    const inputs = [whole([m, n], 3), whole([m, k]), whole([k, n], 1)];
    const step = compiled(p, { carried: 1 });
    expect(step.plan.kernels.filter((kernel) => kernel.name.startsWith("copy"))).toEqual([]);
    expectClose(step.run(inputs), run(p, inputs), 0, () => "carried");
  });

  it.each([
    ["Winograd F(2×2)", [3, 14, 14, 16], [3, 3, 16, 32], same],
    ["Winograd F(2×2)", [4, 9, 14, 8], [3, 3, 8, 20], {}],
    ["Winograd F(2×2)", [66, 3, 5, 8], [3, 3, 8, 8], same],
    ["windows read in place", [2, 11, 19, 30], [5, 5, 30, 8], {}],
    ["windows read in place", [5, 28, 28, 1], [3, 3, 1, 6], same],
    ["windows read in place", [3, 20, 20, 3], [5, 5, 3, 7], { stride: [2, 2] }],
  ] as const)("of a convolution: %s, %j by %j", (way, x, kernel, options) => {
    const of = (a: Expr, k: Expr) => vmap((each: Expr) => conv(each, k, options))(a);
    const { shape } = of(parameter(f32(...x)), parameter(f32(...kernel)));
    const channels = shape.at(-1) as number;
    const p = programOf(
      [f32(...x), f32(...kernel), f32(channels), f32(...shape), f32(shape[0] as number)],
      (a, k, bias, rest, scale) => {
        const z = of(a as Expr, k as Expr);
        const sum = one(
          "add",
          one(
            "mul",
            one("add", z, along(bias as Expr, shape, [3])),
            along(scale as Expr, shape, [0]),
          ),
          rest as Expr,
        );
        const mask = one("le", sum, filled(shape, "f32", 0));
        return [one("select", mask, filled(shape, "f32", 0), sum), mask];
      },
    );
    const inputs = [
      whole(x),
      whole(kernel, 1),
      whole([channels], 2),
      whole(shape, 3),
      whole([shape[0] as number], 4),
    ];
    expect(names(p).some((name) => name.includes(`${way}, then`))).toBe(true);
    expectFused(p, inputs);
  });

  it("is a separate loop if a product adds to its result", () => {
    const of = (a: Expr, k: Expr) => vmap((each: Expr) => conv(each, k, {}))(a);
    const [x, kernel] = [
      [2, 11, 19, 64],
      [5, 5, 64, 8],
    ] as const;
    const p = programOf([f32(...x), f32(...kernel)], (a, k) => {
      const z = of(a as Expr, k as Expr);
      return [one("maximum", z, filled(z.shape, "f32", 0))];
    });
    expect(names(p).filter((name) => name.includes("windows read in place"))).toHaveLength(1);
    expect(names(p).filter((name) => name.includes(", then "))).toEqual([]);
    expectAgreement(p, [whole(x), whole(kernel, 1)]);
    expectSameOnThreads(p, [whole(x), whole(kernel, 1)]);
  });
});
