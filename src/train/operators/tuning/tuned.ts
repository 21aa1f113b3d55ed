import { defer, identity, type MonoTypeOperatorFunction, map } from "rxjs";
import { InvalidArgument } from "../../../errors.ts";
import {
  type HyperparametersIn,
  hyperparametersOf,
  setHyperparameters,
} from "../../../optim/transforms/hyperparameters.ts";
import { whole } from "../../../tensor/validate.ts";
import type { Started, TrainEvent } from "../../events/event.ts";
import type { Memory } from "../../state/memory.ts";
import type { TrainState } from "../../state/state.ts";
import { folded } from "../fold.ts";
import { statesEvery } from "../statesEvery.ts";

/** Hyper-parameters as a fold over the events of a run. */
export interface Tuning<M extends Memory> {
  /** The key under which the memory is saved. It must differ between the operators of a run. */
  readonly name: string;
  readonly init: M;
  /** The memory after an event. */
  readonly step: (memory: M, event: TrainEvent) => M;
  /** Whether a saved value is a memory of this fold. */
  readonly is: (memory: Memory) => memory is M;
  /** The hyper-parameters that follow from the memory, by name: always the same names. */
  readonly values: (memory: M) => HyperparametersIn;
  /** The number of steps after which they are set each time. Defaults to those of an epoch. */
  readonly every?: number;
}

/** Refuses hyper-parameters that the run does not have, before its first step. */
const checked = (
  { pipeline, state, setHyperparameters: change }: Started,
  values: HyperparametersIn,
): void => {
  const known = hyperparametersOf(state.carried);
  const missing = Object.keys(values).find((name) => !Object.hasOwn(known, name));
  const op = `tuning the pipeline "${pipeline}"`;
  if (missing !== undefined)
    throw new InvalidArgument({
      op,
      argument: missing,
      expected:
        "a hyper-parameter that `injectHyperparameters` makes part of the optimizer's state",
      actual: `an optimizer with ${Object.keys(known).join(", ") || "none"}`,
    });
  if (change === undefined && Object.keys(values).length > 0)
    throw new InvalidArgument({
      op,
      argument: "the run",
      expected: "one in this thread: an operator of the pipeline runs beside it",
      actual: "events of a run elsewhere",
    });
};

/**
 * Changes the optimizer's hyper-parameters while a run goes on: at the end of each epoch, or every so many steps, they
 * become what follows from the events until then. The optimizer must be one of `injectHyperparameters`. Nothing is
 * compiled again.
 *
 * The hyper-parameters and the fold's memory are part of every state that it passes on, so that a run that is resumed goes
 * on with them, bit for bit. Place `saveCheckpoints` after it, and operators that let events wait.
 *
 * With the rates of steps as digits, and a fold that adds 1 at the end of an epoch:
 *
 * ```text
 * run     s-p-p-1-p-p-2-c|
 * rates   --1-1---2-2---|
 * ```
 *
 * **Fails with** `InvalidArgument`, thrown, where `every` is not a whole number above 0; with it also before the first step
 * where the optimizer has no such hyper-parameter, and later where a value is not finite; and as {@link folded}.
 * **Laws** `laws.training`: `train (a ++ b) = resume (train a) b`, bit for bit.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { pipe } from "fp-ts/lib/function.js";
 * import { filter, lastValueFrom, map, toArray } from "rxjs";
 * import { dataset, dense, meanSquaredError, pipeline, sgd, supervised, tensor, train$, withCallback } from "fluxion";
 * import { injectHyperparameters } from "fluxion/optim";
 * import { tuned } from "fluxion/train";
 * const line = pipeline(
 *   "line",
 *   Effect.succeed({ train: dataset({ x: tensor([[0], [1]]), y: tensor([[1], [3]]) }) }),
 *   supervised({
 *     input: "x",
 *     target: "y",
 *     model: dense(1, 1),
 *     loss: meanSquaredError,
 *     optimizer: injectHyperparameters({ learningRate: 0.5 }, (h) => sgd({ learningRate: () => h.learningRate })),
 *   }),
 *   { batchSize: 2, epochs: 3 },
 * );
 * const halving = tuned<number, unknown>({
 *   name: "halving",
 *   init: 0,
 *   is: (memory) => typeof memory === "number",
 *   step: (epochs, event) => (event._tag === "EpochCompleted" ? epochs + 1 : epochs),
 *   values: (epochs) => ({ learningRate: 0.5 ** (epochs + 1) }),
 * });
 * const rates$ = train$(pipe(line, withCallback(halving))).pipe(
 *   filter((event) => event._tag === "StepCompleted"),
 *   map(({ learningRate }) => learningRate),
 *   toArray(),
 * );
 * await lastValueFrom(rates$) // => [0.5, 0.25, 0.125]
 * ```
 */
export const tuned = <M extends Memory, C>({
  name,
  init,
  step,
  is,
  values,
  every,
}: Tuning<M>): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> => {
  whole(1)("tuned", { every });
  const fold = folded<M, C>({
    ...{ name, init, is },
    step: (memory, event) => [step(memory, event), [event]],
  });
  // Only the run's own boundaries count, not a state that another operator asked for: a run that was interrupted there
  // would change at another step than one that was not.
  const decides = (event: TrainEvent<TrainState<C>>): boolean =>
    every === undefined
      ? event._tag === "EpochCompleted"
      : (event._tag === "EpochCompleted" || event._tag === "StateReached") &&
        event.step % every === 0;
  return (run$) =>
    defer(() => {
      let change: Started["setHyperparameters"];
      let made: { readonly step: number; readonly values: HyperparametersIn } | undefined;
      return run$.pipe(
        every === undefined ? identity : statesEvery({ steps: every }),
        fold,
        map((event) => {
          if (!("state" in event)) return event;
          const { state } = event;
          // Written by the fold; a state of an earlier epoch is passed on as it is.
          const next = (): HyperparametersIn => values((state.memory[name] ?? init) as M);
          if (event._tag === "Started") {
            checked(event, next());
            change = event.setHyperparameters;
            made = undefined;
            return event;
          }
          if (decides(event)) {
            made = { step: state.step, values: next() };
            change?.(made.values);
          }
          return made?.step === state.step
            ? {
                ...event,
                state: { ...state, carried: setHyperparameters(state.carried, made.values) },
              }
            : event;
        }),
      );
    });
};
