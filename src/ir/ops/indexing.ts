import type { Dtype } from "../../tensor/dtype.ts";
import { normalAxis, type Shape, showPattern, sizeOf } from "../../tensor/shape.ts";
import { element, extents, whole } from "../../tensor/validate.ts";
import { apply1, filled } from "../build.ts";
import type { Expr } from "../expr.ts";
import { asOne } from "../types/diagnose.ts";
import type { Operand, ShapeOf } from "../types/shape.ts";
import { cast } from "./control.ts";
import { eq } from "./elementwise.ts";
import { alike, axisIn, broadcastTo, lift } from "./promote.ts";
import { moveAxis, reshape } from "./structural.ts";

/** A tensor of `shape` whose elements count `0, 1, 2, …` along `axis`. */
export const iota = <const S extends Shape>(shape: S, axis = 0, dtype: Dtype = "i32"): Expr<S> =>
  apply1("iota", { shape, dtype, axis: normalAxis(axis, shape.length) });

/**
 * A tensor of `shape` filled with one number.
 *
 * **Fails with** `InvalidArgument`, thrown for a number outside the dtype's range, or extents that no tensor has.
 */
export const fill = <const S extends Shape>(
  shape: S,
  value: number,
  dtype: Dtype = "f32",
): Expr<S> => filled(extents("fill", shape), dtype, element("fill", "value", dtype, value));

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
  const [x, a] = axisIn("take", lift(operand), axis);
  const at = lift(indices, "i32");
  return asOne("take", "i32 indices", [x, at], () =>
    apply1("gather", { axis: a, batch: 0 }, x, at),
  );
};

/**
 * Takes one element per index along `axis`: `out[.., i, ..] = x[.., indices[.., i, ..], ..]`. `x` and `indices` have
 * the same rank and the same other extents; an index out of range gives zero.
 */
export const takeAlongAxis = (operand: Operand, indices: Expr, axis = -1): Expr => {
  const [x, a] = axisIn("takeAlongAxis", lift(operand), axis);
  const last = x.shape.length - 1;
  return asOne("takeAlongAxis", `i32 indices ${alike(x, a)}`, [x, indices], () => {
    const [from, at] = [moveAxis(x, a, last), moveAxis(indices, a, last)];
    return moveAxis(apply1("gather", { axis: last, batch: last }, from, at), last, a);
  });
};

/** Adds `updates` to `x` at i32 `indices` along `axis`. Repeated indices add up; those out of range do nothing. */
export const scatterAdd = <const X extends Operand>(
  operand: X,
  indices: Operand,
  updates: Operand,
  axis = 0,
): Expr<ShapeOf<X>> => {
  const [x, a] = axisIn("scatterAdd", lift(operand), axis);
  const [at, given] = [lift(indices, "i32"), lift(updates, x.dtype)];
  const expected = `i32 indices and, for them, updates ${showPattern(x.shape.flatMap((d, i) => (i === a ? at.shape : d)))}`;
  return asOne("scatterAdd", expected, [x, at, given], () =>
    apply1("scatterAdd", { axis: a, batch: 0 }, x, at, given),
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
  const [x, a] = axisIn("scatterAddAlongAxis", lift(operand), axis);
  const last = x.shape.length - 1;
  const given = lift(updates, x.dtype);
  const expected = `i32 indices and updates of one shape ${alike(x, a)}`;
  return asOne("scatterAddAlongAxis", expected, [x, indices, given], () => {
    const parts = [x, indices, given].map((part) => moveAxis(part, a, last));
    return moveAxis(apply1("scatterAdd", { axis: last, batch: last }, ...parts), last, a);
  });
};

/**
 * One-hot vectors along a new last axis of `classes`: 1 at the index and 0 elsewhere; all zeros for an index out of
 * range.
 */
export const oneHot = (indices: Expr, classes: number, dtype: Dtype = "f32"): Expr => {
  whole(0)("oneHot", { classes });
  const shape = [...indices.shape, classes];
  const spread = apply1("broadcast", { shape, axes: indices.shape.map((_, i) => i) }, indices);
  return cast(eq(spread, iota(shape, -1)), dtype);
};

/** Flattens a tensor to one axis, row-major. */
export const ravel = (operand: Operand): Expr<readonly [number]> => {
  const x: Expr = lift(operand);
  return broadcastTo(reshape(x, [-1]), [sizeOf(x.shape)]);
};
