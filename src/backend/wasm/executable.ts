import { MemoryLimit } from "../../errors.ts";
import type { Program } from "../../ir/expr.ts";
import { power } from "../../rules/evaluate/elementwise.ts";
import type { Dtype, Storage } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Executable, Fill, Session } from "../backend.ts";
import { inputIssue } from "../check.ts";
import { engine, type WasmFunction, type WasmMemory } from "./assembler/index.ts";
import { scalarMath } from "./codegen/math/index.ts";
import { type Compiled, pageBytes, type Slot } from "./compile.ts";
import { pagesTogether, type Running, runningTogether, type Threads } from "./threads/index.ts";

/** What every module may call: f64 functions of JavaScript. */
const imports = {
  math: { ...scalarMath, pow: power, fmod: (x: number, y: number): number => x % y },
};

const viewIn = (memory: WasmMemory, { address, type }: Slot): Storage => {
  const views: { readonly [D in Dtype]: () => Storage } = {
    f32: () => new Float32Array(memory.buffer, address, size),
    f64: () => new Float64Array(memory.buffer, address, size),
    i32: () => new Int32Array(memory.buffer, address, size),
    u8: () => new Uint8Array(memory.buffer, address, size),
    bool: () => new Uint8Array(memory.buffer, address, size),
  };
  const size = sizeOf(type.shape);
  return views[type.dtype]();
};

/** A module with memory of its own. The memory never grows, so views of it stay good. */
interface Instance {
  /** Where its inputs are. */
  readonly inputs: readonly Storage[];
  readonly read: (from: number, to: number) => readonly Tensor[];
  readonly readInputs: (to: number) => readonly Tensor[];
  readonly run: () => void;
}

/** A module of one thread, with the memory that it exports. */
const alone = ({ module }: Compiled): Running => {
  const { exports } = new engine.Instance(module, imports);
  const run = exports.run as WasmFunction; // the module exports both
  return { memory: exports.memory as WasmMemory, run: () => run() };
};

/** What `make` makes in so many bytes of memory, which a program may use but a machine may not have. */
const granted = (compiled: Compiled, pages: number, make: () => Running): Running => {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new MemoryLimit({
      of: "program",
      needed: pages * pageBytes,
      limit: undefined,
      largest: compiled.largest,
      parts: compiled.parts,
    });
  }
};

const running = (compiled: Compiled, threads: Threads): Running => {
  const { together, module, pages } = compiled;
  return together === undefined
    ? granted(compiled, pages, () => alone(compiled))
    : granted(compiled, pagesTogether(together, threads), () =>
        runningTogether(module, together, imports, threads),
      );
};

const instantiate = (compiled: Compiled, threads: Threads): Instance => {
  const { memory, run } = running(compiled, threads);
  const inputs = compiled.inputs.map((slot) => viewIn(memory, slot));
  const outputs = compiled.outputs.map((slot) => viewIn(memory, slot));
  const copies = (
    slots: readonly Slot[],
    views: readonly Storage[],
    from: number,
    to: number,
  ): readonly Tensor[] =>
    slots
      .slice(from, to)
      .map(({ type }, i) =>
        Tensor.own(type.shape, type.dtype, (views[from + i] as Storage).slice()),
      );
  return {
    inputs,
    read: (from, to) => copies(compiled.outputs, outputs, from, to),
    readInputs: (to) => copies(compiled.inputs, inputs, 0, to),
    run,
  };
};

const copyOf =
  (tensors: readonly Tensor[]): Fill =>
  (inputs) =>
    tensors.forEach((tensor, i) => {
      inputs[i]?.set(Tensor.read(tensor));
    });

/** A compiled program as the backend's executable: `run` shares one instance, each session has its own. */
export const executable = (
  program: Program,
  compiled: Compiled,
  carried: number,
  threads: Threads,
): Executable => {
  let shared: Instance | undefined;
  /** Of a session that is finished; its memory holds nothing that a run reads before it is written. */
  let spare: Instance | undefined;
  // A wrong value is the caller's mistake, and a run is no Effect: the typed error is thrown.
  const admit = (inputs: readonly Tensor[], from = 0, to = program.inputs.length): void => {
    const issue = inputIssue(program.inputs.slice(from, to), inputs);
    if (issue !== undefined) throw issue;
  };
  return {
    program,
    plan: compiled.plan,
    run: (inputs) => {
      admit(inputs);
      const instance = shared ?? instantiate(compiled, threads);
      shared = undefined; // what a run that throws has left is not to be used again
      copyOf(inputs)(instance.inputs);
      instance.run();
      shared = instance;
      return instance.read(0, compiled.outputs.length);
    },
    start: (state): Session => {
      admit(state, 0, carried);
      const instance = spare ?? instantiate(compiled, threads);
      spare = undefined;
      copyOf(state)(instance.inputs);
      const given = instance.inputs.slice(carried);
      /** Of the step that was cut short: the state that it has left is no state, and nothing is built upon it. */
      let failure: { readonly error: unknown } | undefined;
      const sound = (): Instance => {
        if (failure !== undefined) throw failure.error;
        return instance;
      };
      const stepFilled = (fill: Fill): readonly Tensor[] => {
        sound();
        fill(given);
        try {
          instance.run();
        } catch (error) {
          failure = { error };
          throw error;
        }
        return instance.read(carried, compiled.outputs.length);
      };
      return {
        step: (inputs) => {
          admit(inputs, carried);
          return stepFilled(copyOf(inputs));
        },
        stepFilled,
        state: () => sound().readInputs(carried),
        finish: () => {
          spare = sound();
          return spare.readInputs(carried);
        },
      };
    },
  };
};
