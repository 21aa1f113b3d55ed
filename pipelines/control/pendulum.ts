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
import { pendulum as pendulumOf, withTimeLimit } from "../../src/learn/environments/index.ts";
import { episodes, policyBaseline, ppo } from "../../src/learn/reinforcement/index.ts";
import { course } from "./boards/course.ts";

const [environments, length] = [4, 1024];
const environment = withTimeLimit(200)(pendulumOf());

const learner = ppo({
  environment,
  policy: sequential(dense(3, 64), tanh, dense(64, 64), tanh, dense(64, 1)),
  value: sequential(dense(3, 64), tanh, dense(64, 64), tanh, dense(64, 1)),
  optimizer: chain(clipByGlobalNorm(0.5), adam({ learningRate: 1e-3 })),
  ...{ environments, length, epochs: 10, minibatches: 64, discount: 0.9 },
});

/**
 * Swings a pendulum up and holds it there by PPO with a normal policy: four pendulums swing for 1024 steps, and ten passes
 * are made over what happened, 64 steps at a time. After each epoch, which is five times that, the means of the learned
 * policy swing 20 new pendulums, and in the end 100; the height of one is shown step by step.
 *
 * **Source** Schulman et al., "Proximal policy optimization algorithms" (2017), arXiv:1707.06347, with the settings of RL
 * Baselines3 Zoo for Pendulum-v1, but a new action is drawn in every step.
 */
export const pendulum = pipe(
  pipeline(
    "pendulum",
    Effect.succeed({ train: experience(5), validation: episodes(20, 1), test: episodes(100, 2) }),
    learner,
    {
      description: "swing a pendulum up and hold it there, by PPO",
      card: {
        field: "control",
        data: "none: it plays",
        heldOut: "return -166, -164, -147 (three seeds)",
        baseline: "random torques -1169",
        published: "-172, by PPO in as many steps (RL Baselines3 Zoo)",
        time: "5 s of one core",
        memory: "0.4 GiB",
      },
      batchSize: environments * length,
      epochs: 5,
      seed: 1,
    },
  ),
  withBaseline(policyBaseline("random torques", environment)),
  withCallback(
    sampleEvery(
      course({
        ...{ environment, learner, length: 200, shown: "height of the tip, of the length," },
        of: ([height = 0]) => height,
      }),
    ),
  ),
);

if (import.meta.main) runMain(pendulum);
