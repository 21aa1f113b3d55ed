import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tensorOf } from "../../laws/domain.ts";
import { functionsOf, primitives } from "../../laws/registry/primitives/index.ts";
import { inputsOf, programOf, type SymbolicFunction, typesOf } from "../../laws/symbolic.ts";
import { sameBits } from "../../laws/values/compare.ts";
import { batch, derive, dual, tape } from "../../src/interpreter/derive.ts";
import type { Dual } from "../../src/interpreter/dual.ts";
import { evaluate, run } from "../../src/interpreter/evaluate.ts";
import { interpret } from "../../src/interpreter/interpreter.ts";
import { pull, root } from "../../src/interpreter/tape.ts";
import { stackTensors } from "../../src/tensor/constructors.ts";
import { isFloat } from "../../src/tensor/dtype.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/**
 * Interpreters are functors over a base. Derivatives are usually programs (over `build`) that are then run. Here the
 * same interpreters run directly over tensors, and must give the same bits.
 */
const samples = (f: SymbolicFunction): readonly (readonly Tensor[])[] =>
  fc.sample(inputsOf(f), { numRuns: 3, seed: 1 });

const ones = (x: Tensor): Tensor => tensorOf(x.shape, x.dtype, Array(x.size).fill(1));
const given = (xs: readonly (Tensor | undefined)[]): readonly Tensor[] =>
  xs.filter((x) => x !== undefined);

describe.each(primitives)("%s over tensors gives the same as over expressions", (primitive) => {
  test.each(functionsOf(primitive))("$name", (f) => {
    const p = programOf(typesOf(f), f.apply);
    for (const xs of samples(f)) {
      const moving = xs.map((x) => (isFloat(x.dtype) ? ones(x) : undefined));

      // Forward.
      const duals = xs.map((primal, i): Dual<Tensor> => ({ primal, tangent: moving[i] }));
      const direct = interpret(p, dual(evaluate), duals);
      const withTangents = programOf(
        [...typesOf(f), ...given(moving)].map(({ shape, dtype }) => ({ shape, dtype })),
        (all) => {
          const rest = [...all.slice(xs.length)];
          const made = derive.jvp(
            p,
            all.slice(0, xs.length),
            moving.map((t) => (t === undefined ? undefined : rest.shift())),
          );
          return [...made.outputs, ...made.tangents.filter((t) => t !== undefined)];
        },
      );
      expect(
        sameBits(
          "forward",
          [...direct.map((y) => y.primal), ...given(direct.map((y) => y.tangent))],
          run(withTangents, [...xs, ...given(moving)]),
        ),
      ).toBe(undefined);

      // Reverse.
      const taped = xs.map((primal, i) =>
        moving[i] === undefined ? { primal, entry: undefined, index: 0 } : root(primal),
      );
      const outputs = interpret(p, tape(evaluate), taped);
      const cotangents = outputs.map((y) => (isFloat(y.primal.dtype) ? ones(y.primal) : undefined));
      const pulled = pull(evaluate, taped, outputs, cotangents);
      const withCotangents = programOf(
        [...typesOf(f), ...given(cotangents)].map(({ shape, dtype }) => ({ shape, dtype })),
        (all) => {
          const rest = [...all.slice(xs.length)];
          const made = derive.vjp(
            p,
            all.slice(0, xs.length),
            moving.map((t) => t !== undefined),
          );
          const cts = made.pullback(
            cotangents.map((ct) => (ct === undefined ? undefined : rest.shift())),
          );
          return [...made.outputs, ...cts.filter((ct) => ct !== undefined)];
        },
      );
      expect(
        sameBits(
          "reverse",
          [...outputs.map((y) => y.primal), ...given(pulled)],
          run(withCotangents, [...xs, ...given(cotangents)]),
        ),
      ).toBe(undefined);

      // Batched.
      const axis = { size: 2, name: undefined };
      const rows = xs.map((x) => ({ value: stackTensors([x, x]) as Tensor, batched: true }));
      const mapped = interpret(p, batch(evaluate, axis), rows);
      const batchedProgram = programOf(
        rows.map(({ value: { shape, dtype } }) => ({ shape, dtype })),
        (all) =>
          derive.batch(
            p,
            all,
            all.map(() => true),
            axis,
          ).outputs,
      );
      expect(
        sameBits(
          "batched",
          mapped.map((y) => y.value),
          run(
            batchedProgram,
            rows.map((r) => r.value),
          ),
        ),
      ).toBe(undefined);
    }
  });
});
