import { finite, holding, wholeTo } from "../../tensor/validate.ts";
import { loop } from "../control.ts";
import type { Expr } from "../expr.ts";
import { asOne } from "../types/diagnose.ts";
import type { Operand } from "../types/shape.ts";
import { stopGradient, where } from "./control.ts";
import {
  abs,
  add,
  div,
  eq,
  exp,
  ge,
  le,
  log,
  log1p,
  maximum,
  mul,
  ne,
  neg,
  or,
  sub,
} from "./elementwise.ts";
import { fill, iota, takeAlongAxis } from "./indexing.ts";
import { alike, axisIn, broadcastTo, floating, lift, mistaken } from "./promote.ts";
import { cumsum, isFinite, sum } from "./reduction.ts";
import { concatenate, index, moveAxis, reshape, sliceAxis } from "./structural.ts";

/** A running fold along an axis: combines the result so far with each next value, and keeps every result. */
const running = (
  x: Expr,
  axis: number,
  start: number,
  step: (soFar: Expr, next: Expr) => Expr,
): Expr => {
  const rows = moveAxis(x, axis, 0);
  const [length = 0, ...rest] = rows.shape;
  const { ys } = loop(
    { carry: [fill(rest, start, x.dtype)], xs: [rows], length, reverse: false },
    ([soFar], [next]) => {
      const made = step(soFar, next);
      return { carry: [made], ys: [made] };
    },
  );
  return moveAxis(ys[0], 0, axis);
};

/**
 * The cumulative product along `axis`. Defaults to the last axis. Its derivative is right at zeros too.
 *
 * **Shapes** `[...n] → [...n]`. **Math** `yₖ = Πᵢ≤ₖ xᵢ`. **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const cumprod = (operand: Operand, axis = -1): Expr => {
  const [x, a] = axisIn("cumprod", lift(operand), axis);
  return running(x, a, 1, (p, next) => mul(p, next));
};

/** `log(eˣ + eʸ)` without overflow; -∞ if both are -∞. The operands broadcast. */
export const logAddExp = (left: Operand, right: Operand): Expr => {
  const [x, y] = [lift(left), lift(right)];
  return asOne("logAddExp", "two operands that broadcast", [x, y], () => {
    const apart: Expr = where(eq(x, y), 0, sub(x, y));
    return add(maximum(x, y), log1p(exp(neg(abs(apart)))));
  });
};

/**
 * The cumulative `log Σ eˣ` along `axis`, without overflow or underflow. Defaults to the last axis.
 *
 * **Shapes** `[...n] → [...n]`. **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const cumulativeLogSumExp = (operand: Operand, axis = -1): Expr => {
  const [x, a] = axisIn(
    "cumulativeLogSumExp",
    floating("cumulativeLogSumExp", lift(operand)),
    axis,
  );
  const rows = moveAxis(x, a, 0);
  const [length = 0, ...rest] = rows.shape;
  // Sums of exponentials are kept relative to the largest so far, which has no derivative.
  const start = [fill(rest, Number.NEGATIVE_INFINITY, x.dtype), fill(rest, 0, x.dtype)] as const;
  const { ys } = loop({ carry: start, xs: [rows], length, reverse: false }, ([top, total], [y]) => {
    const greatest: Expr = maximum(top, stopGradient(y));
    const shift = where(isFinite(greatest), greatest, 0);
    const grown = where(eq(top, greatest), 0, sub(top, shift));
    const kept = mul(total, exp(grown));
    const sums = add(kept, exp(sub(y, shift)));
    return { carry: [greatest, sums], ys: [add(log(sums), shift)] };
  });
  return moveAxis(ys[0], 0, a);
};

/** Values picked along an axis, and the i32 index that each came from. */
export type Chosen = { readonly values: Expr; readonly indices: Expr };

/** The cumulative best element by the comparison `better`; NaN beats every number, and stays. */
const record = (
  op: string,
  operand: Operand,
  axis: number,
  better: (next: Expr, best: Expr) => Expr,
): Chosen => {
  const [x, a] = axisIn(op, lift(operand), axis);
  const rows = moveAxis(stopGradient(x), a, 0);
  const [length = 0, ...rest] = rows.shape;
  const start = length === 0 ? fill(rest, 0, x.dtype) : index(rows, 0);
  const { ys } = loop(
    { carry: [start, fill(rest, 0, "i32")], xs: [rows, iota([length])], length, reverse: false },
    ([b, i], [y, here]) => {
      const wins = or(better(y, b), ne(y, y));
      const chosen = where(wins, broadcastTo(here, i.shape), i);
      return { carry: [where(wins, y, b), chosen], ys: [chosen] };
    },
  );
  const indices = moveAxis(ys[0], 0, a);
  return { values: takeAlongAxis(x, indices, a), indices };
};

