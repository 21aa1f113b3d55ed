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
  withTimeLimit,
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
import { matches } from "./boards/matches.ts";

const game = connectFour();
const random = randomLegalPolicy(game);
/** A player who wins where one move wins, and lets nobody win by the next. */
const twoAhead = lookAhead(game, 2);
/** Against a player who looks at the 2401 lines of four moves. No game is longer than 21 moves of either. */
const fourAhead = withTimeLimit(21)(
  against(game, lookAhead(game, 4), { called: "a look four moves ahead" }),
);

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
  ...{ environments: 32, length: 8, updates: 8, batchSize: 128, capacity: 20_000 },
  evaluatesOn: fourAhead,
  metrics: [meanReturn, winRate, lossRate],
});

/**
 * Learns connect four from nothing but its rules, by AlphaZero's loop: 32 games against itself go on at once, each move is
 * searched for in a tree of 16 simulations, and the network learns to choose as the search did and to say who will win. All of it
 * is one program. After each epoch the search plays, without chance, against a player who looks four moves ahead, and against
 * weaker ones; the last boards of a game against itself are shown.
 *
 * `npx fluxion predict RUN --input board.json` says the move for a board of your own, `{ "observation": [[0, 0, …], …] }`: six
 * lines from the top, 1 for the pieces of the player to move, and -1 for the other's.
 *
 * **Source** Silver et al., "A general reinforcement learning algorithm that masters chess, shogi, and Go through self-play"
 * (2018), Science 362.
 */
export const connectFourByItself = pipe(
  pipeline(
    "connect-four",
    Effect.succeed({
      train: experience(50),
      validation: episodes(50, 1),
      test: episodes(100, 2),
    }),
    learner,
    {
      description: "connect four by self-play with tree search (AlphaZero's loop)",
      card: {
        field: "control",
        data: "none: it plays itself",
        heldOut:
          "of 100 games against a look four moves ahead 69, 59, 52, 52 won, 26, 31, 47, 41 lost (four seeds, of which the first chose the settings)",
        baseline: "a look two moves ahead: return -0.38; random moves -0.94",
        published:
          "1.00 against a look two moves ahead, here 77, 79, 80, 73 of 100 won (theoriclabs/alphazero-connect4)",
        time: "46 to 51 s of one core",
        memory: "0.6 GiB",
      },
      batchSize: 128,
      epochs: 4,
      seed: 1,
    },
  ),
  withBaseline(policyBaseline("random moves", fourAhead, random)),
  withBaseline(policyBaseline("a look two moves ahead", fourAhead, twoAhead)),
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
  withCallback(
    sampleEvery(
      matches({
        ...{ game, learner, games: 100, length: 21 },
        opponents: { "random moves": random, "a look two moves ahead": twoAhead },
      }),
    ),
  ),
);

if (import.meta.main) runMain(connectFourByItself);
