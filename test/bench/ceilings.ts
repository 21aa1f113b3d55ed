import { gauges } from "../../src/backend/wasm/ceilings.ts";

/** What this machine can do at most on one thread: the kernels' figures are to be read beside it. */
export interface Ceiling {
  readonly name: string;
  readonly unit: "GFLOP/s" | "GB/s";
  /** One measurement, in the unit. */
  readonly measure: () => number;
}

const megabytes = (bytes: number): string =>
  bytes < 2 ** 20 ? `${bytes / 2 ** 10} KiB` : `${bytes / 2 ** 20} MiB`;

/** The ceilings, compiled and warm. */
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
