import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { compositions } from "../../laws/derivatives/compositions.ts";
import { exact } from "../../laws/derivatives/derivatives.ts";
import { parts } from "../../laws/derivatives/parts.ts";
import { real, tensors } from "../../laws/domain.ts";
import { across, check } from "../../laws/law.ts";
import { primitiveFunctions } from "../../laws/registry/primitives/index.ts";
import type { SymbolicFunction } from "../../laws/symbolic.ts";
import { mustHoldHere } from "../../laws/vitest.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { mul } from "../../src/ir/ops/elementwise.ts";
import { zerosLike } from "../../src/ir/ops/indexing.ts";

describe("derivatives along some operands", () => {
  test.each(primitiveFunctions)("$name", (f) => {
    mustHoldHere([parts()], f, { runs: 10 });
  });
  test("random compositions", () => {
    mustHoldHere([across(parts())], compositions, { runs: 40 });
  });
});

describe("the law catches a forward mode", () => {
  const product: SymbolicFunction = {
    name: "a product",
    operands: [tensors([2], real), tensors([2], real)],
    apply: ([x, y]) => [mul(x as Expr, y as Expr) as Expr],
  };
  const reason = (jvp: typeof exact.forward.jvp): string | false => {
    const verdict = check(parts({ ...exact, forward: { jvp } }), product);
    return isLeft(verdict) && verdict.left.reason;
  };
  test("that gives constants a tangent", () => {
    expect(
      reason((program, primals, tangents) =>
        exact.forward.jvp(
          program,
          primals,
          primals.map((x, i) => tangents[i] ?? (tangents.some(Boolean) ? x : undefined)),
        ),
      ),
    ).toMatch(/^derivative 0 at \[\d\] is/);
  });
  test("that computes zeros as tangents", () => {
    expect(
      reason((program, primals, tangents) =>
        exact.forward.jvp(
          program,
          primals,
          primals.map((x, i) => tangents[i] ?? zerosLike(x)),
        ),
      ),
    ).toContain("must be none");
  });
});
