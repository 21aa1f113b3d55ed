import { InvalidArgument } from "../../../errors.ts";
import type { Expr } from "../../../ir/expr.ts";
import { broadcastTo } from "../../../ir/ops/promote.ts";
import { expandDims, pad, reshape, slice, transpose } from "../../../ir/ops/structural.ts";
import { asOne } from "../../../ir/types/diagnose.ts";
import type { Shape } from "../../../tensor/shape.ts";
import { passedOn, shown, whole } from "../../../tensor/validate.ts";
import { noParams, shapeKeeping } from "../../apply.ts";
import { requireDivides, requireSizes } from "../../functional/affine.ts";
import { withChannels } from "../../functional/geometry.ts";
import * as functional from "../../functional/resample.ts";
import {
  type InterpolateOptions,
  interpolate,
  rearrange,
  requireInterpolation,
} from "../../functional/resample.ts";
import type { Layer, SameLayer } from "../../layer.ts";
import { lambda } from "../lambda.ts";

/** Layers that change the extents of an example or rearrange it. Channels are the last axis. */
type Resize = Layer<Shape, Shape, undefined, undefined>;

/**
 * Resizes an example by repeating elements (`"nearest"`, the default), linear (`"linear"`: bilinear, trilinear) or cubic
 * (`"cubic"`) interpolation, or means of regions (`"area"`).
 *
 * **Shapes** `x: [...n, c] → y: [...size, c]`, or `⌊n · scale⌋`, one example.
 * **Fails with** `InvalidArgument`, thrown, where sizes or scales are not positive or not one for each axis.
 *
 * @example
 * ```ts
 * import { summary, upsample } from "fluxion/nn";
 * summary(upsample({ scale: 2, method: "linear" }), [4, 4, 3]).map((row) => row.output) // => [[8, 8, 3]]
 * ```
 */
export const upsample = (options: InterpolateOptions): Resize => {
  passedOn("upsample", () => requireInterpolation(options));
  return lambda(`upsample ${options.method ?? "nearest"}`, (x: Expr) =>
    asOne("upsample", "[..., channels] without empty axes", [x], () => interpolate(x, options)),
  );
};

/**
 * Moves channels into space: each pixel becomes a block of `factor` pixels along each axis.
 *
 * **Shapes** `x: [h, w, c · f²] → y: [h · f, w · f, c]`, one example.
 * **Source** Shi et al. (2016), arXiv:1609.05158.
 */
export const pixelShuffle = (factor: number): Resize => {
  requireSizes("pixelShuffle", { factor });
  return lambda(`pixelShuffle ${factor}`, (x: Expr) => functional.pixelShuffle(x, factor));
};

/**
 * Moves space into channels: the inverse of {@link pixelShuffle}.
 *
 * **Shapes** `x: [h · f, w · f, c] → y: [h, w, c · f²]`, one example.
 * **Fails with** `InvalidArgument`, thrown, where the factor is not a positive whole number, or does not divide the
 * extents.
 */
export const pixelUnshuffle = (factor: number): Resize => {
  requireSizes("pixelUnshuffle", { factor });
  return lambda(`pixelUnshuffle ${factor}`, (x: Expr) => functional.pixelUnshuffle(x, factor));
};

/** How many elements to add before and after each spatial axis, or one number for every side. */
export type PadWidths = number | readonly (readonly [before: number, after: number])[];

/** Requires that widths are whole numbers of at least 0. **Fails with** `InvalidArgument`, thrown. */
const requireWidths = (op: string, widths: PadWidths): void => {
  for (const n of typeof widths === "number" ? [widths] : widths.flat())
    whole(0)(op, { widths: n });
};

const widthsFor = (op: string, widths: PadWidths, extents: Shape, most: (n: number) => number) => {
  const list = typeof widths === "number" ? extents.map(() => [widths, widths] as const) : widths;
  const fits =
    list.length === extents.length &&
    list.every((ends, i) => ends.every((w) => w <= most(extents[i] as number)));
  if (fits) return list;
  throw new InvalidArgument({
    op,
    argument: "widths",
    expected: `whole numbers from 0 on, at most ${extents.map(most).join(", ")} along the axes`,
    actual: shown(widths),
  });
};

/** A layer that pads an example with its own elements. */
const continued =
  (op: string, most: (n: number) => number, source: (i: number, n: number) => number) =>
  (widths: PadWidths): Resize => {
    requireWidths(op, widths);
    return lambda(`${op} ${shown(widths)}`, (x: Expr) => {
      const extents = x.shape.slice(0, -1);
      return widthsFor(op, widths, extents, most).reduce<Expr>((y, [before, after], axis) => {
        const n = extents[axis] as number;
        if (before + after === 0) return y;
        const length = before + n + after;
        return rearrange(
          y,
          axis,
          Array.from({ length }, (_, i) => source(i - before, n)),
        );
      }, x);
    });
  };

const unlimited = (): number => Number.POSITIVE_INFINITY;
const modulo = (i: number, n: number): number => ((i % n) + n) % n;

/**
 * Pads an example with a constant. `value` defaults to 0.
 *
 * **Shapes** `x: [...n, c] → y: [...(before + n + after), c]`, one example; the same for the other paddings.
 * **Fails with** `InvalidArgument`, thrown, where a width is not a whole number of at least 0.
 */
