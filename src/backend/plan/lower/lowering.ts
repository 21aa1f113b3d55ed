import type { Params, PrimitiveTag, TensorType } from "../../../ir/expr.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import type { Pointwise } from "../fused.ts";
import type { Kernel } from "../kernel.ts";
import { concatenateKernels, padKernels } from "../kernels/concatPad.ts";
import { contractionKernel } from "../kernels/contraction.ts";
import { packedView } from "../kernels/elementwise.ts";
import { gatherKernel, scatterAddKernels } from "../kernels/indexed.ts";
import { argReductionKernel, cumulativeSumKernel, sortKernel } from "../kernels/lines.ts";
import { overlapAddKernels } from "../kernels/overlapAdd.ts";
import { randomBitsKernel } from "../kernels/random.ts";
import {
  type Buffer,
  broadcastView,
  iotaView,
  literal,
  reshapeView,
  reverseView,
  sliceView,
  transposeView,
  type View,
  windowView,
} from "../view.ts";

/** The ways in which a primitive becomes kernels. */
export type Lowering<P extends PrimitiveTag> =
  /** Computed in a loop, together with its neighbors. */
  | { readonly kind: "pointwise" }
  /** A way of reading its operand; a copy if strides cannot express it. */
  | {
      readonly kind: "view";
      readonly view: (params: Params<P>, x: View, type: TensorType) => View | undefined;
    }
  /** A value that needs no operand. */
  | {
      readonly kind: "source";
      readonly view: (params: Params<P>, constant: (value: Tensor) => View) => View;
    }
  /** Computed in a loop that may also compute its operand. */
  | { readonly kind: "reduction" }
  /** Computed by kernels of its own. */
  | { readonly kind: "kernels"; readonly kernels: MakeKernels<P> }
  /** Turned into a loop or a branch around other steps. */
  | { readonly kind: "control" }
  /** Removed before a backend sees it. */
  | { readonly kind: "absent" };

type MakeKernels<P extends PrimitiveTag> = (
  params: Params<P>,
  operands: readonly View[],
  outputs: readonly Buffer[],
  types: readonly TensorType[],
) => readonly Kernel[];

const pointwise = { kind: "pointwise" } as const;

const everyPointwise: { readonly [P in Pointwise]: typeof pointwise } = {
  neg: pointwise,
  abs: pointwise,
  sign: pointwise,
  floor: pointwise,
  ceil: pointwise,
  round: pointwise,
  sqrt: pointwise,
  exp: pointwise,
  expm1: pointwise,
  log: pointwise,
  log1p: pointwise,
  sin: pointwise,
  cos: pointwise,
  tan: pointwise,
  asin: pointwise,
  acos: pointwise,
  atan: pointwise,
  tanh: pointwise,
  logistic: pointwise,
  erf: pointwise,
  add: pointwise,
  sub: pointwise,
  mul: pointwise,
  div: pointwise,
  rem: pointwise,
  pow: pointwise,
  maximum: pointwise,
  minimum: pointwise,
  atan2: pointwise,
  and: pointwise,
  or: pointwise,
  xor: pointwise,
  shiftLeft: pointwise,
  shiftRight: pointwise,
  eq: pointwise,
  ne: pointwise,
  lt: pointwise,
  le: pointwise,
  gt: pointwise,
  ge: pointwise,
  select: pointwise,
  cast: pointwise,
};

/** The number that a tensor repeats, if it repeats one. */
const uniform = (value: Tensor): number | undefined => {
  const data = Tensor.read(value);
  const first = data[0];
  return first !== undefined && data.every((x) => Object.is(x, first)) ? first : undefined;
};

const kernels = <P extends PrimitiveTag>(make: MakeKernels<P>): Lowering<P> => ({
  kind: "kernels",
  kernels: make,
});

/** Makes kernels that need contiguous operands, after copies that make the operands contiguous. */
const packed =
  <P extends PrimitiveTag>(make: MakeKernels<P>): MakeKernels<P> =>
  (params, operands, outputs, types) => {
    const ready = operands.map(packedView);
    return [
      ...ready.flatMap((r) => r.copies),
      ...make(
        params,
        ready.map((r) => r.view),
        outputs,
        types,
      ),
    ];
  };

const first = <A>(xs: readonly A[]): A => xs[0] as A;
const second = <A>(xs: readonly A[]): A => xs[1] as A;
const third = <A>(xs: readonly A[]): A => xs[2] as A;

/** How each primitive is lowered. TypeScript requires an entry for every primitive. */
export const lowerings: { readonly [P in PrimitiveTag]: Lowering<P> } = {
  ...everyPointwise,

  reduce: { kind: "reduction" },
  argReduce: kernels(
    packed(({ kind, axis }, [x], [out]) => [
      argReductionKernel(kind, axis, x as View, out as Buffer),
    ]),
  ),
  cumsum: kernels(
    packed(({ axis, reverse }, [x], [out]) => [
      cumulativeSumKernel(axis, reverse, x as View, out as Buffer),
    ]),
  ),
  sort: kernels(
    packed(({ axis }, [x], [values, indices]) => [
      sortKernel(axis, x as View, values as Buffer, indices as Buffer),
    ]),
  ),

  reshape: { kind: "view", view: ({ shape }, x) => reshapeView(x, shape) },
  transpose: { kind: "view", view: ({ permutation }, x) => transposeView(x, permutation) },
  broadcast: { kind: "view", view: ({ shape, axes }, x) => broadcastView(x, shape, axes) },
  slice: {
    kind: "view",
    view: ({ start, stride }, x, type) => sliceView(x, type.shape, start, stride),
  },
  reverse: { kind: "view", view: ({ axes }, x) => reverseView(x, axes) },
  window: { kind: "view", view: (params, x, type) => windowView(x, params, type.shape) },
  overlapAdd: kernels((params, [y], [out], [type]) =>
    overlapAddKernels(params, y as View, (type as TensorType).shape, out as Buffer),
  ),
  pad: kernels((params, [x], [out], [type]) =>
    padKernels(params, x as View, (type as TensorType).shape, out as Buffer),
  ),
  concatenate: kernels(({ axis }, xs, [out], [type]) =>
    concatenateKernels(axis, xs, (type as TensorType).shape, out as Buffer),
  ),

  gather: kernels(
    packed((params, xs, [out]) => [gatherKernel(params, first(xs), second(xs), out as Buffer)]),
  ),
  scatterAdd: kernels(
    packed((params, xs, [out]) =>
      scatterAddKernels(params, first(xs), second(xs), third(xs), out as Buffer),
    ),
  ),

  dot: kernels((params, xs, [out]) => [
    contractionKernel(params, first(xs), second(xs), out as Buffer),
  ]),

  constant: {
    kind: "source",
    view: ({ value }, constant) => {
      const number = uniform(value);
      return number === undefined ? constant(value) : literal(value.dtype, value.shape, number);
    },
  },
  parameter: { kind: "absent" },
  iota: { kind: "source", view: ({ shape, dtype, axis }) => iotaView(dtype, shape, axis) },
  randomBits: kernels(
    packed(({ shape }, [keys], [out]) => {
      const x = keys as View;
      return [randomBitsKernel(x, sizeOf(x.shape) / 2, sizeOf(shape), out as Buffer)];
    }),
  ),

  stopGradient: { kind: "view", view: (_, x) => x },
  axisSum: { kind: "absent" },
  cond: { kind: "control" },
  scan: { kind: "control" },
  while: { kind: "control" },
  call: { kind: "absent" },
};
