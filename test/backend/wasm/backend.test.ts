import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { SyncBackend } from "../../../src/backend/backend.ts";
import { features } from "../../../src/backend/wasm/assembler/index.ts";
import { compileProgram, emptyModules } from "../../../src/backend/wasm/compile.ts";
import { layerWasm } from "../../../src/backend/wasm/index.ts";
import { formatError } from "../../../src/errors/failure.ts";
import type { MemoryLimit } from "../../../src/errors.ts";
import type { Expr, Program } from "../../../src/ir/expr.ts";
import { matmul } from "../../../src/ir/ops/contraction.ts";
import { add, exp, maximum, mul, sub } from "../../../src/ir/ops/elementwise.ts";
import { fill } from "../../../src/ir/ops/indexing.ts";
import { broadcastTo } from "../../../src/ir/ops/promote.ts";
import { sum } from "../../../src/ir/ops/reduction.ts";
import { transpose } from "../../../src/ir/ops/structural.ts";
import { compiled, expectClose, filledWith, programOf } from "./agreement.ts";

const failure = (p: Program, carried = 0) =>
  Effect.runSync(
    Effect.provide(
      Effect.result(Effect.flatMap(SyncBackend, (backend) => backend.compile(p, { carried }))),
      layerWasm,
    ),
  ).pipe(Result.match({ onFailure: (e) => e, onSuccess: () => undefined }));

const f32 = (...shape: readonly number[]) => ({ shape, dtype: "f32" }) as const;

describe("the wasm backend refuses", () => {
  it("every mistake of a program at once", () => {
    const p = programOf([f32(2, 3), f32(4)], (x, y) => [
      matmul(x as Expr, y as Expr) as Expr,
      add(x as Expr, y as Expr) as Expr,
    ]);
    const error = failure(p);
    expect(error?._tag).toBe("CompileError");
    expect(error?._tag === "CompileError" && error.causes.map((c) => c._tag)).toEqual([
      "ShapeMismatch",
      "ShapeMismatch",
    ]);
  });
  it("a program over the memory limit, and names the largest uses", () => {
    const large = [2 ** 14, 2 ** 14] as const;
    const p = programOf([f32(2 ** 14)], (x) => {
      const terms = [1, 2, 3, 4, 5].map(
        (k) => exp(mul(broadcastTo(x as Expr, large), k) as Expr) as Expr,
      );
      // Each term is read twice, once transposed, so that none can be fused into a loop.
      return [
        sum(terms.reduce((a, b) => matmul(a, transpose(b, [1, 0])) as Expr)) as Expr,
        ...terms,
      ];
    });
    const error = failure(p);
    expect(error?._tag).toBe("MemoryLimit");
    if (error?._tag !== "MemoryLimit") return;
    expect(error.needed).toBeGreaterThan(5 * 2 ** 30);
    expect(error.limit).toBe(2 ** 32);
    expect(error.largest[0]?.bytes).toBe(2 ** 30);
  });
  it("values of types other than the program's", () => {
    const p = programOf([f32(2), f32(2)], (x, y) => [add(x as Expr, y as Expr) as Expr]);
    const [x, wrong] = [filledWith([2], "f32", () => 1), filledWith([3], "f32", () => 1)];
    const tag = (run: () => unknown): unknown => {
      try {
        return run();
      } catch (error) {
        return (error as { readonly _tag: string })._tag;
      }
    };
    expect(tag(() => compiled(p).run([x, wrong]))).toBe("ShapeMismatch");
    expect(tag(() => compiled(p).run([x]))).toBe("ShapeMismatch");
    expect(tag(() => compiled(p).run([x, filledWith([2], "i32", () => 1)]))).toBe("DtypeMismatch");
    expect(tag(() => compiled(p, { carried: 1 }).start([wrong]))).toBe("ShapeMismatch");
    expect(tag(() => compiled(p, { carried: 1 }).start([x]).step([wrong]))).toBe("ShapeMismatch");
  });
  it("a single tensor of two gibibytes", () => {
    const p = programOf([f32(2 ** 15)], (x) => [
      exp(broadcastTo(x as Expr, [2 ** 15, 2 ** 15])) as Expr,
    ]);
    expect(failure(p)?._tag).toBe("MemoryLimit");
  });
  it("a single tensor over its limit, in a program within the memory limit", () => {
    const p = programOf([f32(2 ** 13)], (x) => [
      exp(broadcastTo(x as Expr, [3 * 2 ** 15, 2 ** 13])) as Expr,
    ]);
    const error = failure(p);
    expect(error).toMatchObject({ _tag: "MemoryLimit", of: "tensor" });
    expect(formatError(error as MemoryLimit)).toMatch(
      /^MemoryLimit: a single tensor of the program needs 3\.0 GiB of memory, but the backend has 2\.0 GiB\n {2}where: most of it for output 0 \(3\.0 GiB\)/,
    );
  });
});

