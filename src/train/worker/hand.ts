import type { Subscriber } from "rxjs";
import { BackendUnavailable } from "../../errors.ts";
import type { Started, TrainEvent } from "../events/event.ts";
import type { TrainState } from "../state/state.ts";
import { type FromWorker, mostUnseen, type ToWorker, unpack, unpackError } from "./messages.ts";
import { programOf } from "./program.ts";

/** A Web Worker, as much of it as is used here. */
export interface WebWorker {
  postMessage: (message: never, transfer: never) => void;
  terminate: () => void;
  addEventListener: (type: never, heard: never) => void;
}

/** A started worker, in Node or in a page. */
export interface Hand {
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

/** Starts a worker. **Fails with** `BackendUnavailable`, thrown, where there are none. */
export const started = (from: URL | (() => WebWorker), workerData: unknown): Hand => {
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
  const cache = scope.process?.getBuiltinModule?.("node:module").getCompileCacheDir?.();
  const node = !("deno" in process.versions || "bun" in process.versions);
  // Modules are most of the start of a worker.
  const worker = node
    ? new threads.Worker(programOf(from, cache), { workerData, eval: true })
    : new threads.Worker(from, { workerData });
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

/** Passes what a run in a worker says on to a subscriber. `over` is called first where it is the last of the run. */
export const following = <C>(
  { post }: Hand,
  subscriber: Subscriber<TrainEvent<TrainState<C>>>,
): ((message: FromWorker, over: () => void) => void) => {
  const requestState: Started["requestState"] = (step) => post({ fluxion: "state", step }, []);
  let seen = 0;
  return (message, over) => {
    switch (message.fluxion) {
      case "event": {
        const event = unpack(message.event) as TrainEvent<TrainState<C>>;
        subscriber.next(event._tag === "Started" ? { ...event, requestState } : event);
        seen += 1;
        if (seen < mostUnseen / 4) return;
        post({ fluxion: "seen", events: seen }, []);
        seen = 0;
        return;
      }
      case "error":
        over();
        return subscriber.error(unpackError(message.error));
      case "complete":
        over();
        return subscriber.complete();
      case "ended":
        return over();
    }
  };
};
