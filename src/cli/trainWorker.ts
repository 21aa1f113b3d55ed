import { workerData } from "node:worker_threads";
import * as Effect from "effect/Effect";
import { defer, from, mergeAll } from "rxjs";
import { serveEvents } from "../train/worker/serve.ts";
import { runOf, type WorkerTold } from "./train.ts";

/** The worker in which the command line trains. */
serveEvents((_, stop$) => {
  const { name, settings } = workerData as WorkerTold; // as `training` tells it
  return defer(() => from(Effect.runPromise(runOf(name, settings, stop$)))).pipe(mergeAll());
});
