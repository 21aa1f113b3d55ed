import { createInterface } from "node:readline";
import { type Problem, readProblem } from "./problem.ts";

/**
 * What the driver asks of a contender and what it answers: one JSON object a line, over standard input
 * and output. A contender works only while it is asked, so that several can take turns on one machine.
 */
export type Request =
  | { readonly ask: "about" }
  | {
      readonly ask: "workload";
      readonly name: string;
      readonly folder: string;
      /** How many steps to take and tell the losses of, unless they take longer than `milliseconds`. */
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
  /** What else is known of the program: its compile time, its memory. */
  readonly facts?: { readonly [fact: string]: number };
}
/** Elements of a result, evenly far apart, by which two results are compared. */
export interface Digest {
  readonly elements: readonly number[];
  /** The mean magnitude of these elements. */
  readonly magnitude: number;
}
export interface Samples {
  /** Milliseconds of each run, one after the other. */
  readonly samples: readonly number[];
}
export interface Refusal {
  readonly error: string;
}

/** A workload set up: each call is a training step, and gives its loss. */
export interface Training {
  readonly step: () => number | Promise<number>;
  readonly facts?: { readonly [fact: string]: number };
}
/** A kernel set up: each `run` computes it once. */
export interface Running {
  readonly run: () => unknown;
  readonly result: () => ArrayLike<number> | Promise<ArrayLike<number>>;
}

/** A framework that takes part. What it cannot do it refuses by throwing, in words for the table. */
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

/** Warm-up before a kernel's result is looked at: engines compile what runs often. */
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
    // The driver writes nothing but requests.
    const request = JSON.parse(line) as Request;
    const said = await answer(request).catch(
      (error: unknown): Refusal => ({
        error: (error instanceof Error ? error.message : String(error)).split("\n")[0] as string,
      }),
    );
    process.stdout.write(`${JSON.stringify(said)}\n`);
  }
};
