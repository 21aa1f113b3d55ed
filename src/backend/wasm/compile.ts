import * as Effect from "effect/Effect";
import {
  BackendUnavailable,
  CompileError,
  MemoryLimit,
  type MemoryParts,
  SizeLimit,
} from "../../errors.ts";
import { optimize } from "../../interpreter/optimize.ts";
import type { Program } from "../../ir/expr.ts";
import { hash } from "../../ir/hash/hash.ts";
import { inlineCheckpoints } from "../../ir/passes/inline.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { CompileOptions, Plan } from "../backend.ts";
import { check } from "../check.ts";
import type { Context, Destination } from "../plan/lowerContext.ts";
import { type MemoryPlan, planMemory, type Residents } from "../plan/memory.ts";
import { fewerResiduals } from "../plan/passes/loopResiduals.ts";
import { sumsAfterLoops } from "../plan/passes/loopSums.ts";
import { patchesBesides } from "../plan/passes/padSumToConcat.ts";
import { exactTotals } from "../plan/passes/totals.ts";
import { gatheredWindows } from "../plan/passes/windowGather.ts";
import { regionSteps } from "../plan/region.ts";
import { explained } from "../plan/report.ts";
import { type Buffer, bytesOf, makeBuffer, type View, whole } from "../plan/view.ts";
import {
  engine,
  type Features,
  features,
  i32,
  type ModuleBuilder,
  moduleBuilder,
  type WasmModule,
} from "./assembler/index.ts";
import { type Cache, cacheOf } from "./cache.ts";
import { tooManyNodes, uncountable } from "./codegen/limits.ts";
import { type WriteOptions, writeModule } from "./codegen/module.ts";
import type { Step } from "./kernels/kernel.ts";
import { teamBytes } from "./threads/barrier.ts";
import { type Schedule, sharedCost, type Together } from "./threads/schedule.ts";

/** The address and the type of a program's input or output in memory. */
export interface Slot {
  readonly address: number;
  readonly type: { readonly shape: readonly number[]; readonly dtype: Buffer["dtype"] };
}

/** A compiled module and the layout of its memory: everything needed to instantiate it, any number of times. */
export interface Compiled {
  readonly module: WasmModule;
  readonly pages: number;
  /** How several threads run it, if they may. Its memory is then made outside, larger for each further thread. */
  readonly together: Together | undefined;
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  readonly largest: MemoryPlan["largest"];
  readonly parts: MemoryParts;
  /** Bytes of the encoded module, constants included. */
  readonly bytes: number;
  readonly plan: Plan;
}

/** Minimum work to share, in multiples of `shareFrom`, before running on several threads pays. */
const leastTogether = 20;

export const pageBytes = 65536;

/** The pages that 32-bit addresses reach. */
const pagesLimit = 65536;
const memoryLimit = pagesLimit * pageBytes;

/** Maximum bytes of one tensor: loops count them in signed 32-bit numbers. */
const tensorLimit = 2 ** 31 - pageBytes;

/** Runs the passes over a checked program, so that it can be lowered. */
export const prepared = (program: Program): Program =>
  gatheredWindows(
    patchesBesides(
      exactTotals(fewerResiduals(sumsAfterLoops(inlineCheckpoints(optimize(program))))),
    ),
  );

/**
 * Declares the memory of a module and fills in its constants. Memory that threads share is made outside, and the
 * module's `begin` writes the constants there, once.
 */
const writeMemory = (
  module: ModuleBuilder,
  pages: number,
  constants: ReadonlyMap<Tensor, Buffer>,
  plan: MemoryPlan,
  threads: boolean,
): void => {
  const placed = Array.from(constants, ([value, buffer]) => {
    const data = Tensor.read(value);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { address: plan.addressOf(buffer), bytes };
  });
  if (!threads) {
    module.memory({ initial: pages }, "memory");
    for (const { address, bytes } of placed) module.data(address, bytes);
    return;
  }
  module.importMemory("team", "memory", { initial: pages, maximum: pagesLimit, shared: true });
  const segments = placed.map(({ address, bytes }) => ({
    address,
    size: bytes.length,
    segment: module.passive(bytes),
  }));
  const begin = module.func("begin", [], "void", (body) => {
    for (const { address, size, segment } of segments)
      body.do(segment.init(address, 0, size), segment.drop);
  });
  module.export("begin", begin);
};

