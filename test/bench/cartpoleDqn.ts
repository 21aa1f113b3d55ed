import { execFileSync } from "node:child_process";
import * as Effect from "effect/Effect";
import { lastValueFrom, takeWhile, tap } from "rxjs";
import { experience } from "../../src/data/index.ts";
import { adam, dense, pipeline, relu, sequential, train$ } from "../../src/index.ts";
import { cartPole, withTimeLimit } from "../../src/learn/environments/index.ts";
import { dqn, episodes } from "../../src/learn/reinforcement/index.ts";

/**
 * How soon double DQN has solved CartPole, beside the same in PyTorch: steps of the environment, and seconds without
 * evaluations, until the greedy policy's mean return over 100 episodes is 475. An update follows every second step. PyTorch
 * runs on one thread, on which it is faster here.
 *
 * Run with `node test/bench/cartpoleDqn.ts [seeds] [python]`; the Python needs PyTorch and NumPy (Debian's `python3-torch`).
 */
const seeds = (process.argv[2] ?? "1,2,3").split(",");
const python = process.argv[3] ?? "/usr/bin/python3";
const [steps, every] = [100_000, 2_000];

for (const seed of seeds) {
  const run = pipeline(
    "cartpole-dqn",
    Effect.succeed({ train: experience(every / 2), validation: episodes(100) }),
    dqn({
      environment: withTimeLimit(500)(cartPole()),
      model: sequential(dense(4, 64), relu, dense(64, 64), relu, dense(64, 2)),
      optimizer: adam({ learningRate: 1e-3 }),
      exploration: { to: 0.05, steps: 10_000 },
      target: { every: 100 },
      ...{ capacity: 10_000, startAfter: 1_000, batchSize: 64, length: 2, double: true },
    }),
    { epochs: steps / every, seed: Number(seed) },
  );
  const began = performance.now();
  let [ready, milliseconds, taken, solved] = [0, 0, 0, false];
  const curve: number[] = [];
  await lastValueFrom(
    train$(run).pipe(
      tap((event) => {
        if (event._tag === "Started") ready = performance.now() - began;
        if (event._tag !== "EpochCompleted") return;
        milliseconds += event.milliseconds;
        taken = event.epoch * every;
        curve.push(Math.round(event.validation?.metrics.return ?? 0));
        solved = (event.validation?.metrics.return ?? 0) >= 475;
      }),
      takeWhile(() => !solved),
    ),
    { defaultValue: undefined },
  );
  console.log(
    JSON.stringify({
      ...{ seed: Number(seed), steps: solved ? taken : null, seconds: milliseconds / 1000 },
      ...{ perSecond: Math.round((1000 * taken) / milliseconds), ready: ready / 1000, curve },
    }),
  );
}
const script = "test/bench/torch/cartpole_dqn.py";
console.log(execFileSync(python, [script, "1", ...seeds], { encoding: "utf8" }));
