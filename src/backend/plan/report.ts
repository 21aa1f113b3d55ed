import type { Plan, PlannedKernel } from "../backend.ts";
import { type Access, type Step, writesOf } from "./kernel.ts";
import type { MemoryPlan } from "./memory.ts";
import type { Buffer } from "./view.ts";

const total = (buffers: Iterable<Buffer>, { bytesOf }: MemoryPlan): number =>
  [...buffers].reduce((n, b) => n + bytesOf(b), 0);

/** Whether a kernel does nothing, because it copies a value to where it already is. */
const isIdle = (kernel: Access, { storageOf }: MemoryPlan): boolean => {
  const { operations, reads } = kernel;
  const writes = writesOf(kernel);
  const [from, to] = [reads[0], writes[0]];
  return (
    operations === 0 &&
    reads.length === 1 &&
    writes.length === 1 &&
    storageOf(from as Buffer) === storageOf(to as Buffer)
  );
};

/** A kernel, and what a plan says of it. */
export interface Explained<K> {
  readonly kernel: K;
  readonly planned: PlannedKernel;
}

/** Kernels in order, without idle ones. The cost of a kernel inside a loop counts once for each round. */
export const explainedKernels = <K extends Access>(
  steps: readonly Step<K>[],
  memory: MemoryPlan,
): readonly Explained<K>[] => {
  let loops = 0;
  const walk = (
    inner: readonly Step<K>[],
    within: PlannedKernel["within"],
  ): readonly Explained<K>[] =>
    inner.flatMap((step): readonly Explained<K>[] => {
      if (step.kind === "branch")
        return [...walk(step.onTrue, within), ...walk(step.onFalse, within)];
      if (step.kind === "leave") return [];
      // Of a loop without a length, one round is counted.
      if (step.kind === "loop")
        return walk(step.steps, [...within, { loop: loops++, rounds: step.loop.length ?? 1 }]);
      const { kernel } = step;
      if (isIdle(kernel, memory)) return [];
      const rounds = within.reduce((n, loop) => n * loop.rounds, 1);
      const [reads, writes] = [new Set(kernel.reads), new Set(writesOf(kernel))];
      const planned: PlannedKernel = {
        name: kernel.name,
        within,
        operations: kernel.operations * rounds,
        touched: total(new Set([...reads, ...writes].map(memory.storageOf)), memory),
        bytes: (total(reads, memory) + total(writes, memory)) * rounds,
      };
      return [{ kernel, planned }];
    });
  return walk(steps, []);
};

/** The plan that a backend reports for a lowered program. */
export const explained = (
  steps: readonly Step<Access>[],
  memory: MemoryPlan,
  residents: Iterable<Buffer>,
  constants: Iterable<Buffer>,
): Plan => {
  const kernels = explainedKernels(steps, memory).map(({ planned }) => planned);
  const bytes = {
    arguments: total(new Set(residents), memory),
    constants: total(constants, memory),
  };
  return {
    kernels,
    operations: kernels.reduce((n, k) => n + k.operations, 0),
    bytes: {
      ...bytes,
      temporaries: Math.max(0, memory.bytes - bytes.arguments - bytes.constants),
      planned: memory.bytes,
      needed: memory.needed,
    },
  };
};
