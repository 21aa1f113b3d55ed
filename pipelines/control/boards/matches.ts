import * as Effect from "effect/Effect";
import { vmap } from "../../../src/autodiff/index.ts";
import { compileLater } from "../../../src/backend/index.ts";
import { type Expr, key, split, stackTensors } from "../../../src/index.ts";
import {
  against,
  begin,
  type Environment,
  type Policy,
  rollout,
} from "../../../src/learn/environments/index.ts";
import type { AnyLearner } from "../../../src/learn/index.ts";
import type { Sampler } from "../../../src/train/index.ts";
import { greedily } from "./greedily.ts";

/** What {@link matches} plays. */
export interface Matches {
  readonly game: Environment;
  readonly learner: AnyLearner;
  readonly opponents: { readonly [name: string]: Policy };
  /** The games against each opponent, who begins half of them. */
  readonly games: number;
  /** The most moves of the learner in a game. */
  readonly length: number;
}

type Key = Expr<readonly [2]>;

/** How games against some opponents end, for `sampleEvery`. */
export const matches = ({
  game,
  learner,
  opponents,
  games,
  length,
}: Matches): Sampler<unknown, unknown> =>
  Effect.gen(function* () {
    const { first, policy } = greedily(learner, game);
    const keys = stackTensors(split(key(7), games));
    const played = yield* Effect.forEach(Object.entries(opponents), ([name, opponent]) => {
      const world = against(game, opponent);
      const play = (model: unknown, owns: Expr) =>
        vmap((own: Key) => {
          const { steps } = rollout(world, policy(model, own), { length })(begin(world, own));
          return { reward: steps.reward, done: steps.done };
        })(owns);
      return Effect.map(compileLater(play, [first, keys]), (run) => [name, run] as const);
    });
    return ({ carried }) =>
      Effect.map(
        Effect.forEach(played, ([name, run]) =>
          Effect.map(run(learner.trained.get(carried), keys), ({ reward, done }) => {
            const [rewards, ends] = [reward, done].map((x) => x.toTypedArray());
            // The reward of the step that ended the first episode of each game.
            const earned = Array.from({ length: games }, (_, i) => {
              const end = ends?.subarray(i * length, (i + 1) * length).indexOf(1) ?? 0;
              return rewards?.[i * length + end] ?? 0;
            });
            const [won, lost] = [1, -1].map((x) => earned.filter((each) => each === x).length);
            return `${name}: ${won} won, ${lost} lost`;
          }),
        ),
        (lines) => `of ${games} games against ${lines.join("; ")}`,
      );
  });
