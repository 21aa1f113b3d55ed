import { type Shape, sameShape, sizeOf } from "../../../tensor/shape.ts";
import type { DotParams, Expr, Node } from "../../expr.ts";
import { type Identities, type Identity, nodeIf, operandOf, repeated } from "./match.ts";

/** Identities of rearrangements: two of a kind merge into one, and those that move nothing vanish. */

const increasing = (xs: readonly number[]): boolean =>
  xs.every((x, i) => i === 0 || x > (xs[i - 1] as number));
const all = (xs: readonly number[], value: number): boolean => xs.every((x) => x === value);
const at = (xs: readonly number[], i: number): number => xs[i] as number;
const plus = (xs: readonly number[], ys: readonly number[]): readonly number[] =>
  xs.map((x, i) => x + at(ys, i));

/** A rearranged broadcast scalar is a broadcast scalar. */
const ofRepeated =
  <P extends "reshape" | "transpose" | "slice" | "reverse">(
    shapeOf: (params: Parameters<Identity<P>>[0], x: Expr) => Shape,
    rule: Identity<P>,
  ): Identity<P> =>
  (params, inputs, make, once) => {
    const [x] = inputs;
    const scalar = x.shape.length > 0 ? repeated(x) : undefined;
    return scalar === undefined
      ? rule(params, inputs, make, once)
      : make("broadcast", { shape: shapeOf(params, x), axes: [] }, scalar);
  };

/** Absorbs the transposition of an operand into the axes of a dot, if the operand's free axes keep their order. */
const untransposed = (
  x: Expr,
  batch: readonly number[],
  contract: readonly number[],
): readonly [Expr, readonly number[], readonly number[]] | undefined => {
  const node = nodeIf(x, "transpose");
  if (node === undefined) return undefined;
  const { permutation } = node.params;
  const before = (axes: readonly number[]): readonly number[] =>
    axes.map((a) => at(permutation, a));
  const free = x.shape.map((_, i) => i).filter((i) => !batch.includes(i) && !contract.includes(i));
  return increasing(before(free)) ? [node.inputs[0], before(batch), before(contract)] : undefined;
};

/** The parameters of a dot with swapped operands, if the permutation of its result amounts to that. */
const swapped = (permutation: readonly number[], node: Node<"dot">): DotParams | undefined => {
  const { batch, contract } = node.params;
  const leading = batch[0].length;
  const left = node.inputs[0].shape.length - leading - contract[0].length;
  const rank = permutation.length;
  const expected = permutation.map((_, i) =>
    i < leading ? i : i < rank - left ? i + left : i - (rank - left) + leading,
  );
  return permutation.every((a, i) => a === expected[i])
    ? { batch: [batch[1], batch[0]], contract: [contract[1], contract[0]] }
    : undefined;
};

