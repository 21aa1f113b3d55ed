import { describe, test } from "vitest";
import { mapping } from "../../laws/derivatives/batching.ts";
import { derivativeLaws, exact } from "../../laws/derivatives/derivatives.ts";
import { chainRule, hessianSymmetry } from "../../laws/derivatives/higherOrder.ts";
import { functionsOf, primitives } from "../../laws/registry/primitives/index.ts";
import { batched, cotangentMap, type SymbolicFunction, tangentMap } from "../../laws/symbolic.ts";
import { mustHoldHere } from "../../laws/vitest.ts";

/** A function's derivatives, and the function on batches, as functions for the laws. */
const derived = (f: SymbolicFunction): readonly SymbolicFunction[] => [
  tangentMap(f, exact.forward),
  cotangentMap(f, exact.reverse),
  batched(
    f,
    f.operands.map(() => true),
    2,
  ),
];

describe.each(primitives)("%s", (primitive) => {
  for (const f of functionsOf(primitive)) {
    for (const law of [...derivativeLaws(), chainRule(), hessianSymmetry(), mapping()])
      test(`${f.name}: ${law.name}`, () => {
        mustHoldHere([law], f);
      });
    for (const law of [...derivativeLaws(), chainRule(), mapping()])
      test(`the derivatives of ${f.name}: ${law.name}`, () => {
        for (const g of derived(f)) mustHoldHere([law], g, { runs: 5 });
      });
  }
});
