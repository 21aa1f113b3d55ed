import type { Binary, Bitwise, Comparison, Expr, Unary } from "../ir/expr.ts";
import { where } from "../ir/ops/control.ts";
import {
  abs,
  add,
  and,
  cos,
  div,
  eq,
  exp,
  gt,
  log,
  lt,
  maximum,
  mul,
  neg,
  pow,
  reciprocal,
  round,
  sign,
  sin,
  sqrt,
  square,
  sub,
} from "../ir/ops/elementwise.ts";
import { cotangents, flat, pointwise, tangents } from "./make.ts";
import type { BatchRules, JvpRules, VjpRules } from "./rule.ts";

/**
 * Derivatives of the element-wise primitives. `jvp` and `vjp` are written separately, in different algebraic forms
 * where possible, so that their agreement tests both.
 *
 * No rule squares a number that may be near the ends of the range: it divides twice instead, and sums squares of
 * numbers scaled to at most 1. Where `tanh` and `logistic` round to 1 their derivative is 0, as in other frameworks:
 * the exact one would take another exponential per element, and is below the rounding of the output.
 *
 * Conventions at points without a derivative: `abs` and `sign` have 0 at 0; `maximum` and `minimum` give each operand
 * half at a tie; floor, ceil, round and comparisons have 0 everywhere.
 */
type Elementwise = keyof Unary | keyof Binary | keyof Bitwise | keyof Comparison;

const twoOverRootPi = 2 / Math.sqrt(Math.PI);

/** `t` where `x` beats `y`, half of it at a tie, 0 elsewhere. */
const share = (t: Expr, x: Expr, y: Expr, beats: typeof gt): Expr =>
  where(beats(x, y), t, where(eq(x, y), mul(t, 0.5), 0));

/** `xʸ log x`, and 0 where `x` is 0: the limit for positive `y`. */
const logTerm = (x: Expr, power: Expr): Expr => mul(power, log(where(eq(x, 0), 1, x)));

/**
 * `y xʸ⁻¹`, and 0 where both are 0, since the product would be 0·∞. Only there: for `x ≠ 0` the term varies with `y`
 * even at `y = 0`.
 */
const powerTerm = (x: Expr, y: Expr): Expr => {
  const still: Expr = and(eq(x, 0), eq(y, 0));
  return where(still, 0, mul(y, pow(where(still, 1, x), sub(y, 1))));
};

/** `t/(1 + x²)` without overflow: numerator and denominator are divided twice by `max(|x|, 1)`. */
const overOnePlusSquare = (t: Expr, x: Expr): Expr => {
  const scale: Expr = reciprocal(maximum(abs(x), 1));
  const sum: Expr = add(square(scale), square(where(gt(abs(x), 1), 1, mul(x, scale))));
  return div(mul(mul(t, scale), scale), sum);
};

/** `t·x/(x² + y²)` without overflow or underflow of the squares. */
const overSquares = (t: Expr, x: Expr, y: Expr): Expr => {
  const size: Expr = maximum(abs(x), abs(y));
  const [a, b] = [div(x, size), div(y, size)];
  return mul(div(t, size), div(a, add(square(a), square(b))));
};

/** `t/√(1 - x²)`, without cancellation near ±1. */
const overCosine = (t: Expr, x: Expr): Expr => div(div(t, sqrt(sub(1, x))), sqrt(add(1, x)));

/** The integer quotient that belongs to a remainder; `x / y` itself may round to another integer. */
const truncatedQuotient = (x: Expr, y: Expr, remainder: Expr): Expr =>
  round(div(sub(x, remainder), y));

