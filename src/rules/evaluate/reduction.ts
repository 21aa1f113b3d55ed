import type { ReduceKind, Reduction } from "../../ir/expr.ts";
import { allocate, type Dtype, greatestNumber, leastNumber } from "../../tensor/dtype.ts";
import { stridesOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { EvaluateRules } from "../rule.ts";
import { addition, at, multiplication, others, pick, positions } from "./positions.ts";

interface Monoid {
  readonly empty: number;
  readonly concat: (x: number, y: number) => number;
}

const monoid = (kind: ReduceKind, dtype: Dtype): Monoid => {
  switch (kind) {
    case "sum":
      return { empty: 0, concat: addition(dtype) };
    case "prod":
      return { empty: 1, concat: multiplication(dtype) };
    case "max":
      return { empty: leastNumber(dtype), concat: (x, y) => Math.max(x, y) };
    case "min":
      return { empty: greatestNumber(dtype), concat: (x, y) => Math.min(x, y) };
  }
};

/** The lines of a tensor along one axis: the start of each, and the offsets along it. */
const lines = (x: Tensor, axis: number) => {
  const strides = stridesOf(x.shape);
  const rest = others(x.shape.length, [axis]);
  return {
    starts: positions(pick(x.shape, rest), pick(strides, rest)),
    steps: positions(pick(x.shape, [axis]), pick(strides, [axis])),
  };
};

/** Compares numbers, with NaN after all of them. */
const nanLast = (x: number, y: number): number => {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
  return x < y ? -1 : Number(x > y);
};

/**
 * Evaluation of reductions and cumulative operations: accumulated in double precision from first to last, and rounded
 * when stored.
 */
export const reduction: EvaluateRules<keyof Reduction> = {
  reduce: ({ kind, axes }, [x]) => {
    const data = Tensor.read(x);
    const strides = stridesOf(x.shape);
    const kept = others(x.shape.length, axes);
    const shape = pick(x.shape, kept);
    const starts = positions(shape, pick(strides, kept));
    const [first, ...rest] = positions(pick(x.shape, axes), pick(strides, axes));
    const { empty, concat } = monoid(kind, x.dtype);
    const out = allocate(x.dtype, starts.length);
    starts.forEach((start, i) => {
      // From the first element and not from `empty`: 0 + −0 is not −0.
      let total = first === undefined ? empty : at(data, start + first);
      for (const step of rest) total = concat(total, at(data, start + step));
      out[i] = total;
    });
    return [Tensor.own(shape, x.dtype, out)];
  },

  argReduce: ({ kind, axis }, [x]) => {
    const data = Tensor.read(x);
    const { starts, steps } = lines(x, axis);
    const beats = (a: number, b: number): boolean =>
      !Number.isNaN(b) && (Number.isNaN(a) || (kind === "max" ? a > b : a < b));
    const out = new Int32Array(starts.length);
    starts.forEach((start, i) => {
      let best = 0;
      steps.forEach((step, j) => {
        if (beats(at(data, start + step), at(data, start + (steps[best] as number)))) best = j;
      });
      out[i] = best;
    });
    return [Tensor.own(pick(x.shape, others(x.shape.length, [axis])), "i32", out)];
  },

  cumsum: ({ axis, reverse }, [x]) => {
    const data = Tensor.read(x);
    const { starts, steps } = lines(x, axis);
    const order = reverse ? steps.toReversed() : steps;
    const add = addition(x.dtype);
    const out = allocate(x.dtype, data.length);
    for (const start of starts) {
      let total = -0; // the identity of addition: x + −0 is x even for −0
      for (const step of order) {
        total = add(total, at(data, start + step));
        out[start + step] = total;
      }
    }
    return [Tensor.own(x.shape, x.dtype, out)];
  },

  sort: ({ axis }, [x]) => {
    const data = Tensor.read(x);
    const { starts, steps } = lines(x, axis);
    const values = allocate(x.dtype, data.length);
    const indices = new Int32Array(data.length);
    for (const start of starts) {
      // JavaScript's sort is stable.
      const order = Array.from(steps, (step, index) => ({
        value: at(data, start + step),
        index,
      })).sort((a, b) => nanLast(a.value, b.value));
      steps.forEach((step, i) => {
        const { value, index } = order[i] as (typeof order)[number];
        values[start + step] = value;
        indices[start + step] = index;
      });
    }
    return [Tensor.own(x.shape, x.dtype, values), Tensor.own(x.shape, "i32", indices)];
  },
};
