import { describe, expect, test } from "vitest";
import { exact } from "../../laws/derivatives/derivatives.ts";
import { primitiveFunctions } from "../../laws/registry/primitives/index.ts";
import { cotangentMap, outputsOf, stored, typesOf } from "../../laws/symbolic.ts";
import { backendsAgree, compilerOf, meaningKept } from "../../laws/values/meaning.ts";
import { mustHoldHere } from "../../laws/vitest.ts";
import { layerWasm } from "../../src/backend/wasm/index.ts";
import { optimize } from "../../src/interpreter/optimize.ts";

const laws = [meaningKept(optimize), backendsAgree(compilerOf(layerWasm))];

describe.each(["f16", "bf16"] as const)("in %s", (half) => {
  const functions = primitiveFunctions.flatMap((f) => stored(f, half) ?? []);

  test.each(functions)("$name", (f) => {
    mustHoldHere(laws, f, { runs: 4 });
    const pulled = cotangentMap(f, exact.reverse);
    mustHoldHere(laws, pulled, { runs: 2 });
    // A cotangent has the dtype of its primal.
    const floats = typesOf(f).filter(({ dtype }) => dtype === half);
    const cotangents = outputsOf(pulled).slice(outputsOf(f).length);
    expect(cotangents).toEqual(floats.map(({ shape, dtype }) => ({ shape, dtype })));
  });

  test("most primitives take halves", () => {
    expect(functions.length).toBeGreaterThan(0.9 * primitiveFunctions.length);
  });
});
