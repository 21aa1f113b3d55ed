import type { Plan, PlannedKernel } from "./backend.ts";

/** The peak speeds of a machine, on one thread. */
export interface MachinePeaks {
  /** Arithmetic operations per second. A fused multiply-add of four lanes counts as eight. */
  readonly operations: number;
  /**
   * Bytes per second, read and written together, for repeated access to at most `within` bytes: one entry per cache,
   * the smallest first. The last entry is main memory.
   */
  readonly bandwidth: readonly { readonly within: number; readonly rate: number }[];
}

/** The minimum time of some work, and its cause. */
export interface Roofline {
  readonly seconds: number;
  /** The resource that limits the time. */
  readonly bound: "operations" | "bytes";
}

/**
 * The minimum seconds of a kernel: the time of its operations or of its bytes, whichever is longer. Its bytes move at
 * the speed of the smallest cache that could hold them.
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

/** The minimum seconds of one run of a plan: the sum over its kernels. */
export const rooflineOfPlan = ({ kernels }: Plan, ceilings: MachinePeaks): number =>
  kernels.reduce((sum, kernel) => sum + rooflineOf(kernel, ceilings).seconds, 0);
