import { InvalidArgument } from "../errors.ts";
import { type Dtype, heldBy, holds, store } from "./dtype.ts";
import { isPossible, mostElements, type Shape, showShape } from "./shape.ts";

/** Arguments by name; values that are missing or not numbers are ignored. */
export interface Arguments {
  readonly [argument: string]: unknown;
}

/** An argument in words. Unlike JSON, it has a word for NaN and infinities. */
export const shown = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map(shown).join(", ")}]`
    : typeof value === "string"
      ? JSON.stringify(value)
      : String(value);

/**
 * Requires arguments that are there. **Fails with** `InvalidArgument`, thrown for the first of `expected`, which says in words
 * what each argument is, that is missing: of options that are missing as a whole, for the first of all.
 */
export const present = (
  op: string,
  given: object | null | undefined,
  expected: { readonly [argument: string]: string },
): void => {
  for (const [argument, words] of Object.entries(expected)) {
    const value = (given as Arguments | null | undefined)?.[argument];
    if (value === undefined || value === null)
      throw new InvalidArgument({ op, argument, expected: words, actual: "missing" });
  }
};

/** A check of numeric arguments: throws `InvalidArgument` for the first one that fails it. */
export type Check = (op: string, given: Arguments) => void;

/** Makes a check from a predicate and its description in words. */
export const holding =
  (expected: string, holds: (n: number) => boolean): Check =>
  (op, given) => {
    for (const [argument, n] of Object.entries(given))
      if (typeof n === "number" && !holds(n))
        throw new InvalidArgument({ op, argument, expected, actual: String(n) });
  };

/**
 * Converts `value` to an element of `dtype`. **Fails with** `InvalidArgument`, thrown if it is out of the dtype's
 * range.
 */
export const element = (op: string, argument: string, dtype: Dtype, value: number): number => {
  if (holds(dtype, value)) return store(dtype, value);
  const expected = `${heldBy[dtype]}, as ${dtype} holds it, or another dtype; cast truncates`;
  throw new InvalidArgument({ op, argument, expected, actual: String(value) });
};

/** Requires numbers above 0. **Fails with** `InvalidArgument`, thrown. */
export const positive = holding("a number above 0", (n) => n > 0);

/** Requires finite numbers of 0 or more. **Fails with** `InvalidArgument`, thrown. */
export const notNegative = holding(
  "a finite number that is not negative",
  (n) => n >= 0 && Number.isFinite(n),
);

/** Requires finite numbers. **Fails with** `InvalidArgument`, thrown. */
export const finite = holding("a finite number", Number.isFinite);

/** Requires numbers from 0 to 1. **Fails with** `InvalidArgument`, thrown. */
export const probability = holding("a number from 0 to 1", (n) => n >= 0 && n <= 1);

/** Requires numbers from 0 up to but not including 1. **Fails with** `InvalidArgument`, thrown. */
export const share = holding("a number from 0 to less than 1", (n) => n >= 0 && n < 1);

/** Requires integers. **Fails with** `InvalidArgument`, thrown. */
export const integral = holding("a whole number", Number.isSafeInteger);

/** Requires integers of at least `least`. **Fails with** `InvalidArgument`, thrown. */
export const whole = (least: number): Check =>
  holding(`a whole number, ${least} or more`, (n) => Number.isSafeInteger(n) && n >= least);

/** Requires integers from `least` to `greatest`. **Fails with** `InvalidArgument`, thrown. */
export const wholeTo = (least: number, greatest: number): Check =>
  holding(
    `a whole number from ${least} to ${greatest}`,
    (n) => Number.isSafeInteger(n) && n >= least && n <= greatest,
  );

/** Requires a possible shape: extents that are whole and not negative. **Fails with** `InvalidArgument`, thrown. */
export const extents = <S extends Shape>(op: string, shape: S, argument = "shape"): S => {
  if (isPossible(shape)) return shape;
  const expected = `whole numbers that are not negative, of at most ${mostElements} elements together`;
  throw new InvalidArgument({ op, argument, expected, actual: showShape(shape) });
};

/** The names that an operation gives the arguments of its parts. */
export interface Renamed {
  readonly [argument: string]: string;
}

/**
 * Calls `make`, whose parts check the arguments that `op` passes on to them: an invalid one is an argument of `op`, by
 * its name there.
 */
export const passedOn = <A>(op: string, make: () => A, names: Renamed = {}): A => {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof InvalidArgument)) throw error;
    const { argument, expected, actual } = error;
    throw new InvalidArgument({ op, argument: names[argument] ?? argument, expected, actual });
  }
};
