import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { issuesOf } from "../../../src/backend/check.ts";
import { evaluate, run } from "../../../src/interpreter/evaluate.ts";
import { optimize } from "../../../src/interpreter/optimize.ts";
import { cse } from "../../../src/ir/passes/cse.ts";
import { dce } from "../../../src/ir/passes/dce.ts";
import { fold } from "../../../src/ir/passes/fold.ts";
import { hoist } from "../../../src/ir/passes/hoist.ts";
import { inlineCalls, inlineCheckpoints } from "../../../src/ir/passes/inline.ts";
import { simplify } from "../../../src/ir/passes/peephole/index.ts";
import { everywhere, type Pass } from "../../../src/ir/passes/rewrite.ts";
import { printProgram } from "../../../src/ir/print.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { sample } from "./arbitraryProgram.ts";

const sameBits = (a: readonly Tensor[], b: readonly Tensor[]): boolean =>
  a.length === b.length &&
  a.every((x, i) => {
    const y = b[i] as Tensor;
    const [p, q] = [x.toTypedArray(), y.toTypedArray()];
    return (
      x.dtype === y.dtype &&
      x.shape.join() === y.shape.join() &&
      p.every((v, j) => Object.is(v, q[j]))
    );
  });

const passes: Readonly<Record<string, Pass>> = {
  "inlining of calls": inlineCalls,
  "inlining of checkpoints": inlineCheckpoints,
  folding: everywhere(fold(evaluate.apply)),
  simplification: everywhere(simplify),
  "common subexpressions": everywhere(cse),
  hoisting: everywhere(hoist),
  "dead code": dce,
  "all passes": optimize,
};

describe("passes keep the results of a program, bit for bit", () => {
  for (const [name, pass] of Object.entries(passes))
    it(name, () => {
      fc.assert(
        fc.property(sample, ({ program, inputs }) => {
          const changed = pass(program);
          const [before, after] = [run(program, inputs), run(changed, inputs)];
          expect(changed.inputs).toBe(program.inputs);
          expect(issuesOf(changed)).toEqual([]);
          if (!sameBits(before, after))
            expect.fail(
              [
                printProgram(program),
                printProgram(changed),
                before.join("\n"),
                after.join("\n"),
              ].join("\n\n"),
            );
        }),
        { numRuns: 600 },
      );
    });

  it("and terminate", () => {
    fc.assert(
      fc.property(sample, ({ program }) => {
        const once = optimize(program);
        expect(printProgram(optimize(once))).toBe(printProgram(once));
      }),
      { numRuns: 200 },
    );
  });
});
