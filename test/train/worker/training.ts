import { workerData } from "node:worker_threads";
import { pipe } from "fp-ts/lib/function.js";
import { withBatchSize, withEpochs } from "../../../src/index.ts";
import { serveTraining } from "../../../src/train/index.ts";
import { small } from "../examples.ts";

/** A run for a worker, which its data chooses. */
export const run = pipe(small, withEpochs(3));

const invalid = pipe(run, withBatchSize(1000));
const endless = withEpochs(1_000_000)(run);

const runs: { readonly [name: string]: typeof run } = { run, invalid, endless };
serveTraining(runs[String(workerData)] ?? run);
