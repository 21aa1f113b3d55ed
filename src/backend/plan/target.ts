import type { Program } from "../../ir/expr.ts";
import { expanded } from "./expand.ts";
import { type Access, type Kernel, kernelsOf, type Step } from "./kernel.ts";
import { type Lowered, lower } from "./lower/program.ts";
import { type Layout, type MemoryPlan, planMemory } from "./memory.ts";
import type { Width } from "./view.ts";

/**
 * A target turns a planned program into code. All earlier steps are the same for all targets. `K` is the type of its
 * own kernels, which are data too; `Code` is the type of what it writes.
 */
export interface Target<K extends Access, Code> {
  readonly name: string;
  /** The bytes of an element of each dtype in its memory. */
  readonly width: Width;
  /** Whether it can write code for a kernel. */
  readonly supports: (kernel: Kernel) => boolean;
  /** The target's own kernels that together do the work of one kernel. Memory is planned for these. */
  readonly expand: (kernel: Kernel) => readonly K[];
  /** The memory that the target needs for itself, given the kernels. Defaults to none. */
  readonly reserve?: (steps: readonly Step<K>[]) => Omit<Layout, "width">;
  /** Writes the code of a program whose kernels and memory are planned. */
  readonly write: (planned: Planned<K>) => Code;
}

/** A program in a target's own kernels, with an address for every buffer. */
export interface Planned<K> extends Lowered<K> {
  readonly memory: MemoryPlan;
  readonly layout: Layout;
  /** The names of kernels that the target does not support, each once. */
  readonly missing: readonly string[];
}

/** Plans a checked program for a target: its kernels, then the target's own kernels, then their memory. */
export const plannedFor = <K extends Access, Code>(
  { width, supports, expand, reserve = () => ({}) }: Target<K, Code>,
  program: Program,
  carried: number,
): Planned<K> => {
  const lowered = lower(program, carried);
  const { residents, united } = lowered;
  const steps = expanded(lowered.steps, expand, united);
  const layout = { width, ...reserve(steps) };
  const memory = planMemory(steps, residents, united, layout);
  const missing = kernelsOf(lowered.steps).filter((kernel) => !supports(kernel));
  return {
    ...{ ...lowered, steps, layout, memory },
    missing: [...new Set(missing.map(({ name }) => name))],
  };
};
