import * as Layer from "effect/Layer";
import { describe, test } from "vitest";
import { compositions } from "../../laws/derivatives/compositions.ts";
import { exact } from "../../laws/derivatives/derivatives.ts";
import { real, tensors } from "../../laws/domain.ts";
import { across, type Law } from "../../laws/law.ts";
import { primitiveFunctions } from "../../laws/registry/primitives/index.ts";
import { cotangentMap, type SymbolicFunction, single, tangentMap } from "../../laws/symbolic.ts";
import {
  backendsAgree,
  compilerOf,
  immutability,
  meaningKept,
  threadsAgree,
} from "../../laws/values/meaning.ts";
import { mustHoldHere } from "../../laws/vitest.ts";
import { SyncBackend as Service } from "../../src/backend/backend.ts";
import { Backend } from "../../src/backend/index.ts";
import { backendOf, layerWasm } from "../../src/backend/wasm/index.ts";
import { optimize } from "../../src/interpreter/optimize.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { add, mul } from "../../src/ir/ops/elementwise.ts";
import { reshape } from "../../src/ir/ops/structural.ts";

const reference = compilerOf(Backend.layerReference);
const wasm = compilerOf(layerWasm);
/** A backend on a number of threads, which share every kernel that can be cut. */
const wasmOn = (threads: number) =>
  compilerOf(Layer.succeed(Service, backendOf({ threads }, { shareFrom: 0 })));
const [onOne, onTwo, onFour] = [wasmOn(1), wasmOn(2), wasmOn(4)];

/** The law for the function, for its gradient, and for both in single precision. */
const withDerivatives = (law: Law<SymbolicFunction>): Law<SymbolicFunction> => ({
  ...law,
  trial: (f) => law.trial(cotangentMap(f, exact.reverse)),
});

const laws: readonly Law<SymbolicFunction>[] = [
  meaningKept(optimize),
  { ...immutability(reference), name: "immutability of the reference backend" },
  { ...immutability(wasm), name: "immutability of the wasm backend" },
  { ...backendsAgree(wasm), name: "the wasm backend agrees with the reference" },
  {
    ...threadsAgree(onOne, onTwo),
    name: "the wasm backend on two threads gives one thread's bits",
  },
  {
    ...threadsAgree(onOne, onFour),
    name: "the wasm backend on four threads gives one thread's bits",
  },
  { ...immutability(onTwo), name: "immutability of the wasm backend on two threads" },
];

describe.each(laws)("$name", (law) => {
  test.each(primitiveFunctions)("$name", (f) => {
    mustHoldHere([law], f, { runs: 10 });
    mustHoldHere([law], tangentMap(f, exact.forward), { runs: 5 });
    mustHoldHere([law], cotangentMap(f, exact.reverse), { runs: 5 });
    const inSingle = single(f);
    if (inSingle !== undefined) mustHoldHere([law], inSingle, { runs: 10 });
  });

  test("random compositions", () => {
    mustHoldHere([across(law)], compositions, { runs: 50 });
    mustHoldHere([across(withDerivatives(law))], compositions, { runs: 50 });
  });
});

// Found by random programs and shrunk: a group of two index spaces, whose loop counted the axes of the first.
test("an operand that is reshaped does not share its maker's loop", () => {
  mustHoldHere([backendsAgree(wasm)], {
    name: "a sum doubled, reshaped, and added to a matrix",
    operands: [tensors([6], real), tensors([2, 3], real)],
    apply: ([v, m]) => {
      const doubled: Expr = add(v as Expr, v as Expr);
      return [add(mul(m as Expr, 0.5), reshape(doubled, [2, 3]) as Expr)];
    },
  });
});
