/**
 * A shape: the extent of each axis, outermost first. `[]` is a scalar.
 *
 * In types a literal extent is checked when TypeScript compiles; an extent typed `number` is
 * dynamic and checked when the program is compiled.
 */
export type Shape = readonly number[];

/** The number of elements of a shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((n, d) => n * d, 1);

/** The maximum number of elements of a shape, its empty axes left out: the largest integer that is exact. */
export const mostElements = Number.MAX_SAFE_INTEGER;

/** The number of elements of a shape with empty axes counted as one: the upper limit of its strides. */
export const reachOf = (shape: Shape): number => shape.reduce((n, d) => n * Math.max(1, d), 1);

/** Whether a shape is valid: non-negative integers, and at most {@link mostElements} elements. */
export const isPossible = (shape: Shape): boolean =>
  shape.every((d) => Number.isSafeInteger(d) && d >= 0) && reachOf(shape) <= mostElements;

/** Row-major strides, in elements. */
export const stridesOf = (shape: Shape): readonly number[] => {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis] as number;
  }
  return strides;
};

/** Whether two shapes are equal. */
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** The broadcast of two shapes by NumPy's rule, or `undefined` if they do not broadcast. */
export const broadcastShapes = (a: Shape, b: Shape): Shape | undefined => {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    out[i] = x === 1 ? y : x;
  }
  return out;
};

/**
 * Converts a negative axis or index, counted from the end of `count`, to one from the front: `-1` is the last. One
 * out of range, or between two, stays as it is, so that it is refused later, and as it was given.
 */
export const normalAxis = (axis: number, count: number): number =>
  Number.isInteger(axis) && axis < 0 && axis >= -count ? axis + count : axis;

/** Formats a shape as text: `[784, 128]`. */
export const showShape = (shape: Shape): string => `[${shape.join(", ")}]`;

/** Formats a shape with names for extents that are free: `[time, 128]`. */
export const showPattern = (pattern: readonly (number | string)[]): string =>
  `[${pattern.join(", ")}]`;

/** The entry of a shape, or of another list of one number per axis, at an axis that is known to exist. */
export const at = (list: readonly number[], axis: number): number => list[axis] as number;
