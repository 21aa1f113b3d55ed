import type { MemoryPlan } from "../../plan/memory.ts";
import { type Buffer, bufferOf, bytesOf } from "../../plan/view.ts";
import type { Kernel, Step } from "../kernels/kernel.ts";

/**
 * How threads go through a program together. Every thread walks all steps; of a kernel that is cut each does
 * its pieces, and one that is not is done by the first. They wait for one another where, and only where,
 * a step touches memory that another thread may have written, or may still read, since they last waited.
 */
export interface Schedule {
  readonly isCut: (kernel: Kernel) => boolean;
  /** Whether nothing of a step concerns any thread but the first. */
  readonly isOfFirst: (step: Step) => boolean;
  /** Whether threads wait for one another before a step. */
  readonly waitsBefore: (step: Step) => boolean;
  /** Nanoseconds that one thread needs for all, very roughly. */
  readonly estimate: number;
}

/** What it takes to run a module together. */
export interface Together {
  /** The bytes of memory for one thread, and for each one more. */
  readonly bytes: number;
  readonly ownBytes: number;
  /** How long a run takes one thread, in nanoseconds, very roughly. */
  readonly estimate: number;
}

/** Bytes `from` … `to - 1`, touched by the first thread, by each thread in part, or by every thread. */
interface Access {
  readonly from: number;
  readonly to: number;
  readonly writes: boolean;
  readonly by: "first" | "parts" | "every";
}

const conflict = (a: Access, b: Access): boolean =>
  (a.writes || b.writes) &&
  a.from < b.to &&
  b.from < a.to &&
  !(a.by === "first" && b.by === "first");

/** Nanoseconds of a kernel, within a factor of a few: what it computes, and what it moves. */
export const costOf = (kernel: Kernel): number =>
  [...new Set([...kernel.reads, ...kernel.writes])].reduce((n, b) => n + bytesOf(b), 0) * 0.02 +
  kernel.operations * 0.025;

/** Below so many nanoseconds it costs as much to share a kernel as to do it. */
export const leastShared = 1000;

/** Whether a kernel can be shared, and takes at least so many nanoseconds. */
export const mayShare = (kernel: Kernel, least: number): boolean =>
  (kernel.pieces ?? 1) > 1 && costOf(kernel) >= least;

/** Nanoseconds of one thread for what can be shared, very roughly. */
export const sharedCost = (steps: readonly Step[], least: number): number =>
  total(steps, (kernel) => (mayShare(kernel, least) ? costOf(kernel) : 0));

const total = (steps: readonly Step[], cost: (kernel: Kernel) => number): number =>
  steps.reduce((n, step) => {
    if (step.kind === "kernel") return n + cost(step.kernel);
    if (step.kind === "loop") return n + step.loop.length * total(step.steps, cost);
    return n + Math.max(total(step.onTrue, cost), total(step.onFalse, cost));
  }, 0);

/** How threads share steps, of whose kernels `isCut` are cut. */
export const scheduleOf = (
  steps: readonly Step[],
  plan: Pick<MemoryPlan, "addressOf" | "storageOf">,
  isCut: (kernel: Kernel) => boolean,
): Schedule => {
  const isOfFirst = (step: Step): boolean => {
    if (step.kind === "kernel") return !isCut(step.kernel);
    if (step.kind === "loop") return step.steps.every(isOfFirst);
    return step.onTrue.every(isOfFirst) && step.onFalse.every(isOfFirst);
  };

  /** Of a slice that moves with a loop, the whole. */
  const placeOf = (buffer: Buffer): Buffer => {
    const storage = plan.storageOf(buffer);
    return storage.slice === undefined ? storage : placeOf(storage.slice.of);
  };
  const access = (buffer: Buffer, writes: boolean, by: Access["by"]): readonly Access[] => {
    if (buffer.ofThread) return [];
    const place = placeOf(buffer);
    const from = plan.addressOf(place);
    return [{ from, to: from + bytesOf(place), writes, by }];
  };
  /** What a step itself touches; where it is the first thread's, also all that it does inside. */
  const accessesOf = (step: Step): readonly Access[] => {
    if (step.kind === "kernel") {
      const by = isCut(step.kernel) ? "parts" : "first";
      return [
        ...step.kernel.reads.flatMap((b) => access(b, false, by)),
        ...step.kernel.writes.flatMap((b) => access(b, true, by)),
      ];
    }
    const ofFirst = isOfFirst(step);
    const predicate = step.kind === "branch" ? bufferOf(step.predicate) : undefined;
    const inner = step.kind === "loop" ? step.steps : [...step.onTrue, ...step.onFalse];
    return [
      ...(predicate === undefined ? [] : access(predicate, false, ofFirst ? "first" : "every")),
      ...(ofFirst ? inner.flatMap(accessesOf) : []),
    ];
  };

  const waits = new Set<Step>();
  /** What has been touched since threads last waited, after `steps`, if `before` had been before them. */
  const walk = (inner: readonly Step[], before: readonly Access[]): readonly Access[] =>
    inner.reduce((since, step) => {
      const now = accessesOf(step);
      if (now.some((b) => since.some((a) => conflict(a, b)))) waits.add(step);
      const here = waits.has(step) ? now : [...since, ...now];
      if (step.kind === "kernel" || isOfFirst(step)) return here;
      if (step.kind === "branch") return [...walk(step.onTrue, here), ...walk(step.onFalse, here)];
      if (step.loop.length === 0) return here;
      // A round follows what came before the loop, and the round before it.
      return walk(step.steps, [...here, ...walk(step.steps, here)]);
    }, before);
  walk(steps, []);

  return {
    isCut,
    isOfFirst,
    waitsBefore: (step) => waits.has(step),
    estimate: total(steps, costOf),
  };
};
