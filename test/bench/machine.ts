import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";

/** The machine on which the figures were measured. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memory: string;
  readonly system: string;
  readonly node: string;
  /** The mean number of runnable processes over the last minute of the bench. */
  readonly load: number;
}

export const machine = (): Machine => ({
  processor: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
  memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
  system: `${process.platform} ${release()} ${process.arch}`,
  node: process.version,
  load: loadavg()[0] ?? 0,
});