/**
 * The cumulative maximum along `axis`, and its index; of equal elements, the later. Defaults to the last axis.
 *
 * **Shapes** `[...n] → [...n]` each. **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const cummax = (x: Operand, axis = -1): Chosen =>
  record("cummax", x, axis, (y, best) => ge(y, best));

/** The cumulative minimum along `axis`, and its index; of equal elements, the later. Defaults to the last axis. */
export const cummin = (x: Operand, axis = -1): Chosen =>
  record("cummin", x, axis, (y, best) => le(y, best));

/** All pairs of neighbors along an axis: the first elements of the pairs, and the second ones. */
const neighbors = (x: Expr, axis: number): readonly [before: Expr, after: Expr] => {
  const n = x.shape[axis] ?? 0;
  return [sliceAxis(x, axis, 0, n - 1), sliceAxis(x, axis, 1, n)];
};

/** Options of {@link diff}. */
export interface DifferenceOptions {
  /** The axis to take differences along. Defaults to the last. */
  readonly axis?: number;
  /** How many times to take differences. Defaults to 1. */
  readonly order?: number;
  /** Values to put before, and after, the operand along the axis. */
  readonly prepend?: Operand;
  readonly append?: Operand;
}

/**
 * Differences of neighbors along an axis, `yᵢ = xᵢ₊₁ - xᵢ`, taken `order` times. `[n] → [n - order]`
 *
 * **Fails with** `InvalidArgument`, thrown if `order` is not an integer from 0 to the number of elements.
 */
export const diff = (operand: Operand, options: DifferenceOptions = {}): Expr => {
  const { axis = -1, order = 1, prepend, append } = options;
  const given = lift(operand);
  const [x, a] = axisIn("diff", given, axis);
  const parts = [prepend, given, append].flatMap((p) =>
    p === undefined ? [] : [lift(p, given.dtype)],
  );
  return asOne("diff", `values that are ${alike(x, a)}, all of them`, parts, () => {
    if (parts.some((part) => part.shape.length !== given.shape.length)) return concatenate(parts);
    const all = given === x ? concatenate(parts, a) : x;
    wholeTo(0, all.shape[a] ?? Number.MAX_SAFE_INTEGER)("diff", { order });
    return Array.from({ length: order }).reduce<Expr>((y) => {
      const [before, after] = neighbors(y, a);
      return sub(after, before);
    }, all);
  });
};

/** Options of {@link trapezoid}: the points of the values, as `x`, or their spacing, as `dx`. */
export interface TrapezoidOptions {
  readonly axis?: number;
  /** The points at which the values are given. Defaults to points `dx` apart, and `dx` defaults to 1. */
  readonly x?: Operand;
  readonly dx?: number;
}

/** The points of the values along an axis, one for each value. */
const placesOf = (op: string, at: Operand, y: Expr, a: number): Expr => {
  const x = lift(at);
  const n = y.shape[a] ?? 0;
  const after = y.shape.slice(a + 1).map(() => 1);
  // A vector runs along the axis, whichever it is.
  const along = x.shape.length === 1 ? reshape(x, [...x.shape, ...after]) : x;
  return along.shape.at(a - y.shape.length) === n
    ? along
    : mistaken(op, `${n} points, one for each value along axis ${a}`, x, [n, ...after]);
};

/** The areas between neighbors along an axis, which `together` adds up. */
const integrated = (
  op: string,
  operand: Operand,
  { axis = -1, x, dx = 1 }: TrapezoidOptions,
  together: (areas: Expr, axis: number) => Expr,
): Expr => {
  finite(op, { dx });
  const given = lift(operand);
  return asOne(op, "values with points that broadcast against them", [given], () => {
    const [values, a] = axisIn(op, floating(op, given), axis);
    const some = values.shape.map((d, i) => (i === a ? Math.max(1, d) : d));
    const y =
      values.shape[a] === 0
        ? mistaken(op, "one value or more along its axis", values, some)
        : values;
    const [before, after] = neighbors(y, a);
    const middle = mul(add(before, after), 0.5);
    const widths = x === undefined ? dx : diff(placesOf(op, x, y, a), { axis: a - some.length });
    return together(mul(middle, widths), a);
  });
};