export const jvp: JvpRules<Elementwise> = {
  neg: tangents("neg", (t) => neg(t)),
  abs: tangents("abs", (t, [x]) => mul(t, sign(x))),
  sign: flat("sign"),
  floor: flat("floor"),
  ceil: flat("ceil"),
  round: flat("round"),
  sqrt: tangents("sqrt", (t, _, y) => div(t, mul(2, y))),
  exp: tangents("exp", (t, _, y) => mul(t, y)),
  // Not from the output `y`: `y + 1` loses its digits for `y` near -1.
  expm1: tangents("expm1", (t, [x]) => mul(t, exp(x))),
  log: tangents("log", (t, [x]) => div(t, x)),
  log1p: tangents("log1p", (t, [x]) => div(t, add(x, 1))),
  sin: tangents("sin", (t, [x]) => mul(t, cos(x))),
  cos: tangents("cos", (t, [x]) => neg(mul(t, sin(x)))),
  tan: tangents("tan", (t, _, y) => mul(t, add(1, square(y)))),
  asin: tangents("asin", (t, [x]) => overCosine(t, x)),
  acos: tangents("acos", (t, [x]) => neg(overCosine(t, x))),
  atan: tangents("atan", (t, [x]) => overOnePlusSquare(t, x)),
  tanh: tangents("tanh", (t, _, y) => mul(t, sub(1, square(y)))),
  logistic: tangents("logistic", (t, _, y) => mul(t, mul(y, sub(1, y)))),
  erf: tangents("erf", (t, [x]) => mul(t, mul(twoOverRootPi, exp(neg(square(x)))))),

  add: tangents(
    "add",
    (t) => t,
    (t) => t,
  ),
  sub: tangents(
    "sub",
    (t) => t,
    (t) => neg(t),
  ),
  mul: tangents(
    "mul",
    (t, [, y]) => mul(t, y),
    (t, [x]) => mul(x, t),
  ),
  div: tangents(
    "div",
    (t, [, y]) => div(t, y),
    (t, [, y], q) => neg(mul(t, div(q, y))),
  ),
  rem: tangents(
    "rem",
    (t) => t,
    (t, [x, y], r) => neg(mul(t, truncatedQuotient(x, y, r))),
  ),
  pow: tangents(
    "pow",
    (t, [x, y]) => mul(t, powerTerm(x, y)),
    (t, [x], p) => mul(t, logTerm(x, p)),
  ),
  maximum: tangents(
    "maximum",
    (t, [x, y]) => share(t, x, y, gt),
    (t, [x, y]) => share(t, y, x, gt),
  ),
  minimum: tangents(
    "minimum",
    (t, [x, y]) => share(t, x, y, lt),
    (t, [x, y]) => share(t, y, x, lt),
  ),
  atan2: tangents(
    "atan2",
    (t, [y, x]) => overSquares(t, x, y),
    (t, [y, x]) => neg(overSquares(t, y, x)),
  ),

  and: flat("and"),
  or: flat("or"),
  xor: flat("xor"),
  shiftLeft: flat("shiftLeft"),
  shiftRight: flat("shiftRight"),
  eq: flat("eq"),
  ne: flat("ne"),
  lt: flat("lt"),
  le: flat("le"),
  gt: flat("gt"),
  ge: flat("ge"),
};

