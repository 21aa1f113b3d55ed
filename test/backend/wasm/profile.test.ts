import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cond, scan, whileLoop } from "../../../src/autodiff/index.ts";
import type { Tensors } from "../../../src/backend/backend.ts";
import { timeKernels } from "../../../src/backend/wasm/profile.ts";
import { key } from "../../../src/index.ts";
import { parameter } from "../../../src/ir/build.ts";
import type { Expr, Program } from "../../../src/ir/expr.ts";
import { add, gt, lt, mul, sub } from "../../../src/ir/ops/elementwise.ts";
import { sum } from "../../../src/ir/ops/reduction.ts";
import { program } from "../../../src/ir/program.ts";
import { flattenTensors, symbolsOf } from "../../../src/ir/trees.ts";
import { applyToBatch, lstm, relu, sequential } from "../../../src/nn/index.ts";
import { sameShape } from "../../../src/tensor/shape.ts";
import { compiled, filledWith, programOf } from "./agreement.ts";
import { choices, inputsFor, knownOf, types } from "./randomPrograms.ts";

const briefly = { seconds: 0, runs: 5 };

const timed = (p: Program, state: Tensors, batches: readonly [Tensors, ...Tensors[]]) =>
  Effect.runSync(timeKernels(p, state, batches, {}, briefly));

/** What a session gives after as many steps: the state starts anew after the last batch. */
const afterSteps = (p: Program, state: Tensors, batches: readonly Tensors[], steps: number) => {
  const last = (steps - 1) % batches.length;
  const session = compiled(p, { carried: state.length }).start(state);
  const outputs = batches.slice(0, last + 1).map((batch) => session.step(batch));
  return [...session.finish(), ...(outputs.at(-1) ?? [])];
};

const bits = (tensors: Tensors): readonly string[] =>
  tensors.map(
    (x) => `${x.shape.join()} ${Buffer.from(x.toTypedArray().slice().buffer).toString("hex")}`,
  );

const f32 = (...shape: readonly number[]) => ({ shape, dtype: "f32" }) as const;
const numbers = (seed: number, ...shape: readonly number[]) =>
  filledWith(shape, "f32", (i) => Math.sin(i + seed));

describe("timing a program kernel by kernel", () => {
  it("computes the bits of a session", () => {
    fc.assert(
      fc.property(choices, fc.nat(50), (recipe, seed) => {
        const known = knownOf(recipe);
        const inputs = known.slice(0, types.length);
        const carried = 3;
        const next = inputs.slice(0, carried).map((x, n) => {
          const fits = known.filter((e) => e.dtype === x.dtype && sameShape(e.shape, x.shape));
          return fits[(seed + n) % fits.length] as Expr;
        });
        const p = program(inputs, [...next, ...known.slice(-3)]);
        const [state, one, two] = [inputsFor(seed), inputsFor(seed + 1), inputsFor(seed + 2)];
        const start = state.slice(0, carried);
        const batches = [one.slice(carried), two.slice(carried)] as const;
        const { outputs, steps } = timed(p, start, batches);
        expect(bits(outputs)).toEqual(bits(afterSteps(p, start, batches, steps)));
      }),
      { numRuns: 40 },
    );
  });

  it("walks loops in both directions, loops of unknown length, and branches", () => {
    const p = programOf([f32(4), f32(6, 4)], (state, xs) => {
      const forth = scan(
        (c: Expr, x: Expr) => [add(mul(c, 0.5), x), c] as const,
        state as Expr,
        xs as Expr,
      );
      const back = scan(
        (c: Expr, x: Expr) => [sub(x, c), mul(c, x)] as const,
        state as Expr,
        forth[1],
        {
          reverse: true,
        },
      );
      const grown = whileLoop(
        (c: Expr) => lt(sum(c), 100),
        (c) => add(mul(c, c), 1),
        back[0],
      );
      const chosen = cond(
        gt(sum(forth[0]), 0),
        (x: Expr) => mul(x, 2),
        (x: Expr) => sub(x, 1),
        forth[0],
      );
      return [chosen, grown, back[1]];
    });
    const state = [numbers(0, 4)];
    for (const seed of [1, 2, 3]) {
      const batches = [
        [numbers(seed, 6, 4)],
        [numbers(seed + 9, 6, 4)],
        [numbers(-seed, 6, 4)],
      ] as const;
      const { kernels, outputs, steps } = timed(p, state, batches);
      expect(bits(outputs)).toEqual(bits(afterSteps(p, state, batches, steps)));
      const looped = kernels.filter(({ within }) => within[0]?.rounds === 6);
      expect(looped.length).toBeGreaterThan(0);
      for (const { calls } of looped) expect(calls).toBe(6);
    }
  });

  it("names the layer of every kernel, also inside loops", () => {
    const model = sequential(lstm(3, 4), relu);
    const { params, state } = model.init(key(0));
    const { tree, leaves } = symbolsOf(params);
    const x = parameter(f32(2, 5, 3));
    const [y] = applyToBatch(model, tree, state, x);
    const { kernels } = timed(
      program([...leaves, x], [y]),
      [],
      [[...flattenTensors(params).leaves, numbers(1, 2, 5, 3)]],
    );
    const layers = new Set(kernels.map(({ layer }) => layer[0]));
    expect([...layers].some((name) => name?.startsWith("1:lstm"))).toBe(true);
    expect([...layers].some((name) => name?.startsWith("2:relu"))).toBe(true);
    const inner = kernels.filter(({ within }) => within.length > 0);
    expect(inner.length).toBeGreaterThan(0);
    for (const { layer } of inner) expect(layer[0]).toMatch(/^1:lstm/);
    for (const { seconds } of kernels) expect(seconds).toBeGreaterThanOrEqual(0);
  });
});
