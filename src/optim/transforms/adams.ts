import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import {
  add,
  div,
  gt,
  maximum,
  mul,
  pow,
  reciprocal,
  sign,
  sqrt,
  square,
  sub,
} from "../../ir/ops/elementwise.ts";
import { lift } from "../../ir/ops/promote.ts";
import { scalar } from "../../tensor/constructors.ts";
import { notNegative, share } from "../../tensor/validate.ts";
import { zip } from "../../tree.ts";
import { averaged, averagedSquare, zerosOf } from "../ema.ts";
import { counted, noSteps, oneMore } from "../learningRate.ts";
import { biasCorrection, scalable } from "../scaling.ts";
import { type GradientTransformation, transformation } from "../transformation.ts";
import type { AdamScaling } from "./scaleBy.ts";

/** The options of a scaling like Adam's with their defaults, after their check. */
const checked = (name: string, options: AdamScaling, ownEpsilon = 1e-8) => {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = ownEpsilon } = options;
  notNegative(name, { epsilon });
  share(name, { beta1, beta2 });
  return { beta1, beta2, epsilon };
};

/** `c·m / (√v·r + ε)`: `c` and `r` are f64 scalars, computed once per step. */
const overRoot = (c: Expr, m: Expr, v: Expr, r: Expr, epsilon: number): Expr =>
  div(mul(m, cast(c, m.dtype)), add(mul(sqrt(v), cast(r, v.dtype)), epsilon));

/**
 * Adam's scaling by the greatest mean square so far, so that effective rates never rise.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** as `scaleByAdam`, with `v̂ ← max(v̂, v)` in place of `v` under the root.
 * **Source** Reddi, Kale and Kumar (2018), arXiv:1904.09237, algorithm 2, with Adam's corrections, as in PyTorch.
 */
export const scaleByAmsgrad = (options: AdamScaling = {}): GradientTransformation => {
  const { beta1, beta2, epsilon } = checked("scaleByAmsgrad", options);
  return transformation({
    name: "scaleByAmsgrad",
    init: (params) => ({
      step: noSteps(),
      mean: zerosOf(params),
      square: zerosOf(params),
      greatest: zerosOf(params),
    }),
    update: (g, state) => {
      const step = oneMore(state.step);
      const t = counted(step);
      const mean = zip((m, d) => averaged(beta1, m, d), state.mean, g);
      const squares = zip((v, d) => averagedSquare(beta2, v, d), state.square, g);
      const greatest = zip((u, v) => maximum(u, v), state.greatest, squares);
      const root = reciprocal(sqrt(biasCorrection(beta2, t)));
      return scalable({ step, mean, square: squares, greatest }, (factor) => {
        const corrected = div(factor, biasCorrection(beta1, t));
        return zip((m, v) => overRoot(corrected, m, v, root, epsilon), mean, greatest);
      });
    },
  });
};

/** The options of {@link scaleByNadam}. */
export interface NadamScaling extends AdamScaling {
  /** How fast the momentum rises to its final value. Defaults to 4e-3. */
  readonly momentumDecay?: number;
}

/**
 * Adam's scaling with Nesterov's momentum, which rises to β₁ over the first steps.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `μₜ = β₁(1 - 0.96^(tψ)/2)`, `M = Πμᵢ`,
 * updates `(μₜ₊₁ m/(1 - M μₜ₊₁) + (1-μₜ) g/(1 - M)) / (√v/√(1-β₂ᵗ) + ε)`.
 * **Source** Dozat, "Incorporating Nesterov Momentum into Adam" (2016), algorithm 2.
 */
export const scaleByNadam = (options: NadamScaling = {}): GradientTransformation => {
  const { beta1, beta2, epsilon } = checked("scaleByNadam", options);
  const { momentumDecay = 4e-3 } = options;
  notNegative("scaleByNadam", { momentumDecay });
  const momentum = (t: Expr<readonly []>): Expr<readonly []> =>
    mul(sub(1, mul(pow(lift(0.96, "f64"), mul(t, momentumDecay)), 0.5)), beta1);
  return transformation({
    name: "scaleByNadam",
    init: (params) => ({
      step: noSteps(),
      product: scalar(1, "f64"),
      mean: zerosOf(params),
      square: zerosOf(params),
    }),
    update: (g, state) => {
      const step = oneMore(state.step);
      const t = counted(step);
      const mean = zip((m, d) => averaged(beta1, m, d), state.mean, g);
      const squares = zip((v, d) => averagedSquare(beta2, v, d), state.square, g);
      const [now, next] = [momentum(t), momentum(add(t, 1))];
      const product = mul(state.product, now);
      const ahead = div(next, sub(1, mul(product, next)));
      const here = div(sub(1, now), sub(1, product));
      const root = reciprocal(sqrt(biasCorrection(beta2, t)));
      return scalable({ step, product, mean, square: squares }, (factor) => {
        const [a, h] = [mul(factor, ahead), mul(factor, here)];
        const move = (m: Expr, d: Expr): Expr =>
          add(mul(m, cast(a, m.dtype)), mul(d, cast(h, d.dtype)));
        const over = (x: Expr, v: Expr): Expr =>
          div(x, add(mul(sqrt(v), cast(root, v.dtype)), epsilon));
        return zip(over, zip(move, mean, g), squares);
      });
    },
  });
};

