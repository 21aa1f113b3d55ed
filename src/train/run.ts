import * as Effect from "effect/Effect";
import { flatten } from "../algebra/tree.ts";
import { Backend } from "../backend/backend.ts";
import type { Row } from "../data/dataset.ts";
import { NonFinite } from "../errors.ts";
import { foldIn, key as keyOf } from "../tensor/key.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Emit } from "./bridge.ts";
import { carriedOf, firstNonFinite, initialState, parameterCount, withCarried } from "./carried.ts";
import { checkData, checkSettings, checkState } from "./check.ts";
import { evaluator } from "./evaluate.ts";
import type { Score, TrainEvent } from "./event.ts";
import { epochOrder } from "./order.ts";
import { type Pairs, pairsOf } from "./pairs.ts";
import type { AnyPipeline, Pipeline, Splits } from "./pipeline.ts";
import { compileStep, runner } from "./runner.ts";
import { scoring } from "./scores.ts";
import type { TrainState } from "./state.ts";
import { trainProgram } from "./step.ts";
import { inTurns } from "./turns.ts";

/** Sets the key of the held-out examples apart from the run's other keys, which are split from the seed's. */
const holdingOut = 1;

/** The data of a pipeline, with the share that it holds out for validation. */
const splitsOf = (of: AnyPipeline, loaded: Splits<Row>): Splits<Row> => {
  if (of.validationShare === 0) return loaded;
  const [validation, train] = loaded.train.split(
    of.validationShare,
    foldIn(keyOf(of.seed), holdingOut),
  );
  return { ...loaded, train, validation };
};

/**
 * A whole run as an effect that emits what happens: what `train$` makes an observable of.
 *
 * Everything that can be wrong with the pipeline, its data and its programs fails before the first
 * event. A loss that stops being finite fails with `NonFinite`; the state of the last epoch that was
 * sound is in its `EpochCompleted` (or in `Started`), from which the run can be taken up again.
 */
export const run = Effect.fnUntraced(function* <P, S, E>(
  of: Pipeline<P, S, E>,
  from: TrainState<P, S> | undefined,
  emit: Emit<TrainEvent<TrainState<P, S>>>,
) {
  yield* checkSettings(of);
  const backend = yield* Backend;
  const splits = splitsOf(of, yield* of.data);
  yield* checkData(of, splits);
  const fresh = initialState(of);
  const start = from ?? fresh;
  yield* checkState(of, start, fresh);

  const pairs = pairsOf(splits.train, of);
  const held = { validation: splits.validation, test: splits.test };
  const pairsHeld = (dataset: Splits<Row>["test"]): Pairs | undefined =>
    dataset === undefined ? undefined : pairsOf(dataset, of);
  const [validation, test] = [pairsHeld(held.validation), pairsHeld(held.test)];

  const { batchSize, epochs } = of;
  const remainder = of.dropRemainder ? 0 : pairs.examples % batchSize;
  const stepsPerEpoch = Math.floor(pairs.examples / batchSize) + (remainder > 0 ? 1 : 0);
  const scores = scoring(of.metrics);
  const optimizer = of.optimizer({ learningRate: of.learningRate });
  const compiledFor = (size: number) =>
    trainProgram(
      of.name,
      of,
      optimizer,
      scores.summarise,
      carriedOf(start),
      pairs.types(size),
    ).pipe(Effect.flatMap(compileStep));
  const main = yield* compiledFor(batchSize);
  const last = remainder > 0 ? yield* compiledFor(remainder) : main;
  const evaluateOn = evaluator(of);

  const { shape, leaves } = flatten(carriedOf(start));
  // The leaves of what is carried are tensors.
  const steps = runner(main, leaves as readonly Tensor[]);
  let at = { epoch: start.epoch, batch: start.batch, step: start.step };
  const stateNow = (): TrainState<P, S> => withCarried(start, shape, steps.leaves(), at);
  const nonFinite = (where: string): NonFinite =>
    new NonFinite({ where, step: at.step, path: firstNonFinite(shape, steps.leaves()) ?? [] });

  const began = performance.now();
  emit.next({
    _tag: "Started",
    pipeline: of.name,
    backend: backend.name,
    epochs,
    stepsPerEpoch,
    examples: pairs.examples,
    parameters: parameterCount(start.params),
    state: start,
  });

  const evaluated = Effect.fnUntraced(function* (
    on: "validation" | "test",
    held: Pairs | undefined,
  ) {
    if (held === undefined) return undefined;
    const score = yield* evaluateOn(stateNow(), held, emit.closed);
    const { epoch, step } = at;
    emit.next({ _tag: "Validated", on, epoch, step, examples: held.examples, ...score });
    return score;
  });

  while (at.epoch < epochs) {
    const epoch = at.epoch + 1;
    emit.next({ _tag: "EpochStarted", epoch });
    const order = epochOrder(start.key, at.epoch, pairs.examples, of.shuffle);
    const epochBegan = performance.now();
    let [summaries, seen] = [scores.empty, 0];
    const rate = (): number => (1000 * seen) / (performance.now() - epochBegan);

    yield* inTurns(
      at.batch,
      stepsPerEpoch,
      (batch) => {
        const rows = order.subarray(batch * batchSize, (batch + 1) * batchSize);
        const report = steps.step(rows.length === batchSize ? main : last, pairs.gather(rows));
        at = { epoch: at.epoch, batch: batch + 1, step: at.step + 1 };
        if (!Number.isFinite(report.loss)) return nonFinite("loss");
        const summary = scores.read(report.summaries);
        summaries = scores.concat(summaries, summary);
        seen += rows.length;
        emit.next({
          _tag: "StepCompleted",
          epoch,
          step: at.step,
          ...scores.score(summary),
          loss: report.loss,
          learningRate: report.learningRate,
          examplesPerSecond: rate(),
        });
        return undefined;
      },
      emit.closed,
    );

    const milliseconds = performance.now() - epochBegan;
    const examplesPerSecond = rate();
    at = { epoch, batch: 0, step: at.step };
    if (firstNonFinite(shape, steps.leaves()) !== undefined) return yield* nonFinite("state");
    const score: Score = scores.score(summaries);
    const validated = yield* evaluated("validation", validation);
    const state = stateNow();
    const { step } = at;
    emit.next({
      _tag: "EpochCompleted",
      epoch,
      step,
      ...score,
      validation: validated,
      milliseconds,
      examplesPerSecond,
      state,
    });
  }

  const tested = yield* evaluated("test", test);
  const { epoch, step } = at;
  const milliseconds = performance.now() - began;
  emit.next({ _tag: "Completed", epoch, step, test: tested, milliseconds, state: stateNow() });
});
