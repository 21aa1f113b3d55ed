import type { Buffer, Counter, View } from "../../plan/view.ts";
import type { Code } from "../assembler/index.ts";
import type { Site } from "../codegen/emitContext.ts";

/** A kernel: one loop nest with what it reads, writes and costs, and how its code is written. */
export interface Kernel {
  readonly name: string;
  readonly reads: readonly Buffer[];
  readonly writes: readonly Buffer[];
  /** Pairs of buffers that may share memory: each element is read only at the place where it is written, and before. */
  readonly inPlace: readonly (readonly [write: Buffer, read: Buffer])[];
  readonly operations: number;
  /**
   * The number of pieces, of about equal work, into which threads may cut it. Defaults to 1.
   *
   * No piece touches what another writes, apart from scratch memory that every thread has for itself (`scratchBuffer`),
   * and each element is computed as in the whole: the bits do not depend on the cut.
   */
  readonly pieces?: number;
  /** Writes the code of the whole kernel, or of the pieces in `range`. */
  readonly emit: (site: Site, range?: Range) => void;
}

/** The pieces `from`, …, `to - 1`, known when the code runs; both are named and may be equal. */
export interface Range {
  readonly from: Code<"i32">;
  readonly to: Code<"i32">;
}

/** A step of a program, in order: a kernel, a loop or a branch. */
export type Step =
  | { readonly kind: "kernel"; readonly kernel: Kernel }
  | { readonly kind: "loop"; readonly loop: Loop; readonly steps: readonly Step[] }
  | {
      readonly kind: "branch";
      /** One bool in memory. */
      readonly predicate: View;
      readonly onTrue: readonly Step[];
      readonly onFalse: readonly Step[];
    };

/** A loop with a counter; `index` counts its rounds, from the end if it is reversed. */
export interface Loop {
  readonly length: number;
  readonly reverse: boolean;
  readonly index: Counter;
}
