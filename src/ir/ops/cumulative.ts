import { finite, holding, wholeTo } from "../../tensor/validate.ts";
import { loop } from "../control.ts";
import type { Expr } from "../expr.ts";
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
import { axisIn, broadcastTo, floating, lift, mistaken } from "./promote.ts";
import { cumsum, isFinite, sum } from "./reduction.ts";
import { concatenate, moveAxis, reshape, sliceAxis } from "./structural.ts";

/** What a function of the values so far and the next one makes, at each place along an axis. */
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
      const made = step(soFar as Expr, next as Expr);
      return { carry: [made], ys: [made] };
    },
  );
  return moveAxis(ys[0] as Expr, 0, axis);
};

/**
 * Running products along `axis`, the last by default; their derivatives are right at zeros too.
 *
 * **Shapes** `[...n] → [...n]`. **Math** `yₖ = Πᵢ≤ₖ xᵢ`. **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const cumprod = (operand: Operand, axis = -1): Expr => {
  const [x, a] = axisIn("cumprod", lift(operand), axis);
  return running(x, a, 1, (p, next) => mul(p, next));
};

/** `log(eˣ + eʸ)` without overflow, broadcasting; -∞ where both are. */
export const logAddExp = (left: Operand, right: Operand): Expr => {
  const [x, y] = [lift(left), lift(right)];
  const apart: Expr = where(eq(x, y), 0, sub(x, y));
  return add(maximum(x, y), log1p(exp(neg(abs(apart)))));
};

/**
 * Running `log Σ eˣ` along `axis`, the last by default, without overflow or underflow.
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
  // Sums of powers are taken relative to the greatest so far, which carries no derivative.
  const start = [fill(rest, Number.NEGATIVE_INFINITY, x.dtype), fill(rest, 0, x.dtype)];
  const { ys } = loop(
    { carry: start, xs: [rows], length, reverse: false },
    ([before, soFar], [next]) => {
      const [top, total, y] = [before, soFar, next] as [Expr, Expr, Expr];
      const greatest: Expr = maximum(top, stopGradient(y));
      const shift = where(isFinite(greatest), greatest, 0);
      const grown = where(eq(top, greatest), 0, sub(top, shift));
      const kept = mul(total, exp(grown));
      const sums = add(kept, exp(sub(y, shift)));
      return { carry: [greatest, sums], ys: [add(log(sums), shift)] };
    },
  );
  return moveAxis(ys[0] as Expr, 0, a);
};

/** Values along an axis, and the i32 index that each came from. */
export type Chosen = { readonly values: Expr; readonly indices: Expr };

/** The best so far by `better`; NaN is better than any number, and stays. */
const record = (
  op: string,
  operand: Operand,
  axis: number,
  better: (next: Expr, best: Expr) => Expr,
): Chosen => {
  const [x, a] = axisIn(op, lift(operand), axis);
  const rows = moveAxis(stopGradient(x), a, 0);
  const [length = 0, ...rest] = rows.shape;
  const first = length === 0 ? fill(rest, 0, x.dtype) : sliceAxis(rows, 0, 0, 1);
  const start = length === 0 ? first : sum(first, 0);
  const { ys } = loop(
    { carry: [start, fill(rest, 0, "i32")], xs: [rows, iota([length])], length, reverse: false },
    ([best, at], [next, k]) => {
      const [b, i, y, here] = [best, at, next, k] as [Expr, Expr, Expr, Expr];
      const wins = or(better(y, b), ne(y, y));
      const index = where(wins, broadcastTo(here, i.shape), i);
      return { carry: [where(wins, y, b), index], ys: [index] };
    },
  );
  const indices = moveAxis(ys[0] as Expr, 0, a);
  return { values: takeAlongAxis(x, indices, a), indices };
};

/**
 * The greatest element so far along `axis`, the last by default, and where it is: the later of equal ones.
 *
 * **Shapes** `[...n] → [...n]` each. **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const cummax = (x: Operand, axis = -1): Chosen =>
  record("cummax", x, axis, (y, best) => ge(y, best));

/** The least element so far along `axis`, the last by default, and where it is: the later of equal ones. */
export const cummin = (x: Operand, axis = -1): Chosen =>
  record("cummin", x, axis, (y, best) => le(y, best));

/** Two elements that are next to one another along an axis. */
const neighbors = (x: Expr, axis: number): readonly [before: Expr, after: Expr] => {
  const n = x.shape[axis] ?? 0;
  return [sliceAxis(x, axis, 0, n - 1), sliceAxis(x, axis, 1, n)];
};

/** Along which axis {@link diff} takes differences, how often, and what the axis is lengthened by first. */
export interface DifferenceOptions {
  /** Along which axis; the last where not given. */
  readonly axis?: number;
  /** How often; once where not given. */
  readonly order?: number;
  /** What stands before, and after, along the axis. */
  readonly prepend?: Operand;
  readonly append?: Operand;
}

