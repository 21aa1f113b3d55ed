import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import fc from "fast-check";
import { pipe } from "fp-ts/lib/function.js";
import { lastValueFrom } from "rxjs";
import { describe, expect, it } from "vitest";
import { Backend, SyncBackend } from "../../../src/backend/backend.ts";
import { engine, type Features, features } from "../../../src/backend/wasm/assembler/index.ts";
import { backendOf, layerOf } from "../../../src/backend/wasm/index.ts";
import {
  dataset,
  dense,
  type Expr,
  formatError,
  meanSquaredError,
  ones,
  pipeline,
  ReverseMode,
  sequential,
  sgd,
  supervised,
  train$,
  withBatchSize,
  withDeterministic,
  withLoss,
  withSeed,
} from "../../../src/index.ts";
import { matmul } from "../../../src/ir/ops/contraction.ts";
import { cast } from "../../../src/ir/ops/control.ts";
import { mul } from "../../../src/ir/ops/elementwise.ts";
import { fill, scatterAdd, take } from "../../../src/ir/ops/indexing.ts";
import { mean } from "../../../src/ir/ops/reduction.ts";
import { expectAgreement, expectClose, filledWith, programOf } from "./agreement.ts";

const everything: Features = { missing: undefined, relaxedSimd: true, threads: true };

const task = (width: number) =>
  pipeline(
    "wide",
    Effect.succeed({ train: dataset({ x: ones([8, 4]), y: ones([8, 1]) }) }),
    supervised({
      input: "x",
      target: "y",
      model: sequential(dense(4, width), dense(width, width), dense(width, 1)),
      loss: meanSquaredError,
      optimizer: sgd({ learningRate: 0 }),
    }),
  );

describe("a missing feature of WebAssembly", () => {
  it("is reported before a pipeline's first event, with the backend that works without it", async () => {
    const services = Layer.merge(
      layerOf({}, undefined, { ...everything, missing: "128-bit SIMD" }),
      ReverseMode.layerTape,
    );
    const heard: unknown[] = [];
    const error = await new Promise((resolve) => {
      train$(withBatchSize(8)(task(4)), { services }).subscribe({
        next: (e) => heard.push(e),
        error: resolve,
      });
    });
    expect(heard).toEqual([]);
    expect(error).toMatchObject({ _tag: "BackendUnavailable", alternative: "reference" });
    expect(formatError(error)).toMatch(/lacks 128-bit SIMD[\s\S]*fix: use the backend "reference"/);
  });
  it("is replaced if it is only relaxed SIMD: the same product up to rounding", () => {
    const p = programOf(
      [
        { shape: [9, 40], dtype: "f32" },
        { shape: [40, 11], dtype: "f32" },
      ],
      (x, y) => [matmul(x as Expr, y as Expr) as Expr],
    );
    const inputs = [
      filledWith([9, 40], "f32", (i) => Math.sin(i)),
      filledWith([40, 11], "f32", (i) => Math.cos(i)),
    ];
    const on = (features: Features) =>
      Effect.runSync(
        Effect.provide(
          Effect.map(
            Effect.flatMap(SyncBackend, (backend) => backend.compile(p)),
            ({ run }) => run(inputs),
          ),
          layerOf({}, undefined, features),
        ),
      );
    const plain = on({ ...everything, relaxedSimd: false });
    expectClose(plain, on(everything), 1e-6, () => "plain and relaxed");
  });
});

/** The bytes of the modules that are compiled while `work` runs. */
const modulesOf = async (work: () => Promise<unknown>): Promise<readonly Uint8Array[]> => {
  const { Module } = engine;
  const seen: Uint8Array[] = [];
  class Watched extends Module {
    constructor(bytes: Uint8Array<ArrayBuffer>) {
      seen.push(bytes);
      super(bytes);
    }
  }
  Object.assign(engine, { Module: Watched });
  try {
    await work();
  } finally {
    Object.assign(engine, { Module });
  }
  return seen;
};

/**
 * Whether the bytes of a relaxed SIMD instruction (the prefix FD, then 256 to 275 in LEB128) occur anywhere. Other
 * bytes may look like one, so only "no" is certain.
 */
const mayBeRelaxed = (bytes: Uint8Array): boolean =>
  bytes.some(
    (byte, i) =>
      byte === 0xfd && ((bytes[i + 1] ?? 0) & 0xe0) === 0x80 && (bytes[i + 2] ?? 0) === 0x02,
  );

describe("a deterministic pipeline", () => {
  const modules = (deterministic: boolean) =>
    modulesOf(() =>
      lastValueFrom(
        train$(pipe(task(24), withBatchSize(8), withDeterministic(deterministic), withSeed(7))),
      ),
    );
  it("has no instruction of relaxed SIMD in its modules", async () => {
    const deterministic = await modules(true);
    expect(deterministic.length).toBeGreaterThan(0);
    expect(deterministic.filter(mayBeRelaxed)).toEqual([]);
  });
  it.skipIf(!features().relaxedSimd)("has them unless it is deterministic", async () => {
    expect((await modules(false)).some(mayBeRelaxed)).toBe(true);
  });
});

