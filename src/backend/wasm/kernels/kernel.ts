import type { Buffer, Counter, View } from "../../plan/view.ts";
import type { Code } from "../assembler/index.ts";
import type { Site } from "../codegen/emitContext.ts";

/** One loop nest: what it reads and writes, what it costs, and how its code is written. */
export interface Kernel {
  readonly name: string;
  readonly reads: readonly Buffer[];
  readonly writes: readonly Buffer[];
  /** Pairs that may share memory: each element is read before, and only where, it is written. */
  readonly inPlace: readonly (readonly [write: Buffer, read: Buffer])[];
  readonly operations: number;
  /**
   * Into how many pieces of about equal work threads may cut it; one does all where this is left out.
   *
   * No piece touches what another writes, apart from scratch of which every thread has its own
   * (`scratchBuffer`), and an element is computed as in the whole: the bits do not depend on the cut.
   */
  readonly pieces?: number;
  /** Writes the code of all of it, or of the pieces in `range`. */
  readonly emit: (site: Site, range?: Range) => void;
}

/** The pieces `from`, …, `to - 1`, known when the code runs; both are named and may be equal. */
export interface Range {
  readonly from: Code<"i32">;
  readonly to: Code<"i32">;
}

/** What a program does, in order. */
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

/** A counted loop; `index` counts its rounds, from the end where it is reversed. */
export interface Loop {
  readonly length: number;
  readonly reverse: boolean;
  readonly index: Counter;
}
