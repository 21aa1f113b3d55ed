import * as fc from "fast-check";
import type { Expr } from "../../../src/ir/expr.ts";
import { pairwiseDistances, vectorNorm } from "../../../src/linalg/norms.ts";
import { lpPool } from "../../../src/nn/functional/pool.ts";
import { tensors } from "../../domain.ts";
import type { Family } from "../../law.ts";
import type { Saturated } from "../../networks/saturation.ts";
import { uniform } from "../../values/hostile.ts";

/** Zeros, tiny and ordinary numbers: a power below 1 has no slope at 0. */
const nearZero = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0, -0) },
  { weight: 1, arbitrary: fc.constantFrom(1e-30, -1e-10, 1, -1, 3).map(Math.fround) },
);
const positive = fc.oneof(fc.constantFrom(0.1, 0.5, 1, 1.5, 2, 3), uniform(0.05, 9));
const either = fc.tuple(positive, fc.constantFrom(1, -1)).map(([p, sign]) => sign * p);

const familyOf = (
  name: string,
  exponents: fc.Arbitrary<number>,
  shapes: readonly (readonly number[])[],
  f: (p: number, x: Expr, y: Expr) => Expr,
): Family<Saturated> => ({
  name,
  members: exponents.map((p) => ({
    ...{ name, options: p, variables: shapes.length },
    operands: shapes.map((shape) => tensors(shape, nearZero, "f32")),
    apply: ([x, y]) => [f(p, x as Expr, y as Expr)],
  })),
  show: ({ options }) => `${name} with the exponent ${options}`,
});

/** Functions with an exponent, which is drawn, of numbers that are 0 or near it. */
export const powerFunctions: readonly Family<Saturated>[] = [
  familyOf("lpPool", positive, [[4, 1]], (p, x) => lpPool(x, p, 2)),
  familyOf("vectorNorm", either, [[3]], (p, x) => vectorNorm(x, p)),
  familyOf(
    "pairwiseDistances",
    either,
    [
      [2, 2],
      [1, 2],
    ],
    (p, x, y) => pairwiseDistances(x, y, p),
  ),
];