/**
 * Adam's scaling, rectified: while the variance of the adaptive rate is unbounded, plain momentum.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `ρ∞ = 2/(1-β₂) - 1`, `ρ = ρ∞ - 2tβ₂ᵗ/(1-β₂ᵗ)`; where `ρ > 5` updates
 * `m/(1-β₁ᵗ) · √(1-β₂ᵗ)/(√v + ε) · √((ρ-4)(ρ-2)ρ∞/((ρ∞-4)(ρ∞-2)ρ))`, before that `m/(1-β₁ᵗ)`.
 * **Source** Liu et al. (2019), arXiv:1908.03265, algorithm 2, with PyTorch's threshold of 5.
 */
export const scaleByRadam = (options: AdamScaling = {}): GradientTransformation => {
  const { beta1, beta2, epsilon } = checked("scaleByRadam", options);
  const limit = 2 / (1 - beta2) - 1;
  return transformation({
    name: "scaleByRadam",
    init: (params) => ({ step: noSteps(), mean: zerosOf(params), square: zerosOf(params) }),
    update: (g, state) => {
      const step = oneMore(state.step);
      const t = counted(step);
      const mean = zip((m, d) => averaged(beta1, m, d), state.mean, g);
      const squares = zip((v, d) => averagedSquare(beta2, v, d), state.square, g);
      const started = biasCorrection(beta2, t);
      const rho = sub(limit, div(mul(mul(t, 2), pow(lift(beta2, "f64"), t)), started));
      const tractable = gt(rho, 5);
      const safe = where(tractable, rho, 6);
      const above = mul(mul(sub(safe, 4), sub(safe, 2)), limit);
      const rectified = sqrt(div(mul(above, started), mul(safe, (limit - 4) * (limit - 2))));
      return scalable({ step, mean, square: squares }, (factor) => {
        const corrected = div(factor, biasCorrection(beta1, t));
        const adaptive = (v: Expr): Expr => div(cast(rectified, v.dtype), add(sqrt(v), epsilon));
        const move = (m: Expr, v: Expr): Expr =>
          mul(mul(m, cast(corrected, m.dtype)), where(tractable, adaptive(v), 1));
        return zip(move, mean, squares);
      });
    },
  });
};

/**
 * Adam's scaling by the mean square of the difference between gradient and mean gradient: large steps where gradients
 * are as expected. ε defaults to 1e-16.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `m ← β₁m + (1-β₁)g`, `s ← β₂s + (1-β₂)(g-m)² + ε`, updates `m/(1-β₁ᵗ) / (√(s/(1-β₂ᵗ)) + ε)`.
 * **Source** Zhuang et al. (2020), arXiv:2010.07468, algorithm 2.
 */
export const scaleByBelief = (options: AdamScaling = {}): GradientTransformation => {
  const { beta1, beta2, epsilon } = checked("scaleByBelief", options, 1e-16);
  return transformation({
    name: "scaleByBelief",
    init: (params) => ({ step: noSteps(), mean: zerosOf(params), deviation: zerosOf(params) }),
    update: (g, state) => {
      const step = oneMore(state.step);
      const t = counted(step);
      const mean = zip((m, d) => averaged(beta1, m, d), state.mean, g);
      const surprise = zip((d, m) => sub(d, m), g, mean);
      const deviation = zip(
        (s, d) => add(averagedSquare(beta2, s, d), epsilon),
        state.deviation,
        surprise,
      );
      const root = reciprocal(sqrt(biasCorrection(beta2, t)));
      return scalable({ step, mean, deviation }, (factor) => {
        const corrected = div(factor, biasCorrection(beta1, t));
        return zip((m, s) => overRoot(corrected, m, s, root, epsilon), mean, deviation);
      });
    },
  });
};

