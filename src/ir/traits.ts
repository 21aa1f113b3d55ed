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
}

const cheap: ElementwiseTraits = { cost: "cheap", commutes: false };
const cheapEitherWay: ElementwiseTraits = { cost: "cheap", commutes: true };
const moderate: ElementwiseTraits = { cost: "moderate", commutes: false };
const demanding: ElementwiseTraits = { cost: "demanding", commutes: false };

export const elementwise: { readonly [P in Elementwise]: ElementwiseTraits } = {
  neg: cheap,
  abs: cheap,
  sign: moderate,
  floor: moderate,
  ceil: moderate,
  round: moderate,
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

/** The traits of a primitive, if it is element-wise. */
export const traitsOf = (primitive: PrimitiveTag): ElementwiseTraits | undefined =>
  Object.hasOwn(elementwise, primitive) ? elementwise[primitive as Elementwise] : undefined;

/** Whether a node computes each element of its output from the elements at the same place. */
export const isElementwise = (node: AnyNode): boolean => traitsOf(node.primitive) !== undefined;
