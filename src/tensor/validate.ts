import { InvalidArgument } from "../errors.ts";
import { type Dtype, heldBy, holds, store } from "./dtype.ts";

/** Arguments by their names; what is left out, or is no number, is not looked at. */
export interface Arguments {
  readonly [argument: string]: unknown;
}

/** A check of numeric arguments, which throws `InvalidArgument` for the first that it does not hold of. */
export type Check = (op: string, given: Arguments) => void;

/** The check that numbers are as `expected` says. */
export const holding =
  (expected: string, holds: (n: number) => boolean): Check =>
  (op, given) => {
    for (const [argument, n] of Object.entries(given))
      if (typeof n === "number" && !holds(n))
        throw new InvalidArgument({ op, argument, expected, actual: String(n) });
  };

/** `value` as an element of `dtype`. **Fails with** `InvalidArgument`, thrown, where the dtype does not hold it. */
export const element = (op: string, argument: string, dtype: Dtype, value: number): number => {
  if (holds(dtype, value)) return store(dtype, value);
  const expected = `${heldBy[dtype]}, as ${dtype} holds it, or another dtype; cast truncates`;
  throw new InvalidArgument({ op, argument, expected, actual: String(value) });
};

/** **Fails with** `InvalidArgument`, thrown, where one is 0 or less, or NaN. */
export const positive = holding("a number above 0", (n) => n > 0);

/** **Fails with** `InvalidArgument`, thrown, where one is negative, infinite or NaN. */
export const notNegative = holding(
  "a finite number that is not negative",
  (n) => n >= 0 && Number.isFinite(n),
);

/** **Fails with** `InvalidArgument`, thrown, where one is infinite or NaN. */
export const finite = holding("a finite number", Number.isFinite);

/** **Fails with** `InvalidArgument`, thrown, where one is not from 0 to 1. */
export const probability = holding("a number from 0 to 1", (n) => n >= 0 && n <= 1);

/** **Fails with** `InvalidArgument`, thrown, where one is not from 0 to less than 1. */
export const share = holding("a number from 0 to less than 1", (n) => n >= 0 && n < 1);

/** **Fails with** `InvalidArgument`, thrown, where one is no whole number. */
export const integral = holding("a whole number", Number.isSafeInteger);

/** **Fails with** `InvalidArgument`, thrown, where one is no whole number, or less than `least`. */
export const whole = (least: number): Check =>
  holding(`a whole number, ${least} or more`, (n) => Number.isSafeInteger(n) && n >= least);

/** **Fails with** `InvalidArgument`, thrown, where one is no whole number from `least` to `greatest`. */
export const wholeTo = (least: number, greatest: number): Check =>
  holding(
    `a whole number from ${least} to ${greatest}`,
    (n) => Number.isSafeInteger(n) && n >= least && n <= greatest,
  );