/**
 * Differences of neighbors: `yᵢ = xᵢ₊₁ - xᵢ`, `order` times. `[n] → [n - order]`
 *
 * **Fails with** `InvalidArgument`, thrown, where `order` is no whole number from 0 to the number of elements.
 */
export const diff = (operand: Operand, options: DifferenceOptions = {}): Expr => {
  const { axis = -1, order = 1, prepend, append } = options;
  const [x, a] = axisIn("diff", lift(operand), axis);
  const parts = [prepend, x, append].flatMap((p) => (p === undefined ? [] : [lift(p, x.dtype)]));
  const all = concatenate(parts, a);
  wholeTo(0, all.shape[a] ?? Number.MAX_SAFE_INTEGER)("diff", { order });
  return Array.from({ length: order }).reduce<Expr>((y) => {
    const [before, after] = neighbors(y, a);
    return sub(after, before);
  }, all);
};

/** Where the values stand that {@link trapezoid} integrates: at points `x`, or at equal distances `dx`. */
export interface TrapezoidOptions {
  readonly axis?: number;
  /** Where the values are; at equal distances of `dx` (1 where not given) where this is not given. */
  readonly x?: Operand;
  readonly dx?: number;
}

/** Where values stand along an axis, as many places as values. */
const placesOf = (op: string, at: Operand, y: Expr, a: number): Expr => {
  const x = lift(at);
  const n = y.shape[a] ?? 0;
  const after = y.shape.slice(a + 1).map(() => 1);
  // A list goes along the axis, whichever it is.
  const along = x.shape.length === 1 ? reshape(x, [...x.shape, ...after]) : x;
  return along.shape.at(a - y.shape.length) === n
    ? along
    : mistaken(op, `${n} places, one for each value along axis ${a}`, x, [n, ...after]);
};

const trapezoids = (values: Expr, a: number, { x, dx = 1 }: TrapezoidOptions): Expr => {
  finite("trapezoid", { dx });
  const some = values.shape.map((d, i) => (i === a ? Math.max(1, d) : d));
  const y =
    values.shape[a] === 0
      ? mistaken("trapezoid", "one value or more along its axis", values, some)
      : values;
  const [before, after] = neighbors(y, a);
  const middle = mul(add(before, after), 0.5);
  if (x === undefined) return mul(middle, dx);
  const at = placesOf("trapezoid", x, values, a);
  const widths = diff(at, { axis: a - y.shape.length });
  return mul(middle, widths);
};

/** The integral of values along an axis, by the trapezoidal rule: `Σ (yᵢ + yᵢ₊₁)/2 · (xᵢ₊₁ - xᵢ)`. */
export const trapezoid = (operand: Operand, options: TrapezoidOptions = {}): Expr => {
  const given = floating("trapezoid", lift(operand));
  const [y, a] = axisIn("trapezoid", given, options.axis ?? -1);
  return sum(trapezoids(y, a, options), a);
};

/** The integrals from the first place to each of the others, by the trapezoidal rule. */
export const cumulativeTrapezoid = (operand: Operand, options: TrapezoidOptions = {}): Expr => {
  const given = floating("cumulativeTrapezoid", lift(operand));
  const [y, a] = axisIn("cumulativeTrapezoid", given, options.axis ?? -1);
  return cumsum(trapezoids(y, a, options), a);
};

/** Where the values of {@link gradient} stand, and how good its slopes at the two ends are. */
export interface GradientOptions extends TrapezoidOptions {
  /** Of a line through the last two values (1, where not given), or of a parabola through the last three (2). */
  readonly edgeOrder?: 1 | 2;
}

/**
 * Slopes along an axis from values: between, of the parabola through a value and its two neighbors.
 *
 * **Shapes** `[...n] → [...n]`, of two values at least, or three.
 * **Math** `(wᵢ sᵢ₋₁ + wᵢ₋₁ sᵢ)/(wᵢ₋₁ + wᵢ)` of the slopes `sᵢ` to the next value and the widths `wᵢ`: at equal
 * distances `(yᵢ₊₁ - yᵢ₋₁)/2w`.
 * **Fails with** `InvalidArgument`, thrown, where `dx` is 0 or no finite number, or `edgeOrder` neither 1 nor 2;
 * `ShapeMismatch` when compiled, where there are fewer values.
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
  const values = floating("gradient", lift(operand));
  const [given, a] = axisIn("gradient", values, axis);
  if ((given.shape[a] ?? 0) <= edgeOrder)
    return mistaken(
      "gradient",
      `${edgeOrder + 1} values or more along axis ${axis}`,
      given,
      given.shape,
    );
  const y = moveAxis(given, a, -1);
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
  // The slope of a line between two places of a parabola is midway between those at the two.
  const edge = (at: number): Expr => {
    const line = sliceAxis(slopes, -1, at, at + 1);
    if (edgeOrder === 1) return line;
    const middle = Math.max(0, at - 1);
    return sub(mul(line, 2), sliceAxis(between, -1, middle, middle + 1));
  };
  const last = (slopes.shape.at(-1) ?? 1) - 1;
  return moveAxis(concatenate([edge(0), between, edge(last)], -1), -1, a);
};
