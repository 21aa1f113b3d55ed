import * as Effect from "effect/Effect";
import { flatten } from "../algebra/tree.ts";
import type { ReverseMode } from "../autodiff/index.ts";
import type { Backend } from "../backend/backend.ts";
import type { InvalidData } from "../data/validate.ts";
import type {
  InvalidPipeline,
  NonFinite,
  StateMismatch,
  UnknownToken,
  WorkerLost,
} from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Emit } from "./bridge.ts";
import { carriedOf, initialState, parameterCount } from "./carried.ts";
import { epoch } from "./epoch.ts";
import { type CannotCompile, evaluator } from "./evaluate.ts";
import type { Score, TrainEvent } from "./event.ts";
import type { Pairs } from "./pairs.ts";
import type { Pipeline } from "./pipeline.ts";
import { prepare } from "./prepare.ts";
import { runner } from "./runner.ts";
import type { TrainState } from "./state.ts";

/** Why a run ends before its last epoch, besides what its data fails with. */
export type RunError =
  | InvalidPipeline
  | InvalidData
  | UnknownToken
  | StateMismatch
  | CannotCompile
  | NonFinite
  | WorkerLost;

/**
 * A whole run as an effect that emits what happens, and ends with the last state: what `train$` makes an
 * observable of.
 *
 * Everything that can be wrong with the pipeline, its data and its programs fails before the first
 * event. A loss that stops being finite fails with `NonFinite`; the last sound state is in the event of
 * the epoch before (`EpochCompleted`, or `Started`), and the run can be taken up again from there. So it is
 * where a worker with which the run shares its work is lost (`WorkerLost`).
 */
export const run = <P, S, E>(
  of: Pipeline<P, S, E>,
  from: TrainState<P, S> | undefined,
  emit: Emit<TrainEvent<TrainState<P, S>>>,
): Effect.Effect<TrainState<P, S>, E | RunError, Backend | ReverseMode> =>
  from !== undefined || of.origin === undefined
    ? oneRun(of, from, emit)
    : Effect.flatMap(run(of.origin, undefined, emit), ({ params, layerState }) =>
        oneRun(of, { ...initialState(of), params, layerState }, emit),
      );

const oneRun = Effect.fnUntraced(function* <P, S, E>(
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
    const evaluation = yield* evaluateOn(state, held, emit.closed);
    emit.next({
      _tag: "Validated",
      on,
      epoch: state.epoch,
      step: state.step,
      examples: held.examples,
      ...evaluation,
    });
    const { loss, metrics } = evaluation;
    return { loss, metrics } satisfies Score;
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
    baselines: prepared.baselines,
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
  return state;
});
