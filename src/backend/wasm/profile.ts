import * as Effect from "effect/Effect";
import type { BackendUnavailable, CompileError, MemoryLimit } from "../../errors.ts";
import type { Program } from "../../ir/expr.ts";
import { bytesPerElement } from "../../tensor/dtype.ts";
import { medianOf } from "../../tensor/extremes.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { CompileOptions, PlannedKernel, Tensors } from "../backend.ts";
import { kernelsOf, type Step, writesOf } from "../plan/kernel.ts";
import { explainedKernels } from "../plan/report.ts";
import type { Planned } from "../plan/target.ts";
import { type Buffer, bufferOf, type Counter, type View } from "../plan/view.ts";
import { engine, type WasmFunction, type WasmMemory } from "./assembler/index.ts";
import { type Compiled, compileApart } from "./compile.ts";
import { imports, placeIn } from "./executable.ts";
import type { WasmKernel } from "./kernels/kernel.ts";

/**
 * Times a program kernel by kernel. JavaScript walks the steps of the plan, calls the code of one kernel after the
 * other, and reads the clock before and after each. The kernels are those of a run on one thread, in their order and on
 * the same memory, so that what they compute is what a run computes, and what they find in the caches too.
 */

/** A kernel of a program, and how long it takes in one run on one thread. */
export interface TimedKernel extends PlannedKernel {
  /** The layers that it belongs to, outermost first. */
  readonly layer: readonly string[];
  readonly kind: WasmKernel["work"]["kind"];
  /** Whether it writes state that is carried to the next run. */
  readonly isUpdate: boolean;
  /** The number of calls in one run. */
  readonly calls: number;
  /** The median over runs of its seconds in one run, over all calls, without those of the clock. */
  readonly seconds: number;
}

export interface TimedProgram {
  readonly kernels: readonly TimedKernel[];
  /** The number of runs that were measured, after those that warm the code up. */
  readonly runs: number;
  /** The number of all runs, with those that warm the code up. */
  readonly steps: number;
  /** Seconds that the clock and the call take: subtracted once for each call. */
  readonly overhead: number;
  /** The outputs of the last run: those of a session on the same batches. */
  readonly outputs: Tensors;
}

/** For how long, and how often, a program runs to be timed. */
export interface Timing {
  /** Seconds to spend, of which a quarter warms up. Defaults to 2. */
  readonly seconds?: number;
  /** The maximum number of measured runs. Defaults to 200. */
  readonly runs?: number;
}

/** The number of runs to warm up with, and to measure, at least. */
const [leastWarm, leastRuns] = [3, 5];

const now = (): number => performance.now() / 1000;

/** The address of a buffer while loops are at `counts`. */
const addressOf = (
  planned: Planned<WasmKernel>,
  counts: ReadonlyMap<Counter, number>,
  buffer: Buffer,
): number => {
  const storage = planned.memory.storageOf(buffer);
  const { slice } = storage;
  if (slice === undefined) return planned.memory.addressOf(storage);
  const element = slice.start + (counts.get(slice.index) ?? 0) * slice.step;
  const moved = element * bytesPerElement(storage.dtype);
  return addressOf(planned, counts, slice.of) + moved;
};

