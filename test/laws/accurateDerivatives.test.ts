import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { exact } from "../../laws/derivatives/derivatives.ts";
import { tensors } from "../../laws/domain.ts";
import { check } from "../../laws/law.ts";
import { accurateDerivatives } from "../../laws/registry/operations/accurateDerivatives.ts";
import { cotangentMap } from "../../laws/symbolic.ts";
import { type Accurate, accuracy } from "../../laws/values/accuracy.ts";
import { logUniform } from "../../laws/values/hostile.ts";
import { compilerOf } from "../../laws/values/meaning.ts";
import { holds } from "../../laws/vitest.ts";
import { Backend } from "../../src/backend/index.ts";
import { call } from "../../src/ir/control.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { div, mul, neg, square } from "../../src/ir/ops/elementwise.ts";

const compile = compilerOf(Backend.layerReference);

describe("derivatives are accurate wherever they are in range", () => {
  holds([accuracy(compile)], accurateDerivatives, { runs: 150 });
});

test("a quotient whose cotangent is divided by a square is caught", () => {
  const magnitudes = tensors([2], logUniform(1e-30, 1e30), "f32");
  const quotient = {
    name: "a quotient",
    operands: [magnitudes, magnitudes],
    apply: (xs: readonly Expr[]) =>
      call(
        "quotient",
        {
          kind: "custom",
          vjp: ([x, y]) => ({
            outputs: [div(x as Expr, y as Expr) as Expr],
            pullback: ([w]) => [
              div(w as Expr, y as Expr) as Expr,
              neg(div(mul(w as Expr, x as Expr), square(y as Expr))) as Expr,
            ],
          }),
        },
        xs,
        ([x, y]) => [div(x as Expr, y as Expr) as Expr],
      ),
  };
  const mistaken: Accurate = { ...cotangentMap(quotient, exact.reverse), ulps: 16 };
  const verdict = check(accuracy(compile), mistaken, { runs: 150 });
  expect(isLeft(verdict) && verdict.left.reason).toContain("ulp from");
});
