import type { Windowing } from "../../ir/expr.ts";
import type { Dtype } from "../../tensor/dtype.ts";
import { at, type Shape, sizeOf, stridesOf } from "../../tensor/shape.ts";

/**
 * Buffers and views: where values are stored, and how they are read. A buffer is a run of memory of one dtype, whose
 * address is planned later. A view says how an operand is read: element `i` of `shape` is at `offset + Σ iₐ · stridesₐ`
 * of its source. Rearrangements (reshape, transpose, broadcast, slice, reverse) are views, and cost nothing.
 */
export interface Buffer {
  readonly dtype: Dtype;
  readonly size: number;
  /** A name for the contents, shown in plans. */
  readonly what: string;
  /** Whether it holds a value of the program; `false` for scratch memory of a kernel. */
  readonly isValue: boolean;
  /** The larger buffer of which this is a moving part; `undefined` for a buffer of its own. */
  readonly slice: Slice | undefined;
  /** Whether every thread has a copy of its own, as with the scratch memory of kernels that threads share. */
  readonly ofThread: boolean;
}

/** A part of another buffer: it begins at element `start + index · step`, where `index` is a loop's counter. */
export interface Slice {
  readonly of: Buffer;
  readonly index: Counter;
  readonly start: number;
  readonly step: number;
}

/** The name of a loop's counter; no two loops of a program have the same. */
export type Counter = string;

/** The source of a view: a buffer, the numbers `0, 1, 2, …`, or one number everywhere. */
export type Source =
  | { readonly kind: "buffer"; readonly buffer: Buffer }
  | { readonly kind: "iota" }
  | { readonly kind: "literal"; readonly value: number };

