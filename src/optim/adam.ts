import type { Expr } from "../ir/expr.ts";
import { cast } from "../ir/ops/control.ts";
import { add, div, mul, neg, pow, reciprocal, sqrt, sub } from "../ir/ops/elementwise.ts";
import { lift } from "../ir/ops/promote.ts";
import { notNegative, share } from "../tensor/validate.ts";
import { zip } from "../tree.ts";
import { averaged, averagedSquare, zerosOf } from "./ema.ts";
import { counted, type LearningRate, noSteps, oneMore, rateAt } from "./learningRate.ts";
import { type GradientTransformation, transformation } from "./transformation.ts";

/** The rate of a step, and how long Adam remembers: shares of a mean that are kept from step to step. */
export interface AdamOptions {
  /** Per step: a number, or a schedule. */
  readonly learningRate: LearningRate;
  /** How much of the mean gradient is kept. Defaults to 0.9. */
  readonly beta1?: number;
  /** How much of the mean square is kept. Defaults to 0.999. */
  readonly beta2?: number;
  /** Added to the root of the mean square. Defaults to 1e-8. */
  readonly epsilon?: number;
  /** How much of the params is taken off. Defaults to 0, and to 0.01 for {@link adamw}. */
  readonly weightDecay?: number;
}

/** `1 - βᵗ` in f64: in f32 it would be off by 1e-5 in the first steps, which shows in the loss. */
export const biasCorrection = (beta: number, t: Expr): Expr => sub(1, pow(lift(beta, "f64"), t));

/** Adam with weights decayed through the gradient, or apart from it (`decoupled`). */
const adamLike = (
  name: string,
  decoupled: boolean,
  options: AdamOptions,
): GradientTransformation => {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  notNegative(name, { learningRate, epsilon, weightDecay });
  share(name, { beta1, beta2 });
  const decayed = (g: Expr, p: Expr): Expr =>
    decoupled || weightDecay === 0 ? g : add(g, mul(p, weightDecay));
  return transformation({
    name,
    init: (params) => ({ step: noSteps(), mean: zerosOf(params), square: zerosOf(params) }),
    update: (gradients, state, params) => {
      const step = oneMore(state.step);
      const t = counted(step);
      const rate = rateAt(learningRate, state.step);
      // Per step, not per parameter, and in f64; rounding to the params' dtype comes last.
      const back = neg(div(rate, biasCorrection(beta1, t)));
      const inverseRoot = reciprocal(sqrt(biasCorrection(beta2, t)));
      const decay = mul(rate, -weightDecay);

      const g = zip(decayed, gradients, params);
      const mean = zip((m, d) => averaged(beta1, m, d), state.mean, g);
      const square = zip((v, d) => averagedSquare(beta2, v, d), state.square, g);
      const updateOf = (m: Expr, v: Expr, p: Expr): Expr => {
        const root = add(mul(sqrt(v), cast(inverseRoot, p.dtype)), epsilon);
        const moved = div(mul(m, cast(back, p.dtype)), root);
        return decoupled && weightDecay !== 0 ? add(mul(p, cast(decay, p.dtype)), moved) : moved;
      };
      return {
        updates: zip(updateOf, mean, square, params),
        state: { step, mean, square },
      };
    },
    learningRate: ({ step }) => rateAt(learningRate, step),
  });
};

/**
 * Adam: steps of a size that does not depend on the gradients' scale. `weightDecay` times the params is added to
 * the gradients.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `m ← β₁m + (1-β₁)g`, `v ← β₂v + (1-β₂)g²`,
 * `p ← p - η/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + ε)`.
 * **Source** Kingma and Ba (2014), arXiv:1412.6980, algorithm 1.
 */
export const adam = (options: AdamOptions): GradientTransformation =>
  adamLike("adam", false, options);

/**
 * Adam with the decay of weights apart from the gradient: `p ← p - ηλp` besides Adam's step. `weightDecay`
 * defaults to 0.01.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Source** Loshchilov and Hutter (2017), arXiv:1711.05101, algorithm 2.
 */
export const adamw = (options: AdamOptions): GradientTransformation =>
  adamLike("adamw", true, { ...options, weightDecay: options.weightDecay ?? 0.01 });
