import type { Observable } from "rxjs";
import { explain } from "./explain.ts";
import { printProgress } from "./operators/printProgress.ts";
import type { AnyPipeline } from "./pipeline.ts";
import { train$ } from "./train.ts";

/** The exit codes of a process that was interrupted from the terminal, and of one told to end. */
const interrupted = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Subscribes for the whole of this process: an error is explained and makes the exit code 1. An
 * interruption from the terminal ends the stream before its next step, and so does a reader of the output
 * that has gone away.
 */
export const subscribeMain = (stream$: Observable<unknown>): void => {
  const stop = (signal: keyof typeof interrupted): void => {
    running.unsubscribe();
    process.exitCode = interrupted[signal];
  };
  const unread = (error: Error & { readonly code?: string }): void => {
    if (error.code !== "EPIPE") throw error;
    running.unsubscribe();
  };
  const running = stream$.subscribe({
    error: (error: unknown) => {
      console.error(explain(error));
      process.exitCode = 1;
    },
  });
  process.once("SIGINT", stop).once("SIGTERM", stop);
  process.stdout.on("error", unread);
  running.add(() => {
    process.removeListener("SIGINT", stop).removeListener("SIGTERM", stop);
  });
};

/** Trains a pipeline as the purpose of this process, and prints how it goes. */
export const runMain = (of: AnyPipeline): void => subscribeMain(train$(of).pipe(printProgress()));
