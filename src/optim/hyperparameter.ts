import { InvalidArgument } from "../errors.ts";
import type { LearningRate } from "./learningRate.ts";

/** Hyperparameters by their names; one that is left out is not looked at. */
interface Named {
  readonly [name: string]: LearningRate | undefined;
}

const holding =
  (expected: string, holds: (n: number) => boolean) =>
  (op: string, named: Named): void => {
    for (const [argument, n] of Object.entries(named))
      if (typeof n === "number" && !holds(n))
        throw new InvalidArgument({ op, argument, expected, actual: String(n) });
  };

/** **Fails with** `InvalidArgument`, thrown, where one is 0 or less, or NaN. */
export const positive = holding("a number above 0", (n) => n > 0);

/** **Fails with** `InvalidArgument`, thrown, where one is negative, infinite or NaN. A schedule may be anything. */
export const notNegative = holding(
  "a finite number that is not negative",
  (n) => n >= 0 && Number.isFinite(n),
);

/** **Fails with** `InvalidArgument`, thrown, where one is no share that is kept from step to step. */
export const share = holding("a number from 0 to less than 1", (n) => n >= 0 && n < 1);
