import { type Access, type Kernel, kernelStep, kernelsOf, type Step, writesOf } from "./kernel.ts";
import type { Buffer } from "./view.ts";

/** Turns the steps of a program into steps of a target's own kernels, before their memory is planned. */

type PlaceOf = (buffer: Buffer) => Buffer;

/**
 * Replaces each kernel by the target's own kernels. A kernel whose results are the same in every round of a loop runs
 * once, before the loop.
 */
export const expanded = <K extends Access>(
  steps: readonly Step[],
  expand: (kernel: Kernel) => readonly K[],
  placeOf: PlaceOf,
): readonly Step<K>[] => {
  const all = (inner: readonly Step[]): readonly Step<K>[] => inner.flatMap(one);
  const one = (step: Step): readonly Step<K>[] => {
    switch (step.kind) {
      case "kernel": {
        const { layer = [] } = step.kernel;
        return expand(step.kernel).map((kernel) => kernelStep({ ...kernel, layer }));
      }
      case "leave":
        return [step];
      case "branch":
        return [{ ...step, onTrue: all(step.onTrue), onFalse: all(step.onFalse) }];
      case "loop": {
        const { still, moving } = splitInvariant(all(step.steps), step.loop.results, placeOf);
        return [...still, { ...step, steps: moving }];
      }
    }
  };
  return all(steps);
};

/**
 * Separates the steps of a loop into two lists: those that give the same results in every round, such as packing
 * weights, and the others. The first read nothing that the loop writes, and no other step writes their results.
 */
const splitInvariant = <K extends Access>(
  steps: readonly Step<K>[],
  outputs: readonly Buffer[],
  placeOf: PlaceOf,
): { readonly still: readonly Step<K>[]; readonly moving: readonly Step<K>[] } => {
  /** The whole buffer in whose memory a buffer lies. */
  const root = (b: Buffer): Buffer => {
    const place = placeOf(b);
    return place.slice === undefined ? place : root(place.slice.of);
  };
  const writers = new Map<Buffer, number>();
  for (const buffer of kernelsOf(steps).flatMap((k) => writesOf(k).map(root)))
    writers.set(buffer, (writers.get(buffer) ?? 0) + 1);
  const results = new Set(outputs.map(root));
  const still = new Set<Step<K>>();
  const varies = (b: Buffer): boolean =>
    placeOf(b).slice !== undefined || results.has(root(b)) || writers.has(root(b));
  for (const s of steps) {
    if (s.kind !== "kernel" || s.kernel.reads.some(varies)) continue;
    const writes = writesOf(s.kernel);
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