/** The steps of a program, and the buffers of its values. */
interface Lowered {
  readonly steps: readonly Step[];
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
  readonly constants: ReadonlyMap<Tensor, Buffer>;
  readonly residents: Residents;
  readonly united: (buffer: Buffer) => Buffer;
}

/** Lowers a program that has been checked and prepared to steps. */
export const lower = (module: ModuleBuilder, program: Program, carried: number): Lowered => {
  const constants = new Map<Tensor, Buffer>();
  const places = new Map<Buffer, Buffer>();
  let counters = 0;
  const united = (buffer: Buffer): Buffer => {
    const next = places.get(buffer);
    if (next === undefined) return buffer;
    let here = next;
    for (let place = places.get(here); place !== undefined; place = places.get(here)) here = place;
    places.set(buffer, here); // the next time it is found at once
    return here;
  };
  const context: Context = {
    constant: (value): View => {
      const known = constants.get(value);
      const buffer = known ?? makeBuffer(value.dtype, value.size, "constant", true);
      constants.set(value, buffer);
      return whole(buffer, value.shape);
    },
    counter: () => module.global(`round ${counters++}`, i32.const(0)),
    unite: (buffer, place) => {
      places.set(buffer, place);
    },
    placeOf: united,
    region: (inner, inputs, destinations) => regionSteps(context, inner, inputs, destinations),
  };
  const inputs = program.inputs.map((x, i) =>
    makeBuffer(x.dtype, sizeOf(x.shape), i < carried ? `state ${i}` : `input ${i}`, true),
  );
  const outputs = program.outputs.map((x, i) =>
    i < carried ? (inputs[i] as Buffer) : makeBuffer(x.dtype, sizeOf(x.shape), `output ${i}`, true),
  );
  const destinations = outputs.map((buffer, i): Destination => ({ buffer, replaces: i < carried }));
  const steps = context.region(
    program,
    program.inputs.map((x, i) => whole(inputs[i] as Buffer, x.shape)),
    destinations,
  );
  const residents = {
    pinned: [...inputs.slice(0, carried), ...constants.values()],
    inputs: inputs.slice(carried),
    outputs: outputs.slice(carried),
  };
  return { steps, inputs, outputs, constants, residents, united };
};

/** Writes a module, and returns the `SizeLimit` instead if a loop would count beyond its counter. */
const counting = (
  write: () => Schedule | undefined,
): { readonly schedule: Schedule | undefined } | SizeLimit => {
  try {
    return { schedule: write() };
  } catch (error) {
    if (error instanceof SizeLimit) return error;
    throw error;
  }
};

const total = (buffers: Iterable<Buffer>): number =>
  [...buffers].reduce((n, buffer) => n + bytesOf(buffer), 0);

/** Splits planned memory by purpose, for error messages. */
const partsOf = (
  { inputs, outputs, constants }: Lowered,
  carried: number,
  planned: number,
): MemoryParts => {
  const known = {
    state: total(inputs.slice(0, carried)),
    constants: total(constants.values()),
    inputs: total(inputs.slice(carried)),
    outputs: total(outputs.slice(carried)),
  };
  const rest = Object.values(known).reduce((n, bytes) => n - bytes, planned);
  return { ...known, temporaries: Math.max(0, rest) };
};

const nothing: MemoryParts = { state: 0, constants: 0, inputs: 0, outputs: 0, temporaries: 0 };

/** The bytes of one tensor under its purpose, which its buffer's name tells. */
const partOf = (what: string, bytes: number): MemoryParts => {
  const [kind = ""] = what.split(" ");
  const parts: { readonly [kind: string]: keyof MemoryParts } = {
    ...{ state: "state", constant: "constants", input: "inputs", output: "outputs" },
  };
  return { ...nothing, [parts[kind] ?? "temporaries"]: bytes };
};

