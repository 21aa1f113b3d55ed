import type { DotParams, ReduceKind } from "../../ir/expr.ts";
import type { Computed, Fused } from "./fused.ts";
import type { Buffer, Counter, View } from "./view.ts";

/**
 * Kernels as data. A kernel says what it computes, which memory it touches and what it costs. A target (`target.ts`)
 * turns kernels into kernels of its own, and writes their code.
 */

/** The memory that a kernel touches, and its cost. Memory plans, schedules and reports need nothing else. */
export interface Access {
  readonly name: string;
  readonly reads: readonly Buffer[];
  readonly writes: readonly Buffer[];
  /** Memory that the kernel uses while it runs. No other kernel reads it. */
  readonly scratch: readonly Buffer[];
  /** Pairs of buffers that may share memory, since each element is read only before it is overwritten. */
  readonly inPlace: readonly (readonly [write: Buffer, read: Buffer])[];
  /** Arithmetic operations of one run. */
  readonly operations: number;
  /** The share of a buffer that it reaches, for those of which it looks only at elements at indices. */
  readonly reaches?: ReadonlyMap<Buffer, number>;
  /** The layers that the work belongs to, outermost first. Absent or empty outside of all layers. */
  readonly layer?: readonly string[];
}

/** A kernel: one piece of work, with the memory that it touches. */
export interface Kernel<W = Work> extends Access {
  readonly work: W;
}

/** The kinds of work that a kernel can do. */
export type Work =
  | Elementwise
  | Copy
  | Border
  | Reduction
  | Contraction
  | ArgReduction
  | CumulativeSum
  | Sort
  | Gather
  | ScatterAdd
  | RandomBits
  | OverlapAdd;

/** Work of one kind. */
export type WorkOf<K extends Work["kind"]> = Extract<Work, { readonly kind: K }>;

/** Operations on each element alone, in one loop. */
export interface Elementwise {
  readonly kind: "elementwise";
  readonly fused: Fused;
}

/** Copies one view to another of the same shape. Does nothing if both are the same memory. */
export interface Copy {
  readonly kind: "copy";
  readonly from: View;
  readonly to: View;
}

/** Writes one number to several parts of a buffer. */
export interface Border {
  readonly kind: "border";
  readonly parts: readonly View[];
  readonly value: number;
}

/** Combines a value of fused work over some axes of its space, and stores the results in the order of the other axes. */
export interface Reduction {
  readonly kind: "reduction";
  readonly combine: ReduceKind;
  readonly of: Computed;
  readonly value: number;
  readonly axes: readonly number[];
  readonly to: Buffer;
}

/**
 * A general dot product, which sums over the contracted axes. The product has the shared batch axes first, then the
 * other axes of the left operand, then those of the right. `ending` is element-wise work that loads the product from
 * `to`; with an ending, the product is stored in `to` only if the ending stores it.
 */
export interface Contraction {
  readonly kind: "contraction";
  readonly params: DotParams;
  readonly left: View;
  readonly right: View;
  readonly to: Buffer;
  readonly ending: Fused | undefined;
}

/** The index of the first extreme along an axis, as i32. NaN counts as more extreme than any number. */
export interface ArgReduction {
  readonly kind: "argReduction";
  readonly extreme: "max" | "min";
  readonly axis: number;
  readonly from: View;
  readonly to: Buffer;
}

/** Running sums along an axis, from its end if `reverse`. */
export interface CumulativeSum {
  readonly kind: "cumulativeSum";
  readonly axis: number;
  readonly reverse: boolean;
  readonly from: View;
  readonly to: Buffer;
}

/**
 * Sorts each line along an axis, NaN last, and stores the former index of each element. Equal elements keep their
 * order.
 */
export interface Sort {
  readonly kind: "sort";
  readonly axis: number;
  readonly from: View;
  readonly values: Buffer;
  readonly indices: Buffer;
}

