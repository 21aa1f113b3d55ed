/** A point of a curve: such as a step and its loss. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The most points of a curve that are drawn. */
export const mostPoints = 2000;

/** Numbers beyond this are drawn as if they were infinite, since the width of their range may be. */
const farthest = 1e300;

/** Whether a number has a place on an axis. */
export const drawable = (x: number): boolean => Math.abs(x) <= farthest;

/** The places in a stretch that are kept, in order. */
const keptOf = (points: readonly Point[], from: number, to: number): readonly number[] => {
  let [least, greatest, broken] = [-1, -1, -1];
  const y = (i: number): number => points[i]?.y ?? Number.NaN;
  for (let i = from; i < to; i++) {
    if (!drawable(y(i))) {
      if (broken < 0) broken = i;
      continue;
    }
    if (least < 0 || y(i) < y(least)) least = i;
    if (greatest < 0 || y(i) > y(greatest)) greatest = i;
  }
  return [...new Set([from, least, greatest, broken, to - 1])]
    .filter((i) => i >= from)
    .sort((a, b) => a - b);
};

/**
 * Thins a curve of more than `most` points so that it looks the same: of each of `most / 5` equal stretches it keeps the
 * first and the last point, the least and the greatest, and the first that is not finite.
 */
export const thinned = (points: readonly Point[], most = mostPoints): readonly Point[] => {
  if (points.length <= most) return points;
  const stretches = Math.max(1, Math.floor(most / 5));
  const start = (i: number): number => Math.floor((i * points.length) / stretches);
  return Array.from({ length: stretches }, (_, i) => keptOf(points, start(i), start(i + 1)))
    .flat()
    .map((i) => points[i] as Point); // a place within the points
};
