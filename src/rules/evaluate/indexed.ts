import type { Indexed } from "../../ir/expr.ts";
import { gatherShape } from "../../ir/types/rules.ts";
import { allocate } from "../../tensor/dtype.ts";
import { nth } from "../../tensor/list.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { EvaluateRules } from "../rule.ts";
import { addition, at } from "./positions.ts";

/**
 * The position in `x` that each element of a gather reads, in order, or -1 if its index is out of range. The
 * operand's axes are the shared batch axes, the middle, the axis itself, and the rest: `out[b, m, k, r] = x[b, m,
 * indices[b, k], r]`.
 */
const sources = (axis: number, batch: number, x: Shape, indices: Tensor): readonly number[] => {
  const index = Tensor.read(indices);
  const batches = sizeOf(x.slice(0, batch));
  const middle = sizeOf(x.slice(batch, axis));
  const extent = nth(x, axis);
  const rest = sizeOf(x.slice(axis + 1));
  const perBatch = sizeOf(indices.shape.slice(batch));
  const out: number[] = [];
  for (let b = 0; b < batches; b++)
    for (let m = 0; m < middle; m++)
      for (let k = 0; k < perBatch; k++) {
        const i = at(index, b * perBatch + k);
        const inside = i >= 0 && i < extent;
        for (let r = 0; r < rest; r++)
          out.push(inside ? ((b * middle + m) * extent + i) * rest + r : -1);
      }
  return out;
};

export const indexed: EvaluateRules<keyof Indexed> = {
  gather: ({ axis, batch }, inputs) => {
    const [x, indices] = inputs;
    const data = Tensor.read(x);
    const shape = gatherShape(axis, batch, x.shape, indices.shape);
    const out = allocate(x.dtype, sizeOf(shape));
    sources(axis, batch, x.shape, indices).forEach((position, i) => {
      if (position >= 0) out[i] = at(data, position);
    });
    return [Tensor.own(shape, x.dtype, out)];
  },

  scatterAdd: ({ axis, batch }, inputs) => {
    const [x, indices, updates] = inputs;
    const add = addition(x.dtype);
    const data = Tensor.read(updates);
    // Sums are exact to f64 and rounded once, however many updates one element gets.
    const sums = Float64Array.from(Tensor.read(x));
    sources(axis, batch, x.shape, indices).forEach((position, i) => {
      if (position >= 0) sums[position] = add(at(sums, position), at(data, i));
    });
    const out = allocate(x.dtype, sums.length);
    out.set(sums);
    return [Tensor.own(x.shape, x.dtype, out)];
  },
};
