import * as Effect from "effect/Effect";
import type { ReverseMode } from "../../autodiff/index.ts";
import type { Backend } from "../../backend/backend.ts";
import type { InvalidData } from "../../data/validate.ts";
import type {
  InvalidPipeline,
  NonFinite,
  ShapeMismatch,
  StateMismatch,
  UnknownToken,
  WorkerLost,
} from "../../errors.ts";
import { flattenTensors } from "../../ir/trees.ts";
import type { Score, TrainEvent, Validated } from "../events/event.ts";
import { type Emit, observe } from "../events/fromEffect.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { stateMismatch } from "../pipeline/validate.ts";
import { carriedOf, initialState, parameterCount } from "../state/initial.ts";
import type { TrainState } from "../state/state.ts";
import type { Pairs } from "./batches.ts";
import { epoch } from "./epoch.ts";
import { type CannotCompile, evaluator } from "./evaluate.ts";
import { prepare } from "./prepare.ts";
import { runner } from "./runner.ts";
import { stage } from "./stage.ts";

/** The errors of a run, besides those of its data. */
export type RunError =
  | InvalidPipeline
  | InvalidData
  | ShapeMismatch
  | UnknownToken
  | StateMismatch
  | CannotCompile
  | NonFinite
  | WorkerLost;

/**
 * Runs a pipeline as an effect that emits events, and returns the final state after its operators. `train$` makes
 * an observable of it.
 *
 * Each pipeline that is part of a run has its own operators.
 *
 * All mistakes in the pipeline, its data and its programs fail before the first event. A loss that is not finite
 * fails with `NonFinite`, and a lost worker thread with `WorkerLost`. The last sound state is then in the latest
 * `EpochCompleted` or `Started`, and the run can be resumed from it.
 */
export const run = <P, S, E>(
  of: Pipeline<P, S, E>,
  from: TrainState<P, S> | undefined,
  emit: Emit<TrainEvent<TrainState<P, S>>>,
): Effect.Effect<TrainState<P, S>, E | RunError, Backend | ReverseMode> =>
  from !== undefined || of.origin === undefined
    ? stage(of, from, emit, (own) => Effect.scoped(oneRun(of, from, own)))
    : Effect.flatMap(run(of.origin, undefined, emit), ({ params, layerState }) => {
        const start = { ...initialState(of), params, layerState };
        return stage(of, start, emit, (own) => Effect.scoped(oneRun(of, start, own)));
      });

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
    state: TrainState,
    held: Pairs | undefined,
    { next, closed }: Emit<Validated> = emit,
  ) {
    if (held === undefined) return undefined;
    const evaluation = yield* evaluateOn(state, held, closed);
    next({
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

  const services = yield* Effect.context<Backend>();
  /** Evaluates a state from an operator on the test examples. It is checked first, since it may come from a file. */
  const tested$ = (state: TrainState) =>
    observe<Validated, CannotCompile | WorkerLost | StateMismatch>((own) => {
      const mismatch = stateMismatch(of, state, prepared.start, ["params", "layerState"]);
      return mismatch === undefined
        ? Effect.provideContext(evaluated("test", state, prepared.test, own), services)
        : Effect.fail(mismatch);
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
    better: prepared.scores.better,
    tested$: prepared.test === undefined ? undefined : tested$,
    state: start,
  });

  const { leaves } = flattenTensors(carriedOf(start));
  const steps = yield* Effect.acquireRelease(
    Effect.sync(() => runner(prepared.whole, leaves)),
    ({ release }) => Effect.sync(release),
  );
  // Operators have read their memories in the event above, and write them into later states.
  let state: TrainState<P, S> = { ...start, memory: {} };
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
