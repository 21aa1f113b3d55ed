import * as Effect from "effect/Effect";
import { compileLater } from "../../../src/backend/index.ts";
import { type Expr, key } from "../../../src/index.ts";
import { or } from "../../../src/ir/index.ts";
import { begin, type Environment, rollout } from "../../../src/learn/environments/index.ts";
import type { AnyLearner } from "../../../src/learn/index.ts";
import { type Sampler, sparkline } from "../../../src/train/index.ts";
import { greedily } from "./greedily.ts";

/** What {@link course} shows. */
export interface Course {
  readonly environment: Environment;
  readonly learner: AnyLearner;
  /** The most steps of an episode. */
  readonly length: number;
  /** What is shown of each observation, in words. */
  readonly shown: string;
  /** The number that is shown of an observation. */
  readonly of: (observation: readonly number[]) => number;
}

type Key = Expr<readonly [2]>;

/** How a number goes on in one episode that is played without chance, from its least (▁) to its greatest (█), for `sampleEvery`. */
export const course = ({
  environment,
  learner,
  length,
  shown,
  of,
}: Course): Sampler<unknown, unknown> =>
  Effect.gen(function* () {
    const { first, policy } = greedily(learner, environment);
    const play = (model: unknown, own: Key) => {
      const { steps } = rollout(environment, policy(model, own), { length })(
        begin(environment, own),
      );
      return { observation: steps.observation, over: or(steps.done, steps.truncated) };
    };
    const played = yield* compileLater(play, [first, key(0)]);
    return ({ carried }) =>
      Effect.map(played(learner.trained.get(carried), key(5)), ({ observation, over }) => {
        const end = Array.from(over.toTypedArray()).indexOf(1);
        const all = observation.toArray() as readonly (readonly number[])[];
        const numbers = all.slice(0, end < 0 ? length : end + 1).map(of);
        const inOrder = numbers.toSorted((a, b) => a - b);
        const [least, greatest] = [inOrder[0], inOrder.at(-1)].map((x) => x?.toFixed(1));
        return `${numbers.length} steps, ${shown} from ${least} to ${greatest}: ${sparkline(numbers, 50)}`;
      });
  });
