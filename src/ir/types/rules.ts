import { computing, heldBy, holds, isFloat } from "../../tensor/dtype.ts";
import { type Shape, sameShape, sizeOf } from "../../tensor/shape.ts";
import type { DotParams, PrimitiveTag, Program, TensorType } from "../expr.ts";
import { elementwiseTyping } from "./elementwise.ts";
import {
  axesText,
  broadcasting,
  inside,
  one,
  type TypeRules,
  type,
  wrongDtype,
  wrongShape,
} from "./rule.ts";
import { windowTyping } from "./window.ts";

/** Whether a list has one integer of at least `least` per axis. */
const whole = (list: readonly number[], rank: number, least = 0): boolean =>
  list.length === rank && list.every((n) => Number.isSafeInteger(n) && n >= least);

const without = (shape: Shape, axes: readonly number[]): Shape =>
  shape.filter((_, i) => !axes.includes(i));

/** The shape of a `dot`: batch axes, the left's free axes, the right's free axes. */
export const dotShape = ({ batch, contract }: DotParams, x: Shape, y: Shape): Shape => [
  ...batch[0].map((a) => x[a] ?? 1),
  ...without(x, [...batch[0], ...contract[0]]),
  ...without(y, [...batch[1], ...contract[1]]),
];

/** The error text for paired axes of a `dot` whose extents differ. */
const pairOf = (kind: string, [left, right]: DotParams["batch"], x: Shape, y: Shape): string => {
  const extents = (axes: readonly number[], shape: Shape) =>
    `[${axes.map((axis) => shape[axis] ?? "none").join(", ")}]`;
  const axes = `${kind} axes (${left.join(", ")}) and (${right.join(", ")})`;
  return `equal extents along ${axes}, not ${extents(left, x)} and ${extents(right, y)}`;
};

/** The shape of a `gather`, which is also that of the updates of a `scatterAdd`. */
export const gatherShape = (axis: number, batch: number, x: Shape, indices: Shape): Shape => [
  ...x.slice(0, axis),
  ...indices.slice(batch),
  ...x.slice(axis + 1),
];

const gatherFits = (axis: number, batch: number, x: Shape, indices: Shape): boolean =>
  inside([axis], x.length) &&
  whole([batch], 1) &&
  batch <= axis &&
  sameShape(x.slice(0, batch), indices.slice(0, batch));

const outputTypes = (program: Program): readonly TensorType[] =>
  program.outputs.map((o) => type(o.shape, o.dtype));

const sameType = (a: TensorType | undefined, b: TensorType | undefined): boolean =>
  a !== undefined && b !== undefined && a.dtype === b.dtype && sameShape(a.shape, b.shape);

const sameTypes = (a: readonly TensorType[], b: readonly TensorType[]): boolean =>
  a.length === b.length && a.every((t, i) => sameType(t, b[i]));

const showTypes = (types: readonly TensorType[]): string =>
  types.map((t) => `${t.dtype}[${t.shape.join(", ")}]`).join(", ");

