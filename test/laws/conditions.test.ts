import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { mapping, type Vmap } from "../../laws/derivatives/batching.ts";
import { derivativesOfMaps } from "../../laws/derivatives/mappedDerivatives.ts";
import { check } from "../../laws/law.ts";
import { conditionalFunctions } from "../../laws/registry/operations/conditions.ts";
import { batched, type SymbolicFunction } from "../../laws/symbolic.ts";
import { holds } from "../../laws/vitest.ts";
import { cond } from "../../src/autodiff/control.ts";
import { ForwardMode } from "../../src/autodiff/forwardMode.ts";
import { grad, hessian, ReverseMode, vmap } from "../../src/autodiff/index.ts";
import { compile } from "../../src/backend/compile.ts";
import type { SyncBackend } from "../../src/backend/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { where } from "../../src/ir/ops/control.ts";
import { gt, mul, sqrt } from "../../src/ir/ops/elementwise.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { tensor } from "../../src/tensor/constructors.ts";
import { layerStanding } from "../backend/standing.ts";

holds([derivativesOfMaps(), mapping()], conditionalFunctions, { runs: 40 });

test("the law catches a map that runs both branches on every example", () => {
  const careless: Vmap = (f, mapped, size) =>
    batched(
      {
        ...f,
        apply: ([x]) => [where(gt(x as Expr, 0), sqrt(x as Expr), mul(x as Expr, 0)) as Expr],
      },
      mapped,
      size,
    );
  const verdict = check(derivativesOfMaps(careless), conditionalFunctions[0] as SymbolicFunction);
  expect(isLeft(verdict) && verdict.left.reason).toContain("NaN");
});

describe("the gradient of Σ vmap(x ↦ cond(x > 0, √x, 0·x))", () => {
  const half = (w: Expr, x: Expr) =>
    sum(
      vmap((v: Expr) =>
        cond(
          gt(v, 0) as Expr<readonly []>,
          (u: Expr) => mul(w, sqrt(u)) as Expr,
          (u: Expr) => mul(u, 0) as Expr,
          v,
        ),
      )(x),
    ) as Expr<readonly []>;
  const one = tensor(1);
  const provided = <A, E>(
    effect: Effect.Effect<A, E, ForwardMode | ReverseMode | SyncBackend>,
  ): A =>
    Effect.runSync(
      effect.pipe(
        Effect.provide(layerStanding),
        Effect.provide(ReverseMode.layerTape),
        Effect.provide(ForwardMode.layerDual),
      ) as Effect.Effect<A>,
    );

  test.each([
    { at: [0, 4], expected: [0, 0.25] },
    { at: [0, 0], expected: [0, 0] },
  ])("at $at is $expected", ({ at, expected }) => {
    const x = tensor(at);
    const gradient = provided(
      Effect.flatMap(
        grad((y: Expr) => half(one as never, y)),
        (g) => compile(g, [x]),
      ),
    );
    expect(gradient(x).toArray()).toEqual(expected);
  });

  test("has a Hessian without NaN", () => {
    const x = tensor([0, 4]);
    const second = provided(
      Effect.flatMap(
        hessian((y: Expr) => half(one as never, y)),
        (h) => compile(h, [x]),
      ),
    );
    expect(second(x).toArray()).toEqual([
      [0, 0],
      [expect.closeTo(0), -1 / 32],
    ]);
  });

  test.each([
    { at: [-1, 4], expected: 2 },
    { at: [-1, -4], expected: 0 },
  ])("by a shared operand, at $at, is $expected", ({ at, expected }) => {
    const gradient = provided(
      Effect.flatMap(
        grad((w: Expr) => half(w, tensor(at) as never)),
        (g) => compile(g, [one]),
      ),
    );
    expect(gradient(one).item()).toBe(expected);
  });
});
