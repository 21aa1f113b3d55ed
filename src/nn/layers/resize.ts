import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { pad } from "../../ir/ops/structural.ts";
import type { Shape } from "../../tensor/shape.ts";
import { whole } from "../../tensor/validate.ts";
import { requireSizes } from "../functional/affine.ts";
import * as functional from "../functional/resample.ts";
import {
  type InterpolateOptions,
  interpolate,
  rearrange,
  requireInterpolation,
} from "../functional/resample.ts";
import type { Layer } from "../layer.ts";
import { lambda } from "./lambda.ts";

/** Layers that give examples, whose channels are last, other spatial extents. */
type Resize = Layer<Shape, Shape, undefined, undefined>;

/**
 * An example in another size: by repeated elements (`"nearest"`, where no method is given), lines
 * (`"linear"`: bilinear, trilinear), cubics (`"cubic"`) or means (`"area"`).
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
  requireInterpolation(options);
  return lambda(`upsample ${options.method ?? "nearest"}`, (x: Expr) => interpolate(x, options));
};

/**
 * Channels spread over neighborhoods of `factor` places along each axis.
 *
 * **Shapes** `x: [h, w, c · f²] → y: [h · f, w · f, c]`, one example.
 * **Source** Shi et al. (2016), arXiv:1609.05158.
 */
export const pixelShuffle = (factor: number): Resize => {
  requireSizes("pixelShuffle", { factor });
  return lambda(`pixelShuffle ${factor}`, (x: Expr) => functional.pixelShuffle(x, factor));
};

/** The inverse of {@link pixelShuffle}. **Shapes** `x: [h · f, w · f, c] → y: [h, w, c · f²]`, one example. */
export const pixelUnshuffle = (factor: number): Resize => {
  requireSizes("pixelUnshuffle", { factor });
  return lambda(`pixelUnshuffle ${factor}`, (x: Expr) => functional.pixelUnshuffle(x, factor));
};

/** Elements to add before and after each spatial axis, or on every side. */
export type PadWidths = number | readonly (readonly [before: number, after: number])[];

/** **Fails with** `InvalidArgument`, thrown, where nothing can be continued by so much. */
const requireWidths = (op: string, widths: PadWidths): void => {
  for (const n of typeof widths === "number" ? [widths] : widths.flat())
    whole(0)(op, { widths: n });
};

const widthsFor = (op: string, widths: PadWidths, extents: Shape, most: (n: number) => number) => {
  const list = typeof widths === "number" ? extents.map(() => [widths, widths] as const) : widths;
  const fits =
    list.length === extents.length &&
    list.every((ends, i) =>
      ends.every((w) => Number.isSafeInteger(w) && w >= 0 && w <= most(extents[i] as number)),
    );
  if (fits) return list;
  throw new InvalidArgument({
    op,
    argument: "widths",
    expected: `whole numbers from 0 on, at most ${extents.map(most).join(", ")} along the axes`,
    actual: JSON.stringify(widths),
  });
};

/** A layer that continues an example beyond its ends by elements of its own. */
const continued =
  (op: string, most: (n: number) => number, source: (i: number, n: number) => number) =>
  (widths: PadWidths): Resize => {
    requireWidths(op, widths);
    return lambda(`${op} ${JSON.stringify(widths)}`, (x: Expr) => {
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
 * One number (0 where not given) around an example.
 *
 * **Shapes** `x: [...n, c] → y: [...(before + n + after), c]`, one example; so for the other paddings.
 */
export const padConstant = (widths: PadWidths, value = 0): Resize => {
  requireWidths("padConstant", widths);
  return lambda(`padConstant ${JSON.stringify(widths)}`, (x: Expr) =>
    pad(x, [...widthsFor("padConstant", widths, x.shape.slice(0, -1), unlimited), [0, 0]], value),
  );
};

/** The example mirrored in its first and last elements, which are not repeated: `c b | a b c | b a`. */
export const padReflect = continued(
  "padReflect",
  (n) => Math.max(0, n - 1),
  (i, n) => {
    const round = Math.max(1, 2 * (n - 1));
    const p = modulo(i, round);
    return p < n ? p : round - p;
  },
);

/** The first and last elements repeated: `a a | a b c | c c`. */
export const padReplicate = continued("padReplicate", unlimited, (i, n) =>
  Math.min(n - 1, Math.max(0, i)),
);

/** The example begun again at its ends: `b c | a b c | a b`. */
export const padCircular = continued("padCircular", (n) => n, modulo);
