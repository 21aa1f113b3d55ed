import { at, normalAxis } from "../../tensor/shape.ts";
import { finite } from "../../tensor/validate.ts";
import { apply, apply1 } from "../build.ts";
import type { Expr, ReduceKind } from "../expr.ts";
import type { Check, Operand, Reduced, Result, ShapeOf } from "../types/shape.ts";
import { stopGradient, where } from "./control.ts";
import { div, exp, log, mul, sub } from "./elementwise.ts";
import { type Axes, axesIn, axesOf, axisIn, floating, keepingShape, lift } from "./promote.ts";
import { reshape } from "./structural.ts";

type Reducer = <const X extends Operand, const A extends Axes = undefined>(
  x: X & Check<Reduced<ShapeOf<X>, A>>,
  axes?: A,
) => Expr<Result<Reduced<ShapeOf<X>, A>>>;

export { type Axes, axesOf } from "./promote.ts";

const reducer =
  (kind: ReduceKind): Reducer =>
  (operand, axes) => {
    const [x, list] = axesIn(kind, lift(operand), axes);
    return apply1("reduce", { kind, axes: list }, x);
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
  const [x, list] = axesIn("mean", floating("mean", lift(operand)), axes);
  const count = list.reduce((n, a) => n * at(x.shape, a), 1);
  const total: Expr = apply1("reduce", { kind: "sum", axes: list }, x);
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
  const [e, list] = axesIn("variance", floating("variance", lift(x)), axes);
  const count = list.reduce((n, a) => n * at(e.shape, a), 1);
  const centered: Expr = sub(e, keepDims(mean(e, list), e, list));
  return div(sum(mul(centered, centered), list), count - correction);
};

/** The maximum, without a derivative; 0 if it is infinite, to avoid ∞ - ∞. */
const shiftOf = (x: Expr, axes: Axes): Expr => {
  const top = stopGradient(max(x, axes));
  return where(isFinite(top), top, 0);
};

/** `log Σ eˣ` over `axes`, without overflow; -∞ if every element is -∞. Defaults to all axes. */
export const logSumExp = (operand: Operand, axes?: Axes): Expr => {
  const [x, list] = axesIn("logSumExp", lift(operand), axes);
  const shift = shiftOf(x, list);
  return addTo(log(sum(exp(sub(x, keepDims(shift, x, list))), list)), shift);
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
  const [e, a] = axisIn("argmax", lift(x), axis);
  return apply1("argReduce", { kind: "max", axis: a }, e);
};

/** The index of the first minimum along `axis`, as i32. Defaults to the last axis. */
export const argmin = (x: Operand, axis = -1): Expr => {
  const [e, a] = axisIn("argmin", lift(x), axis);
  return apply1("argReduce", { kind: "min", axis: a }, e);
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

const sorted = (op: string, x: Operand, axis: number): readonly [values: Expr, indices: Expr] => {
  const [e, a] = axisIn(op, lift(x), axis);
  return apply("sort", { axis: a }, [e]);
};

/** Sorts along `axis` in ascending order (stable, NaN last), and also gives the index that each element came from. */
export const sortWithIndices = (x: Operand, axis = -1): readonly [values: Expr, indices: Expr] =>
  sorted("sortWithIndices", x, axis);

/** Sorts along `axis` in ascending order. Defaults to the last axis. */
export const sort = (x: Operand, axis = -1): Expr => sorted("sort", x, axis)[0];

/** The indices that sort `x` along `axis` in ascending, stable order. Defaults to the last axis. */
export const argsort = (x: Operand, axis = -1): Expr => sorted("argsort", x, axis)[1];
