import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it, test } from "vitest";
import { mapping } from "../../../laws/derivatives/batching.ts";
import { adjoint, primalPreservation } from "../../../laws/derivatives/derivatives.ts";
import { check, type Law } from "../../../laws/law.ts";
import { modelCases } from "../../../laws/registry/networks/models.ts";
import { exampleOfLayer, functionOfLayer } from "../../../laws/subjects.ts";
import { mustHoldHere } from "../../../laws/vitest.ts";
import { mnist } from "../../../pipelines/data/vision/mnist.ts";
import { customDerivative } from "../../../src/autodiff/index.ts";
import {
  adam,
  dense,
  type Expr,
  lambda,
  pipeline,
  sequential,
  softmaxCrossEntropy,
  supervised,
  train$,
  withBatchSize,
  withEpochs,
  withSeed,
} from "../../../src/index.ts";
import { cast } from "../../../src/ir/ops/control.ts";
import { gt, mul } from "../../../src/ir/ops/elementwise.ts";
import { open } from "../../../src/nn/apply.ts";
import { type AnyLayer, frozen, reshape } from "../../../src/nn/index.ts";
import type { Composable } from "../../../src/nn/layer.ts";
import { sequenceCrossEntropy } from "../../../src/nn/losses/probabilistic.ts";
import { stages } from "../../../src/nn/models/build.ts";
import {
  alexnet,
  cifarResnet,
  lenet,
  mlp,
  perceptron,
  resnet,
  unet,
  vit,
} from "../../../src/nn/models/index.ts";
import { summary as rowsOf } from "../../../src/nn/summary.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import { backends, collect, losses } from "../../train/examples.ts";

/** The number of params in the layers that a model's summary lists. */
const partsOf = (layer: Composable, shape: Shape): number =>
  rowsOf(layer, shape)
    .filter((row) => row.depth === 1)
    .reduce((n, row) => n + row.params, 0);

describe.each(modelCases)("$name", ({ layer, shape, scales, elements, acrossExamples = false }) => {
  test.each(scales)("has $params params at full scale: $source", (scale) => {
    expect(rowsOf(scale.layer, scale.shape)[0]).toMatchObject({
      params: scale.params,
      output: scale.output,
    });
  });

  test("its summary adds up", () => {
    expect(partsOf(layer, shape)).toBe(rowsOf(layer, shape)[0]?.params);
  });

  test("derivatives by the input and by the params", { timeout: 60_000 }, () => {
    mustHoldHere([primalPreservation(), adjoint()], functionOfLayer(layer, shape, elements), {
      runs: 3,
    });
  });

  const modes = acrossExamples ? (["eval"] as const) : (["train", "eval"] as const);
  test.each(modes)("batch invariance, %s", { timeout: 60_000 }, (mode) => {
    mustHoldHere([mapping()], exampleOfLayer(layer, shape, mode), { runs: 3 });
  });
});

const digits = Effect.map(mnist, ({ train }) => ({ train: train.take(8) }));

/** Trains on the same eight digits over and over. */
const overfitting = (name: string, model: Composable, epochs: number, learningRate: number) =>
  pipe(
    pipeline(
      name,
      digits,
      supervised({
        input: "image",
        target: "label",
        classes: 10,
        model: stages(reshape([28, 28, 1]), model) as AnyLayer,
        loss: softmaxCrossEntropy,
        optimizer: adam({ learningRate }),
      }),
    ),
    withBatchSize(8),
    withEpochs(epochs),
    withSeed(1),
  );

const flat = (model: Composable): Composable => stages(reshape([784]), model);
const small = {
  alexnet: alexnet(10, {
    channels: 1,
    convolutions: [8, 8, 16, 16, 8],
    hidden: 32,
    pooled: 2,
    stem: { size: 3, stride: 1, padding: 1 },
    dropout: 0,
  }),
  vit: vit(10, { size: 28, patch: 7, width: 16, depth: 2, heads: 2, channels: 1 }),
};

