import * as Effect from "effect/Effect";
import { BackendUnavailable, type CompileError, MemoryLimit } from "../../errors.ts";
import { optimise } from "../../interpreter/optimise.ts";
import type { Program } from "../../ir/expr.ts";
import { hash } from "../../ir/hash.ts";
import { inlineCheckpoints } from "../../ir/passes/inline.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { CompileOptions, Plan } from "../backend.ts";
import { check } from "../check.ts";
import { engine, features, i32, moduleBuilder, type WasmModule } from "./assembler/index.ts";
import type { Context, Destination } from "./context.ts";
import { gatheredWindows } from "./gathered.ts";
import type { Step } from "./kernels/kernel.ts";
import { planMemory } from "./memory.ts";
import { type WriteOptions, writeModule } from "./module.ts";
import { patchesBesides } from "./patches.ts";
import { regionSteps } from "./region.ts";
import { fewerResiduals } from "./residuals.ts";
import { sumsAfterLoops } from "./sums.ts";
import { type Buffer, bytesOf, makeBuffer, type View, whole } from "./view.ts";

/** Where a tensor of a program stands in memory. */
export interface Slot {
  readonly address: number;
  readonly type: { readonly shape: readonly number[]; readonly dtype: Buffer["dtype"] };
}

/** A module and the layout of its memory: everything that is needed to run it, any number of times. */
export interface Compiled {
  readonly module: WasmModule;
  readonly pages: number;
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  readonly plan: Plan;
}

const pageBytes = 65536;

/** What 32-bit addresses reach. */
const memoryLimit = 65536 * pageBytes;

/** Loops count the bytes of one tensor in signed 32-bit numbers. */
const tensorLimit = 2 ** 31 - pageBytes;

const bytesOfKernel = (step: Step): number =>
  step.kind === "kernel"
    ? [...new Set([...step.kernel.reads, ...step.kernel.writes])].reduce(
        (n, b) => n + bytesOf(b),
        0,
      )
    : 0;

/** Kernels in order; those within a loop count once for each round. */
const kernelsOf = (steps: readonly Step[], rounds = 1): Plan["kernels"] =>
  steps.flatMap((step): Plan["kernels"] => {
    if (step.kind === "kernel")
      return [
        {
          name: rounds === 1 ? step.kernel.name : `${step.kernel.name}, ${rounds} times`,
          operations: step.kernel.operations * rounds,
          bytes: bytesOfKernel(step) * rounds,
        },
      ];
    return step.kind === "loop"
      ? kernelsOf(step.steps, rounds * step.loop.length)
      : [...kernelsOf(step.onTrue, rounds), ...kernelsOf(step.onFalse, rounds)];
  });

/** A checked program as it is lowered. */
export const prepared = (program: Program): Program =>
  gatheredWindows(
    patchesBesides(fewerResiduals(sumsAfterLoops(inlineCheckpoints(optimise(program))))),
  );

/** Lowers a program that has been checked and optimised. */
export const lowerProgram = (
  program: Program,
  carried: number,
  options: WriteOptions,
): Effect.Effect<Compiled, MemoryLimit> => {
  const module = moduleBuilder();
  const constants = new Map<Tensor, Buffer>();
  const places = new Map<Buffer, Buffer>();
  let counters = 0;
  const united = (buffer: Buffer): Buffer => {
    let here = buffer;
    for (let next = places.get(here); next !== undefined; next = places.get(here)) here = next;
    return here;
  };
  const context: Context = {
    constant: (value): View => {
      const known = constants.get(value);
      const buffer = known ?? makeBuffer(value.dtype, value.size, "constant");
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
    makeBuffer(x.dtype, sizeOf(x.shape), i < carried ? `state ${i}` : `input ${i}`),
  );
  const outputs = program.outputs.map((x, i) =>
    i < carried ? (inputs[i] as Buffer) : makeBuffer(x.dtype, sizeOf(x.shape), `output ${i}`),
  );
  const destinations = outputs.map((buffer, i): Destination => ({ buffer, replaces: i < carried }));
  const steps = context.region(
    program,
    program.inputs.map((x, i) => whole(inputs[i] as Buffer, x.shape)),
    destinations,
  );
  const state = inputs.slice(0, carried);
  const memory = planMemory(
    steps,
    {
      pinned: [...state, ...constants.values()],
      inputs: inputs.slice(carried),
      outputs: outputs.slice(carried),
    },
    united,
  );
  const tooLarge = memory.largest.find(({ bytes }) => bytes > tensorLimit);
  if (tooLarge !== undefined || memory.bytes > memoryLimit)
    return Effect.fail(
      new MemoryLimit({
        needed: tooLarge?.bytes ?? memory.bytes,
        limit: tooLarge === undefined ? memoryLimit : tensorLimit,
        largest: memory.largest,
      }),
    );
  const pages = Math.ceil(memory.bytes / pageBytes);
  module.memory({ initial: pages }, "memory");
  for (const [value, buffer] of constants) {
    const data = Tensor.read(value);
    module.data(
      memory.addressOf(buffer),
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
  }
  writeModule(module, steps, memory, options);
  const slot = (buffer: Buffer, type: Slot["type"]): Slot => ({
    address: memory.addressOf(buffer),
    type,
  });
  const kernels = kernelsOf(steps);
  const sum = (buffers: Iterable<Buffer>): number =>
    [...buffers].reduce((n, b) => n + bytesOf(b), 0);
  return Effect.sync(() => ({
    module: new engine.Module(module.encode()),
    pages,
    inputs: program.inputs.map((x, i) =>
      slot(inputs[i] as Buffer, { shape: x.shape, dtype: x.dtype }),
    ),
    outputs: program.outputs.map((x, i) =>
      slot(outputs[i] as Buffer, { shape: x.shape, dtype: x.dtype }),
    ),
    plan: {
      kernels,
      operations: kernels.reduce((n, k) => n + k.operations, 0),
      bytes: {
        arguments: sum(new Set([...inputs, ...outputs])),
        constants: sum(constants.values()),
        temporaries: memory.temporary,
      },
    },
  }));
};

/** Compiled programs by their structure and options. */
const cache = new Map<string, Compiled>();

/** The most modules that are remembered; the oldest is forgotten first. */
const cacheSize = 128;

export const compileProgram = (
  program: Program,
  { carried = 0, deterministic = false }: CompileOptions = {},
): Effect.Effect<Compiled, CompileError | BackendUnavailable | MemoryLimit> =>
  Effect.gen(function* () {
    const { simd, relaxedSimd } = features();
    if (!simd)
      return yield* new BackendUnavailable({
        backend: "wasm",
        missing: "128-bit SIMD",
        alternative: "reference",
      });
    yield* check(program, carried);
    const relaxed = relaxedSimd && !deterministic;
    const key = `${hash(program)} ${carried} ${relaxed}`;
    const known = cache.get(key);
    if (known !== undefined) return known;
    const ready = prepared(program);
    const compiled = yield* lowerProgram(ready, carried, { relaxed });
    if (cache.size >= cacheSize) cache.delete(cache.keys().next().value as string);
    cache.set(key, compiled);
    return compiled;
  });
