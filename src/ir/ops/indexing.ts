import type { Dtype } from "../../tensor/dtype.ts";
import { normalAxis, type Shape } from "../../tensor/shape.ts";
import { element } from "../../tensor/validate.ts";
import { apply1, filled } from "../build.ts";
import type { Expr } from "../expr.ts";
import type { Operand, ShapeOf } from "../types/shape.ts";
import { cast } from "./control.ts";
import { eq } from "./elementwise.ts";
import { lift } from "./promote.ts";
import { moveAxis, reshape } from "./structural.ts";

/** `0, 1, 2, …` along `axis` of a tensor of `shape`. */
export const iota = <const S extends Shape>(shape: S, axis = 0, dtype: Dtype = "i32"): Expr<S> =>
  apply1("iota", { shape, dtype, axis: normalAxis(axis, shape.length) });

/**
 * A tensor of `shape` filled with one number.
 *
 * **Fails with** `InvalidArgument`, thrown, for a number that the dtype does not hold.
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
 * The sub-tensors of `x` at i32 `indices` along `axis`; an index out of range reads zeros.
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
 * `out[.., i, ..] = x[.., indices[.., i, ..], ..]` along `axis`: the ranks and other extents agree; an
 * index out of range reads zero.
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

/** `x` with `updates` added at i32 `indices` along `axis`; repeated indices add up, those out of range do nothing. */
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
 * `x` with `updates` added where `takeAlongAxis(x, indices, axis)` reads: its adjoint.
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

/** 1 at each index and 0 elsewhere along a new last axis of `classes`; only zeros for an index out of range. */
export const oneHot = (indices: Expr, classes: number, dtype: Dtype = "f32"): Expr => {
  const shape = [...indices.shape, classes];
  const spread = apply1("broadcast", { shape, axes: indices.shape.map((_, i) => i) }, indices);
  return cast(eq(spread, iota(shape, -1)), dtype);
};

/** The elements of a tensor in one axis. */
export const ravel = (x: Operand): Expr<readonly [number]> =>
  reshape(lift(x), [-1]) as Expr<readonly [number]>;
