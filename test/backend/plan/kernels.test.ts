import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cTarget } from "../../../src/backend/c/target.ts";
import { kernelsOf } from "../../../src/backend/plan/kernel.ts";
import { lower } from "../../../src/backend/plan/lower/program.ts";
import { prepared } from "../../../src/backend/plan/passes/prepared.ts";
import { plannedFor } from "../../../src/backend/plan/target.ts";
import { wasmTarget } from "../../../src/backend/wasm/target.ts";
import { apply } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { gt } from "../../../src/ir/ops/elementwise.ts";
import { program } from "../../../src/ir/program.ts";
import { bytesPerElement, type Dtype } from "../../../src/tensor/dtype.ts";
import { workloads } from "../../bench/workloads/index.ts";
import { programOf } from "../wasm/agreement.ts";
import { choices, knownOf, types } from "../wasm/randomPrograms.ts";
import { trainingStepOf } from "../wasm/trainingStep.ts";

/** Data can be copied; what holds a function throws. */
const expectData = (kernels: readonly unknown[]): void => {
  expect(() => structuredClone(kernels)).not.toThrow();
};

const wasm = wasmTarget({ relaxed: false });

describe("a kernel is data", () => {
  it("in every drawn program, and in what WebAssembly makes of it", () => {
    fc.assert(
      fc.property(choices, (recipe) => {
        const known = knownOf(recipe);
        const p = prepared(program(known.slice(0, types.length), known.slice(-6)));
        expectData(kernelsOf(lower(p, 0).steps));
        expectData(kernelsOf(plannedFor(wasm, p, 0).steps));
      }),
      { numRuns: 60 },
    );
  });

  it.each(workloads.slice(2))(
    "in a step of $name, convolutions and products of all kinds",
    async (of) => {
      const { step } = await trainingStepOf(of);
      const p = prepared(step.program);
      expectData(kernelsOf(lower(p, step.carried).steps));
      const planned = plannedFor(wasm, p, step.carried);
      expectData(kernelsOf(planned.steps));
      expect(planned.missing).toEqual([]);
    },
  );

  it("and not what holds a function", () => {
    expect(() =>
      expectData([{ name: "planted", work: { kind: "planted", emit: () => 0 } }]),
    ).toThrow();
  });
});

describe("a target", () => {
  const p = programOf([{ shape: [100], dtype: "f32" }], (x) => [gt(x as Expr, 0) as Expr]);

  it("says how wide its elements are, and memory is planned by that", () => {
    const c = cTarget("p");
    const wide = { ...c, width: (dtype: Dtype) => (dtype === "bool" ? 4 : bytesPerElement(dtype)) };
    const [narrowly, widely] = [c, wide].map((target) => {
      const { memory, outputs } = plannedFor(target, p, 0);
      return outputs.map(memory.bytesOf);
    });
    expect([narrowly, widely]).toEqual([[100], [400]]);
  });

  it("says what it does not support, by name", () => {
    const sorted = programOf([{ shape: [7], dtype: "f32" }], (x) =>
      apply("sort", { axis: 0 }, [x as Expr]),
    );
    expect(plannedFor(cTarget("p"), sorted, 0).missing).toEqual(["sort along 0 of [7]"]);
    expect(plannedFor(wasm, sorted, 0).missing).toEqual([]);
  });
});
