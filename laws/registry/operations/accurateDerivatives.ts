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

/** Numbers of every magnitude, including those whose squares overflow, most often between -20 and 20. */
const anywhere = fc
  .oneof(logUniform(1e-30, 1e30), uniform(-20, 20).map(single))
  .map((x) => (Math.abs(x) < 1e-30 ? 1 : x));
const above = anywhere.map(Math.abs);
const exponents = uniform(-4, 4).map(single);
/** Numbers within -1 and 1, often next to the ends. */
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
/** For derivatives computed from an output that rounds to 1. */
const byOutput = claim([anywhere], { floor: 1 });

/** The claims of every element-wise primitive's derivative. A missing one does not compile. */
const claims: { readonly [P in keyof Unary | keyof Binary]: Claim } = {
  ...{ neg: one, abs: one, sign: one, floor: one, ceil: one, round: one, exp: one, expm1: one },
  ...{ sin: one, cos: one, tan: one, atan: one, erf: claim([anywhere], { ulps: 256 }) },
  ...{ sqrt: claim([above]), log: claim([above]), log1p: claim([above]) },
  ...{ asin: claim([proper]), acos: claim([proper]), tanh: byOutput, logistic: byOutput },
  ...{ add: two, sub: two, mul: two, div: two, rem: two, maximum: two, minimum: two, atan2: two },
  // A subnormal power has lost digits, and multiplying by the logarithm reveals that.
  pow: claim([above, exponents], { ulps: 512, floor: 1e-34 }),
};

const functions: { readonly [name: string]: (x: Expr, y: Expr) => Expr } = ops as never;

const functionOf = (name: string, { operands }: Claim): SymbolicFunction => ({
  name,
  operands: operands.map((elements) => tensors([4], elements, "f32")),
  apply: ([x, y]) => [functions[name]?.(x as Expr, y as Expr) as Expr],
});

/** No direction is 0: an overflowing derivative has no product with 0. */
const directions = tensors([4], fc.constantFrom(1, -1, 2, -3), "f32");

const composed = { square: one, reciprocal: one, rsqrt: claim([above]) };

/**
 * Derivatives that claim to be accurate wherever they are in range: of one operand in both modes, of two operands in
 * reverse mode, where no sum can cancel.
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
