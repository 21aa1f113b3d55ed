import * as Effect from "effect/Effect";
import {
  BackendUnavailable,
  CompileError,
  MemoryLimit,
  type MemoryParts,
  SizeLimit,
} from "../../errors.ts";
import type { Program } from "../../ir/expr.ts";
import { hash } from "../../ir/hash/hash.ts";
import type { CompileOptions, Plan } from "../backend.ts";
import { check } from "../check.ts";
import type { MemoryPlan } from "../plan/memory.ts";
import { prepared } from "../plan/passes/prepared.ts";
import { explained } from "../plan/report.ts";
import { type Planned, plannedFor } from "../plan/target.ts";
import type { Buffer } from "../plan/view.ts";
import { engine, type Features, features, type WasmModule } from "./assembler/index.ts";
import { type Cache, cacheOf } from "./cache.ts";
import { tooManyNodes, uncountable } from "./codegen/limits.ts";
import type { WriteOptions } from "./codegen/module.ts";
import type { WasmKernel } from "./kernels/kernel.ts";
import { pageBytes, pagesLimit, pagesOf, type Written, wasmTarget } from "./target.ts";
import type { Together } from "./threads/schedule.ts";

/**
 * Compiles a program in stages, from top to bottom: refuses programs that cannot be compiled, rewrites the program,
 * plans its kernels and their memory, refuses plans that do not fit, writes the code, and makes the module.
 */

/** The address and the type of a program's input or output in memory. */
export interface Slot {
  readonly address: number;
  readonly type: { readonly shape: readonly number[]; readonly dtype: Buffer["dtype"] };
}

/** A compiled module and the layout of its memory: everything needed to instantiate it, any number of times. */
export interface Compiled {
  readonly module: WasmModule;
  readonly pages: number;
  /**
   * How several threads run the program, if they may. The memory is then made outside the module, larger for each
   * further thread.
   */
  readonly together: Together | undefined;
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  readonly largest: MemoryPlan["largest"];
  readonly parts: MemoryParts;
  /** Bytes of the encoded module, constants included. */
  readonly bytes: number;
  readonly plan: Plan;
}

/** Compiled programs by structure and options. Each backend has its own cache, bounded by the bytes of the modules. */
export type Modules = Cache<Compiled>;

/** Estimated bytes that a module takes in addition to its encoding: machine code and the plan. */
const besides = 2 ** 16;

/** An empty cache of at most 64 MiB. */
export const emptyModules = (): Modules =>
  cacheOf<Compiled>(2 ** 26, ({ bytes }) => bytes + besides);

/** Compiles a program, unless a program of the same structure and options is in the cache. */
export const compileProgram = (
  program: Program,
  { carried = 0, deterministic = false }: CompileOptions,
  cache: Modules,
  shareFrom?: number,
  available: Features = features(),
): Effect.Effect<Compiled, CompileError | BackendUnavailable | MemoryLimit> =>
  Effect.gen(function* () {
    yield* admitted(program, carried, available);
    const relaxed = available.relaxedSimd && !deterministic;
    const key = `${hash(program)} ${carried} ${relaxed} ${shareFrom}`;
    const known = cache.get(key);
    if (known !== undefined) return known;
    const options = { relaxed, shareFrom };
    const { compiled } = yield* compilePrepared(prepared(program), carried, options);
    cache.set(key, compiled);
    return compiled;
  });

/**
 * Compiles a program for one thread, with every kernel exported so that it can be called alone; also returns its plan.
 * It uses no cache, since programs of one structure may differ in the names of their layers.
 */
export const compileApart = (
  program: Program,
  { carried = 0, deterministic = false }: CompileOptions,
  available: Features = features(),
): Effect.Effect<
  { readonly compiled: Compiled; readonly planned: Planned<WasmKernel> },
  CompileError | BackendUnavailable | MemoryLimit
> =>
  Effect.gen(function* () {
    yield* admitted(program, carried, available);
    const relaxed = available.relaxedSimd && !deterministic;
    return yield* compilePrepared(prepared(program), carried, { relaxed, apart: true });
  });

/** Fails where this machine cannot run a program, or no machine can. */
const admitted = (
  program: Program,
  carried: number,
  { missing }: Features,
): Effect.Effect<void, CompileError | BackendUnavailable> =>
  Effect.gen(function* () {
    if (missing !== undefined)
      return yield* new BackendUnavailable({ backend: "wasm", missing, alternative: "reference" });
    yield* refuse(tooManyNodes(program));
    yield* check(program, carried);
  });

