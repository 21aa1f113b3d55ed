import type { Observable } from "rxjs";
import { formatError } from "../errors/failure.ts";
import { OutputNotWritten } from "../errors.ts";
import { printProgress } from "./operators/printProgress.ts";
import type { AnyPipeline } from "./pipeline/pipeline.ts";
import { train$ } from "./train.ts";

/** The exit codes of a process that was interrupted from the terminal, and of one told to end. */
const interrupted = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Does `stop` when standard output takes no more. A reader that has gone away (`| head`) is no failure; anything
 * else, such as a full disk, is explained once and makes the exit code 1.
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
 * Subscribes for the whole of this process: an error is explained and makes the exit code 1. An
 * interruption from the terminal ends the stream before its next step, and so does an output that takes no
 * more.
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

/** Trains a pipeline as the purpose of this process, and prints how it goes. */
export const runMain = (of: AnyPipeline): void => subscribeMain(train$(of).pipe(printProgress()));