describe("the advice of a MemoryLimit follows from the largest use of memory", () => {
  const params = Array.from({ length: 5 }, () => f32(2 ** 14, 2 ** 14));
  const scaled = programOf(params, (...ws) => ws.map((w) => mul(w, 0.5) as Expr));
  const advice = (carried: number): string => {
    const error = failure(scaled, carried);
    return (
      formatError(error as MemoryLimit)
        .split("\n")
        .at(-1) ?? ""
    );
  };
  it("params: a smaller model, not smaller batches", () => {
    expect(advice(5)).toMatch(/^ +fix: use a smaller model, or an optimizer that keeps less/);
    expect(advice(5)).not.toMatch(/batch/);
  });
  it("inputs and outputs: smaller batches, and fewer outputs", () => {
    expect(advice(0)).toMatch(/smaller batches, .*return fewer outputs/);
    expect(advice(0)).not.toMatch(/model/);
  });
});

describe("a compiled program", () => {
  const network = () =>
    programOf([f32(8, 20), f32(20, 16), f32(16)], (x, w, b) => [
      maximum(add(matmul(x as Expr, w as Expr) as Expr, b as Expr) as Expr, 0) as Expr,
    ]);
  const inputs = [
    filledWith([8, 20], "f32", (i) => Math.sin(i)),
    filledWith([20, 16], "f32", (i) => Math.cos(i)),
    filledWith([16], "f32", (i) => i / 16),
  ];

  it("is cached by its structure and options", () => {
    const modules = emptyModules();
    const compile = (deterministic: boolean) =>
      Effect.runSync(compileProgram(network(), { deterministic }, modules));
    expect(compile(false)).toBe(compile(false));
    if (features().relaxedSimd) expect(compile(true)).not.toBe(compile(false));
  });
  it("rounds multiplication and addition separately if it must be deterministic", () => {
    const [got] = compiled(network(), { deterministic: true }).run(inputs);
    const [x, w, b] = inputs.map((t) => t.toTypedArray()) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const want = filledWith([8, 16], "f32", (at) => {
      const [row, column] = [Math.floor(at / 16), at % 16];
      let total = 0;
      for (let k = 0; k < 20; k++)
        total = Math.fround(
          total + Math.fround((x[row * 20 + k] as number) * (w[k * 16 + column] as number)),
        );
      return Math.max(0, Math.fround(total + (b[column] as number)));
    });
    expectClose([got as typeof want], [want], 0, () => "deterministic product");
  });
  it("gives the same bits every time", () => {
    const executable = compiled(network());
    expectClose(executable.run(inputs), executable.run(inputs), 0, () => "second run");
  });
  it("describes its kernels in the plan", () => {
    const { kernels, operations, bytes } = compiled(network()).plan;
    expect(kernels.map((k) => k.name)).toEqual(["matmul [8, 20] [20, 16], then add maximum"]);
    expect(operations).toBe(2 * 8 * 20 * 16 + 2 * 8 * 16);
    const values = 4 * (160 + 320 + 16 + 128);
    expect(bytes).toMatchObject({ arguments: values, constants: 0 });
    expect(bytes.planned).toBe(bytes.arguments + bytes.temporaries);
    // The product is never stored: it passes through the scratch memory.
    expect(bytes.needed).toBe(values);
  });
  it("reuses memory after the last use of a value", () => {
    // Twenty layers of one width need two buffers, not twenty.
    const p = programOf([f32(64, 64)], (w) => {
      let x: Expr = fill([64, 64], 1);
      for (let layer = 0; layer < 20; layer++) x = matmul(x, w as Expr) as Expr;
      return [x];
    });
    expect(compiled(p).plan.bytes.temporaries).toBeLessThan(6 * 64 * 64 * 4);
  });
  it("fuses an optimizer's update into one loop over its state", () => {
    const p = programOf([f32(100, 30), f32(100, 30), f32(100, 30)], (p0, m, g) => {
      const next = add(mul(m as Expr, 0.9) as Expr, mul(g as Expr, 0.1) as Expr) as Expr;
      return [sub(p0 as Expr, mul(next, 0.01) as Expr) as Expr, next];
    });
    const { plan } = compiled(p, { carried: 2 });
    expect(plan.kernels.map((k) => k.name)).toEqual(["mul×3 add sub [100, 30]"]);
  });
});
