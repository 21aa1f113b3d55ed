import { scan } from "../../autodiff/control.ts";
import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { add, mul, or, sub } from "../../ir/ops/elementwise.ts";
import { zerosLike } from "../../ir/ops/indexing.ts";
import { index } from "../../ir/ops/structural.ts";
import type { Unshaped } from "../../ir/trees.ts";
import { probability } from "../../tensor/validate.ts";

/** The rewards of steps in order, and which of them ended an episode: leaves are `[length, ...]`. */
export interface Rewarded {
  readonly reward: Expr;
  /** Whether the rules ended the episode, bool. Nothing comes after it. */
  readonly done: Expr;
  /** Whether a time limit ended the episode, bool. What would have come after it has a value. */
  readonly truncated: Expr;
}

/** {@link Rewarded} steps with the values that a critic gives to what was seen before and after each. */
export interface Valued extends Rewarded {
  /** The value of the observation before the step. */
  readonly value: Expr;
  /** The value of what the step led to, before any reset. It does not matter where `done`. */
  readonly next: Expr;
}

/** The slice before the first one in a reverse scan: zeros like one slice. */
const nothing = (xs: Expr): Expr => zerosLike(index(xs, 0));

/**
 * The discounted sum of the rewards from each step to the end of its episode. At the end of the sequence the sum ends
 * too, so that an unfinished episode counts as one that earns nothing more.
 *
 * **Math** `Gₜ = rₜ + γ Gₜ₊₁`, without the second term at the end of an episode.
 * **Shapes** `[length, ...] → [length, ...]`.
 * **Fails with** `InvalidArgument`, thrown, where `discount` is not from 0 to 1.
 */
export const discountedReturns = (
  steps: Rewarded,
  { discount }: { readonly discount: number },
): Expr => {
  probability("discountedReturns", { discount });
  const [, returns] = scan<Expr, Rewarded, Expr>(
    (after, { reward, done, truncated }) => {
      const own = add(reward, mul(discount, where(or(done, truncated), 0, after)));
      return [own, own];
    },
    nothing(steps.reward),
    steps as Unshaped<Rewarded>,
    { reverse: true },
  );
  return returns;
};

/**
 * Generalized advantage estimation: how much better each step was than its value predicted, as a mean of estimates that
 * look 1, 2, … steps ahead with weights that fall by `lambda`. With `lambda` 0 it looks one step ahead; with 1 it is the
 * discounted return minus the value.
 *
 * An episode that a time limit ended goes on with the value of what would have come next; one that is done does not.
 *
 * **Math** `δₜ = rₜ + γ V(sₜ₊₁) - V(sₜ)`, without `V(sₜ₊₁)` where done; `Aₜ = δₜ + γλ Aₜ₊₁`, without `Aₜ₊₁` where the
 * episode ended.
 * **Shapes** `[length, ...] → [length, ...]`.
 * **Fails with** `InvalidArgument`, thrown, where `discount` or `lambda` is not from 0 to 1.
 * **Source** Schulman et al., "High-dimensional continuous control using generalized advantage estimation" (2016),
 * arXiv:1506.02438; truncated episodes: Pardo et al., "Time limits in reinforcement learning" (2018), arXiv:1712.00378.
 */
export const generalizedAdvantages = (
  steps: Valued,
  { discount, lambda }: { readonly discount: number; readonly lambda: number },
): Expr => {
  probability("generalizedAdvantages", { discount, lambda });
  const [, advantages] = scan<Expr, Valued, Expr>(
    (after, { reward, done, truncated, value, next }) => {
      const surprise = sub(add(reward, mul(discount, where(done, 0, next))), value);
      const rest = where(or(done, truncated), 0, after);
      const own = add(surprise, mul(discount * lambda, rest));
      return [own, own];
    },
    nothing(steps.reward),
    steps as Unshaped<Valued>,
    { reverse: true },
  );
  return advantages;
};
