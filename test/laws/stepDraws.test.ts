import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { check, type Law } from "../../laws/law.ts";
import { moments, type Sampler } from "../../laws/randomness/keys.ts";
import {
  countedDraws,
  type DrawingLayer,
  distinctDraws,
  drawsOfStep,
  meanOverKeys,
  tracedDraws,
} from "../../laws/randomness/stepDraws.ts";
import {
  countedLayers,
  drawingLayers,
  droppingLayers,
} from "../../laws/registry/networks/drawing.ts";
import { layerCases } from "../../laws/registry/networks/layers.ts";
import { noises } from "../../laws/registry/ported/noise.ts";
import { programOf } from "../../laws/symbolic.ts";
import { holds } from "../../laws/vitest.ts";
import { epochOrder } from "../../src/data/source/order.ts";
import { derive } from "../../src/interpreter/derive.ts";
import { constant } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { mul } from "../../src/ir/ops/elementwise.ts";
import type { KeyExpr } from "../../src/ir/ops/random.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { supervised } from "../../src/learn/index.ts";
import { oneShard } from "../../src/learn/shards.ts";
import { open, still } from "../../src/nn/apply.ts";
import type { OpenLayer } from "../../src/nn/layer.ts";
import { dropout } from "../../src/nn/layers/lambda.ts";
import type { Loss } from "../../src/nn/losses/reduction.ts";
import { sgd } from "../../src/optim/index.ts";
import { ones, zeros } from "../../src/tensor/constructors.ts";
import { foldIn, key } from "../../src/tensor/key.ts";
import type { Shape } from "../../src/tensor/shape.ts";

holds([distinctDraws], [...layerCases, ...drawingLayers], { runs: 1 });
describe("every layer with a dropout rate draws", () => {
  holds([countedDraws], countedLayers, { runs: 1 });
});
describe("dropout keeps the mean", () => {
  holds([meanOverKeys], droppingLayers, { runs: 2 });
});

describe("layers that draw have their documented moments", () => {
  holds([moments(key, 1e5)], noises, { runs: 1 });

  test("another variance is caught", () => {
    const [, noise] = noises as readonly [Sampler, Sampler];
    const wrong = { ...noise, variance: noise.variance * 1.05 };
    expect(isLeft(check(moments(key, 1e5), wrong, { shrink: false }))).toBe(true);
  });
});

const reason = (law: Law<DrawingLayer>, layer: OpenLayer): string => {
  // `AnyLayer` is the type of an open layer to the outside.
  const verdict = check(
    law,
    { name: "wrong", layer: layer as never, shape: [3] },
    { shrink: false },
  );
  return isLeft(verdict) ? verdict.left.reason : "";
};

test("the law sees every draw", () => {
  const traced = (name: string): number => {
    const subject = [...layerCases, ...drawingLayers].find((each) => each.name === name);
    return subject === undefined ? -1 : drawsOfStep(subject, 1).length;
  };
  expect(traced("dense")).toBe(0);
  // Two examples: one draw each; two draws three times; two draws at four time steps.
  expect(traced("dropout")).toBe(2);
  expect(traced("repeat of layers that draw")).toBe(12);
  expect(traced("timeDistributed of layers that draw")).toBe(16);
  expect(traced("scanLayer of layers that draw")).toBe(16);
  expect(traced("checkpointed of layers that draw")).toBe(8);
});

describe("planted mistakes in keys are caught", () => {
  const drop = open(dropout(0.5));

  test("a layer that never draws in training, or draws in evaluation", () => {
    const counted = (mode: "train" | "eval"): string => {
      const layer: OpenLayer = {
        ...drop,
        apply: (params, state, x, context) => drop.apply(params, state, x, { ...context, mode }),
      };
      const subject = { name: "wrong", layer: layer as never, shape: [3], draws: 1 };
      const verdict = check(countedDraws, subject);
      return isLeft(verdict) ? verdict.left.reason : "";
    };
    expect(counted("eval")).toBe("training draws 0 times for an example, not 1");
    expect(counted("train")).toBe("an evaluation draws 1 times");
  });

  test("two layers given the same key", () => {
    const careless: OpenLayer = {
      ...drop,
      apply: (params, state, x, context) => {
        const [y] = drop.apply(params, state, x, context);
        return drop.apply(params, state, y, context);
      },
    };
    expect(reason(distinctDraws, careless)).toContain("has drawn");
  });

  test("kept values that are not rescaled", () => {
    const heavy: OpenLayer = {
      ...drop,
      apply: (params, state, x, context) => {
        const [y] = drop.apply(params, state, x, context);
        return [context.mode === "eval" ? x : (mul(y, 0.5) as Expr), state];
      },
    };
    expect(reason(meanOverKeys, heavy)).toContain("the mean of output");
  });
});

test("no step of a run uses the key of the example order, nor of another step", () => {
  const run = key(7);
  const steps = Array.from({ length: 2000 }, (_, step) => String(foldIn(run, step)));
  expect(new Set(steps).size).toBe(2000);
  const orders = Array.from({ length: 50 }, (_, epoch) => String(epochOrder(run, epoch, 40, true)));
  expect(new Set(orders).size).toBe(50);
});

test("an example is changed by another key than its model draws from", () => {
  const learner = supervised({
    input: "x",
    target: "x",
    model: dropout(0.5),
    loss: (y: Expr) => sum(y) as Loss,
    // A key of the run stands in for the augmentation's own: it draws as the model does.
    augment: <X extends Shape>(x: Expr<X>, own: KeyExpr): Expr<X> =>
      open(dropout(0.5)).apply(undefined, undefined, x, {
        ...still,
        mode: "train",
        key: own,
      })[0] as Expr as Expr<X>,
    optimizer: sgd({ learningRate: 0 }),
  });
  const types = [
    { shape: [2, 3], dtype: "f32" },
    { shape: [2], dtype: "i32" },
  ] as const;
  const step = programOf(types, ([x, own]) => {
    const none = zeros([], "i32");
    const { report } = learner.step(
      learner.init(key(0)),
      { x: x as Expr },
      {
        key: own as KeyExpr,
        step: constant(none) as Expr<readonly []>,
        epoch: constant(none) as Expr<readonly []>,
        reverse: derive,
        overShards: oneShard,
      },
    );
    return [report.loss];
  });
  const draws = tracedDraws(step, [ones([2, 3]), key(3)]).map((draw) => draw.key);
  expect(draws).toHaveLength(4);
  expect(new Set(draws).size).toBe(4);
});
