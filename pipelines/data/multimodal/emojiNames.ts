import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as t from "io-ts/lib/index.js";
import { DataSourceError } from "../../../src/index.ts";
import { hashOf } from "../hash.ts";
import { allAvailable, installed } from "../installed.ts";
import { groupOf } from "../vision/emoji.ts";
import { familiesOf, joined } from "../vision/emojiFamilies.ts";
import {
  type EmojiEntry,
  type EmojiSheet,
  emojiFolderOf,
  emojiSheet,
  readList,
} from "../vision/emojiSheet.ts";

/** The languages in which emoji are named here, of some thirty that there are. */
export const languages = ["en", "de", "fr", "es", "ru", "ja"] as const;

const source = "emojibase-data";

/** An emoji in a language: its name, and words that people look for it by. */
export interface Named {
  readonly name: string;
  readonly keywords: readonly string[];
}

/** An emoji with its drawings' places and its names. */
export interface NamedEmoji {
  readonly entry: EmojiEntry;
  /** In the order of {@link languages}. */
  readonly named: readonly Named[];
}

const list = t.readonlyArray(
  t.intersection([
    t.type({ hexcode: t.string, label: t.string }),
    t.partial({ tags: t.readonlyArray(t.string) }),
  ]),
);

/** A code without the mark that asks for a picture, which not everybody writes. */
const plain = (code: string): string => code.replaceAll(/-?FE0F/g, "");

/** The parts that emoji are in. */
export type Part = "train" | "validation" | "test";

/**
 * The family and the part of each emoji: about a fifth of the families is for the test, a tenth for validation, by a hash of their
 * names.
 */
export const partsOf = (of: readonly NamedEmoji[]) => {
  const families = joined(
    of.map(({ entry, named }) => familiesOf(entry.unified, named[0]?.name ?? "")),
  );
  const parts = families.map((family): Part => {
    const tenth = hashOf(family) % 10;
    return tenth < 2 ? "test" : tenth === 2 ? "validation" : "train";
  });
  return { families, parts };
};

/** Checks that the packages are there, without reading them. */
export const emojiNamesAvailable = allAvailable([
  emojiFolderOf("google"),
  emojiFolderOf("twitter"),
  installed(source),
]);

/** Named emoji, and what draws them. */
export interface EmojiNames {
  readonly emoji: readonly NamedEmoji[];
  readonly google: EmojiSheet["drawn"];
  readonly twitter: EmojiSheet["drawn"];
}

/**
 * Emoji that Google and Twitter both drew, with their names and keywords in six languages, without skin tones.
 *
 * **Source** The npm packages `emojibase-data` (Miles Johnson, MIT), whose names and keywords are those of Unicode's CLDR, and
 * {@link emojiSheet}.
 */
export const emojiNames = Effect.gen(function* () {
  yield* emojiNamesAvailable;
  const [google, twitter] = [yield* emojiSheet("google"), yield* emojiSheet("twitter")];
  const folder = yield* installed(source);
  const lists = yield* Effect.forEach(languages, (language) =>
    Effect.map(
      readList(source, join(folder, language, "data.json"), list),
      (read) =>
        new Map(
          read.map(({ hexcode, label, tags = [] }) => [
            plain(hexcode),
            { name: label, keywords: tags },
          ]),
        ),
    ),
  );
  const others = new Set(twitter.entries.map(({ unified }) => unified));
  const emoji = google.entries
    .filter((entry) => groupOf(entry) >= 0 && others.has(entry.unified))
    .flatMap((entry): readonly NamedEmoji[] => {
      const named = lists.flatMap((read) => read.get(plain(entry.unified)) ?? []);
      return named.length === languages.length ? [{ entry, named }] : [];
    });
  if (emoji.length < 1000)
    return yield* new DataSourceError({
      source,
      reason: `only ${emoji.length} emoji have a picture and names`,
      command: "npm install emoji-datasource-google emoji-datasource-twitter emojibase-data",
    });
  return { emoji, google: google.drawn, twitter: twitter.drawn } satisfies EmojiNames;
});
