import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { check } from "../../laws/law.ts";
import {
  constantMean,
  type Labelled,
  neverNegative,
  unknownLabels,
} from "../../laws/networks/losses.ts";
import { optionLaws } from "../../laws/options.ts";
import { knownActivations } from "../../laws/registry/known/activations.ts";
import { knownLosses } from "../../laws/registry/known/losses.ts";
import {
  labeledLosses,
  lossesFromZero,
  meanLosses,
} from "../../laws/registry/networks/lossRanges.ts";
import { lossOptionCases } from "../../laws/registry/options/losses.ts";
import type { SymbolicFunction } from "../../laws/symbolic.ts";
import { knownValue, knownValuesOf } from "../../laws/values/known.ts";
import { compilerOf } from "../../laws/values/meaning.ts";
import { holds } from "../../laws/vitest.ts";
import { Backend } from "../../src/backend/index.ts";
import { layerWasm } from "../../src/backend/wasm/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { div, mul, neg, sqrt, square, sub } from "../../src/ir/ops/elementwise.ts";
import { take } from "../../src/ir/ops/indexing.ts";
import { logSoftmax, sum } from "../../src/ir/ops/reduction.ts";

const wasm = compilerOf(layerWasm);

describe("known values of activations", () => {
  holds([knownValue()], knownValuesOf(knownActivations), { runs: 1 });
});

describe("known values of losses", () => {
  holds([knownValue()], knownValuesOf(knownLosses), { runs: 1 });
});

describe("losses are never negative", () => {
  holds([neverNegative(wasm)], lossesFromZero, { runs: 100 });

  test("a difference from 1 that rounds below 0 is caught, and a negated zero", () => {
    const [cosine] = lossesFromZero.filter((f) => f.name === "cosineEmbedding, setting 2");
    const length = (x: Expr): Expr => sqrt(sum(square(x))) as Expr;
    const losing: readonly ((x: Expr) => Expr)[] = [
      (x) => sub(1, sum(square(mul(x, sub(1, sub(1, length(x))) as Expr) as Expr))) as Expr,
      (x) => neg(mul(length(x), 0)) as Expr,
    ];
    for (const f of losing) {
      const mistaken = {
        ...(cosine as SymbolicFunction),
        apply: ([x]: readonly Expr[]) => [f(x as Expr)],
      };
      expect(isLeft(check(neverNegative(wasm), mistaken, { runs: 100 }))).toBe(true);
    }
  });
});

describe("options of activations, losses and metrics", () => {
  holds(optionLaws, lossOptionCases, { runs: 12 });
});

describe("the mean of a constant loss is that constant", () => {
  for (const compile of [wasm, compilerOf(Backend.layerReference)])
    holds([constantMean(compile)], meanLosses, { runs: 30 });

  test("a divided sum is caught", () => {
    const divided = {
      name: "divided",
      loss: (x: Expr, y: Expr) => div(sum(sub(x, y) as Expr), x.shape[0] ?? 1) as Expr,
    };
    expect(isLeft(check(constantMean(wasm), divided, { runs: 100 }))).toBe(true);
  });
});

describe("invalid labels", () => {
  holds([unknownLabels(wasm)], labeledLosses, { runs: 60 });

  test("a loss that reads 0 beyond its classes is caught", () => {
    const reading: Labelled = {
      name: "reads 0",
      scores: [4],
      classes: 4,
      loss: (x, y) => neg(take(logSoftmax(x), y)) as Expr,
    };
    const verdict = check(unknownLabels(wasm), reading);
    expect(isLeft(verdict) && verdict.left.reason).toContain("the loss of label");
  });
});
