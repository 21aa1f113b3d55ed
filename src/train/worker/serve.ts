import * as Layer from "effect/Layer";
import { defer, filter, type Observable, Subject, type Subscription } from "rxjs";
import { ReverseMode } from "../../autodiff/index.ts";
import { Backend } from "../../backend/index.ts";
import type { Started, TrainEvent } from "../events/event.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { type SharedServices, sharedServices } from "../services.ts";
import type { TrainState } from "../state/state.ts";
import { type TrainOptions, train$ } from "../train.ts";
import {
  buffersOf,
  type FromWorker,
  mostUnseen,
  pack,
  packError,
  type Told,
  type ToWorker,
  unpack,
} from "./messages.ts";

/** The thread that started this worker. */
interface Starter {
  readonly post: (message: FromWorker, transfer: readonly ArrayBuffer[]) => void;
  readonly listen: (heard: (message: ToWorker) => void) => void;
}

interface WebScope {
  readonly process?: NodeJS.Process;
  readonly document?: object;
  readonly postMessage?: (message: unknown, transfer: readonly ArrayBuffer[]) => void;
  readonly addEventListener?: (
    type: "message",
    heard: (event: { readonly data: unknown }) => void,
  ) => void;
}

const isToWorker = (message: unknown): message is ToWorker =>
  typeof message === "object" &&
  message !== null &&
  "fluxion" in message &&
  ["train", "state", "seen", "stop", "end"].includes(message.fluxion as string);

/** The thread that started this one; `undefined` where this is no worker. */
const starter = (): Starter | undefined => {
  const scope = globalThis as WebScope;
  const threads = scope.process?.getBuiltinModule?.("node:worker_threads");
  if (threads !== undefined) {
    const { parentPort } = threads;
    return parentPort === null
      ? undefined
      : {
          post: (message, transfer) => parentPort.postMessage(message, [...transfer]),
          listen: (heard) =>
            parentPort.on("message", (message: unknown) => {
              if (isToWorker(message)) heard(message);
            }),
        };
  }
  const { postMessage, addEventListener } = scope;
  if (scope.document !== undefined || postMessage === undefined || addEventListener === undefined)
    return undefined;
  return {
    post: (message, transfer) => postMessage(message, transfer),
    listen: (heard) =>
      addEventListener("message", ({ data }) => {
        if (isToWorker(data)) heard(data);
      }),
  };
};

/**
 * Serves a run to the thread that started this worker. It is given a state to resume from, and an observable that emits
 * where the run is asked to end by itself. Does nothing where this is no worker.
 */
export const serveEvents = (
  run: (
    from: TrainState | undefined,
    stop$: Observable<void>,
    trial: Told | undefined,
  ) => Observable<TrainEvent>,
): void => {
  const to = starter();
  if (to === undefined) return;
  const stop$ = new Subject<void>();
  let started: Started | undefined;
  // A subscriber that is slower than the run holds it back, so that no queue grows.
  let unseen = 0;
  let goOn: (() => void) | undefined;
  const say = (message: FromWorker): void => to.post(message, buffersOf(message));
  let running: Subscription | undefined;
  const train = (from: TrainState | undefined, trial: Told | undefined): void => {
    [started, unseen, goOn] = [undefined, 0, undefined];
    running = defer(() => run(from, stop$, trial)).subscribe({
      next: (event) => {
        if (event._tag === "Started") started = event;
        // A scheduler tells the time of this thread alone.
        const told = event._tag === "Started" ? { ...event, scheduler: undefined } : event;
        say({ fluxion: "event", event: pack(told) });
        unseen += 1;
        if (unseen >= mostUnseen) goOn ??= started?.hold?.();
      },
      error: (error: unknown) => say({ fluxion: "error", error: packError(error) }),
      complete: () => say({ fluxion: "complete" }),
    });
  };
  to.listen((asked) => {
    switch (asked.fluxion) {
      case "train":
        // The subscriber has a state of this run; otherwise the run refuses it.
        return train(unpack(asked.from) as TrainState | undefined, asked.trial);
      case "state":
        return started?.requestState?.(asked.step);
      case "stop":
        return stop$.next();
      case "end":
        running?.unsubscribe();
        return say({ fluxion: "ended" });
      case "seen":
        unseen -= asked.events;
        if (unseen >= mostUnseen) return;
        goOn?.();
        goOn = undefined;
    }
  });
};

/**
 * Lets `trainInWorker` train a pipeline in this module: at the end of a module that a worker runs. It does nothing
 * elsewhere, so that the module may also be imported.
 */
export const serveTraining = <C, E>(
  of: Pipeline<C, E>,
  options: Omit<TrainOptions<C>, "from"> = {},
): void =>
  serveEvents((from) =>
    // The state was made by a run of this pipeline; otherwise the run refuses it.
    train$(of, from === undefined ? options : { ...options, from: from as TrainState<C> }),
  );

/**
 * Lets `keptWorkers`, and a search with `workers`, train pipelines in this module: for each run it makes the pipeline of
 * the values that it is told. The module stays loaded from run to run, and so do its data, where the function does not
 * load them anew, and the compiled programs. Does nothing where this is no worker.
 */
export const serveTrials = <V, C, E>(
  of: (values: V) => Pipeline<C, E>,
  options: Omit<TrainOptions<C>, "from"> = {},
): void => {
  let shared: SharedServices | undefined;
  serveEvents((from, _, trial) => {
    const threads = trial?.threads;
    // As many threads for each run: the first one says how many.
    shared ??= sharedServices(
      Layer.merge(
        Backend.layerWasmWith(threads === undefined ? {} : { threads }),
        ReverseMode.layerTape,
      ),
    );
    // Whoever tells the values knows this module, and has the state from a run of the same pipeline.
    const events$ = train$(of(trial?.values as V), {
      services: shared,
      ...options,
      ...(from && { from: from as TrainState<C> }),
    });
    const { steps = true } = trial ?? {};
    return steps ? events$ : events$.pipe(filter(({ _tag }) => _tag !== "StepCompleted"));
  });
};
