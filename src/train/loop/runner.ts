import * as Effect from "effect/Effect";
import {
  Backend,
  type CompileOptions,
  type Executable,
  type Session,
  type Tensors,
} from "../../backend/backend.ts";
import { type Later, mapLater } from "../../backend/later.ts";
import type { ColumnTypes, StepProgram, StepReport } from "../../learn/program.ts";
import { scalar } from "../../tensor/constructors.ts";
import { allocate, type Storage } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** A step program, compiled. */
export interface CompiledStep extends StepProgram {
  readonly executable: Executable;
  /** The types of the columns of a batch. */
  readonly types: ColumnTypes;
}

/** Compiles a step so that carried values stay in the backend's memory. */
export const compileStep = Effect.fnUntraced(function* (
  step: StepProgram,
  types: ColumnTypes,
  { deterministic }: Pick<CompileOptions, "deterministic"> = {},
) {
  const backend = yield* Backend;
  const executable = yield* backend.compile(step.program, {
    carried: step.carried,
    deterministic: deterministic ?? false,
  });
  return { ...step, types, executable } satisfies CompiledStep;
}, Effect.withSpan("compile"));

/** Writes a batch into arrays, one for each wanted column. */
export type FillColumns = (into: { readonly [column: string]: Storage }) => void;

/** Makes the inputs of a step after the carried ones: a batch of columns, and the epoch where it is one of them. */
export const inputsOf = (
  { columns, types, takesEpoch }: Omit<CompiledStep, "executable">,
  fill: FillColumns,
  epoch: number,
): Tensors => {
  const blank = columns.map((column) => {
    // The program was built for these columns.
    const { shape, dtype } = types[column] as ColumnTypes[string];
    return { column, shape, dtype, data: allocate(dtype, sizeOf(shape)) };
  });
  fill(Object.fromEntries(blank.map(({ column, data }) => [column, data])));
  return [
    ...blank.map(({ shape, dtype, data }) => Tensor.own(shape, dtype, data)),
    ...(takesEpoch ? [scalar(epoch, "i32")] : []),
  ];
};

/**
 * Runs steps of several batch sizes on one state. Steps are submitted, and their reports are read in the same order.
 *
 * The state lives in the session of the main step. A batch of another size (the last of an epoch) takes it out and runs
 * once, when its report is read: no further step may be submitted before. The next main step takes the state in again.
 */
export interface Runner {
  /** Whether a further step may be submitted before the report of the oldest is read. */
  readonly room: () => boolean;
  /** Gathers a batch, and submits a step on it. */
  readonly submit: (compiled: CompiledStep, fill: FillColumns, epoch: number) => void;
  readonly read: () => Later<StepReport>;
  /** A copy of the state's leaves after every step that was read, where no other is under way. */
  readonly leaves: () => Later<Tensors>;
  /** Goes on from other leaves, where no step is under way. */
  readonly replace: (leaves: Tensors) => void;
  /** Gives up the steps that were not read, and the memory of the state. */
  readonly release: () => void;
}

export const runner = (main: CompiledStep, start: Tensors): Runner => {
  // Exactly one of the two holds the state: the session, if there is one, or else the leaves.
  let leaves = start;
  let session: Session | undefined;
  let reports: readonly (() => Later<StepReport>)[] = [];
  // Whether a step of another size waits for its turn.
  let apart = false;
  const { ahead } = main.executable;

  const takeOut = (): Later<Tensors> => {
    const held = session?.finish() ?? leaves;
    session = undefined;
    return held;
  };
  const readMain = (): Later<StepReport> => mapLater((session as Session).read(), main.report); // one was submitted to it

  const submit: Runner["submit"] = (compiled, fill, epoch) => {
    if (compiled === main) {
      session ??= main.executable.start(leaves);
      const { columns, takesEpoch } = main;
      session.submit((inputs) => {
        // The program reads the columns in this order, then the epoch.
        fill(Object.fromEntries(columns.map((column, i) => [column, inputs[i] as Storage])));
        if (takesEpoch) inputs.at(-1)?.fill(epoch);
      });
      reports = [...reports, readMain];
      return;
    }
    const inputs = inputsOf(compiled, fill, epoch);
    const { executable, carried, report } = compiled;
    const runOnce = (held: Tensors): Later<StepReport> =>
      mapLater(executable.run([...held, ...inputs]), (outputs) => {
        leaves = outputs.slice(0, carried);
        return report(outputs.slice(carried));
      });
    apart = true;
    reports = [...reports, () => mapLater(takeOut(), runOnce)];
  };

  return {
    room: () => !apart && reports.length <= ahead,
    submit,
    read: () => {
      const [oldest, ...rest] = reports;
      reports = rest;
      if (rest.length === 0) apart = false;
      return (oldest as () => Later<StepReport>)(); // a step was submitted
    },
    leaves: () => session?.state() ?? leaves,
    replace: (others) => {
      session?.release();
      session = undefined;
      leaves = others;
    },
    release: () => {
      session?.release();
      session = undefined;
      reports = [];
    },
  };
};
