import type { Expr } from "../../../src/ir/expr.ts";
import * as elementwise from "../../../src/ir/ops/elementwise.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import type { Known, KnownValues, Numbers } from "../../values/known.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

type Vector = readonly Numbers[];
const value =
  (source: string) =>
  (apply: Known["apply"], inputs: readonly Vector[], expected: Vector, within?: number): Known => ({
    source,
    apply,
    inputs,
    expected: [expected],
    ...(within === undefined ? {} : { within }),
  });

const hand = value("by hand");
const ieee = value("IEEE 754 and C99, annex F, as PyTorch");
const table = value("Abramowitz and Stegun");
const one = (f: (x: Expr) => Expr, xs: Vector, ys: Vector) => hand(f, [xs], ys);

const int = (xs: readonly number[]) => tensor(xs, "i32");
const bool = (xs: readonly boolean[]) => tensor(xs);
const ofInts = (
  apply: Known["apply"],
  inputs: readonly (readonly number[])[],
  expected: Vector,
): Known => ({ source: "by hand", apply, inputs: inputs.map(int), expected: [expected] });

const { abs, acos, add, and, asin, atan, atan2, ceil, clip, cos, div, eq, erf, exp } = elementwise;
const { expm1, floor, ge, gt, le, log, log1p, logistic, lt, maximum, minimum, mul } = elementwise;
const { ne, neg, not, or, pow, reciprocal, rem, round, rsqrt, shiftLeft, shiftRight } = elementwise;
const { sign, sin, sqrt, square, sub, tan, tanh, xor } = elementwise;

/** Pairs with ties, both zeros, infinities and NaN on either side. */
const left = [1, 2, -0, 0, inf, -inf, nan, 3];
const right = [2, 2, 0, -1, 1, inf, 1, nan];

