import * as Effect from "effect/Effect";
import {
  fromText,
  learnSubwords,
  padSequences,
  splitText,
  vocabulary,
} from "../../../../src/data/index.ts";
import {
  type Dataset,
  dataset,
  fromTypedArray,
  type Splits,
  type Tensor,
} from "../../../../src/index.ts";
import { hashOf } from "../../hash.ts";
import { type Meaning, meanings } from "./wordnet.ts";

/** A definition and the entry that it defines, as numbers of parts of words. */
export type Definition = {
  readonly text: Tensor<readonly [number]>;
  /** The number of the entry. */
  readonly entry: Tensor<readonly []>;
  /** What is known of the entry besides its definition, and of another one with which it may be confused. */
  readonly known: Tensor<readonly [number]>;
  readonly rival: Tensor<readonly [number]>;
};

/** The number of padding. */
export const padding = 0;
const [filler, unknown] = ["<pad>", "<unknown>"];

/** The sizes of the data. */
export interface Sizes {
  /** The number of pairs that parts of words are made of, and of the parts. */
  readonly merges: number;
  readonly limit: number;
  /** The number of parts that are read of a definition. */
  readonly length: number;
  /** The parts of an entry's words, of those for what it is a kind of and for others related, and of its examples, that are read. */
  readonly fields: readonly [words: number, kinds: number, related: number, examples: number];
  /** How many definitions are in validation, and in the test. */
  readonly held: number;
}

/** What is known of a meaning besides its definition: its words, those for what it is a kind of and for others, and its examples. */
export const fieldsOf = (all: readonly Meaning[]): ((of: Meaning) => readonly string[]) => {
  const byId = new Map(all.map((of) => [of.id, of]));
  const those = (ids: readonly string[]) => ids.flatMap((id) => byId.get(id) ?? []);
  const wordsOf = (some: readonly Meaning[]) => some.flatMap(({ words }) => words).join(", ");
  return (of) => {
    const higher = those(of.above);
    const highest = those(higher.flatMap(({ above: [id = ""] }) => id));
    const fields = [[of], [...higher, ...highest], those(of.related)].map(wordsOf);
    return [...fields, of.examples.join(" ")];
  };
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

/** How many definitions parts of words are learned from. */
const most = 8000;

/**
 * Definitions and entries, in training, validation and test parts: a fortieth of the meanings each for the latter two, in the order of a
 * hash. Of several entries with the same definition only the first is asked for. A rival of an entry is the next one of the same
 * kind. What is known of an entry never has its own definition.
 */
export const definitionSplits = (all: readonly Meaning[], sizes: Sizes) => {
  const { merges, limit, length, fields, held } = sizes;
  const known = fieldsOf(all);
  const partOf = ({ id }: Meaning): number => (hashOf(`meaning ${id}`) >>> 8) % 40;
  const learned = all.filter((of) => partOf(of) > 1);
  const step = Math.max(1, Math.floor(learned.length / most));
  const seen = learned
    .filter((_, i) => i % step === 0)
    .flatMap((of) => [of.definition, ...known(of)]);
  const split = learnSubwords(seen, { merges, lowerCase: true, spaced: true });
  const parts = vocabulary(
    seen.map((text) => splitText(split, text)),
    { special: [filler, unknown], unknown, limit },
  );
  const partsOf = (text: string): readonly string[] => splitText(split, text);
  const numbers = (own: readonly string[], count: number): readonly number[] =>
    [
      ...own.map((part) => parts.indexOf(part) ?? padding),
      ...Array<number>(count).fill(padding),
    ].slice(0, count);
  const read = all.map((of) =>
    known(of).flatMap((text, field) => numbers(partsOf(text), fields[field] ?? 0)),
  );
  const rivals = new Map<string, number[]>();
  all.forEach((of, i) => {
    const [above = `${of.kind} alone`] = of.above;
    const list = rivals.get(above) ?? [];
    if (partOf(of) > 1) list.push(i);
    rivals.set(above, list);
  });
  const told = new Set<string>();
  const rows = all.flatMap((of, entry) => {
    if (told.has(of.definition)) return [];
    told.add(of.definition);
    const near = rivals.get(of.above[0] ?? `${of.kind} alone`) ?? [];
    const next = near[(hashOf(of.id) >>> 8) % near.length] ?? entry;
    const rival = next === entry ? (entry + 1) % all.length : next;
    return [{ text: of.definition, entry, rival, part: partOf(of) }];
  });
  const encoded = (some: readonly Omit<(typeof rows)[number], "part">[]): Dataset<Definition> => {
    const matrix = (rows: readonly (readonly number[])[]) =>
      padSequences(rows, rows[0]?.length ?? 1) as Tensor<readonly [number, number]>;
    return dataset({
      text: matrix(some.map(({ text }) => numbers(partsOf(text), length))),
      entry: fromTypedArray(
        [some.length],
        Int32Array.from(some, ({ entry }) => entry),
      ),
      known: matrix(some.map(({ entry }) => read[entry] ?? [])),
      rival: matrix(some.map(({ rival }) => read[rival] ?? [])),
    }) as Dataset<Definition>;
  };
  const heldOut = (part: number) =>
    rows
      .filter((of) => of.part === part)
      .toSorted((a, b) => hashOf(`row ${a.entry}`) - hashOf(`row ${b.entry}`))
      .slice(0, held);
  const made = {
    splits: {
      train: encoded(rows.filter(({ part }) => part > 1)),
      validation: encoded(heldOut(1)),
      test: encoded(heldOut(0)),
      inputs: { text: fromText({ vocabulary: parts, length, split, padding }) },
      classes: namesOf(all),
    } satisfies Splits<Definition>,
    /** What is known of all entries, `[entries, parts]`. */
    table: fromTypedArray([all.length, read[0]?.length ?? 1], Int32Array.from(read.flat())),
    documents: all.map((of) => known(of).join(" ")),
    split: partsOf,
    /** What the test asks. */
    asked: heldOut(0).map(({ text, entry }) => ({ text, entry })),
  };
  return {
    ...made,
    /** The same, with other questions in the test. */
    testedOn: (
      questions: (
        all: readonly Meaning[],
      ) => readonly { readonly text: string; readonly entry: number }[],
    ) => {
      const asked = questions(all);
      const test = encoded(asked.map((of) => ({ ...of, rival: of.entry })));
      return { ...made, splits: { ...made.splits, test }, asked };
    },
  };
};
export type Definitions = ReturnType<typeof definitionSplits>;

/** WordNet's definitions and entries. */
export const definitions = (sizes: Sizes) =>
  Effect.map(meanings, (all) => definitionSplits(all, sizes));
