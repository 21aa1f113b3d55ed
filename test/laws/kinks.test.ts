import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { declaredDerivative, type Kinked } from "../../laws/derivatives/declared.ts";
import {
  adjoint,
  exact,
  linearity,
  primalPreservation,
} from "../../laws/derivatives/derivatives.ts";
import { real, tensors } from "../../laws/domain.ts";
import { check } from "../../laws/law.ts";
import type { Case } from "../../laws/registry/primitives/case.ts";
import { kinkedPrimitives } from "../../laws/registry/primitives/index.ts";
import { kinkedFunctions } from "../../laws/registry/primitives/kinks.ts";
import { programOf, typesOf } from "../../laws/symbolic.ts";
import { compilerOf } from "../../laws/values/meaning.ts";
import { holds } from "../../laws/vitest.ts";
import { layerWasm } from "../../src/backend/wasm/index.ts";
import { call } from "../../src/ir/control.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { cast } from "../../src/ir/ops/control.ts";
import { add, ge, lt, maximum, mul } from "../../src/ir/ops/elementwise.ts";

const wasm = compilerOf(layerWasm);
const onWasm = declaredDerivative(exact, (f) => wasm(programOf(typesOf(f), f.apply)).run);

describe("derivatives at kinks", () => {
  holds(
    [declaredDerivative(), { ...onWasm, name: "declared derivative, on wasm" }],
    [...kinkedPrimitives, ...kinkedFunctions],
    { runs: 60 },
  );
});

describe("a planted mistake at a tie", () => {
  /** Gives the whole derivative at a tie to the first operand, in both modes. */
  const shares = (x: Expr, y: Expr): readonly [Expr, Expr] => [
    cast(ge(x, y) as Expr, "f64"),
    cast(lt(x, y) as Expr, "f64"),
  ];
  const greedy: Kinked = {
    name: "a greedy maximum",
    operands: [tensors([2], real), tensors([2], real)],
    rough: true,
    apply: (xs) =>
      call(
        "maximum",
        {
          kind: "custom",
          jvp: (primals, [t, u]) => {
            const [a, b] = shares(...(primals as [Expr, Expr]));
            return [add(mul(a, t as Expr), mul(b, u as Expr)) as Expr];
          },
          vjp: (primals) => ({
            outputs: [maximum(...(primals as [Expr, Expr])) as Expr],
            pullback: ([w]) =>
              shares(...(primals as [Expr, Expr])).map((s) => mul(s, w as Expr) as Expr),
          }),
        },
        xs,
        ([x, y]) => [maximum(x as Expr, y as Expr) as Expr],
      ),
    at: [
      {
        inputs: [
          [1, 1],
          [1, 0],
        ],
        jacobian: [
          [0.5, 0, 0.5, 0],
          [0, 1, 0, 0],
        ],
      },
    ],
  };

  test("does not break the laws of derivatives", () => {
    for (const law of [primalPreservation(), adjoint(), linearity()])
      expect(isLeft(check(law, greedy))).toBe(false);
  });

  test("breaks the law of declared derivatives", () => {
    const verdict = check(declaredDerivative(), greedy);
    expect(isLeft(verdict) && verdict.left.reason).toBe(
      "Jᵀ·w at [1. 1.], [1. 0.] 0 at [0] is 1, not 0.5",
    );
  });
});

test("a rough case without a derivative written by hand does not compile", () => {
  // @ts-expect-error what is missing is the point of the test
  const silent: Case<"abs"> = { label: "", params: {}, operands: [], rough: true };
  expect(silent.at).toBeUndefined();
});
