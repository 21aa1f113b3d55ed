import type { Expr } from "../../../src/ir/expr.ts";
import * as linalg from "../../../src/linalg/index.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import type { Known, KnownValues, Numbers } from "../../values/known.ts";

/** A known value computed by hand. */
export const byHand = (
  apply: (a: Expr, b: Expr) => object,
  inputs: Known["inputs"],
  ...expected: readonly Numbers[]
): Known => ({
  source: "by hand",
  apply: (a, b) => apply(a, b),
  inputs,
  expected,
});

export const square = [
  [1, 2],
  [3, 4],
];
const symmetric = [
  [2, 2],
  [2, 5],
];
const [r5, r10] = [Math.sqrt(5), Math.sqrt(10)];
/** `3·(3, 4)/5·(2, 1)ᵀ/√5 + (4, -3)/5·(-1, 2)ᵀ/√5`. */
export const composed = [
  [14 / (5 * r5), 17 / (5 * r5)],
  [27 / (5 * r5), 6 / (5 * r5)],
];
export const ranked = [
  [1, 2],
  [2, 4],
];

/** Known values of factorizations, and of the solvers that use them. */
export const knownFactors = {
  cholesky: [
    byHand(
      linalg.cholesky,
      [
        [
          [4, 2],
          [2, 10],
        ],
      ],
      [
        [2, 0],
        [1, 3],
      ],
    ),
    byHand(linalg.cholesky, [[[1e-30]]], [[1e-15]]),
  ],
  choleskySolve: [
    byHand(
      linalg.choleskySolve,
      [
        [
          [2, 0],
          [1, 3],
        ],
        [6, 12],
      ],
      [1, 1],
    ),
  ],
  choleskyInverse: [
    byHand(
      linalg.choleskyInverse,
      [
        [
          [2, 0],
          [1, 3],
        ],
      ],
      [
        [10 / 36, -2 / 36],
        [-2 / 36, 4 / 36],
      ],
    ),
  ],
  triangularSolve: [
    byHand(
      linalg.triangularSolve,
      [
        [
          [2, 9],
          [1, 4],
        ],
        [2, 9],
      ],
      [1, 2],
    ),
    byHand(
      (a, b) => linalg.triangularSolve(a, b, { lower: false }),
      [
        [
          [2, 1],
          [9, 4],
        ],
        [4, 8],
      ],
      [1, 2],
    ),
    byHand(
      (a, b) => linalg.triangularSolve(a, b, { transposed: true }),
      [
        [
          [2, 9],
          [1, 4],
        ],
        [4, 8],
      ],
      [1, 2],
    ),
    byHand(
      (a, b) => linalg.triangularSolve(a, b, { unitDiagonal: true }),
      [
        [
          [2, 9],
          [3, 4],
        ],
        [1, 5],
      ],
      [1, 2],
    ),
  ],
  // In the order of the names: lower triangle, permutation, pivots, upper triangle.
  lu: [
    byHand(
      linalg.lu,
      [square],
      [
        [1, 0],
        [1 / 3, 1],
      ],
      [1, 0],
      [1, 1],
      [
        [3, 4],
        [0, 2 / 3],
      ],
    ),
  ],
  luSolve: [
    byHand(
      (a, b) => linalg.luSolve(linalg.lu(a), b),
      [
        [
          [0, 2],
          [4, 1],
        ],
        [[6], [7]],
      ],
      [[1], [3]],
    ),
    byHand(
      (a, b) => linalg.luSolve(linalg.lu(a), b, { transposed: true }),
      [
        [
          [0, 4],
          [2, 1],
        ],
        [[6], [7]],
      ],
      [[1], [3]],
    ),
  ],
  orderOfPivots: [byHand((p) => linalg.orderOfPivots(p, 3), [tensor([2, 2], "i32")], [2, 0, 1])],
  solve: [
    byHand(
      linalg.solve,
      [
        [
          [0, 2],
          [4, 1],
        ],
        [6, 7],
      ],
      [1, 3],
    ),
  ],
  inverse: [
    byHand(
      linalg.inverse,
      [square],
      [
        [-2, 1],
        [1.5, -0.5],
      ],
    ),
  ],
  determinant: [
    byHand(linalg.determinant, [square], -2),
    byHand(
      linalg.determinant,
      [
        [
          [0, 1, 2],
          [1, 0, 3],
          [4, -3, 8],
        ],
      ],
      -2,
    ),
    byHand(linalg.determinant, [ranked], 0),
  ],
  signedLogDeterminant: [byHand(linalg.signedLogDeterminant, [square], Math.LN2, -1)],
  qr: [
    byHand(
      linalg.qr,
      [
        [
          [3, 1],
          [4, 2],
        ],
      ],
      [
        [-0.6, -0.8],
        [-0.8, 0.6],
      ],
      [
        [-5, -2.2],
        [0, 0.4],
      ],
    ),
    byHand(
      linalg.qr,
      [square],
      [
        [-1 / r10, -3 / r10],
        [-3 / r10, 1 / r10],
      ],
      [
        [-r10, -14 / r10],
        [0, -2 / r10],
      ],
    ),
  ],
  householderProduct: [byHand(linalg.householderProduct, [[[9], [0.5]], [1.6]], [[-0.6], [-0.8]])],
  eigh: [
    byHand(
      linalg.eigh,
      [symmetric],
      [1, 6],
      [
        [2 / r5, 1 / r5],
        [-1 / r5, 2 / r5],
      ],
    ),
    byHand(
      linalg.eigh,
      [
        [
          [3, 0],
          [0, -2],
        ],
      ],
      [-2, 3],
      [
        [0, 1],
        [1, 0],
      ],
    ),
  ],
  eigenvaluesSymmetric: [byHand(linalg.eigenvaluesSymmetric, [symmetric], [1, 6])],
  svd: [
    byHand(
      linalg.svd,
      [composed],
      [
        [0.6, 0.8],
        [0.8, -0.6],
      ],
      [3, 1],
      [
        [2 / r5, -1 / r5],
        [1 / r5, 2 / r5],
      ],
    ),
  ],
  singularValues: [
    byHand(linalg.singularValues, [composed], [3, 1]),
    byHand(
      linalg.singularValues,
      [
        [
          [3, 0],
          [4, 5],
        ],
      ],
      [3 * r5, r5],
    ),
    byHand(linalg.singularValues, [ranked], [5, 0]),
  ],
  pseudoInverse: [
    byHand((a) => linalg.pseudoInverse(a), [[[1], [2]]], [[0.2, 0.4]]),
    byHand(
      (a) => linalg.pseudoInverse(a),
      [ranked],
      [
        [0.04, 0.08],
        [0.08, 0.16],
      ],
    ),
    // The smaller of the two singular values does not count.
    byHand(
      (a) => linalg.pseudoInverse(a, { absolute: 1 }),
      [
        [
          [4, 0],
          [0, 1],
        ],
      ],
      [
        [0.25, 0],
        [0, 0],
      ],
    ),
    byHand(
      (a) => linalg.pseudoInverse(a, { relative: 0.25 }),
      [
        [
          [4, 0],
          [0, 1],
        ],
      ],
      [
        [0.25, 0],
        [0, 0],
      ],
    ),
  ],
  matrixRank: [
    byHand((a) => linalg.matrixRank(a), [ranked], 1),
    byHand((a) => linalg.matrixRank(a), [square], 2),
    byHand(
      (a) => linalg.matrixRank(a, { absolute: 1 }),
      [
        [
          [4, 0],
          [0, 1],
        ],
      ],
      1,
    ),
  ],
} satisfies Partial<KnownValues<typeof linalg>>;
