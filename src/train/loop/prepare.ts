import * as Effect from "effect/Effect";
import type { ReverseMode } from "../../autodiff/index.ts";
import { Backend } from "../../backend/backend.ts";
import { Dataset, type Row } from "../../data/dataset.ts";
import type { Epochs, SourceError } from "../../data/source/epochs.ts";
import { epochsOf } from "../../data/source/read.ts";
import { InvalidPipeline } from "../../errors.ts";
import { stepProgram, traced, typesOf } from "../../learn/program.ts";
import { type Scoring, type SomeMetric, scoring } from "../../learn/scoring.ts";
import { inShards } from "../../learn/shards.ts";
import type { BaselineScore } from "../events/event.ts";
import { baselineScores } from "../pipeline/baseline.ts";
import { splitsOf } from "../pipeline/holdOut.ts";
import type { AnyPipeline, Pipeline } from "../pipeline/pipeline.ts";
import type { HeldOut, Sources, Splits } from "../pipeline/splits.ts";
import {
  carriedMismatch,
  checkColumns,
  checkData,
  checkSettings,
  checkShapes,
  datasetOf,
  labelsOf,
  positionMismatch,
} from "../pipeline/validate.ts";
import { initialState, keptOf } from "../state/initial.ts";
import type { TrainState } from "../state/state.ts";
import { type CannotPrepare, heldOut } from "./evaluate.ts";
import { type CompiledStep, compileStep } from "./runner.ts";

/** Compiles the step for batches of a size, of one of the source's buckets; each once. */
export type StepFor = (
  size: number,
  bucket: number,
) => CompiledStep | Effect.Effect<CompiledStep, CannotPrepare>;

/** A run that has been checked and compiled. */
export interface Prepared<C> {
  readonly backend: string;
  readonly start: TrainState<C>;
  readonly epochs: Epochs;
  /** The examples to train on, where there are examples. */
  readonly examples: number | undefined;
  readonly validation: Epochs | undefined;
  readonly test: Epochs | undefined;
  readonly metrics: readonly SomeMetric[];
  readonly scores: Scoring;
  readonly baselines: readonly BaselineScore[];
  /** The step on a full batch. */
  readonly whole: CompiledStep;
  readonly stepFor: StepFor;
}

/** The data that baselines are computed from. Where a learner plays, held-out episodes stand for those it plays. */
const comparable = (
  of: AnyPipeline,
  { train, validation, test, ...rest }: Sources<Row>,
): Effect.Effect<Splits<Row> | undefined, InvalidPipeline> => {
  if (of.baselines.length === 0) return Effect.succeed(undefined);
  const played = !(train instanceof Dataset) && train._tag === "Experience";
  const held = { ...onlyDataset({ validation }), ...onlyDataset({ test }) };
  const examples = datasetOf(train) ?? (played ? (held.test ?? held.validation) : undefined);
  // A score on other rows than the run is evaluated on compares nothing.
  const differ = held.validation !== validation || held.test !== test;
  return examples === undefined || differ
    ? Effect.fail(
        new InvalidPipeline({
          pipeline: of.name,
          field: "baselines",
          value: of.baselines.map(({ name }) => name).join(", "),
          expected:
            "none, since baselines need a dataset, and the run has none to train on or hold out",
        }),
      )
    : Effect.succeed({ ...rest, ...held, train: examples.materialize() });
};

/** Held-out rows that are a dataset; nothing for others. */
const onlyDataset = <K extends string>(
  held: {
    readonly [_ in K]: HeldOut | undefined;
  },
): { readonly [_ in K]?: Dataset<Row> } =>
  // The same names, with the values that are datasets.
  Object.fromEntries(Object.entries(held).filter(([, rows]) => rows instanceof Dataset)) as {
    readonly [_ in K]?: Dataset<Row>;
  };

/**
 * Loads the data, checks everything and compiles the programs of a run. All mistakes in a pipeline, its data and
 * the state to resume from are found here.
 */
export const prepare = Effect.fnUntraced(function* <C, E>(
  of: Pipeline<C, E>,
  from: TrainState<C> | undefined,
) {
  yield* checkSettings(of);
  const backend = yield* Backend;
  const services = yield* Effect.context<Backend | ReverseMode>();
  const splits = yield* splitsOf(
    of,
    yield* Effect.withSpan(of.source, "load", { attributes: { pipeline: of.name } }),
  );
  yield* checkData(of, splits);
  const fresh = yield* traced(() => Effect.succeed(initialState(of)));
  const start = from ?? fresh;
  const mismatch = carriedMismatch(of, start.carried, fresh.carried);
  if (mismatch !== undefined) return yield* mismatch;

  const { batchSize, shuffle, dropRemainder } = of;
  const epochs = yield* epochsOf(splits.train, {
    ...{ batchSize, shuffle, dropRemainder },
    key: start.key,
    labels: labelsOf(of.learner),
  });
  const misplaced = positionMismatch(of, start, epochs.stepsPerEpoch);
  if (misplaced !== undefined) return yield* misplaced;

  const kept = keptOf(start);
  const compiled = new Map<string, CompiledStep>();
  const compile = Effect.fnUntraced(function* (size: number, bucket: number) {
    const types = typesOf(epochs.buckets[bucket] ?? epochs.spec, size);
    const step = yield* stepProgram(of.learner, inShards(of.shards), kept, types);
    const made = yield* compileStep(step, types, of);
    compiled.set(`${size} ${bucket}`, made);
    return made;
  });
  const stepFor: StepFor = (size, bucket) =>
    compiled.get(`${size} ${bucket}`) ?? Effect.provideContext(compile(size, bucket), services);

  const whole = yield* compile(batchSize, 0);
  yield* checkColumns(whole.columns, epochs.spec);
  const held = (rows: HeldOut | undefined): Effect.Effect<Epochs | undefined, SourceError> =>
    rows === undefined ? Effect.succeed(undefined) : heldOut(of, rows, start.key);
  const [validation, test] = [yield* held(splits.validation), yield* held(splits.test)];
  for (const each of [validation, test])
    if (each !== undefined) yield* checkColumns(whole.columns, each.spec);
  yield* checkShapes(of, whole.columns, epochs.spec, {
    validation: validation?.spec,
    test: test?.spec,
  });
  const remainder = (epochs.rowsPerEpoch ?? 0) % batchSize;
  if (remainder > 0 && epochs.buckets.length === 1) yield* compile(remainder, 0);
  const data = yield* comparable(of, splits);
  return {
    backend: backend.name,
    start,
    epochs,
    examples: datasetOf(splits.train)?.size ?? epochs.rowsPerEpoch,
    validation,
    test,
    metrics: of.learner.metrics,
    scores: scoring(of.learner.metrics),
    // Baselines come last, so that mistakes in the programs are reported first.
    baselines: data === undefined ? [] : yield* baselineScores(of.baselines, data),
    whole,
    stepFor,
  } satisfies Prepared<C>;
});
