import type { Params, Windowing } from "../../ir/expr.ts";
import { allocate } from "../../tensor/dtype.ts";
import { nth } from "../../tensor/list.ts";
import { type Shape, sizeOf, stridesOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { addition, at, positions } from "./positions.ts";

/** The positions of the elements of all windows of a tensor, in row-major order of `shape`. */
const windowPositions = (
  { axes, stride, dilation }: Windowing,
  whole: Shape,
  shape: Shape,
): Int32Array => {
  const strides = stridesOf(whole);
  const along = strides.map((s, axis) => s * (stride[axes.indexOf(axis)] ?? 1));
  const inside = axes.map((a, i) => nth(strides, a) * nth(dilation, i));
  return positions(shape, [...along, ...inside]);
};

export const windowOf = (params: Windowing, x: Tensor, shape: Shape): Tensor => {
  const data = Tensor.read(x);
  const out = allocate(x.dtype, sizeOf(shape));
  windowPositions(params, x.shape, shape).forEach((position, i) => {
    out[i] = at(data, position);
  });
  return Tensor.own(shape, x.dtype, out);
};

/** Evaluates `overlapAdd`: accumulated in double precision, and rounded when stored. */
export const overlapAddOf = (params: Params<"overlapAdd">, y: Tensor): Tensor => {
  const data = Tensor.read(y);
  const shape = y.shape
    .slice(0, y.shape.length - params.axes.length)
    .map((d, axis) => params.extent[params.axes.indexOf(axis)] ?? d);
  const add = addition(y.dtype);
  const totals = new Float64Array(sizeOf(shape));
  windowPositions(params, shape, y.shape).forEach((position, i) => {
    totals[position] = add(totals[position] as number, at(data, i));
  });
  const out = allocate(y.dtype, totals.length);
  out.set(totals);
  return Tensor.own(shape, y.dtype, out);
};
