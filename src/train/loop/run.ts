import * as Effect from "effect/Effect";
import type { ReverseMode } from "../../autodiff/index.ts";
import type { Backend } from "../../backend/backend.ts";
import type { Epochs, SourceError } from "../../data/source/epochs.ts";
import { Turns } from "../../data/source/turns.ts";
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
import type { Score, Started, TrainEvent, Validated } from "../events/event.ts";
import { type Emit, observe } from "../events/fromEffect.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { trainedMismatch } from "../pipeline/validate.ts";
import { initialState, keptOf, parameterCount } from "../state/initial.ts";
import type { TrainState } from "../state/state.ts";
import { epoch } from "./epoch.ts";
import { type CannotCompile, type CannotPrepare, evaluator } from "./evaluate.ts";
import { prepare } from "./prepare.ts";
import { requests } from "./requests.ts";
import { runner } from "./runner.ts";
import { onlySoFar } from "./soFar.ts";
import { stage } from "./stage.ts";

/** The errors of a run, besides those of its data. */
export type RunError =
  | InvalidPipeline
  | InvalidData
  | ShapeMismatch
  | UnknownToken
  | StateMismatch
  | CannotPrepare
  | SourceError
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
 * event that carries one (`StateReached`, `EpochCompleted` or `Started`), and the run can be resumed from it. Where the
 * data fail, or the evaluation of an epoch, that event comes just before the error, with every step that was taken.
 */
export const run = <C, E>(
  of: Pipeline<C, E>,
  from: TrainState<C> | undefined,
  emit: Emit<TrainEvent<TrainState<C>>>,
): Effect.Effect<TrainState<C>, E | RunError, Backend | ReverseMode> =>
  from !== undefined || of.origin === undefined
    ? stage(of, from, emit, (own) => Effect.scoped(oneRun(of, from, own)))
    : afterOrigin(of, of.origin, emit);

/** Runs the pipeline that this one starts from, then this one. */
const afterOrigin = <C, E>(
  of: Pipeline<C, E>,
  origin: Pipeline<unknown, E>,
  emit: Emit<TrainEvent<TrainState<C>>>,
): Effect.Effect<TrainState<C>, E | RunError, Backend | ReverseMode> =>
  // Operators of a pipeline with an origin see the states of both pipelines.
  Effect.flatMap(run(origin, undefined, emit as Emit<TrainEvent>), (end) => {
    const fresh = initialState(of);
    const model = origin.learner.trained.get(end.carried);
    // The type is unchanged if both models have the same type, which is checked next.
    const carried = of.learner.trained.set(fresh.carried, model) as C;
    const mismatch = trainedMismatch(of, carried, fresh.carried);
    if (mismatch !== undefined) return Effect.fail(mismatch);
    const start = { ...fresh, carried };
    return stage(of, start, emit, (own) => Effect.scoped(oneRun(of, start, own)));
  });

const oneRun = Effect.fnUntraced(function* <C, E>(
  of: Pipeline<C, E>,
  from: TrainState<C> | undefined,
  emit: Emit<TrainEvent<TrainState<C>>>,
) {
  const prepared = yield* prepare(of, from);
  const { start, backend, epochs } = prepared;
  const evaluateOn = evaluator(of);
  const evaluated = Effect.fnUntraced(function* (
    on: "validation" | "test",
    state: TrainState,
    held: Epochs | undefined,
    { next, closed }: Emit<Validated> = emit,
  ) {
    if (held === undefined) return undefined;
    const evaluation = yield* Effect.withSpan(evaluateOn(state, held, closed), "evaluate", {
      attributes: { on, epoch: state.epoch },
    });
    next({
      _tag: "Validated",
      on,
      epoch: state.epoch,
      step: state.step,
      ...evaluation,
    });
    const { loss, metrics } = evaluation;
    return { loss, metrics } satisfies Score;
  });

  const services = yield* Effect.context<Backend>();
  const within: NonNullable<Started["within"]> = (work) => Effect.provideContext(work, services);
  /** Evaluates a state from an operator on the test examples. It is checked first, since it may come from a file. */
  const tested$ = (state: TrainState) =>
    observe<Validated, CannotCompile | SourceError | WorkerLost | StateMismatch>(
      (own) => {
        const mismatch = trainedMismatch(of, state.carried, prepared.start.carried);
        return mismatch === undefined
          ? Effect.provideContext(evaluated("test", state, prepared.test, own), services)
          : Effect.fail(mismatch);
      },
      "the run",
      within,
    );

  const asked = requests();
  const { now, scheduler } = yield* Turns;
  const began = now();
  asked.allowChange(true);
  emit.next({
    _tag: "Started",
    pipeline: of.name,
    backend,
    epochs: of.epochs,
    stepsPerEpoch: epochs.stepsPerEpoch,
    examples: prepared.examples,
    parameters: parameterCount(of.learner.trained.get(start.carried).params),
    baselines: prepared.baselines,
    better: prepared.scores.better,
    units: of.units,
    judgedIn: of.learner.judgedIn,
    tested$: prepared.test === undefined ? undefined : tested$,
    requestState: asked.ask,
    hold: asked.hold,
    setHyperparameters: asked.change,
    within,
    scheduler,
    state: start,
  });

  const { leaves } = flattenTensors(keptOf(start));
  const steps = yield* Effect.acquireRelease(
    Effect.sync(() => runner(prepared.whole, leaves)),
    ({ release }) => Effect.sync(release),
  );
  // Operators have read their memories in the event above, and write them into later states.
  let state: TrainState<C> = { ...start, memory: onlySoFar(start.memory) };
  while (state.epoch < of.epochs) {
    emit.next({ _tag: "EpochStarted", epoch: state.epoch + 1 });
    const done = yield* Effect.withSpan(epoch(prepared, steps, state, emit, asked), "epoch", {
      attributes: { epoch: state.epoch + 1 },
    });
    state = done.state;
    const validation = yield* Effect.tapError(
      evaluated("validation", state, prepared.validation),
      () =>
        // Nothing that was learned is lost: a run that resumes evaluates the state again.
        Effect.sync(() =>
          emit.next({
            _tag: "StateReached",
            epoch: state.epoch,
            step: state.step,
            state: done.before(),
          }),
        ),
    );
    asked.answer(state.step);
    asked.allowChange(true);
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
    milliseconds: now() - began,
    state,
  });
  return state;
});
