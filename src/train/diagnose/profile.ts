import * as Effect from "effect/Effect";
import { type Executable, SyncBackend, type Tensors } from "../../backend/backend.ts";
import { type MachinePeaks, rooflineOf } from "../../backend/roofline.ts";
import { measurePeaks } from "../../backend/wasm/ceilings.ts";
import { timeKernels } from "../../backend/wasm/profile.ts";
import { threadsOf } from "../../backend/wasm/threads/index.ts";
import type { Epochs } from "../../data/source/epochs.ts";
import { epochsOf } from "../../data/source/read.ts";
import { flattenTensors } from "../../ir/trees.ts";
import { type StepProgram, stepProgram, typesOf } from "../../learn/program.ts";
import { inShards } from "../../learn/shards.ts";
import { greatestOf, medianOf } from "../../tensor/extremes.ts";
import { type FillColumns, inputsOf } from "../loop/runner.ts";
import { splitsOf } from "../pipeline/holdOut.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { checkColumns, checkSettings, datasetOf, labelsOf } from "../pipeline/validate.ts";
import { initialState, keptOf } from "../state/initial.ts";
import { type Advice, adviceOf, type StepTimes } from "./advice.ts";

/** Where the time of a training step goes. All times are in seconds. */
export interface Profile extends StepTimes {
  readonly pipeline: string;
  /** What the machine can do, measured first, on one thread. */
  readonly peaks: MachinePeaks;
  /** The number of steps over which each kernel was timed. */
  readonly runs: number;
  /** The time that the clock and a call take, which was subtracted from each call of a kernel. */
  readonly overhead: number;
  /**
   * The part of the time for which this thread waited for the machine, which other programs used: while it is high, the
   * figures are too. `undefined` where the engine does not tell.
   */
  readonly waited: number | undefined;
  /** The three changes that would save the most. */
  readonly advice: readonly Advice[];
}

/** The options of {@link profile}. */
export interface ProfileOptions {
  /** Seconds for each measurement, of which there are four. Defaults to 1. */
  readonly seconds?: number;
  /** The number of threads to compare with one. Defaults to one for each core. */
  readonly threads?: number;
}

/** How much larger the batch is that a step is compared with. */
const larger = 4;

const now = (): number => performance.now() / 1000;

/** Seconds for which this thread has computed so far, where the engine tells. */
const computed = (): number | undefined => {
  const used = globalThis.process?.threadCpuUsage?.();
  return used && (used.user + used.system) / 1e6;
};

/** The number of batches on which a step is measured, again and again from the initial state. */
const fewBatches = 16;

type Batches = readonly [Tensors, ...Tensors[]];

/** The median seconds of a step, after a quarter of the time that warms up. */
const secondsOf = (
  executable: Executable<Tensors>,
  state: Tensors,
  batches: Batches,
  seconds: number,
): number => {
  const all = (): readonly number[] => {
    const session = executable.start(state);
    const taken = batches.map((batch) => {
      const began = now();
      session.step(batch);
      return now() - began;
    });
    session.finish();
    return taken;
  };
  const began = now();
  all();
  while (now() - began < seconds / 4) all();
  const taken: (readonly number[])[] = [];
  while (taken.length < 1 || now() - began < seconds) taken.push(all());
  return medianOf(taken.flat());
};

/** The bucket of the first batch of an epoch. */
const firstBucket = (epochs: Epochs) =>
  Effect.scoped(
    Effect.gen(function* () {
      const reader = yield* epochs.open(0, 0);
      while (reader.ready() === undefined) yield* reader.wait;
      return reader.bucket();
    }),
  );

/** The first batches of an epoch as inputs of a step, and the median seconds of making one. */
const batchesOf = (epochs: Epochs, bucket: number, make: (fill: FillColumns) => Tensors) =>
  Effect.scoped(
    Effect.gen(function* () {
      const reader = yield* epochs.open(0, 0);
      const taken: number[] = [];
      const batches: Tensors[] = [];
      // The first ones also compile the code that makes them, and warm caches.
      while (taken.length < 4 * fewBatches) {
        const began = now();
        while (reader.ready() === undefined) yield* reader.wait;
        // A batch of another size has a program of its own.
        if (reader.ready() !== epochs.batchSize || reader.bucket() !== bucket) break;
        const batch = make(reader.fill);
        if (batches.length < fewBatches) batches.push(batch);
        taken.push(now() - began);
      }
      const [first = [], ...rest] = batches;
      const made: Batches = [first, ...rest];
      return { batches: made, seconds: medianOf(taken.slice(taken.length >> 1)) };
    }),
  );

