import type { Contraction, DotParams } from "../../../src/ir/expr.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import { real, tensors } from "../../domain.ts";
import type { Case, Cases } from "./case.ts";

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

export const linear: Cases<keyof Contraction> = {
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
};
