import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { real, tensors } from "../../laws/domain.ts";
import { check } from "../../laws/law.ts";
import { activationFunctions } from "../../laws/registry/networks/activations.ts";
import { layerCases } from "../../laws/registry/networks/layers.ts";
import { lossFunctions } from "../../laws/registry/networks/losses.ts";
import { accurateFunctions, accurateSlopes } from "../../laws/registry/operations/accurate.ts";
import { composedOperations } from "../../laws/registry/operations/composed.ts";
import {
  operationOf,
  rightlyNumbers,
  rightlyUnsigned,
} from "../../laws/registry/operations/hostile.ts";
import { linearAlgebra } from "../../laws/registry/operations/linalg.ts";
import { specialFunctions } from "../../laws/registry/operations/special.ts";
import { primitiveFunctions } from "../../laws/registry/primitives/index.ts";
import { functionOfLayer } from "../../laws/subjects.ts";
import { type SymbolicFunction, single } from "../../laws/symbolic.ts";
import { type Accurate, accuracy } from "../../laws/values/accuracy.ts";
import { emptyAxes } from "../../laws/values/empty.ts";
import { allFloats, hostile } from "../../laws/values/hostile.ts";
import { hostileAgreement, signedZeros } from "../../laws/values/hostileMeaning.ts";
import { type Compile, compilerOf } from "../../laws/values/meaning.ts";
import { nanPropagates } from "../../laws/values/nan.ts";
import { holds, mustHoldHere } from "../../laws/vitest.ts";
import { Backend } from "../../src/backend/index.ts";
import { layerWasm } from "../../src/backend/wasm/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { where } from "../../src/ir/ops/control.ts";
import { add, erf, gt, maximum, mul } from "../../src/ir/ops/elementwise.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { full } from "../../src/tensor/constructors.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const wasm = compilerOf(layerWasm);

const layers = layerCases.map(({ name, layer, shape, elements }) => ({
  ...functionOfLayer(layer, shape, elements),
  name,
}));
const operations = [
  ...primitiveFunctions,
  ...composedOperations,
  ...specialFunctions,
  ...activationFunctions,
  ...lossFunctions,
  ...linearAlgebra,
];

const among =
  (exceptions: object) =>
  (f: SymbolicFunction): boolean =>
    Object.hasOwn(exceptions, operationOf(f));

describe("NaN in, NaN out", () => {
  const subjects = [...operations, ...layers];
  test.each(subjects)("$name", (f) => {
    const exception = rightlyNumbers[operationOf(f)];
    if (exception !== undefined && exception.operands === undefined) return;
    mustHoldHere([nanPropagates(undefined, exception?.operands)], f, { runs: 12 });
  });

  test.each(Object.keys(rightlyNumbers))("%s is an exception", (operation) => {
    const mine = subjects.filter((f) => operationOf(f) === operation);
    expect(mine.some((f) => isLeft(check(nanPropagates(), f, { runs: 60 })))).toBe(true);
  });

  test("a hinge and a maximum that lose NaN are caught", () => {
    const losing: readonly ((x: Expr) => Expr)[] = [
      (x) => where(gt(x, 0), x, 0) as Expr,
      (x) => where(gt(x, -1), maximum(x, -1) as Expr, -1) as Expr,
    ];
    for (const f of losing) {
      const verdict = check(nanPropagates(), {
        name: "a loser",
        operands: [tensors([2], real)],
        apply: ([x]) => [f(x as Expr)],
      });
      expect(isLeft(verdict) && verdict.left.reason).toContain("with NaN for element");
    }
  });
});

const singles = [...operations, ...layers].flatMap((f) => {
  const made = single(f);
  return made === undefined ? [] : [{ ...made, name: f.name }];
});

