import { isFloat } from "../../../tensor/dtype.ts";
import type { Comparison, Expr } from "../../expr.ts";
import { same } from "../rewrite.ts";
import {
  fillLike,
  type Identities,
  type Identity,
  is,
  literal,
  nodeIf,
  type Pair,
} from "./match.ts";

/** Identities of `select`, of bitwise operations and of comparisons. */

/** All bits set, in the dtype of `x`. */
const ones = (x: Expr): number => (x.dtype === "bool" ? 1 : -1);

/** The other operand, if one of the two is `value` everywhere. */
const besides = ([x, y]: Pair, value: number): Expr | undefined =>
  is(y, value) ? x : is(x, value) ? y : undefined;

/** The operand of a condition that is a negation. */
const negated = (condition: Expr): Expr | undefined => {
  const node = nodeIf(condition, "xor");
  return node && condition.dtype === "bool" ? besides(node.inputs, 1) : undefined;
};

/** The branch that a `select` nested in another one of the same condition takes. */
const taken = (x: Expr, condition: Expr, branch: 1 | 2): Expr | undefined => {
  const inner = nodeIf(x, "select");
  return inner && same(inner.inputs[0], condition) ? inner.inputs[branch] : undefined;
};

const shift: Identity<"shiftLeft" | "shiftRight"> = (_, [x, distance]) =>
  distance !== undefined && literal(distance) === 0 ? x : undefined;

/** The result of comparing an operand with itself; not for floats, since NaN is not equal to itself. */
const reflexive =
  (result: 0 | 1): Identity<keyof Comparison> =>
  (_, inputs) => {
    const [x, y] = inputs;
    return !isFloat(x.dtype) && same(x, y) ? fillLike(x, result, "bool") : undefined;
  };

export const logic = {
  select: (_, inputs, make) => {
    const [condition, x, y] = inputs;
    const known = literal(condition);
    if (known !== undefined) return known !== 0 ? x : y;
    if (same(x, y)) return x;
    const opposite = negated(condition);
    if (opposite !== undefined) return make("select", {}, opposite, y, x);
    const [onTrue, onFalse] = [taken(x, condition, 1), taken(y, condition, 2)];
    return onTrue || onFalse ? make("select", {}, condition, onTrue ?? x, onFalse ?? y) : undefined;
  },

  and: (_, inputs) => {
    const [x, y] = inputs;
    if (same(x, y)) return x;
    return besides([x, y], ones(x)) ?? (besides([x, y], 0) && fillLike(x, 0));
  },
  or: (_, inputs) => {
    const [x, y] = inputs;
    if (same(x, y)) return x;
    return besides([x, y], 0) ?? (besides([x, y], ones(x)) && fillLike(x, ones(x)));
  },
  xor: (_, inputs) => {
    const [x, y] = inputs;
    if (same(x, y)) return fillLike(x, 0);
    const kept = besides([x, y], 0);
    if (kept !== undefined) return kept;
    const inner = besides([x, y], ones(x));
    const node = inner && nodeIf(inner, "xor");
    return node && besides(node.inputs, ones(x));
  },
  shiftLeft: shift,
  shiftRight: shift,

  eq: reflexive(1),
  le: reflexive(1),
  ge: reflexive(1),
  ne: reflexive(0),
  lt: reflexive(0),
  gt: reflexive(0),
} satisfies Identities;
