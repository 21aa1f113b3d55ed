import type { Dtype } from "../../tensor/dtype.ts";
import { normalAxis, type Shape, sizeOf } from "../../tensor/shape.ts";
import { element } from "../../tensor/validate.ts";
import { apply1, filled } from "../build.ts";
import type { Expr } from "../expr.ts";
import type { Operand, ShapeOf } from "../types/shape.ts";
import { cast } from "./control.ts";
import { eq } from "./elementwise.ts";
import { broadcastTo, lift } from "./promote.ts";
import { moveAxis, reshape } from "./structural.ts";

/** A tensor of `shape` whose elements count `0, 1, 2, …` along `axis`. */
export const iota = <const S extends Shape>(shape: S, axis = 0, dtype: Dtype = "i32"): Expr<S> =>
  apply1("iota", { shape, dtype, axis: normalAxis(axis, shape.length) });

/**
 * A tensor of `shape` filled with one number.
 *
 * **Fails with** `InvalidArgument`, thrown for a number outside the dtype's range.
 */
export const fill = <const S extends Shape>(
  shape: S,
  value: number,
  dtype: Dtype = "f32",
): Expr<S> => filled(shape, dtype, element("fill", "value", dtype, value));

/** Zeros of the shape and dtype of `x`. */
export const zerosLike = <S extends Shape>(x: Expr<S>): Expr<S> => filled(x.shape, x.dtype, 0);

/** Ones of the shape and dtype of `x`. */
export const onesLike = <S extends Shape>(x: Expr<S>): Expr<S> => filled(x.shape, x.dtype, 1);

/**
 * Takes the slices of `x` at i32 `indices` along `axis`; an index out of range gives zeros.
 *
 * **Shapes** `x: [a, n, c], indices: [k], axis 1 → [a, k, c]`.
 */
export const take = (operand: Operand, indices: Operand, axis = 0): Expr => {
  const x = lift(operand);
  return apply1(
    "gather",
    { axis: normalAxis(axis, x.shape.length), batch: 0 },
    x,
    lift(indices, "i32"),
  );
};

/**
 * Takes one element per index along `axis`: `out[.., i, ..] = x[.., indices[.., i, ..], ..]`. `x` and `indices` have
 * the same rank and the same other extents; an index out of range gives zero.
 */
export const takeAlongAxis = (operand: Operand, indices: Expr, axis = -1): Expr => {
  const x = lift(operand);
  const last = x.shape.length - 1;
  const gathered = apply1(
    "gather",
    { axis: last, batch: last },
    moveAxis(x, axis, last),
    moveAxis(indices, axis, last),
  );
  return moveAxis(gathered, last, axis);
};

/** Adds `updates` to `x` at i32 `indices` along `axis`. Repeated indices add up; those out of range do nothing. */
export const scatterAdd = <const X extends Operand>(
  operand: X,
  indices: Operand,
  updates: Operand,
  axis = 0,
): Expr<ShapeOf<X>> => {
  const x = lift(operand);
  const a = normalAxis(axis, x.shape.length);
  return apply1(
    "scatterAdd",
    { axis: a, batch: 0 },
    x,
    lift(indices, "i32"),
    lift(updates, x.dtype),
  );
};

/**
 * Adds `updates` to `x` where `takeAlongAxis(x, indices, axis)` reads: its adjoint.
 */
export const scatterAddAlongAxis = (
  operand: Operand,
  indices: Expr,
  updates: Operand,
  axis = -1,
): Expr => {
  const x = lift(operand);
  const last = x.shape.length - 1;
  const added = apply1(
    "scatterAdd",
    { axis: last, batch: last },
    moveAxis(x, axis, last),
    moveAxis(indices, axis, last),
    moveAxis(lift(updates, x.dtype), axis, last),
  );
  return moveAxis(added, last, axis);
};

/**
 * One-hot vectors along a new last axis of `classes`: 1 at the index and 0 elsewhere; all zeros for an index out of
 * range.
 */
export const oneHot = (indices: Expr, classes: number, dtype: Dtype = "f32"): Expr => {
  const shape = [...indices.shape, classes];
  const spread = apply1("broadcast", { shape, axes: indices.shape.map((_, i) => i) }, indices);
  return cast(eq(spread, iota(shape, -1)), dtype);
};

/** Flattens a tensor to one axis, row-major. */
export const ravel = (operand: Operand): Expr<readonly [number]> => {
  const x: Expr = lift(operand);
  return broadcastTo(reshape(x, [-1]), [sizeOf(x.shape)]);
};
