import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import {
  fromSound,
  padSequences,
  prepare,
  transcription,
  vocabularyOf,
} from "../../../src/data/index.ts";
import {
  type Dataset,
  dataset,
  key,
  type Splits,
  stackTensors,
  type Tensor,
} from "../../../src/index.ts";
import { fromTypedArray, normal, split, uniform } from "../../../src/tensor/index.ts";
import { addNoise } from "./noise.ts";
import { digitWords, ownSplit, type Recording, recordings, sampleRate } from "./spokenDigits.ts";

/** The maximum number of digits of a string. */
export const mostDigits = 5;

/** How a string becomes a spectrogram: up to 3 seconds, in steps of 16 ms. */
export const fromDigits = fromSound({
  sampleRate,
  frames: 192,
  resampled: true,
});

/** What a transcriber hears: a sound, and the numbers of the tokens that were said, 0 after them. */
export type Transcribed = {
  readonly sound: Tensor<readonly [number, number]>;
  readonly text: Tensor<readonly [number]>;
};

/** A string of digits and how it sounds. */
export interface DigitString {
  readonly digits: readonly number[];
  readonly samples: Float32Array;
}

const [shortest, longest] = [0.02, 0.25].map((seconds) => seconds * sampleRate) as [number, number];
/** The least and the greatest ratio of speech to noise, in decibels. */
const [loudNoise, softNoise] = [5, 25];

/**
 * Joins recordings to strings of 1 to 5 digits, each said by one speaker, with pauses of 20 to 250 ms, in white noise that is 5
 * to 25 dB softer than the speech. The same seed gives the same strings.
 */
export const joined = (
  of: readonly Recording[],
  count: number,
  seed: number,
): readonly DigitString[] => {
  const [forChoices, forNoise] = split(key(seed), 2);
  const per = 3 * mostDigits + 6;
  const drawn = uniform(forChoices, [count, per]).toTypedArray();
  const noise = normal(forNoise, [2 ** 18]).toTypedArray();
  const speakers = [...new Set(of.map(({ speaker }) => speaker))];
  const own = speakers.map((name) => of.filter(({ speaker }) => speaker === name));
  const most = fromDigits.frames * fromDigits.hop - 1;
  return Array.from({ length: count }, (_, i) => {
    let next = i * per;
    const below = (n: number): number => Math.floor((drawn[next++] as number) * n);
    const between = (low: number, high: number): number =>
      low + (high - low) * (drawn[next++] as number);
    const pause = (): number => Math.round(between(shortest, longest));
    const spoken = own[below(speakers.length)] ?? [];
    const parts: { readonly digit: number; readonly at: number; readonly sound: Float32Array }[] =
      [];
    let end = pause();
    for (let left = 1 + below(mostDigits); left > 0; left--) {
      const said = spoken[below(spoken.length)];
      if (said === undefined) break;
      const sound = said.sound.samples.toTypedArray() as Float32Array; // as readWav makes them
      if (end + sound.length + longest > most) break;
      parts.push({ digit: said.digit, at: end, sound });
      end += sound.length + pause();
    }
    const samples = new Float32Array(end);
    for (const { at, sound } of parts) samples.set(sound, at);
    const decibels = between(loudNoise, softNoise);
    addNoise(samples, noise, below(noise.length - end), decibels);
    return { digits: parts.map(({ digit }) => digit), samples };
  });
};

/**
 * Strings as rows.
 *
 * **Fails with** `InvalidArgument`, as `prepare`.
 */
export const stringRows = Effect.fnUntraced(function* (of: readonly DigitString[]) {
  const columns: Tensor[] = [];
  for (const { samples } of of) {
    const sound = { samples: fromTypedArray([1, samples.length], samples), sampleRate };
    const made = prepare("sound", fromDigits, sound);
    if (isLeft(made)) return yield* Effect.fail(made.left);
    columns.push(made.right);
  }
  return dataset({
    sound: stackTensors(columns),
    text: padSequences(
      of.map(({ digits }) => digits.map((digit) => digit + 1)),
      mostDigits,
    ),
  }) as Dataset as Dataset<Transcribed>; // each column has the shape that `fromDigits` says
});

/** The tokens of a string: a blank, and the words of the digits. */
export const digitTokens = vocabularyOf(["<blank>", ...digitWords]);

/**
 * Strings of spoken digits in noise: some for training, made of the takes 10 to 49, and 200 each for choices and the test, made
 * of takes that no training string has.
 */
export const digitStrings = Effect.fnUntraced(function* (count: number) {
  const read = yield* recordings(() => true);
  const part = (name: string) => read.filter((said) => ownSplit(said) === name);
  return {
    train: yield* stringRows(joined(part("train"), count, 1)),
    validation: yield* stringRows(joined(part("validation"), 200, 2)),
    test: yield* stringRows(joined(part("test"), 200, 3)),
    inputs: { sound: fromDigits },
    transcription: transcription({ vocabulary: digitTokens, separator: " " }),
  } satisfies Splits<Transcribed>;
});
