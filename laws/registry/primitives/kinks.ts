import type { Expr } from "../../../src/ir/expr.ts";
import { where } from "../../../src/ir/ops/control.ts";
import { clip, div, eq } from "../../../src/ir/ops/elementwise.ts";
import { max } from "../../../src/ir/ops/reduction.ts";
import { hardtanh, leakyRelu, relu } from "../../../src/nn/functional/activation.ts";
import {
  hinge,
  huber,
  meanAbsoluteError,
  negativeLogLikelihood,
  softmaxCrossEntropy,
} from "../../../src/nn/losses/regression.ts";
import { elementByElement, type Kinked } from "../../derivatives/declared.ts";
import { real, tensors } from "../../domain.ts";

const vector = tensors([3], real);

const of = (
  name: string,
  f: (x: Expr, y: Expr) => Expr,
  operands: 1 | 2,
  ...at: Kinked["at"]
): Kinked => ({
  name,
  operands: [vector, vector].slice(0, operands),
  apply: ([x, y]) => [f(x as Expr, y as Expr)],
  at,
});

const infinity = Number.POSITIVE_INFINITY;

/** Compositions of primitives at their kinks, and where products would be 0·∞. */
export const kinkedFunctions: readonly Kinked[] = [
  of(
    "clamp",
    (x) => clip(x, -1, 1),
    1,
    elementByElement([[-1, 1, 0]], [[0.5, 0.5, 1]]),
    elementByElement([[-2, 2, infinity]], [[0, 0, 0]]),
  ),
  of("relu", relu, 1, elementByElement([[0, -0, 1]], [[0, 0, 1]])),
  of("leakyRelu", (x) => leakyRelu(x, 0.25), 1, elementByElement([[0, -1, 1]], [[0.25, 0.25, 1]])),
  of("hardtanh", (x) => hardtanh(x), 1, elementByElement([[-1, 1, 0.5]], [[0, 0, 1]])),
  of(
    "a quotient guarded at 0",
    (x) => where(eq(x, 0), 1, div(1, where(eq(x, 0), 1, x))),
    1,
    elementByElement([[0, 2, -1]], [[0, -0.25, -1]]),
  ),
  of("the greatest of all", (x) => max(x), 1, {
    inputs: [[1, 1, 0]],
    jacobian: [[1 / 2, 1 / 2, 0]],
  }),
  of("meanAbsoluteError", meanAbsoluteError, 2, {
    inputs: [
      [1, 2, 3],
      [1, 1, 4],
    ],
    jacobian: [[0, 1 / 3, -1 / 3, 0, -1 / 3, 1 / 3]],
  }),
  of("huber", huber, 2, {
    inputs: [
      [1, 0, 3],
      [0, 1, 3],
    ],
    jacobian: [[1 / 3, -1 / 3, 0, -1 / 3, 1 / 3, 0]],
  }),
  of("hinge", hinge, 2, {
    inputs: [
      [1, 0, 3],
      [1, 1, -1],
    ],
    jacobian: [[0, -1 / 3, 1 / 3, 0, 0, -1]],
  }),
  of(
    "softmaxCrossEntropy",
    softmaxCrossEntropy,
    2,
    // By the scores: softmax(x) - p. By the target: -ln softmax(x). Two scores are equal, and one class is impossible.
    {
      inputs: [
        [1, 1, -infinity],
        [1, 0, 0],
      ],
      jacobian: [[-0.5, 0.5, 0, Math.LN2, Math.LN2, 0]],
    },
  ),
  of(
    "negativeLogLikelihood",
    negativeLogLikelihood,
    2,
    // By the target it is -ln q, also where the target is 0.
    {
      inputs: [
        [-1, -2, -3],
        [1, 0, 0],
      ],
      jacobian: [[-1, 0, 0, 1, 2, 3]],
    },
    // An impossible class with weight 0: its score of -∞ gives no 0·∞.
    {
      inputs: [
        [-1, -2, -infinity],
        [0.5, 0.5, 0],
      ],
      jacobian: [[-0.5, -0.5, 0, 1, 2, 0]],
    },
  ),
];
