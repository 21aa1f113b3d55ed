/**
 * Extremes of any number of numbers: `Math.max(...xs)` takes its numbers on the stack, which has no place for a
 * hundred thousand.
 */

/** The greatest of some numbers, -∞ of none; NaN where one is. */
export const greatestOf = (xs: Iterable<number>): number => {
  let greatest = Number.NEGATIVE_INFINITY;
  for (const x of xs) greatest = Math.max(greatest, x);
  return greatest;
};

/** The least of some numbers, ∞ of none; NaN where one is. */
export const leastOf = (xs: Iterable<number>): number => {
  let least = Number.POSITIVE_INFINITY;
  for (const x of xs) least = Math.min(least, x);
  return least;
};
