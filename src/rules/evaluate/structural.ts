import type { Structural } from "../../ir/expr.ts";
import { windowShape } from "../../ir/types/window.ts";
import { allocate, type Storage, store } from "../../tensor/dtype.ts";
import { type Shape, sizeOf, stridesOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { EvaluateRules } from "../rule.ts";
import { at, pick, positions } from "./positions.ts";
import { overlapAddOf, windowOf } from "./window.ts";

/** Reads a strided view of `x` into a new tensor. */
const view = (x: Tensor, shape: Shape, strides: readonly number[], start = 0): Tensor => {
  const data = Tensor.read(x);
  const out = allocate(x.dtype, sizeOf(shape));
  positions(shape, strides, start).forEach((position, i) => {
    out[i] = at(data, position);
  });
  return Tensor.own(shape, x.dtype, out);
};

/** Writes the elements of `x` into a strided view of `out`. */
const place = (x: Tensor, out: Storage, strides: readonly number[], start: number): void => {
  const data = Tensor.read(x);
  positions(x.shape, strides, start).forEach((position, i) => {
    out[position] = at(data, i);
  });
};

const inner = (xs: readonly number[], ys: readonly number[]): number =>
  xs.reduce((n, x, i) => n + x * (ys[i] as number), 0);

/** Evaluation of rearrangements: no arithmetic, so no rounding. */
export const structural: EvaluateRules<keyof Structural> = {
  reshape: ({ shape }, [x]) => [Tensor.own(shape, (x as Tensor).dtype, Tensor.read(x as Tensor))],

  transpose: ({ permutation }, [operand]) => {
    const x = operand as Tensor;
    return [view(x, pick(x.shape, permutation), pick(stridesOf(x.shape), permutation))];
  },

  broadcast: ({ shape, axes }, [operand]) => {
    const x = operand as Tensor;
    const strides = stridesOf(x.shape);
    return [
      view(
        x,
        shape,
        shape.map((_, axis) => strides[axes.indexOf(axis)] ?? 0),
      ),
    ];
  },

  slice: ({ start, limit, stride }, [operand]) => {
    const x = operand as Tensor;
    const strides = stridesOf(x.shape);
    const step = (axis: number): number => stride[axis] as number;
    const shape = start.map((s, i) => Math.ceil(((limit[i] as number) - s) / step(i)));
    return [
      view(
        x,
        shape,
        strides.map((n, i) => n * step(i)),
        inner(start, strides),
      ),
    ];
  },

  pad: ({ low, high, interior, value }, [operand]) => {
    const x = operand as Tensor;
    const between = (axis: number): number => interior[axis] as number;
    const shape = x.shape.map(
      (d, i) => (low[i] as number) + (high[i] as number) + d + Math.max(0, d - 1) * between(i),
    );
    const strides = stridesOf(shape);
    const out = allocate(x.dtype, sizeOf(shape)).fill(store(x.dtype, value));
    place(
      x,
      out,
      strides.map((n, i) => n * (1 + between(i))),
      inner(low, strides),
    );
    return [Tensor.own(shape, x.dtype, out)];
  },

  concatenate: ({ axis }, inputs) => {
    const first = inputs[0] as Tensor;
    const extents = inputs.map((x) => x.shape[axis] as number);
    const total = extents.reduce((n, d) => n + d, 0);
    const shape = first.shape.map((d, i) => (i === axis ? total : d));
    const strides = stridesOf(shape);
    const out = allocate(first.dtype, sizeOf(shape));
    let start = 0;
    inputs.forEach((x, i) => {
      place(x, out, strides, start * (strides[axis] as number));
      start += extents[i] as number;
    });
    return [Tensor.own(shape, first.dtype, out)];
  },

  reverse: ({ axes }, [operand]) => {
    const x = operand as Tensor;
    const strides = stridesOf(x.shape);
    const turned = strides.map((n, i) => (axes.includes(i) ? -n : n));
    const ends = x.shape.map((d, i) => (axes.includes(i) ? d - 1 : 0));
    return [view(x, x.shape, turned, inner(ends, strides))];
  },

  window: (params, [operand]) => {
    const x = operand as Tensor;
    return [windowOf(params, x, windowShape(params, x.shape))];
  },

  overlapAdd: (params, [y]) => [overlapAddOf(params, y as Tensor)],
};
