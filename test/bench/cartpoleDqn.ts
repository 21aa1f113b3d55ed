import { execFileSync } from "node:child_process";
import * as Effect from "effect/Effect";
import { lastValueFrom, tap } from "rxjs";
import { experience } from "../../src/data/index.ts";
import { adam, dense, pipeline, relu, sequential, train$ } from "../../src/index.ts";
import { cartPole, withTimeLimit } from "../../src/learn/environments/index.ts";
import { dqn, episodes } from "../../src/learn/reinforcement/index.ts";

/**
 * How soon double DQN has solved CartPole, beside the same in PyTorch: steps of the environment, and seconds without
 * evaluations, until the greedy policy's mean return over 100 episodes is 475. An update follows every second step.
 *
 * Run with `node test/bench/cartpoleDqn.ts [seeds] [python]`; the Python needs PyTorch and NumPy (Debian's `python3-torch`).
 */
const [seeds = "3", python = "/usr/bin/python3"] = process.argv.slice(2);
const [steps, every] = [60_000, 2_000];

for (let seed = 0; seed < Number(seeds); seed++) {
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
    { epochs: steps / every, seed },
  );
  let [began, ready, seconds, solved] = [performance.now(), 0, 0, ""];
  const curve: string[] = [];
  await lastValueFrom(
    train$(run).pipe(
      tap((event) => {
        if (event._tag === "Started") ready = (performance.now() - began) / 1000;
        if (event._tag !== "EpochCompleted") return;
        seconds += event.milliseconds / 1000;
        const earned = event.validation?.metrics.return ?? 0;
        curve.push(earned.toFixed(0));
        if (solved === "" && earned >= 475)
          solved = `${event.epoch * every} steps, ${seconds.toFixed(2)} s`;
      }),
    ),
  );
  const all = `all ${steps} in ${seconds.toFixed(2)} s, after ${ready.toFixed(2)} s to compile`;
  console.log(`seed ${seed}: solved after ${solved || "none"}; ${all}; ${curve.join(" ")}`);
}
for (const threads of ["1", "2"]) {
  const args = ["test/bench/torch/cartpole_dqn.py", threads, seeds];
  console.log(`PyTorch, threads ${threads}\n${execFileSync(python, args, { encoding: "utf8" })}`);
}
