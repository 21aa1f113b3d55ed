import { describe, expect, test } from "vitest";
import { longAxes } from "../../laws/registry/operations/longAxes.ts";
import { longSums, numbers } from "../../laws/values/longAxes.ts";
import { type Compile, compilerOf } from "../../laws/values/meaning.ts";
import { mustHoldHere } from "../../laws/vitest.ts";
import { layerWasm } from "../../src/backend/wasm/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const wasm = compilerOf(layerWasm);

describe("the error of long sums grows like a logarithm", () => {
  test.each(longAxes)("$name", (subject) => {
    mustHoldHere([longSums(wasm)], subject, { runs: subject.terms < 50_000 ? 3 : 1 });
  });
});

describe("the law of long sums catches", () => {
  const total = {
    name: "sum",
    terms: 500_000,
    operands: [numbers(500_000)],
    apply: ([x]: readonly Expr[]) => [sum(x as Expr) as Expr],
  };
  /** A backend that adds numbers up in `lanes` running totals. */
  const running =
    (lanes: number): Compile =>
    (program) => ({
      ...wasm(program),
      run: ([x]) => {
        const totals = new Float32Array(lanes);
        (x as Tensor).toTypedArray().forEach((value, i) => {
          totals[i % lanes] = Math.fround((totals[i % lanes] as number) + value);
        });
        const all = totals.reduce((a, b) => Math.fround(a + b));
        return [Tensor.own([], "f32", Float32Array.of(all))];
      },
    });

  test.each([1, 4, 16, 64])("%d running totals", (lanes) => {
    const { breach } = longSums(running(lanes)).trial(total);
    expect(breach({ scale: 0.1, seed: 0 })).toMatch(/equal numbers, output 0 at \[\] is/);
  });
});
