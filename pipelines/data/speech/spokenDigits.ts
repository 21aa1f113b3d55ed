import { join } from "node:path";
import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { fromSound, prepare, readWav, type Sound } from "../../../src/data/index.ts";
import {
  type Dataset,
  dataset,
  fromTypedArray,
  type Splits,
  stackTensors,
  type Tensor,
} from "../../../src/index.ts";
import { dataFiles, dataFolder } from "../../../src/io/index.ts";
import { sums } from "./spokenDigitsSums.ts";

/** The words of the digits. */
export const digitWords = [
  ...["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
] as const;

/** The speakers, who are called so in the dataset. */
export const speakers = Object.keys(sums);

const [commit, takes, bytesOfTake] = ["26eb9aaf76e81b692f806f9140c2d2777410d7a1", 50, 34];

/** A digit that somebody said, for the n-th time. */
export interface Said {
  readonly digit: number;
  readonly speaker: string;
  readonly take: number;
}

const pathOf = ({ digit, speaker, take }: Said): string =>
  `recordings/${digit}_${speaker}_${take}.wav`;

const all: readonly Said[] = speakers.flatMap((speaker) =>
  digitWords.flatMap((_, digit) =>
    Array.from({ length: takes }, (_, take) => ({ digit, speaker, take })),
  ),
);

/** The files of Free Spoken Digits, one for each recording. */
export const spokenDigitsFiles = dataFiles({
  name: "spoken-digits",
  license: "CC BY-SA 4.0",
  origin: "https://github.com/Jakobovski/free-spoken-digit-dataset",
  files: all.map((said) => {
    const path = pathOf(said);
    const own = Buffer.from(sums[said.speaker]?.[said.digit] ?? "", "base64").subarray(
      said.take * bytesOfTake,
      (said.take + 1) * bytesOfTake,
    );
    return {
      path,
      address: `https://raw.githubusercontent.com/Jakobovski/free-spoken-digit-dataset/${commit}/${path}`,
      bytes: own.readUInt16LE(0),
      sha256: own.toString("hex", 2),
    };
  }),
  packed: { file: "free-spoken-digits.tar.gz", as: "tar.gz" },
});

/** The number of samples a second. */
export const sampleRate = 8000;

/** How a digit becomes a spectrogram: 64 steps of 16 ms by 40 mels. */
export const fromDigit = fromSound({ sampleRate, frames: 64, resampled: true });

/** A digit as it is heard, and which it is. */
export type SpokenDigit = {
  readonly sound: Tensor<readonly [64, 40]>;
  readonly label: Tensor<readonly []>;
};

/** A recording: who said what, and how it sounds. */
export interface Recording extends Said {
  readonly sound: Sound;
}

/**
 * Recordings of Free Spoken Digits, without what comes after the first `1.024 s`: 17 of the 3,000 are longer.
 *
 * **Fails with** `DataSourceError`, with the command that fetches them; `InvalidFile`.
 */
export const recordings = (wanted: (said: Said) => boolean) =>
  Effect.flatMap(dataFolder(spokenDigitsFiles), (folder) =>
    Effect.forEach(
      all.filter(wanted),
      (said) =>
        Effect.map(
          readWav(join(folder, pathOf(said)), {
            sampleRate,
            channels: "mono",
            frames: fromDigit.frames * fromDigit.hop - 1,
          }),
          (sound): Recording => ({ ...said, sound }),
        ),
      { concurrency: 16 },
    ),
  );

/**
 * Recordings as rows.
 *
 * **Fails with** `InvalidArgument`, as `prepare`.
 */
export const heard = Effect.fnUntraced(function* (of: readonly Recording[]) {
  const columns: Tensor[] = [];
  for (const { sound } of of) {
    const made = prepare("sound", fromDigit, sound);
    if (isLeft(made)) return yield* Effect.fail(made.left);
    columns.push(made.right);
  }
  const label = Int32Array.from(of, ({ digit }) => digit);
  // Each column has the shape that `fromDigit` says.
  return dataset({
    sound: stackTensors(columns),
    label: fromTypedArray([of.length], label),
  }) as Dataset as Dataset<SpokenDigit>;
});

/** The first test recording of each digit, by name. */
export const oneOfEach = ({ test }: { readonly test?: Dataset | object }) => {
  if (test === undefined || !("column" in test)) return {};
  const labels = [...test.column("label").toTypedArray()];
  return Object.fromEntries(
    digitWords.map((word, digit) => [word, test.select("sound").row(labels.indexOf(digit))]),
  );
};

/** Which recordings are for training, for choices between settings, and for the test. */
export type Part = (said: Said) => "train" | "validation" | "test";

/** The split of the dataset: the takes 0 to 4 are its test. Of the others, 5 to 9 are for choices here. */
export const ownSplit: Part = ({ take }) =>
  take < 5 ? "test" : take < 10 ? "validation" : "train";

/** A split by speakers: all that one of them said is the test. There are no choices to make. */
export const withoutSpeaker =
  (name: string): Part =>
  ({ speaker }) =>
    speaker === name ? "test" : "train";

/**
 * Ten digits, spoken 50 times by each of six people: 3,000 recordings at 8 kHz.
 *
 * **Source** Jackson et al., Free Spoken Digit Dataset, https://github.com/Jakobovski/free-spoken-digit-dataset (2018),
 * CC BY-SA 4.0.
 */
export const spokenDigits = Effect.fnUntraced(function* (part: Part) {
  const read = yield* recordings(() => true);
  const rowsOf = (name: ReturnType<Part>) => heard(read.filter((said) => part(said) === name));
  return {
    train: yield* rowsOf("train"),
    ...(all.some((said) => part(said) === "validation") && {
      validation: yield* rowsOf("validation"),
    }),
    test: yield* rowsOf("test"),
    inputs: { sound: fromDigit },
    classes: digitWords,
  } satisfies Splits<SpokenDigit>;
});
