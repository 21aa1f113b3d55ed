import type { Binary, Bitwise, Comparison, Unary } from "../../ir/expr.ts";
import { allocate, type Dtype } from "../../tensor/dtype.ts";
import { erf } from "../../tensor/special.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { EvaluateRule, EvaluateRules } from "../rule.ts";
import { at } from "./positions.ts";

/** Rounds half to even: a sum with 2⁵² has no fractional bits, and the machine rounds it half to even. */
export const roundHalfToEven = (x: number): number => {
  const magnitude = Math.abs(x);
  if (!(magnitude < 2 ** 52)) return x;
  const rounded = magnitude + 2 ** 52 - 2 ** 52;
  return x < 0 || Object.is(x, -0) ? -rounded : rounded;
};

/** The logistic function, by exponentials of negative numbers only, which cannot overflow. */
export const logistic = (x: number): number => {
  const e = Math.exp(-Math.abs(x));
  return (x < 0 ? e : 1) / (1 + e);
};

/**
 * IEEE 754's `pow`: unlike JavaScript's it gives 1 for `1^NaN`, `1^±∞` and `(−1)^±∞`. Squares and reciprocals are
 * correctly rounded, so that a pass may replace them by a product and a quotient.
 */
export const power = (x: number, y: number): number => {
  if (y === 2) return x * x;
  if (y === -1) return 1 / x;
  if (x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY)) return 1;
  return x ** y;
};

const map1 =
  (float: (x: number) => number, integer = float): EvaluateRule<keyof Unary> =>
  (_, [x]) => {
    const input = x;
    const f = input.dtype === "i32" ? integer : float;
    const data = Tensor.read(input);
    const out = allocate(input.dtype, data.length);
    for (let i = 0; i < out.length; i++) out[i] = f(at(data, i));
    return [Tensor.own(input.shape, input.dtype, out)];
  };

const map2 =
  (
    float: (x: number, y: number) => number,
    integer = float,
    result?: Dtype,
  ): EvaluateRule<keyof Binary | keyof Bitwise | keyof Comparison> =>
  (_, [x, y]) => {
    const [left, right] = [x, y];
    const f = left.dtype === "i32" ? integer : float;
    const [a, b] = [Tensor.read(left), Tensor.read(right)];
    const dtype = result ?? left.dtype;
    const out = allocate(dtype, a.length);
    for (let i = 0; i < out.length; i++) out[i] = f(at(a, i), at(b, i));
    return [Tensor.own(left.shape, dtype, out)];
  };

const bits = (f: (x: number, y: number) => number) => map2(f);
const compare = (f: (x: number, y: number) => boolean) =>
  map2((x, y) => (f(x, y) ? 1 : 0), undefined, "bool");

/** Evaluation of the element-wise primitives: in double precision, rounded when stored. */
export const elementwise: EvaluateRules<
  keyof Unary | keyof Binary | keyof Bitwise | keyof Comparison
> = {
  neg: map1(
    (x) => -x,
    (x) => (0 - x) | 0,
  ),
  abs: map1(Math.abs, (x) => Math.abs(x) | 0),
  sign: map1(Math.sign),
  floor: map1(Math.floor),
  ceil: map1(Math.ceil),
  round: map1(roundHalfToEven),
  sqrt: map1(Math.sqrt),
  exp: map1(Math.exp),
  expm1: map1(Math.expm1),
  log: map1(Math.log),
  log1p: map1(Math.log1p),
  sin: map1(Math.sin),
  cos: map1(Math.cos),
  tan: map1(Math.tan),
  asin: map1(Math.asin),
  acos: map1(Math.acos),
  atan: map1(Math.atan),
  tanh: map1(Math.tanh),
  logistic: map1(logistic),
  erf: map1(erf),

  add: map2(
    (x, y) => x + y,
    (x, y) => (x + y) | 0,
  ),
  sub: map2(
    (x, y) => x - y,
    (x, y) => (x - y) | 0,
  ),
  mul: map2((x, y) => x * y, Math.imul),
  div: map2(
    (x, y) => x / y,
    (x, y) => (y === 0 ? 0 : (x / y) | 0),
  ),
  rem: map2(
    (x, y) => x % y,
    (x, y) => (y === 0 ? 0 : (x % y) | 0),
  ),
  pow: map2(power),
  maximum: map2((x, y) => Math.max(x, y)),
  minimum: map2((x, y) => Math.min(x, y)),
  atan2: map2(Math.atan2),

  and: bits((x, y) => x & y),
  or: bits((x, y) => x | y),
  xor: bits((x, y) => x ^ y),
  shiftLeft: bits((x, y) => x << y),
  shiftRight: bits((x, y) => (x >>> y) | 0),

  eq: compare((x, y) => x === y),
  ne: compare((x, y) => x !== y),
  lt: compare((x, y) => x < y),
  le: compare((x, y) => x <= y),
  gt: compare((x, y) => x > y),
  ge: compare((x, y) => x >= y),
};
