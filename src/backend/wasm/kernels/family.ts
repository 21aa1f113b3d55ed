import type { Site } from "../codegen/emitContext.ts";
import type { Range } from "../codegen/partition.ts";

/** How kernels of one kind are split for threads, and how their code is written. */
export interface Family<W> {
  /**
   * The number of pieces, of about equal work, into which threads may split it.
   *
   * No piece touches what another writes, apart from scratch memory that every thread has for itself (`scratchBuffer`),
   * and each element is computed as in the whole: the bits do not depend on the cut.
   */
  readonly pieces: (work: W) => number;
  /** Writes the code of the whole work, or of the pieces in `range`. */
  readonly emit: (site: Site, work: W, range?: Range) => void;
}
