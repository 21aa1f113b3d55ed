import * as Effect from "effect/Effect";
import { lastValueFrom } from "rxjs";
import { describe, expect, it } from "vitest";
import { laws } from "../../laws/index.ts";
import { holds } from "../../laws/vitest.ts";
import { mnist } from "../../pipelines/data/vision/mnist.ts";
import {
  type Augmentation,
  augmentations,
  cutout,
  type Dataset,
  randomCrop,
} from "../../src/data/index.ts";
import {
  accuracy,
  adam,
  batchNorm,
  dataset,
  dense,
  objective,
  pipeline,
  relu,
  sequential,
  softmaxCrossEntropy,
  train$,
} from "../../src/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import {
  add,
  cast,
  minimum,
  mul,
  random,
  reshape,
  softmax,
  square,
  sub,
  sum,
} from "../../src/ir/index.ts";
import { follow, type Learner } from "../../src/learn/index.ts";
import type { AnyLayer } from "../../src/nn/index.ts";
import { pretrained } from "../../src/nn/index.ts";
import { cosineEmbedding, type Loss } from "../../src/nn/losses/index.ts";
import { fromTypedArray, type Key, normal, split, type Tensor } from "../../src/tensor/index.ts";

type Row = { readonly [column in "image" | "label" | "other"]: Expr };

/**
 * The mean teacher: a student learns labels, and the opinion that its own moving average has of pictures without labels.
 * The weight of the opinion grows over the first steps.
 *
 * **Source** Tarvainen and Valpola (2017), arXiv:1703.01780, section 2.
 */
const meanTeacher = (model: AnyLayer, change: Augmentation, weight: number, steps = 300) =>
  objective<Row, { readonly student: AnyLayer; readonly teacher: AnyLayer }>({
    models: { student: model, teacher: model },
    follows: { teacher: follow("student", 0.99) },
    loss: ({ student, teacher }, { image, label, other }, { key, mode, step }) => {
      const [own, others] = random.splitKey(key, 2);
      const output = mode === "eval" ? teacher(image) : student(change(image, own));
      const apart = sub(softmax(student(change(other, others))), softmax(teacher(other)));
      const grown = mul(minimum(mul(cast(step, "f32"), 1 / steps), 1), weight);
      const loss = add(softmaxCrossEntropy(output, label), mul(sum(square(apart)), grown));
      return { loss: loss as Loss, output, target: label };
    },
    optimizer: adam({ learningRate: 5e-3 }),
    metrics: [accuracy],
  });

/**
 * Bootstrap your own latent: a network predicts what its moving average makes of another view of the same picture. There
 * are no negatives; without the predictor or the average, everything would become alike.
 *
 * **Source** Grill et al. (2020), arXiv:2006.07733, section 3.1 and equation 2.
 */
const byol = (encoder: AnyLayer, width: number, change: Augmentation) => {
  const head = (): AnyLayer =>
    sequential(dense(width, width), batchNorm(width), relu, dense(width, width / 2));
  const predictor: AnyLayer = sequential(
    ...[dense(width / 2, width), batchNorm(width), relu, dense(width, width / 2)],
  );
  return objective({
    models: { encoder, head: head(), predictor, slowEncoder: encoder, slowHead: head() },
    follows: { slowEncoder: follow("encoder", 0.98), slowHead: follow("head", 0.98) },
    loss: (
      { encoder, head, predictor, slowEncoder, slowHead },
      { image }: Pick<Row, "image">,
      { key },
    ) => {
      const [first, second] = random.splitKey(key, 2);
      const [one, other] = [change(image, first), change(image, second)];
      const apart = (a: Expr, b: Expr) =>
        cosineEmbedding(predictor(head(encoder(a))), slowHead(slowEncoder(b)), 1);
      return add(apart(one, other), apart(other, one)) as Loss;
    },
    optimizer: adam({ learningRate: 3e-3 }),
  });
};

/** Moves a picture by up to two pixels, and hides a square of it. */
const handled: Augmentation = (image, key) =>
  reshape(augmentations(randomCrop(2), cutout(8))(reshape(image, [28, 28, 1]), key), [784]);

const noisy: Augmentation = (x, key) => add(x, mul(random.normal(key, x.shape), 0.1));

const rows = (key: Key, examples: number) => {
  const [a, b, c] = split(key, 3);
  const label = Int32Array.from(normal(c, [examples]).toTypedArray(), (v) => (v < 0 ? 0 : 1));
  return {
    image: normal(a, [examples, 4]) as Tensor,
    other: normal(b, [examples, 4]) as Tensor,
    label: fromTypedArray([examples], label) as Tensor,
  };
};

holds(
  laws.learner,
  [
    {
      name: "meanTeacher",
      learner: meanTeacher(dense(4, 2), noisy, 3, 2) as Learner<never, unknown>,
      batch: rows,
      separable: true,
      follows: (path) => path.startsWith("teacher"),
    },
    {
      name: "byol",
      learner: byol(dense(4, 4), 4, noisy) as Learner<never, unknown>,
      batch: rows,
      separable: false,
      follows: (path) => path.startsWith("slow"),
    },
  ],
  { runs: 2 },
);

/** A run to its end. */
const ended = async (learner: unknown, train: Dataset, test: Dataset, epochs: number) => {
  const data = Effect.succeed({ train, test });
  // Each learner reads the columns that it is given.
  const of = pipeline("paper", data, learner as never, { batchSize: 50, epochs, seed: 1 });
  const end = await lastValueFrom(train$(of));
  return end._tag === "Completed" ? end : expect.unreachable();
};

const { train, test } = await Effect.runPromise(mnist);

describe("of MNIST with a hundred labels,", () => {
  const [labeled, held] = [train.take(100), test.take(2000)];

  it("a mean teacher learns more with the pictures without labels than a student alone", async () => {
    const all = 10_000;
    const positions = Int32Array.from({ length: all }, (_, i) => i % 100);
    const { image, label } = labeled.pick(positions).all();
    const both = dataset({ image, label, other: train.take(all).all().image });
    const tested = held.mapBatches((batch) => ({ ...batch, other: batch.image }));
    const learned = async (weight: number) => {
      const model = sequential(dense(784, 128), relu, dense(128, 10));
      const end = await ended(meanTeacher(model, handled, weight), both, tested, 5);
      return Number(end.test?.metrics.accuracy);
    };
    expect(await learned(5)).toBeGreaterThan((await learned(0)) + 0.03);
  });

  it("a linear probe reads more from what BYOL learned without labels than from random features", async () => {
    const encoder = sequential(dense(784, 128), relu, dense(128, 64), relu);
    const { state } = await ended(byol(encoder, 64, handled), train.take(6000), held, 5);
    const { params } = state.carried as { readonly params: { readonly encoder: never } };
    const probed = async (layer: AnyLayer) => {
      const probe = objective({
        models: { encoder: layer, probe: dense(64, 10) as AnyLayer },
        trains: ["probe"],
        loss: ({ encoder, probe }, { image, label }: Row) => {
          const output = probe(encoder(image));
          return { loss: softmaxCrossEntropy(output, label), output, target: label };
        },
        optimizer: adam({ learningRate: 1e-2 }),
        metrics: [accuracy],
      });
      return Number((await ended(probe, labeled, held, 150)).test?.metrics.accuracy);
    };
    const [learned, random] = [
      await probed(pretrained(encoder, params.encoder)),
      await probed(encoder),
    ];
    expect(learned).toBeGreaterThan(random + 0.05);
  });
});
