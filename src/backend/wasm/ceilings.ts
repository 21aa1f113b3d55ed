import { greatestOf } from "../../tensor/extremes.ts";
import type { MachinePeaks } from "../roofline.ts";
import {
  engine,
  f32x4,
  features,
  moduleBuilder,
  v128,
  type WasmFunction,
} from "./assembler/index.ts";

/**
 * Measures the peak rates of this machine on one thread: of 128-bit multiply-adds, and of moving memory. Reports
 * compare the times of kernels with these rates.
 */

/**
 * The number of independent chains of multiply-adds: enough that none waits for itself, with two units and a latency of
 * four or five cycles.
 */
const chains = 12;
const unrolled = 8;
const lanes = 4;
const operationsOfRound = 2 * lanes * chains * unrolled;

const seconds = (run: () => unknown): number => {
  const began = performance.now();
  run();
  return (performance.now() - began) / 1000;
};

/** Makes a function that runs rounds of multiply-adds, fused where the engine has them. */
const multiplyAdds = (fused: boolean): ((rounds: number) => void) => {
  const m = moduleBuilder();
  m.export(
    "run",
    m.func("run", ["i32", "f32"], "f32", (body, rounds, factor) => {
      const x = body.hoist(f32x4.splat(factor));
      const sums = Array.from({ length: chains }, () => body.local("v128"));
      body.for(0, rounds, 1, () => {
        for (let i = 0; i < unrolled; i++)
          for (const sum of sums)
            body.set(sum, fused ? f32x4.relaxed_madd(sum, x, x) : f32x4.add(f32x4.mul(sum, x), x));
      });
      return f32x4.extract_lane(
        0,
        sums.reduce((a, b) => body.let(f32x4.add(a, b))),
      );
    }),
  );
  const run = new engine.Instance(new engine.Module(m.encode())).exports.run as WasmFunction;
  return (rounds) => run(rounds, 0.5);
};

/** Makes a function that copies a block from one half of a memory to the other, a given number of times. */
const copies = (half: number): ((block: number, times: number) => void) => {
  const m = moduleBuilder();
  m.memory({ initial: (2 * half) >> 16 });
  m.export(
    "run",
    m.func("run", ["i32", "i32"], "void", (body, block, times) => {
      body.for(0, times, 1, () =>
        body.for(0, block, 64, (i) => {
          for (let at = 0; at < 64; at += 16) body.do(v128.store(i, v128.load(i, half + at), at));
        }),
      );
    }),
  );
  const run = new engine.Instance(new engine.Module(m.encode())).exports.run as WasmFunction;
  return (block, times) => run(block, times);
};

/** Measurements that can be repeated. Each call gives one rate per second. */
export interface Gauges {
  /** Whether the multiply-adds are fused. */
  readonly fused: boolean;
  readonly operations: () => number;
  /** Bytes per second, read and written, for each size of the working set. */
  readonly bandwidth: readonly { readonly within: number; readonly rate: () => number }[];
}

const [kib, mib] = [2 ** 10, 2 ** 20];

/** Working sets to measure, which fit a first-level cache, a second-level cache, a shared cache, and memory only. */
const sizes = [32 * kib, 256 * kib, 4 * mib, 128 * mib];
const largest = 128 * mib;

/** The gauges, compiled and warm. Needs 128-bit vectors. */
export const gauges = (): Gauges => {
  const fused = features().relaxedSimd;
  const madd = multiplyAdds(fused);
  const copy = copies(largest / 2);
  const rounds = 100_000;
  madd(rounds);
  copy(largest / 2, 1);
  return {
    fused,
    operations: () => (operationsOfRound * rounds) / seconds(() => madd(rounds)),
    bandwidth: sizes.map((within) => {
      const times = Math.max(1, (16 * mib) / within);
      return { within, rate: () => (within * times) / seconds(() => copy(within / 2, times)) };
    }),
  };
};

const best = (measure: () => number): number =>
  greatestOf(Array.from({ length: 5 }, () => measure()));

/** Measures the peak rates of this machine now: the best of five measurements each, in about a fifth of a second. */
export const measurePeaks = (): MachinePeaks => {
  const { operations, bandwidth } = gauges();
  return {
    operations: best(operations),
    bandwidth: bandwidth.map(({ within, rate }) => ({ within, rate: best(rate) })),
  };
};
