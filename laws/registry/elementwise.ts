import type { Binary, Bitwise, Comparison, Unary } from "../../src/ir/expr.ts";
import {
  type Domain,
  nonzero,
  positive,
  proper,
  real,
  small,
  tensors,
  truth,
  unkinked,
  whole,
} from "../domain.ts";
import type { Case, Cases } from "./case.ts";

/** A setting of a primitive without parameters. */
type Plain = Case<"neg">;

const vector = [3] as const;
const of = (
  elements: Parameters<typeof tensors>[1],
  dtype: "f64" | "i32" | "bool" = "f64",
): Domain => tensors(vector, elements, dtype);
const at = (label: string, ...operands: readonly Domain[]): Plain => ({
  label,
  params: {},
  operands,
});

const integers = at("of i32", of(whole, "i32"));
const pairs = at("of i32", of(whole, "i32"), of(whole, "i32"));
const grid = at("of floats", of(real), of(real));
/** Apart by an eighth at least, in either order. */
const apart = at("apart", of(real), of(unkinked));

const compared: readonly [Plain, ...(readonly Plain[])] = [
  grid,
  apart,
  pairs,
  at("of bools", of(truth, "bool"), of(truth, "bool")),
];
const bits: readonly [Plain, ...(readonly Plain[])] = [
  pairs,
  at("of bools", of(truth, "bool"), of(truth, "bool")),
];
const distances = of(
  small.map((n) => n + 3),
  "i32",
);

export const elementwise: Cases<keyof Unary | keyof Binary | keyof Bitwise | keyof Comparison> = {
  neg: [at("", of(real)), integers],
  abs: [at("", of(unkinked)), integers],
  sign: [at("", of(unkinked)), integers],
  floor: [at("", of(unkinked))],
  ceil: [at("", of(unkinked))],
  round: [at("", of(unkinked))],
  sqrt: [at("", of(positive))],
  exp: [at("", of(real))],
  expm1: [at("", of(real))],
  log: [at("", of(positive))],
  log1p: [at("", of(positive)), at("near 0", of(proper.map((x) => x / 2)))],
  sin: [at("", of(real))],
  cos: [at("", of(real))],
  tan: [at("", of(proper))],
  asin: [at("", of(proper))],
  acos: [at("", of(proper))],
  atan: [at("", of(real))],
  tanh: [at("", of(real))],
  logistic: [at("", of(real))],
  erf: [at("", of(real))],

  add: [grid, pairs],
  sub: [grid, pairs],
  mul: [grid, pairs],
  div: [at("of floats", of(real), of(nonzero)), pairs],
  rem: [
    // Quotients are an eighth away from whole numbers, where the remainder jumps.
    at("of floats", of(unkinked), of(nonzero.map((x) => Math.sign(x)))),
    pairs,
  ],
  pow: [at("of floats", of(positive), of(real))],
  maximum: [apart, pairs, { ...grid, label: "with ties", rough: true }],
  minimum: [apart, pairs, { ...grid, label: "with ties", rough: true }],
  // The branch cut lies along the negative x axis.
  atan2: [at("right half", of(real), of(positive)), at("upper half", of(positive), of(real))],

  and: bits,
  or: bits,
  xor: bits,
  shiftLeft: [at("of i32", of(whole, "i32"), distances)],
  shiftRight: [at("of i32", of(whole, "i32"), distances)],

  eq: [apart, ...compared.slice(2)],
  ne: [apart, ...compared.slice(2)],
  lt: [apart, ...compared.slice(2)],
  le: [apart, ...compared.slice(2)],
  gt: [apart, ...compared.slice(2)],
  ge: [apart, ...compared.slice(2)],
};