/**
 * Adam's scaling with a mean square that falls no faster than it rises: it moves by `(1-β₂)g²` either way. ε defaults to
 * 1e-3.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `v ← v - (1-β₂) sign(v - g²) g²`, updates `m/(1-β₁ᵗ) / (√(v/(1-β₂ᵗ)) + ε)`.
 * **Source** Zaheer et al., "Adaptive Methods for Nonconvex Optimization" (2018), algorithm 2, with Adam's corrections.
 */
export const scaleByYogi = (options: AdamScaling = {}): GradientTransformation => {
  const { beta1, beta2, epsilon } = checked("scaleByYogi", options, 1e-3);
  const moved = (v: Expr, d: Expr): Expr =>
    sub(v, mul(mul(sign(sub(v, square(d))), square(d)), 1 - beta2));
  return transformation({
    name: "scaleByYogi",
    init: (params) => ({ step: noSteps(), mean: zerosOf(params), square: zerosOf(params) }),
    update: (g, state) => {
      const step = oneMore(state.step);
      const t = counted(step);
      const mean = zip((m, d) => averaged(beta1, m, d), state.mean, g);
      const squares = zip(moved, state.square, g);
      const root = reciprocal(sqrt(biasCorrection(beta2, t)));
      return scalable({ step, mean, square: squares }, (factor) => {
        const corrected = div(factor, biasCorrection(beta1, t));
        return zip((m, v) => overRoot(corrected, m, v, root, epsilon), mean, squares);
      });
    },
  });
};

/** The options of {@link scaleByAdan}: decays per step, where the paper writes `1 - β`. */
export interface AdanScaling {
  /** The decay of the mean gradient. Defaults to 0.98. */
  readonly beta1?: number;
  /** The decay of the mean difference of gradients. Defaults to 0.92. */
  readonly beta2?: number;
  /** The decay of the mean square. Defaults to 0.99. */
  readonly beta3?: number;
  /** Added to the divisor, against a division by zero. Defaults to 1e-8. */
  readonly epsilon?: number;
}

/**
 * Nesterov's momentum, estimated from differences of gradients, over a root mean square.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `d = g - g₋₁` (0 at first), `m ← β₁m + (1-β₁)g`, `v ← β₂v + (1-β₂)d`,
 * `n ← β₃n + (1-β₃)(g + β₂d)²`, updates `(m/(1-β₁ᵗ) + β₂ v/(1-β₂ᵗ)) / (√(n/(1-β₃ᵗ)) + ε)`.
 * **Source** Xie et al. (2022), arXiv:2208.06677, algorithm 1, with Adam's corrections, as its authors compute it.
 */
export const scaleByAdan = (options: AdanScaling = {}): GradientTransformation => {
  const { beta1 = 0.98, beta2 = 0.92, beta3 = 0.99, epsilon = 1e-8 } = options;
  notNegative("scaleByAdan", { epsilon });
  share("scaleByAdan", { beta1, beta2, beta3 });
  return transformation({
    name: "scaleByAdan",
    init: (params) => ({
      step: noSteps(),
      before: zerosOf(params),
      mean: zerosOf(params),
      difference: zerosOf(params),
      square: zerosOf(params),
    }),
    update: (g, state) => {
      const step = oneMore(state.step);
      const t = counted(step);
      const first = gt(step, 1);
      const change = zip((d, b) => where(first, sub(d, b), 0), g, state.before);
      const mean = zip((m, d) => averaged(beta1, m, d), state.mean, g);
      const difference = zip((v, c) => averaged(beta2, v, c), state.difference, change);
      const ahead = zip((d, c) => add(d, mul(c, beta2)), g, change);
      const squares = zip((n, a) => averagedSquare(beta3, n, a), state.square, ahead);
      const root = reciprocal(sqrt(biasCorrection(beta3, t)));
      const next = { step, before: g, mean, difference, square: squares };
      return scalable(next, (factor) => {
        const along = div(factor, biasCorrection(beta1, t));
        const turning = div(mul(factor, beta2), biasCorrection(beta2, t));
        const move = (m: Expr, v: Expr): Expr =>
          add(mul(m, cast(along, m.dtype)), mul(v, cast(turning, v.dtype)));
        const over = (x: Expr, n: Expr): Expr =>
          div(x, add(mul(sqrt(n), cast(root, n.dtype)), epsilon));
        return zip(over, zip(move, mean, difference), squares);
      });
    },
  });
};
