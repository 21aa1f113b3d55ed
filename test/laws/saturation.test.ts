import * as fc from "fast-check";
import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { tensors } from "../../laws/domain.ts";
import { across, check } from "../../laws/law.ts";
import { finiteSlopes, noLostSlopes, type Saturated } from "../../laws/networks/saturation.ts";
import { powerFunctions, saturatedFunctions } from "../../laws/registry/networks/saturated.ts";
import { holds } from "../../laws/vitest.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { abs, add, div, exp, log, mul, neg, pow, sub } from "../../src/ir/ops/elementwise.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { sigmoid, softplus } from "../../src/nn/functional/activation.ts";

describe("slopes at saturated inputs", () => {
  holds([across(finiteSlopes)], saturatedFunctions(1e4), { runs: 25 });
  holds([across(noLostSlopes)], saturatedFunctions(1e30), { runs: 15 });
  holds(
    [across({ ...finiteSlopes, name: "finite slopes in f64" })],
    saturatedFunctions(1e4, "f64"),
    { runs: 8 },
  );
});

describe("slopes of powers at 0", () => {
  holds([across(finiteSlopes)], powerFunctions, { runs: 60 });
});

describe("is noticed:", () => {
  const logits = tensors([3], fc.constantFrom(-1e4, -110, -1, 0, 1, 110, 1e4), "f32");
  const subject = (name: string, f: (x: Expr) => Expr): Saturated => ({
    name,
    operands: [logits],
    apply: ([x]) => [f(x as Expr)],
  });

  test.each([
    subject("a focal loss by a power, with γ below 1", (x) =>
      sum(mul(pow(sub(1, sigmoid(x)), 0.5), softplus(neg(x)))),
    ),
    subject("a cross entropy by the logarithm of a sigmoid", (x) => sum(neg(log(sigmoid(x))))),
    subject("a softplus that overflows", (x) => log(add(exp(x), 1))),
    subject("a softmax without its maximum", (x) => div(exp(x), sum(exp(x)))),
  ])("$name", (f) => {
    expect(isLeft(check(finiteSlopes, f))).toBe(true);
  });

  test("a norm by a power below 1, at 0", () => {
    const norm = subject("a norm", (x) => pow(sum(pow(abs(x), 0.5)), 2));
    expect(isLeft(check(finiteSlopes, norm))).toBe(true);
  });

  test("a value whose slope is lost", () => {
    const wide: Saturated = {
      name: "a bell whose width is squared",
      operands: [tensors([1], fc.constantFrom(1, 1e10, 1e20, 1e30), "f32")],
      apply: ([x]) => [exp(neg(mul(mul(x as Expr, x as Expr), x as Expr)))],
    };
    expect(isLeft(check(noLostSlopes, wide))).toBe(true);
  });
});
