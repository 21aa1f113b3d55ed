import { pipe } from "fp-ts/lib/function.js";
import { lastValueFrom, tap } from "rxjs";
import { mnistMlp } from "../../pipelines/vision/mnist-mlp.ts";
import { train$, withEpochs } from "../../src/index.ts";

/**
 * Prints the heap and resident memory during 20,000 steps of MNIST. Run with `node --expose-gc test/bench/memory.ts`:
 * each figure is measured after a collection. It asserts nothing.
 */
const steps = 20_000;
const every = 2_000;
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`.padStart(11);

console.log("  step        heap  array buffers    resident");
await lastValueFrom(
  train$(pipe(mnistMlp, withEpochs(Math.ceil(steps / 938)))).pipe(
    tap((event) => {
      if (event._tag !== "StepCompleted" || event.step % every !== 0) return;
      globalThis.gc?.();
      const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
      console.log(
        `${String(event.step).padStart(6)} ${mib(heapUsed)}    ${mib(arrayBuffers)} ${mib(rss)}`,
      );
    }),
  ),
);
