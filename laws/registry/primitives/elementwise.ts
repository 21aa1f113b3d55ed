import type { Binary, Bitwise, Comparison, Unary } from "../../../src/ir/expr.ts";
import { elementByElement } from "../../derivatives/declared.ts";
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
} from "../../domain.ts";
import type { Case, Cases } from "./case.ts";

/** A setting of a primitive without parameters. */
type Plain = Case<"neg">;

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

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
/** Operands that differ by at least an eighth, in either order. */
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

/** At a tie each operand has half of the derivative; beside NaN, which is the result, none has any. */
const ties = (first: number, second: number) =>
  [
    elementByElement(
      [
        [1, 2, 0],
        [1, 1, 3],
      ],
      [
        [0.5, first, second],
        [0.5, second, first],
      ],
    ),
    elementByElement(
      [
        [0, -0, infinity],
        [-0, 0, infinity],
      ],
      [
        [0.5, 0.5, 0.5],
        [0.5, 0.5, 0.5],
      ],
    ),
    elementByElement(
      [
        [nan, 1, nan],
        [1, nan, nan],
      ],
      [
        [0, 0, 0],
        [0, 0, 0],
      ],
    ),
  ] as const;

/** Step functions have derivative 0, also at their steps. */
const steps = (...edges: readonly [number, number, number]): Plain => ({
  ...at("at edges", of(unkinked)),
  at: [elementByElement([edges], [[0, 0, 0]])],
});

export const elementwise: Cases<keyof Unary | keyof Binary | keyof Bitwise | keyof Comparison> = {
  neg: [at("", of(real)), integers],
  abs: [
    at("", of(unkinked)),
    integers,
    { ...at("at 0", of(real)), rough: true, at: [elementByElement([[0, -0, -2]], [[0, 0, -1]])] },
  ],
  sign: [at("", of(unkinked)), integers, steps(0, -0, infinity)],
  floor: [at("", of(unkinked)), steps(0, 1, -2)],
  ceil: [at("", of(unkinked)), steps(0, 1, -2)],
  round: [at("", of(unkinked)), steps(0.5, 1.5, -2)],
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
    // Quotients are an eighth away from integers, where the remainder jumps.
    at("of floats", of(unkinked), of(nonzero.map((x) => Math.sign(x)))),
    pairs,
    {
      ...at("at whole quotients", of(unkinked), of(nonzero.map((x) => Math.sign(x)))),
      at: [
        elementByElement(
          [
            [2, -3, 0],
            [1, 1.5, -1],
          ],
          [
            [1, 1, 1],
            [-2, 2, 0],
          ],
        ),
      ],
    },
  ],
  pow: [
    at("of floats", of(positive), of(real)),
    {
      ...at("of 0", of(positive), of(real)),
      at: [
        elementByElement(
          [
            [0, 0, 0],
            [0, 1, 2],
          ],
          [
            [0, 1, 0],
            [0, 0, 0],
          ],
        ),
      ],
    },
  ],
  maximum: [apart, pairs, { ...grid, label: "with ties", rough: true, at: ties(1, 0) }],
  minimum: [apart, pairs, { ...grid, label: "with ties", rough: true, at: ties(0, 1) }],
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
