import * as Effect from "effect/Effect";
import {
  type Dataset,
  dataset,
  fromTypedArray,
  key,
  type Row,
  type Splits,
  type Tensor,
} from "../../../src/index.ts";
import { dataAvailable } from "../../../src/io/index.ts";
import { normal } from "../../../src/tensor/index.ts";
import { allAvailable } from "../installed.ts";
import { addNoise } from "../speech/noise.ts";
import {
  digitWords,
  fromDigit,
  heard,
  ownSplit,
  type Recording,
  recordings,
  type SpokenDigit,
  spokenDigitsFiles,
} from "../speech/spokenDigits.ts";
import { type Digit, mnist, mnistFolder } from "../vision/mnist.ts";

/** Checks that both kinds of digits are there, without reading them. */
export const pairsAvailable = allAvailable([mnistFolder, dataAvailable(spokenDigitsFiles)]);

/** What is noisy in a pair: nothing, the picture, the sound, or both. */
export const conditions = ["clean", "picture noisy", "sound noisy", "both noisy"] as const;

/** A digit that was written and one that was spoken, of the same kind. */
export type Pair = {
  readonly image: Digit["image"];
  readonly sound: SpokenDigit["sound"];
  readonly label: Tensor<readonly []>;
  /** The label plus ten times the number of the condition. */
  readonly told: Tensor<readonly []>;
};

/** The deviation of the noise on pixels, which are from 0 to 1, and the decibels of speech over its noise. */
const [pixelNoise, speechOverNoise] = [1, -5];

/** Every recording with several pictures of its digit: each picture is in one pair at most. */
export const pairsOf = Effect.fnUntraced(function* (
  spoken: readonly Recording[],
  written: Dataset<Digit>,
  { each, noisy, seed }: { readonly each: number; readonly noisy: boolean; readonly seed: number },
) {
  const labels = [...written.column("label").toTypedArray()];
  const left = digitWords.map((_, digit) =>
    labels.flatMap((label, i) => (label === digit ? [i] : [])),
  );
  const pairs = Array.from({ length: each }, () => spoken).flat();
  const condition = pairs.map((_, i) => (noisy ? i % conditions.length : 0));
  const pick = pairs.map(({ digit }) => left[digit]?.shift() ?? 0);
  const noise = normal(key(seed), [2 ** 20]).toTypedArray();
  /** Another part of the noise for each pair. */
  const from = (i: number): number => (i * 7919) % (noise.length - 2 ** 14);
  const sounds = pairs.map((said, i): Recording => {
    if ((condition[i] ?? 0) < 2) return said;
    const samples = Float32Array.from(said.sound.samples.toTypedArray(), Number);
    addNoise(samples, noise, from(i), speechOverNoise);
    const tensor = fromTypedArray([1, samples.length], samples);
    return { ...said, sound: { ...said.sound, samples: tensor } };
  });
  const image = written.pick(Int32Array.from(pick)).column("image");
  const pixels = Float32Array.from(image.toTypedArray(), Number);
  const size = pixels.length / pairs.length;
  for (const [i, kind] of condition.entries())
    if (kind % 2 === 1)
      for (let k = 0; k < size; k++)
        pixels[i * size + k] =
          (pixels[i * size + k] as number) + pixelNoise * (noise[from(i) + k] as number);
  const { sound, label } = (yield* heard(sounds)).all();
  return dataset({
    image: fromTypedArray(image.shape, pixels),
    sound,
    label,
    told: fromTypedArray(
      [pairs.length],
      Int32Array.from(pairs, ({ digit }, i) => digit + 10 * (condition[i] ?? 0)),
    ),
  }) as Dataset<Row> as Dataset<Pair>; // each column is as its own dataset has it
});

/**
 * Spoken digits with written ones: each recording for training with two pictures of MNIST's training part, and each of the test
 * with four of its test part. What is for training of one set is never for the test of the other. With `noisy`, a quarter each is
 * clean, or has noise on the picture, on the sound, or on both: pixels with a deviation of 1, and white noise that is 5 dB louder
 * than the speech.
 *
 * **Source** Jackson et al., Free Spoken Digit Dataset (2018); LeCun, Cortes and Burges, MNIST.
 */
export const pairedDigits = (noisy: boolean) =>
  Effect.gen(function* () {
    yield* pairsAvailable;
    const [read, pictures] = [yield* recordings(() => true), yield* mnist];
    const part = (name: string) => read.filter((said) => ownSplit(said) === name);
    const { train, test } = pictures;
    const half = train.size / 2;
    const places = (first: number) => Int32Array.from({ length: half }, (_, i) => first + i);
    const how = { noisy, each: 2 };
    return {
      train: yield* pairsOf(part("train"), train.pick(places(0)), { ...how, seed: 1 }),
      validation: yield* pairsOf(part("validation"), train.pick(places(half)), { ...how, seed: 2 }),
      test: yield* pairsOf(part("test"), test, { noisy, each: 4, seed: 3 }),
      inputs: { sound: fromDigit, image: pictures.inputs.image },
      classes: digitWords,
    } satisfies Splits<Pair>;
  });
