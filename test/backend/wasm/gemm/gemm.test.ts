import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  engine,
  f32,
  features,
  i32,
  type ModuleBuilder,
  moduleBuilder,
  type WasmFunction,
} from "../../../../src/backend/wasm/assembler/index.ts";
import {
  cutOfProduct,
  type Gemm,
  type GemmSpec,
  gemm,
  gemmF64,
  gemmI32,
  gemmScratchBytes,
  rowMajor,
  type Tail,
  transposed,
} from "../../../../src/backend/wasm/gemm/index.ts";

import { blocksOf } from "../../../../src/backend/wasm/gemm/part.ts";
import { planOf } from "../../../../src/backend/wasm/gemm/spec.ts";

type Layout = "nn" | "nt" | "tn" | "tt";

const specOf = (m: number, n: number, k: number, layout: Layout): GemmSpec => ({
  m,
  n,
  k,
  a: layout[0] === "n" ? rowMajor(k) : transposed(m),
  b: layout[1] === "n" ? rowMajor(n) : transposed(k),
});

const batched = (spec: GemmSpec, shared: boolean): GemmSpec => ({
  ...spec,
  batch: { count: 3, a: spec.m * spec.k, b: shared ? 0 : spec.k * spec.n, c: spec.m * spec.n },
});

type Numbers = Float32Array | Float64Array | Int32Array;

/** The true C, summed in double precision; `start` is added to it. */
const truth = (spec: GemmSpec, a: Numbers, b: Numbers, start: Numbers): Float64Array => {
  const c = new Float64Array(start.length);
  const { m, n, k, batch = { count: 1, a: 0, b: 0, c: 0 } } = spec;
  for (let q = 0; q < batch.count; q++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        const at = q * batch.c + i * n + j;
        let sum = spec.accumulate === true ? start[at]! : 0;
        for (let l = 0; l < k; l++)
          sum +=
            a[q * batch.a + i * spec.a.row + l * spec.a.column]! *
            b[q * batch.b + l * spec.b.row + j * spec.b.column]!;
        c[at] = sum;
      }
  return c;
};

const guard = 0x7f;

/** Instantiates a module with A, B, C, scratch and bias in its memory, and a guard after each. */
const place = (
  spec: GemmSpec,
  bytes: number,
  emit: (module: ModuleBuilder, biasAt: number, outAt: number) => Gemm,
) => {
  const { m, n, k, batch } = spec;
  const times = batch?.count ?? 1;
  const sizes = [m * k * times, k * n * times, m * n * times, n].map((size) => size * bytes);
  const all = [...sizes, gemmScratchBytes(spec)];
  const starts: number[] = [];
  let end = 64;
  for (const size of all) {
    starts.push(end);
    end += Math.ceil(size / 16) * 16 + 64;
  }
  const memory = new engine.Memory({ initial: Math.ceil(end / 65536) });
  const buffer = memory.buffer as ArrayBuffer;
  const module = moduleBuilder();
  module.importMemory("env", "memory", { initial: 1 });
  module.export("gemm", emit(module, starts[3]!, starts[2]!));
  const { exports } = new engine.Instance(new engine.Module(module.encode()), { env: { memory } });
  const guards = all.map((size, i) => new Uint8Array(buffer, starts[i]! + size, 48));
  for (const each of guards) each.fill(guard);
  return {
    buffer,
    starts,
    run: (): void => {
      (exports.gemm as WasmFunction)(starts[0]!, starts[1]!, starts[2]!, starts[4]!);
      for (const each of guards) expect(each.every((byte) => byte === guard)).toBe(true);
    },
    sizes: sizes.map((size) => size / bytes),
  };
};

/** Fills a view with numbers in (−1, 1) that look random and are always the same. */
const fill = (view: Numbers, seed: number): void => {
  let state = seed;
  for (let i = 0; i < view.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    view[i] = view instanceof Int32Array ? state >> 20 : state / 2 ** 31;
  }
};

