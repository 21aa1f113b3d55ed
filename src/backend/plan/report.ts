import type { Plan, PlannedKernel } from "../backend.ts";
import { type Access, type Step, writesOf } from "./kernel.ts";
import type { MemoryPlan } from "./memory.ts";
import type { Buffer } from "./view.ts";

const total = (buffers: Iterable<Buffer>, { bytesOf }: Pick<MemoryPlan, "bytesOf">): number =>
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
      const reached = { bytesOf: (b: Buffer) => memory.bytesOf(b) * (kernel.reaches?.get(b) ?? 1) };
      // Buffers that share memory are one: as much of it as the widest reaches.
      const touched = new Map<Buffer, number>();
      for (const buffer of [...reads, ...writes]) {
        const storage = memory.storageOf(buffer);
        const share = kernel.reaches?.get(buffer) ?? 1;
        touched.set(storage, Math.max(touched.get(storage) ?? 0, share));
      }
      const planned: PlannedKernel = {
        name: kernel.name,
        within,
        operations: kernel.operations * rounds,
        touched: Math.ceil(
          total(touched.keys(), { bytesOf: (b) => memory.bytesOf(b) * (touched.get(b) ?? 1) }),
        ),
        bytes: Math.ceil((total(reads, reached) + total(writes, reached)) * rounds),
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
