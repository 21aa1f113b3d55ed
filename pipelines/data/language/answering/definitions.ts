import * as Effect from "effect/Effect";
import { fromText, padSequences, tokenizeWords, vocabularyOf } from "../../../../src/data/index.ts";
import {
  type Dataset,
  dataset,
  fromTypedArray,
  type Splits,
  type Tensor,
} from "../../../../src/index.ts";
import { hashOf } from "../../hash.ts";
import { tfIdf } from "../../tfIdf.ts";
import { type Meaning, meanings } from "./wordnet.ts";

/** A definition and the entry that it defines. */
export type Definition = {
  /** The numbers of its words. */
  readonly text: Tensor<readonly [number]>;
  /** The number of the entry. */
  readonly entry: Tensor<readonly []>;
  /** Wrong entries that have much in common with the definition. */
  readonly near: Tensor<readonly [number]>;
};

/** The kinds of words: nouns, verbs, adjectives, of which some are like others, and adverbs. */
export const kinds = ["n", "v", "a", "s", "r"];

/** The number of padding. */
export const padding = 0;
const [filler, unknown] = ["<pad>", "<unknown>"];

/** The sizes of the data. */
export interface Sizes {
  /** The number of words that are read of a definition. */
  readonly length: number;
  /** The number of signs that are read of an entry: of more, the rarest. */
  readonly signs: number;
  /** How many wrong entries are near a definition, and of how many that TF-IDF finds they are drawn. */
  readonly near: number;
  readonly found: number;
  /** How many definitions are in validation, and in the test. */
  readonly held: number;
}

/** Words as numbers, in the order in which they are first seen. */
type Words = readonly number[];

/**
 * What is known of each meaning besides its definition, and the definition, in words: its own words, those for what it is a kind of
 * and for others that it is related to, and its examples.
 */
const wordsOf = (all: readonly Meaning[]) => {
  const numbers = new Map<string, number>();
  const read = (text: string): Words =>
    tokenizeWords(text).map((word) => {
      const number = numbers.get(word) ?? numbers.size;
      numbers.set(word, number);
      return number;
    });
  const byId = new Map(all.map((of, i) => [of.id, i]));
  const those = (ids: readonly string[]) => ids.flatMap((id) => byId.get(id) ?? []);
  const named = all.map(({ words }) => read(words.join(", ")));
  const namesOf = (some: readonly number[]): Words => some.flatMap((i) => named[i] ?? []);
  const fields = all.map((of, i): readonly Words[] => {
    const higher = those(of.above);
    const highest = those(higher.flatMap((j) => all[j]?.above[0] ?? []));
    const [kinds, others] = [[...higher, ...highest], those(of.related)].map(namesOf);
    return [named[i] ?? [], kinds ?? [], others ?? [], read(of.examples.join(" "))];
  });
  return { fields, definitions: all.map(({ definition }) => read(definition)), numbers };
};

/** The name of each entry: its words, with a number where others have the same. */
const namesOf = (all: readonly Meaning[]): readonly string[] => {
  const times = new Map<string, number>();
  return all.map(({ words }) => {
    const name = words.join(", ");
    const n = (times.get(name) ?? 0) + 1;
    times.set(name, n);
    return n === 1 ? name : `${name} (${n})`;
  });
};

/** How many letters of a word are its beginning. */
const letters = 4;

/** How a word begins, where it is longer: "barks" has that in common with "barking". */
export const beginningOf = (word: string): string | undefined => {
  const all = [...word];
  return all.length > letters ? `${all.slice(0, letters).join("")}~` : undefined;
};

/**
 * The signs by which texts are compared: words, and beginnings of words, in the order of how often they are seen. A sign has the number
 * of its place after padding.
 */
const signsOf = (numbers: ReadonlyMap<string, number>, seen: Int32Array) => {
  const tokens = [...numbers.keys()];
  const counts = new Map<string, number>();
  tokens.forEach((word, i) => {
    for (const sign of [word, beginningOf(word) ?? filler])
      counts.set(sign, (counts.get(sign) ?? 0) + (seen[i] ?? 0));
  });
  counts.set(filler, Number.POSITIVE_INFINITY);
  const all = [...counts].filter(([, count]) => count > 0).toSorted(([, a], [, b]) => b - a);
  const places = new Map(all.map(([sign], i) => [sign, i]));
  const placeOf = (sign = filler): number => places.get(sign) ?? padding;
  return {
    size: all.length,
    /** The signs of a word: its own, and that of its beginning or padding. */
    of: (word: string) => [placeOf(word), placeOf(beginningOf(word))] as const,
  };
};

/** How many sets of the four fields there are. */
export const fieldSets = 16;

/** The number of a sign of an entry with the fields that have it: 16 times the sign's, and a bit for each field. */
export const marked = (sign: number, fields: number): number => fieldSets * sign + fields;

/** The signs of an entry, the rarest first, each with its fields. */
const markedOf = (
  fields: readonly (readonly number[])[],
  rarity: (sign: number) => number,
): readonly number[] => {
  const bits = new Map<number, number>();
  fields.forEach((signs, field) => {
    for (const sign of signs) bits.set(sign, (bits.get(sign) ?? 0) | (1 << field));
  });
  return [...bits]
    .toSorted(([a], [b]) => rarity(b) - rarity(a))
    .map(([sign, those]) => marked(sign, those));
};

