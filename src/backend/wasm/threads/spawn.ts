import type { Message } from "./mailbox.ts";

/**
 * Starts workers: `worker_threads` in Node, Web Workers in a page. It has no static import of Node modules, so bundles
 * for pages need none.
 */
export interface Hand {
  readonly post: (message: Message) => void;
  /**
   * The reason why the worker will never answer again, if known. It can be read without returning to the event loop.
   */
  readonly lost: () => string | undefined;
  readonly end: () => void;
}

/** The part of a page's Web Workers that is used here. */
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

/** Loads a built-in module of Node; `undefined` elsewhere. */
const builtin = <K extends "node:worker_threads" | "node:os">(name: K) =>
  scope.process?.getBuiltinModule?.(name);

/** Whether this thread may sleep: a page's main thread may not. */
export const maySleep = scope.document === undefined;

/** Whether memory can be shared here. A page must be isolated from other origins. */
export const canShare = (): boolean =>
  typeof SharedArrayBuffer === "function" && scope.crossOriginIsolated !== false;

/** The number of threads that this machine runs at the same time. */
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
  // The events above arrive only when this thread returns to the event loop. A thread that ends by itself says so in
  // its mailbox. One that was ended has a negative idle time at once, if this thread returned to the event loop after
  // the worker began. Deno and Bun do not measure idle time (Bun complains when asked): there, only silence shows it.
  const measured = !("deno" in process.versions || "bun" in process.versions);
  const idle = (): number => (measured ? worker.performance.eventLoopUtilization().idle : 0);
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

/** The reason for a worker that fails without giving one, as under a page's content policy. */
const forbidden = "the page's content policy has no worker-src blob:";

const inPage = (Worker: new (url: string) => WebWorker, program: string): Hand => {
  const url = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  const worker = new Worker(url);
  let reason: string | undefined;
  worker.onerror = ({ message }) => {
    reason ??= message ?? forbidden;
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

/** Starts a worker, or returns the reason why it cannot. */
export const startHand = (program: string): Hand | { readonly refused: string } => {
  const node = builtin("node:worker_threads");
  try {
    if (node !== undefined) return inNode(node, program);
    if (scope.Worker !== undefined) return inPage(scope.Worker, program);
    return { refused: "there are no workers here" };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
};