export interface View {
  readonly source: Source;
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

export const makeBuffer = (dtype: Dtype, size: number, what: string, isValue = false): Buffer => ({
  dtype,
  size,
  what,
  isValue,
  slice: undefined,
  ofThread: false,
});

/** A scratch buffer, of which every thread has its own. */
export const scratchBuffer = (dtype: Dtype, size: number, what: string): Buffer => ({
  ...makeBuffer(dtype, size, what),
  ofThread: true,
});

/** A buffer of `size` elements that is a part of another and moves as a loop counts. */
export const sliceBuffer = (slice: Slice, size: number): Buffer => ({
  dtype: slice.of.dtype,
  size,
  what: slice.of.what,
  isValue: slice.of.isValue,
  slice,
  ofThread: false,
});

/** Bytes of an element of each dtype in a target's memory. */
export type Width = (dtype: Dtype) => number;

export const bytesOf = ({ size, dtype }: Buffer, width: Width): number => size * width(dtype);

/** A whole buffer, row-major. */
export const whole = (buffer: Buffer, shape: Shape): View => ({
  source: { kind: "buffer", buffer },
  dtype: buffer.dtype,
  shape,
  strides: stridesOf(shape),
  offset: 0,
});

export const literal = (dtype: Dtype, shape: Shape, value: number): View => ({
  source: { kind: "literal", value },
  dtype,
  shape,
  strides: shape.map(() => 0),
  offset: 0,
});

export const iotaView = (dtype: Dtype, shape: Shape, axis: number): View => ({
  source: { kind: "iota" },
  dtype,
  shape,
  strides: shape.map((_, a) => (a === axis ? 1 : 0)),
  offset: 0,
});

/** Whether the elements are stored one after another in row-major order, from `offset` on. */
export const isContiguous = ({ source, shape, strides }: View): boolean => {
  const packed = stridesOf(shape);
  return source.kind === "buffer" && shape.every((d, a) => d === 1 || strides[a] === packed[a]);
};

/** The buffer that the view shows whole and in order; `undefined` if it does not. */
export const identityOf = (view: View): Buffer | undefined =>
  view.source.kind === "buffer" &&
  view.offset === 0 &&
  sizeOf(view.shape) === view.source.buffer.size &&
  isContiguous(view)
    ? view.source.buffer
    : undefined;

export const bufferOf = ({ source }: View): Buffer | undefined =>
  source.kind === "buffer" ? source.buffer : undefined;

/** Drops the axes of extent 1. */
export const squeeze = (view: View): View => {
  if (!view.shape.includes(1)) return view;
  const kept = view.shape.flatMap((d, a) => (d === 1 ? [] : [a]));
  return {
    ...view,
    shape: kept.map((a) => at(view.shape, a)),
    strides: kept.map((a) => at(view.strides, a)),
  };
};

export const transposeView = (view: View, permutation: readonly number[]): View => ({
  ...view,
  shape: permutation.map((a) => at(view.shape, a)),
  strides: permutation.map((a) => at(view.strides, a)),
});

export const broadcastView = (view: View, shape: Shape, axes: readonly number[]): View => ({
  ...view,
  shape,
  strides: shape.map((_, a) => {
    const from = axes.indexOf(a);
    return from < 0 ? 0 : at(view.strides, from);
  }),
});

export const sliceView = (
  view: View,
  shape: Shape,
  start: readonly number[],
  stride: readonly number[],
): View => ({
  ...view,
  shape,
  strides: view.strides.map((s, a) => s * at(stride, a)),
  offset: start.reduce((offset, s, a) => offset + s * at(view.strides, a), view.offset),
});

export const reverseView = (view: View, axes: readonly number[]): View => ({
  ...view,
  strides: view.strides.map((s, a) => (axes.includes(a) ? -s : s)),
  offset: axes.reduce(
    (o, a) => o + at(view.strides, a) * Math.max(0, at(view.shape, a) - 1),
    view.offset,
  ),
});

/** All windows of a view. Overlapping windows share memory. */
export const windowView = (
  view: View,
  { axes, stride, dilation }: Windowing,
  shape: Shape,
): View => ({
  ...view,
  shape,
  strides: [
    ...view.strides.map((s, a) => s * (stride[axes.indexOf(a)] ?? 1)),
    ...axes.map((a, i) => at(view.strides, a) * at(dilation, i)),
  ],
});

/**
 * The same elements under another shape; `undefined` if strides cannot express it. Axes of both shapes are matched in
 * groups of equal size; the old axes of a group must follow one another.
 */
export const reshapeView = (view: View, shape: Shape): View | undefined => {
  if (view.source.kind === "literal") return literal(view.dtype, shape, view.source.value);
  if (sizeOf(shape) === 0) return { ...view, shape, strides: stridesOf(shape) };
  const from = squeeze(view);
  const strides = new Array<number>(shape.length).fill(0);
  let i = 0;
  let j = 0;
  while (j < shape.length) {
    if (at(shape, j) === 1) {
      j += 1;
      continue;
    }
    const [i0, j0] = [i, j];
    let old = from.shape[i++] ?? 1;
    let now = at(shape, j++);
    while (old !== now) {
      if (old < now) old *= from.shape[i++] ?? 1;
      else now *= at(shape, j++);
    }
    for (let a = i0; a + 1 < i; a++)
      if (at(from.strides, a) !== at(from.strides, a + 1) * at(from.shape, a + 1)) return undefined;
    let step = at(from.strides, i - 1);
    for (let a = j - 1; a >= j0; a--) {
      strides[a] = step;
      step *= at(shape, a);
    }
  }
  return { ...view, shape, strides };
};

/**
 * Joins neighboring axes that every view steps through as through one axis. All views have the same shape. None of the
 * first `leading` axes is joined to one of the others, and no joined axis is longer than `longest`. Returns the views,
 * and how many of the leading axes remain.
 */
export const collapse = (
  shape: Shape,
  views: readonly View[],
  leading: number,
  longest: number,
): {
  readonly shape: Shape;
  readonly views: readonly View[];
  readonly leading: number;
} => {
  const kept: number[] = [];
  const extents: number[] = [];
  for (const [a, d] of shape.entries()) {
    if (d === 1) continue;
    const last = kept.at(-1);
    const joins =
      last !== undefined &&
      (extents.at(-1) as number) * d <= longest &&
      last < leading === a < leading &&
      views.every((v) => at(v.strides, last) === at(v.strides, a) * d);
    if (joins) {
      kept[kept.length - 1] = a;
      extents[extents.length - 1] = (extents.at(-1) as number) * d;
    } else {
      kept.push(a);
      extents.push(d);
    }
  }
  return {
    shape: extents,
    views: views.map((v) => ({ ...v, shape: extents, strides: kept.map((a) => at(v.strides, a)) })),
    leading: kept.filter((a) => a < leading).length,
  };
};
