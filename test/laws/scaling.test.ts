import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { positive, tensors } from "../../laws/domain.ts";
import { check } from "../../laws/law.ts";
import { homogeneousFunctions } from "../../laws/registry/operations/scales.ts";
import { compilerOf } from "../../laws/values/meaning.ts";
import { type Homogeneous, scaling } from "../../laws/values/scaling.ts";
import { holds } from "../../laws/vitest.ts";
import { layerWasm } from "../../src/backend/wasm/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { div, sqrt, square } from "../../src/ir/ops/elementwise.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { lengthOf } from "../../src/linalg/scale.ts";

const wasm = compilerOf(layerWasm);

describe("homogeneous functions scale over the whole float range", () => {
  holds([scaling(wasm)], homogeneousFunctions, { runs: 40 });
  holds([{ ...scaling(wasm, "f64"), name: "scaling in f64" }], homogeneousFunctions, { runs: 20 });
});

describe("is noticed:", () => {
  const naive = (x: Expr): Expr => sqrt(sum(square(x)) as Expr) as Expr;
  const subject = (name: string, f: (x: Expr) => Expr, degree: number): Homogeneous => ({
    name,
    operands: [tensors([3], positive, "f32")],
    degrees: [degree],
    apply: ([x]) => [f(x as Expr)],
  });

  test.each<Homogeneous>([
    subject("a length by its square", naive, 1),
    subject("a direction by it", (x) => div(x, naive(x)) as Expr, 0),
    subject("a length of another degree", lengthOf, 2),
  ])("$name", (f) => {
    expect(isLeft(check(scaling(wasm), f, { runs: 40 }))).toBe(true);
  });
});
