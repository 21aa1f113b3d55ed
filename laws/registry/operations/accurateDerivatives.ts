import * as fc from "fast-check";
import type { Binary, Expr, Unary } from "../../../src/ir/expr.ts";
import * as ops from "../../../src/ir/ops/elementwise.ts";
import { exact } from "../../derivatives/derivatives.ts";
import { tensors } from "../../domain.ts";
import { cotangentMap, type SymbolicFunction, tangentMap } from "../../symbolic.ts";
import type { Accurate } from "../../values/accuracy.ts";
import { logUniform, uniform } from "../../values/hostile.ts";

interface Claim {
  readonly operands: readonly fc.Arbitrary<number>[];
  readonly ulps: number;
  readonly floor: number;
}

const single = (x: number): number => Math.fround(x);

/** Every magnitude whose square is out of range, and what lies between -20 and 20 more often than that. */
const anywhere = fc
  .oneof(logUniform(1e-30, 1e30), uniform(-20, 20).map(single))
  .map((x) => (Math.abs(x) < 1e-30 ? 1 : x));
const above = anywhere.map(Math.abs);
const exponents = uniform(-4, 4).map(single);
/** Within -1 and 1, the ends' neighbors among them. */
const proper = fc.oneof(
  uniform(-1, 1).map(single),
  logUniform(1e-7, 1).map((d) => single(Math.sign(d) * (1 - Math.abs(d)))),
);

const claim = (
  operands: readonly fc.Arbitrary<number>[],
  { ulps = 16, floor = 0 }: { readonly ulps?: number; readonly floor?: number } = {},
): Claim => ({ operands, ulps, floor });
const one = claim([anywhere]);
const two = claim([anywhere, anywhere]);
/** What is told from an output that is 1 to rounding. */
const byOutput = claim([anywhere], { floor: 1 });

/** What the derivative of every element-wise primitive claims: one that is not here does not compile. */
const claims: { readonly [P in keyof Unary | keyof Binary]: Claim } = {
  ...{ neg: one, abs: one, sign: one, floor: one, ceil: one, round: one, exp: one, expm1: one },
  ...{ sin: one, cos: one, tan: one, atan: one, erf: claim([anywhere], { ulps: 256 }) },
  ...{ sqrt: claim([above]), log: claim([above]), log1p: claim([above]) },
  ...{ asin: claim([proper]), acos: claim([proper]), tanh: byOutput, logistic: byOutput },
  ...{ add: two, sub: two, mul: two, div: two, rem: two, maximum: two, minimum: two, atan2: two },
  // A power below the normal range has lost digits that its logarithm's multiple would show.
  pow: claim([above, exponents], { ulps: 512, floor: 1e-34 }),
};

const functions: { readonly [name: string]: (x: Expr, y: Expr) => Expr } = ops as never;

const functionOf = (name: string, { operands }: Claim): SymbolicFunction => ({
  name,
  operands: operands.map((elements) => tensors([4], elements, "f32")),
  apply: ([x, y]) => [functions[name]?.(x as Expr, y as Expr) as Expr],
});

/** None of 0: a derivative that is beyond the range has no product with it. */
const directions = tensors([4], fc.constantFrom(1, -1, 2, -3), "f32");

const composed = { square: one, reciprocal: one, rsqrt: claim([above]) };

/**
 * Derivatives that claim to be accurate wherever they are in range: of one operand both ways, of two backwards, where
 * nothing is added that could cancel.
 */
export const accurateDerivatives: readonly Accurate[] = Object.entries({
  ...claims,
  ...composed,
}).flatMap(([name, each]) => {
  const f = functionOf(name, each);
  const back = cotangentMap(f, exact.reverse);
  const ways = each.operands.length === 1 ? [tangentMap(f, exact.forward), back] : [back];
  return ways.map((way) => ({
    ...way,
    operands: [...f.operands, directions],
    ulps: each.ulps,
    floor: each.floor,
  }));
});
