import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { distortionsOf, inBounds, refusedThroughout } from "../../laws/bounds.ts";
import { real, tensors } from "../../laws/domain.ts";
import { check } from "../../laws/law.ts";
import type { Case } from "../../laws/registry/primitives/case.ts";
import { primitiveCases, primitives } from "../../laws/registry/primitives/index.ts";
import type { SymbolicFunction } from "../../laws/symbolic.ts";
import { compilerOf } from "../../laws/values/meaning.ts";
import { mustHoldHere } from "../../laws/vitest.ts";
import { layerWasmWith } from "../../src/backend/wasm/index.ts";
import { derive } from "../../src/interpreter/derive.ts";
import { apply, constant } from "../../src/ir/build.ts";
import { Expr, type PrimitiveTag } from "../../src/ir/expr.ts";
import { tensor } from "../../src/tensor/constructors.ts";

const ofDerivatives = refusedThroughout(derive);
const onWasm = inBounds(compilerOf(layerWasmWith({ threads: 1 })));

describe.each(primitives)("%s with invalid parameters", (primitive) => {
  const cases = primitiveCases[primitive] as readonly Case<PrimitiveTag>[];
  const wild = cases.flatMap((each) => distortionsOf(primitive, each));
  test.skipIf(wild.length === 0)("is refused, or stays within its operands", () => {
    for (const f of wild) mustHoldHere([onWasm, ofDerivatives], f, { runs: 1 });
  });
});

test("a slice of [10, 20, 30] from 1.5 is an issue of the program, even if it bypasses the public operation", () => {
  const x = constant(tensor([10, 20, 30]));
  const [y] = apply("slice", { start: [1.5], limit: [2.5], stride: [1] }, [x]);
  expect(y?.node.issue).toMatchObject({ _tag: "ShapeMismatch", op: "slice" });
});

test("the law catches an unchecked slice", () => {
  const unchecked: SymbolicFunction = {
    name: "an unchecked slice from 1.5",
    operands: [tensors([3], real)],
    apply: ([x]) => [
      new Expr(
        {
          primitive: "slice",
          params: { start: [1.5], limit: [2.5], stride: [1] },
          inputs: [x as Expr],
          outputs: [{ shape: [1], dtype: "f64" }],
          issue: undefined,
          path: [],
        },
        0,
      ),
    ],
  };
  expect(isLeft(check(onWasm, unchecked))).toBe(true);
});

test("the law catches a derivative that drops what is wrong with the function", () => {
  const invalid: SymbolicFunction = {
    name: "a slice of two axes by one bound",
    operands: [tensors([2, 2], real)],
    apply: (inputs) => apply("slice", { start: [0], limit: [1], stride: [1] }, inputs),
  };
  expect(isLeft(check(ofDerivatives, invalid))).toBe(false);
  const dropping = refusedThroughout({
    ...derive,
    vjp: (_, primals) => ({ outputs: primals, pullback: () => primals }),
  });
  expect(isLeft(check(dropping, invalid))).toBe(true);
});
