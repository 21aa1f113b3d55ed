import {
  engine,
  f32x4,
  features,
  moduleBuilder,
  v128,
  type WasmFunction,
} from "../../src/backend/wasm/assembler/index.ts";

/**
 * What this machine can do at most, measured with the project's own assembler on one thread: the rate of
 * 128-bit fused multiply-adds, and of moving memory. The kernels' figures are to be read beside them.
 */
export interface Ceiling {
  readonly name: string;
  readonly unit: "GFLOP/s" | "GB/s";
  /** One measurement, in the unit. */
  readonly measure: () => number;
}

/** Enough chains that none waits for itself: four or five cycles of latency, two units. */
const chains = 12;
const unrolled = 8;
const lanes = 4;

const seconds = (run: () => unknown): number => {
  const began = performance.now();
  run();
  return (performance.now() - began) / 1000;
};

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

const half = 64 << 20;

/** Copies one half of a memory, of which a block is used over and over, to the other. */
const copies = (): ((block: number, times: number) => void) => {
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

/** The ceilings, compiled and warm. */
export const ceilings = (): readonly Ceiling[] => {
  const fused = features().relaxedSimd;
  const madd = multiplyAdds(fused);
  const copy = copies();
  const rounds = 200_000;
  madd(rounds);
  copy(half, 1);
  const bandwidth = (name: string, block: number): Ceiling => {
    const times = Math.ceil(half / block);
    return {
      name,
      unit: "GB/s",
      measure: () => (2 * block * times) / seconds(() => copy(block, times)) / 1e9,
    };
  };
  return [
    {
      name: fused ? "fused multiply-add, 128 bits" : "multiply and add, 128 bits",
      unit: "GFLOP/s",
      measure: () => (2 * lanes * chains * unrolled * rounds) / seconds(() => madd(rounds)) / 1e9,
    },
    bandwidth("copy of 64 MiB, read and written", half),
    bandwidth("copy within the second-level cache, read and written", 128 << 10),
  ];
};
