import { InvalidArgument, MemoryLimit } from "../../errors.ts";
import type { Program } from "../../ir/expr.ts";
import { power } from "../../rules/evaluate/elementwise.ts";
import { allocate, type Dtype, isHalf, type Storage } from "../../tensor/dtype.ts";
import { type Half, readHalves, writeHalves } from "../../tensor/half.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Executable, Fill, Session, Tensors } from "../backend.ts";
import { inputIssue } from "../check.ts";
import { inOrder } from "../inOrder.ts";
import { engine, type WasmFunction, type WasmMemory } from "./assembler/index.ts";
import { scalarMath } from "./codegen/math/index.ts";
import type { Compiled, Slot } from "./compile.ts";
import type { Owned } from "./ownership.ts";
import { pageBytes } from "./target.ts";
import { pagesTogether, type Running, runningTogether, type Threads } from "./threads/index.ts";
import type { Pool } from "./threads/pool.ts";

/** The f64 functions of JavaScript that every module imports. */
export const imports = {
  math: { ...scalarMath, pow: power, fmod: (x: number, y: number): number => x % y },
};

/** A value in the memory of a program, as a caller writes and reads it. */
export interface Place {
  readonly type: Slot["type"];
  /** A view of the memory; for halves, the numbers that `put` converts to its words. */
  readonly view: Storage;
  /** Moves what was written to the view to the memory. */
  readonly put: () => void;
  /** A copy of the elements that are in the memory. */
  readonly get: () => Storage;
}

export const placeIn = (memory: WasmMemory, slot: Slot): Place => {
  const { type, address } = slot;
  if (isHalf(type.dtype)) return halvesIn(memory, address, type, type.dtype);
  const view = viewIn(memory, slot);
  return { type, view, put: () => undefined, get: () => view.slice() };
};

const halvesIn = (memory: WasmMemory, address: number, type: Slot["type"], half: Half): Place => {
  const size = sizeOf(type.shape);
  const words = new Uint16Array(memory.buffer, address, size);
  const view = allocate(half, size);
  return {
    type,
    view,
    put: () => {
      writeHalves(half, view, words);
    },
    get: () => readHalves(half, words, allocate(half, size)),
  };
};

const viewIn = (memory: WasmMemory, { address, type }: Slot): Storage => {
  const views: { readonly [D in Exclude<Dtype, Half>]: () => Storage } = {
    f32: () => new Float32Array(memory.buffer, address, size),
    f64: () => new Float64Array(memory.buffer, address, size),
    i32: () => new Int32Array(memory.buffer, address, size),
    u8: () => new Uint8Array(memory.buffer, address, size),
    bool: () => new Uint8Array(memory.buffer, address, size),
  };
  const size = sizeOf(type.shape);
  return views[type.dtype as Exclude<Dtype, Half>](); // halves have a place of their own
};

/** An instantiated module with its own memory. The memory never grows, so views of it stay valid. */
export interface Instance {
  /** Its inputs: what is written to their views is seen after `put`. */
  readonly inputs: readonly Place[];
  readonly read: (from: number, to: number) => readonly Tensor[];
  readonly readInputs: (to: number) => readonly Tensor[];
  readonly run: () => void;
}

/** Instantiates a module for one thread; the module exports its memory. */
const singleThreaded = ({ module }: Compiled): Running => {
  const { exports } = new engine.Instance(module, imports);
  const run = exports.run as WasmFunction; // the module exports both
  return { memory: exports.memory as WasmMemory, run: () => run() };
};

