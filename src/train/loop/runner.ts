import * as Effect from "effect/Effect";
import {
  Backend,
  type CompileOptions,
  type Executable,
  type Session,
} from "../../backend/backend.ts";
import type { Storage } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
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
 * Runs steps of several batch sizes on one state.
 *
 * The state lives in the session of the main step. A batch of another size (the last of an epoch) takes it out
 * and runs once, and the next main step takes it in again.
 */
export interface Runner {
  readonly step: (compiled: CompiledStep, examples: Pairs, rows: Int32Array) => Report;
  /** A copy of the state's leaves, unaffected by later steps. */
  readonly leaves: () => readonly Tensor[];
}

export const runner = (main: CompiledStep, start: readonly Tensor[]): Runner => {
  // Exactly one of the two holds the state: the session, if there is one, or else the leaves.
  let leaves = start;
  let session: Session | undefined;

  const takeOut = (): readonly Tensor[] => {
    if (session !== undefined) leaves = session.finish();
    session = undefined;
    return leaves;
  };

  return {
    step: (compiled, examples, rows) => {
      if (compiled === main) {
        session ??= main.executable.start(leaves);
        // A step program reads a batch of inputs and one of targets.
        const fill = ([input, target]: readonly Storage[]) =>
          examples.gatherInto(rows, { input, target } as Pair<Storage>);
        return main.report(session.stepFilled(fill));
      }
      const { input, target } = examples.gather(rows);
      const outputs = compiled.executable.run([...takeOut(), input, target]);
      leaves = outputs.slice(0, compiled.carried);
      return compiled.report(outputs.slice(compiled.carried));
    },
    leaves: () => session?.state() ?? leaves,
  };
};
