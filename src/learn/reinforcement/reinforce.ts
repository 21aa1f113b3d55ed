import { vmap } from "../../autodiff/vmap.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast } from "../../ir/ops/control.ts";
import { add, div, mul, neg, square, sub } from "../../ir/ops/elementwise.ts";
import { fill } from "../../ir/ops/indexing.ts";
import { sum } from "../../ir/ops/reduction.ts";
import { stateless } from "../../nn/apply.ts";
import type { AnyLayer } from "../../nn/layer.ts";
import type { ParamsOf } from "../../nn/types/chain.ts";
import { notNegative, probability } from "../../tensor/validate.ts";
import { eachLeaf } from "../trees.ts";
import { discountedReturns, type Rewarded } from "./advantages.ts";
import {
  checkParts,
  gamesOf,
  joined,
  type OnPolicy,
  onPolicy,
  type PlayingLearner,
} from "./onPolicy.ts";
import { update } from "./updates.ts";

/** The specification of {@link reinforce}. */
export interface Reinforce<P extends AnyLayer, V extends AnyLayer>
  extends Omit<OnPolicy<P, V>, "value"> {
  /** The layer that turns an observation into the expected return, a baseline that lessens noise. Defaults to none. */
  readonly value?: V;
  /** The worth of a reward one step later. Defaults to 0.99. */
  readonly discount?: number;
  /** The weight of the entropy of the policy, which keeps it from settling too early. Defaults to 0. */
  readonly entropyCoefficient?: number;
  /** The weight of the squared error of the baseline. Defaults to 0.5. */
  readonly valueCoefficient?: number;
}

/** Expects nothing. */
const nothing = stateless(
  "nothing",
  () => undefined,
  () => fill([1], 0, "f32"),
);

/**
 * REINFORCE: plays an episode in each game, and makes each action likelier by how much it earned in the rest of the
 * episode, in one update.
 *
 * `environments` defaults to 8, and `length`, the longest episode to learn from, to the time limit of the environment, or
 * else 1000. An episode that is longer counts as one that earns nothing more.
 *
 * **Math** minimizes `-Σₜ (Gₜ - b(sₜ)) log π(aₜ|sₜ)`, summed over an episode and averaged over the games, with the discounted
 * return `G` and the baseline `b` before the step, plus `c_v mean((b(s) - G)²) - c_e mean(H(π(s)))`.
 * **Fails with** `InvalidArgument`, thrown, where a number is out of range.
 * **Source** Williams, "Simple statistical gradient-following algorithms for connectionist reinforcement learning" (1992),
 * Machine Learning 8; the baseline as in Sutton and Barto (2018), section 13.4.
 *
 * @example
 * ```ts
 * import { adam, dense, sequential } from "fluxion";
 * import { cartPole, withTimeLimit } from "fluxion/environments";
 * import { tanh } from "fluxion/ops";
 * import { reinforce } from "fluxion/reinforcement";
 *
 * const balancing = reinforce({
 *   environment: withTimeLimit(500)(cartPole()),
 *   policy: sequential(dense(4, 16), tanh, dense(16, 2)),
 *   optimizer: adam({ learningRate: 1e-2 }),
 * });
 * balancing.name // => "reinforce"
 * ```
 */
export const reinforce = <P extends AnyLayer, V extends AnyLayer = typeof nothing>(
  spec: Reinforce<P, V>,
): PlayingLearner<ParamsOf<P>, ParamsOf<V>> => {
  checkParts("reinforce", spec, { critic: false });
  const { environment } = spec;
  const limit = "_tag" in environment ? undefined : environment.limit;
  const { length = limit ?? 1000 } = spec;
  const environments = gamesOf(environment, spec.environments ?? 8);
  const { discount = 0.99, entropyCoefficient = 0, valueCoefficient = 0.5 } = spec;
  probability("reinforce", { discount });
  notNegative("reinforce", { entropyCoefficient, valueCoefficient });
  // Without a baseline V is the layer that expects nothing.
  const value = spec.value ?? (nothing as AnyLayer as V);
  return onPolicy(
    {
      name: "reinforce",
      values: ["policyLoss", "valueLoss", "entropy"],
      anew: true,
      learn: ({ observation, action, first, value: expected, ...rewards }, how) => {
        const { reward, done, truncated } = rewards;
        const returns: Expr = vmap((steps: Rewarded) => discountedReturns(steps, { discount }))({
          reward,
          done,
          truncated,
        });
        const counts = cast(first, "f32");
        const rows = eachLeaf(joined, {
          observation,
          action,
          returns,
          advantage: sub(returns, expected),
          counts,
        });
        const loss = (params: unknown, row: typeof rows) => {
          const said = how.say(params, row);
          const overSteps = (x: Expr) => div(sum(mul(x, row.counts)), sum(row.counts));
          const policyLoss = div(
            neg(sum(mul(mul(said.logProbability, row.advantage), row.counts))),
            environments,
          );
          const valueLoss = overSteps(square(sub(said.value, row.returns)));
          const entropy = overSteps(said.entropy);
          return {
            loss: add(
              policyLoss,
              sub(mul(valueCoefficient, valueLoss), mul(entropyCoefficient, entropy)),
            ),
            values: { policyLoss, valueLoss, entropy },
          };
        };
        const { reverse, optimizer, moving } = how;
        return update({ reverse, optimizer, loss }, rows, moving);
      },
    },
    { ...spec, value, environments, length },
  );
};
