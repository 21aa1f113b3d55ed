import { normalAxis } from "../../tensor/shape.ts";
import { apply1 } from "../build.ts";
import type { Expr, Windowing } from "../expr.ts";
import type { Operand } from "../types/shape.ts";
import { lift } from "./promote.ts";

/** The axes that windows slide along, with size, stride and dilation for each. */
export interface WindowOptions {
  readonly axes: readonly number[];
  /** The number of elements of a window along each axis. */
  readonly size: readonly number[];
  /** The step from one window to the next. Defaults to 1. */
  readonly stride?: readonly number[] | undefined;
  /** The step from one element of a window to the next. Defaults to 1. */
  readonly dilation?: readonly number[] | undefined;
}

const windowingOf = ({ axes, size, stride, dilation }: WindowOptions, rank: number): Windowing => ({
  axes: axes.map((a) => normalAxis(a, rank)),
  size,
  stride: stride ?? axes.map(() => 1),
  dilation: dilation ?? axes.map(() => 1),
});

/**
 * Takes all sliding windows along some axes. Each of these axes becomes the number of windows, and the windows' own
 * axes come last, in the order of `axes`. The adjoint of {@link overlapAdd}.
 *
 * **Shapes** `[n, c]` with axis 0, size `k` → `[⌊(n - (k-1)·dilation - 1) / stride⌋ + 1, c, k]`.
 * **Math** `y[i, c, j] = x[i·stride + j·dilation, c]`.
 * **Fails with** `ShapeMismatch` when compiled, if a window is larger than the tensor.
 *
 * @example
 * ```ts
 * import { Backend, compile, type Expr } from "fluxion";
 * import { slidingWindow } from "fluxion/ops";
 * import { arange } from "fluxion/tensor";
 * import * as Effect from "effect/Effect";
 * const pairs = Effect.runSync(
 *   compile((x: Expr) => slidingWindow(x, { axes: [0], size: [2] }), [arange(4)]).pipe(
 *     Effect.provide(Backend.layerReference),
 *   ),
 * );
 * pairs(arange(4)).toArray() // => [[0, 1], [1, 2], [2, 3]]
 * ```
 */
export const slidingWindow = (operand: Operand, options: WindowOptions): Expr => {
  const x = lift(operand);
  return apply1("window", windowingOf(options, x.shape.length), x);
};

/**
 * Puts windows back where {@link slidingWindow} takes them from, in a tensor of `extent` along the axes, and adds up
 * where they overlap.
 *
 * **Shapes** `[n, c, k]` with axis 0, size `k`, extent `e` → `[e, c]`.
 * **Math** `x[p, c] = Σ y[i, c, j]` over `i·stride + j·dilation = p`.
 */
export const overlapAdd = (
  operand: Operand,
  options: WindowOptions & { readonly extent: readonly number[] },
): Expr => {
  const y = lift(operand);
  return apply1(
    "overlapAdd",
    { ...windowingOf(options, y.shape.length - options.axes.length), extent: options.extent },
    y,
  );
};
