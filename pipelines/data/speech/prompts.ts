import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import {
  type FromSound,
  fromSound,
  padSequences,
  prepare,
  readWav,
  type Sound,
  transcription,
  vocabularyOf,
} from "../../../src/data/index.ts";
import {
  DataSourceError,
  type Dataset,
  dataset,
  type Splits,
  stackTensors,
  type Tensor,
} from "../../../src/index.ts";
import type { Transcribed } from "./digitStrings.ts";
import { digitWords } from "./spokenDigits.ts";

/** How a prompt becomes a spectrogram: up to 3 seconds, in steps of 16 ms. */
export const fromPrompt = fromSound({ sampleRate: 8000, frames: 192, resampled: true });

/** The maximum number of characters of a text. */
export const mostCharacters = 64;

/** The tokens of a prompt: a blank, and the characters of English words. */
export const letters = vocabularyOf(["<blank>", " ", "'", ..."abcdefghijklmnopqrstuvwxyz"]);

/** A text as it is said: in small letters, digits as words, without punctuation. */
export const asSaid = (text: string): string =>
  text
    .toLowerCase()
    .replace(/\d/g, (digit) => ` ${digitWords[Number(digit)]} `)
    .replace(/[^a-z']+/g, " ")
    .trim();

/** The texts of clips, by name. What stands in brackets, or in parentheses, is no speech and is left out. */
export const parseTexts = (lines: string): ReadonlyMap<string, string> =>
  new Map(
    lines
      .split(/\r?\n/)
      .filter((line) => !line.startsWith(";"))
      .flatMap((line) => {
        const [, name, text] = /^([^:]+): (.*)$/.exec(line) ?? [];
        return name === undefined || text === undefined || /[[(]/.test(text)
          ? []
          : [[name, asSaid(text)] as const];
      }),
  );

/** Which part a clip is in, by its text: all clips that say the same are in one. */
export const partsOf = (texts: Iterable<string>) => {
  const sorted = [...new Set(texts)].toSorted();
  const place = new Map(sorted.map((text, i) => [text, i % 7]));
  return (text: string): "train" | "validation" | "test" =>
    place.get(text) === 0 ? "test" : place.get(text) === 3 ? "validation" : "train";
};

const folder = "/usr/share/asterisk/sounds/en";
const list = "/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz";
/** The maximum number of bytes of the unpacked list. */
const mostBytes = 2 ** 20;

const failed = (reason: string) =>
  new DataSourceError({
    source: "asterisk-core-sounds-en-wav",
    reason,
    command: "apt-get install asterisk-core-sounds-en-wav",
  });

/** Whether Debian's package of prompts is installed. */
export const promptsFolder = Effect.suspend(() =>
  existsSync(folder) && existsSync(list)
    ? Effect.succeed(folder)
    : Effect.fail(failed("the Debian package is not installed")),
);

/** The clips that are shorter than `from` allows, and whose texts are not too long either, with their texts. */
export const clipsAs = Effect.fnUntraced(function* (from: FromSound) {
  const place = yield* promptsFolder;
  const texts = yield* Effect.tryPromise({
    try: async () =>
      parseTexts(gunzipSync(await readFile(list), { maxOutputLength: mostBytes }).toString("utf8")),
    catch: (cause) => failed(`${list} cannot be read: ${String(cause)}`),
  });
  const clips: { readonly sound: Tensor; readonly recorded: Sound; readonly text: string }[] = [];
  for (const [name, text] of texts) {
    const file = join(place, `${name}.wav`);
    if (text === "" || text.length > mostCharacters || !existsSync(file)) continue;
    const recorded = yield* readWav(file, { sampleRate: 8000 });
    const made = prepare("sound", from, recorded);
    // Those that are too long are left out.
    if (!isLeft(made)) clips.push({ sound: made.right, recorded, text });
  }
  return clips;
});

/**
 * Prompts of a telephone exchange that are shorter than 3 seconds, by one voice, with their texts. A seventh of the different
 * texts is the test and a seventh for choices; no text is in two parts, though many share words and phrases.
 *
 * **Source** Allison Smith, for Asterisk (Digium): Debian's package `asterisk-core-sounds-en-wav`, CC BY-SA 3.0.
 */
export const prompts = Effect.gen(function* () {
  const clips = yield* clipsAs(fromPrompt);
  const part = partsOf(clips.map(({ text }) => text));
  const rowsOf = (name: ReturnType<typeof part>): Dataset<Transcribed> => {
    const own = clips.filter(({ text }) => part(text) === name);
    return dataset({
      sound: stackTensors(own.map(({ sound }) => sound)),
      text: padSequences(
        own.map(({ text }) => [...text].map((letter) => letters.indexOf(letter) ?? 0)),
        mostCharacters,
      ),
    }) as Dataset as Dataset<Transcribed>; // each column has the shape that `fromPrompt` says
  };
  return {
    train: rowsOf("train"),
    validation: rowsOf("validation"),
    test: rowsOf("test"),
    inputs: { sound: fromPrompt },
    transcription: transcription({ vocabulary: letters }),
  } satisfies Splits<Transcribed>;
});