/**
 * The extents of access by index. The axes fall into shared batch axes, middle axes, the indexed one and the rest:
 * `x: [batch, middle, extent, rest]`, `indices: [batch, count]`, `taken: [batch, middle, count, rest]`.
 */
export interface IndexedLayout {
  readonly batch: number;
  readonly middle: number;
  readonly extent: number;
  readonly count: number;
  readonly rest: number;
}

/** Takes elements at indices; an index out of range gives zeros. Both views are contiguous. */
export interface Gather {
  readonly kind: "gather";
  readonly layout: IndexedLayout;
  readonly from: View;
  readonly indices: View;
  readonly to: Buffer;
}

/** Adds updates to a buffer at indices, and drops updates whose index is out of range. Both views are contiguous. */
export interface ScatterAdd {
  readonly kind: "scatterAdd";
  readonly layout: IndexedLayout;
  readonly indices: View;
  readonly updates: View;
  readonly to: Buffer;
}

/** Makes random words by Threefry-2x32-20: `words` for each of `count` keys. A key is two words; keys are contiguous. */
export interface RandomBits {
  readonly kind: "randomBits";
  readonly keys: View;
  readonly count: number;
  readonly words: number;
  readonly to: Buffer;
}

/**
 * Adds up overlapping windows: element-wise work that must run in the order of its space, because several indices store
 * to one element. Indices that differ along the first `apart` axes never do.
 */
export interface OverlapAdd {
  readonly kind: "overlapAdd";
  readonly fused: Fused;
  readonly apart: number;
}

/** A step of a program, in order: a kernel, a loop or a branch. */
export type Step<K = Kernel> =
  | { readonly kind: "kernel"; readonly kernel: K }
  | { readonly kind: "loop"; readonly loop: Loop; readonly steps: readonly Step<K>[] }
  /** Leaves the loop that it is the first step of, unless one bool in memory is true. */
  | { readonly kind: "leave"; readonly unless: View }
  | {
      readonly kind: "branch";
      /** One bool in memory. */
      readonly predicate: View;
      readonly onTrue: readonly Step<K>[];
      readonly onFalse: readonly Step<K>[];
    };

/** A loop. `index` names the counter of its rounds, which counts down if the loop is reversed. */
export interface Loop {
  /** The number of rounds; `undefined` where only a step of it, `leave`, ends it. */
  readonly length: number | undefined;
  readonly reverse: boolean;
  readonly index: Counter;
  /** The buffers that hold the loop's results. */
  readonly results: readonly Buffer[];
}

/** Places the kernels of steps under the layers of `path`, around those that the kernels are in already. */
export const underLayers = (steps: readonly Step[], path: readonly string[]): readonly Step[] =>
  path.length === 0 ? steps : steps.map((step) => underOne(step, path));

const underOne = (step: Step, path: readonly string[]): Step => {
  switch (step.kind) {
    case "kernel": {
      const { kernel } = step;
      return kernelStep({ ...kernel, layer: [...path, ...(kernel.layer ?? [])] });
    }
    case "loop":
      return { ...step, steps: underLayers(step.steps, path) };
    case "branch": {
      const [onTrue, onFalse] = [step.onTrue, step.onFalse].map((of) => underLayers(of, path));
      return { ...step, onTrue: onTrue ?? [], onFalse: onFalse ?? [] };
    }
    case "leave":
      return step;
  }
};

export const kernelStep = <K>(kernel: K): Step<K> => ({ kind: "kernel", kernel });

/** All kernels of steps. Those inside loops and branches count once. */
export const kernelsOf = <K>(steps: readonly Step<K>[]): readonly K[] =>
  steps.flatMap((step) => {
    if (step.kind === "kernel") return [step.kernel];
    if (step.kind === "leave") return [];
    return kernelsOf(step.kind === "loop" ? step.steps : [...step.onTrue, ...step.onFalse]);
  });

/** The buffers that a kernel writes, including scratch memory. */
export const writesOf = ({ writes, scratch }: Access): readonly Buffer[] =>
  scratch.length === 0 ? writes : [...writes, ...scratch];