/** The step of a pipeline on batches of a size, compiled, with its state and a batch. */
const stepOf = Effect.fnUntraced(function* <C, E>(of: Pipeline<C, E>) {
  yield* checkSettings(of);
  const backend = yield* SyncBackend;
  const { batchSize, shuffle, dropRemainder, deterministic } = of;
  const splits = yield* splitsOf(of, yield* of.source);
  const start = initialState(of);
  const epochs = yield* epochsOf(splits.train, {
    ...{ batchSize, shuffle, dropRemainder, key: start.key, labels: labelsOf(of.learner) },
  });
  const bucket = yield* firstBucket(epochs);
  const types = typesOf(epochs.buckets[bucket] ?? epochs.spec, batchSize);
  const began = now();
  const step: StepProgram = yield* stepProgram(
    of.learner,
    inShards(of.shards),
    keptOf(start),
    types,
  );
  yield* checkColumns(step.columns, epochs.spec);
  const compiled = (threads: number) =>
    backend.compile(step.program, { carried: step.carried, deterministic, threads });
  yield* compiled(1);
  const compile = now() - began;
  const made = (fill: FillColumns): Tensors => inputsOf({ ...step, types }, fill, 0);
  const { batches, seconds: data } = yield* batchesOf(epochs, bucket, made);
  const state = flattenTensors(keptOf(start)).leaves;
  const examples = datasetOf(splits.train)?.size;
  return { step, compiled, compile, epochs, examples, state, batches, data };
});

/**
 * Measures where the time of a training step goes: in each kernel, beside the least time that the machine allows, on
 * each number of threads, in compiling, and in making batches; and says which three changes would save the most.
 *
 * The machine's peaks are measured first. A kernel is timed by calls from JavaScript with a clock around each, in the
 * order of the step and on its memory, so that what is computed stays the same, bit for bit. Its time is the median
 * over many steps, less what the clock takes.
 *
 * **Units** seconds.
 * **Fails with** the errors of checking and compiling the pipeline, and those of its data.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import * as Layer from "effect/Layer";
 * import { Backend, dataset, dense, meanSquaredError, pipeline, ReverseMode, sgd, supervised, zeros } from "fluxion";
 * import { profile } from "fluxion/train";
 * const line = pipeline(
 *   "line",
 *   Effect.succeed({ train: dataset({ x: zeros([64, 1]), y: zeros([64, 1]) }) }),
 *   supervised({
 *     input: "x",
 *     target: "y",
 *     model: dense(1, 1),
 *     loss: meanSquaredError,
 *     optimizer: sgd({ learningRate: 0.1 }),
 *   }),
 * );
 * const services = Layer.merge(Backend.layerWasm, ReverseMode.layerTape);
 * const found = await Effect.runPromise(Effect.provide(profile(line, { seconds: 0.01, threads: 1 }), services));
 * found.kernels.every(({ seconds }) => seconds >= 0) // => true
 * ```
 */
export const profile = Effect.fnUntraced(function* <C, E>(
  of: Pipeline<C, E>,
  { seconds = 1, threads }: ProfileOptions = {},
) {
  const peaks = measurePeaks();
  const { step, compiled, compile, epochs, examples, state, batches, data } = yield* stepOf(of);
  const { deterministic, batchSize } = of;
  const [began, before] = [now(), computed()];
  const timed = yield* timeKernels(step.program, state, batches, { deterministic }, { seconds });
  const after = computed();
  const waited =
    before === undefined || after === undefined
      ? undefined
      : Math.max(0, 1 - (after - before) / (now() - began));
  const cores = greatestOf(threadsOf(undefined).choices);
  const times = yield* Effect.forEach(new Set([1, threads ?? cores]), (n) =>
    Effect.map(compiled(n), (executable) => ({
      threads: n,
      seconds: secondsOf(executable, state, batches, seconds),
    })),
  );
  const best = times.reduce((a, b) => (b.seconds < a.seconds ? b : a));
  const more = larger * batchSize;
  const second =
    examples === undefined || examples < more || step.columns.length === 0
      ? undefined
      : yield* Effect.map(
          Effect.flatMap(stepOf({ ...of, batchSize: more }), (other) =>
            Effect.map(other.compiled(best.threads), (executable) =>
              secondsOf(executable, other.state, other.batches, seconds),
            ),
          ),
          (taken) => ({ batchSize: more, seconds: taken }),
        );
  const kernels = timed.kernels.map((kernel) => ({ ...kernel, floor: rooflineOf(kernel, peaks) }));
  const measured: StepTimes = {
    batchSize,
    steps: epochs.stepsPerEpoch && epochs.stepsPerEpoch * of.epochs,
    ...{ kernels, step: times, cores, compile, data, larger: second },
  };
  const { runs, overhead } = timed;
  const made: Profile = {
    ...{ pipeline: of.name, ...measured, peaks, runs, overhead, waited },
    advice: adviceOf(measured),
  };
  return made;
});
