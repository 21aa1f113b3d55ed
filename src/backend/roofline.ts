import type { Plan, PlannedKernel } from "./backend.ts";

/** What a machine can do at most, on one thread. */
export interface MachinePeaks {
  /** Arithmetic operations a second; a fused multiply-add of four lanes is eight. */
  readonly operations: number;
  /**
   * Bytes a second, read and written together, where at most `within` bytes are touched over and over,
   * the smallest first: what fits into a cache moves faster. The last stands for memory.
   */
  readonly bandwidth: readonly { readonly within: number; readonly rate: number }[];
}

/** The least time that something takes. */
export interface Roofline {
  readonly seconds: number;
  /** What takes that long. */
  readonly bound: "operations" | "bytes";
}

/**
 * The least time that a kernel can take, in seconds: that of its operations or that of its bytes,
 * whichever is longer. Everything that it touches is given the fastest cache that could hold it.
 *
 * **Source** Williams, Waterman and Patterson (2009), "Roofline", with one roof for each cache.
 *
 * @example
 * ```ts
 * import { type MachinePeaks, rooflineOf } from "fluxion/backend";
 * const ceilings: MachinePeaks = { operations: 50e9, bandwidth: [{ within: 2 ** 20, rate: 40e9 }] };
 * const kernel = { name: "add [1000]", within: [], operations: 1000, touched: 12_000, bytes: 12_000 };
 * rooflineOf(kernel, ceilings) // => { seconds: 3e-7, bound: "bytes" }
 * ```
 */
export const rooflineOf = (
  kernel: PlannedKernel,
  { operations, bandwidth }: MachinePeaks,
): Roofline => {
  const roof = bandwidth.find(({ within }) => kernel.touched <= within) ?? bandwidth.at(-1);
  const arithmetic = kernel.operations / operations;
  const movement = roof === undefined ? 0 : kernel.bytes / roof.rate;
  return arithmetic > movement
    ? { seconds: arithmetic, bound: "operations" }
    : { seconds: movement, bound: "bytes" };
};

/** The least time of one run of a plan, kernel after kernel. */
export const rooflineOfPlan = ({ kernels }: Plan, ceilings: MachinePeaks): number =>
  kernels.reduce((sum, kernel) => sum + rooflineOf(kernel, ceilings).seconds, 0);
