import type { Observable } from "rxjs";
import { printProgress } from "../train/operators/printProgress.ts";
import type { AnyPipeline } from "../train/pipeline.ts";
import { train$ } from "../train/train.ts";
import { explain } from "./explain.ts";

/** The exit code of a process that an interruption from the terminal ended. */
const interrupted = 130;

/**
 * Subscribes for the whole of this process: an error is explained and makes the exit code 1, and an
 * interruption from the terminal ends the stream before its next step.
 */
export const subscribeMain = (stream$: Observable<unknown>): void => {
  const end = (): void => {
    running.unsubscribe();
    process.exitCode = interrupted;
  };
  const running = stream$.subscribe({
    error: (error: unknown) => {
      console.error(explain(error));
      process.exitCode = 1;
    },
  });
  running.add(() => process.removeListener("SIGINT", end));
  process.once("SIGINT", end);
};

/** Trains a pipeline as the purpose of this process, and prints how it goes. */
export const runMain = (of: AnyPipeline): void => subscribeMain(train$(of).pipe(printProgress()));
