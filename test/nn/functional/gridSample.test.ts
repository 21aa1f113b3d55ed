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

const sampled = (
  grid: Tensor,
  options: Parameters<typeof gridSample>[2],
  of: Tensor = image,
): unknown =>
  run(program([], [gridSample(constant(of), constant(grid), options)]), [])[0]?.toArray();

describe("gridSample", () => {
  it("reads pixels at their centers, and interpolates between them", () => {
    const grid = tensor([
      [-1, -1],
      [0, 1],
      [0.5, 0],
    ]);
    expect(sampled(grid, { alignCorners: true })).toEqual([[1], [5], [4]]);
    expect(sampled(tensor([[0, 0]]), {})).toEqual([[3.5]]);
  });

  it("reads zeros, the nearest pixel, or the mirrored image outside", () => {
    const right = tensor([[2, -1]]); // one pixel beyond the last, where -1 … 1 are three
    const at = (outside: "zeros" | "border" | "reflection") =>
      sampled(right, { alignCorners: true, outside });
    expect([at("zeros"), at("border"), at("reflection")]).toEqual([[[0]], [[3]], [[2]]]);
  });

  it("mirrors at the outer edges of pixels if these are -1 and 1", () => {
    // In a row of three pixels, 1 is at 2.5: positions 3.25, 2.65 and -1.25 of the first row.
    const grid = tensor([
      [1.5, -0.5],
      [1.1, -0.5],
      [-1.5, -0.5],
    ]);
    const at = (outside: "zeros" | "border" | "reflection") =>
      (sampled(grid, { outside }) as number[][]).map(([x = Number.NaN]) => Number(x.toFixed(5)));
    expect(at("zeros")).toEqual([0, 1.05, 0]);
    expect(at("border")).toEqual([3, 3, 1]);
    expect(at("reflection")).toEqual([2.75, 3, 1.25]);
  });

  it("reads the nearest pixel, the even one at a tie", () => {
    const grid = tensor([
      [-0.5, -1],
      [0.5, -1],
      [0.4, 1],
      [0.6, 0.1],
    ]);
    expect(sampled(grid, { alignCorners: true, method: "nearest" })).toEqual([[1], [3], [5], [6]]);
  });

  it("mirrors an axis of one pixel to that pixel", () => {
    const row = tensor([[[1], [2]]]);
    const options = { alignCorners: true, outside: "reflection" } as const;
    expect(sampled(tensor([[2, 5]]), options, row)).toEqual([[1.5]]);
  });

  it.each([
    ["zeros", false],
    ["border", true],
    ["reflection", false],
  ] as const)("obeys the laws of derivatives, with %s outside", (outside, alignCorners) => {
    const grid = tensor([[[-0.7, 0.3]], [[0.45, -0.2]], [[1.3, 0.65]]]);
    const options = { outside, alignCorners };
    const ofImage = lambda("sampled", (x: Expr) =>
      gridSample(x, constant(grid.cast(x.dtype)), options),
    );
    expect(() => checkGradients(ofImage, [[3, 4, 2]])).not.toThrow();
  });
});