describe("backends agree on hostile numbers", () => {
  test.each(singles)("$name", (f) => {
    mustHoldHere([hostileAgreement(wasm)], hostile(f, [...allFloats, "ends"]), { runs: 20 });
  });

  const reference = compilerOf(Backend.layerReference);
  const altered =
    (change: (x: number) => number): Compile =>
    (program) => {
      const executable = reference(program);
      return {
        ...executable,
        run: (xs) =>
          executable.run(xs).map((y) => Tensor.own(y.shape, y.dtype, y.toTypedArray().map(change))),
      };
    };
  const halved: SymbolicFunction = {
    name: "a half",
    operands: [tensors([3], real, "f32")],
    apply: ([x]) => [mul(x as Expr, 0.5)],
  };

  test.each<readonly [mistake: string, change: (x: number) => number]>([
    ["NaN is 0", (x) => (Number.isNaN(x) ? 0 : x)],
    ["∞ is the largest float", (x) => (x === Number.POSITIVE_INFINITY ? 2 ** 127 : x)],
    ["subnormal numbers are 0", (x) => (Math.abs(x) < 2 ** -126 ? 0 : x)],
    ["eighteen bits", (x) => x * (1 + 2 ** -18)],
  ])("a backend for which %s is caught", (_, change) => {
    const verdict = check(hostileAgreement(altered(change)), hostile(halved), { runs: 100 });
    expect(isLeft(verdict)).toBe(true);
  });

  test("a backend that loses the sign of zero is caught", () => {
    const verdict = check(signedZeros(altered((x) => x + 0)), hostile(halved, ["zeros"]));
    expect(isLeft(verdict)).toBe(true);
  });
});

describe("empty axes", () => {
  test.each(operations)("$name", (f) => {
    mustHoldHere([emptyAxes(wasm)], f, { runs: 6 });
  });

  const given: SymbolicFunction = {
    name: "a function of a vector",
    operands: [tensors([3], real)],
    apply: ([x]) => [x as Expr],
  };
  test("an untyped error is caught", () => {
    const apply: SymbolicFunction["apply"] = ([x]) => {
      if (x?.shape[0] === 0) throw new RangeError("Invalid array length");
      return [x as Expr];
    };
    const verdict = check(emptyAxes(wasm), { ...given, apply });
    expect(isLeft(verdict) && verdict.left.reason).toContain("raw RangeError");
  });

  test("a backend for which the empty sum is 1 is caught", () => {
    const mistaken: Compile = (program) => ({
      ...wasm(program),
      run: (xs) =>
        wasm(program)
          .run(xs)
          .map((y) => full(y.shape, 1, y.dtype)),
    });
    const apply: SymbolicFunction["apply"] = ([x]) => [sum(x as Expr) as Expr];
    const verdict = check(emptyAxes(mistaken), { ...given, apply });
    expect(isLeft(verdict) && verdict.left.reason).toContain("is 1, not 0");
  });
});

describe("signs of zeros", () => {
  const primitives = primitiveFunctions.filter((f) => !among(rightlyUnsigned)(f));
  test.each(primitives.flatMap((f) => single(f) ?? []))("$name", (f) => {
    mustHoldHere([signedZeros(wasm)], hostile(f, ["zeros", "subnormals", "magnitudes"]));
  });
});

describe("accuracy", () => {
  holds([accuracy(wasm)], accurateFunctions, { runs: 200 });

  holds([accuracy(wasm)], accurateSlopes, { runs: 100 });

  test("a tail with cancellation is caught", () => {
    const like = accurateFunctions.find(({ name }) => name === "gelu") as Accurate;
    const mistaken: Accurate = {
      ...like,
      name: "a gelu without a tail",
      apply: ([x]) => [mul(mul(x as Expr, 0.5), add(erf(mul(x as Expr, Math.SQRT1_2)), 1)) as Expr],
    };
    const verdict = check(accuracy(wasm), mistaken, { runs: 200 });
    expect(isLeft(verdict) && verdict.left.reason).toContain("ulp from");
  });
});