export const movement = {
  reshape: ofRepeated<"reshape">(
    ({ shape }) => shape,
    ({ shape }, inputs, make) => {
      const [x] = inputs;
      if (sameShape(x.shape, shape)) return x;
      const inner = operandOf(x, "reshape");
      return inner && make("reshape", { shape }, inner);
    },
  ),

  transpose: ofRepeated<"transpose">(
    ({ permutation }, x) => permutation.map((a) => at(x.shape, a)),
    ({ permutation }, inputs, make, once) => {
      const [x] = inputs;
      if (increasing(permutation)) return x;
      const shape = permutation.map((a) => at(x.shape, a));
      // Axes of extent 1 may move freely.
      if (increasing(permutation.filter((a) => x.shape[a] !== 1)))
        return make("reshape", { shape }, x);
      const inner = nodeIf(x, "transpose");
      if (inner !== undefined)
        return make(
          "transpose",
          { permutation: permutation.map((a) => at(inner.params.permutation, a)) },
          inner.inputs[0],
        );
      const spread = nodeIf(x, "broadcast");
      if (spread !== undefined) {
        // Transposing before the broadcast moves fewer elements.
        const axes = spread.params.axes.map((a) => permutation.indexOf(a));
        const order = axes.map((_, i) => i).sort((i, j) => at(axes, i) - at(axes, j));
        const source = spread.inputs[0];
        const turned = increasing(order)
          ? source
          : make("transpose", { permutation: order }, source);
        return make("broadcast", { shape, axes: order.map((i) => at(axes, i)) }, turned);
      }
      const turned = once(x) ? nodeIf(x, "dot") : undefined;
      const params = turned && swapped(permutation, turned);
      return params && make("dot", params, turned.inputs[1], turned.inputs[0]);
    },
  ),

  broadcast: ({ shape, axes }, inputs, make) => {
    const [x] = inputs;
    if (sameShape(x.shape, shape)) return x;
    if (sizeOf(x.shape) === sizeOf(shape)) return make("reshape", { shape }, x);
    const inner = nodeIf(x, "broadcast");
    return (
      inner &&
      make("broadcast", { shape, axes: inner.params.axes.map((a) => at(axes, a)) }, inner.inputs[0])
    );
  },

  slice: ofRepeated<"slice">(
    ({ start, limit, stride }) =>
      start.map((s, i) => Math.ceil((at(limit, i) - s) / at(stride, i))),
    ({ start, limit, stride }, inputs, make) => {
      const [x] = inputs;
      const unit = all(stride, 1);
      if (all(start, 0) && unit && sameShape(limit, x.shape)) return x;

      const inner = nodeIf(x, "slice");
      if (inner !== undefined) {
        const { start: s, stride: t } = inner.params;
        // An empty slice may begin beyond the end of the inner one.
        const outward = (i: number, axis: number): number =>
          Math.min(at(s, axis) + i * at(t, axis), at(inner.params.limit, axis));
        return make(
          "slice",
          {
            start: start.map(outward),
            // One past the last element kept, which need not be a whole stride further.
            limit: limit.map((l, axis) =>
              l === at(start, axis) ? outward(l, axis) : outward(l - 1, axis) + 1,
            ),
            stride: stride.map((n, axis) => n * at(t, axis)),
          },
          inner.inputs[0],
        );
      }

      const padded = nodeIf(x, "pad");
      if (padded !== undefined && all(padded.params.interior, 0)) {
        const source = padded.inputs[0];
        const { low } = padded.params;
        const [from, to] = [
          start.map((s, i) => s - at(low, i)),
          limit.map((l, i) => l - at(low, i)),
        ];
        const inside = from.every((s) => s >= 0) && to.every((l, i) => l <= at(source.shape, i));
        return inside ? make("slice", { start: from, limit: to, stride }, source) : undefined;
      }

      const joined = nodeIf(x, "concatenate");
      if (joined === undefined) return undefined;
      const { axis } = joined.params;
      let before = 0;
      for (const part of joined.inputs) {
        const after = before + at(part.shape, axis);
        if (at(start, axis) >= before && at(limit, axis) <= after) {
          const offset = before;
          const move = (n: number, i: number): number => (i === axis ? n - offset : n);
          return make("slice", { start: start.map(move), limit: limit.map(move), stride }, part);
        }
        before = after;
      }
      return undefined;
    },
  ),

  pad: ({ low, high, interior, value }, inputs, make) => {
    const [x] = inputs;
    if (all(low, 0) && all(high, 0) && x.shape.every((d, i) => d <= 1 || interior[i] === 0))
      return x;
    const inner = nodeIf(x, "pad");
    if (inner === undefined || !Object.is(inner.params.value, value) || !all(interior, 0))
      return undefined;
    const { params } = inner;
    return make(
      "pad",
      { ...params, low: plus(low, params.low), high: plus(high, params.high) },
      inner.inputs[0],
    );
  },

  concatenate: ({ axis }, inputs, make) => {
    const parts = inputs.filter((x) => x.shape[axis] !== 0);
    if (inputs.length === 1 || parts.length === 0) return inputs[0];
    if (parts.length === 1) return parts[0];
    return parts.length < inputs.length ? make("concatenate", { axis }, ...parts) : undefined;
  },

  reverse: ofRepeated<"reverse">(
    (_, x) => x.shape,
    ({ axes }, inputs, make) => {
      const [x] = inputs;
      const moving = axes.filter((a) => at(x.shape, a) > 1);
      if (moving.length === 0) return x;
      const inner = nodeIf(x, "reverse");
      if (inner === undefined)
        return moving.length < axes.length ? make("reverse", { axes: moving }, x) : undefined;
      const other = inner.params.axes;
      const either = [
        ...axes.filter((a) => !other.includes(a)),
        ...other.filter((a) => !axes.includes(a)),
      ];
      return make("reverse", { axes: either.sort((a, b) => a - b) }, inner.inputs[0]);
    },
  ),

  reduce: ({ kind, axes }, inputs, make) => {
    const [x] = inputs;
    if (axes.length === 0) return x;
    const shape = x.shape.filter((_, i) => !axes.includes(i));
    if (axes.every((a) => x.shape[a] === 1)) return make("reshape", { shape }, x);
    const inner = nodeIf(x, "reduce");
    // Sums and products would round in another order.
    if (inner?.params.kind !== kind || kind === "sum" || kind === "prod") return undefined;
    const source = inner.inputs[0];
    const left = source.shape.map((_, i) => i).filter((i) => !inner.params.axes.includes(i));
    const both = [...inner.params.axes, ...axes.map((a) => at(left, a))].sort((a, b) => a - b);
    return make("reduce", { kind, axes: both }, source);
  },
  cumsum: ({ axis }, inputs) => (at(inputs[0].shape, axis) <= 1 ? inputs[0] : undefined),

  dot: ({ batch, contract }, inputs, make) => {
    const [x, y] = inputs;
    const left = untransposed(x, batch[0], contract[0]);
    const right = untransposed(y, batch[1], contract[1]);
    if (left === undefined && right === undefined) return undefined;
    const [a, leftBatch, leftContract] = left ?? [x, batch[0], contract[0]];
    const [b, rightBatch, rightContract] = right ?? [y, batch[1], contract[1]];
    return make(
      "dot",
      { batch: [leftBatch, rightBatch], contract: [leftContract, rightContract] },
      a,
      b,
    );
  },
} satisfies Identities;
