/**
 * Maximum, minimum and median of any number of numbers. `Math.max(...xs)` passes them on the stack, which overflows at about
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

/** The number in the middle, or the larger of the two: ∞ for an empty list. */
export const medianOf = (xs: Iterable<number>): number => {
  const sorted = Float64Array.from(xs).sort();
  return sorted[sorted.length >> 1] ?? Number.POSITIVE_INFINITY;
};
