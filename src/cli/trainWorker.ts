import { workerData } from "node:worker_threads";
import * as Effect from "effect/Effect";
import { defer, from, map, mergeAll } from "rxjs";
import type { TrainEvent } from "../train/events/event.ts";
import { serveEvents } from "../train/worker/serve.ts";
import { runOf, type WorkerTold } from "./train.ts";

/** An event without what is trained: who prints events reads none of it, and copying it takes time and memory. */
const untrained = (event: TrainEvent): TrainEvent =>
  "state" in event ? { ...event, state: { ...event.state, carried: undefined } } : event;

/** The worker in which the command line trains. */
serveEvents((_, stop$) => {
  const { name, settings } = workerData as WorkerTold; // as `training` tells it
  return defer(() => from(Effect.runPromise(runOf(name, settings, stop$)))).pipe(
    mergeAll(),
    map(untrained),
  );
});