/** What more than one entry in 200 has is no help to find those that are near. */
const common = Math.log(200);

/** A definition, and the entry that it is of. */
export interface Question {
  readonly text: string;
  readonly entry: number;
}

/**
 * Definitions and entries, in training, validation and test parts: a fortieth of the meanings each for the latter two, in the order of a
 * hash. Of several entries with the same definition only the first is asked for. What is known of an entry never has its own
 * definition. Words that only definitions held out have are unknown.
 */
export const definitionSplits = (all: readonly Meaning[], sizes: Sizes) => {
  const { length, held } = sizes;
  const parts = all.map(({ id }) => (hashOf(`meaning ${id}`) >>> 8) % 40);
  const { fields, definitions, numbers } = wordsOf(all);
  const seen = new Int32Array(numbers.size);
  const see = (words: Words) => {
    for (const word of words) seen[word] = (seen[word] ?? 0) + 1;
  };
  for (const own of fields) own.forEach(see);
  definitions.forEach((words, i) => {
    if ((parts[i] ?? 0) > 1) see(words);
  });

  const signs = signsOf(numbers, seen);
  const spelled = [...numbers.keys()].map(signs.of);
  const signsIn = (words: Words): readonly number[] =>
    words.flatMap((word) => spelled[word]?.filter((sign) => sign !== padding) ?? []);
  const documents = fields.map((own) => own.flat());
  const search = tfIdf(documents.map(signsIn));
  const read = new Int32Array(all.length * (1 + sizes.signs));
  fields.forEach((own, i) => {
    const known = markedOf(own.map(signsIn), search.rarity);
    const kind = kinds.indexOf(all[i]?.kind ?? "");
    read.set([kind, ...known.slice(0, sizes.signs)], i * (1 + sizes.signs));
  });

  const words = vocabularyOf(
    [filler, unknown, ...[...numbers.keys()].filter((_, i) => (seen[i] ?? 0) > 0)],
    unknown,
  );
  const told = new Set<string>();
  const rows = all.flatMap(({ definition }, entry) => {
    if (told.has(definition)) return [];
    told.add(definition);
    return [{ text: definition, entry }];
  });
  /** Of the wrong entries that TF-IDF ranks highest, some by a hash. */
  const nearOf = ({ entry }: Question): readonly number[] => {
    const asked = signsIn(definitions[entry] ?? []).filter((sign) => search.rarity(sign) > common);
    const found = search.nearest(asked, sizes.found + 1).filter((other) => other !== entry);
    const [at, step] = [hashOf(`near ${entry}`) >>> 8, Math.ceil(found.length / sizes.near)];
    return Array.from({ length: sizes.near }, (_, i) => {
      const own = found[(at + i * step) % found.length];
      return own ?? (entry + 1 + i) % all.length;
    });
  };
  const encoded = (some: readonly Question[], near: (of: Question) => readonly number[]) =>
    dataset({
      text: padSequences(
        some.map(({ text }) => tokenizeWords(text).map((word) => words.indexOf(word) ?? padding)),
        length,
      ),
      entry: fromTypedArray(
        [some.length],
        Int32Array.from(some, ({ entry }) => entry),
      ),
      near: padSequences(some.map(near), sizes.near),
    }) as Dataset<Definition>;
  // In evaluation all other entries are wrong answers.
  const asked = (some: readonly Question[]) => encoded(some, () => []);
  const heldOut = (part: number) =>
    rows
      .filter(({ entry }) => parts[entry] === part)
      .toSorted((a, b) => hashOf(`row ${a.entry}`) - hashOf(`row ${b.entry}`))
      .slice(0, held);
  const made = {
    splits: {
      train: encoded(
        rows.filter(({ entry }) => (parts[entry] ?? 0) > 1),
        nearOf,
      ),
      validation: asked(heldOut(1)),
      test: asked(heldOut(0)),
      inputs: { text: fromText({ vocabulary: words, length, padding }) },
      classes: namesOf(all),
    } satisfies Splits<Definition>,
    /** What is known of all entries: the kind of each, and its signs with the fields that have them, `[entries, 1 + signs]`. */
    table: fromTypedArray([all.length, 1 + sizes.signs], read),
    /** The signs of each word, `[words, 2]`. */
    spelling: fromTypedArray([words.size, 2], Int32Array.from(words.tokens.flatMap(signs.of))),
    /** How rare each sign is among entries, `[all signs]`. */
    rarity: fromTypedArray(
      [signs.size],
      Float32Array.from({ length: signs.size }, (_, sign) => search.rarity(sign)),
    ),
    /** What is known of all entries, in words, and the signs of these. */
    documents,
    /** The signs of words. */
    signsIn,
    /** The words of a text, in those numbers. */
    wordsIn: (text: string): Words =>
      tokenizeWords(text).flatMap((word) => numbers.get(word) ?? []),
    /** What the test asks. */
    asked: heldOut(0) as readonly Question[],
  };
  return {
    ...made,
    /** The same, with other questions in the test. */
    testedOn: (questions: (all: readonly Meaning[]) => readonly Question[]) => {
      const some = questions(all);
      return { ...made, splits: { ...made.splits, test: asked(some) }, asked: some };
    },
  };
};
export type Definitions = ReturnType<typeof definitionSplits>;

/** WordNet's definitions and entries. */
export const definitions = (sizes: Sizes) =>
  Effect.map(meanings, (all) => definitionSplits(all, sizes));