describe("eight digits of MNIST, overfitted on wasm", () => {
  it.each([
    { name: "perceptron", model: flat(perceptron(784, 10)), epochs: 100, rate: 0.01 },
    { name: "mlp", model: flat(mlp(784, [32], 10)), epochs: 60, rate: 0.01 },
    { name: "lenet", model: lenet(10), epochs: 60, rate: 0.005 },
    { name: "alexnet", model: small.alexnet, epochs: 100, rate: 0.005 },
    {
      name: "resnet",
      model: resnet(18, 10, { channels: 1, width: 4 }),
      epochs: 60,
      rate: 0.01,
    },
    {
      name: "cifarResnet",
      model: cifarResnet(8, 10, { channels: 1, width: 4 }),
      epochs: 60,
      rate: 0.02,
    },
    { name: "vit", model: small.vit, epochs: 200, rate: 0.005 },
  ])("$name", { timeout: 60_000 }, async ({ name, model, epochs, rate }) => {
    const run = overfitting(name, model, epochs, rate);
    const found = losses(await collect(train$(run, { services: backends.wasm })));
    expect(found[0]).toBeGreaterThan(1);
    expect(found.at(-1)).toBeLessThan(0.02);
    const short = withEpochs(3)(run);
    const reference = losses(await collect(train$(short, { services: backends.reference })));
    for (const [i, loss] of reference.entries())
      expect(Math.abs(loss - (found[i] ?? Number.NaN))).toBeLessThan(1e-3 * (1 + loss));
  });

  it("unet, which separates ink from paper", { timeout: 60_000 }, async () => {
    const run = pipe(
      pipeline(
        "unet",
        Effect.map(digits, ({ train }) => ({ train: train.take(4) })),
        supervised({
          input: "image",
          target: "image",
          model: sequential(
            reshape([28, 28, 1]),
            unet(2, { channels: 1, width: 4, levels: 2 }),
            reshape([784, 2]),
          ),
          loss: (logits: Expr, image: Expr) =>
            sequenceCrossEntropy(logits, cast(gt(image, 0.5) as Expr, "i32")),
          optimizer: adam({ learningRate: 0.01 }),
        }),
      ),
      withBatchSize(4),
      withEpochs(400),
      withSeed(1),
    );
    const found = losses(await collect(train$(run, { services: backends.wasm })));
    expect(found.at(-1)).toBeLessThan(0.02);
  });
});

describe("mistakes planted in a model are caught", () => {
  const breaks = <S extends { readonly name: string }>(law: Law<S>, subject: S): string => {
    const verdict = check(law, subject, { runs: 3 });
    return isLeft(verdict) ? verdict.left.reason : "";
  };
  // Small, so that the simplest counter-example is found soon.
  const [network, shape] = [mlp(3, [4], 2), [3]];
  const ending = (last: Composable): Composable => stages(network, last);

  test("a number of params: a network without its normalization", () => {
    expect(rowsOf(unet(1), [256, 256, 3])[0]?.params).not.toBe(31_037_633);
  });

  test("its summary: a network that hides its layers", () => {
    const { parts: _, ...secret } = open(network);
    const layer = secret as AnyLayer as Composable;
    expect(partsOf(layer, shape)).not.toBe(rowsOf(layer, shape)[0]?.params);
  });

  test("its derivatives: a pullback without a factor", { timeout: 60_000 }, () => {
    const forgetful = customDerivative((x: Expr) => mul(x, x) as Expr, {
      vjp: (x, _, w) => mul(x, w) as Expr,
    });
    const layer = ending(lambda("forgetful", forgetful));
    expect(breaks(adjoint(), functionOfLayer(layer, shape))).not.toBe("");
    expect(breaks(adjoint(), functionOfLayer(network, shape))).toBe("");
  });

  it.each([
    ["a body that does not learn", frozen(lenet(10))],
    [
      "a model that does not see the image",
      stages(
        lenet(10),
        lambda("blind", (x: Expr) => mul(x, 0) as Expr),
        dense(10, 10),
      ),
    ],
  ] as const)("overfitting: %s", { timeout: 60_000 }, async (_, model) => {
    const run = overfitting("planted", model, 60, 0.005);
    const found = losses(await collect(train$(run, { services: backends.wasm })));
    expect(found.at(-1)).toBeGreaterThan(0.02);
  });
});

describe("invalid arguments of a model", () => {
  it("are refused with the valid ones", () => {
    const refused = (argument: string) =>
      expect.objectContaining({ _tag: "InvalidArgument", argument });
    expect(() => resnet(19 as 18, 10)).toThrow(refused("depth"));
    for (const depth of [2, 9, -4]) expect(() => cifarResnet(depth, 10)).toThrow(refused("depth"));
    for (const make of [resnet.bind(undefined, 18), cifarResnet.bind(undefined, 8)])
      expect(() => make(10, { width: 0 })).toThrow(refused("width"));
    expect(() => mlp(4, [0], 2)).toThrow(refused("width"));
    expect(() => vit(2, { size: 10, patch: 3, width: 4, depth: 1, heads: 1 })).toThrow(
      refused("patch"),
    );
    expect(() => vit(2, { size: 8, patch: 4, width: 6, depth: 1, heads: 4 })).toThrow(
      refused("heads"),
    );
    for (const shape of [
      [12, 16, 1],
      [16, 12, 1],
    ] as const)
      expect(() => rowsOf(unet(2, { channels: 1, width: 2, levels: 3 }), shape)).toThrow(
        refused("2 ** levels"),
      );
  });
});
