import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast } from "../../ir/ops/control.ts";
import {
  abs,
  add,
  clip as between,
  div,
  exp,
  gt,
  maximum,
  minimum,
  mul,
  neg,
  sqrt,
  square,
  sub,
} from "../../ir/ops/elementwise.ts";
import { mean, variance } from "../../ir/ops/reduction.ts";
import type { AnyLayer } from "../../nn/layer.ts";
import type { ParamsOf } from "../../nn/types/chain.ts";
import { positive, whole } from "../../tensor/validate.ts";
import { checkWeighing, type Rows, rowsOf, type Weighing } from "./actorCritic.ts";
import { checkParts, gamesOf, type OnPolicy, onPolicy, type PlayingLearner } from "./onPolicy.ts";
import { updates } from "./updates.ts";

/**
 * The surrogate of PPO for each step, to be maximized: the advantage times the ratio of the new probability of its action
 * to the old one, as long as the ratio has not moved further than `clip` from 1 in the direction of the advantage.
 *
 * **Math** `min(r A, clip(r, 1 - ε, 1 + ε) A)` with `r = exp(log π' - log π)`.
 * **Fails with** `InvalidArgument`, thrown, where `clip` is not above 0.
 * **Source** Schulman et al., "Proximal policy optimization algorithms" (2017), arXiv:1707.06347, equation 7.
 */
export const clippedSurrogate = (
  {
    logProbability,
    before,
    advantage,
  }: {
    /** Of the actions under the new policy. */
    readonly logProbability: Expr;
    /** Of the actions under the policy that played them. */
    readonly before: Expr;
    readonly advantage: Expr;
  },
  { clip }: { readonly clip: number },
): Expr => {
  positive("clippedSurrogate", { clip });
  const ratio = exp(sub(logProbability, before));
  return minimum(mul(ratio, advantage), mul(between(ratio, 1 - clip, 1 + clip), advantage));
};

/** The specification of {@link ppo}. */
export interface Ppo<P extends AnyLayer, V extends AnyLayer> extends OnPolicy<P, V>, Weighing {
  /** How often each training step passes over what was played. Defaults to 4. */
  readonly epochs?: number;
  /** The number of minibatches in each pass, one update for each. Defaults to 4. */
  readonly minibatches?: number;
  /** How far the ratio of new to old probabilities may move. Defaults to 0.2. */
  readonly clip?: number;
  /** How far a value may move from the value before, for its loss. Defaults to any distance. */
  readonly valueClip?: number;
  /** Whether the advantages of each minibatch are standardized. Defaults to `true`. */
  readonly normalizeAdvantages?: boolean;
}

/** Standardizes numbers; where all are equal, to zeros. */
const standardized = (xs: Expr): Expr => div(sub(xs, mean(xs)), add(sqrt(variance(xs)), 1e-8));

/**
 * Proximal policy optimization: plays many steps of several games, then passes over them several times in shuffled
 * minibatches, as long as the policy stays near to the one that played. Playing and all updates are one program.
 *
 * `environments` defaults to 8, `length` to 128, `lambda` to 0.95, `entropyCoefficient` to 0. Schedules of the optimizer
 * count updates: `epochs · minibatches` in each training step.
 *
 * **Math** each update minimizes `-mean(clipped surrogate) + c_v mean((V(s) - R)²) - c_e mean(H(π(s)))`, with advantages
 * by {@link generalizedAdvantages} and `R = A + V(s)` of the policy that played.
 * **Fails with** `InvalidArgument`, thrown, where a number is out of range, or `minibatches` does not divide
 * `environments · length`.
 * **Source** Schulman et al., "Proximal policy optimization algorithms" (2017), arXiv:1707.06347; defaults as there and in
 * Stable-Baselines3.
 *
 * @example
 * ```ts
 * import { adam, chain, clipByGlobalNorm, dense, sequential } from "fluxion";
 * import { pendulum, withTimeLimit } from "fluxion/environments";
 * import { tanh } from "fluxion/ops";
 * import { ppo } from "fluxion/reinforcement";
 *
 * const swinging = ppo({
 *   environment: withTimeLimit(200)(pendulum()),
 *   policy: sequential(dense(3, 64), tanh, dense(64, 1)),
 *   value: sequential(dense(3, 64), tanh, dense(64, 1)),
 *   optimizer: chain(clipByGlobalNorm(0.5), adam({ learningRate: 1e-3 })),
 *   discount: 0.9,
 * });
 * swinging.name // => "ppo"
 * ```
 */
export const ppo = <P extends AnyLayer, V extends AnyLayer>(
  spec: Ppo<P, V>,
): PlayingLearner<ParamsOf<P>, ParamsOf<V>> => {
  checkParts("ppo", spec, { critic: true });
  const { environment, length = 128, epochs = 4, minibatches = 4 } = spec;
  const environments = gamesOf(environment, spec.environments ?? 8);
  const { discount = 0.99, lambda = 0.95, clip = 0.2, valueClip } = spec;
  const { entropyCoefficient = 0, valueCoefficient = 0.5, normalizeAdvantages = true } = spec;
  checkWeighing("ppo", spec);
  positive("ppo", { clip, valueClip });
  whole(1)("ppo", { environments, length, epochs, minibatches });
  if ((environments * length) % minibatches !== 0)
    throw new InvalidArgument({
      op: "ppo",
      argument: "minibatches",
      expected: `a divisor of the ${environments * length} steps of a rollout, ${environments} environments · ${length}`,
      actual: String(minibatches),
    });
  type Row = Rows & { readonly before: Expr };
  return onPolicy(
    {
      name: "ppo",
      values: ["policyLoss", "valueLoss", "entropy", "divergence", "clipped"],
      anew: false,
      learn: (rollout, { moving, optimizer, reverse, key, say }) => {
        const rows = rowsOf(rollout, { discount, lambda });
        const before = say(moving.params, rows).logProbability;
        const loss = (params: unknown, row: Row) => {
          const { logProbability, value, entropy: entropies } = say(params, row);
          const advantage = normalizeAdvantages ? standardized(row.advantage) : row.advantage;
          const change = sub(logProbability, row.before);
          const ratio = exp(change);
          const policyLoss = neg(
            mean(clippedSurrogate({ logProbability, before: row.before, advantage }, { clip })),
          );
          const error = square(sub(value, row.target));
          const near = (most: number) =>
            add(row.value, between(sub(value, row.value), -most, most));
          const valueLoss = mean(
            valueClip === undefined
              ? error
              : maximum(error, square(sub(near(valueClip), row.target))),
          );
          const entropy = mean(entropies);
          return {
            loss: add(
              policyLoss,
              sub(mul(valueCoefficient, valueLoss), mul(entropyCoefficient, entropy)),
            ),
            values: {
              policyLoss,
              valueLoss,
              entropy,
              // Never negative, and unbiased: Schulman, "Approximating KL divergence" (2020).
              divergence: mean(sub(sub(ratio, 1), change)),
              clipped: mean(cast(gt(abs(sub(ratio, 1)), clip), "f32")),
            },
          };
        };
        const passes = { epochs, minibatches, key };
        return updates({ reverse, optimizer, loss }, { ...rows, before }, moving, passes);
      },
    },
    { ...spec, environments, length },
  );
};
