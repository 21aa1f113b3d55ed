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
import { against, randomLegalPolicy, ticTacToe } from "../../src/learn/environments/index.ts";
import {
  dqn,
  episodes,
  lossRate,
  meanReturn,
  policyBaseline,
} from "../../src/learn/reinforcement/index.ts";
import { boards } from "./boards/boards.ts";
import { perfect } from "./boards/perfect.ts";

const game = ticTacToe();
const mistakesCost = against(game, perfect, { called: "a perfect player" });

const learner = dqn({
  environment: game,
  model: sequential(flatten, dense(9, 128), relu, dense(128, 128), relu, dense(128, 9)),
  optimizer: adam({ learningRate: 1e-3 }),
  exploration: { to: 0.2, steps: 30_000 },
  target: { every: 200 },
  ...{ selfPlay: true, double: true, discount: 1, batchSize: 64, environments: 8, length: 1 },
  ...{ capacity: 20_000, startAfter: 1000 },
  evaluatesOn: mistakesCost,
  longestEpisode: 5,
  metrics: [meanReturn, lossRate],
});

/**
 * Learns tic-tac-toe by playing against itself: one network sees the board from the side of the player to move, and what
 * follows a move is worth to that player what the other loses. Eight games are played at once, and each of their moves is
 * followed by an update of 64 remembered moves. After each epoch it plays without chance against a player who never makes a
 * mistake; the best return against it is 0, a draw in every game. One game against itself is shown.
 *
 * **Source** Mnih et al., "Human-level control through deep reinforcement learning" (2015), Nature 518; self-play as in
 * Tesauro, "Temporal difference learning and TD-Gammon" (1995), Communications of the ACM 38(3).
 */
export const ticTacToeByItself = pipe(
  pipeline(
    "tic-tac-toe",
    Effect.succeed({
      train: experience(3000),
      validation: episodes(200, 1),
      test: episodes(1000, 2),
    }),
    learner,
    {
      description: "tic-tac-toe by self-play, against a perfect player",
      card: {
        field: "control",
        data: "none: it plays itself",
        heldOut: "of 1000 games against a perfect player 0, 0, 15 lost (three seeds)",
        baseline: "random moves: 888 lost, 112 drawn",
        published: "none is known",
        time: "18 s of one core",
        memory: "0.5 GiB",
      },
      batchSize: 64,
      epochs: 10,
      seed: 1,
    },
  ),
  withBaseline(policyBaseline("random moves", mistakesCost, randomLegalPolicy(game))),
  withCallback(
    sampleEvery(
      boards({
        environment: game,
        learner,
        length: 9,
        // The first player's pieces are X, whoever moves.
        sign: (cell, step) => (cell === 0 ? "·" : cell > 0 === (step % 2 === 0) ? "X" : "O"),
      }),
    ),
  ),
);

if (import.meta.main) runMain(ticTacToeByItself);