export const padConstant = (widths: PadWidths, value = 0): Resize => {
  requireWidths("padConstant", widths);
  return lambda(`padConstant ${shown(widths)}`, (given: Expr) => {
    const x = withChannels("padConstant", given);
    const extents = x.shape.slice(0, -1);
    return pad(x, [...widthsFor("padConstant", widths, extents, unlimited), [0, 0]], value);
  });
};

/**
 * Pads by mirroring at the first and last elements, without repeating them: `c b | a b c | b a`.
 *
 * **Shapes** as {@link padConstant}. **Fails with** `InvalidArgument`, thrown, where a width is not a whole number from
 * 0 to less than the extent of its axis.
 */
export const padReflect = continued(
  "padReflect",
  (n) => Math.max(0, n - 1),
  (i, n) => {
    const round = Math.max(1, 2 * (n - 1));
    const p = modulo(i, round);
    return p < n ? p : round - p;
  },
);

/**
 * Pads by repeating the first and last elements: `a a | a b c | c c`. **Shapes** and **Fails with** as {@link
 * padConstant}.
 */
export const padReplicate = continued("padReplicate", unlimited, (i, n) =>
  Math.min(n - 1, Math.max(0, i)),
);

/**
 * Pads by wrapping around to the other end: `b c | a b c | a b`.
 *
 * **Shapes** as {@link padConstant}. **Fails with** `InvalidArgument`, thrown, where a width is not a whole number from
 * 0 to the extent of its axis.
 */
export const padCircular = continued("padCircular", (n) => n, modulo);

/**
 * Reorders the axes of an example.
 *
 * **Shapes** `x: [...s] → y: [...s[axes]]`, one example.
 * **Fails with** `InvalidArgument`, thrown, unless `axes` holds every number from 0 once.
 */
export const permute = (axes: readonly number[]): Resize => {
  const sorted = axes.toSorted((a, b) => a - b);
  if (sorted.some((axis, i) => axis !== i))
    throw new InvalidArgument({
      op: "permute",
      argument: "axes",
      expected: `the axes 0 to ${axes.length - 1} in another order`,
      actual: shown(axes),
    });
  return lambda(`permute ${shown(axes)}`, (x: Expr) =>
    asOne("permute", `an example with ${axes.length} axes`, [x], () => transpose(x, axes)),
  );
};

/**
 * Repeats an example along a new leading axis.
 *
 * **Shapes** `x: [...s] → y: [times, ...s]`, one example.
 * **Fails with** `InvalidArgument`, thrown, where `times` is not a positive whole number.
 */
export const repeatVector = (times: number): Resize => {
  requireSizes("repeatVector", { times });
  return lambda(`repeatVector ${times}`, (x: Expr) =>
    broadcastTo(expandDims(x, 0), [times, ...x.shape]),
  );
};

/**
 * Removes elements before and after each spatial axis: the inverse of padding.
 *
 * **Shapes** `x: [...n, c] → y: [...(n - before - after), c]`, one example.
 * **Fails with** `InvalidArgument`, thrown, where a width is not a whole number from 0, or nothing is left of an axis.
 */
export const crop = (widths: PadWidths): Resize => {
  const each = typeof widths === "number" ? [widths] : widths.flat();
  for (const n of each) whole(0)("crop", { widths: n });
  return lambda(`crop ${shown(widths)}`, (given: Expr) => {
    const x = withChannels("crop", given);
    const extents = x.shape.slice(0, -1);
    const sides = typeof widths === "number" ? extents.map(() => [widths, widths]) : widths;
    const left = extents.map((n, i) => n - (sides[i]?.[0] ?? 0) - (sides[i]?.[1] ?? 0));
    if (sides.length !== extents.length || left.some((n) => n < 1))
      throw new InvalidArgument({
        op: "crop",
        argument: "widths",
        expected: `widths for each axis of ${shown(extents)}, that leave something of it`,
        actual: shown(widths),
      });
    const from = sides.map(([before = 0]) => before);
    const to = from.map((start, i) => start + (left[i] ?? 0));
    return slice(x, [...from, 0], [...to, x.shape.at(-1) ?? 0]);
  });
};

/**
 * Mixes the groups of channels of a grouped convolution: the first of each group, then the second of each.
 *
 * **Shapes** `x: [...s, channels] → y: [...s, channels]`, one example.
 * **Fails with** `InvalidArgument`, thrown, where `groups` is not a positive whole number; when applied, where it does not
 * divide the channels.
 * **Source** Zhang et al. (2017), arXiv:1707.01083, section 3.1.
 */
export const channelShuffle = (groups: number): SameLayer<undefined, undefined> => {
  requireSizes("channelShuffle", { groups });
  return shapeKeeping(`channelShuffle ${groups}`, noParams, (_, x) => {
    const channels = x.shape.at(-1) ?? 1;
    requireDivides("channelShuffle", "groups", groups, channels);
    const outer = x.shape.slice(0, -1);
    const last = outer.length;
    const parts = reshape(x, [...outer, groups, channels / groups]);
    return reshape(transpose(parts, [...outer.map((_n, i) => i), last + 1, last]), x.shape);
  });
};
