/**
 * A shape: the extent of each axis, outermost first. `[]` is a scalar.
 *
 * In types a literal extent is checked when TypeScript compiles; an extent typed `number` is
 * dynamic and checked when the program is compiled.
 */
export type Shape = readonly number[];

/** The number of elements of a shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((n, d) => n * d, 1);

/** The most elements that a shape may have, and the most that count along its axes that are not empty: exact numbers. */
export const mostElements = Number.MAX_SAFE_INTEGER;

/** The elements of a shape, where an empty axis counts as one: what its strides go up to. */
export const reachOf = (shape: Shape): number => shape.reduce((n, d) => n * Math.max(1, d), 1);

/** Whether a tensor could have such a shape: whole numbers that are not negative, and not too many elements. */
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

/** The shape that NumPy's broadcasting gives two shapes, or `undefined` where they do not fit. */
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
 * An axis, or another place among `count`, counted from the front: `-1` is the last one. One that is not there stays
 * as it was given, so that it is refused and not counted from the end twice.
 */
export const normalAxis = (axis: number, count: number): number =>
  axis < 0 && axis >= -count ? axis + count : axis;

/** `[784, 128]` as text. */
export const showShape = (shape: Shape): string => `[${shape.join(", ")}]`;

/** What a shape, or another list with one number for each axis, has at an axis that is there. */
export const at = (list: readonly number[], axis: number): number => list[axis] as number;
