import { vmap } from "../../autodiff/vmap.ts";
import type { Expr } from "../../ir/expr.ts";
import { add, mul, neg, square, sub } from "../../ir/ops/elementwise.ts";
import { mean } from "../../ir/ops/reduction.ts";
import type { AnyLayer } from "../../nn/layer.ts";
import type { ParamsOf } from "../../nn/types/chain.ts";
import { notNegative, probability } from "../../tensor/validate.ts";
import { eachLeaf } from "../trees.ts";
import { generalizedAdvantages, type Valued } from "./advantages.ts";
import {
  checkParts,
  gamesOf,
  joined,
  type OnPolicy,
  onPolicy,
  type PlayingLearner,
  type Rollout,
} from "./onPolicy.ts";
import { update } from "./updates.ts";

/** How advantages are estimated and losses weighed, in learners with a critic. */
export interface Weighing {
  /** The worth of a reward one step later. Defaults to 0.99. */
  readonly discount?: number;
  /** The weight of estimates that look one step further ahead, from 0 to 1. */
  readonly lambda?: number;
  /** The weight of the entropy of the policy, which keeps it from settling too early. */
  readonly entropyCoefficient?: number;
  /** The weight of the squared error of the values. Defaults to 0.5. */
  readonly valueCoefficient?: number;
}

/** Rows to learn from, `[games · length, ...]`: steps, their advantages, and the returns to predict. */
export interface Rows {
  readonly observation: Expr;
  readonly action: Expr;
  /** What the critic expected before. */
  readonly value: Expr;
  readonly advantage: Expr;
  readonly target: Expr;
}

/** The rows of a rollout. */
export const rowsOf = (
  rollout: Rollout,
  weighing: { readonly discount: number; readonly lambda: number },
): Rows => {
  const { observation, action, reward, done, truncated, value, next } = rollout;
  const advantage = vmap((steps: Valued) => generalizedAdvantages(steps, weighing))({
    reward,
    done,
    truncated,
    value,
    next,
  });
  return eachLeaf(joined, {
    observation,
    action,
    value,
    advantage: advantage as Expr,
    target: add(advantage as Expr, value),
  });
};

/** Checks the numbers that all learners with a critic share. */
export const checkWeighing = (
  op: string,
  { discount, lambda, ...coefficients }: Weighing,
): void => {
  probability(op, { discount, lambda });
  const { entropyCoefficient, valueCoefficient } = coefficients;
  notNegative(op, { entropyCoefficient, valueCoefficient });
};

/** The specification of {@link actorCritic}. */
export interface ActorCritic<P extends AnyLayer, V extends AnyLayer>
  extends OnPolicy<P, V>,
    Weighing {}

/**
 * Advantage actor-critic, A2C: plays a few steps of several games, and makes the actions likelier that turned out better
 * than the critic expected, in one update.
 *
 * `environments` defaults to 8, `length` to 5, `lambda` to 1, `entropyCoefficient` to 0.
 *
 * **Math** minimizes `mean(-A log π(a|s) + c_v (V(s) - R)² - c_e H(π(s)))`, with `A` by {@link generalizedAdvantages} and
 * `R = A + V(s)` of the values before the step.
 * **Fails with** `InvalidArgument`, thrown, where a number is out of range.
 * **Source** Mnih et al., "Asynchronous methods for deep reinforcement learning" (2016), arXiv:1602.01783, whose workers
 * play in step here; defaults as in Stable-Baselines3.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { adam, dense, pipeline, sequential } from "fluxion";
 * import { experience } from "fluxion/data";
 * import { cartPole, withTimeLimit } from "fluxion/environments";
 * import { tanh } from "fluxion/ops";
 * import { actorCritic, episodes } from "fluxion/reinforcement";
 *
 * const balancing = pipeline(
 *   "balancing",
 *   Effect.succeed({ train: experience(500), test: episodes(100) }),
 *   actorCritic({
 *     environment: withTimeLimit(500)(cartPole()),
 *     policy: sequential(dense(4, 64), tanh, dense(64, 2)),
 *     value: sequential(dense(4, 64), tanh, dense(64, 1)),
 *     optimizer: adam({ learningRate: 1e-3 }),
 *   }),
 *   { epochs: 10 },
 * );
 * balancing.learner.metrics.map(({ name }) => name) // => ["loss", "return"]
 * ```
 */
export const actorCritic = <P extends AnyLayer, V extends AnyLayer>(
  spec: ActorCritic<P, V>,
): PlayingLearner<ParamsOf<P>, ParamsOf<V>> => {
  checkParts("actorCritic", spec, { critic: true });
  const { environment, length = 5, discount = 0.99, lambda = 1 } = spec;
  const environments = gamesOf(environment, spec.environments ?? 8);
  const { entropyCoefficient = 0, valueCoefficient = 0.5 } = spec;
  checkWeighing("actorCritic", spec);
  return onPolicy(
    {
      name: "actorCritic",
      values: ["policyLoss", "valueLoss", "entropy"],
      anew: false,
      learn: (rollout, { moving, optimizer, reverse, say }) =>
        update(
          {
            optimizer,
            reverse,
            loss: (params, rows: Rows) => {
              const said = say(params, rows);
              const policyLoss = neg(mean(mul(said.logProbability, rows.advantage)));
              const valueLoss = mean(square(sub(said.value, rows.target)));
              const entropy = mean(said.entropy);
              const loss = add(
                policyLoss,
                sub(mul(valueCoefficient, valueLoss), mul(entropyCoefficient, entropy)),
              );
              return { loss, values: { policyLoss, valueLoss, entropy } };
            },
          },
          rowsOf(rollout, { discount, lambda }),
          moving,
        ),
    },
    { ...spec, environments, length },
  );
};
