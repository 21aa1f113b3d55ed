import type { Contraction, DotParams, Indexed } from "../../src/ir/expr.ts";
import { gatherShape } from "../../src/ir/typing.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { real, tensors } from "../domain.ts";
import type { Case, Cases } from "./case.ts";
import { indices } from "./structural.ts";

const dotted = (
  label: string,
  x: Shape,
  y: Shape,
  contract: DotParams["contract"],
  batch: DotParams["batch"] = [[], []],
): Case<"dot"> => ({
  label,
  params: { contract, batch },
  operands: [tensors(x, real), tensors(y, real)],
});

const gathered = (axis: number, batch: number, x: Shape, at: Shape): Case<"gather"> => ({
  label: `along ${axis} of [${x.join(", ")}] at [${at.join(", ")}], ${batch} shared`,
  params: { axis, batch },
  operands: [tensors(x, real), indices(at, x[axis] ?? 0)],
});

const scattered = (axis: number, batch: number, x: Shape, at: Shape): Case<"scatterAdd"> => ({
  label: `along ${axis} of [${x.join(", ")}] at [${at.join(", ")}], ${batch} shared`,
  params: { axis, batch },
  operands: [
    tensors(x, real),
    indices(at, x[axis] ?? 0),
    tensors(gatherShape(axis, batch, x, at), real),
  ],
});

/** Each setting of an axis, shared batch axes, and shapes. */
const settings: readonly (readonly [axis: number, batch: number, x: Shape, at: Shape])[] = [
  [0, 0, [3], []],
  [0, 0, [3, 2], [2]],
  [1, 0, [2, 3], [2, 2]],
  [1, 1, [2, 3], [2, 2]],
  [2, 1, [2, 2, 3], [2, 2]],
  [1, 1, [2, 3, 2], [2]],
  [2, 2, [2, 2, 3], [2, 2, 2]],
];

export const linear: Cases<keyof Contraction | keyof Indexed> = {
  dot: [
    dotted("of vectors", [3], [3], [[0], [0]]),
    dotted("of matrices", [2, 3], [3, 2], [[1], [0]]),
    dotted("of matrices, both turned", [3, 2], [2, 3], [[0], [1]]),
    dotted("of a matrix and a vector", [2, 3], [3], [[1], [0]]),
    dotted("outer", [2], [3], [[], []]),
    dotted("of a scalar", [], [3], [[], []]),
    dotted(
      "over two axes, crossed",
      [2, 3, 2],
      [3, 2, 2],
      [
        [1, 0],
        [0, 2],
      ],
    ),
    dotted("of stacks", [2, 2, 3], [2, 3, 2], [[2], [1]], [[0], [0]]),
    dotted("of stacks along inner axes", [3, 2, 2], [2, 3, 2], [[0], [1]], [[2], [0]]),
    dotted(
      "of two batch axes, crossed",
      [2, 1, 3],
      [3, 1, 2],
      [[], []],
      [
        [0, 2],
        [2, 0],
      ],
    ),
    dotted("over nothing", [2, 0], [0, 2], [[1], [0]]),
  ],
  gather: [gathered(0, 0, [4, 2], [3]), ...settings.map((s) => gathered(...s))],
  scatterAdd: [scattered(0, 0, [4, 2], [3]), ...settings.map((s) => scattered(...s))],
};
