import {
  concatMap,
  from,
  type MonoTypeOperatorFunction,
  mergeMap,
  type Observable,
  of as only,
  scan,
  takeWhile,
} from "rxjs";
import { InvalidArgument, StateMismatch } from "../../errors.ts";
import type { Completed, Started, Stopped, TrainEvent } from "../events/event.ts";
import type { Memory } from "../state/memory.ts";
import type { TrainState } from "../state/state.ts";

/**
 * A stateful RxJS operator as a value: a memory, and a pure step from an event to the events emitted in its
 * place.
 *
 * The memory is saved with the run. {@link folded} writes it into every state that passes, and reads it back from
 * the state that a run resumes from.
 *
 * **Laws** `laws.operator`: `op (a ++ b) = op (a) ++ op (b)`, where `b` resumes from the last state of `op (a)`.
 */
export interface Fold<M extends Memory> {
  /** The key under which the memory is saved. It must differ between the operators of a run. */
  readonly name: string;
  readonly init: M;
  /**
   * The memory after an event, and the events emitted in its place. `Stopped` ends the run. `Stopped` or
   * `Completed` may carry an earlier state in place of the last one, which is then evaluated on the test
   * examples.
   */
  readonly step: (
    memory: M,
    event: TrainEvent,
  ) => readonly [memory: M, said: readonly TrainEvent[]];
  /** Whether a saved value is a memory of this operator. */
  readonly is: (memory: Memory) => memory is M;
}

/** An emitted event, whether it ends the run, and the evaluation on test examples where there are some. */
interface Said {
  readonly event: TrainEvent;
  readonly end: boolean;
  readonly tested$: Started["tested$"];
}

interface Folding<M> {
  readonly memory: M;
  readonly tested$: Started["tested$"];
  readonly said: readonly Said[];
}

/** Evaluates the state of a final event on the test examples, then emits that event with the score. */
const tested = (
  end: Stopped | Completed,
  tested$: NonNullable<Started["tested$"]>,
): Observable<TrainEvent> =>
  tested$(end.state).pipe(
    concatMap((validated) => {
      const { loss, metrics } = validated;
      return from([validated, { ...end, test: { loss, metrics } }]);
    }),
  );

/**
 * Makes an RxJS operator of a fold. What a step emits comes at once, and `Stopped` ends the run. A fold that says
 * `Stopped` (x) after epoch 2:
 *
 * ```text
 * run         -s-p-1-p-2-p-3-c|
 * events      -s-p-1-p-(2x|)
 * subscribed  ^--------!
 * ```
 *
 * **Fails with** `StateMismatch` where the memory saved under the fold's name is not one of this fold;
 * `InvalidArgument` where another operator of the run has the same name; and with the errors of evaluating a state.
 */
export const folded = <M extends Memory, C>({
  name,
  init,
  step,
  is,
}: Fold<M>): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> => {
  const recalled = ({ pipeline, state }: Started): M => {
    const saved = state.memory[name];
    if (saved === undefined) return init;
    if (is(saved)) return saved;
    const [expected, actual] = [`the memory of ${name}`, "something else"];
    throw new StateMismatch({ pipeline, part: "memory", path: [name], expected, actual });
  };

  const next = (before: Folding<M>, event: TrainEvent): Folding<M> => {
    // A run knows of no memories: this one was written by an operator before.
    if (
      (event._tag === "EpochCompleted" || event._tag === "StateReached") &&
      event.state.memory[name] !== undefined
    )
      throw new InvalidArgument({
        op: "an operator of the run",
        argument: "name",
        expected: "another name than every operator before it has, under which its memory is saved",
        actual: JSON.stringify(name),
      });
    const starts = event._tag === "Started";
    const [memory, said] = step(starts ? recalled(event) : before.memory, event);
    const tested$ = starts ? event.tested$ : before.tested$;
    // An earlier state keeps the memory that was saved with it.
    const remembering = (one: TrainEvent): TrainEvent =>
      "state" in one && "state" in event && one.state === event.state
        ? { ...one, state: { ...one.state, memory: { ...one.state.memory, [name]: memory } } }
        : one;
    return {
      memory,
      tested$,
      said: said.map((one) => ({
        event: remembering(one),
        end: one !== event && (one._tag === "Stopped" || one._tag === "Completed"),
        tested$,
      })),
    };
  };

  const start: Folding<M> = { memory: init, tested$: undefined, said: [] };
  const operator: MonoTypeOperatorFunction<TrainEvent> = (source) =>
    source.pipe(
      scan(next, start),
      mergeMap(({ said }) => from(said)),
      // This interrupts the run upstream before its final state is evaluated.
      takeWhile(({ event, end }) => !(end && event._tag === "Stopped"), true),
      concatMap(({ event, end, tested$ }) =>
        end && tested$ !== undefined && (event._tag === "Stopped" || event._tag === "Completed")
          ? tested(event, tested$)
          : only(event),
      ),
    );
  // The states that a fold emits come from the run, so they have its P and S.
  return operator as MonoTypeOperatorFunction<TrainEvent<TrainState>> as MonoTypeOperatorFunction<
    TrainEvent<TrainState<C>>
  >;
};
