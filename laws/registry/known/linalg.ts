import * as linalg from "../../../src/linalg/index.ts";
import type { KnownValues } from "../../values/known.ts";
import { byHand, composed, knownFactors, ranked, square } from "./factors.ts";

/** Known values of every operation of linear algebra. One without any does not compile. */
export const knownLinalg: KnownValues<typeof linalg> = {
  ...knownFactors,
  // The line of best fit to the points (0, 6), (1, 0), (2, 0).
  leastSquares: [
    byHand(
      (a, b) => linalg.leastSquares(a, b),
      [
        [
          [1, 0],
          [1, 1],
          [1, 2],
        ],
        [6, 0, 0],
      ],
      [5, -3],
    ),
  ],
  // Fibonacci numbers.
  matrixPower: [
    byHand(
      (a) => linalg.matrixPower(a, 5),
      [
        [
          [1, 1],
          [1, 0],
        ],
      ],
      [
        [8, 5],
        [5, 3],
      ],
    ),
    byHand(
      (a) => linalg.matrixPower(a, -1),
      [
        [
          [1, 1],
          [1, 0],
        ],
      ],
      [
        [0, 1],
        [1, -1],
      ],
    ),
    byHand(
      (a) => linalg.matrixPower(a, 0),
      [square],
      [
        [1, 0],
        [0, 1],
      ],
    ),
  ],
  matrixExponential: [
    byHand(
      linalg.matrixExponential,
      [
        [
          [0, 1],
          [0, 0],
        ],
      ],
      [
        [1, 1],
        [0, 1],
      ],
    ),
    // A quarter turn, and a large number of them.
    byHand(
      linalg.matrixExponential,
      [
        [
          [0, -Math.PI / 2],
          [Math.PI / 2, 0],
        ],
      ],
      [
        [0, -1],
        [1, 0],
      ],
    ),
    {
      ...byHand(
        linalg.matrixExponential,
        [
          [
            [0, -12.5 * Math.PI],
            [12.5 * Math.PI, 0],
          ],
        ],
        [
          [0, -1],
          [1, 0],
        ],
      ),
      within: 1e-11,
    },
  ],
  vectorNorm: [
    byHand((x) => linalg.vectorNorm(x), [[3, 4]], 5),
    byHand((x) => linalg.vectorNorm(x, 1), [[3, -4]], 7),
    byHand((x) => linalg.vectorNorm(x, 3), [[3, -4, 5]], 6),
    byHand((x) => linalg.vectorNorm(x, -1), [[3, 6]], 2),
    byHand((x) => linalg.vectorNorm(x, 0), [[3, 0, -1]], 2),
    byHand((x) => linalg.vectorNorm(x, Number.POSITIVE_INFINITY), [[3, -4]], 4),
    byHand((x) => linalg.vectorNorm(x, Number.NEGATIVE_INFINITY), [[3, -4]], 3),
    byHand(
      (x) => linalg.vectorNorm(x, 2, { axes: 0, keep: true }),
      [
        [
          [3, 5],
          [4, 12],
        ],
      ],
      [[5, 13]],
    ),
    byHand((x) => linalg.vectorNorm(x, Number.POSITIVE_INFINITY), [[]], 0),
    byHand((x) => linalg.vectorNorm(x), [[]], 0),
    // Numbers whose squares leave the range of f64.
    { ...byHand((x) => linalg.vectorNorm(x), [[3e-200, 4e-200]], 5e-200), within: 0 },
    byHand((x) => linalg.vectorNorm(x), [[3e200, 4e200]], 5e200),
  ],
  matrixNorm: [
    byHand((a) => linalg.matrixNorm(a), [ranked], 5),
    byHand((a) => linalg.matrixNorm(a, "nuclear"), [composed], 4),
    byHand((a) => linalg.matrixNorm(a, 2), [composed], 3),
    byHand((a) => linalg.matrixNorm(a, -2), [composed], 1),
    byHand(
      (a) => linalg.matrixNorm(a, 1),
      [
        [
          [1, -5],
          [3, 4],
        ],
      ],
      9,
    ),
    byHand(
      (a) => linalg.matrixNorm(a, -1),
      [
        [
          [1, -5],
          [3, 4],
        ],
      ],
      4,
    ),
    byHand(
      (a) => linalg.matrixNorm(a, Number.POSITIVE_INFINITY),
      [
        [
          [1, -5],
          [3, 4],
        ],
      ],
      7,
    ),
    byHand(
      (a) => linalg.matrixNorm(a, Number.NEGATIVE_INFINITY),
      [
        [
          [1, -5],
          [3, 4],
        ],
      ],
      6,
    ),
    byHand((a) => linalg.matrixNorm(a, 2), [[[]]], 0),
    byHand((a) => linalg.matrixNorm(a, 1), [[[]]], 0),
  ],
  pairwiseDistances: [
    byHand(
      (x, y) => linalg.pairwiseDistances(x, y),
      [
        [
          [0, 0],
          [3, 0],
        ],
        [[0, 4]],
      ],
      [[4], [5]],
    ),
    byHand(
      (x, y) => linalg.pairwiseDistances(x, y, 1),
      [
        [
          [0, 0],
          [3, 0],
        ],
        [[0, 4]],
      ],
      [[4], [7]],
    ),
  ],
  conditionNumber: [
    byHand(
      (a) => linalg.conditionNumber(a),
      [
        [
          [1, 0],
          [0, 4],
        ],
      ],
      4,
    ),
    byHand(
      (a) => linalg.conditionNumber(a, -2),
      [
        [
          [1, 0],
          [0, 4],
        ],
      ],
      0.25,
    ),
    byHand((a) => linalg.conditionNumber(a, 1), [square], 21),
  ],
};
