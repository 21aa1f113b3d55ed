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
import { cast, gt, lt, reverse, stack } from "../../src/ir/index.ts";
import {
  against,
  connectFour,
  lookAhead,
  randomLegalPolicy,
} from "../../src/learn/environments/index.ts";
import {
  alphaZero,
  episodes,
  lossRate,
  meanReturn,
  policyBaseline,
  winRate,
} from "../../src/learn/reinforcement/index.ts";
import { boards } from "./boards/boards.ts";

const game = connectFour();
/** A player who wins where one move wins, and lets nobody win by the next. */
const careful = against(game, lookAhead(game, 2));

/** One's own pieces, and the other's. */
const planes = lambda("planes", (board: Expr<readonly [6, 7]>) =>
  stack([cast(gt(board, 0), "f32"), cast(lt(board, 0), "f32")], 2),
);

const learner = alphaZero({
  environment: game,
  model: sequential(
    planes,
    conv2d(2, 32, 4, { padding: "same" }),
    relu,
    conv2d(32, 32, 3, { padding: "same" }),
    relu,
    flatten,
    dense(6 * 7 * 32, 64),
    relu,
    dense(64, 8),
  ),
  optimizer: adam({ learningRate: 1e-3 }),
  simulations: 16,
  symmetries: [
    ({ observation, policy }) => ({
      observation: reverse(observation, [1]),
      policy: reverse(policy, [0]),
    }),
  ],
  ...{ environments: 32, length: 8, updates: 4, batchSize: 128, capacity: 20_000 },
  evaluatesOn: careful,
  longestEpisode: 21,
  metrics: [meanReturn, winRate, lossRate],
});

export const connectFourBySearch = pipe(
  pipeline(
    "connect-four",
    Effect.succeed({
      train: experience(50),
      validation: episodes(100, 1),
      test: episodes(200, 2),
    }),
    learner,
    {
      description: "connect four by self-play with tree search (AlphaZero's loop)",
      card: {
        field: "control",
        data: "none: it plays itself",
        heldOut: "not measured yet",
      },
      batchSize: 128,
      epochs: 5,
      seed: 1,
    },
  ),
  withBaseline(policyBaseline("random moves", careful, randomLegalPolicy(game))),
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

if (import.meta.main) runMain(connectFourBySearch);