const single = (
  spec: GemmSpec,
  relaxed: boolean,
  tail?: (module: ModuleBuilder, bias: number, out: number) => Tail,
) => {
  const placed = place(spec, 4, (module, bias, out) =>
    gemm(
      module,
      "gemm",
      spec,
      tail === undefined ? { relaxed } : { relaxed, tail: tail(module, bias, out) },
    ),
  );
  const [a, b, c, bias] = [0, 1, 2, 3].map(
    (i) => new Float32Array(placed.buffer, placed.starts[i]!, placed.sizes[i]!),
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  fill(a, 1);
  fill(b, 2);
  fill(bias, 3);
  if (spec.accumulate === true) fill(c, 4);
  else c.fill(Number.NaN); // overwriting must not read
  return { a, b, c, bias, run: placed.run };
};

/** Each of the k roundings loses at most half a unit of a partial sum, whose magnitude is at most k. */
const tolerance = (k: number): number => (k + 2) * 2 ** -24 * Math.sqrt(k + 1) * 2;

const expectClose = (got: Float32Array, want: Float64Array, allowed: number): void => {
  let worst = 0;
  for (let i = 0; i < got.length; i++) {
    const error = Math.abs(got[i]! - want[i]!);
    if (!(error <= worst)) worst = error;
  }
  expect(worst).toBeLessThanOrEqual(allowed);
};

const check = (spec: GemmSpec, relaxed: boolean): void => {
  const { a, b, c, run } = single(spec, relaxed);
  const want = truth(spec, a, b, c);
  run();
  expectClose(c, want, tolerance(spec.k));
};

const layouts = ["nn", "nt", "tn", "tt"] as const;
const relaxed = features().relaxedSimd;

describe("gemm", () => {
  it("agrees with the definition for small shapes in every layout", () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(
        size,
        size,
        fc.integer({ min: 0, max: 40 }),
        fc.constantFrom(...layouts),
        fc.boolean(),
        fc.constantFrom("one", "three", "sharing B"),
        fc.boolean(),
        (m, n, k, layout, accumulate, batch, fused) => {
          const spec = { ...specOf(m, n, k, layout), accumulate };
          check(batch === "one" ? spec : batched(spec, batch === "sharing B"), fused && relaxed);
        },
      ),
      { numRuns: 400 },
    );
  });

  it.each(layouts)("agrees if k is split and operands are packed (%s)", (layout) => {
    check(specOf(70, 300, 1030, layout), relaxed);
    check({ ...specOf(70, 300, 1030, layout), accumulate: true }, relaxed);
    check(specOf(530, 72, 701, layout), relaxed);
    check(specOf(605, 270, 513, layout), false);
  });

  it("passes every element to its tail once, with its position", () => {
    /** A tail that adds to memory, so that an element passed twice shows. */
    const plus = (module: ModuleBuilder, bias: number, out: number, n: number): Tail => ({
      start: out,
      take: module.func(
        "tail",
        ["i32", "i32", "i32", "i32", "i32"],
        "void",
        (body, block, row, rows, column, columns) =>
          body.for(0, rows, 1, (r) =>
            body.for(0, columns, 1, (c) => {
              const [i, j] = [body.let(i32.add(row, r)), body.let(i32.add(column, c))];
              const value = f32.load(i32.add(block, i32.shl(i32.add(i32.mul(r, n), c), 2)));
              const sum = f32.add(
                f32.add(value, f32.load(i32.add(i32.shl(j, 2), bias))),
                f32.convert_i32_s(i),
              );
              const at = body.let(i32.add(i32.shl(i32.add(i32.mul(i, n), j), 2), out));
              body.do(f32.store(at, f32.add(sum, f32.load(at))));
            }),
          ),
      ),
    });
    for (const [m, n, k] of [
      [64, 10, 128],
      [7, 13, 1],
      [1, 37, 5],
      [3, 5, 0],
      [530, 72, 70],
      [70, 300, 400],
      [14, 2048, 3],
      [26, 4100, 5],
    ] as const) {
      const spec = { ...batched(specOf(m, n, k, "nn"), false), tailed: true };
      const { a, b, c, bias, run } = single(spec, relaxed, (module, at, out) =>
        plus(module, at, out, n),
      );
      c.fill(0.5);
      const want = truth(spec, a, b, c).map(
        (sum, i) => sum + bias[i % n]! + Math.floor(i / n) + 0.5,
      );
      run();
      expectClose(c, want, tolerance(k) + 4000 * 2 ** -23);
    }
  });

  it("gives the same bits every time", () => {
    const first = single(specOf(70, 300, 1030, "nn"), relaxed);
    const second = single(specOf(70, 300, 1030, "nn"), relaxed);
    first.run();
    second.run();
    second.run();
    expect(second.c).toEqual(first.c);
  });

  it("writes only into C, even in rows wider than the product", () => {
    const spec = { ...specOf(5, 6, 3, "nn"), c: 10 };
    const wide = place({ ...spec, n: 10 }, 4, (module) =>
      gemm(module, "gemm", { ...spec, a: rowMajor(3), b: rowMajor(10) }, { relaxed }),
    );
    const c = new Float32Array(wide.buffer, wide.starts[2]!, 50).fill(9);
    wide.run();
    expect([...c].map((each) => each === 9)).toEqual(
      Array.from({ length: 50 }, (_, i) => i % 10 >= 6),
    );
  });
});

