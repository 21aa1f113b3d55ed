import type { Params } from "../../../ir/expr.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { kernelStep, type Step } from "../kernel.ts";
import { copyKernel, packedView } from "../kernels/elementwise.ts";
import { type Buffer, bufferOf, sliceBuffer, type View, whole } from "../view.ts";
import type { Context } from "./context.ts";

/**
 * Lowers `scan` to a loop, whose body is lowered once. The carry lives in the buffers of its final value. Slices of the
 * operands and of the stacked outputs move with the loop's counter.
 */
export const loopSteps = (
  context: Context,
  { body, length, constants, carry, reverse }: Params<"scan">,
  operands: readonly View[],
  outputs: readonly Buffer[],
): readonly Step[] => {
  const index = context.counter();
  const initial = operands.slice(constants, constants + carry);
  const [carried, start] = carriedIn(initial, outputs);
  const before = [...start];
  const slices = operands.slice(constants + carry).map((view): View => {
    const shape = view.shape.slice(1);
    const strides = view.strides.slice(1);
    if (view.source.kind === "literal") return { ...view, shape, strides };
    const packed = view.source.kind === "iota" ? packedView(view) : { view, copies: [] };
    for (const copy of packed.copies) before.push(kernelStep(copy));
    const [stride = 0, ...rest] = packed.view.strides;
    const of = bufferOf(packed.view) as Buffer; // it is no literal and no iota
    const slice = { of, index, start: packed.view.offset, step: stride };
    const buffer = sliceBuffer(slice, sizeOf(shape));
    return {
      source: { kind: "buffer", buffer },
      dtype: view.dtype,
      shape,
      strides: rest,
      offset: 0,
    };
  });
  const stacked = outputs.slice(carry).map((of) => {
    const size = length === 0 ? 0 : of.size / length;
    return { buffer: sliceBuffer({ of, index, start: 0, step: size }, size), replaces: false };
  });
  const steps = context.region(
    body,
    [...operands.slice(0, constants), ...carried, ...slices],
    [...outputs.slice(0, carry).map((buffer) => ({ buffer, replaces: true })), ...stacked],
  );
  return [...before, { kind: "loop", loop: { length, reverse, index, results: outputs }, steps }];
};

/** Lowers `while` to a loop that is left once its condition is false. */
export const whileSteps = (
  context: Context,
  { body, constants, bound }: Params<"while">,
  operands: readonly View[],
  outputs: readonly Buffer[],
): readonly Step[] => {
  const [carried, before] = carriedIn(operands.slice(constants), outputs);
  const inside = context.region(
    body,
    [...operands.slice(0, constants), ...carried],
    outputs.map((buffer) => ({ buffer, replaces: true })),
  );
  const loop = { length: bound, reverse: false, index: context.counter(), results: outputs };
  const leave = { kind: "leave", unless: carried[0] as View } as const;
  return [...before, { kind: "loop", loop, steps: [leave, ...inside] }];
};

/** The carry of a loop in the buffers of its final value, and the steps that bring it there. */
const carriedIn = (
  initial: readonly View[],
  outputs: readonly Buffer[],
): readonly [carried: readonly View[], before: readonly Step[]] => {
  const carried = initial.map((view, i) => whole(outputs[i] as Buffer, view.shape));
  const before = initial.map((view, i) => kernelStep(copyKernel(view, carried[i] as View)));
  return [carried, before];
};

/** Lowers `cond` to a branch: the steps of one program or of the other, into the same buffers. */
export const branchSteps = (
  context: Context,
  { onTrue, onFalse }: Params<"cond">,
  [predicate, ...operands]: readonly View[],
  outputs: readonly Buffer[],
): readonly Step[] => {
  const { view, copies } = packedView(predicate as View);
  const destinations = outputs.map((buffer) => ({ buffer, replaces: false }));
  return [
    ...copies.map((copy) => kernelStep(copy)),
    {
      kind: "branch",
      predicate: view,
      onTrue: context.region(onTrue, operands, destinations),
      onFalse: context.region(onFalse, operands, destinations),
    },
  ];
};
