import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { check } from "../../laws/law.ts";
import { layerCases } from "../../laws/registry/networks/layers.ts";
import type { LearnerSubject } from "../../laws/training/learners.ts";
import { halvesMoveLess } from "../../laws/training/precision.ts";
import { mustHoldHere } from "../../laws/vitest.ts";
import { charLm } from "../../pipelines/language/char-lm.ts";
import { weatherLstm } from "../../pipelines/time/weather-lstm.ts";
import { emojiResnet } from "../../pipelines/vision/emoji-resnet.ts";
import { mnistCnn } from "../../pipelines/vision/mnist-cnn.ts";
import { mnistMlp } from "../../pipelines/vision/mnist-mlp.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { cumsum, mean, mul } from "../../src/ir/index.ts";
import { inPrecision, type Learner, lossScaled, objective } from "../../src/learn/index.ts";
import { eachLeaf } from "../../src/learn/trees.ts";
import { open } from "../../src/nn/apply.ts";
import type { AnyLayer } from "../../src/nn/layer.ts";
import type { Loss } from "../../src/nn/losses/index.ts";
import { sgd } from "../../src/optim/index.ts";
import { normal, zeros } from "../../src/tensor/index.ts";

type AnyLearner = Learner<never, unknown>;

const scaled = (learner: AnyLearner): AnyLearner =>
  lossScaled()(inPrecision("f16")(learner)) as AnyLearner;

const subjects = layerCases
  // The maxima that it puts back are found in f32: their index is taken of a copy.
  .filter(({ name }) => name !== "maxUnpool, setting 2")
  .map(
    ({ name, layer, shape }): LearnerSubject => ({
      name,
      learner: objective({
        models: { layer: open(layer) as AnyLayer }, // its type to the outside
        loss: ({ layer }, { x }: { readonly x: Expr }) => {
          const y = layer(x);
          return mean(mul(y, y)) as Loss;
        },
        optimizer: sgd({ learningRate: 0.1 }),
      }) as AnyLearner,
      batch: (key, examples) => ({ x: normal(key, [examples, ...shape]) }),
      separable: true,
    }),
  );

describe("a step that learns a layer", () => {
  test.each(subjects)("$name", (subject) => {
    mustHoldHere([halvesMoveLess()], subject, { runs: 1 });
  });

  test("in f16, as in bf16", () => {
    for (const [i, subject] of subjects.entries())
      if (i % 8 === 0) mustHoldHere([halvesMoveLess(inPrecision("f16"))], subject, { runs: 1 });
  });

  test("passes that only prepare what is stored are caught", () => {
    const wasteful = (learner: AnyLearner): AnyLearner => {
      const half = inPrecision("bf16")(learner);
      const again = (x: Expr): Expr => cumsum(cumsum(cumsum(x, -1), -1), -1);
      return { ...half, step: (kept, batch, how) => half.step(kept, eachLeaf(again, batch), how) };
    };
    const caught = subjects
      .slice(0, 2)
      .filter((of) => isLeft(check(halvesMoveLess(wasteful), of, { runs: 1 })));
    expect(caught).toHaveLength(2);
  });
});

/** A pipeline's learner on batches of zeros. */
const onZeros = (
  { name, learner }: { readonly name: string; readonly learner: unknown },
  columns: { readonly [column: string]: readonly [shape: readonly number[], dtype: "f32" | "i32"] },
): LearnerSubject => ({
  name,
  learner: learner as AnyLearner, // any learner is one whose rows nobody has looked at
  batch: (_, examples) =>
    Object.fromEntries(
      Object.entries(columns).map(([column, [shape, dtype]]) => [
        column,
        zeros([examples, ...shape], dtype),
      ]),
    ),
  separable: true,
});

describe("a step of a pipeline, with a scaled loss in f16", () => {
  const label = [[], "i32"] as const;
  test.each([
    onZeros(mnistMlp, { image: [[784], "f32"], label }),
    onZeros(mnistCnn, { image: [[784], "f32"], label }),
    onZeros(weatherLstm, { days: [[7, 6], "f32"], change: [[1], "f32"] }),
    onZeros(emojiResnet, { image: [[32, 32, 3], "f32"], label }),
    onZeros(charLm, { text: [[64], "i32"], next: [[64], "i32"] }),
  ])("$name", (subject) => {
    mustHoldHere([halvesMoveLess(), halvesMoveLess(scaled)], subject, { runs: 1 });
  });
});
