import * as fc from "fast-check";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import * as linalg from "../../../src/linalg/index.ts";
import * as special from "../../../src/special/index.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { fromZero, type Option, optionsOf, placeOf, type Range, wholeFrom } from "../../options.ts";
import type { OptionTable } from "./table.ts";

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

const order: Range = {
  says: "any number but NaN",
  inside: fc.constantFrom(2, 1, 0, 0.5, 3, -1, -2.5, infinity, -infinity),
  outside: fc.constant(nan),
};
const orderOfMatrix: Range = {
  says: "1, 2, ∞, or one of them negative",
  inside: fc.constantFrom(1, 2, infinity, -1, -2, -infinity),
  outside: fc.constantFrom(0, 3, -3, 0.5, 1.5, 1e30, nan),
};
const exponent: Range = {
  says: "a whole number",
  inside: fc.integer({ min: -4, max: 9 }),
  outside: fc.constantFrom(0.5, -1.5, nan, infinity, -infinity, 2 ** 53 + 2),
};

const a: Expr = constant(
  tensor([
    [1, 2],
    [3, 4],
  ]),
);
const v: Expr = constant(tensor([1, 2]));
const pivots: Expr = constant(tensor([0], "i32"));

const cuts = (f: (options: linalg.CutOptions) => unknown) =>
  ({
    relative: [fromZero, (relative: number) => f({ relative })],
    absolute: [fromZero, (absolute: number) => f({ absolute })],
  }) as const;

const none = {};

/** Linear algebra and special functions. A missing function does not compile. */
const options: OptionTable<typeof linalg & typeof special> = {
  cholesky: none,
  choleskySolve: none,
  choleskyInverse: none,
  triangularSolve: none,
  lu: none,
  luSolve: none,
  orderOfPivots: { rows: [wholeFrom(0), (n) => linalg.orderOfPivots(pivots, n)] },
  solve: none,
  inverse: none,
  determinant: none,
  signedLogDeterminant: none,
  qr: none,
  householderProduct: none,
  eigh: none,
  eigenvaluesSymmetric: none,
  svd: none,
  singularValues: none,
  pseudoInverse: cuts((o) => linalg.pseudoInverse(a, o)),
  matrixRank: cuts((o) => linalg.matrixRank(a, o)),
  leastSquares: cuts((o) => linalg.leastSquares(a, v, o)),
  matrixPower: { n: [exponent, (n) => linalg.matrixPower(a, n)] },
  matrixExponential: none,
  vectorNorm: {
    p: [order, (p) => linalg.vectorNorm(a, p)],
    axes: [placeOf(2), (axes) => linalg.vectorNorm(a, 2, { axes })],
  },
  matrixNorm: {
    kind: [orderOfMatrix, (kind) => linalg.matrixNorm(a, kind)],
    axes: [wholeFrom(1, 1), (axis) => linalg.matrixNorm(a, 1, { axes: [0, axis] })],
  },
  pairwiseDistances: { p: [order, (p) => linalg.pairwiseDistances(a, a, p)] },
  conditionNumber: { kind: [orderOfMatrix, (kind) => linalg.conditionNumber(a, kind)] },

  i0: none,
  i1: none,
  i0e: none,
  i1e: none,
  erfc: none,
  erfcx: none,
  ndtr: none,
  logNdtr: none,
  ndtri: none,
  logGamma: none,
  digamma: none,
  polygamma: { n: [wholeFrom(0, 99), (n) => special.polygamma(n, v)] },
  multivariateLogGamma: {
    p: [wholeFrom(1, 1000), (p) => special.multivariateLogGamma(v, p)],
  },
};

/** Every numeric option of linear algebra and special functions. */
export const linalgOptionCases: readonly Option[] = Object.entries(options).flatMap(([op, each]) =>
  optionsOf(op, each),
);
