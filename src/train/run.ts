import * as Effect from "effect/Effect";
import { flatten } from "../algebra/tree.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Emit } from "./bridge.ts";
import { carriedOf, parameterCount } from "./carried.ts";
import { epoch } from "./epoch.ts";
import { evaluator } from "./evaluate.ts";
import type { TrainEvent } from "./event.ts";
import type { Pairs } from "./pairs.ts";
import type { Pipeline } from "./pipeline.ts";
import { prepare } from "./prepare.ts";
import { runner } from "./runner.ts";
import type { TrainState } from "./state.ts";

/**
 * A whole run as an effect that emits what happens: what `train$` makes an observable of.
 *
 * Everything that can be wrong with the pipeline, its data and its programs fails before the first
 * event. A loss that stops being finite fails with `NonFinite`; the last sound state is in the event of
 * the epoch before (`EpochCompleted`, or `Started`), and the run can be taken up again from there.
 */
export const run = Effect.fnUntraced(function* <P, S, E>(
  of: Pipeline<P, S, E>,
  from: TrainState<P, S> | undefined,
  emit: Emit<TrainEvent<TrainState<P, S>>>,
) {
  const prepared = yield* prepare(of, from);
  const { start, backend, train, stepsPerEpoch } = prepared;
  const evaluateOn = evaluator(of);
  const evaluated = Effect.fnUntraced(function* (
    on: "validation" | "test",
    state: TrainState<P, S>,
    held: Pairs | undefined,
  ) {
    if (held === undefined) return undefined;
    const score = yield* evaluateOn(state, held, emit.closed);
    emit.next({
      _tag: "Validated",
      on,
      epoch: state.epoch,
      step: state.step,
      examples: held.examples,
      ...score,
    });
    return score;
  });

  const began = performance.now();
  emit.next({
    _tag: "Started",
    pipeline: of.name,
    backend,
    epochs: of.epochs,
    stepsPerEpoch,
    examples: train.examples,
    parameters: parameterCount(start.params),
    state: start,
  });

  // The leaves of what is carried are tensors.
  const steps = runner(prepared.whole, flatten(carriedOf(start)).leaves as readonly Tensor[]);
  let state: TrainState<P, S> = start;
  while (state.epoch < of.epochs) {
    emit.next({ _tag: "EpochStarted", epoch: state.epoch + 1 });
    const done = yield* epoch(of, prepared, steps, state, emit);
    state = done.state;
    const validation = yield* evaluated("validation", state, prepared.validation);
    emit.next({
      _tag: "EpochCompleted",
      epoch: state.epoch,
      step: state.step,
      ...done.score,
      validation,
      milliseconds: done.milliseconds,
      examplesPerSecond: done.examplesPerSecond,
      state,
    });
  }

  const test = yield* evaluated("test", state, prepared.test);
  emit.next({
    _tag: "Completed",
    epoch: state.epoch,
    step: state.step,
    test,
    milliseconds: performance.now() - began,
    state,
  });
});
