import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { real, tensors } from "../../laws/domain.ts";
import { check } from "../../laws/law.ts";
import { activationFunctions } from "../../laws/registry/networks/activations.ts";
import { layerCases } from "../../laws/registry/networks/layers.ts";
import { lossFunctions } from "../../laws/registry/networks/losses.ts";
import { composedOperations } from "../../laws/registry/operations/composed.ts";
import { operationOf } from "../../laws/registry/operations/hostile.ts";
import { linearAlgebra } from "../../laws/registry/operations/linalg.ts";
import { specialFunctions } from "../../laws/registry/operations/special.ts";
import { primitiveFunctions } from "../../laws/registry/primitives/index.ts";
import type { SymbolicFunction } from "../../laws/symbolic.ts";
import { exactOrRefused } from "../../laws/values/integers.ts";
import { holds } from "../../laws/vitest.ts";
import { apply1 } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { fill } from "../../src/ir/ops/indexing.ts";
import { open, still } from "../../src/nn/apply.ts";
import { key } from "../../src/tensor/key.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { flatten } from "../../src/tree.ts";

/** What is not what it is of floats, and why. */
const exceptions: { readonly [operation: string]: string } = {
  div: "a quotient of integers is truncated, and of 0 it is 0, as documented",
  rem: "a remainder by 0 is 0, as documented",
};

/** Layers without params, as functions of an example. */
const layerFunctions: readonly SymbolicFunction[] = layerCases.flatMap(({ name, layer, shape }) => {
  const inner = open(layer);
  const { params, state } = inner.init(key(0));
  const apply: SymbolicFunction["apply"] = ([x]) => [
    inner.apply(params, state, x as Expr, still)[0],
  ];
  return flatten({ params, state }).leaves.some((leaf) => leaf instanceof Tensor)
    ? []
    : [{ name: `layer ${name}`, operands: [tensors(shape, real)], apply }];
});

const functions: readonly SymbolicFunction[] = [
  ...layerFunctions,
  ...primitiveFunctions,
  ...composedOperations,
  ...specialFunctions,
  ...linearAlgebra,
  ...activationFunctions,
  ...lossFunctions,
];

describe("integers", () => {
  holds(
    [exactOrRefused],
    functions.filter((f) => exceptions[operationOf(f)] === undefined),
    { runs: 20 },
  );

  test.each(Object.keys(exceptions))("%s is an exception", (operation) => {
    const mine = functions.filter((f) => operationOf(f) === operation);
    expect(mine.some((f) => isLeft(check(exactOrRefused, f, { runs: 200 })))).toBe(true);
  });

  test("a mean that is truncated is noticed", () => {
    const mistaken: SymbolicFunction = {
      name: "a half",
      operands: [tensors([3], real)],
      apply: ([x]) => [apply1("div", {}, x as Expr, fill([3], 2, (x as Expr).dtype))],
    };
    const verdict = check(exactOrRefused, mistaken);
    expect(isLeft(verdict) && verdict.left.reason).toContain("output 0");
  });
});
