import type { Contraction } from "../../ir/expr.ts";
import { dotShape } from "../../ir/types/rules.ts";
import { allocate, computing } from "../../tensor/dtype.ts";
import { nth } from "../../tensor/list.ts";
import { sizeOf, stridesOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { EvaluateRules } from "../rule.ts";
import { addition, at, multiplication, others, pick, positions } from "./positions.ts";

/** The offsets of an operand's elements along its batch, free and contracted axes. */
const steps = (x: Tensor, batch: readonly number[], contract: readonly number[]) => {
  const strides = stridesOf(x.shape);
  const along = (axes: readonly number[]) => positions(pick(x.shape, axes), pick(strides, axes));
  return {
    batch: along(batch),
    free: along(others(x.shape.length, [...batch, ...contract])),
    contracted: along(contract),
  };
};

export const contraction: EvaluateRules<keyof Contraction> = {
  dot: (params, inputs) => {
    const [x, y] = inputs;
    const [a, b] = [Tensor.read(x), Tensor.read(y)];
    const left = steps(x, params.batch[0], params.contract[0]);
    const right = steps(y, params.batch[1], params.contract[1]);
    const dtype = computing(x.dtype);
    const [add, multiply] = [addition(dtype), multiplication(dtype)];
    const shape = dotShape(params, x.shape, y.shape);
    const out = allocate(dtype, sizeOf(shape));
    let i = 0;
    left.batch.forEach((leftBatch, n) => {
      for (const leftFree of left.free)
        for (const rightFree of right.free) {
          const p = leftBatch + leftFree;
          const q = nth(right.batch, n) + rightFree;
          let total = 0;
          for (let k = 0; k < left.contracted.length; k++)
            total = add(
              total,
              multiply(
                at(a, p + (left.contracted[k] as number)),
                at(b, q + (right.contracted[k] as number)),
              ),
            );
          out[i++] = total;
        }
    });
    return [Tensor.own(shape, dtype, out)];
  },
};
