import type { AnyNode, Binary, Bitwise, Comparison, PrimitiveTag, Unary } from "./expr.ts";

/** What passes and plans know of element-wise primitives besides their rules: a missing one does not compile. */

/** Primitives that compute each element of the output from the elements at the same place. */
export type Elementwise =
  | keyof Unary
  | keyof Binary
  | keyof Bitwise
  | keyof Comparison
  | "select"
  | "cast";

export interface ElementwiseTraits {
  /**
   * The cost beside that of writing and reading the result again: less (`cheap`), about as much, or so much more that
   * its constants fill the registers of a loop (`demanding`).
   */
  readonly cost: "cheap" | "moderate" | "demanding";
  /** Whether `f(x, y)` and `f(y, x)` are the same, bit for bit. */
  readonly commutes: boolean;
  /** Whether every finite result is a whole number, of floats too. */
  readonly whole: boolean;
}

const cheap: ElementwiseTraits = { cost: "cheap", commutes: false, whole: false };
const cheapEitherWay: ElementwiseTraits = { ...cheap, commutes: true };
const moderate: ElementwiseTraits = { ...cheap, cost: "moderate" };
const rounding: ElementwiseTraits = { ...moderate, whole: true };
const demanding: ElementwiseTraits = { ...cheap, cost: "demanding" };

export const elementwise: { readonly [P in Elementwise]: ElementwiseTraits } = {
  neg: cheap,
  abs: cheap,
  sign: rounding,
  floor: rounding,
  ceil: rounding,
  round: rounding,
  sqrt: moderate,
  exp: demanding,
  expm1: demanding,
  log: demanding,
  log1p: demanding,
  sin: demanding,
  cos: demanding,
  tan: demanding,
  asin: demanding,
  acos: demanding,
  atan: demanding,
  tanh: demanding,
  logistic: demanding,
  erf: demanding,
  add: cheapEitherWay,
  sub: cheap,
  mul: cheapEitherWay,
  div: moderate,
  rem: moderate,
  pow: demanding,
  maximum: cheapEitherWay,
  minimum: cheapEitherWay,
  atan2: demanding,
  and: cheapEitherWay,
  or: cheapEitherWay,
  xor: cheapEitherWay,
  shiftLeft: moderate,
  shiftRight: moderate,
  eq: cheapEitherWay,
  ne: cheapEitherWay,
  lt: cheap,
  le: cheap,
  gt: cheap,
  ge: cheap,
  select: cheap,
  cast: cheap,
};

/**
 * Whether any other primitive costs no more in each round of a loop than keeping its result would: constants, and what
 * only repeats or reindexes elements. The rest is worth moving in front of the loop.
 */
const repeats: { readonly [P in Exclude<PrimitiveTag, Elementwise>]: boolean } = {
  ...{ constant: true, iota: true, broadcast: true, reshape: true },
  ...{ parameter: false, randomBits: false, stopGradient: false, axisSum: false },
  ...{ reduce: false, argReduce: false, cumsum: false, sort: false, dot: false },
  ...{ transpose: false, slice: false, pad: false, concatenate: false, reverse: false },
  ...{ window: false, overlapAdd: false, gather: false, scatterAdd: false },
  ...{ cond: false, scan: false, while: false, call: false },
};

/** Whether a primitive is worth moving in front of a loop in which nothing changes it. */
export const isWorthHoisting = (primitive: PrimitiveTag): boolean =>
  !(Object.hasOwn(repeats, primitive) && repeats[primitive as keyof typeof repeats]);

/** The traits of a primitive, if it is element-wise. */
export const traitsOf = (primitive: PrimitiveTag): ElementwiseTraits | undefined =>
  Object.hasOwn(elementwise, primitive) ? elementwise[primitive as Elementwise] : undefined;

/** Whether a node computes each element of its output from the elements at the same place. */
export const isElementwise = (node: AnyNode): boolean => traitsOf(node.primitive) !== undefined;