/** Known values of every element-wise operation, by hand, from a table or from a standard, including edge cases. */
export const knownElementwise: KnownValues<typeof elementwise> = {
  neg: [one((x) => neg(x), [1, -2, 0, inf, nan], [-1, 2, -0, -inf, nan])],
  abs: [one((x) => abs(x), [1, -2, -0, -inf, nan], [1, 2, 0, inf, nan])],
  sign: [one((x) => sign(x), [3, -2, 0, inf, -inf, nan], [1, -1, 0, 1, -1, nan])],
  floor: [one((x) => floor(x), [1.5, -1.5, -0, inf, nan], [1, -2, -0, inf, nan])],
  ceil: [one((x) => ceil(x), [1.5, -1.5, 0, -inf, nan], [2, -1, 0, -inf, nan])],
  round: [one((x) => round(x), [0.5, 1.5, 2.5, -0.5, nan], [0, 2, 2, -0, nan])],
  sqrt: [ieee((x) => sqrt(x), [[4, 0, inf, -1, nan]], [2, 0, inf, nan, nan])],
  exp: [ieee((x) => exp(x), [[0, 1, -inf, inf, nan]], [1, Math.E, 0, inf, nan])],
  expm1: [
    ieee((x) => expm1(x), [[0, -inf, inf, nan]], [0, -1, inf, nan]),
    hand((x) => expm1(x), [[1e-10]], [1.00000000005e-10], 1e-20),
  ],
  log: [ieee((x) => log(x), [[1, 0, inf, -1, nan]], [0, -inf, inf, nan, nan])],
  log1p: [
    ieee((x) => log1p(x), [[0, -1, inf, -2, nan]], [0, -inf, inf, nan, nan]),
    hand((x) => log1p(x), [[1e-10]], [0.99999999995e-10], 1e-20),
  ],
  sin: [ieee((x) => sin(x), [[0, Math.PI / 6, inf, nan]], [0, 0.5, nan, nan])],
  cos: [ieee((x) => cos(x), [[0, Math.PI / 3, inf, nan]], [1, 0.5, nan, nan])],
  tan: [ieee((x) => tan(x), [[0, Math.PI / 4, inf, nan]], [0, 1, nan, nan])],
  asin: [ieee((x) => asin(x), [[0, 0.5, 2, nan]], [0, Math.PI / 6, nan, nan])],
  acos: [ieee((x) => acos(x), [[1, 0.5, 2, nan]], [0, Math.PI / 3, nan, nan])],
  atan: [
    ieee((x) => atan(x), [[1, inf, -inf, nan]], [Math.PI / 4, Math.PI / 2, -Math.PI / 2, nan]),
  ],
  tanh: [
    ieee((x) => tanh(x), [[0, 0.5, inf, -inf, nan]], [0, (Math.E - 1) / (Math.E + 1), 1, -1, nan]),
  ],
  logistic: [hand((x) => logistic(x), [[0, Math.log(3), inf, -inf, nan]], [0.5, 0.75, 1, 0, nan])],
  erf: [
    table(
      (x) => erf(x),
      [[0, 0.5, 1, inf, -inf, nan]],
      [0, 0.5204998778, 0.8427007929, 1, -1, nan],
      1e-10,
    ),
  ],

  add: [ieee((x, y) => add(x, y), [left, right], [3, 4, 0, -1, inf, nan, nan, nan])],
  sub: [ieee((x, y) => sub(x, y), [left, right], [-1, 0, 0, 1, inf, -inf, nan, nan])],
  mul: [ieee((x, y) => mul(x, y), [left, right], [2, 4, -0, -0, inf, -inf, nan, nan])],
  div: [
    ieee(
      (x, y) => div(x, y),
      [
        [1, 1, -1, 0, inf, 1],
        [2, 0, 0, 0, inf, inf],
      ],
      [0.5, inf, -inf, nan, nan, 0],
    ),
    ofInts(
      (x, y) => div(x, y),
      [
        [7, -7, 7, 1],
        [2, 2, -2, 0],
      ],
      [3, -3, -3, 0],
    ),
  ],
  rem: [
    ieee(
      (x, y) => rem(x, y),
      [
        [7, -7, 7, 1, inf, 1],
        [3, 3, -3, 0, 1, inf],
      ],
      [1, -1, 1, nan, nan, 1],
    ),
    ofInts(
      (x, y) => rem(x, y),
      [
        [7, -7, 7],
        [3, 3, 0],
      ],
      [1, -1, 0],
    ),
  ],
  pow: [
    ieee(
      (x, y) => pow(x, y),
      [
        [2, 0, 0, nan, 1, -8, -1, inf, -2],
        [10, 0, -1, 0, nan, 1 / 3, inf, -1, 3],
      ],
      [1024, 1, inf, 1, 1, nan, 1, 0, -8],
    ),
  ],
  maximum: [hand((x, y) => maximum(x, y), [left, right], [2, 2, 0, 0, inf, inf, nan, nan])],
  minimum: [hand((x, y) => minimum(x, y), [left, right], [1, 2, -0, -1, 1, -inf, nan, nan])],
  atan2: [
    ieee(
      (y, x) => atan2(y, x),
      [
        [1, -1, 0, 0, inf, nan],
        [1, -1, -1, 1, inf, 1],
      ],
      [Math.PI / 4, (-3 * Math.PI) / 4, Math.PI, 0, Math.PI / 4, nan],
    ),
  ],

  eq: [
    ieee((x, y) => eq(x, y), [left, right], [false, true, true, false, false, false, false, false]),
    ofInts((x) => eq(x, 0.5), [[0, 1, 3]], [false, false, false]),
  ],
  ne: [
    ieee((x, y) => ne(x, y), [left, right], [true, false, false, true, true, true, true, true]),
    ofInts((x) => ne(x, nan), [[0, 1, 3]], [true, true, true]),
  ],
  lt: [
    ieee((x, y) => lt(x, y), [left, right], [true, false, false, false, false, true, false, false]),
    ofInts((x) => lt(x, 0.5), [[0, 1, 3]], [true, false, false]),
  ],
  le: [
    ieee((x, y) => le(x, y), [left, right], [true, true, true, false, false, true, false, false]),
    ofInts((x) => le(x, 1e10), [[0, 2147483647]], [true, true]),
  ],
  gt: [
    ieee((x, y) => gt(x, y), [left, right], [false, false, false, true, true, false, false, false]),
    ofInts((x) => gt(x, -0.5), [[0, 1, -1]], [true, true, false]),
  ],
  ge: [
    ieee((x, y) => ge(x, y), [left, right], [false, true, true, true, true, false, false, false]),
    ofInts((x) => ge(0.5, x), [[0, 1, 3]], [true, false, false]),
  ],

  and: [
    ofInts((x, y) => and(x, y), [[12], [10]], [8]),
    {
      source: "by hand",
      apply: (x, y) => and(x, y),
      inputs: [bool([true, true]), bool([true, false])],
      expected: [[true, false]],
    },
  ],
  or: [ofInts((x, y) => or(x, y), [[12], [10]], [14])],
  xor: [ofInts((x, y) => xor(x, y), [[12], [10]], [6])],
  shiftLeft: [
    ofInts(
      (x, y) => shiftLeft(x, y),
      [
        [1, 1, 1],
        [4, 31, 32],
      ],
      [16, -2147483648, 1],
    ),
  ],
  shiftRight: [
    ofInts(
      (x, y) => shiftRight(x, y),
      [
        [-1, 16],
        [28, 4],
      ],
      [15, 1],
    ),
  ],
  not: [
    {
      source: "by hand",
      apply: (x) => not(x),
      inputs: [bool([true, false])],
      expected: [[false, true]],
    },
  ],
  square: [one((x) => square(x), [3, -0.5, -inf, nan], [9, 0.25, inf, nan])],
  reciprocal: [ieee((x) => reciprocal(x), [[4, 0, inf, nan]], [0.25, inf, 0, nan])],
  rsqrt: [ieee((x) => rsqrt(x), [[4, 0, inf, -1]], [0.5, inf, 0, nan])],
  clip: [one((x) => clip(x, -1, 2), [-3, -1, 0.5, 2, inf, nan], [-1, -1, 0.5, 2, 2, nan])],
};
