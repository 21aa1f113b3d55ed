import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CompileOptions, SyncBackend } from "../../../src/backend/backend.ts";
import { layerReference } from "../../../src/backend/reference/layerReference.ts";
import { run } from "../../../src/interpreter/evaluate.ts";
import { apply, parameter } from "../../../src/ir/build.ts";
import type { Expr, Program } from "../../../src/ir/expr.ts";
import { matmul } from "../../../src/ir/ops/contraction.ts";
import { add, mul } from "../../../src/ir/ops/elementwise.ts";
import { program } from "../../../src/ir/program.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";
import { sample } from "../../ir/passes/arbitraryProgram.ts";

const compile = (p: Program, options?: CompileOptions) =>
  Effect.runSync(
    Effect.flatMap(SyncBackend, (backend) => backend.compile(p, options)).pipe(
      Effect.provide(layerReference),
    ),
  );
const f32 = (...shape: readonly number[]): Expr => parameter({ shape, dtype: "f32" });
const scalar = (x: number): Tensor => Tensor.own([], "f32", Float32Array.of(x));
const numbers = (xs: readonly Tensor[]): readonly number[] => xs.map((x) => x.item());

describe("the reference backend", () => {
  it("gives the evaluator's results", () => {
    fc.assert(
      fc.property(sample, ({ program: p, inputs }) => {
        expect(compile(p).run(inputs).join("\n")).toBe(run(p, inputs).join("\n"));
      }),
      { numRuns: 100 },
    );
  });

  it("keeps state between steps, and returns independent copies of it", () => {
    const [count, x] = [f32(), f32()];
    const next = add(count, x);
    const executable = compile(program([count, x], [next, mul(next, 10)]), { carried: 1 });
    const session = executable.start([scalar(1)]);
    const before = session.state();
    expect(numbers(session.step([scalar(2)]))).toEqual([30]);
    expect(numbers(session.step([scalar(3)]))).toEqual([60]);
    expect(numbers(session.state())).toEqual([6]);
    session.submit(([data]) => data?.set([4]));
    expect(numbers(session.read())).toEqual([100]);
    expect(numbers(before)).toEqual([1]);
    expect(numbers(executable.start([scalar(5)]).step([scalar(0)]))).toEqual([50]);
  });

  it("does not compile an invalid program", () => {
    const [x, y] = [f32(2), f32(3)];
    const wrong = apply("add", {}, [x, y]);
    const failure = Effect.runSync(
      Effect.flatMap(SyncBackend, (backend) => backend.compile(program([x, y], wrong))).pipe(
        Effect.provide(layerReference),
        Effect.flip,
      ),
    );
    expect(failure).toMatchObject({
      _tag: "CompileError",
      causes: [{ _tag: "ShapeMismatch", op: "add" }],
    });
  });

  it("throws a typed error for a value of the wrong type", () => {
    const x = f32(2);
    const executable = compile(program([x], [x]), { carried: 1 });
    expect(() => executable.run([scalar(1)])).toThrow(
      expect.objectContaining({ _tag: "ShapeMismatch" }),
    );
    expect(() => executable.start([])).toThrow(expect.objectContaining({ _tag: "ShapeMismatch" }));
  });

  it("describes its work in the plan", () => {
    const [x, w] = [f32(64, 784), f32(784, 128)];
    const y = matmul(x, w) as Expr;
    const { plan } = compile(program([x, w], [add(y, y)]));
    expect(plan.operations).toBe(2 * 64 * 784 * 128 + 64 * 128);
    expect(plan.kernels.map((k) => k.name)).toEqual(["dot", "add"]);
    expect(plan.bytes).toEqual({
      arguments: 4 * (64 * 784 + 784 * 128 + 64 * 128),
      constants: 0,
      temporaries: 4 * (2 * 64 * 128),
      planned: 4 * (64 * 784 + 784 * 128 + 3 * 64 * 128),
      needed: 4 * (64 * 784 + 784 * 128 + 3 * 64 * 128),
    });
  });
});
