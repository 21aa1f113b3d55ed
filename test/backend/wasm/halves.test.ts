import { describe, expect, test } from "vitest";
import { issuesOf } from "../../../src/backend/check.ts";
import { derive } from "../../../src/interpreter/derive.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { matmul, sum } from "../../../src/ir/index.ts";
import { dot } from "../../../src/ir/ops/contraction.ts";
import { cast, where } from "../../../src/ir/ops/control.ts";
import { add, gt } from "../../../src/ir/ops/elementwise.ts";
import { pad, reshape, slice, transpose } from "../../../src/ir/ops/structural.ts";
import { slidingWindow } from "../../../src/ir/ops/window.ts";
import { program } from "../../../src/ir/program.ts";
import { fromHalfBits, toHalf } from "../../../src/tensor/half.ts";
import { compiled, expectAgreement, filledWith, programOf } from "./agreement.ts";

const words = 2 ** 16;
const single = new DataView(new ArrayBuffer(4));

/** Numbers around every number of the halves, and in the middle between two: ties, subnormal numbers, NaN, ±∞. */
const hostile = Array.from({ length: words }, (_, bits) =>
  [0, 1, 0x7fff, 0x8000, 0x8001].map((low) => {
    single.setUint32(0, bits * words + low);
    return single.getFloat32(0);
  }),
).flat();

describe.each(["f16", "bf16"] as const)("%s", (half) => {
  const middles = Array.from({ length: 0x7c00 }, (_, bits) => {
    const [x, y] = [fromHalfBits(half, bits), fromHalfBits(half, bits + 1)];
    return Number.isFinite(x + y) ? (x + y) / 2 : x;
  });
  const given = [...hostile, ...middles, ...middles.map((x) => -x)];
  const numbers = filledWith([given.length], "f32", (i) => given[i] as number);
  const every = filledWith([words], half, (bits) => fromHalfBits(half, bits));

  test("a program rounds every hostile number as the reference does", () => {
    const p = programOf([numbers], (x) => [cast(x, half), cast(cast(x, half), "f32")]);
    expectAgreement(p, [numbers]);
    const [rounded] = compiled(p).run([numbers]);
    expect(rounded?.toTypedArray()).toEqual(Float32Array.from(given, (x) => toHalf(half, x)));
  });

  test("one at a time, too", () => {
    const rows = filledWith([17, 3], "f32", (i) => given[i * 7919] as number);
    const p = programOf([rows], (x) => [cast(transpose(x, [1, 0]), half), cast(x, half)]);
    expectAgreement(p, [rows]);
  });

  test("a program loads and stores every word", () => {
    const p = programOf([every], (x) => [
      cast(x, "f32"),
      cast(x, "f64"),
      slice(x, [1], [words], [3]),
      transpose(reshape(x, [256, 256]), [1, 0]),
    ]);
    expectAgreement(p, [every]);
  });

  const shapes = [
    ...[
      [8, 16, 12],
      [1, 5, 3],
      [7, 1, 1],
      [3, 600, 5],
      [64, 784, 128],
      [600, 70, 300],
    ],
    [5, 0, 4],
  ] as const;
  test.each(shapes)("the product of [%d, %d] and [%d columns] in half the bytes", (m, k, n) => {
    const x = filledWith([m, k], half, (i) => ((i * 37) % 101) / 50 - 1);
    const y = filledWith([k, n], half, (i) => ((i * 53) % 97) / 48 - 1);
    const made = programOf([x, y], (a, b) => [cast(matmul(a, b), half)]);
    const wide = programOf([x.cast("f32"), y.cast("f32")], (a, b) => [matmul(a, b)]);
    // The sums differ by their order; one unit of the half is the most that this moves a result.
    expectAgreement(made, [x, y], half === "f16" ? 2 ** -10 : 2 ** -7);
    const [own, theirs] = [compiled(made), compiled(wide)];
    expect(own.plan.bytes.arguments * 2).toBe(theirs.plan.bytes.arguments);
  });

  // Sixteen rows once were two tiles of eight in a block for one and a half tiles of twelve: their last rows were wrong.
  test.each([1, 4, 9, 17])("products of 1 to 40 rows and %d columns, however they are cut", (n) => {
    const small = (i: number): number => ((i * 7) % 11) - 5;
    for (let m = 1; m <= 40; m++)
      for (const k of [4, 17]) {
        const [a, b] = [filledWith([k, m], half, small), filledWith([k, n], half, small)];
        const upright = a.cast("f32");
        const p = programOf([a, b], (x, y) => [
          dot(x, y, [[0], [0]]),
          matmul(transpose(x, [1, 0]), y),
        ]);
        // Small whole numbers: exact in any order.
        const exact = Array.from({ length: m * n }, (_, at) =>
          Array.from(
            { length: k },
            (_, l) => upright.at(l, Math.floor(at / n)) * b.at(l, at % n),
          ).reduce((s, x) => s + x, 0),
        );
        const made = compiled(p)
          .run([a, b])
          .map((out) => [...out.toTypedArray()]);
        expect({ m, k, made }).toEqual({ m, k, made: [exact, exact] });
      }
  });

  test.each([
    ["few channels", [2, 9, 7, 3], [3, 3, 3, 5]],
    ["by Winograd's algorithm", [4, 12, 13, 8], [3, 3, 8, 16]],
  ] as const)("a convolution and its gradients, %s", (_, image, kernel) => {
    const x = filledWith(image, half, (i) => ((i * 37) % 101) / 50 - 1);
    const w = filledWith(kernel, "f32", (i) => ((i * 53) % 97) / 48 - 1);
    const convolved = (a: Expr, b: Expr): Expr => {
      const windows = slidingWindow(
        pad(a, [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ]),
        { axes: [1, 2], size: [3, 3] },
      );
      return dot(windows, b, [
        [4, 5, 3],
        [0, 1, 2],
      ]);
    };
    const p = programOf([x, w], (a, b) => {
      const { outputs, pullback } = derive.vjp(
        program([a, b], [cast(convolved(a, b), half)]),
        [a, b],
        [true, true],
      );
      const [y] = outputs as readonly [Expr];
      return [y, ...pullback([y]).map((g) => g as Expr)];
    });
    expectAgreement(p, [x, w], half === "f16" ? 2 ** -9 : 2 ** -6);
  });

  test("arithmetic is that of f32", () => {
    const [x, y] = [tensorOf(0.1), tensorOf(3)];
    const p = programOf([x, y], (a, b) => [add(a, b), sum(a), add(a, 0.7)]);
    const out = compiled(p).run([x, y]);
    expect(out.map(({ dtype }) => dtype)).toEqual(["f32", "f32", "f32"]);
    const [a, b] = [toHalf(half, 0.1), 3];
    expect(out[0]?.at(0)).toBe(Math.fround(a + b));
    expect(out[2]?.at(0)).toBe(Math.fround(a + Math.fround(0.7)));
  });

  const tensorOf = (value: number) => filledWith([4], half, () => value);
});

test("a number that f16 does not hold is refused beside halves that are moved, and taken by arithmetic", () => {
  const x = filledWith([2], "f16", () => 1);
  const chosen = programOf([x], (a) => [where(gt(a, 0), a, 70000)]);
  expect(issuesOf(chosen)).toMatchObject([
    { _tag: "DtypeMismatch", op: "where", actual: ["bool", "f16", "f64 (70000)"] },
  ]);
  expect(
    compiled(programOf([x], (a) => [add(a, 70000)]))
      .run([x])[0]
      ?.at(0),
  ).toBe(70001);
});
