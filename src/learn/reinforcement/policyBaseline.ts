import * as Effect from "effect/Effect";
import { compileLater } from "../../backend/compile.ts";
import type { Dataset, Row } from "../../data/dataset.ts";
import type { Expr } from "../../ir/expr.ts";
import { mean } from "../../ir/ops/reduction.ts";
import { type Environment, type Policy, randomPolicy } from "../environments/environment.ts";
import { playEpisodes } from "./episodes.ts";

/** The held-out episodes of a pipeline. */
interface HeldOut {
  readonly train: Dataset<Row>;
  readonly validation?: Dataset<Row>;
  readonly test?: Dataset<Row>;
}

/**
 * What a policy that learns nothing earns in the held-out episodes: a baseline of pipelines whose learner plays.
 *
 * @example
 * ```ts
 * import { cartPole } from "fluxion/environments";
 * import { policyBaseline } from "fluxion/reinforcement";
 * policyBaseline("random actions", cartPole()).name // => "random actions"
 * ```
 */
export const policyBaseline = (
  name: string,
  environment: Environment,
  policy: Policy = randomPolicy(environment),
) => ({
  name,
  evaluate: Effect.fnUntraced(function* ({
    train,
    validation = train,
    test = validation,
  }: HeldOut) {
    const keys = test.column("key");
    const played = (of: Expr) =>
      mean(playEpisodes(environment, policy, environment.limit ?? 1000)(of).earned);
    const earn = yield* compileLater(played, [keys]);
    return { return: (yield* earn(keys)).item() };
  }),
});
