import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { add, and, gt, log, logistic, lt, mul, square, sub } from "../../ir/ops/elementwise.ts";
import { type KeyExpr, normal, splitKey, uniform } from "../../ir/ops/random.ts";
import { index } from "../../ir/ops/structural.ts";
import type { Shape } from "../../tensor/shape.ts";

/**
 * The number of proposals for each draw. Each is accepted with probability above 0.95, so that only 2⁻³⁴ of all draws
 * fail.
 */
const proposals = 8;

/** Logarithms of uniform numbers above 0 and at most 1. */
const logUniform = (key: KeyExpr, shape: Shape): Expr => log(sub(1, uniform(key, shape)));

/**
 * Logarithms of random numbers from the gamma distribution with shape `a` and scale 1. Unlike the numbers themselves,
 * they do not underflow for small `a`.
 *
 * **Math** `d·v` with `d = a - 1/3`, `v = (1 + x/√(9d))³` for the first normal `x` with `ln u < x²/2 + d - d·v + d·ln v`.
 * For `a` below 1, a draw for `a + 1` times `u^(1/a)`.
 * **Source** Marsaglia and Tsang, "A simple method for generating gamma variables" (2000).
 */
const logGamma = (key: KeyExpr, a: number, shape: Shape): Expr => {
  const [forNormal, forAccepting, forPower] = splitKey(key, 3);
  const d = (a < 1 ? a + 1 : a) - 1 / 3;
  const x: Expr = normal(forNormal, [proposals, ...shape]);
  const u = logUniform(forAccepting, [proposals, ...shape]);
  const root: Expr = add(1, mul(x, 1 / Math.sqrt(9 * d)));
  // If the root is not above 0, the logarithm is NaN and nothing is accepted.
  const logV: Expr = mul(3, log(root));
  const v: Expr = mul(root, square(root));
  const bound: Expr = add(sub(add(mul(square(x), 0.5), d), mul(d, v)), mul(d, logV));
  const accepted: Expr = and(gt(root, 0), lt(u, bound));
  let drawn: Expr = mul(0, index(x, 0));
  for (let i = proposals - 1; i >= 0; i--) drawn = where(index(accepted, i), index(logV, i), drawn);
  const ofD: Expr = add(drawn, Math.log(d));
  return a < 1 ? add(ofD, mul(logUniform(forPower, shape), 1 / a)) : ofD;
};

/**
 * Random numbers from the beta distribution with both parameters `a`: `x / (x + y)` for `x`, `y` from the gamma
 * distribution.
 */
export const symmetricBeta = (key: KeyExpr, a: number, shape: Shape): Expr => {
  const [forX, forY] = splitKey(key, 2);
  return logistic(sub(logGamma(forX, a, shape), logGamma(forY, a, shape)));
};
