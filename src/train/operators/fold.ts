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
import { StateMismatch } from "../../errors.ts";
import type { Completed, Started, Stopped, TrainEvent } from "../events/event.ts";
import type { Memory } from "../state/memory.ts";
import type { TrainState } from "../state/state.ts";

/**
 * An operator that remembers, as a value: what it knows of a run, and what it says on each event.
 *
 * What it knows is saved with the run: {@link folded} writes it into every state that passes, and reads it back
 * from the state that a run goes on from.
 *
 * **Laws** `laws.operator`: `op (a ++ b) = op (a) ++ op (b)`, where `b` goes on from the last state of `op (a)`.
 */
export interface Fold<M extends Memory> {
  /** Under which it is remembered: no two operators of a run have one name. */
  readonly name: string;
  readonly init: M;
  /**
   * What is known after an event, and what is said in its place. `Stopped` ends the run; a state that was kept
   * takes the place of the last one in `Stopped` or `Completed`, and is then evaluated on the test examples.
   */
  readonly step: (
    memory: M,
    event: TrainEvent,
  ) => readonly [memory: M, said: readonly TrainEvent[]];
  /** Whether something that was saved is what this operator remembers. */
  readonly is: (memory: Memory) => memory is M;
}

/** What is said, and whether the fold ends the run by it: with the evaluation of the state that it ends with. */
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

/** The end of a run, after the evaluation of its state on the test examples. */
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
 * The RxJS operator that a fold is.
 *
 * **Fails with** `StateMismatch` where the state that a run goes on from holds under the fold's name what it does
 * not remember; and with what the evaluation of a kept state fails with.
 */
export const folded = <M extends Memory, P, S>({
  name,
  init,
  step,
  is,
}: Fold<M>): MonoTypeOperatorFunction<TrainEvent<TrainState<P, S>>> => {
  const recalled = ({ pipeline, state }: Started): M => {
    const saved = state.memory[name];
    if (saved === undefined) return init;
    if (is(saved)) return saved;
    const [expected, actual] = [`what ${name} remembers`, "something else"];
    throw new StateMismatch({ pipeline, part: "memory", path: [name], expected, actual });
  };

  const next = (before: Folding<M>, event: TrainEvent): Folding<M> => {
    const starts = event._tag === "Started";
    const [memory, said] = step(starts ? recalled(event) : before.memory, event);
    const tested$ = starts ? event.tested$ : before.tested$;
    // A state that was kept has the memory that it was kept with.
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
      // The run above is interrupted before the state that it ends with is evaluated.
      takeWhile(({ event, end }) => !(end && event._tag === "Stopped"), true),
      concatMap(({ event, end, tested$ }) =>
        end && tested$ !== undefined && (event._tag === "Stopped" || event._tag === "Completed")
          ? tested(event, tested$)
          : only(event),
      ),
    );
  // The states that a fold passes on or keeps are those of the run, of its P and S.
  return operator as MonoTypeOperatorFunction<TrainEvent<TrainState>> as MonoTypeOperatorFunction<
    TrainEvent<TrainState<P, S>>
  >;
};
