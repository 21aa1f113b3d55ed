import * as Effect from "effect/Effect";
import {
  Backend,
  type CompileOptions,
  type Executable,
  type Session,
  type Tensors,
} from "../../backend/backend.ts";
import { type Later, mapLater } from "../../backend/later.ts";
import type { Storage } from "../../tensor/dtype.ts";
import type { Pairs } from "./batches.ts";
import type { Pair } from "./objective.ts";
import type { Report, StepProgram } from "./program.ts";

/** A step program, compiled. */
export interface CompiledStep {
  readonly executable: Executable;
  readonly carried: number;
  readonly report: StepProgram["report"];
}

/** Compiles a step so that carried values stay in the backend's memory. */
export const compileStep = Effect.fnUntraced(function* (
  step: StepProgram,
  { deterministic }: Pick<CompileOptions, "deterministic"> = {},
) {
  const backend = yield* Backend;
  const executable = yield* backend.compile(step.program, {
    carried: step.carried,
    deterministic: deterministic ?? false,
  });
  const { carried, report } = step;
  return { executable, carried, report } satisfies CompiledStep;
});

/**
 * Runs steps of several batch sizes on one state. Steps are submitted, and their reports are read in the same order.
 *
 * The state lives in the session of the main step. A batch of another size (the last of an epoch) takes it out and runs
 * once, when its report is read: no further step may be submitted before. The next main step takes the state in again.
 */
export interface Runner {
  /** The number of further main steps that may be submitted before the report of the oldest is read. */
  readonly ahead: number;
  /** Gathers a batch, and submits a step on it. */
  readonly submit: (compiled: CompiledStep, examples: Pairs, rows: Int32Array) => void;
  readonly read: () => Later<Report>;
  /** A copy of the state's leaves after every step that was read, where no other is under way. */
  readonly leaves: () => Later<Tensors>;
  /** Gives up the steps that were not read, and the memory of the state. */
  readonly release: () => void;
}

export const runner = (main: CompiledStep, start: Tensors): Runner => {
  // Exactly one of the two holds the state: the session, if there is one, or else the leaves.
  let leaves = start;
  let session: Session | undefined;
  let reports: readonly (() => Later<Report>)[] = [];

  const takeOut = (): Later<Tensors> => {
    const held = session?.finish() ?? leaves;
    session = undefined;
    return held;
  };
  const readMain = (): Later<Report> => mapLater((session as Session).read(), main.report); // one was submitted to it

  const submit: Runner["submit"] = (compiled, examples, rows) => {
    if (compiled === main) {
      session ??= main.executable.start(leaves);
      // A step program reads a batch of inputs and one of targets.
      session.submit(([input, target]) =>
        examples.gatherInto(rows, { input, target } as Pair<Storage>),
      );
      reports = [...reports, readMain];
      return;
    }
    const { input, target } = examples.gather(rows);
    const { executable, carried, report } = compiled;
    const runOnce = (held: Tensors): Later<Report> =>
      mapLater(executable.run([...held, input, target]), (outputs) => {
        leaves = outputs.slice(0, carried);
        return report(outputs.slice(carried));
      });
    reports = [...reports, () => mapLater(takeOut(), runOnce)];
  };

  return {
    ahead: main.executable.ahead,
    submit,
    read: () => {
      const [oldest, ...rest] = reports;
      reports = rest;
      return (oldest as () => Later<Report>)(); // a step was submitted
    },
    leaves: () => session?.state() ?? leaves,
    release: () => {
      session?.release();
      session = undefined;
      reports = [];
    },
  };
};
