import { InvalidArgument } from "../../errors.ts";
import { whole } from "../../tensor/validate.ts";
import type { Strategy } from "./strategy.ts";

/** Every trial to its last epoch. */
const always = (): boolean => true;

/** Independent points. **Fails with** `InvalidArgument`, thrown, where `trials` is not a whole number above 0. */
export const randomSearch = ({ trials }: { readonly trials: number }): Strategy => {
  whole(1)("randomSearch", { trials });
  return {
    name: "random",
    propose: ({ trials: before, counts, random }) =>
      before.length < trials ? { point: counts.map(random) } : "done",
    goesOn: always,
  };
};

/** The first primes, one for each parameter. */
const primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71];

/** The digits of `n` in base `b`, mirrored at the point. */
const mirrored = (n: number, b: number): number => {
  let [rest, share, unit] = [n, 0, 1 / b];
  for (; rest > 0; rest = Math.floor(rest / b), unit /= b) share += (rest % b) * unit;
  return share;
};

/**
 * Points that fill the space evenly: a Halton sequence, whose projection on each parameter is even too.
 *
 * **Fails with** `InvalidArgument`, thrown, where `trials` is not a whole number above 0; when asked for more than 20
 * parameters.
 * **Source** Halton (1960), On the efficiency of certain quasi-random sequences of points.
 */
export const quasiRandomSearch = ({ trials }: { readonly trials: number }): Strategy => {
  whole(1)("quasiRandomSearch", { trials });
  return {
    name: "quasi-random",
    propose: ({ trials: before, counts }) => {
      if (counts.length > primes.length)
        throw new InvalidArgument({
          op: "quasiRandomSearch",
          argument: "space",
          expected: `at most ${primes.length} parameters; randomSearch takes any number`,
          actual: `${counts.length}`,
        });
      const n = before.length + 1; // the point of 0 is the corner of the space
      return before.length < trials
        ? { point: counts.map((_, i) => mirrored(n, primes[i] ?? 2)) }
        : "done";
    },
    goesOn: always,
  };
};

/** The options of {@link gridSearch}. */
export interface GridSearch {
  /** How many values of each range of real numbers are tried. Defaults to 3. */
  readonly steps?: number;
}

/**
 * Every combination: all values of parameters that have some, and evenly spaced ones of ranges.
 *
 * **Fails with** `InvalidArgument`, thrown, where `steps` is not a whole number above 0.
 */
export const gridSearch = ({ steps = 3 }: GridSearch = {}): Strategy => {
  whole(1)("gridSearch", { steps });
  return {
    name: "grid",
    propose: ({ trials: before, counts }) => {
      let rest = before.length;
      const point = counts.map((count) => {
        const sides = Number.isFinite(count) ? count : steps;
        const at = rest % sides;
        rest = Math.floor(rest / sides);
        return (at + 0.5) / sides;
      });
      return rest > 0 ? "done" : { point };
    },
    goesOn: always,
  };
};
