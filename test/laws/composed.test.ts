import { describe, test } from "vitest";
import { mapping } from "../../laws/derivatives/batching.ts";
import { derivativeLaws, exact } from "../../laws/derivatives/derivatives.ts";
import { chainRule, hessianSymmetry } from "../../laws/derivatives/higherOrder.ts";
import { composedOperations } from "../../laws/registry/operations/composed.ts";
import { specialFunctions } from "../../laws/registry/operations/special.ts";
import { cotangentMap } from "../../laws/symbolic.ts";
import { backendsAgree, compilerOf, immutability, meaningKept } from "../../laws/values/meaning.ts";
import { holds, mustHoldHere } from "../../laws/vitest.ts";
import { layerWasm } from "../../src/backend/wasm/index.ts";
import { optimize } from "../../src/interpreter/optimize.ts";

const operations = [...composedOperations, ...specialFunctions];

describe("derivatives and batches", () => {
  holds([...derivativeLaws(), chainRule(), mapping()], operations, { runs: 10 });
  // Each sample takes as long as those of all other laws together.
  holds([hessianSymmetry()], operations, { runs: 4 });
});

const wasm = compilerOf(layerWasm);

describe.each([meaningKept(optimize), backendsAgree(wasm), immutability(wasm)])("$name", (law) => {
  test.each(operations)("$name", (f) => {
    mustHoldHere([law], f, { runs: 5 });
    mustHoldHere([law], cotangentMap(f, exact.reverse), { runs: 3 });
  });
});
