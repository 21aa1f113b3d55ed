import { InvalidArgument } from "../errors.ts";
import { finite, integral, positive } from "../tensor/validate.ts";

/**
 * A parameter that a search may set: the numbers from 0 to 1 stand for its values, and every strategy chooses among those.
 */
export interface Parameter<A> {
  /** The value at a number from 0 (inclusive) to 1 (exclusive). */
  readonly at: (share: number) => A;
  /** The number of different values; infinite for a range of real numbers. */
  readonly count: number;
}

/** The parameters of a search, by name. */
export type Space = { readonly [name: string]: Parameter<unknown> };

/** A value for each parameter of a space. */
export type ValuesOf<S> = {
  readonly [K in keyof S]: S[K] extends { readonly at: (share: number) => infer A } ? A : never;
};

const ordered = (op: string, low: number, high: number): void => {
  if (low < high) return;
  const [expected, actual] = [`a number above low, ${low}`, String(high)];
  throw new InvalidArgument({ op, argument: "high", expected, actual });
};

/** Real numbers from `low` to `high`. **Fails with** `InvalidArgument`, thrown, where `low` is not below `high`. */
export const between = (low: number, high: number): Parameter<number> => {
  finite("between", { low, high });
  ordered("between", low, high);
  return {
    at: (share) => low + share * (high - low),
    count: Number.POSITIVE_INFINITY,
  };
};

/**
 * Real numbers from `low` to `high` whose logarithms are uniform, such as learning rates.
 *
 * **Fails with** `InvalidArgument`, thrown, where `low` is not above 0, or not below `high`.
 *
 * @example
 * ```ts
 * import { logBetween } from "fluxion/search";
 * logBetween(1e-4, 1).at(0.5) // => 0.01
 * ```
 */
export const logBetween = (low: number, high: number): Parameter<number> => {
  positive("logBetween", { low, high });
  finite("logBetween", { low, high });
  ordered("logBetween", low, high);
  return {
    at: (share) => low * (high / low) ** share,
    count: Number.POSITIVE_INFINITY,
  };
};

/** Whole numbers from `low` to `high`, both included. **Fails with** `InvalidArgument`, thrown. */
export const wholeBetween = (low: number, high: number): Parameter<number> => {
  integral("wholeBetween", { low, high });
  ordered("wholeBetween", low, high);
  return oneOf(Array.from({ length: high - low + 1 }, (_, i) => low + i));
};

/**
 * One of the given values. Put similar values next to each other, since strategies take neighbors for similar.
 *
 * **Fails with** `InvalidArgument`, thrown, where there are none.
 */
export const oneOf = <const A>(values: readonly A[]): Parameter<A> => {
  const count = values.length;
  if (count === 0) {
    const [op, expected] = ["oneOf", "one value or more"];
    throw new InvalidArgument({ op, argument: "values", expected, actual: "none" });
  }
  return {
    at: (share) => values[Math.min(count - 1, Math.floor(share * count))] as A,
    count,
  };
};

/** The values of a space at a point of the unit cube, one coordinate per parameter in order of their names. */
export const valuesAt = <S extends Space>(space: S, point: readonly number[]): ValuesOf<S> =>
  // Each value is one of its own parameter.
  Object.fromEntries(
    Object.keys(space)
      .sort()
      .map((name, i) => [name, (space[name] as Parameter<unknown>).at(point[i] ?? 0)]),
  ) as ValuesOf<S>;
