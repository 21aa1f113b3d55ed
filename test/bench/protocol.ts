import { createInterface } from "node:readline";
import { type Problem, readProblem } from "./problem.ts";

/**
 * The requests of the driver and the answers of a contender: one JSON object per line, over standard input and output.
 * A contender works only on request, so that several can take turns on one machine.
 */
export type Request =
  | { readonly ask: "about" }
  | {
      readonly ask: "workload";
      readonly name: string;
      readonly folder: string;
      /** The number of steps whose losses to return, unless they take longer than `milliseconds`. */
      readonly steps: number;
      readonly milliseconds: number;
    }
  | { readonly ask: "kernel"; readonly name: string; readonly folder: string }
  | { readonly ask: "time"; readonly milliseconds: number };

export interface About {
  readonly version: string;
}
export interface Losses {
  readonly losses: readonly number[];
  /** Other figures of the program, such as its compile time and memory. */
  readonly facts?: { readonly [fact: string]: number };
}
/** Evenly spaced elements of a result, by which two results are compared. */
export interface Digest {
  readonly elements: readonly number[];
  /** The mean magnitude of these elements. */
  readonly magnitude: number;
}
export interface Samples {
  /** The milliseconds of each run, in order. */
  readonly samples: readonly number[];
}
export interface Refusal {
  readonly error: string;
}

/** A workload after setup. Each call is a training step and returns its loss. */
export interface Training {
  readonly step: () => number | Promise<number>;
  readonly facts?: { readonly [fact: string]: number };
}
/** A kernel after setup. Each `run` computes it once. */
export interface Running {
  readonly run: () => unknown;
  readonly result: () => ArrayLike<number> | Promise<ArrayLike<number>>;
}

/** A framework in the bench. It refuses requests that it cannot do by throwing a message for the table. */
export interface Contender {
  readonly version: string;
  readonly workload: (name: string, problem: Problem) => Training | Promise<Training>;
  readonly kernel: (name: string, problem: Problem) => Running | Promise<Running>;
}

const probes = 257;

export const digest = (values: ArrayLike<number>): Digest => {
  const at = (i: number): number => values[Math.floor((i * values.length) / probes)] as number;
  const elements = Array.from({ length: probes }, (_, i) => at(i));
  return { elements, magnitude: elements.reduce((n, x) => n + Math.abs(x), 0) / probes };
};

/** Warm-up runs before a kernel's result is read: engines compile code that runs often. */
const warmUp = 3;

/** Answers requests until standard input ends. */
export const serve = async (contender: Contender): Promise<void> => {
  let current: () => unknown = () => undefined;

  const answer = async (request: Request): Promise<About | Losses | Digest | Samples> => {
    switch (request.ask) {
      case "about":
        return { version: contender.version };
      case "workload": {
        const problem = readProblem(request.folder);
        const { step, facts } = await contender.workload(request.name, problem);
        current = step;
        const losses: number[] = [];
        const end = performance.now() + request.milliseconds;
        while (losses.length < request.steps && (losses.length === 0 || performance.now() < end))
          losses.push(await step());
        return facts === undefined ? { losses } : { losses, facts };
      }
      case "kernel": {
        const { run, result } = await contender.kernel(request.name, readProblem(request.folder));
        current = run;
        for (let i = 0; i < warmUp; i++) await run();
        return digest(await result());
      }
      case "time": {
        const samples: number[] = [];
        const end = performance.now() + request.milliseconds;
        let last = performance.now();
        do {
          const pending = current();
          if (pending instanceof Promise) await pending;
          const now = performance.now();
          samples.push(now - last);
          last = now;
        } while (last < end);
        return { samples };
      }
    }
  };

  for await (const line of createInterface({ input: process.stdin })) {
    // The driver writes only requests.
    const request = JSON.parse(line) as Request;
    const said = await answer(request).catch(
      (error: unknown): Refusal => ({
        error: (error instanceof Error ? error.message : String(error)).split("\n")[0] as string,
      }),
    );
    process.stdout.write(`${JSON.stringify(said)}\n`);
  }
};
