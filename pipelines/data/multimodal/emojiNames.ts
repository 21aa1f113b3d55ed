import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as t from "io-ts/lib/index.js";
import { DataSourceError } from "../../../src/index.ts";
import { hashOf } from "../hash.ts";
import { allAvailable, installed } from "../installed.ts";
import { groupOf } from "../vision/emoji.ts";
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

/** The parts of a code that say only which man, woman or person: gender, skin, hair, and where they look. */
const variants = /^(?:FE0F|200D|2640|2642|1F3F[B-F]|1F9B[0-3]|27A1|2194|2195)$/;
const people = /^(?:1F468|1F469|1F9D1)$/;
const persons =
  /\b(?:man|men|woman|women|person|people|boy|boys|girl|girls|child|adult|face)\b|:.*|facing right/g;

/**
 * The families that an emoji belongs to, by its code and by its English name: a man, a woman and a person who run are one, and so
 * is what differs only in what follows a colon, such as keycaps, and the face of an animal and the animal. Flags are each for themselves.
 */
export const familiesOf = (code: string, name: string): readonly string[] => {
  const parts = code.split("-").filter((part) => !variants.test(part));
  const base = parts.map((part) => (people.test(part) ? "1F9D1" : part)).join("-");
  const words = name.startsWith("flag:")
    ? ""
    : name.toLowerCase().replaceAll(persons, " ").replaceAll(/\s+/g, " ").trim();
  return [`code ${base}`, ...(words === "" ? [] : [`name ${words}`])];
};

/** The family of each emoji: those with a family in common have the same, named by its first. */
const joined = (of: readonly NamedEmoji[]): readonly string[] => {
  const all = of.map(({ entry, named }) => familiesOf(entry.unified, named[0]?.name ?? ""));
  const parent = new Map<string, string>();
  const rootOf = (name: string): string => {
    const up = parent.get(name);
    return up === undefined || up === name ? name : rootOf(up);
  };
  for (const [first = "", ...others] of all)
    for (const other of others) {
      const [a, b] = [rootOf(first), rootOf(other)].sort() as [string, string]; // of two there are two
      parent.set(b, a);
    }
  return all.map(([first = ""]) => rootOf(first));
};

/** The parts that emoji are in. */
export type Part = "train" | "validation" | "test";

/**
 * The family and the part of each emoji: about a fifth of the families is for the test, a tenth for validation, by a hash of their
 * names.
 */
export const partsOf = (of: readonly NamedEmoji[]) => {
  const families = joined(of);
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
