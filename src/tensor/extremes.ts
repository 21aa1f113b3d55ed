/**
 * Maximum and minimum of any number of numbers. `Math.max(...xs)` passes them on the stack, which overflows at about
 * a hundred thousand.
 */

/** The largest number: -∞ for an empty list, NaN if any number is NaN. */
export const greatestOf = (xs: Iterable<number>): number => {
  let greatest = Number.NEGATIVE_INFINITY;
  for (const x of xs) greatest = Math.max(greatest, x);
  return greatest;
};

/** The smallest number: ∞ for an empty list, NaN if any number is NaN. */
export const leastOf = (xs: Iterable<number>): number => {
  let least = Number.POSITIVE_INFINITY;
  for (const x of xs) least = Math.min(least, x);
  return least;
};
