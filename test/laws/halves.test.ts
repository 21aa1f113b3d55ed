import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { adjoint, exact } from "../../laws/derivatives/derivatives.ts";
import { check } from "../../laws/law.ts";
import { primitiveFunctions } from "../../laws/registry/primitives/index.ts";
import { cotangentMap, outputsOf, stored, typesOf } from "../../laws/symbolic.ts";
import { backendsAgree, compilerOf, meaningKept } from "../../laws/values/meaning.ts";
import { mustHoldHere } from "../../laws/vitest.ts";
import type { Reverse } from "../../src/autodiff/reverseMode.ts";
import { layerWasm } from "../../src/backend/wasm/index.ts";
import { optimize } from "../../src/interpreter/optimize.ts";
import { mul } from "../../src/ir/ops/elementwise.ts";

/**
 * Half the distance from 1 to the next number: the most, in proportion, that storing one changes it. A tangent and a
 * cotangent are each rounded where an operand and where a result is stored.
 */
const unit = { f16: 2 ** -11, bf16: 2 ** -8 } as const;
const roundings = 2;

/** Reverse mode whose cotangents are a sixteenth too large. */
const inexact: Reverse = {
  vjp: (...given) => {
    const { outputs, pullback } = exact.reverse.vjp(...given);
    return { outputs, pullback: (cts) => pullback(cts).map((ct) => ct && mul(ct, 1 + 2 ** -4)) };
  },
};

const laws = [meaningKept(optimize), backendsAgree(compilerOf(layerWasm))];

describe.each(["f16", "bf16"] as const)("in %s", (half) => {
  const functions = primitiveFunctions.flatMap((f) => stored(f, half) ?? []);

  test.each(functions)("$name", (f) => {
    mustHoldHere(laws, f, { runs: 4 });
    mustHoldHere([adjoint(exact, roundings * unit[half])], f, { runs: 4 });
    const pulled = cotangentMap(f, exact.reverse);
    mustHoldHere(laws, pulled, { runs: 2 });
    // A cotangent has the dtype of its primal.
    const floats = typesOf(f).filter(({ dtype }) => dtype === half);
    const cotangents = outputsOf(pulled).slice(outputsOf(f).length);
    expect(cotangents).toEqual(floats.map(({ shape, dtype }) => ({ shape, dtype })));
  });

  test("a cotangent that is a sixteenth too large is caught", () => {
    const mistaken = adjoint({ ...exact, reverse: inexact }, roundings * unit[half]);
    const caught = functions.filter((f) => isLeft(check(mistaken, f, { runs: 4, shrink: false })));
    expect(caught.length).toBeGreaterThan(0.5 * functions.length);
  });

  test("most primitives take halves", () => {
    expect(functions.length).toBeGreaterThan(0.9 * primitiveFunctions.length);
  });
});
