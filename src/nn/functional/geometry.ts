import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { mistaken } from "../../ir/ops/promote.ts";
import { transpose } from "../../ir/ops/structural.ts";
import { slidingWindow } from "../../ir/ops/window.ts";
import { at, type Shape, showPattern } from "../../tensor/shape.ts";
import { shown } from "../../tensor/validate.ts";

/** The spatial extents of 1, 2 or 3 axes. They are checked when a program is compiled. */
export interface Spatial {
  readonly 1: readonly [number];
  readonly 2: readonly [number, number];
  readonly 3: readonly [number, number, number];
}

/** The number of spatial axes. */
export type Rank = keyof Spatial;

/** The shape of an example with `R` spatial axes and `C` channels. */
export type Grid<R extends Rank, C extends number> = readonly [...Spatial[R], C];

/** One number for every spatial axis, or one for each. */
export type PerAxis = number | readonly number[];

/**
 * The padding around an example: none (`"valid"`), enough for one window per `stride` elements (`"same"`, with the odd
 * element at the end), the same number on every side, or numbers before and after each axis.
 */
export type Padding =
  | "same"
  | "valid"
  | number
  | readonly (readonly [before: number, after: number])[];

/** The geometry of sliding windows, with one number for each spatial axis. */
export interface Sliding {
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
}

type Width = readonly [before: number, after: number];

/** Expands a number to one for each of `rank` axes. **Fails with** `InvalidArgument`, thrown, where one is not whole or below `least`. */
export const perAxis = (
  op: string,
  argument: string,
  value: PerAxis,
  rank: number,
  least = 1,
): readonly number[] => {
  const list = typeof value === "number" ? new Array<number>(rank).fill(value) : value;
  if (list.length !== rank || list.some((n) => !Number.isSafeInteger(n) || n < least))
    throw new InvalidArgument({
      op,
      argument,
      expected: `a whole number from ${least} on, or ${rank} of them`,
      actual: shown(value),
    });
  return list;
};

/** The extent of a window from its first element to its last, with dilation. */
export const reachOf = ({ size, dilation }: Sliding): readonly number[] =>
  size.map((k, i) => (k - 1) * (dilation[i] as number) + 1);

/** The widths of a padding on each side; `undefined` for `"same"`, which depends on the example. */
const explicit = (op: string, padding: Padding, rank: number): readonly Width[] | undefined => {
  if (padding === "same") return undefined;
  if (padding === "valid") return new Array<Width>(rank).fill([0, 0]);
  if (typeof padding === "number")
    return perAxis(op, "padding", padding, rank, 0).map((n) => [n, n]);
  perAxis(op, "padding", padding.flat(), 2 * rank, 0);
  return padding;
};

/** The geometry of sliding windows as options give it. */
interface Slides {
  readonly stride?: PerAxis;
  readonly padding?: Padding;
  readonly dilation?: PerAxis;
}

/** Checks the options of windows along `rank` axes. **Fails with** `InvalidArgument`, thrown. */
export const requireSliding = (
  op: string,
  rank: number,
  size: PerAxis,
  { stride = 1, padding = "valid", dilation = 1 }: Slides,
): void => {
  perAxis(op, "size", size, rank);
  perAxis(op, "stride", stride, rank);
  perAxis(op, "dilation", dilation, rank);
  explicit(op, padding, rank);
};

/** The padding before and after each spatial axis of an example. */
export const widthsOf = (
  op: string,
  padding: Padding,
  extents: Shape,
  sliding: Sliding,
): readonly Width[] => {
  const reach = reachOf(sliding);
  return (
    explicit(op, padding, extents.length) ??
    extents.map((n, i) => {
      const stride = sliding.stride[i] as number;
      const total = Math.max(0, (Math.ceil(n / stride) - 1) * stride + (reach[i] as number) - n);
      const before = Math.floor(total / 2);
      return [before, total - before];
    })
  );
};

/** How much to crop before and after each axis of a transposed convolution; negative numbers add. */
export const cropsOf = (
  op: string,
  padding: Padding,
  extents: Shape,
  sliding: Sliding,
): readonly Width[] => {
  const reach = reachOf(sliding);
  return (
    explicit(op, padding, extents.length) ??
    extents.map((_, i) => {
      const total = (reach[i] as number) - (sliding.stride[i] as number);
      const before = Math.max(0, Math.floor(total / 2));
      return [before, total - before];
    })
  );
};

/** The axes 0, 1, … of an example before its channels. */
export const axesUpTo = (rank: number): readonly number[] =>
  Array.from({ length: rank }, (_, i) => i);

/**
 * All windows of an example. **Shapes** `x: [...n, c] → [...m, ...size, c]`: channels stay last, and so contiguous in
 * memory.
 */
export const windowsOf = (x: Expr, sliding: Sliding): Expr => {
  const axes = axesUpTo(sliding.size.length);
  const rank = axes.length;
  return transpose(slidingWindow(x, { axes, ...sliding }), [
    ...axes,
    ...axes.map((a) => rank + 1 + a),
    rank,
  ]);
};

/** The shape of an example as text, for errors: `[height, width, 3]`. */
export const exampleShape = (rank: number, channels?: number): string =>
  showPattern([...(spatialNames[rank] ?? ["..."]), channels ?? "channels"]);

const spatialNames: { readonly [rank: number]: readonly string[] } = {
  1: ["length"],
  2: ["height", "width"],
  3: ["depth", "height", "width"],
};

/**
 * Checks that an example has `rank` spatial axes and one of channels. Anything else is reported when compiled, and an
 * example of one element stands for it.
 */
export const exampleOf = (x: Expr, rank: number, channels?: number): Expr => {
  const given = x.shape.at(-1);
  if (x.shape.length === rank + 1 && (channels === undefined || given === channels)) return x;
  const spatial = axesUpTo(rank).map((a) => (x.shape.length === rank + 1 ? at(x.shape, a) : 1));
  const meant = [...spatial, channels ?? given ?? 1];
  return mistaken("an example", exampleShape(rank, channels), x, meant);
};

/** Requires an axis of channels; a single number is reported, and one channel stands for it. */
export const withChannels = (op: string, x: Expr): Expr =>
  x.shape.length === 0 ? mistaken(op, "[..., channels]", x, [1]) : x;