/** Compiles a program that has been checked and prepared. */
export const lowerProgram = (
  program: Program,
  carried: number,
  given: WriteOptions,
): Effect.Effect<Compiled, CompileError | MemoryLimit> => {
  const causes = uncountable(program);
  if (causes.length > 0) return Effect.fail(new CompileError({ causes }));
  const module = moduleBuilder();
  const lowered = lower(module, program, carried);
  const { steps, inputs, outputs, constants, residents, united } = lowered;
  const { shareFrom } = given;
  const threads =
    shareFrom !== undefined && sharedCost(steps, shareFrom) >= leastTogether * shareFrom;
  const options: WriteOptions = threads ? given : { ...given, shareFrom: undefined };
  const reserved = threads ? teamBytes : 0;
  const memory = planMemory(steps, residents, united, { threads, reserved });
  const tooLarge = memory.largest.find(({ bytes }) => bytes > tensorLimit);
  const { largest } = memory;
  const parts = partsOf(lowered, carried, memory.bytes);
  if (memory.bytes > memoryLimit) {
    const needed = memory.bytes;
    return Effect.fail(
      new MemoryLimit({ of: "program", needed, limit: memoryLimit, largest, parts }),
    );
  }
  if (tooLarge !== undefined) {
    const { what, bytes: needed } = tooLarge;
    const own = partOf(what, needed);
    return Effect.fail(
      new MemoryLimit({ of: "tensor", needed, limit: tensorLimit, largest, parts: own }),
    );
  }
  const pages = Math.ceil(memory.bytes / pageBytes);
  const written = counting(() => writeModule(module, steps, memory, options));
  if (written instanceof SizeLimit) return Effect.fail(new CompileError({ causes: [written] }));
  const { schedule } = written;
  writeMemory(module, pages, constants, memory, threads);
  const slot = (buffer: Buffer, type: Slot["type"]): Slot => ({
    address: memory.addressOf(buffer),
    type,
  });
  const resident = [...inputs, ...outputs];
  const encoded = module.encode();
  return Effect.sync(() => ({
    module: new engine.Module(encoded),
    bytes: encoded.length,
    parts,
    pages,
    together: schedule && {
      ownBytes: memory.own.bytes,
      bytes: memory.bytes,
      estimate: schedule.estimate,
    },
    inputs: program.inputs.map((x, i) =>
      slot(inputs[i] as Buffer, { shape: x.shape, dtype: x.dtype }),
    ),
    outputs: program.outputs.map((x, i) =>
      slot(outputs[i] as Buffer, { shape: x.shape, dtype: x.dtype }),
    ),
    largest: memory.largest,
    plan: explained(steps, memory, resident, constants.values()),
  }));
};

/** Estimated bytes that a module takes beside its encoding: machine code and the plan. */
const besides = 2 ** 16;

/** Compiled programs by structure and options. Each backend has its own, bounded by the bytes of the modules. */
export type Modules = Cache<Compiled>;

/** An empty cache of at most 64 MiB. */
export const emptyModules = (): Modules =>
  cacheOf<Compiled>(2 ** 26, ({ bytes }) => bytes + besides);

export const compileProgram = (
  program: Program,
  { carried = 0, deterministic = false }: CompileOptions,
  cache: Modules,
  shareFrom?: number,
  available: Features = features(),
): Effect.Effect<Compiled, CompileError | BackendUnavailable | MemoryLimit> =>
  Effect.gen(function* () {
    const { missing, relaxedSimd } = available;
    if (missing !== undefined)
      return yield* new BackendUnavailable({ backend: "wasm", missing, alternative: "reference" });
    const causes = tooManyNodes(program);
    if (causes.length > 0) return yield* new CompileError({ causes });
    yield* check(program, carried);
    const relaxed = relaxedSimd && !deterministic;
    const key = `${hash(program)} ${carried} ${relaxed} ${shareFrom}`;
    const known = cache.get(key);
    if (known !== undefined) return known;
    const ready = prepared(program);
    const compiled = yield* lowerProgram(ready, carried, { relaxed, shareFrom });
    cache.set(key, compiled);
    return compiled;
  });
