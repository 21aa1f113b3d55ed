import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { experience } from "../../src/data/index.ts";
import {
  adam,
  dense,
  flatten,
  pipeline,
  relu,
  runMain,
  sampleEvery,
  sequential,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { catchGame } from "../../src/learn/environments/index.ts";
import { dqn, episodes, policyBaseline } from "../../src/learn/reinforcement/index.ts";
import { boards } from "./boards/boards.ts";

const environment = catchGame();
const learner = dqn({
  environment,
  model: sequential(flatten, dense(50, 64), relu, dense(64, 3)),
  optimizer: adam({ learningRate: 1e-3 }),
  exploration: { to: 0.05, steps: 5000 },
  target: { every: 200 },
  ...{ capacity: 10_000, startAfter: 500, longestEpisode: 9 },
});

/**
 * Catches a falling ball by DQN: every four steps of the game are remembered, and one update is made of 32 remembered steps.
 * An epoch is 500 updates. After each epoch the learned policy plays 100 new episodes without chance, and the boards of one
 * are shown. A return of 1 is a ball that was caught, and -1 one that was missed.
 *
 * **Source** Mnih et al., "Human-level control through deep reinforcement learning" (2015), Nature 518; the game: Osband et
 * al., "Behaviour suite for reinforcement learning" (2020), arXiv:1908.03568.
 */
export const catching = pipe(
  pipeline(
    "catch",
    Effect.succeed({
      train: experience(500),
      validation: episodes(100, 1),
      test: episodes(1000, 2),
    }),
    learner,
    {
      description: "catch a falling ball, by DQN",
      card: {
        field: "control",
        data: "none: it plays",
        heldOut: "return 1, every ball caught (three seeds)",
        baseline: "random moves -0.626",
        published: "none is known",
        time: "3 s of one core",
        memory: "0.4 GiB",
      },
      batchSize: 32,
      epochs: 8,
      seed: 1,
    },
  ),
  withBaseline(policyBaseline("random actions", environment)),
  withCallback(
    sampleEvery(
      boards({ environment, learner, length: 9, sign: (cell) => (cell === 0 ? "·" : "#") }),
    ),
  ),
);

if (import.meta.main) runMain(catching);
