import { bytesPerElement } from "../../../tensor/dtype.ts";
import { type Access as Kernel, type Step, writesOf } from "../../plan/kernel.ts";
import type { MemoryPlan } from "../../plan/memory.ts";
import { type Buffer, bufferOf, bytesOf } from "../../plan/view.ts";

/**
 * How threads run a program together. Every thread walks all steps. Each thread does its own pieces of a kernel that is
 * cut; the first thread does every other kernel alone. Threads wait for one another only before a step that touches
 * memory which another thread may have written, or may still read, since the last wait.
 */
export interface Schedule<K> {
  readonly isCut: (kernel: K) => boolean;
  /** Whether a step is for the first thread alone. */
  readonly isOfFirst: (step: Step<K>) => boolean;
  /** Whether threads wait for one another before a step. */
  readonly waitsBefore: (step: Step<K>) => boolean;
  /** Estimated nanoseconds of all steps on one thread. */
  readonly estimate: number;
}

/** A kernel whose pieces threads may share, if there is more than one. */
export interface Shareable extends Kernel {
  readonly pieces: number;
}

/** The memory and the time of running a module on several threads. */
export interface Together {
  /** Bytes of memory for one thread, and for each additional thread. */
  readonly bytes: number;
  readonly ownBytes: number;
  /** Estimated nanoseconds of a run on one thread. */
  readonly estimate: number;
}

/** A range of bytes, `from` … `to - 1`, touched by the first thread, by each thread in part, or by every thread. */
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

/** Estimated nanoseconds of a kernel, from its arithmetic and its memory traffic. Right within a factor of a few. */
export const costOf = (kernel: Kernel): number =>
  [...new Set([...kernel.reads, ...writesOf(kernel)])].reduce(
    (n, b) => n + bytesOf(b, bytesPerElement),
    0,
  ) *
    0.02 +
  kernel.operations * 0.025;

/** Minimum estimated nanoseconds of a kernel worth sharing. Below, sharing costs as much as the kernel. */
export const leastShared = 1000;

/** Whether a kernel can be cut and is estimated at `least` nanoseconds or more. */
export const mayShare = (kernel: Shareable, least: number): boolean =>
  kernel.pieces > 1 && costOf(kernel) >= least;

/** Estimated nanoseconds of the shareable kernels on one thread. */
export const sharedCost = (steps: readonly Step<Shareable>[], least: number): number =>
  total(steps, (kernel) => (mayShare(kernel, least) ? costOf(kernel) : 0));

const total = <K>(steps: readonly Step<K>[], cost: (kernel: K) => number): number =>
  steps.reduce((n, step) => {
    if (step.kind === "kernel") return n + cost(step.kernel);
    if (step.kind === "leave") return n;
    if (step.kind === "loop") return n + (step.loop.length ?? 1) * total(step.steps, cost);
    return n + Math.max(total(step.onTrue, cost), total(step.onFalse, cost));
  }, 0);

/** The steps inside a loop or a branch. */
const insideOf = <K>(step: Exclude<Step<K>, { kind: "kernel" | "leave" }>): readonly Step<K>[] =>
  step.kind === "loop" ? step.steps : [...step.onTrue, ...step.onFalse];

const loopsOf = <K>(steps: readonly Step<K>[]): readonly Extract<Step<K>, { kind: "loop" }>[] =>
  steps.flatMap((step) => {
    if (step.kind === "kernel" || step.kind === "leave") return [];
    return [...(step.kind === "loop" ? [step] : []), ...loopsOf(insideOf(step))];
  });

/** Schedules steps; `isCut` says which kernels are cut. */
export const scheduleOf = <K extends Kernel>(
  steps: readonly Step<K>[],
  plan: Pick<MemoryPlan, "addressOf" | "storageOf" | "bytesOf">,
  isCut: (kernel: K) => boolean,
): Schedule<K> => {
  /** The loops that end by a step inside them. */
  const left = new Map(
    loopsOf(steps).flatMap((loop) =>
      loop.steps.flatMap((step) => (step.kind === "leave" ? [[step, loop] as const] : [])),
    ),
  );
  const isOfFirst = (step: Step<K>): boolean => {
    if (step.kind === "kernel") return !isCut(step.kernel);
    // Every thread that runs a loop leaves it.
    if (step.kind === "leave") return isOfFirst(left.get(step) as Step<K>);
    if (step.kind === "loop") return step.steps.every((s) => s.kind === "leave" || isOfFirst(s));
    return step.onTrue.every(isOfFirst) && step.onFalse.every(isOfFirst);
  };

  /** The whole buffer that a slice belongs to, if the slice moves with a loop. */
  const placeOf = (buffer: Buffer): Buffer => {
    const storage = plan.storageOf(buffer);
    return storage.slice === undefined ? storage : placeOf(storage.slice.of);
  };
  const access = (buffer: Buffer, writes: boolean, by: Access["by"]): readonly Access[] => {
    if (buffer.ofThread) return [];
    const place = placeOf(buffer);
    const from = plan.addressOf(place);
    return [{ from, to: from + plan.bytesOf(place), writes, by }];
  };
  /** The memory that a step touches. A step of the first thread includes the steps inside it. */
  const accessesOf = (step: Step<K>): readonly Access[] => {
    if (step.kind === "kernel") {
      const by = isCut(step.kernel) ? "parts" : "first";
      return [
        ...step.kernel.reads.flatMap((b) => access(b, false, by)),
        ...writesOf(step.kernel).flatMap((b) => access(b, true, by)),
      ];
    }
    const ofFirst = isOfFirst(step);
    const asked = step.kind === "leave" ? step.unless : step.kind === "branch" && step.predicate;
    const predicate = asked ? bufferOf(asked) : undefined;
    const inner = step.kind === "leave" ? [] : insideOf(step);
    return [
      ...(predicate === undefined ? [] : access(predicate, false, ofFirst ? "first" : "every")),
      ...(ofFirst ? inner.flatMap(accessesOf) : []),
    ];
  };

  const waits = new Set<Step<K>>();
  /** Walks steps and returns the accesses since threads last waited. `before` holds earlier accesses. */
  const walk = (inner: readonly Step<K>[], before: readonly Access[]): readonly Access[] =>
    inner.reduce((since, step) => {
      const now = accessesOf(step);
      if (now.some((b) => since.some((a) => conflict(a, b)))) waits.add(step);
      const here = waits.has(step) ? now : [...since, ...now];
      if (step.kind === "kernel" || step.kind === "leave" || isOfFirst(step)) return here;
      if (step.kind === "branch") return [...walk(step.onTrue, here), ...walk(step.onFalse, here)];
      if (step.loop.length === 0) return here;
      // The first round of a loop follows the steps before the loop; a later round follows the round before.
      const rounds = walk(step.steps, [...here, ...walk(step.steps, here)]);
      if (step.steps[0]?.kind !== "leave") return rounds;
      // What follows this loop follows its last round, or the step that left it in the first round or in a later one.
      return [...rounds, ...walk(step.steps.slice(0, 1), [...here, ...rounds])];
    }, before);
  walk(steps, []);

  return {
    isCut,
    isOfFirst,
    waitsBefore: (step) => waits.has(step),
    estimate: total(steps, costOf),
  };
};
