import type * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Queue from "effect/Queue";
import * as Stream from "effect/Stream";
import type { SchedulerLike } from "rxjs";
import { withScheduler } from "../data/source/turns.ts";
import type { Started, TrainEvent } from "./events/event.ts";
import { type RunError, run } from "./loop/run.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";
import type { TrainState } from "./state/state.ts";
import type { Services, TrainOptions } from "./train.ts";

/** A state to resume from, and a scheduler. Services and a tracer come from the context. */
export type EffectOptions<C> = Pick<TrainOptions<C>, "from" | "scheduler">;

/** The number of events that may wait for whoever reads a stream. */
const most = 64;

const timed = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  scheduler: SchedulerLike | undefined,
): Effect.Effect<A, E, R> => (scheduler === undefined ? effect : withScheduler(scheduler)(effect));

/**
 * Trains a pipeline, as an effect that succeeds with the final state. It is the run that `train$` is, with the same bits
 * and operators; services come from the caller, and interrupting it ends it within a few milliseconds.
 *
 * A tracer sees the spans `load`, `compile`, `epoch`, `evaluate` and `checkpoint`.
 *
 * **Fails with** the errors of `train$`.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, dataset, dense, meanSquaredError, pipeline, ReverseMode, sgd, supervised, tensor } from "fluxion";
 * import { train } from "fluxion/train";
 *
 * const fit = pipeline(
 *   "line",
 *   Effect.succeed({ train: dataset({ x: tensor([[0], [1]]), y: tensor([[1], [3]]) }) }),
 *   supervised({
 *     input: "x",
 *     target: "y",
 *     model: dense(1, 1),
 *     loss: meanSquaredError,
 *     optimizer: sgd({ learningRate: 0.1 }),
 *   }),
 *   { batchSize: 2, epochs: 3 },
 * );
 * const end = Effect.provide(train(fit), [Backend.layerWasm, ReverseMode.layerTape]);
 * (await Effect.runPromise(end)).step // => 3
 * ```
 */
export const train = <C, E>(
  of: Pipeline<C, E>,
  { from, scheduler }: EffectOptions<C> = {},
): Effect.Effect<TrainState<C>, E | RunError, Services> =>
  timed(run(of, from, { next: () => {}, closed: () => false }), scheduler);

/**
 * Trains a pipeline, as a stream of the events that `train$` emits.
 *
 * Whoever reads it sets the pace: while 64 events wait, the run takes no further step, so that none is lost and memory
 * does not grow. A stream that is left ends its run.
 *
 * **Fails with** the errors of `train$`.
 */
export const trainStream = <C, E>(
  of: Pipeline<C, E>,
  { from, scheduler }: EffectOptions<C> = {},
): Stream.Stream<TrainEvent<TrainState<C>>, E | RunError, Services> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const events = yield* Queue.unbounded<TrainEvent<TrainState<C>>, E | RunError | Cause.Done>();
      let closed = false;
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          closed = true;
        }),
      );
      let hold: Started["hold"];
      let goOn: (() => void) | undefined;
      const next = (event: TrainEvent<TrainState<C>>): void => {
        if (event._tag === "Started") hold = event.hold;
        Queue.offerUnsafe(events, event);
        if (Queue.sizeUnsafe(events) >= most) goOn ??= hold?.();
      };
      const ran = timed(run(of, from, { next, closed: () => closed }), scheduler);
      const running = Effect.onExit(ran, (exit) =>
        Exit.isSuccess(exit) ? Queue.end(events) : Queue.failCause(events, exit.cause),
      );
      yield* Effect.forkScoped(running);
      // What is taken need not be all that waits.
      const relax = Effect.sync(() => {
        if (Queue.sizeUnsafe(events) >= most) return;
        // The run goes on within the call, and may be held again.
        const free = goOn;
        goOn = undefined;
        free?.();
      });
      const waiting = Effect.andThen(
        relax,
        Effect.tap(Queue.takeAll(events), () => relax),
      );
      return Stream.fromPull(Effect.succeed(waiting));
    }),
  );
