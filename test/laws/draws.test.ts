import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { check } from "../../laws/law.ts";
import { type Drawing, oneDrawPerKey } from "../../laws/randomness/draws.ts";
import { layerCases } from "../../laws/registry/networks/layers.ts";
import { exampleOfLayer } from "../../laws/subjects.ts";
import { mustHoldHere } from "../../laws/vitest.ts";
import { parameter } from "../../src/ir/build.ts";
import { add } from "../../src/ir/ops/elementwise.ts";
import { bernoulli, foldInKey, splitKey } from "../../src/ir/ops/random.ts";
import {
  fanout,
  frozen,
  named,
  parallel,
  remat,
  repeat,
  scanLayer,
  shared,
} from "../../src/nn/combinators/containers.ts";
import { timeDistributed } from "../../src/nn/combinators/overTime.ts";
import { andThen, sequential } from "../../src/nn/combinators/sequential.ts";
import { residual, skipConcat } from "../../src/nn/combinators/skip.ts";
import type { Composable } from "../../src/nn/layer.ts";
import { dropout } from "../../src/nn/layers/lambda.ts";

/** The draws of a layer for one example in training. */
const drawnBy = ({
  layer,
  shape,
}: Pick<(typeof layerCases)[number], "layer" | "shape">): Drawing => {
  const { name, operands, apply } = exampleOfLayer(layer, shape, "train");
  const [x, , ...rest] = operands.map(({ type }) => parameter(type));
  return { name, build: (key) => apply([x, key, ...rest] as Parameters<typeof apply>[0]) };
};

describe("no layer draws twice with one key", () => {
  // Batch statistics cannot be computed for one example, and draw nothing.
  const cases = layerCases.filter((each) => each.acrossExamples !== true);
  test.each(cases.map((each) => [each.name, each] as const))("%s", (_, each) => {
    mustHoldHere([oneDrawPerKey], drawnBy(each), { runs: 1 });
  });

  const broken = (drawing: Drawing) => isLeft(check(oneDrawPerKey, drawing, { runs: 1 }));

  // Each layer inside another one draws: with the same key, two layers would drop the same elements.
  const drop = dropout(0.5);
  test.each<readonly [string, Composable, readonly number[]]>([
    ["sequential", sequential(drop, drop, drop), [3]],
    ["andThen", andThen(drop, drop), [3]],
    ["parallel", parallel(drop, drop), [2, 3]],
    ["fanout", fanout(drop, drop), [3]],
    ["residual", residual(drop, drop), [3]],
    ["skipConcat", skipConcat(sequential(drop, drop)), [3]],
    ["repeat", repeat(3, drop), [3]],
    ["shared", shared(3, drop), [3]],
    ["checkpointed", sequential(drop, remat(sequential(drop, drop))), [3]],
    ["named and frozen", sequential(named("a", drop), frozen(drop)), [3]],
    ["scanLayer", sequential(drop, scanLayer(sequential(drop, drop))), [2, 3]],
    ["timeDistributed", sequential(drop, timeDistributed(sequential(drop, drop))), [2, 3]],
  ])("%s gives each layer its own key", (_, layer, shape) => {
    mustHoldHere([oneDrawPerKey], drawnBy({ layer, shape }), { runs: 1 });
  });

  test("one key for two draws is caught, inside and outside of a call", () => {
    const twice: Drawing = {
      name: "twice",
      build: (key) => [add(bernoulli(key, 0.5, [2]), bernoulli(key, 0.25, [2]))],
    };
    const split: Drawing = {
      name: "split and drawn",
      build: (key) => [...splitKey(key, 2), bernoulli(key, 0.5, [2])],
    };
    const folded: Drawing = {
      name: "folded alike",
      build: (key) => [1, 2, 1].map((n) => bernoulli(foldInKey(key, n), 0.5, [2])),
    };
    expect([twice, split, folded].map(broken)).toEqual([true, true, true]);
    const again = drawnBy({ layer: remat(dropout(0.5)), shape: [3] });
    const called: Drawing = {
      name: "",
      build: (key) => [...again.build(key), ...again.build(key)],
    };
    expect(broken(called)).toBe(true);
  });
});
