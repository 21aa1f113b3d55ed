import type { Observable } from "rxjs";
import { formatError } from "../errors/failure.ts";
import { OutputNotWritten } from "../errors.ts";
import { printProgress } from "./operators/printProgress.ts";
import type { AnyPipeline } from "./pipeline/pipeline.ts";
import { train$ } from "./train.ts";

/** The exit codes after an interruption from the terminal and after a request to terminate. */
const interrupted = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Calls `stop` when standard output can no longer be written. A reader that has gone away (`| head`) is not a
 * failure. Anything else, such as a full disk, is explained once and sets the exit code to 1.
 */
export const whenUnwritten = (stop: () => void): void => {
  let explained = false;
  process.stdout.on("error", ({ code, message }: Error & { readonly code?: string }) => {
    stop();
    if (code === "EPIPE" || explained) return;
    explained = true;
    process.exitCode = 1;
    console.error(formatError(new OutputNotWritten({ reason: message })));
  });
};

/**
 * Subscribes to a stream as the purpose of this process.
 *
 * An error is explained and sets the exit code to 1. An interruption from the terminal ends the stream before its
 * next step, and so does an output that cannot be written.
 */
export const subscribeMain = (stream$: Observable<unknown>): void => {
  const stop = (signal: keyof typeof interrupted): void => {
    running.unsubscribe();
    process.exitCode = interrupted[signal];
  };
  const running = stream$.subscribe({
    error: (error: unknown) => {
      console.error(formatError(error));
      process.exitCode = 1;
    },
  });
  process.once("SIGINT", stop).once("SIGTERM", stop);
  whenUnwritten(() => running.unsubscribe());
  running.add(() => {
    process.removeListener("SIGINT", stop).removeListener("SIGTERM", stop);
  });
};

/** Trains a pipeline as the purpose of this process, and prints its progress. */
export const runMain = (of: AnyPipeline): void => subscribeMain(train$(of).pipe(printProgress()));
