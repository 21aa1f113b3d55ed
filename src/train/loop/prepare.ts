import * as Effect from "effect/Effect";
import { Backend } from "../../backend/backend.ts";
import type { Dataset, Row } from "../../data/dataset.ts";
import { foldIn, key as keyOf } from "../../tensor/key.ts";
import type { BaselineScore } from "../events/event.ts";
import { baselineScores } from "../pipeline/baseline.ts";
import { type AnyPipeline, optimizerOf, type Pipeline } from "../pipeline/pipeline.ts";
import type { Splits } from "../pipeline/splits.ts";
import { checkData, checkSettings, positionMismatch, stateMismatch } from "../pipeline/validate.ts";
import { carriedOf, initialState } from "../state/initial.ts";
import type { TrainState } from "../state/state.ts";
import { type Pairs, pairsOf } from "./batches.ts";
import { trainProgram } from "./program.ts";
import { type CompiledStep, compileStep } from "./runner.ts";
import { type Scoring, scoring } from "./scoring.ts";

/** A run that has been checked and compiled. */
export interface Prepared<P, S> {
  readonly backend: string;
  readonly start: TrainState<P, S>;
  readonly train: Pairs;
  readonly validation: Pairs | undefined;
  readonly test: Pairs | undefined;
  readonly stepsPerEpoch: number;
  readonly scores: Scoring;
  readonly baselines: readonly BaselineScore[];
  /** The step on a full batch. */
  readonly whole: CompiledStep;
  /** The step on the last batch of an epoch, which may be smaller. */
  readonly last: CompiledStep;
}

/** Separates the key that selects held-out examples from the other keys of the run. */
const holdingOut = 1;

/** Computes the data of a pipeline, and holds out its validation examples. */
const splitsOf = (of: AnyPipeline, { train, validation, test }: Splits<Row>): Splits<Row> => {
  const held =
    of.validationShare === 0
      ? undefined
      : train.split(of.validationShare, foldIn(keyOf(of.seed), holdingOut));
  const [inValidation, inTrain] = held ?? [validation, train];
  return {
    train: inTrain.materialize(),
    ...(inValidation && { validation: inValidation.materialize() }),
    ...(test && { test: test.materialize() }),
  };
};

/**
 * Loads the data, checks everything and compiles the programs of a run. All mistakes in a pipeline, its data and
 * the state to resume from are found here.
 */
export const prepare = Effect.fnUntraced(function* <P, S, E>(
  of: Pipeline<P, S, E>,
  from: TrainState<P, S> | undefined,
) {
  yield* checkSettings(of);
  const backend = yield* Backend;
  const splits = splitsOf(of, yield* of.data);
  yield* checkData(of, splits);
  const fresh = initialState(of);
  const start = from ?? fresh;
  const mismatch = stateMismatch(of, start, fresh, ["params", "layerState", "optimizerState"]);
  if (mismatch !== undefined) return yield* mismatch;

  const train = pairsOf(splits.train, of);
  const held = (examples: Dataset<Row> | undefined) => examples && pairsOf(examples, of);
  const remainder = of.dropRemainder ? 0 : train.examples % of.batchSize;
  const stepsPerEpoch = Math.floor(train.examples / of.batchSize) + (remainder > 0 ? 1 : 0);
  const misplaced = positionMismatch(of, start, stepsPerEpoch);
  if (misplaced !== undefined) return yield* misplaced;
  const scores = scoring(of.metrics);
  const optimizer = optimizerOf(of);
  const stepOf = Effect.fnUntraced(function* (size: number) {
    const types = train.types(size);
    const step = yield* trainProgram(of, optimizer, scores.summarize, carriedOf(start), types);
    return yield* compileStep(step, of);
  });
  const whole = yield* stepOf(of.batchSize);
  return {
    backend: backend.name,
    start,
    train,
    validation: held(splits.validation),
    test: held(splits.test),
    stepsPerEpoch,
    scores,
    // Baselines come last, so that mistakes in the programs are reported first.
    baselines: yield* baselineScores(of.baselines, splits),
    whole,
    last: remainder > 0 ? yield* stepOf(remainder) : whole,
  } satisfies Prepared<P, S>;
});
