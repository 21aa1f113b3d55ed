import { describe, expect, test } from "vitest";
import { vmap } from "../../../src/autodiff/index.ts";
import { issuesOf } from "../../../src/backend/check.ts";
import { formatError } from "../../../src/errors/failure.ts";
import type { FluxionError } from "../../../src/errors.ts";
import { Expr } from "../../../src/ir/expr.ts";
import * as ops from "../../../src/ir/index.ts";
import { program } from "../../../src/ir/program.ts";
import { determinant, inverse } from "../../../src/linalg/index.ts";
import { fromTypedArray, ones, tensor } from "../../../src/tensor/constructors.ts";
import { foldIn, key, uniform } from "../../../src/tensor/key.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";

/** The text of the one mistake that a call reports, thrown or when compiled. */
const saidOf = (make: () => unknown): string => {
  try {
    const made = make();
    const issues = made instanceof Expr ? issuesOf(program([], [made])) : [];
    expect(issues).toHaveLength(1);
    return formatError(issues[0] as FluxionError);
  } catch (error) {
    if (typeof error === "object" && error !== null && "_tag" in error)
      return formatError(error as FluxionError);
    throw error;
  }
};

const x = tensor([0, 1, 3], "i32");
const square = tensor(
  [
    [2, 1],
    [1, 3],
  ],
  "i32",
);
const three = tensor([10, 20, 30]);
const two: Tensor = tensor([1, 2]);
const { constant } = ops;

describe("numbers outside the dtype, and fractional results of integers", () => {
  test.each<readonly [name: string, make: () => unknown, says: string]>([
    ["mul", () => ops.mul(x, 0.5), "mul does not accept i32 and f64 (0.5)"],
    ["div", () => ops.div(x, 0.5), "div does not accept i32 and f64 (0.5)"],
    ["maximum", () => ops.maximum(0.5, x), "maximum does not accept f64 (0.5) and i32"],
    ["where", () => ops.where(tensor([true, false, true]), x, Number.NaN), "i32 and f64 (NaN)"],
    ["scatterAdd", () => ops.scatterAdd(x, tensor([0], "i32"), 0.5), "f64 (0.5)"],
    ["pad", () => ops.pad(x, [[1, 1]], 0.5), "as its value, not 0.5"],
    ["fill", () => ops.fill([2], 300, "u8"), "fill: value is 300"],
    ["mean", () => ops.mean(x), "mean does not accept i32"],
    ["variance", () => ops.variance(x), "variance does not accept i32"],
    ["rfft", () => ops.rfft(x).re, "fft does not accept i32"],
    ["trapezoid", () => ops.trapezoid(x), "trapezoid does not accept i32"],
    ["quantile", () => ops.quantile(x, 0.5), "quantile does not accept i32"],
    ["determinant", () => determinant(square), "determinant does not accept i32"],
    ["inverse", () => inverse(square), "inverse does not accept i32"],
  ])("%s", (_, make, says) => {
    expect(saidOf(make)).toContain(says);
  });
});

