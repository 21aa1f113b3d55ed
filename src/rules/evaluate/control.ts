import { UnboundAxis } from "../../errors.ts";
import type { Control, Program } from "../../ir/expr.ts";
import { allocate } from "../../tensor/dtype.ts";
import { nth } from "../../tensor/list.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { EvaluateRules } from "../rule.ts";
import { at } from "./positions.ts";

/** The sub-tensor at index `i` of the first axis. */
const row = (x: Tensor, i: number): Tensor => {
  const shape = x.shape.slice(1);
  const size = sizeOf(shape);
  return Tensor.own(shape, x.dtype, Tensor.read(x).slice(i * size, (i + 1) * size));
};

/** Stacks rows along a new first axis; `type` is their type if there are none. */
const stacked = (rows: readonly Tensor[], type: Program["outputs"][number]): Tensor => {
  const size = sizeOf(type.shape);
  const out = allocate(type.dtype, rows.length * size);
  rows.forEach((x, i) => {
    out.set(Tensor.read(x), i * size);
  });
  return Tensor.own([rows.length, ...type.shape], type.dtype, out);
};

export const control: EvaluateRules<keyof Control> = {
  select: (_, inputs) => {
    const [condition, x, y] = inputs;
    const [c, a, b] = [Tensor.read(condition), Tensor.read(x), Tensor.read(y)];
    const out = allocate(x.dtype, a.length);
    for (let i = 0; i < out.length; i++) out[i] = at(c, i) !== 0 ? at(a, i) : at(b, i);
    return [Tensor.own(x.shape, x.dtype, out)];
  },

  cast: ({ dtype }, [x]) => [x.cast(dtype)],

  stopGradient: (_, inputs) => inputs,

  // The `vmap` that binds the name replaces this node; `check` rejects any that is left.
  axisSum: ({ axis }) => {
    throw new UnboundAxis({ axis, path: [] });
  },

  cond: ({ onTrue, onFalse }, [predicate, ...operands], run) =>
    run(predicate.item() !== 0 ? onTrue : onFalse, operands),

  scan: ({ body, length, constants, carry, reverse }, inputs, run) => {
    const fixed = inputs.slice(0, constants);
    const xs = inputs.slice(constants + carry);
    const rows: (readonly Tensor[])[] = new Array(length);
    let state = inputs.slice(constants, constants + carry);
    for (let step = 0; step < length; step++) {
      const i = reverse ? length - 1 - step : step;
      const outputs = run(body, [...fixed, ...state, ...xs.map((x) => row(x, i))]);
      state = outputs.slice(0, carry);
      rows[i] = outputs.slice(carry);
    }
    const stacks = body.outputs.slice(carry).map((type, j) =>
      stacked(
        rows.map((r) => nth(r, j)),
        type,
      ),
    );
    return [...state, ...stacks];
  },

  while: ({ body, constants, bound = Number.POSITIVE_INFINITY }, inputs, run) => {
    const fixed = inputs.slice(0, constants);
    let state: readonly Tensor[] = inputs.slice(constants);
    for (let round = 0; round < bound && nth(state, 0).item() !== 0; round++)
      state = run(body, [...fixed, ...state]);
    return state;
  },

  call: ({ program }, inputs, run) => run(program, inputs),
};
