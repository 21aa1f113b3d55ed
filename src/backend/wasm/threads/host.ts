import type { Message } from "./mailbox.ts";

/**
 * Where threads come from: `worker_threads` in Node, Web Workers in a page. Nothing of Node is imported, so that
 * a bundle for pages needs nothing of it.
 */
export interface Hand {
  readonly post: (message: Message) => void;
  /** Why the worker will not answer any more, if that is known; asking does not need the event loop. */
  readonly lost: () => string | undefined;
  readonly end: () => void;
}

/** What a page's Web Workers are, as far as they are used. */
interface WebWorker {
  postMessage(message: Message): void;
  terminate(): void;
  onerror: ((event: { readonly message?: string }) => void) | null;
}

const scope = globalThis as typeof globalThis & {
  readonly Worker?: new (url: string) => WebWorker;
  readonly document?: object;
  readonly crossOriginIsolated?: boolean;
  readonly navigator?: { readonly hardwareConcurrency?: number };
  readonly process?: NodeJS.Process;
};

/** A part of Node, where this is Node. */
const builtin = <K extends "node:worker_threads" | "node:os">(name: K) =>
  scope.process?.getBuiltinModule?.(name);

/** Whether this thread may sleep: a page's main thread may not. */
export const maySleep = scope.document === undefined;

/** Whether memory can be shared here: a page has to be isolated from other origins. */
export const canShare = (): boolean =>
  typeof SharedArrayBuffer === "function" && scope.crossOriginIsolated !== false;

/** How many threads this machine runs at the same time. */
export const parallelism = (): number =>
  builtin("node:os")?.availableParallelism() ?? scope.navigator?.hardwareConcurrency ?? 1;

const inNode = ({ Worker }: typeof import("node:worker_threads"), program: string): Hand => {
  const worker = new Worker(program, { eval: true, execArgv: [], name: "fluxion" });
  let reason: string | undefined;
  worker.unref();
  worker.on("error", (error) => {
    reason ??= error instanceof Error ? error.message : String(error);
  });
  worker.on("exit", (code) => {
    reason ??= `it ended with code ${code}`;
  });
  // The events above come when this thread gives way. A thread that ends by itself says so in its mailbox; one
  // that was ended has an idle time below 0 at once, if this thread gave way after it had begun.
  const idle = (): number => worker.performance.eventLoopUtilization().idle;
  worker.on("online", idle);
  return {
    post: (message) => worker.postMessage(message),
    lost: () => reason ?? (idle() < 0 ? "it ended" : undefined),
    end: () => {
      reason ??= "it was ended";
      worker.terminate();
    },
  };
};

const inPage = (Worker: new (url: string) => WebWorker, program: string): Hand => {
  const url = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  const worker = new Worker(url);
  let reason: string | undefined;
  worker.onerror = ({ message }) => {
    reason ??= message ?? "it could not be started";
  };
  return {
    post: (message) => worker.postMessage(message),
    lost: () => reason,
    end: () => {
      reason ??= "it was ended";
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
};

/** A new worker; `undefined` where there are none. */
export const startHand = (program: string): Hand | undefined => {
  const node = builtin("node:worker_threads");
  try {
    if (node !== undefined) return inNode(node, program);
    return scope.Worker === undefined ? undefined : inPage(scope.Worker, program);
  } catch {
    return undefined; // a page's policy may forbid it: then one thread does all
  }
};
