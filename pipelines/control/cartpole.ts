import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { experience } from "../../src/data/index.ts";
import {
  adam,
  chain,
  clipByGlobalNorm,
  dense,
  pipeline,
  runMain,
  sampleEvery,
  sequential,
  tanh,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { cartPole, withTimeLimit } from "../../src/learn/environments/index.ts";
import { episodes, policyBaseline, ppo } from "../../src/learn/reinforcement/index.ts";
import { course } from "./boards/course.ts";

const [environments, length] = [8, 32];
const environment = withTimeLimit(500)(cartPole());

const learner = ppo({
  environment,
  policy: sequential(dense(4, 64), tanh, dense(64, 64), tanh, dense(64, 2)),
  value: sequential(dense(4, 64), tanh, dense(64, 64), tanh, dense(64, 1)),
  optimizer: chain(clipByGlobalNorm(0.5), adam({ learningRate: 1e-3 })),
  ...{ environments, length, epochs: 20, minibatches: 1, discount: 0.98, lambda: 0.8 },
});

/**
 * Balances a pole on a cart by PPO: eight carts are driven for 32 steps, and twenty updates are made of what happened. All
 * of it is one program, and an epoch is ten runs of it. After each epoch the learned policy drives 20 new episodes without
 * chance, of which one is shown by the angle of its pole, and in the end 100. The task counts as solved at a mean return of 475 of 500.
 *
 * **Source** Schulman et al., "Proximal policy optimization algorithms" (2017), arXiv:1707.06347, with the settings of RL
 * Baselines3 Zoo for CartPole-v1, but rate and clip do not fall.
 */
export const cartpole = pipe(
  pipeline(
    "cartpole",
    Effect.succeed({ train: experience(10), validation: episodes(20, 1), test: episodes(100, 2) }),
    learner,
    {
      description: "balance a pole on a cart, by PPO",
      card: {
        field: "control",
        data: "none: it plays",
        heldOut: "return 500 of 500 (three seeds)",
        baseline: "random pushes 24.6",
        published: "500, by PPO in as many steps (RL Baselines3 Zoo)",
        time: "5 s of one core",
        memory: "0.4 GiB",
      },
      batchSize: environments * length,
      epochs: 20,
      seed: 1,
    },
  ),
  withBaseline(policyBaseline("random actions", environment)),
  withCallback(
    sampleEvery(
      course({
        ...{ environment, learner, length: 500, shown: "angle of the pole in degrees" },
        of: ([, , angle = 0]) => (angle * 180) / Math.PI,
      }),
    ),
  ),
);

if (import.meta.main) runMain(cartpole);
