import { expect, it } from "vitest";
import { issuesOf } from "../../../src/backend/check.ts";
import { run } from "../../../src/interpreter/evaluate.ts";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { matmul } from "../../../src/ir/ops/contraction.ts";
import { cummax, cummin } from "../../../src/ir/ops/cumulative.ts";
import { transpose } from "../../../src/ir/ops/structural.ts";
import { program } from "../../../src/ir/program.ts";
import { zeros } from "../../../src/tensor/constructors.ts";
import type { Shape } from "../../../src/tensor/shape.ts";

const x = (...shape: Shape): Expr => constant(zeros(shape));
const product = (a: Shape, b: Shape): Expr => matmul(x(...a) as Expr, x(...b) as never);

it.each([
  [
    [2, 3],
    [3, 4],
    [2, 4],
  ],
  [
    [5, 2, 3],
    [3, 4],
    [5, 2, 4],
  ],
  [[5, 2, 3], [3], [5, 2]],
  [[3], [3], []],
  [[3], [3, 4], [4]],
])("matmul of %j and %j is one dot, with nothing repeated", (a, b, shape) => {
  const made = product(a, b);
  expect(made.shape).toEqual(shape);
  const { nodes } = program([], [made]);
  expect(nodes.map(({ primitive }) => primitive).filter((p) => p !== "constant")).toEqual(["dot"]);
});

it("matmul of stacks broadcasts their leading axes, and no others", () => {
  const issues = (a: Shape, b: Shape) => issuesOf(program([], [product(a, b)]));
  expect(issues([2, 1, 3, 4], [3, 4, 5])).toEqual([]);
  expect(product([2, 1, 3, 4], [6, 4, 5]).shape).toEqual([2, 6, 3, 5]);
  for (const [a, b] of [
    [
      [2, 3, 4],
      [3, 4, 5],
    ],
    [
      [2, 3, 4],
      [1, 3, 5],
    ],
    [[3], [2, 4, 5]],
    [[], [3]],
    [
      [2, 3],
      [4, 3],
    ],
  ] as const)
    expect(issues(a, b)).toMatchObject([{ _tag: "ShapeMismatch" }]);
});

it("the identity permutation adds no node, and a permutation of fewer axes is refused", () => {
  for (const given of [x(2, 3), x()]) {
    expect(
      transpose(
        given,
        given.shape.map((_, i) => i),
      ),
    ).toBe(given);
  }
  expect(transpose(x(2, 2), [1, 0]).node.primitive).toBe("transpose");
  expect(issuesOf(program([], [transpose(x(2, 3), [0])]))).toMatchObject([
    { _tag: "ShapeMismatch" },
  ]);
});

it("cumulative extremes of nothing are nothing", () => {
  for (const extreme of [cummax, cummin]) {
    const { values, indices } = extreme(constant(zeros([0, 2])), 0);
    const made = program([], [values, indices]);
    expect(issuesOf(made)).toEqual([]);
    expect(run(made, []).map(({ shape }) => shape)).toEqual([
      [0, 2],
      [0, 2],
    ]);
  }
});
