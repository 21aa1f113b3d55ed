import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { experience } from "../../src/data/index.ts";
import {
  adam,
  conv2d,
  dense,
  type Expr,
  flatten,
  lambda,
  pipeline,
  relu,
  runMain,
  sampleEvery,
  sequential,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { cast, gt, lt, stack } from "../../src/ir/index.ts";
import {
  against,
  connectFour,
  lookAhead,
  randomLegalPolicy,
} from "../../src/learn/environments/index.ts";
import {
  dqn,
  episodes,
  lossRate,
  meanReturn,
  policyBaseline,
  winRate,
} from "../../src/learn/reinforcement/index.ts";
import { boards } from "./boards/boards.ts";

const game = connectFour();
const random = randomLegalPolicy(game);
/** A player who wins where one move wins, and lets nobody win by the next. */
const careful = against(game, lookAhead(game, 2));

/** One's own pieces, and the other's. */
const planes = lambda("planes", (board: Expr<readonly [6, 7]>) =>
  stack([cast(gt(board, 0), "f32"), cast(lt(board, 0), "f32")], 2),
);

const learner = dqn({
  environment: game,
  model: sequential(
    planes,
    conv2d(2, 32, 4, { padding: "same" }),
    relu,
    flatten,
    dense(6 * 7 * 32, 128),
    relu,
    dense(128, 7),
  ),
  optimizer: adam({ learningRate: 5e-4 }),
  exploration: { to: 0.2, steps: 100_000 },
  target: { every: 500 },
  ...{ selfPlay: true, double: true, batchSize: 128, environments: 16, length: 1 },
  ...{ capacity: 50_000, startAfter: 2000 },
  evaluatesOn: careful,
  longestEpisode: 21,
  metrics: [meanReturn, winRate, lossRate],
});

/**
 * Learns connect four by playing against itself, as `tic-tac-toe` does, with a network of one convolution as large as a line
 * that wins. After each epoch it plays without chance against a player who looks two moves ahead.
 */
export const connectFourByItself = pipe(
  pipeline(
    "connect-four-dqn",
    Effect.succeed({
      train: experience(2000),
      validation: episodes(200, 1),
      test: episodes(1000, 2),
    }),
    learner,
    {
      description: "connect four by self-play, against a player who looks two moves ahead",
      card: {
        field: "control",
        data: "none: it plays itself",
        heldOut: "60 % won, 38 % lost against a look two moves ahead (one seed)",
        baseline: "random moves lose nearly all",
      },
      batchSize: 128,
      epochs: 5,
      seed: 1,
    },
  ),
  withBaseline(policyBaseline("random moves", careful, random)),
  withCallback(
    sampleEvery(
      boards({
        environment: game,
        learner,
        length: 42,
        sign: (cell, step) => (cell === 0 ? "·" : cell > 0 === (step % 2 === 0) ? "X" : "O"),
        last: 8,
      }),
    ),
  ),
);

if (import.meta.main) runMain(connectFourByItself);
