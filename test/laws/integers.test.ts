import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { real, tensors } from "../../laws/domain.ts";
import { check } from "../../laws/law.ts";
import { activationFunctions } from "../../laws/registry/networks/activations.ts";
import { layerCases } from "../../laws/registry/networks/layers.ts";
import { lossFunctions } from "../../laws/registry/networks/losses.ts";
import { composedOperations } from "../../laws/registry/operations/composed.ts";
import { operationOf } from "../../laws/registry/operations/hostile.ts";
import { bareLinearAlgebra } from "../../laws/registry/operations/linalg.ts";
import { specialFunctions } from "../../laws/registry/operations/special.ts";
import { primitiveFunctions } from "../../laws/registry/primitives/index.ts";
import type { SymbolicFunction } from "../../laws/symbolic.ts";
import { exactOrRefused } from "../../laws/values/integers.ts";
import { holds } from "../../laws/vitest.ts";
import { apply1 } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { cast } from "../../src/ir/ops/control.ts";
import { div, mul, sub } from "../../src/ir/ops/elementwise.ts";
import { fill, ravel } from "../../src/ir/ops/indexing.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { index } from "../../src/ir/ops/structural.ts";
import { open, still } from "../../src/nn/apply.ts";
import { key } from "../../src/tensor/key.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { flatten } from "../../src/tree.ts";

/** The operations whose integer results differ from those of floats, and why. */
const exceptions: { readonly [operation: string]: string } = {
  div: "a quotient of integers is truncated, and of 0 it is 0, as documented",
  rem: "a remainder by 0 is 0, as documented",
};

const dtypes = ["i32", "u8", "bool"] as const;

/** Layers without params, as functions of an example. */
const layerFunctions: readonly SymbolicFunction[] = layerCases.flatMap(({ name, layer, shape }) => {
  const inner = open(layer);
  const { params, state } = inner.init(key(0));
  const apply: SymbolicFunction["apply"] = ([x]) => [
    inner.apply(params, state, x as Expr, still)[0],
  ];
  return flatten<unknown>({ params, state }).leaves.some((leaf) => leaf instanceof Tensor)
    ? []
    : [{ name: `layer ${name}`, operands: [tensors(shape, real)], apply }];
});

const functions: readonly SymbolicFunction[] = [
  ...layerFunctions,
  ...primitiveFunctions,
  ...composedOperations,
  ...specialFunctions,
  ...bareLinearAlgebra,
  ...activationFunctions,
  ...lossFunctions,
];

describe("integers", () => {
  holds(
    dtypes.map((dtype) => exactOrRefused(dtype)),
    functions.filter((f) => exceptions[operationOf(f)] === undefined),
    { runs: 20 },
  );

  test.each(Object.keys(exceptions))("%s is an exception", (operation) => {
    const mine = functions.filter((f) => operationOf(f) === operation);
    expect(mine.some((f) => isLeft(check(exactOrRefused(), f, { runs: 200 })))).toBe(true);
  });

  const mistaken: readonly SymbolicFunction[] = [
    {
      name: "a mean that is truncated",
      operands: [tensors([3], real)],
      apply: ([x]) => [apply1("div", {}, x as Expr, fill([3], 2, (x as Expr).dtype))],
    },
    {
      name: "a determinant by an elimination whose quotients are truncated",
      operands: [tensors([2, 2], real)],
      apply: ([x]) => {
        const [a, b, c, d] = [0, 1, 2, 3].map((i) => index(ravel(x as Expr), i));
        return [mul(a as Expr, sub(d as Expr, mul(div(c as Expr, a as Expr), b as Expr)))];
      },
    },
  ];
  test.each(mistaken)("$name is noticed", (f) => {
    const verdict = check(exactOrRefused(), f);
    expect(isLeft(verdict) && verdict.left.reason).toContain("output 0");
  });

  test("a sum of booleans that is a boolean is noticed", () => {
    const verdict = check(exactOrRefused("bool"), {
      name: "whether there is any",
      operands: [tensors([3], real)],
      apply: ([x]) => {
        const e = x as Expr;
        return [e.dtype === "bool" ? cast(sum(cast(e, "i32")), "bool") : sum(e)];
      },
    });
    expect(isLeft(verdict) && verdict.left.reason).toContain("not 2");
  });
});
