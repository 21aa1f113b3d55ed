import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Tensors } from "../../../src/backend/backend.ts";
import { run } from "../../../src/interpreter/evaluate.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { matmul } from "../../../src/ir/ops/contraction.ts";
import { mul, sub } from "../../../src/ir/ops/elementwise.ts";
import { sum } from "../../../src/ir/ops/reduction.ts";
import { program } from "../../../src/ir/program.ts";
import { sameShape } from "../../../src/tensor/shape.ts";
import {
  compiled,
  expectAgreement,
  expectClose,
  expectSameOnThreads,
  filledWith,
  programOf,
} from "./agreement.ts";
import { choices, inputsFor, knownOf, types } from "./randomPrograms.ts";

describe("random programs", () => {
  it("give the same bits on wasm as by the reference rules", () => {
    fc.assert(
      fc.property(choices, fc.nat(50), (recipe, seed) => {
        const known = knownOf(recipe);
        const inputs = known.slice(0, types.length);
        const outputs = known.filter((_, i) => (i * 31 + seed) % 3 !== 0).slice(-6);
        expectAgreement(program(inputs, outputs), inputsFor(seed));
      }),
      { numRuns: 300 },
    );
  });

  it("give the same bits on every number of threads", () => {
    fc.assert(
      fc.property(choices, fc.nat(50), (recipe, seed) => {
        const known = knownOf(recipe);
        const inputs = known.slice(0, types.length);
        expectSameOnThreads(program(inputs, known.slice(-6)), inputsFor(seed));
      }),
      { numRuns: 150 },
    );
  });

  it("keep their state in place from step to step", () => {
    fc.assert(
      fc.property(choices, fc.nat(50), (recipe, seed) => {
        const known = knownOf(recipe);
        const inputs = known.slice(0, types.length);
        // The next state: for each carried input a value of its type, often another input or itself.
        const carried = 4;
        const next = inputs.slice(0, carried).map((x, n) => {
          const fits = known.filter((e) => e.dtype === x.dtype && sameShape(e.shape, x.shape));
          return fits[(seed * 5 + n * 3 + fits.length - 1) % fits.length] as Expr;
        });
        const p = program(inputs, [...next, known.at(-1) as Expr, inputs[0] as Expr]);
        const given = inputsFor(seed);
        const session = compiled(p, { carried }).start(given.slice(0, carried));
        let state = given.slice(0, carried);
        for (let step = 0; step < 3; step++) {
          const want = run(p, [...state, ...given.slice(carried)]);
          const fed = given.slice(carried);
          // Every other step in place: both ways go on from the other's state.
          const filled = (): Tensors => {
            session.submit((into) => fed.map((x, i) => into[i]?.set(x.toTypedArray())));
            return session.read();
          };
          const got = step % 2 === 0 ? session.step(fed) : filled();
          state = want.slice(0, carried);
          expectClose(session.state(), state, 0, () => `state after step ${step}`);
          expectClose(got, want.slice(carried), 0, () => `outputs of step ${step}`);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("a session", () => {
  const step = programOf(
    [
      { shape: [3, 4], dtype: "f32" },
      { shape: [2, 3], dtype: "f32" },
    ],
    (w, x) => {
      const loss = sum(matmul(x as Expr, w as Expr) as Expr);
      return [sub(w as Expr, mul(w as Expr, 0.5) as Expr) as Expr, loss];
    },
  );
  it("returns copies of its state, which later steps do not change", () => {
    const session = compiled(step, { carried: 1 }).start([filledWith([3, 4], "f32", (i) => i)]);
    session.step([filledWith([2, 3], "f32", () => 1)]);
    const [first] = session.state();
    const before = first?.toTypedArray();
    session.step([filledWith([2, 3], "f32", () => 1)]);
    expect(first?.toTypedArray()).toEqual(before);
    expect(session.state()[0]?.toTypedArray()[11]).toBe(2.75);
  });
  it("does not affect another session of the same executable", () => {
    const executable = compiled(step, { carried: 1 });
    const [a, b] = [0, 1].map((n) => executable.start([filledWith([3, 4], "f32", () => n + 1)]));
    a?.step([filledWith([2, 3], "f32", () => 1)]);
    expect(b?.state()[0]?.item()).toBeNaN();
    expect(b?.state()[0]?.toTypedArray()[0]).toBe(2);
  });
});
