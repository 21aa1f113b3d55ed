import { describe, test } from "vitest";
import { mapping } from "../../laws/batching.ts";
import { derivativeLaws, exact } from "../../laws/derivatives.ts";
import { chainRule, hessianSymmetry } from "../../laws/higherOrder.ts";
import { backendsAgree, compilerOf, immutability, meaningKept } from "../../laws/meaning.ts";
import { composedOperations } from "../../laws/registry/composed.ts";
import { specialFunctions } from "../../laws/registry/special.ts";
import { cotangentMap } from "../../laws/symbolic.ts";
import { holds, mustHoldHere } from "../../laws/vitest.ts";
import { layerWasm } from "../../src/backend/wasm/index.ts";
import { optimise } from "../../src/interpreter/optimise.ts";

const operations = [...composedOperations, ...specialFunctions];

describe("derivatives and batches", () => {
  holds([...derivativeLaws(), chainRule(), hessianSymmetry(), mapping()], operations, {
    runs: 10,
  });
});

const wasm = compilerOf(layerWasm);

describe.each([meaningKept(optimise), backendsAgree(wasm), immutability(wasm)])("$name", (law) => {
  test.each(operations)("$name", (f) => {
    mustHoldHere([law], f, { runs: 5 });
    mustHoldHere([law], cotangentMap(f, exact.reverse), { runs: 3 });
  });
});
