import { execFileSync } from "node:child_process";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { lastValueFrom, takeWhile, tap } from "rxjs";
import { cartpole } from "../../pipelines/control/cartpole.ts";
import { experience } from "../../src/data/index.ts";
import { train$, withData, withEpochs, withSeed } from "../../src/index.ts";
import { episodes } from "../../src/learn/reinforcement/index.ts";

/**
 * How soon the pipeline `cartpole` has solved CartPole, beside PPO in PyTorch with the same settings: steps of the
 * environment, and seconds without evaluations, until the greedy policy's mean return over 100 episodes is 475.
 *
 * Run with `node test/bench/cartpole.ts [seeds] [python]`; the Python needs PyTorch and NumPy (Debian's `python3-torch`).
 * The first seed compiles, which `ready` says in seconds.
 */
const seeds = (process.argv[2] ?? "1,2,3").split(",").map(Number);
const python = process.argv[3] ?? "/usr/bin/python3";

const stepsPerEpoch = 10 * cartpole.batchSize;
const data = Effect.succeed({ train: experience(10), validation: episodes(100, 2) });

for (const seed of seeds) {
  const began = performance.now();
  let [ready, milliseconds, epochs, solved] = [0, 0, 0, false];
  const run = pipe({ ...cartpole, baselines: [] }, withData(data), withSeed(seed), withEpochs(40));
  await lastValueFrom(
    train$(run).pipe(
      tap((event) => {
        if (event._tag === "Started") ready = performance.now() - began;
        if (event._tag !== "EpochCompleted") return;
        milliseconds += event.milliseconds;
        epochs = event.epoch;
        solved = (event.validation?.metrics.return ?? 0) >= 475;
      }),
      takeWhile(() => !solved),
    ),
    { defaultValue: undefined },
  );
  const steps = epochs * stepsPerEpoch;
  console.log(
    JSON.stringify({
      ...{ seed, steps: solved ? steps : null, seconds: milliseconds / 1000 },
      ...{ perSecond: Math.round((1000 * steps) / milliseconds), ready: ready / 1000 },
    }),
  );
}
for (const threads of [1, 2])
  console.log(
    `PyTorch, threads ${threads}\n${execFileSync(python, ["test/bench/torch/cartpole.py", `${threads}`, ...seeds.map(String)], { encoding: "utf8" })}`,
  );