/** Calls `make`, and throws `MemoryLimit` if the engine refuses that many pages. */
const withMemory = (compiled: Compiled, pages: number, make: () => Running): Running => {
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

const running = (compiled: Compiled, threads: Threads, pool: Pool): Running => {
  const { together, module, pages } = compiled;
  return together === undefined
    ? withMemory(compiled, pages, () => singleThreaded(compiled))
    : withMemory(compiled, pagesTogether(together, threads), () =>
        runningTogether(module, together, imports, threads, pool),
      );
};

const instantiate = (compiled: Compiled, threads: Threads, pool: Pool): Instance => {
  const { memory, run } = running(compiled, threads, pool);
  const inputs = compiled.inputs.map((slot) => placeIn(memory, slot));
  const outputs = compiled.outputs.map((slot) => placeIn(memory, slot));
  const copies = (places: readonly Place[]): readonly Tensor[] =>
    places.map(({ type, get }) => Tensor.own(type.shape, type.dtype, get()));
  return {
    inputs,
    read: (from, to) => copies(outputs.slice(from, to)),
    readInputs: (to) => copies(inputs.slice(0, to)),
    run,
  };
};

const copyOf =
  (tensors: Tensors): Fill =>
  (inputs) =>
    tensors.forEach((tensor, i) => {
      inputs[i]?.set(Tensor.read(tensor));
    });

/** Lets `fill` write inputs, from number `from` on. */
const write = ({ inputs }: Instance, fill: Fill, from = 0): void => {
  const places = inputs.slice(from);
  fill(places.map(({ view }) => view));
  for (const { put } of places) put();
};

/** The resources with which the programs of a backend run: its workers, and the memory of each program and session. */
export interface Holdings {
  readonly pool: Pool;
  readonly instances: Owned<Instance>;
}

/**
 * Makes a compiled program the backend's executable: all calls of `run` share one instance, and each session has its
 * own. The instances belong to the backend, so that an executable keeps no memory after the release of its backend.
 */
export const executable = (
  program: Program,
  compiled: Compiled,
  carried: number,
  threads: Threads,
  { pool, instances }: Holdings,
): Executable<Tensors> => {
  /** Holds the instance that calls of `run` share. */
  const shared = {};
  /** Holds the instance of a finished session, for the next session to take over. */
  const spare = {};
  const take = (holder: object, op: string): Instance => {
    const instance = instances.get(holder, op) ?? instantiate(compiled, threads, pool);
    instances.delete(holder); // after a failed run, the instance must not be used again
    return instance;
  };
  // A wrong value is the caller's mistake, and a run is not an Effect, so the typed error is thrown.
  const admit = (inputs: readonly Tensor[], from = 0, to = program.inputs.length): void => {
    const issue = inputIssue(program.inputs.slice(from, to), inputs);
    if (issue !== undefined) throw issue;
  };
  return {
    program,
    plan: compiled.plan,
    ahead: 0,
    run: (inputs) => {
      admit(inputs);
      const instance = take(shared, "run");
      write(instance, copyOf(inputs));
      instance.run();
      instances.set(shared, instance);
      return instance.read(0, compiled.outputs.length);
    },
    start: (state): Session<Tensors> => {
      admit(state, 0, carried);
      const session = {};
      const outputs = inOrder<Tensors>(0);
      const begin = (instance: Instance): void => {
        write(instance, copyOf(state));
        instances.set(session, instance);
      };
      begin(take(spare, "start"));
      /** The error that ended a step early. The state is then half written, and the session must not go on. */
      let failure: { readonly error: unknown } | undefined;
      const sound = (op: string): Instance => {
        if (failure !== undefined) throw failure.error;
        return instances.get(session, op) ?? ended(op);
      };
      const submit = (fill: Fill): void => {
        const instance = sound("step");
        outputs.admit();
        write(instance, fill, carried);
        try {
          instance.run();
        } catch (error) {
          failure = { error };
          throw error;
        }
        outputs.add(instance.read(carried, compiled.outputs.length));
      };
      return {
        submit,
        read: outputs.next,
        step: (inputs) => {
          admit(inputs, carried);
          submit(copyOf(inputs));
          return outputs.next();
        },
        state: () => sound("state").readInputs(carried),
        finish: () => {
          const instance = sound("finish");
          instances.set(spare, instance);
          instances.delete(session);
          return instance.readInputs(carried);
        },
        release: () => instances.delete(session),
      };
    },
  };
};

/** Throws the error of a session that has ended. */
const ended = (op: string): never => {
  throw new InvalidArgument({
    op: `Session.${op}`,
    argument: "the session",
    expected: "a session that was neither finished nor released",
    actual: "one that has ended",
  });
};
