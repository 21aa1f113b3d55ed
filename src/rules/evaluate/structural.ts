import type { Structural } from "../../ir/expr.ts";
import { windowShape } from "../../ir/types/window.ts";
import { allocate, type Storage, store } from "../../tensor/dtype.ts";
import { nth } from "../../tensor/list.ts";
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
  xs.reduce((n, x, i) => n + x * nth(ys, i), 0);

/** Evaluation of rearrangements: no arithmetic, so no rounding. */
export const structural: EvaluateRules<keyof Structural> = {
  reshape: ({ shape }, [x]) => [Tensor.own(shape, x.dtype, Tensor.read(x))],

  transpose: ({ permutation }, [x]) => {
    return [view(x, pick(x.shape, permutation), pick(stridesOf(x.shape), permutation))];
  },

  broadcast: ({ shape, axes }, [x]) => {
    const strides = stridesOf(x.shape);
    return [
      view(
        x,
        shape,
        shape.map((_, axis) => strides[axes.indexOf(axis)] ?? 0),
      ),
    ];
  },

  slice: ({ start, limit, stride }, [x]) => {
    const strides = stridesOf(x.shape);
    const step = (axis: number): number => nth(stride, axis);
    const shape = start.map((s, i) => Math.ceil((nth(limit, i) - s) / step(i)));
    return [
      view(
        x,
        shape,
        strides.map((n, i) => n * step(i)),
        inner(start, strides),
      ),
    ];
  },

  pad: ({ low, high, interior, value }, [x]) => {
    const between = (axis: number): number => nth(interior, axis);
    const shape = x.shape.map(
      (d, i) => nth(low, i) + nth(high, i) + d + Math.max(0, d - 1) * between(i),
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
    const [first] = inputs;
    const extents = inputs.map((x) => nth(x.shape, axis));
    const total = extents.reduce((n, d) => n + d, 0);
    const shape = first.shape.map((d, i) => (i === axis ? total : d));
    const strides = stridesOf(shape);
    const out = allocate(first.dtype, sizeOf(shape));
    let start = 0;
    inputs.forEach((x, i) => {
      place(x, out, strides, start * nth(strides, axis));
      start += nth(extents, i);
    });
    return [Tensor.own(shape, first.dtype, out)];
  },

  reverse: ({ axes }, [x]) => {
    const strides = stridesOf(x.shape);
    const turned = strides.map((n, i) => (axes.includes(i) ? -n : n));
    const ends = x.shape.map((d, i) => (axes.includes(i) ? d - 1 : 0));
    return [view(x, x.shape, turned, inner(ends, strides))];
  },

  window: (params, [x]) => {
    return [windowOf(params, x, windowShape(params, x.shape))];
  },

  overlapAdd: (params, [y]) => [overlapAddOf(params, y)],
};
