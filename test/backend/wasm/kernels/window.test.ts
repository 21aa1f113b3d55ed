import { describe, expect, it } from "vitest";
import type { Expr, Program, Windowing } from "../../../../src/ir/expr.ts";
import { dot } from "../../../../src/ir/ops/contraction.ts";
import { max } from "../../../../src/ir/ops/reduction.ts";
import { reverse, transpose } from "../../../../src/ir/ops/structural.ts";
import { overlapAdd, slidingWindow } from "../../../../src/ir/ops/window.ts";
import type { Shape } from "../../../../src/tensor/shape.ts";
import { compiled, expectAgreement, filledWith, programOf } from "../agreement.ts";

/** Windows, and sums of windows, of shapes with full vectors, remainders and several axes. */

const windows: readonly (readonly [Shape, Windowing])[] = [
  [[9], { axes: [0], size: [3], stride: [1], dilation: [1] }],
  [[40], { axes: [0], size: [4], stride: [3], dilation: [2] }],
  [[2, 19, 7], { axes: [1], size: [5], stride: [2], dilation: [1] }],
  [[3, 8, 9, 5], { axes: [1, 2], size: [3, 2], stride: [1, 2], dilation: [1, 1] }],
  [[2, 9, 8, 16], { axes: [2, 1], size: [2, 3], stride: [2, 3], dilation: [3, 1] }],
  [[2, 5, 6, 7, 3], { axes: [1, 2, 3], size: [2, 3, 2], stride: [2, 1, 3], dilation: [1, 2, 1] }],
];

const numbers = (shape: Shape, dtype: "f32" | "f64" | "i32") =>
  filledWith(shape, dtype, (i) =>
    dtype === "i32" ? ((i * 7919) % 23) - 9 : 3 * Math.sin(1.7 * i + 0.3),
  );
const tolerance = { f32: 1e-6, f64: 1e-14, i32: 0 } as const;

describe.each(windows)("windows of [%s]", (shape, windowing) => {
  it.each(["f32", "f64", "i32"] as const)("in %s, plain, reversed, and summed", (d) => {
    const x = numbers(shape, d);
    const rank = shape.length;
    expectAgreement(
      programOf([x], (v) => [slidingWindow(v as never, windowing)]),
      [x],
    );
    expectAgreement(
      programOf([x], (v) => [
        slidingWindow(reverse(transpose(v as never), [0]), {
          ...windowing,
          axes: windowing.axes.map((a) => rank - 1 - a),
        }),
      ]),
      [x],
    );
    const y = numbers(slidingWindow(x, windowing).shape, d);
    const extent = windowing.axes.map((a) => shape[a] as number);
    expectAgreement(
      programOf([y], (v) => [overlapAdd(v as never, { ...windowing, extent })]),
      [y],
      tolerance[d],
    );
  });

  it("are reduced, and multiplied by a kernel, without being stored", () => {
    const x = numbers(shape, "f32");
    const axes = windowing.size.map((_, i) => shape.length + i);
    const pooled = programOf([x], (v) => [max(slidingWindow(v as never, windowing), axes)]);
    expectAgreement(pooled, [x]);
    expect(compiled(pooled).plan.kernels).toHaveLength(1);
    const kernel = numbers([...windowing.size, 6], "f32");
    const within = kernel.shape.slice(0, -1).map((_, i) => i);
    expectAgreement(
      programOf([x, kernel], (v, k) => [
        dot(slidingWindow(v as never, windowing), k as never, [axes, within]),
      ]),
      [x, kernel],
      1e-6,
    );
  });
});

describe("windows too large to store", () => {
  const windowing = { axes: [1, 2], size: [3, 3], stride: [1, 1], dilation: [1, 1] };

  it.each(["f32", "f64", "i32"] as const)("are multiplied part by part, in %s", (dtype) => {
    const x = numbers([6, 20, 21, 16], dtype);
    const kernel = numbers([3, 3, 16, 6], dtype);
    const ahead = [0, 1, 2, 4, 5, 3];
    const windows = (v: Expr) => transpose(slidingWindow(v, windowing), ahead);
    const forward = programOf([x, kernel], (v, k) => [
      dot(windows(v as Expr), k as Expr, [
        [3, 4, 5],
        [0, 1, 2],
      ]),
    ]);
    const close = { f32: 2e-5, f64: 1e-13, i32: 0 }[dtype];
    expectAgreement(forward, [x, kernel], close);
    expect(parts(forward)).toEqual(dtype === "f32" ? [] : ["rows"]);
    const y = numbers([6, 18, 19, 6], dtype);
    const backward = programOf([x, y], (v, w) => [
      dot(windows(v as Expr), w as Expr, [
        [0, 1, 2],
        [0, 1, 2],
      ]),
    ]);
    expectAgreement(backward, [x, y], close);
    expect(parts(backward)).toEqual(dtype === "f32" ? [] : ["sums"]);
  });
});

const parts = (p: Program): readonly string[] =>
  compiled(p).plan.kernels.flatMap(({ name }) => / parts of (\w+)$/.exec(name)?.[1] ?? []);
