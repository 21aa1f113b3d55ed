import { normalAxis } from "../../tensor/shape.ts";
import { finite } from "../../tensor/validate.ts";
import { apply, apply1 } from "../build.ts";
import type { Expr, ReduceKind } from "../expr.ts";
import type { Check, Operand, Reduced, Result, ShapeOf } from "../types/shape.ts";
import { stopGradient, where } from "./control.ts";
import { div, exp, log, mul, sub } from "./elementwise.ts";
import { axisIn, floating, keepingShape, lift } from "./promote.ts";
import { reshape } from "./structural.ts";

/** The axes of a reduction; negative ones count from the back. Defaults to all axes. */
export type Axes = number | readonly number[] | undefined;

type Reducer = <const X extends Operand, const A extends Axes = undefined>(
  x: X & Check<Reduced<ShapeOf<X>, A>>,
  axes?: A,
) => Expr<Result<Reduced<ShapeOf<X>, A>>>;

/** The axes as a sorted list counted from the front. */
export const axesOf = (axes: Axes, rank: number): readonly number[] =>
  axes === undefined
    ? Array.from({ length: rank }, (_, i) => i)
    : [...(typeof axes === "number" ? [axes] : axes)]
        .map((a) => normalAxis(a, rank))
        .sort((a, b) => a - b);

const reducer =
  (kind: ReduceKind): Reducer =>
  (operand, axes) => {
    const x = lift(operand);
    return apply1("reduce", { kind, axes: axesOf(axes, x.shape.length) }, x);
  };

/**
 * Sums over `axes`. Defaults to all axes.
 *
 * Floats are added in a tree that depends on the shapes alone, so that the error of a sum of n terms grows like log
 * n, and any number of threads gives the same bits. Sums of `i32` wrap around at 2³².
 *
 * **Shapes** `x: [a, b, c], axes: -1 → [a, b]`.
 * **Laws** `longSums`.
 * **Source** Higham, "The accuracy of floating point summation" (1993), SIAM J. Sci. Comput. 14(4).
 */
export const sum = reducer("sum");
/** Multiplies over `axes`. Defaults to all axes. */
export const prod = reducer("prod");
/** The maximum over `axes`; ties share the derivative equally. Defaults to all axes. */
export const max = reducer("max");
/** The minimum over `axes`; ties share the derivative equally. Defaults to all axes. */
export const min = reducer("min");

/**
 * The arithmetic mean over `axes`. Defaults to all axes.
 *
 * The mean of 2, 4, 8, … equal numbers is exactly that number; for other counts it is within one or two roundings.
 *
 * **Fails with** `DtypeMismatch` when compiled, for integers.
 */
export const mean: Reducer = (operand, axes) => {
  const x = floating("mean", lift(operand));
  const count = axesOf(axes, x.shape.length).reduce((n, a) => n * (x.shape[a] ?? 1), 1);
  const total: Expr = apply1("reduce", { kind: "sum", axes: axesOf(axes, x.shape.length) }, x);
  return div(total, count) as never;
};

/** Puts the reduced axes back with extent 1, so that a reduction's result broadcasts against `x`. */
export const keepDims = (reduced: Expr, x: Expr, axes: Axes): Expr => {
  const gone = axesOf(axes, x.shape.length);
  return reshape(
    reduced,
    x.shape.map((d, i) => (gone.includes(i) ? 1 : d)),
  );
};

/**
 * The variance over `axes`: the mean squared distance from the mean. `correction` defaults to 0; 1 gives the sample
 * variance.
 */
export const variance = (x: Operand, axes?: Axes, correction = 0): Expr => {
  finite("variance", { correction });
  const e = floating("variance", lift(x));
  const count = axesOf(axes, e.shape.length).reduce((n, a) => n * (e.shape[a] ?? 1), 1);
  const centered: Expr = sub(e, keepDims(mean(e, axes), e, axes));
  return div(sum(mul(centered, centered), axes), count - correction);
};

/** The maximum, without a derivative; 0 if it is infinite, to avoid ∞ - ∞. */
const shiftOf = (x: Expr, axes: Axes): Expr => {
  const top = stopGradient(max(x, axes));
  return where(isFinite(top), top, 0);
};

/** `log Σ eˣ` over `axes`, without overflow; -∞ if every element is -∞. Defaults to all axes. */
export const logSumExp = (operand: Operand, axes?: Axes): Expr => {
  const x = lift(operand);
  const shift = shiftOf(x, axes);
  return addTo(log(sum(exp(sub(x, keepDims(shift, x, axes))), axes)), shift);
};

const addTo = (x: Expr, y: Expr): Expr => apply1("add", {}, x, y);

/** Whether each element is finite: neither infinite nor NaN. */
export const isFinite = (x: Operand): Expr => {
  const e = lift(x);
  return apply1("eq", {}, apply1("sub", {}, e, e), apply1("sub", {}, e, e));
};

/**
 * The logarithm of the softmax along `axis`, `x - log Σ eˣ`. Defaults to the last axis. Computed as `(x - max) - log
 * Σ e^(x - max)`, since a large maximum would absorb the logarithm.
 */
export const logSoftmax = <const X extends Operand>(operand: X, axis = -1): Expr<ShapeOf<X>> =>
  keepingShape((x) => {
    const [e, a] = axisIn("logSoftmax", x, axis);
    const below: Expr = sub(e, keepDims(shiftOf(e, a), e, a));
    return sub(below, keepDims(log(sum(exp(below), a)), e, a));
  })(operand);

/** The softmax `eˣ / Σ eˣ` along `axis`, without overflow. Defaults to the last axis. */
export const softmax = <const X extends Operand>(operand: X, axis = -1): Expr<ShapeOf<X>> =>
  keepingShape((x) => {
    const [e, a] = axisIn("softmax", x, axis);
    const shifted: Expr = exp(sub(e, keepDims(stopGradient(max(e, a)), e, a)));
    return div(shifted, keepDims(sum(shifted, a), e, a));
  })(operand);

/** The index of the first maximum along `axis`, as i32. Defaults to the last axis. */
export const argmax = (x: Operand, axis = -1): Expr => {
  const e = lift(x);
  return apply1("argReduce", { kind: "max", axis: normalAxis(axis, e.shape.length) }, e);
};

/** The index of the first minimum along `axis`, as i32. Defaults to the last axis. */
export const argmin = (x: Operand, axis = -1): Expr => {
  const e = lift(x);
  return apply1("argReduce", { kind: "min", axis: normalAxis(axis, e.shape.length) }, e);
};

/** The cumulative sum along `axis`, from the end if `reverse`. Sums of `f32` accumulate in f64. */
export const cumsum = <const X extends Operand>(
  x: X,
  axis = -1,
  reverse = false,
): Expr<ShapeOf<X>> => {
  const e = lift(x);
  return apply1("cumsum", { axis: normalAxis(axis, e.shape.length), reverse }, e);
};

/** Sorts along `axis` in ascending order (stable, NaN last), and also gives the index that each element came from. */
export const sortWithIndices = (x: Operand, axis = -1): readonly [values: Expr, indices: Expr] => {
  const e = lift(x);
  return apply("sort", { axis: normalAxis(axis, e.shape.length) }, [e]);
};

/** Sorts along `axis` in ascending order. Defaults to the last axis. */
export const sort = (x: Operand, axis = -1): Expr => sortWithIndices(x, axis)[0];

/** The indices that sort `x` along `axis` in ascending, stable order. Defaults to the last axis. */
export const argsort = (x: Operand, axis = -1): Expr => sortWithIndices(x, axis)[1];