export const vjp: VjpRules<Elementwise> = {
  neg: cotangents("neg", (ct) => neg(ct)),
  // A number neither above nor below 0 is 0 or NaN, and so is its sign.
  abs: cotangents("abs", (ct, [x]) => {
    return where(gt(x, 0), ct, where(lt(x, 0), neg(ct), mul(ct, sign(x))));
  }),
  sign: flat("sign"),
  floor: flat("floor"),
  ceil: flat("ceil"),
  round: flat("round"),
  sqrt: cotangents("sqrt", (ct, _, y) => div(mul(ct, 0.5), y)),
  exp: cotangents("exp", (ct, _, y) => mul(y, ct)),
  expm1: cotangents("expm1", (ct, [x]) => mul(exp(x), ct)),
  log: cotangents("log", (ct, [x]) => div(ct, x)),
  log1p: cotangents("log1p", (ct, [x]) => div(ct, add(1, x))),
  sin: cotangents("sin", (ct, [x]) => mul(cos(x), ct)),
  cos: cotangents("cos", (ct, [x]) => mul(neg(sin(x)), ct)),
  tan: cotangents("tan", (ct, [x]) => div(ct, square(cos(x)))),
  asin: cotangents("asin", (ct, [x]) => div(ct, sqrt(mul(sub(1, x), add(1, x))))),
  acos: cotangents("acos", (ct, [x]) => div(neg(ct), sqrt(mul(sub(1, x), add(1, x))))),
  atan: cotangents("atan", (ct, [x]) => overOnePlusSquare(ct, x)),
  tanh: cotangents("tanh", (ct, _, y) => sub(ct, mul(ct, square(y)))),
  logistic: cotangents("logistic", (ct, _, y) => mul(ct, sub(y, square(y)))),
  erf: cotangents("erf", (ct, [x]) => mul(mul(ct, twoOverRootPi), exp(mul(x, neg(x))))),

  add: cotangents(
    "add",
    (ct) => ct,
    (ct) => ct,
  ),
  sub: cotangents(
    "sub",
    (ct) => ct,
    (ct) => neg(ct),
  ),
  mul: cotangents(
    "mul",
    (ct, [, y]) => mul(y, ct),
    (ct, [x]) => mul(ct, x),
  ),
  div: cotangents(
    "div",
    (ct, [, y]) => div(ct, y),
    // A cotangent of 0 gives 0, even if the derivative alone overflows.
    (ct, [, y], q) => neg(mul(div(ct, y), q)),
  ),
  rem: cotangents(
    "rem",
    (ct) => ct,
    (ct, [x, y], r) => neg(mul(truncatedQuotient(x, y, r), ct)),
  ),
  pow: cotangents(
    "pow",
    (ct, [x, y]) => mul(powerTerm(x, y), ct),
    (ct, [x], p) => mul(logTerm(x, p), ct),
  ),
  maximum: cotangents(
    "maximum",
    (ct, [x, y]) => share(ct, x, y, gt),
    (ct, [x, y]) => share(ct, y, x, gt),
  ),
  minimum: cotangents(
    "minimum",
    (ct, [x, y]) => share(ct, x, y, lt),
    (ct, [x, y]) => share(ct, y, x, lt),
  ),
  atan2: cotangents(
    "atan2",
    (ct, [y, x]) => overSquares(ct, x, y),
    (ct, [y, x]) => overSquares(neg(ct), y, x),
  ),

  and: flat("and"),
  or: flat("or"),
  xor: flat("xor"),
  shiftLeft: flat("shiftLeft"),
  shiftRight: flat("shiftRight"),
  eq: flat("eq"),
  ne: flat("ne"),
  lt: flat("lt"),
  le: flat("le"),
  gt: flat("gt"),
  ge: flat("ge"),
};

export const batch: BatchRules<Elementwise> = {
  neg: pointwise("neg"),
  abs: pointwise("abs"),
  sign: pointwise("sign"),
  floor: pointwise("floor"),
  ceil: pointwise("ceil"),
  round: pointwise("round"),
  sqrt: pointwise("sqrt"),
  exp: pointwise("exp"),
  expm1: pointwise("expm1"),
  log: pointwise("log"),
  log1p: pointwise("log1p"),
  sin: pointwise("sin"),
  cos: pointwise("cos"),
  tan: pointwise("tan"),
  asin: pointwise("asin"),
  acos: pointwise("acos"),
  atan: pointwise("atan"),
  tanh: pointwise("tanh"),
  logistic: pointwise("logistic"),
  erf: pointwise("erf"),
  add: pointwise("add"),
  sub: pointwise("sub"),
  mul: pointwise("mul"),
  div: pointwise("div"),
  rem: pointwise("rem"),
  pow: pointwise("pow"),
  maximum: pointwise("maximum"),
  minimum: pointwise("minimum"),
  atan2: pointwise("atan2"),
  and: pointwise("and"),
  or: pointwise("or"),
  xor: pointwise("xor"),
  shiftLeft: pointwise("shiftLeft"),
  shiftRight: pointwise("shiftRight"),
  eq: pointwise("eq"),
  ne: pointwise("ne"),
  lt: pointwise("lt"),
  le: pointwise("le"),
  gt: pointwise("gt"),
  ge: pointwise("ge"),
};
