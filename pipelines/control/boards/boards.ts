import * as Effect from "effect/Effect";
import { compileLater } from "../../../src/backend/index.ts";
import { type Expr, key } from "../../../src/index.ts";
import { begin, type Environment, rollout } from "../../../src/learn/environments/index.ts";
import type { AnyLearner } from "../../../src/learn/index.ts";
import type { Sampler } from "../../../src/train/index.ts";
import { greedily } from "./greedily.ts";

/** What {@link boards} shows. */
export interface Boards {
  readonly environment: Environment;
  /** A learner that predicts the value of each action from a board. */
  readonly learner: AnyLearner;
  /** The most steps of an episode. */
  readonly length: number;
  /** The number of boards to show, the last ones. Defaults to all. */
  readonly last?: number;
  /** How the number of a cell is shown before a step. */
  readonly sign: (cell: number, step: number) => string;
}

type Key = Expr<readonly [2]>;

/** The boards of an episode, beside one another, in which the actions of highest value are taken, for `sampleEvery`. */
export const boards = ({
  environment,
  learner,
  length,
  last = length,
  sign,
}: Boards): Sampler<unknown, unknown> =>
  Effect.gen(function* () {
    const { first, policy } = greedily(learner, environment);
    const play = (model: unknown, own: Key) => {
      const { steps } = rollout(environment, policy(model, own), { length })(
        begin(environment, own),
      );
      return { observation: steps.observation, done: steps.done };
    };
    const played = yield* compileLater(play, [first, key(0)]);
    return ({ carried }) =>
      Effect.map(played(learner.trained.get(carried), key(5)), ({ observation, done }) => {
        const all = observation.toArray() as readonly (readonly (readonly number[])[])[];
        const end = Array.from(done.toTypedArray()).indexOf(1);
        const steps = end < 0 ? all.length : end + 1;
        const from = Math.max(0, steps - last);
        const seen = all.slice(from, steps);
        const row = (at: number): string =>
          seen
            .map((board, step) => (board[at] ?? []).map((cell) => sign(cell, from + step)).join(""))
            .join("  ");
        return (all[0] ?? []).map((_, at) => row(at)).join("\n");
      });
  });