export const typing: TypeRules<PrimitiveTag> = {
  ...elementwiseTyping,
  ...windowTyping,

  reduce: ({ kind: op, axes }, inputs) => {
    const [x] = inputs;
    const outputs = [type(without(x.shape, axes), x.dtype)];
    if (!inside(axes, x.shape.length))
      return wrongShape(op, axesText(axes, x.shape.length), inputs, outputs);
    return isFloat(x.dtype) || x.dtype === "i32"
      ? { outputs }
      : wrongDtype(op, "f32, f64 or i32", inputs, outputs);
  },
  argReduce: ({ kind, axis }, inputs) => {
    const [x] = inputs;
    const op = `arg${kind}`;
    const outputs = [type(without(x.shape, [axis]), "i32")];
    if (!inside([axis], x.shape.length))
      return wrongShape(op, axesText([axis], x.shape.length), inputs, outputs);
    return (x.shape[axis] as number) > 0
      ? { outputs }
      : wrongShape(op, `at least one element along axis ${axis}`, inputs, outputs);
  },
  cumsum: ({ axis }, inputs, op) => {
    const [x] = inputs;
    if (!inside([axis], x.shape.length))
      return wrongShape(op, axesText([axis], x.shape.length), inputs, inputs);
    return isFloat(x.dtype) || x.dtype === "i32"
      ? { outputs: inputs }
      : wrongDtype(op, "f32, f64 or i32", inputs, inputs);
  },
  sort: ({ axis }, inputs, op) => {
    const [x] = inputs;
    const outputs = [x, type(x.shape, "i32")];
    return inside([axis], x.shape.length)
      ? { outputs }
      : wrongShape(op, axesText([axis], x.shape.length), inputs, outputs);
  },

  reshape: ({ shape }, inputs, op) => {
    const [x] = inputs;
    const outputs = [type(shape, x.dtype)];
    return sizeOf(shape) === sizeOf(x.shape)
      ? { outputs }
      : wrongShape(op, `${sizeOf(shape)} elements for [${shape.join(", ")}]`, inputs, outputs);
  },
  transpose: ({ permutation }, inputs, op) => {
    const [x] = inputs;
    const outputs = [
      type(
        permutation.map((a) => x.shape[a] ?? 1),
        x.dtype,
      ),
    ];
    return permutation.length === x.shape.length && inside(permutation, x.shape.length)
      ? { outputs }
      : wrongShape(
          op,
          `a permutation of ${x.shape.length} axes, not (${permutation.join(", ")})`,
          inputs,
          outputs,
        );
  },
  broadcast: ({ shape, axes }, inputs, op) => {
    const [x] = inputs;
    const outputs = [type(shape, x.dtype)];
    const fits =
      axes.length === x.shape.length &&
      inside(axes, shape.length) &&
      axes.every((a, i) => shape[a] === x.shape[i] && (i === 0 || a > (axes[i - 1] as number)));
    return fits
      ? { outputs }
      : wrongShape(op, `a shape that broadcasts to [${shape.join(", ")}]`, inputs, outputs);
  },
  slice: ({ start, limit, stride }, inputs, op) => {
    const [x] = inputs;
    const extent = start.map((s, i) => {
      const count = Math.ceil(((limit[i] as number) - s) / (stride[i] as number));
      return Number.isFinite(count) ? Math.max(0, count) : 0;
    });
    const outputs = [type(extent, x.dtype)];
    const fits =
      [start, limit].every((list) => whole(list, x.shape.length)) &&
      whole(stride, x.shape.length, 1) &&
      x.shape.every(
        (d, i) => (start[i] as number) <= (limit[i] as number) && (limit[i] as number) <= d,
      );
    return fits
      ? { outputs }
      : wrongShape(
          op,
          `something with all elements from [${start.join(", ")}] to [${limit.join(", ")}] in steps of [${stride.join(", ")}], whole numbers`,
          inputs,
          outputs,
        );
  },
  pad: ({ low, high, interior, value }, inputs, op) => {
    const [x] = inputs;
    const shape = x.shape.map(
      (d, i) => (low[i] ?? 0) + (high[i] ?? 0) + d + Math.max(0, d - 1) * (interior[i] ?? 0),
    );
    const outputs = [type(shape, x.dtype)];
    const fits = [low, high, interior].every((list) => whole(list, x.shape.length));
    if (!holds(x.dtype, value))
      return wrongDtype(op, `${heldBy[x.dtype]} as its value, not ${value}`, inputs, outputs);
    return fits
      ? { outputs }
      : wrongShape(
          op,
          `one non-negative whole padding per axis, not (${low.join(", ")}) before, (${high.join(", ")}) after and (${interior.join(", ")}) between`,
          inputs,
          outputs,
        );
  },
  concatenate: ({ axis }, inputs, op) => {
    const first = inputs[0] ?? type([0], "f32");
    const total = inputs.reduce((n, t) => n + (t.shape[axis] ?? 0), 0);
    const outputs = [
      type(
        first.shape.map((d, i) => (i === axis ? total : d)),
        first.dtype,
      ),
    ];
    const fits =
      inputs.length > 0 &&
      inside([axis], first.shape.length) &&
      inputs.every((t) => sameShape(without(t.shape, [axis]), without(first.shape, [axis])));
    if (!fits) return wrongShape(op, `shapes that agree but for axis ${axis}`, inputs, outputs);
    return inputs.every((t) => t.dtype === first.dtype)
      ? { outputs }
      : wrongDtype(op, "one dtype", inputs, outputs);
  },
  reverse: ({ axes }, inputs, op) => {
    const rank = inputs[0].shape.length;
    return inside(axes, rank)
      ? { outputs: inputs }
      : wrongShape(op, axesText(axes, rank), inputs, inputs);
  },

  gather: ({ axis, batch }, inputs, op) => {
    const [x, indices] = inputs;
    const outputs = [type(gatherShape(axis, batch, x.shape, indices.shape), x.dtype)];
    if (indices.dtype !== "i32") return wrongDtype(op, "indices of i32", inputs, outputs);
    return gatherFits(axis, batch, x.shape, indices.shape)
      ? { outputs }
      : wrongShape(op, `an axis ${axis} after ${batch} shared batch axes`, inputs, outputs);
  },
  scatterAdd: ({ axis, batch }, inputs, op) => {
    const [x, indices, updates] = inputs;
    const expected = gatherShape(axis, batch, x.shape, indices.shape);
    if (indices.dtype !== "i32" || updates.dtype !== x.dtype)
      return wrongDtype(op, "indices of i32 and updates of the operand's dtype", inputs, [x]);
    if (!isFloat(x.dtype) && x.dtype !== "i32")
      return wrongDtype(op, "f32, f64 or i32", inputs, [x]);
    if (!inside([axis], x.shape.length))
      return wrongShape(op, axesText([axis], x.shape.length), inputs, [x]);
    return gatherFits(axis, batch, x.shape, indices.shape) && sameShape(updates.shape, expected)
      ? { outputs: [x] }
      : wrongShape(op, `updates of shape [${expected.join(", ")}]`, inputs, [x]);
  },

  dot: (params, inputs, op) => {
    const [x, y] = inputs;
    const [left, right] = [computing(x.dtype), computing(y.dtype)];
    const outputs = [type(dotShape(params, x.shape, y.shape), left)];
    const paired = ([ofX, ofY]: DotParams["batch"]): boolean =>
      ofX.length === ofY.length && ofX.every((a, i) => x.shape[a] === y.shape[ofY[i] as number]);
    const axesFit =
      inside([...params.batch[0], ...params.contract[0]], x.shape.length) &&
      inside([...params.batch[1], ...params.contract[1]], y.shape.length);
    if (!axesFit || !paired(params.batch) || !paired(params.contract))
      return wrongShape(
        op,
        axesFit && !paired(params.batch)
          ? pairOf("batch", params.batch, x.shape, y.shape)
          : pairOf("contracted", params.contract, x.shape, y.shape),
        inputs,
        outputs,
      );
    return left === right && (isFloat(left) || left === "i32")
      ? { outputs }
      : wrongDtype(op, "two operands of one dtype, f32, f64 or i32", inputs, outputs);
  },

  constant: ({ value }) => one(value.shape, value.dtype),
  parameter: (params) => ({ outputs: [params.type] }),
  iota: ({ shape, dtype, axis }, _, op) =>
    inside([axis], shape.length)
      ? one(shape, dtype)
      : wrongShape(op, axesText([axis], shape.length), [type(shape, dtype)], [type(shape, dtype)]),
  randomBits: ({ shape }, inputs, op) => {
    const keys = inputs[0];
    const outputs = [type([...keys.shape.slice(0, -1), ...shape], "i32")];
    if (keys.dtype !== "i32") return wrongDtype(op, "keys of i32", inputs, outputs);
    return keys.shape.at(-1) === 2
      ? { outputs }
      : wrongShape(op, "keys of shape [..., 2]", inputs, outputs);
  },

  select: (_, inputs) => {
    const [condition, x, y] = inputs;
    if (condition.dtype !== "bool" || x.dtype !== y.dtype)
      return wrongDtype("where", "a bool and two operands of one dtype", inputs, [x]);
    return sameShape(x.shape, y.shape) && sameShape(condition.shape, x.shape)
      ? { outputs: [x] }
      : wrongShape(
          "where",
          sameShape(x.shape, y.shape)
            ? broadcasting(condition.shape, x.shape)
            : broadcasting(x.shape, y.shape),
          inputs,
          [x],
        );
  },
  cast: ({ dtype }, inputs) => one(inputs[0].shape, dtype),
  stopGradient: (_, inputs) => ({ outputs: inputs }),
  axisSum: (_, inputs, op) =>
    isFloat(inputs[0].dtype) || inputs[0].dtype === "i32"
      ? { outputs: inputs }
      : wrongDtype(op, "f32, f64 or i32", inputs, inputs),

  cond: ({ onTrue, onFalse }, inputs, op) => {
    const outputs = outputTypes(onTrue);
    const [predicate, ...operands] = inputs;
    if (predicate?.dtype !== "bool") return wrongDtype(op, "a bool predicate", inputs, outputs);
    if (predicate.shape.length > 0)
      return wrongShape(
        op,
        "a predicate that is a scalar; where chooses per element",
        inputs,
        outputs,
      );
    const fits =
      sameTypes(onTrue.inputs, operands) &&
      sameTypes(onFalse.inputs, operands) &&
      sameTypes(outputs, outputTypes(onFalse));
    return fits
      ? { outputs }
      : wrongShape(
          op,
          `branches of the same types: ${showTypes(outputs)} and ${showTypes(outputTypes(onFalse))}`,
          inputs,
          outputs,
        );
  },
  scan: ({ body, length, constants, carry }, inputs, op) => {
    const results = outputTypes(body);
    const carried = inputs.slice(constants, constants + carry);
    const stacked = results.slice(carry).map((t) => type([length, ...t.shape], t.dtype));
    const outputs = [...carried, ...stacked];
    if (!whole([length, constants, carry], 3))
      return wrongShape(op, `a whole number of rounds, not ${length}`, inputs, outputs);
    const sliced = inputs.slice(constants + carry).map((t) => type(t.shape.slice(1), t.dtype));
    if (inputs.slice(constants + carry).some((t) => t.shape[0] !== length))
      return wrongShape(op, `slices along leading axes of ${length}`, inputs, outputs);
    const fits =
      sameTypes(body.inputs, [...inputs.slice(0, constants + carry), ...sliced]) &&
      sameTypes(results.slice(0, carry), carried);
    return fits
      ? { outputs }
      : wrongShape(
          op,
          `a carry that the body keeps: ${showTypes(carried)}, not ${showTypes(results.slice(0, carry))}`,
          inputs,
          outputs,
        );
  },
  while: ({ body, constants, bound }, inputs, op) => {
    const carried = inputs.slice(constants);
    const [goesOn] = carried;
    if (!whole([bound ?? 0, constants], 2))
      return wrongShape(op, `a whole number of rounds, not ${bound}`, inputs, carried);
    if (goesOn?.dtype !== "bool")
      return wrongDtype(op, "a bool condition", carried.slice(0, 1), carried);
    if (goesOn.shape.length > 0)
      return wrongShape(op, "a condition that is a scalar", [goesOn], carried);
    const results = outputTypes(body);
    return sameTypes(body.inputs, inputs) && sameTypes(results, carried)
      ? { outputs: carried }
      : wrongShape(
          op,
          `a carry that the body keeps: ${showTypes(carried.slice(1))}, not ${showTypes(results.slice(1))}`,
          carried.slice(1),
          carried,
        );
  },
  call: ({ program, name, rules }, inputs) => {
    const outputs = outputTypes(program);
    if (rules.kind === "refused") return { outputs, issue: rules.issue };
    return sameTypes(program.inputs, inputs)
      ? { outputs }
      : wrongShape(name, showTypes(program.inputs), inputs, outputs);
  },
};
