import { NEVER, Observable } from "rxjs";
import { BackendUnavailable, WorkerLost } from "../../errors.ts";
import type { Started, TrainEvent } from "../events/event.ts";
import type { TrainState } from "../state/state.ts";
import {
  buffersOf,
  type FromWorker,
  mostUnseen,
  packSlowly,
  type ToWorker,
  unpack,
  unpackError,
} from "./messages.ts";

/** A Web Worker, as much of it as is used here. */
export interface WebWorker {
  postMessage: (message: never, transfer: never) => void;
  terminate: () => void;
  addEventListener: (type: never, heard: never) => void;
}

/** A started worker, in Node or in a page. */
interface Hand {
  readonly post: (message: ToWorker, transfer: readonly ArrayBuffer[]) => void;
  readonly listen: (heard: (message: FromWorker) => void, lost: (reason: string) => void) => void;
  readonly end: () => void;
}

interface Scope {
  readonly process?: NodeJS.Process;
  readonly Worker?: new (url: string | URL, options: { readonly type: "module" }) => WebWorker;
}

type Listen = (type: string, heard: (event: { data?: unknown; message?: string }) => void) => void;

const inPage = (worker: WebWorker): Hand => ({
  post: (message, transfer) => worker.postMessage(message as never, transfer as never),
  listen: (heard, lost) => {
    const listen = worker.addEventListener.bind(worker) as Listen;
    listen("message", ({ data }) => heard(data as FromWorker));
    listen("error", ({ message }) => lost(message ?? "its module could not be loaded"));
    listen("messageerror", () => lost("a message could not be read"));
  },
  end: () => worker.terminate(),
});

const started = (from: URL | (() => WebWorker), workerData: unknown): Hand => {
  const scope = globalThis as Scope;
  if (typeof from === "function") return inPage(from());
  const threads = scope.process?.getBuiltinModule?.("node:worker_threads");
  if (threads === undefined) {
    if (scope.Worker === undefined)
      throw new BackendUnavailable({
        backend: "worker",
        missing: "workers",
        alternative: "reference",
      });
    return inPage(new scope.Worker(from, { type: "module" }));
  }
  const worker = new threads.Worker(from, { workerData });
  return {
    post: (message, transfer) => worker.postMessage(message, [...transfer]),
    listen: (heard, lost) => {
      worker.on("message", heard);
      worker.on("error", (error) => lost(error instanceof Error ? error.message : String(error)));
      worker.on("exit", (code) => lost(`it ended with code ${code}`));
    },
    end: () => {
      void worker.terminate();
    },
  };
};

/** The options of {@link trainInWorker}. */
export interface WorkerOptions<C> {
  /** A state to resume from. Defaults to the initial state, which the seed determines. */
  readonly from?: TrainState<C>;
  /** Asks the run to end by itself, where its module has a way to. Defaults to never. */
  readonly stop$?: Observable<unknown>;
  /** Data for the module of the worker, in Node. Defaults to none. */
  readonly workerData?: unknown;
}

/**
 * Trains in a worker, as a cold stream of the events of the run: each subscription starts a worker, and unsubscribing
 * ends it at once, even in the middle of a long step. The subscriber's thread stays free.
 *
 * The worker's module ends with `serveTraining(pipeline)`. It is given by its URL, or where a bundler has to see it, by a
 * function that starts it: `() => new Worker(new URL("./training.ts", import.meta.url), { type: "module" })`. Vite also
 * gives the URL of a worker that it bundles, `import url from "./training.ts?worker&url"`.
 *
 * A run that is faster than its subscriber waits for it, so that no more than 64 events are on their way.
 *
 * Events and states arrive complete and to the bit. The functions of a `Started` event do not, but for `requestState`:
 * operators that hold a run back, or that evaluate its test data, belong to the pipeline, and run in the worker with it.
 *
 * **Fails with** the errors of the run; `WorkerLost` where the worker ends by itself or its module does not load;
 * `BackendUnavailable` where there are no workers.
 */
export const trainInWorker = <C = unknown>(
  worker: URL | (() => WebWorker),
  { from, workerData, stop$ = NEVER }: WorkerOptions<C> = {},
): Observable<TrainEvent<TrainState<C>>> =>
  new Observable((subscriber) => {
    const { post, listen, end } = started(worker, workerData);
    const requestState: Started["requestState"] = (step) => post({ fluxion: "state", step }, []);
    let seen = 0;
    listen(
      (message) => {
        if (message.fluxion === "complete") subscriber.complete();
        else if (message.fluxion === "error") subscriber.error(unpackError(message.error));
        else if (message.fluxion === "event") {
          const event = unpack(message.event) as TrainEvent<TrainState<C>>;
          subscriber.next(event._tag === "Started" ? { ...event, requestState } : event);
          seen += 1;
          if (seen < mostUnseen / 4) return;
          post({ fluxion: "seen", events: seen }, []);
          seen = 0;
        }
      },
      (reason) => subscriber.error(new WorkerLost({ worker: 1, workers: 1, reason })),
    );
    const begin = (packed: unknown): void => {
      if (!subscriber.closed) post({ fluxion: "train", from: packed }, buffersOf(packed));
    };
    // A state may be large; without one, the run begins at once.
    if (from === undefined) begin(undefined);
    else
      packSlowly(from).then(begin, (error: unknown) => {
        subscriber.error(error);
      });
    const stopping = stop$.subscribe(() => post({ fluxion: "stop" }, []));
    return () => {
      stopping.unsubscribe();
      end();
    };
  });