/** Integrates values along an axis by the trapezoidal rule: `Σ (yᵢ + yᵢ₊₁)/2 · (xᵢ₊₁ - xᵢ)`. */
export const trapezoid = (operand: Operand, options: TrapezoidOptions = {}): Expr =>
  integrated("trapezoid", operand, options, (areas, a) => sum(areas, a));

/** The cumulative integral along an axis, from the first point to each of the others, by the trapezoidal rule. */
export const cumulativeTrapezoid = (operand: Operand, options: TrapezoidOptions = {}): Expr =>
  integrated("cumulativeTrapezoid", operand, options, (areas, a) => cumsum(areas, a));

/** Options of {@link gradient}. */
export interface GradientOptions extends TrapezoidOptions {
  /**
   * The order of accuracy at the two ends: 1 takes the slope of a line through two values, 2 that of a parabola
   * through three. Defaults to 1.
   */
  readonly edgeOrder?: 1 | 2;
}

/**
 * Estimates the derivative along an axis from values, by central differences (the slope of the parabola through a
 * value and its two neighbors).
 *
 * **Shapes** `[...n] → [...n]`, with at least two values, or three for `edgeOrder` 2.
 * **Math** `(wᵢ sᵢ₋₁ + wᵢ₋₁ sᵢ)/(wᵢ₋₁ + wᵢ)` for slopes `sᵢ` to the next value and widths `wᵢ`; `(yᵢ₊₁ - yᵢ₋₁)/2w`
 * for equal widths.
 * **Fails with** `InvalidArgument`, thrown if `dx` is 0 or not finite, or `edgeOrder` neither 1 nor 2;
 * `ShapeMismatch` when compiled, if there are too few values.
 * **Source** Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids" (1988).
 *
 * @example
 * ```ts
 * import { Backend, compile, type Expr, tensor } from "fluxion";
 * import { gradient } from "fluxion/ops";
 * import * as Effect from "effect/Effect";
 * const squares = tensor([0, 1, 4, 9]);
 * const program = compile((y: Expr) => gradient(y, { edgeOrder: 2 }), [squares]);
 * Effect.runSync(program.pipe(Effect.provide(Backend.layerReference)))(squares).toArray() // => [0, 2, 4, 6]
 * ```
 */
export const gradient = (
  operand: Operand,
  { axis = -1, x, dx = 1, edgeOrder = 1 }: GradientOptions = {},
): Expr => {
  holding("a finite number that is not 0", (n) => Number.isFinite(n) && n !== 0)("gradient", {
    dx,
  });
  wholeTo(1, 2)("gradient", { edgeOrder });
  const given = lift(operand);
  const expected = `${edgeOrder + 1} values or more along axis ${axis}, and one point for each of them`;
  return asOne("gradient", expected, [given], () => {
    const [values, a] = axisIn("gradient", floating("gradient", given), axis);
    if ((values.shape[a] ?? 0) <= edgeOrder)
      return mistaken("gradient", expected, values, values.shape);
    const y = moveAxis(values, a, -1);
    return moveAxis(slopesOf(y, x, dx, edgeOrder), -1, a);
  });
};

/** The estimated derivative along the last axis. */
const slopesOf = (y: Expr, x: Operand | undefined, dx: number, edgeOrder: 1 | 2): Expr => {
  const rises = diff(y);
  const widths =
    x === undefined
      ? fill([rises.shape.at(-1) ?? 0], dx, y.dtype)
      : diff(placesOf("gradient", x, y, y.shape.length - 1));
  const slopes = div(rises, broadcastTo(widths, rises.shape));
  const [before, after] = neighbors(slopes, y.shape.length - 1);
  const [left, right] = neighbors(widths, 0);
  const weighted = add(mul(before, right), mul(after, left));
  const between = div(weighted, add(left, right));
  // The slope of a chord of a parabola is the mean of the slopes at its two ends.
  const edge = (at: number): Expr => {
    const line = sliceAxis(slopes, -1, at, at + 1);
    if (edgeOrder === 1) return line;
    const middle = Math.max(0, at - 1);
    return sub(mul(line, 2), sliceAxis(between, -1, middle, middle + 1));
  };
  const last = (slopes.shape.at(-1) ?? 1) - 1;
  return concatenate([edge(0), between, edge(last)], -1);
};
