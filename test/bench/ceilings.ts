import { gauges } from "../../src/backend/wasm/ceilings.ts";

/** A limit of this machine on one thread, with which to compare the kernels' figures. */
export interface Ceiling {
  readonly name: string;
  readonly unit: "GFLOP/s" | "GB/s";
  /** Measures once, in the unit. */
  readonly measure: () => number;
}

const megabytes = (bytes: number): string =>
  bytes < 2 ** 20 ? `${bytes / 2 ** 10} KiB` : `${bytes / 2 ** 20} MiB`;

/** Compiles the measurements and warms them up. */
export const ceilings = (): readonly Ceiling[] => {
  const { fused, operations, bandwidth } = gauges();
  return [
    {
      name: fused ? "fused multiply-add, 128 bits" : "multiply and add, 128 bits",
      unit: "GFLOP/s",
      measure: () => operations() / 1e9,
    },
    ...bandwidth.map(
      ({ within, rate }): Ceiling => ({
        name: `copy within ${megabytes(within)}, read and written`,
        unit: "GB/s",
        measure: () => rate() / 1e9,
      }),
    ),
  ];
};
