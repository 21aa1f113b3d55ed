import * as Effect from "effect/Effect";
import { awaited, type Later, type RunFailure, runFailure } from "../../backend/later.ts";
import { giveWay, Turns, turn } from "../../data/source/turns.ts";

/** The result of {@link Work.submit}: it submitted a step, no step is left, or an effect must run before the next. */
export type Submitted<E> = "submitted" | "ended" | Effect.Effect<void, E>;

/** Work in steps that a device may take later than they are submitted. */
export interface Work<A, E> {
  /** Submits the next step, where there is room. */
  readonly submit: () => Submitted<E>;
  /** Whether a further step may be submitted before the oldest one's answer is read. */
  readonly room: () => boolean;
  /** Reads the answer of the oldest step that was submitted and not read. */
  readonly read: () => Later<A>;
  /** Uses the answer of the oldest step. An effect that it returns ends the work. */
  readonly use: (answer: A) => Effect.Effect<never, E> | undefined;
}

/**
 * Submits steps until there are none left, uses their answers in order, and yields to the event loop every few
 * milliseconds, as {@link Turns} say. A backend that answers at once costs neither a promise nor an effect per step.
 *
 * Once `closed`, the effect is interrupted before anything else is submitted or used.
 *
 * **Fails with** what `submit` and `use` return; `WorkerLost`, and `MemoryLimit` where the machine does not have the
 * memory that the program may use.
 */
export const inTurns = <A, E>(
  { submit, room, read, use }: Work<A, E>,
  closed: () => boolean,
): Effect.Effect<void, E | RunFailure> => {
  type Rest = Effect.Effect<void, E | RunFailure>;
  // The steps that were submitted and not read, and whether there are more to submit.
  let [underWay, ended] = [0, false];
  const go = (now: () => number, until: number): Rest => {
    const anew = (): Rest => go(now, now() + turn);
    const due = (): boolean => now() >= until;
    const afterTurn = (): Rest => Effect.flatMap(giveWay, anew);
    const used = (answer: A): Rest | undefined => {
      underWay--;
      return use(answer);
    };
    try {
      while (true) {
        if (closed()) return Effect.interrupt;
        if (!ended && room()) {
          const made = submit();
          if (made === "submitted") underWay++;
          else if (made === "ended") ended = true;
          // Answers still to come are used first, so that none is lost if the wait fails.
          else if (underWay === 0) return Effect.flatMap(made, anew);
          if (made !== "ended" && typeof made === "string" && room()) {
            if (due()) return afterTurn();
            continue;
          }
        }
        if (underWay === 0) return Effect.void;
        const answer = read();
        if (answer instanceof Promise)
          return Effect.flatMap(awaited(answer), (value) => {
            if (closed()) return Effect.interrupt;
            return used(value) ?? (due() ? afterTurn() : go(now, until));
          });
        const end = used(answer);
        if (end !== undefined) return end;
        if (due()) return afterTurn();
      }
    } catch (error) {
      return runFailure(error);
    }
  };
  return Effect.flatMap(Turns, ({ now }) => go(now, now() + turn));
};
