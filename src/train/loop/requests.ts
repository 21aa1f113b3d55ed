import * as Effect from "effect/Effect";

/** What operators ask of a run that is under way: states after some of its steps, and that it waits. */
export interface Requests {
  /** Asks for the state after a step of the run, or after the next one that ends where none is given. */
  readonly ask: (step?: number) => void;
  /** The earliest step that was asked for; infinity where nobody asks. */
  readonly next: () => number;
  /** Removes the requests that the state after a step answers. */
  readonly answer: (step: number) => void;
  /** Holds the run back before its next step, until what it returns is called. */
  readonly hold: () => () => void;
  /** Waits until nobody holds the run back; `undefined` where nobody does. */
  readonly held: () => Effect.Effect<void> | undefined;
}

export const requests = (): Requests => {
  let asked: readonly number[] = [];
  let earliest = Number.POSITIVE_INFINITY;
  const set = (steps: readonly number[]): void => {
    asked = steps;
    earliest = steps.reduce((least, step) => Math.min(least, step), Number.POSITIVE_INFINITY);
  };
  const holds = new Set<symbol>();
  let goOn: () => void = () => {};
  const freed = Effect.callback<void>((resume) => {
    goOn = () => resume(Effect.void);
    if (holds.size === 0) goOn();
  });
  return {
    ask: (step = 0) => set([...asked, step]),
    next: () => earliest,
    answer: (step) => set(asked.filter((other) => other > step)),
    hold: () => {
      const mine = Symbol();
      holds.add(mine);
      return () => {
        if (holds.delete(mine) && holds.size === 0) goOn();
      };
    },
    // Whoever lets go passes on what waited first: it is not overtaken by the run's next step.
    held: () => (holds.size === 0 ? undefined : Effect.andThen(freed, Effect.yieldNow)),
  };
};