describe("positions, axes and sizes that do not exist", () => {
  test.each<readonly [name: string, make: () => unknown, says: string]>([
    ["index 1.5", () => ops.index(three, 1.5), "an element 1.5 along axis 0"],
    ["index -5", () => ops.index(three, -5), "an element -5 along axis 0"],
    ["take along 0.5", () => ops.take(three, tensor([0], "i32"), 0.5), "(0.5)"],
    ["squeeze 7", () => ops.squeeze(ones([1, 2]), [7]), "not (7)"],
    ["concatenate along 9", () => ops.concatenate([three], 9), "not (9)"],
    ["cumprod along -5", () => ops.cumprod(constant(ones([2, 3])), -5), "not (-5)"],
    ["softmax of a scalar", () => ops.softmax(constant(tensor(1))), "a tensor with axes"],
    ["diff along 0.5", () => ops.diff(three, { axis: 0.5 }), "not (0.5)"],
    ["median along 2", () => ops.median(three, 2).values, "not (2)"],
    ["fft along 7", () => ops.fft(three, { axis: 7 }).re, "not (7)"],
    ["roll along 5", () => ops.roll(three, 1, 5), "not (5)"],
    ["slice to 0.5", () => ops.sliceAxis(three, 0, 0, 0.5), "whole numbers"],
    ["cross of 4", () => ops.cross(ones([4]), ones([3])), "vectors of 3 along axis -1"],
    [
      "add of two lengths",
      () => ops.add(three, two),
      "shapes that broadcast: from the last axis on, extents are equal or 1, not 3 and 2 along axis -1",
    ],
    [
      "a product of two lengths",
      () => ops.matmul(constant(ones([2, 3])), ones([4, 5]) as Tensor),
      "[..., k] and [k, n] with one extent for k, not 3 and 4",
    ],
    [
      "a product of two batches",
      () => ops.dot(ones([2, 3]), ones([4, 3]), [[1], [1]], [[0], [0]]),
      "equal extents along batch axes (0) and (0), not [2] and [4]",
    ],
    [
      "where of two lengths",
      () => ops.where(ops.gt(three, 0), three, two),
      "not 3 and 2 along axis -1",
    ],
    [
      "where of a mask",
      () => ops.where(ops.gt(ones([4]), 0), three, 0),
      "not 4 and 3 along axis -1",
    ],
    ["einsum", () => ops.einsum("ii->i", ones([2, 3])), 'one extent for both axes "i"'],
    ["diff", () => ops.diff(three, { order: 5 }), "order is 5"],
    ["reshape", () => ops.reshape(ones([0, 3]), [-1, 0] as readonly number[]), "not [-1, 0]"],
    ["quantile", () => ops.quantile(three, 1.5), "q is 1.5"],
    ["slopes of one value", () => ops.gradient(ones([1])), "2 values or more"],
    ["too few counts", () => ops.repeatByCounts(three, tensor([1], "i32"), 2), "[3]"],
    ["too few points", () => ops.trapezoid(three, { x: ones([2]) }), "3 points, one for each"],
    ["the median of nothing", () => ops.median(ones([0])).values, "one element or more"],
    [
      "slidingWindow",
      () => ops.slidingWindow(three, { axes: [0], size: [2], stride: [0] }),
      "for each of the axes 0, not (2), (0) and (1)",
    ],
    ["pad", () => ops.pad(three, [[-1, 2]]), "not (-1) before, (2) after and (0) between"],
    [
      "scatterAdd along -3",
      () => ops.scatterAdd(ones([2, 2]), tensor([0], "i32"), ones([1, 2]), -3),
      "not (-3)",
    ],
    ["clip", () => ops.clip(three, 2, 1), "low is 2"],
  ])("%s", (_, make, says) => {
    expect(saidOf(make)).toContain(says);
  });
});

test("the least number of examples counts the parts of each", () => {
  const across = (least: number): Expr =>
    vmap(
      (xs: Expr) =>
        vmap((x: Expr) => ops.axisSum(x, { name: "part", size: 2, within: "batch" }, { least }), {
          axis: "part",
        })(xs),
      { axis: "batch" },
    )(constant(ones([3, 2]))) as Expr;
  for (const least of [0, 5, 6]) expect(issuesOf(program([], [across(least)]))).toEqual([]);
  for (const least of [7, 8])
    expect(saidOf(() => across(least))).toContain("at least 4 examples, and there are 3");
});

test("keys, bounds and typed arrays", () => {
  expect(saidOf(() => foldIn(key(1), 1.5))).toContain("data is 1.5");
  expect(saidOf(() => uniform(key(1), [2], { low: 2, high: 1 }))).toContain("low is 2");
  // TypeScript refuses these already.
  expect(saidOf(() => fromTypedArray([2], new Uint16Array(2) as never))).toContain("a Uint16Array");
});

test("a comparison with any number is allowed", () => {
  expect(issuesOf(program([], [ops.lt(x, 0.5) as Expr, ops.eq(x, Number.NaN) as Expr]))).toEqual(
    [],
  );
});