/** A program whose kernels are called one by one. */
const takenApart = (compiled: Compiled, planned: Planned<WasmKernel>) => {
  const { exports } = new engine.Instance(compiled.module, imports);
  const exported = (name: string): WasmFunction => exports[name] as WasmFunction; // it was written to export them
  const memory = exports.memory as WasmMemory;
  const bytes = new Uint8Array(memory.buffer);
  const kernels = kernelsOf(planned.steps);
  const number = new Map(kernels.map((kernel, i) => [kernel, i]));
  const seconds = new Float64Array(kernels.length);
  const calls = new Int32Array(kernels.length);
  const counts = new Map<Counter, number>();
  const isSet = (flag: View): boolean =>
    bytes[addressOf(planned, counts, bufferOf(flag) as Buffer) + flag.offset] !== 0; // it is a bool in memory

  /** Makes steps into a function that runs them, and returns whether the loop around them goes on. */
  const walkOf = (steps: readonly Step<WasmKernel>[]): (() => boolean) => {
    const each = steps.map(oneOf);
    return () => each.every((run) => run());
  };
  const oneOf = (step: Step<WasmKernel>): (() => boolean) => {
    switch (step.kind) {
      case "kernel": {
        const n = number.get(step.kernel) as number;
        const run = exported(`kernel ${n}`);
        return () => {
          const began = performance.now();
          run();
          seconds[n] = (seconds[n] as number) + (performance.now() - began) / 1000;
          calls[n] = (calls[n] as number) + 1;
          return true;
        };
      }
      case "leave":
        return () => isSet(step.unless);
      case "branch": {
        const [onTrue, onFalse] = [walkOf(step.onTrue), walkOf(step.onFalse)];
        return () => (isSet(step.predicate) ? onTrue() : onFalse());
      }
      case "loop": {
        const { length = Number.POSITIVE_INFINITY, reverse, index } = step.loop;
        const count = exported(`counter ${index}`);
        const round = walkOf(step.steps);
        return () => {
          for (let i = 0; i < length; i++) {
            const at = reverse ? length - 1 - i : i;
            count(at);
            counts.set(index, at);
            if (!round()) break;
          }
          return true;
        };
      }
    }
  };
  const walk = walkOf(planned.steps);
  const nothing = exported("nothing");
  return {
    memory,
    kernels,
    /** Runs the program once. Returns the seconds in each kernel, and the calls of each. */
    run: () => {
      seconds.fill(0);
      calls.fill(0);
      walk();
      return { seconds: seconds.slice(), calls: calls.slice() };
    },
    /** Seconds of a call of nothing, as the clock sees it. */
    empty: () => {
      const began = performance.now();
      nothing();
      return (performance.now() - began) / 1000;
    },
  };
};

/**
 * Times each kernel of a program on one thread. The first `carried` inputs are state, which a run carries on to the next
 * as a session does. After the last batch the state starts anew: steps without end on a few batches would make gradients
 * so small that they are subnormal, and arithmetic on those is many times slower.
 *
 * **Units** seconds.
 * **Fails with** the errors of compiling.
 */
export const timeKernels = (
  program: Program,
  state: Tensors,
  batches: readonly [Tensors, ...Tensors[]],
  options: Omit<CompileOptions, "carried"> = {},
  { seconds = 2, runs: most = 200 }: Timing = {},
): Effect.Effect<TimedProgram, CompileError | BackendUnavailable | MemoryLimit> => {
  const carried = state.length;
  return Effect.map(compileApart(program, { ...options, carried }), ({ compiled, planned }) => {
    const { memory, kernels, run, empty } = takenApart(compiled, planned);
    const places = compiled.inputs.map((slot) => placeIn(memory, slot));
    const write = (tensors: Tensors, from: number): void =>
      tensors.forEach((tensor, i) => {
        const place = places[from + i];
        place?.view.set(Tensor.read(tensor));
        place?.put();
      });
    let steps = 0;
    const once = () => {
      const at = steps++ % batches.length;
      if (at === 0) write(state, 0);
      write(batches[at] ?? [], carried); // the memory of a batch is used again after its last reader
      return run();
    };
    const began = now();
    while (steps < leastWarm || now() - began < seconds / 4) once();
    const overhead = medianOf(Array.from({ length: 1000 }, empty).slice(100));
    const times: ReturnType<typeof run>[] = [];
    const until = now() + (3 * seconds) / 4;
    while (times.length < most && (times.length < leastRuns || now() < until)) times.push(once());
    const carriedTo = new Set(planned.outputs.slice(0, carried).map(planned.memory.storageOf));
    const timed = explainedKernels(planned.steps, planned.memory).map(
      ({ kernel, planned: about }): TimedKernel => {
        const n = kernels.indexOf(kernel);
        const own = times.map((of) => (of.seconds[n] ?? 0) - overhead * (of.calls[n] ?? 0));
        return {
          ...about,
          layer: kernel.layer ?? [],
          kind: kernel.work.kind,
          isUpdate: writesOf(kernel).some((b) => carriedTo.has(planned.memory.storageOf(b))),
          calls: times.at(-1)?.calls[n] ?? 0,
          seconds: Math.max(0, medianOf(own)),
        };
      },
    );
    const outputs = compiled.outputs.map((slot) =>
      Tensor.own(slot.type.shape, slot.type.dtype, placeIn(memory, slot).get()),
    );
    return { kernels: timed, runs: times.length, steps, overhead, outputs };
  });
};