describe("a pipeline over the memory limit", () => {
  it("is refused before its first event, with the needed bytes and their largest uses", async () => {
    const large = 2 ** 14;
    const wide = pipe(
      task(4),
      withBatchSize(8),
      // A product of one gibibyte for each example.
      withLoss((output) => {
        const column = mul(fill([large, 1], 1), output) as Expr;
        return mean(matmul(column, fill([1, large], 1)) as Expr) as Expr<readonly []>;
      }),
    );
    const heard: unknown[] = [];
    const error = await new Promise((resolve) => {
      train$(wide).subscribe({ next: (e) => heard.push(e), error: resolve });
    });
    expect(heard).toEqual([]);
    expect(error).toMatchObject({ _tag: "MemoryLimit" });
    expect(formatError(error)).toMatch(
      /^MemoryLimit: the program needs \d+\.\d GiB of memory, but the backend has \d\.\d GiB\n {2}where: most of it for [a-z ]+ \(8\.0 GiB\)[\s\S]*fix: /,
    );
  });
});

describe("a machine that refuses to allocate the memory", () => {
  const ended = async (part: "Memory" | "Instance", threads: number): Promise<unknown> => {
    const kept = engine[part];
    const refuse = class {
      constructor() {
        throw new RangeError("could not allocate memory");
      }
    };
    Object.assign(engine, { [part]: refuse });
    const services = Layer.merge(
      Layer.succeed(Backend, backendOf({ threads }, { shareFrom: 0 })),
      ReverseMode.layerTape,
    );
    try {
      return await lastValueFrom(train$(withBatchSize(8)(task(24)), { services })).catch(
        (error: unknown) => error,
      );
    } finally {
      Object.assign(engine, { [part]: kept });
    }
  };
  it.each([
    ["of one thread", "Instance", 1],
    ["that threads share", "Memory", 2],
  ] as const)(
    "%s: the run fails with the needed bytes and their largest uses",
    async (_, part, threads) => {
      const error = await ended(part, threads);
      expect(error).toMatchObject({ _tag: "MemoryLimit", limit: undefined });
      expect(formatError(error)).toMatch(
        /^MemoryLimit: the program needs \d+\.\d [KM]iB of memory, but this machine gives no more\n {2}where: most of it for [a-z0-9 ]+ \([\s\S]*fix: close other programs that use memory/,
      );
    },
  );
});

describe("an index out of range", () => {
  const wild = fc.oneof(
    fc.integer({ min: -9, max: 9 }),
    fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 2 ** 30, -(2 ** 30), -1, 5, 2 ** 29),
  );
  const indices = fc.array(wild, { minLength: 6, maxLength: 6 });
  const table = filledWith([5, 3], "f32", (i) => i + 1);
  const guard = filledWith([7], "f32", (i) => -i);

  it("reads zeros, as on the reference backend", () => {
    const p = programOf(
      [
        { shape: [7], dtype: "f32" },
        { shape: [5, 3], dtype: "f32" },
        { shape: [6], dtype: "i32" },
      ],
      (g, x, i) => [take(x as Expr, i as Expr, 0) as Expr, g as Expr],
    );
    fc.assert(
      fc.property(indices, (at) => {
        expectAgreement(p, [guard, table, filledWith([6], "i32", (k) => at[k] as number)]);
      }),
    );
  });
  it("adds nothing", () => {
    const p = programOf(
      [
        { shape: [7], dtype: "f32" },
        { shape: [5, 3], dtype: "f32" },
        { shape: [6], dtype: "i32" },
        { shape: [6, 3], dtype: "f32" },
      ],
      (g, x, i, u) => [
        scatterAdd(x as Expr, i as Expr, u as Expr, 0) as Expr,
        g as Expr,
        x as Expr,
      ],
    );
    const updates = filledWith([6, 3], "f32", (i) => i / 4);
    fc.assert(
      fc.property(indices, (at) => {
        const rows = filledWith([6], "i32", (k) => at[k] as number);
        expectAgreement(p, [guard, table, rows, updates]);
      }),
    );
  });
  it("results from casting NaN, infinities and huge numbers", () => {
    const p = programOf(
      [
        { shape: [5, 3], dtype: "f32" },
        { shape: [6], dtype: "f32" },
      ],
      (x, i) => [take(x as Expr, cast(i as Expr, "i32") as Expr, 0) as Expr],
    );
    const at = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30, -1e30, 4.9];
    expectAgreement(p, [table, filledWith([6], "f32", (k) => at[k] as number)]);
  });
});
