import { isFloat, isHalf } from "../../../tensor/dtype.ts";
import type { Expr } from "../../expr.ts";
import { traitsOf } from "../../traits.ts";
import { same } from "../rewrite.ts";
import { narrowedEarlier } from "./halves.ts";
import {
  fillLike,
  type Identities,
  type Identity,
  is,
  literal,
  nodeIf,
  operandOf,
  type Pair,
} from "./match.ts";

/**
 * Arithmetic identities that hold bit for bit for every float: NaN, both zeros and infinities, with the same
 * rounding. `x + 0` is not one, since `-0 + 0` is `0`; nor are `x · 0` and `x - x`.
 */

/** The other operand, if one of the two is the neutral element. */
const neutral = ([x, y]: Pair, isNeutral: (x: Expr) => boolean): Expr | undefined =>
  isNeutral(y) ? x : isNeutral(x) ? y : undefined;

const isInteger = (x: Expr): boolean => !isFloat(x.dtype);

/** Whether adding `x` changes nothing: for floats only -0 does not. */
const addsNothing = (x: Expr): boolean => is(x, isInteger(x) ? 0 : -0);

/** Whether dividing by `c` equals multiplying by `1 / c`: both must be powers of two in the dtype's range. */
const hasExactReciprocal = (c: number, dtype: string): boolean => {
  const exponent = Math.log2(Math.abs(c));
  const limit = dtype === "f32" ? 126 : 1022;
  return Number.isInteger(exponent) && Math.abs(exponent) <= limit && 2 ** exponent === Math.abs(c);
};

/** Whether every finite element of an expression is known to be an integer. */
const isIntegral = (x: Expr): boolean => {
  const source = operandOf(x, "cast");
  const isWhole = traitsOf(x.node.primitive)?.whole === true;
  return isWhole || (source !== undefined && !isFloat(source.dtype));
};

const ofIntegral: Identity<"floor" | "ceil" | "round"> = (_, inputs) => {
  const [x] = inputs;
  return isIntegral(x) ? x : undefined;
};

const extremum =
  (bottom: number): Identity<"maximum" | "minimum"> =>
  (_, inputs) => {
    const [x, y] = inputs;
    return same(x, y) ? x : neutral([x, y], (e) => is(e, bottom));
  };

export const arithmetic = {
  neg: (_, inputs) => operandOf(inputs[0], "neg"),
  abs: (_, inputs, make) => {
    const [x] = inputs;
    if (x.node.primitive === "abs") return x;
    const negated = operandOf(x, "neg");
    return negated && make("abs", {}, negated);
  },
  sign: (_, inputs) => (inputs[0].node.primitive === "sign" ? inputs[0] : undefined),
  floor: ofIntegral,
  ceil: ofIntegral,
  round: ofIntegral,

  add: (_, inputs, make) => {
    const [x, y] = inputs;
    const kept = neutral([x, y], addsNothing);
    if (kept !== undefined) return kept;
    const [minusX, minusY] = [operandOf(x, "neg"), operandOf(y, "neg")];
    if (minusY !== undefined) return make("sub", {}, x, minusY);
    return minusX && make("sub", {}, y, minusX);
  },
  sub: (_, inputs, make) => {
    const [x, y] = inputs;
    if (is(y, 0)) return x;
    if (addsNothing(x)) return make("neg", {}, y);
    if (isInteger(x) && same(x, y)) return fillLike(x, 0);
    const minusY = operandOf(y, "neg");
    return minusY && make("add", {}, x, minusY);
  },
  mul: (_, inputs, make) => {
    const [x, y] = inputs;
    const kept = neutral([x, y], (e) => is(e, 1));
    if (kept !== undefined) return kept;
    const negated = neutral([x, y], (e) => is(e, -1));
    if (negated !== undefined) return make("neg", {}, negated);
    if (isInteger(x) && (is(x, 0) || is(y, 0))) return fillLike(x, 0);
    const [minusX, minusY] = [operandOf(x, "neg"), operandOf(y, "neg")];
    return minusX && minusY && make("mul", {}, minusX, minusY);
  },
  div: (_, inputs, make) => {
    const [x, y] = inputs;
    if (is(y, 1)) return x;
    if (is(y, -1)) return make("neg", {}, x);
    if (isInteger(x)) return undefined;
    const c = literal(y);
    if (c !== undefined && hasExactReciprocal(c, y.dtype))
      return make("mul", {}, x, fillLike(y, 1 / c));
    const [minusX, minusY] = [operandOf(x, "neg"), operandOf(y, "neg")];
    return minusX && minusY && make("div", {}, minusX, minusY);
  },
  pow: (_, inputs, make) => {
    const [x, y] = inputs;
    if (is(y, 1)) return x;
    if (is(y, 2)) return make("mul", {}, x, x);
    if (is(y, -1)) return make("div", {}, fillLike(x, 1), x);
    return literal(y) === 0 ? fillLike(x, 1) : undefined;
  },
  maximum: extremum(Number.NEGATIVE_INFINITY),
  minimum: extremum(Number.POSITIVE_INFINITY),

  cast: ({ dtype }, inputs, make, once) => {
    const [x] = inputs;
    if (x.dtype === dtype) return x;
    const counted = nodeIf(x, "iota");
    if (counted !== undefined && x.dtype === "i32" && !isHalf(dtype))
      return make("iota", { ...counted.params, dtype });
    const source = operandOf(x, "cast");
    if (source === undefined || !holds(x.dtype, source.dtype))
      return narrowedEarlier(dtype, x, make, once);
    return source.dtype === dtype ? source : make("cast", { dtype }, source);
  },
  stopGradient: (_, inputs) => inputs[0],
} satisfies Identities;

/** Whether `wide` represents every value of `narrow` exactly. */
const holds = (wide: string, narrow: string): boolean => {
  switch (narrow) {
    case "bool":
      return true;
    case "u8":
      return wide !== "bool";
    case "i32":
    case "f32":
      return wide === "f64";
    case "f16":
    case "bf16":
      return wide === "f32" || wide === "f64";
    default:
      return false;
  }
};
