import { describe, expect, it } from "vitest";
import { issuesOf } from "../../src/backend/check.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { constant } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { program } from "../../src/ir/program.ts";
import {
  anchorBoxes,
  boxArea,
  boxIou,
  decodeBoxes,
  encodeBoxes,
  nonMaximumSuppression,
} from "../../src/nn/functional/index.ts";
import { tensor } from "../../src/tensor/constructors.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

const value = (y: Expr): unknown => {
  const built = program([], [y]);
  expect(issuesOf(built, 0, {})).toEqual([]);
  return run(built, [])[0]?.toArray();
};
const boxes = (...of: readonly (readonly number[])[]): Expr =>
  constant(tensor(of as number[][], "f64") as Tensor);

const [unit, shifted, far] = [
  [0, 0, 2, 2],
  [1, 0, 3, 2],
  [10, 10, 12, 12],
] as const;

describe("overlap", () => {
  it("is the shared area over the area of both", () => {
    expect(value(boxIou(boxes(unit, far), boxes(unit, shifted)))).toEqual([
      [1, 2 / 6],
      [0, 0],
    ]);
  });
  it("is 0 for boxes of no area, also of negative extent", () => {
    const empty = boxes([1, 1, 1, 1], [2, 2, 0, 0]);
    expect(value(boxArea(empty))).toEqual([0, 0]);
    expect(value(boxIou(empty, empty))).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });
});

describe("non-maximum suppression", () => {
  const all = boxes(unit, [0, 0, 2, 1.8], far, [0.5, 0, 2.5, 2], [2, 2, 1, 1]);
  const scores = constant(tensor([0.5, 0.9, 0.1, 0.8, 0.2], "f64"));
  it("keeps the best of boxes that overlap", () => {
    // The second overlaps the first by 0.9 and the fourth by 2.7/4.9; the first and the fourth overlap by 0.6.
    expect(value(nonMaximumSuppression(all, scores))).toEqual([0, 1, 1, 0, 1]);
    expect(value(nonMaximumSuppression(all, scores, { overlap: 0.58 }))).toEqual([0, 1, 1, 1, 1]);
    expect(value(nonMaximumSuppression(all, scores, { overlap: 1 }))).toEqual(Array(5).fill(1));
  });
  it("refuses an overlap beyond 1", () => {
    expect(() => nonMaximumSuppression(all, scores, { overlap: 1.5 })).toThrow(/overlap/);
  });
});

describe("anchors", () => {
  it("lie around the centers of cells, by sizes and ratios", () => {
    const made = anchorBoxes({ cells: [1, 2], stride: 4, sizes: [2, 4], ratios: [1, 4] });
    expect(made.shape).toEqual([8, 4]);
    expect((made.toArray() as number[][]).slice(0, 4)).toEqual([
      [1, 1, 3, 3],
      [1.5, 0, 2.5, 4],
      [0, 0, 4, 4],
      [1, -2, 3, 6],
    ]);
  });
  it("may be clipped to the image", () => {
    const made = anchorBoxes({ cells: [1, 1], stride: 4, sizes: [8], beyond: "clip" });
    expect(made.toArray()).toEqual([[0, 0, 4, 4]]);
  });
  it("refuse sizes that are not above 0", () => {
    expect(() => anchorBoxes({ cells: [1, 1], stride: 4, sizes: [0] })).toThrow(/size/);
    expect(() => anchorBoxes({ cells: [0, 1], stride: 4, sizes: [1] })).toThrow(/rows/);
  });
});

describe("offsets", () => {
  const anchors = boxes([0, 0, 4, 2]);
  it("are of centers and logarithms of extents", () => {
    expect(value(encodeBoxes(boxes([1, 1, 9, 2]), anchors))).toEqual([
      [0.75, 0.25, Math.log(2), Math.log(0.5)],
    ]);
  });
  it("decode to the boxes that they encode", () => {
    const [[l, t, r, b] = []] = value(
      decodeBoxes(encodeBoxes(boxes([1, 1, 9, 2]), anchors), anchors),
    ) as number[][];
    for (const [is, wanted] of [
      [l, 1],
      [t, 1],
      [r, 9],
      [b, 2],
    ] as const)
      expect(is).toBeCloseTo(wanted, 12);
  });
  it("are bounded when decoded, and -∞ for a box of no extent", () => {
    const huge = constant(tensor([[0, 0, 1e3, 0]], "f64")) as Expr;
    expect(value(decodeBoxes(huge, anchors, { limit: Math.log(2) }))).toEqual([[-2, 0, 6, 2]]);
    expect(value(encodeBoxes(boxes([2, 0, 2, 2]), anchors))).toEqual([
      [0, 0, Number.NEGATIVE_INFINITY, 0],
    ]);
  });
});
