import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { mapping } from "../../laws/derivatives/batching.ts";
import {
  adjoint,
  derivativeLaws,
  differenceQuotients,
  exact,
} from "../../laws/derivatives/derivatives.ts";
import { chainRule, hessianSymmetry } from "../../laws/derivatives/higherOrder.ts";
import { real, tensors } from "../../laws/domain.ts";
import { check } from "../../laws/law.ts";
import { linearAlgebra } from "../../laws/registry/operations/linalg.ts";
import { cotangentMap, type SymbolicFunction } from "../../laws/symbolic.ts";
import { backendsAgree, compilerOf, immutability, meaningKept } from "../../laws/values/meaning.ts";
import { holds, mustHoldHere } from "../../laws/vitest.ts";
import { customDerivative } from "../../src/autodiff/index.ts";
import { layerWasm } from "../../src/backend/wasm/index.ts";
import { optimize } from "../../src/interpreter/optimize.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { matmul } from "../../src/ir/ops/contraction.ts";
import { tril } from "../../src/ir/ops/diagonals.ts";
import { add, mul } from "../../src/ir/ops/elementwise.ts";
import { transpose } from "../../src/ir/ops/structural.ts";
import { cholesky, inverse } from "../../src/linalg/index.ts";
import { eye } from "../../src/tensor/constructors.ts";

const runs = 10;

describe("derivatives and batches", () => {
  holds([...derivativeLaws(), chainRule(), mapping()], linearAlgebra, { runs });
  // Each sample takes as long as those of all other laws together.
  holds([hessianSymmetry()], linearAlgebra, { runs: 4 });
});

test("a rule that takes the whole diagonal instead of half of it is caught", () => {
  const factor: (a: Expr) => Expr = customDerivative((a: Expr) => cholesky(a), {
    jvp: (a, t) => matmul(factor(a), tril(matmul(inverse(factor(a)), t))),
    vjp: (a, _, w) => matmul(inverse(transpose(factor(a))), tril(w)),
  });
  const mistaken: SymbolicFunction = {
    name: "a mistaken factor",
    operands: [tensors([2, 2], real)],
    apply: ([x]) => [
      factor(add(mul(matmul(x as Expr, transpose(x as Expr)), 0.25), eye(2).cast("f64")) as Expr),
    ],
  };
  expect(isLeft(check(differenceQuotients(), mistaken))).toBe(true);
  expect(isLeft(check(adjoint(), mistaken))).toBe(true);
});

const wasm = compilerOf(layerWasm);

describe.each([meaningKept(optimize), backendsAgree(wasm), immutability(wasm)])("$name", (law) => {
  test.each(linearAlgebra)("$name", (f) => {
    mustHoldHere([law], f, { runs: 5 });
    mustHoldHere([law], cotangentMap(f, exact.reverse), { runs: 3 });
  });
});
