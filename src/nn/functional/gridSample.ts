import type { Expr } from "../../ir/expr.ts";
import { cast } from "../../ir/ops/control.ts";
import { abs, add, floor, maximum, minimum, mul, round, sub } from "../../ir/ops/elementwise.ts";
import { lift } from "../../ir/ops/promote.ts";
import { gather } from "../../ir/ops/scatter.ts";
import { expandDims, index } from "../../ir/ops/structural.ts";
import type { Operand } from "../../ir/types/shape.ts";

/** Options of {@link gridSample}: the interpolation, and the values outside of the image. */
export interface GridSampleOptions {
  /** Interpolate linearly from four neighbors, or take the nearest pixel (half to even). Defaults to `"linear"`. */
  readonly method?: "linear" | "nearest";
  /** Values outside of the image: zeros, the nearest pixel, or the mirrored image. Defaults to `"zeros"`. */
  readonly outside?: "zeros" | "border" | "reflection";
  /** Whether -1 and 1 are the centers of the outermost pixels, or else their outer edges. Defaults to `false`. */
  readonly alignCorners?: boolean;
}

type Outside = GridSampleOptions["outside"];

const clamped = (x: Expr, low: number, high: number): Expr => minimum(maximum(x, low), high);

/** Folds `x` into `low … high` by mirroring at both ends. */
const mirrored = (x: Expr, low: number, high: number): Expr => {
  const span = high - low;
  if (span === 0) return mul(x, 0);
  const away = abs(sub(x, low));
  const rest = sub(away, mul(floor(mul(away, 0.5 / span)), 2 * span));
  return sub(high, abs(sub(rest, span)));
};

/** Converts coordinates from -1 to 1 to pixels of an axis of `n`, moved inside unless `outside` is zeros. */
const pixels = (at: Expr, n: number, alignCorners: boolean, outside: Outside): Expr => {
  const scaled = alignCorners ? mul(add(at, 1), (n - 1) / 2) : sub(mul(add(at, 1), n / 2), 0.5);
  const [low, high] = alignCorners ? [0, n - 1] : [-0.5, n - 0.5];
  const place = scaled;
  if (outside === "zeros") return place;
  return clamped(outside === "border" ? place : mirrored(place, low, high), 0, n - 1);
};

/**
 * Samples an image at fractional positions, as a spatial transformer does.
 *
 * **Shapes** `x: [height, width, c], grid: [...n, 2] → y: [...n, c]`, one example; `grid` holds x, then y, each from
 * -1 to 1 across the image.
 * **Math** linear: `Σ x[i, j] (1 - |v - i|)(1 - |u - j|)` over the four pixels around `(u, v)`.
 * **Source** Jaderberg et al. (2015), "Spatial Transformer Networks", arXiv:1506.02025, section 3.3.
 *
 * @example
 * ```ts
 * import { Backend, compile, type Expr, tensor } from "fluxion";
 * import { gridSample } from "fluxion/functional";
 * import * as Effect from "effect/Effect";
 * const [image, middle] = [tensor([[[1], [2]], [[3], [4]]]), tensor([[0, 0]])];
 * const program = compile((x: Expr, at: Expr) => gridSample(x, at), [image, middle]);
 * Effect.runSync(program.pipe(Effect.provide(Backend.layerReference)))(image, middle).toArray() // => [[2.5]]
 * ```
 */
export const gridSample = (
  operand: Operand,
  grid: Operand,
  { method = "linear", outside = "zeros", alignCorners = false }: GridSampleOptions = {},
): Expr => {
  const x = lift(operand);
  const places = lift(grid, x.dtype);
  const [height = 1, width = 1] = x.shape;
  const [u, v] = [width, height].map((n, axis) =>
    pixels(index(places, axis, -1), n, alignCorners, outside),
  ) as [Expr, Expr];
  const pixel = (i: Expr, j: Expr): Expr => gather(x, cast(i, "i32"), cast(j, "i32"));
  if (method === "nearest") return pixel(round(v), round(u));
  const [left, top] = [floor(u), floor(v)];
  const corner = (down: number, right: number): Expr => {
    const [i, j] = [add(top, down), add(left, right)];
    const [tall, wide] = [sub(1, abs(sub(v, i))), sub(1, abs(sub(u, j)))];
    return mul(pixel(i, j), expandDims(mul(tall, wide), -1));
  };
  const row = (down: number): Expr => add(corner(down, 0), corner(down, 1));
  return add(row(0), row(1));
};