/** Compiles a program that has been checked and rewritten. */
const compilePrepared = (
  program: Program,
  carried: number,
  options: WriteOptions,
): Effect.Effect<
  { readonly compiled: Compiled; readonly planned: Planned<WasmKernel> },
  CompileError | MemoryLimit
> =>
  Effect.gen(function* () {
    yield* refuse(uncountable(program));
    const target = wasmTarget(options);
    const planned = plannedFor(target, program, carried);
    yield* fitting(planned, carried);
    const written = yield* counting(() => target.write(planned));
    return { compiled: instantiable(program, carried, planned, written), planned };
  });

/** Fails if there are reasons not to compile a program. */
const refuse = (causes: readonly SizeLimit[]): Effect.Effect<void, CompileError> =>
  causes.length > 0 ? Effect.fail(new CompileError({ causes })) : Effect.void;

const memoryLimit = pagesLimit * pageBytes;

/** Maximum bytes of one tensor: loops count them in signed 32-bit numbers. */
const tensorLimit = 2 ** 31 - pageBytes;

/** Fails if a program, or one of its tensors, needs more memory than 32 bits can address. */
const fitting = (
  planned: Planned<WasmKernel>,
  carried: number,
): Effect.Effect<void, MemoryLimit> => {
  const { bytes: needed, largest } = planned.memory;
  if (needed > memoryLimit) {
    const parts = partsOf(planned, carried);
    return Effect.fail(
      new MemoryLimit({ of: "program", needed, limit: memoryLimit, largest, parts }),
    );
  }
  const tooLarge = largest.find(({ bytes }) => bytes > tensorLimit);
  if (tooLarge === undefined) return Effect.void;
  const parts = partOf(tooLarge.what, tooLarge.bytes);
  return Effect.fail(
    new MemoryLimit({ of: "tensor", needed: tooLarge.bytes, limit: tensorLimit, largest, parts }),
  );
};

/** Writes a module. **Fails with** `CompileError` if a loop would count beyond 32 bits. */
const counting = (write: () => Written): Effect.Effect<Written, CompileError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(write());
    } catch (error) {
      if (error instanceof SizeLimit) return Effect.fail(new CompileError({ causes: [error] }));
      throw error;
    }
  });

/** Makes the module of written code, with the layout of its memory. */
const instantiable = (
  program: Program,
  carried: number,
  planned: Planned<WasmKernel>,
  { encoded, schedule }: Written,
): Compiled => {
  const { steps, memory, inputs, outputs, constants } = planned;
  const slots = (types: readonly Slot["type"][], buffers: readonly Buffer[]): readonly Slot[] =>
    types.map(({ shape, dtype }, i) => ({
      address: memory.addressOf(buffers[i] as Buffer),
      type: { shape, dtype },
    }));
  return {
    module: new engine.Module(encoded),
    bytes: encoded.length,
    parts: partsOf(planned, carried),
    pages: pagesOf(memory.bytes),
    together: schedule && {
      ownBytes: memory.own.bytes,
      bytes: memory.bytes,
      estimate: schedule.estimate,
    },
    inputs: slots(program.inputs, inputs),
    outputs: slots(program.outputs, outputs),
    largest: memory.largest,
    plan: explained(steps, memory, [...inputs, ...outputs], constants.values()),
  };
};

/** Splits planned memory by purpose, for error messages. */
const partsOf = (
  { inputs, outputs, constants, memory }: Planned<WasmKernel>,
  carried: number,
): MemoryParts => {
  const total = (buffers: Iterable<Buffer>): number =>
    [...buffers].reduce((n, buffer) => n + memory.bytesOf(buffer), 0);
  const known = {
    state: total(inputs.slice(0, carried)),
    constants: total(constants.values()),
    inputs: total(inputs.slice(carried)),
    outputs: total(outputs.slice(carried)),
  };
  const rest = Object.values(known).reduce((n, bytes) => n - bytes, memory.bytes);
  return { ...known, temporaries: Math.max(0, rest) };
};

const nothing: MemoryParts = { state: 0, constants: 0, inputs: 0, outputs: 0, temporaries: 0 };

/** The bytes of one tensor as memory parts. The name of its buffer tells its purpose. */
const partOf = (what: string, bytes: number): MemoryParts => {
  const [kind = ""] = what.split(" ");
  const parts: { readonly [kind: string]: keyof MemoryParts } = {
    ...{ state: "state", constant: "constants", input: "inputs", output: "outputs" },
  };
  return { ...nothing, [parts[kind] ?? "temporaries"]: bytes };
};
