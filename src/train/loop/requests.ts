import * as Effect from "effect/Effect";
import { InvalidArgument } from "../../errors.ts";
import type { HyperparametersIn } from "../../optim/transforms/hyperparameters.ts";

/** What operators ask of a run that is under way: states after some of its steps, that it waits, other hyper-parameters. */
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
  /** Says whether hyper-parameters may be changed: from an event with a state to the next step. */
  readonly allowChange: (allowed: boolean) => void;
  /** Asks for other hyper-parameters. */
  readonly change: (values: HyperparametersIn) => void;
  /** The hyper-parameters that were asked for since it was last called; `undefined` where none were. */
  readonly changes: () => HyperparametersIn | undefined;
}

export const requests = (): Requests => {
  let asked: readonly number[] = [];
  let earliest = Number.POSITIVE_INFINITY;
  const set = (steps: readonly number[]): void => {
    asked = steps;
    earliest = steps.reduce((least, step) => Math.min(least, step), Number.POSITIVE_INFINITY);
  };
  let allowed = false;
  let wanted: HyperparametersIn | undefined;
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
    allowChange: (now) => {
      allowed = now;
    },
    change: (values) => {
      if (!allowed)
        throw new InvalidArgument({
          op: "an operator of the run",
          argument: "setHyperparameters",
          expected:
            "a call while the operator has an event with a state, which `requestState` asks for, " +
            "and before operators that let events wait",
          actual: JSON.stringify(values),
        });
      wanted = { ...wanted, ...values };
    },
    changes: () => {
      const now = wanted;
      wanted = undefined;
      return now;
    },
  };
};
