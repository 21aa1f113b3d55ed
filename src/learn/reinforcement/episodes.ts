import { vmap } from "../../autodiff/vmap.ts";
import { type Dataset, dataset } from "../../data/dataset.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { gt, lt } from "../../ir/ops/elementwise.ts";
import type { KeyExpr } from "../../ir/ops/random.ts";
import { sum } from "../../ir/ops/reduction.ts";
import {
  type Metric,
  monoidRatio,
  type Ratio,
  ratio,
  refuseShapes,
} from "../../nn/metrics/metric.ts";
import { stackTensors } from "../../tensor/constructors.ts";
import { key, split } from "../../tensor/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { whole } from "../../tensor/validate.ts";
import type { Environment, Policy } from "../environments/environment.ts";
import { begin, rollout } from "../environments/rollout.ts";
import { inFirst, type Tally } from "./playing.ts";

/**
 * Held-out episodes, as rows with a random key each: the `validation` or `test` dataset of a learner that plays. Each row
 * is one episode, and the same key begins the same episode.
 *
 * **Fails with** `InvalidArgument`, thrown, where `count` is not a whole number above 0.
 *
 * @example
 * ```ts
 * import { episodes } from "fluxion/reinforcement";
 * episodes(100).size // => 100
 * ```
 */
export const episodes = (
  count: number,
  seed = 0,
): Dataset<{ readonly key: Tensor<readonly [2]> }> => {
  whole(1)("episodes", { count });
  return dataset({ key: stackTensors(split(key(seed), count)) as Tensor<readonly [number, 2]> });
};

/** Plays one episode of at most `limit` steps, from a key. */
const episode =
  (environment: Environment, policy: Policy, limit: number) =>
  (own: KeyExpr): Tally => {
    const { steps } = rollout(environment, policy, { length: limit })(begin(environment, own));
    // The steps after the end belong to the next episode.
    const counts = inFirst(steps);
    return { earned: sum(where(counts, steps.reward, 0)), steps: sum(cast(counts, "i32")) };
  };

/** Plays an episode for each key: the return and the length of each, `[episodes]`. */
export const playEpisodes = (environment: Environment, policy: Policy, limit: number) =>
  vmap(episode(environment, policy, limit)) as (keys: Expr) => Tally;

const perEpisode = (
  name: string,
  value: "episodeReturn" | "episodeLength",
  read: (x: Expr) => Expr = (x) => x,
  better: "higher" | "lower" = "higher",
): Metric<Ratio> => ({
  name,
  better,
  monoid: monoidRatio,
  fromBatch: ({ loss, values = {} }) => {
    // Where a return says nothing, the learner says that it does not count.
    const { [value]: each, episodeEnded, returnCounts = episodeEnded } = values;
    const ended = value === "episodeReturn" ? returnCounts : episodeEnded;
    const [x, counts] =
      each === undefined || ended === undefined
        ? refuseShapes(
            name,
            "a learner that plays episodes",
            [loss],
            [
              { shape: [1], dtype: "f32" },
              { shape: [1], dtype: "bool" },
            ],
          )
        : [each, ended];
    return {
      total: sum(cast(where(counts, read(x), 0), "f64")),
      count: sum(cast(counts, "i32")),
    };
  },
  value: ratio,
});

/**
 * The mean return, without discount, of the episodes that ended: a metric of learners that play. NaN while none has, and where
 * a learner plays against itself, in steps of training.
 */
export const meanReturn: Metric<Ratio> = perEpisode("return", "episodeReturn");

/** The mean length in steps of the episodes that ended: a metric of learners that play. NaN while none has. */
export const meanLength: Metric<Ratio> = perEpisode("length", "episodeLength");

/** The share of the episodes that ended with a positive return: the games that were won. NaN as {@link meanReturn} is. */
export const winRate: Metric<Ratio> = perEpisode("wins", "episodeReturn", (x) =>
  cast(gt(x, 0), "f32"),
);

/** The share of the episodes that ended with a negative return: the games that were lost. NaN as {@link meanReturn} is. */
export const lossRate: Metric<Ratio> = perEpisode(
  "losses",
  "episodeReturn",
  (x) => cast(lt(x, 0), "f32"),
  "lower",
);
