import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import {
  type FromSound,
  fromSound,
  fromText,
  padSequences,
  prepare,
  type Sound,
  vocabularyOf,
} from "../../../src/data/index.ts";
import {
  type Dataset,
  dataset,
  fromTypedArray,
  stackTensors,
  type Tensor,
} from "../../../src/index.ts";
import { aligner, type Uttered } from "./alignment.ts";
import { clipsAs, mostCharacters, partsOf } from "./prompts.ts";
import { digitWords, ownSplit, recordings, speakers } from "./spokenDigits.ts";

/** The tokens of texts that are spoken: what follows a text, and the characters of English words. */
export const characters = vocabularyOf(["<end>", " ", "'", ..."abcdefghijklmnopqrstuvwxyz"]);

type Part = "train" | "validation" | "test";

/** How often durations are found anew. */
const rounds = 8;

/** A text that somebody said, how it sounds by mels over time, as it was recorded, and in which part it is. */
export interface Utterance {
  readonly text: string;
  readonly speaker: number;
  readonly sound: Tensor;
  readonly recorded: Sound;
  readonly part: Part;
}

/** A text, who says it, how many steps each character lasts, and how it sounds. */
export type Spoken = {
  readonly text: Tensor<readonly [number]>;
  readonly speaker: Tensor<readonly [1]>;
  readonly durations: Tensor<readonly [number]>;
  readonly sound: Tensor<readonly [number, number]>;
};

/** How loud the loudest mel of a step is at the beginning and at the end of speech. */
const audible = 0.3;

/** The speech in a column `[time, mels]`, without what is soft before and after it. */
export const speechIn = (text: string, sound: Tensor): Uttered => {
  const [steps = 0, width = 0] = sound.shape;
  const numbers = sound.toTypedArray();
  const isLoud = (t: number): boolean => {
    for (let k = 0; k < width; k++) if ((numbers[t * width + k] as number) > audible) return true;
    return false;
  };
  let [first, end] = [0, steps];
  while (first < end && !isLoud(first)) first++;
  while (end > first && !isLoud(end - 1)) end--;
  return { text, width, steps: end - first, numbers: numbers.slice(first * width, end * width) };
};

/**
 * Utterances as rows: sounds are without what is soft before and after them, and durations of characters are those that an
 * {@link aligner} of each speaker finds, which has heard the training part alone.
 */
export const spokenRows = (
  of: readonly Utterance[],
  from: FromSound,
  length: number,
): { readonly [P in Part]: Dataset<Spoken> } => {
  const speech = of.map(({ text, sound }) => speechIn(text, sound));
  const places = of.map((_, i) => i);
  const aligners = new Map(
    [...new Set(of.map(({ speaker }) => speaker))].map((speaker) => [
      speaker,
      aligner(
        places.flatMap((i) =>
          of[i]?.speaker === speaker && of[i]?.part === "train" ? [speech[i] as Uttered] : [],
        ), // one of each
        rounds,
      ),
    ]),
  );
  const rowsOf = (part: Part): Dataset<Spoken> => {
    const own = places.filter((i) => of[i]?.part === part);
    const sounds = own.map((i) => {
      const column = new Float32Array(from.frames * from.mels);
      column.set(speech[i]?.numbers ?? []);
      return fromTypedArray([from.frames, from.mels], column);
    });
    const durations = own.map(
      (i) => aligners.get(of[i]?.speaker ?? 0)?.(speech[i] as Uttered) ?? [],
    );
    return dataset({
      text: padSequences(
        own.map((i) => [...(of[i]?.text ?? "")].map((one) => characters.indexOf(one) ?? 0)),
        length,
      ),
      speaker: fromTypedArray(
        [own.length, 1],
        Int32Array.from(own, (i) => of[i]?.speaker ?? 0),
      ),
      durations: padSequences(durations, length),
      sound: stackTensors(sounds),
    }) as Dataset as Dataset<Spoken>; // each column has the shape that is said
  };
  return { train: rowsOf("train"), validation: rowsOf("validation"), test: rowsOf("test") };
};

const quality = { sampleRate: 8000, window: 512, hop: 128, mels: 64, resampled: true };
const asText = (length: number) =>
  fromText({ vocabulary: characters, split: "characters", length, longer: "refused" });

/** How a digit that is spoken becomes a spectrogram, and back: up to 64 steps of 16 ms by 64 mels. */
export const asDigit = fromSound({ ...quality, frames: 64 });

/** Digits that six people said: takes that are for the test, or for choices, are not those that are learned. */
export const digitUtterances = Effect.gen(function* () {
  const said = yield* recordings(() => true);
  return yield* Effect.forEach(said, (one) => {
    const made = prepare("sound", asDigit, one.sound);
    const [text, speaker] = [digitWords[one.digit] ?? "", speakers.indexOf(one.speaker)];
    const all = { text, speaker, recorded: one.sound, part: ownSplit(one) };
    return isLeft(made) ? Effect.fail(made.left) : Effect.succeed({ ...all, sound: made.right });
  });
});

/** How a digit and who says it are told. */
export const digitInputs = {
  text: asText(5),
  speaker: fromText({ vocabulary: vocabularyOf(speakers), length: 1, longer: "refused" }),
};

/** The digits as rows. */
export const saidDigits = Effect.gen(function* () {
  return {
    ...spokenRows(yield* digitUtterances, asDigit, 5),
    inputs: digitInputs,
    speech: asDigit,
  };
});

/** How a prompt becomes a spectrogram, and back: up to 3 s in steps of 16 ms by 64 mels. */
export const asPrompt = fromSound({ ...quality, frames: 192 });

/** Prompts that one person said: no text is in two parts, though many share words and phrases. */
export const promptUtterances = Effect.gen(function* () {
  const clips = yield* clipsAs(asPrompt);
  const part = partsOf(clips.map(({ text }) => text));
  return clips.map((clip): Utterance => ({ ...clip, speaker: 0, part: part(clip.text) }));
});

/** How the text of a prompt is told. */
export const promptInputs = { text: asText(mostCharacters) };

/** The prompts as rows. */
export const saidPrompts = Effect.gen(function* () {
  return {
    ...spokenRows(yield* promptUtterances, asPrompt, mostCharacters),
    inputs: promptInputs,
    speech: asPrompt,
  };
});
