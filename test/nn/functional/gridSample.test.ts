import { describe, expect, it } from "vitest";
import { checkGradients } from "../../../laws/index.ts";
import { type Expr, lambda, type Tensor, tensor } from "../../../src/index.ts";
import { run } from "../../../src/interpreter/evaluate.ts";
import { constant } from "../../../src/ir/build.ts";
import { program } from "../../../src/ir/program.ts";
import { gridSample } from "../../../src/nn/functional/index.ts";

const image = tensor([
  [[1], [2], [3]],
  [[4], [5], [6]],
]);

const sampled = (grid: Tensor, options: Parameters<typeof gridSample>[2]): unknown =>
  run(program([], [gridSample(constant(image), constant(grid), options)]), [])[0]?.toArray();

describe("gridSample", () => {
  it("reads a pixel at its center, and between pixels what lies between", () => {
    const grid = tensor([
      [-1, -1],
      [0, 1],
      [0.5, 0],
    ]);
    expect(sampled(grid, { alignCorners: true })).toEqual([[1], [5], [4]]);
    expect(sampled(tensor([[0, 0]]), {})).toEqual([[3.5]]);
  });

  it("takes what is outside for zeros, the nearest pixel, or the mirrored image", () => {
    const right = tensor([[2, -1]]); // one pixel beyond the last, where -1 … 1 are three
    const at = (outside: "zeros" | "border" | "reflection") =>
      sampled(right, { alignCorners: true, outside });
    expect([at("zeros"), at("border"), at("reflection")]).toEqual([[[0]], [[3]], [[2]]]);
  });

  it.each([
    ["zeros", false],
    ["border", true],
    ["reflection", false],
  ] as const)("has the derivatives that laws ask for, with %s outside", (outside, alignCorners) => {
    const grid = tensor([[[-0.7, 0.3]], [[0.45, -0.2]], [[1.3, 0.65]]]);
    const options = { outside, alignCorners };
    const ofImage = lambda("sampled", (x: Expr) =>
      gridSample(x, constant(grid.cast(x.dtype)), options),
    );
    expect(() => checkGradients(ofImage, [[3, 4, 2]])).not.toThrow();
  });
});
