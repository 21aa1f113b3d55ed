import type { Params } from "../../ir/expr.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { copyKernel, packedView } from "../wasm/kernels/elementwise.ts";
import type { Kernel, Step } from "../wasm/kernels/kernel.ts";
import type { Context } from "./lowerContext.ts";
import { type Buffer, bufferOf, sliceBuffer, type View, whole } from "./view.ts";

const step = (kernel: Extract<Step, { kind: "kernel" }>["kernel"]): Step => ({
  kind: "kernel",
  kernel,
});

/**
 * Lowers `scan` to a loop of the module; its body is lowered once. The carry lives in the buffers of its final value.
 * Slices of the operands and of the stacked outputs are addressed by the loop's index.
 */
export const loopSteps = (
  context: Context,
  { body, length, constants, carry, reverse }: Params<"scan">,
  operands: readonly View[],
  outputs: readonly Buffer[],
): readonly Step[] => {
  const index = context.counter();
  const before: Step[] = [];
  const initial = operands.slice(constants, constants + carry);
  const carried = initial.map((view, i) => {
    const to = whole(outputs[i] as Buffer, view.shape);
    before.push(step(copyKernel(view, to)));
    return to;
  });
  const slices = operands.slice(constants + carry).map((view): View => {
    const shape = view.shape.slice(1);
    const strides = view.strides.slice(1);
    if (view.source.kind === "literal") return { ...view, shape, strides };
    const packed = view.source.kind === "iota" ? packedView(view) : { view, copies: [] };
    for (const copy of packed.copies) before.push(step(copy));
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
  const { still, moving } = apart(context, steps, outputs);
  return [...before, ...still, { kind: "loop", loop: { length, reverse, index }, steps: moving }];
};

const kernelsIn = (steps: readonly Step[]): readonly Kernel[] =>
  steps.flatMap((s) =>
    s.kind === "kernel"
      ? [s.kernel]
      : s.kind === "loop"
        ? kernelsIn(s.steps)
        : [...kernelsIn(s.onTrue), ...kernelsIn(s.onFalse)],
  );

/**
 * Finds steps that do the same in every round, to be done once before the loop, such as packing weights. They read
 * nothing that the loop writes, and nothing else writes what they write.
 */
const apart = (
  { placeOf }: Context,
  steps: readonly Step[],
  outputs: readonly Buffer[],
): { readonly still: readonly Step[]; readonly moving: readonly Step[] } => {
  /** The buffer in whose memory another lies: itself, or the whole of which it is a slice. */
  const root = (b: Buffer): Buffer => {
    const place = placeOf(b);
    return place.slice === undefined ? place : root(place.slice.of);
  };
  const writers = new Map<Buffer, number>();
  for (const buffer of kernelsIn(steps).flatMap((k) => k.writes.map(root)))
    writers.set(buffer, (writers.get(buffer) ?? 0) + 1);
  const results = new Set(outputs.map(root));
  const still = new Set<Step>();
  const varies = (b: Buffer): boolean =>
    placeOf(b).slice !== undefined || results.has(root(b)) || writers.has(root(b));
  for (const s of steps) {
    if (s.kind !== "kernel" || s.kernel.reads.some(varies)) continue;
    const { writes } = s.kernel;
    const isOwn = (b: Buffer): boolean => !results.has(b) && root(b) === b && writers.get(b) === 1;
    if (!writes.every(isOwn)) continue;
    still.add(s);
    for (const b of writes) writers.delete(b);
  }
  return {
    still: steps.filter((s) => still.has(s)),
    moving: steps.filter((s) => !still.has(s)),
  };
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
    ...copies.map(step),
    {
      kind: "branch",
      predicate: view,
      onTrue: context.region(onTrue, operands, destinations),
      onFalse: context.region(onFalse, operands, destinations),
    },
  ];
};