describe.each([
  ["f64", gemmF64, Float64Array, 8],
  ["i32", gemmI32, Int32Array, 4],
] as const)("gemm of %s", (_, emit, View, bytes) => {
  it("agrees with the definition", () => {
    for (const layout of layouts)
      for (const accumulate of [false, true]) {
        const spec = batched({ ...specOf(5, 7, 9, layout), accumulate }, true);
        const placed = place(spec, bytes, (module) => emit(module, "gemm", spec));
        const [a, b, c] = [0, 1, 2].map(
          (i) => new View(placed.buffer, placed.starts[i]!, placed.sizes[i]!),
        ) as [Float64Array, Float64Array, Float64Array];
        fill(a, 1);
        fill(b, 2);
        fill(c, 3);
        const want = truth(spec, a, b, c);
        placed.run();
        expect([...c]).toEqual([...want]);
      }
  });
});

describe("the blocks of a packed product", () => {
  const planFor = (m: number) => planOf(specOf(m, 128, 64, "tn"));

  const holdsEveryRowOnce = (spec: GemmSpec): void => {
    const plan = planOf(spec);
    const rows = blocksOf(plan).flatMap(({ outer, tiles }) =>
      Array.from({ length: outer.count }, (_, i) => outer.start + i * outer.size).flatMap(
        (from) => {
          if (!(outer.size <= plan.block)) expect({ spec, outer, plan }).toBe("within its block");
          return tiles.flatMap(({ start, size, count }) =>
            Array.from({ length: size * count }, (_, j) => from + start + j),
          );
        },
      ),
    );
    expect(rows).toEqual(Array.from({ length: spec.m }, (_, i) => i));
  };

  it("hold every row once, and fit into the scratch memory", () => {
    for (let m = 512; m < 2048; m++) holdsEveryRowOnce(specOf(m, 128, 64, "tn"));
  });

  // A product of 14 rows and 2048 columns with a tail had two tiles of four rows in a block for six: it wrote beyond it.
  it("do so with few rows, too: of a wide product with a tail, and of halves", () => {
    for (let m = 1; m <= 130; m++) {
      for (const n of [1, 100, 2048, 5000, 128_256])
        holdsEveryRowOnce({ ...specOf(m, n, 64, "nn"), tailed: true });
      for (const n of [1, 3, 5, 9, 13, 100])
        for (const tailed of [false, true])
          holdsEveryRowOnce({
            ...specOf(m, n, 64, "nn"),
            tailed,
            halves: { a: "bf16", b: "bf16" },
          });
    }
  });

  it("divide about equally among two threads, and among four", () => {
    for (let m = 512; m < 4096; m++) {
      const sizes = blocksOf(planFor(m)).flatMap(({ outer }) =>
        new Array<number>(outer.count).fill(outer.size),
      );
      for (const threads of [2, 4]) {
        const end = (last: number): number => Math.floor((last * sizes.length) / threads);
        const shares = Array.from({ length: threads }, (_, t) =>
          sizes.slice(end(t), end(t + 1)).reduce((a, b) => a + b, 0),
        );
        expect((threads * Math.max(...shares)) / m).toBeLessThan(1.1);
      }
    }
  });
});

it("a product is cut along columns if rows would divide unequally among threads", () => {
  expect(cutOfProduct(specOf(64, 128, 784, "nn")).along).toBe("columns");
  expect(cutOfProduct(specOf(784, 128, 64, "tn")).along).toBe("rows");
});

// Found by PyTorch's samples of `matmul` of empty matrices: shares of nothing were NaN.
it.each([
  [0, 3, 2],
  [3, 0, 2],
  [3, 2, 0],
  [0, 0, 0],
])("a product of %d × %d × %d can be cut", (m, n, k) => {
  expect(cutOfProduct(specOf(m, n, k, "nn")).pieces).toBeGreaterThanOrEqual(0);
});
