import * as Effect from "effect/Effect";
import { hashOf } from "../../hash.ts";
import { allAvailable } from "../../installed.ts";
import { familiesOf, type Package, packages, packagesAvailable } from "../../packages.ts";
import { type Meaning, meanings, wordnetFolder } from "./wordnet.ts";

/** What is explained in a line of a dictionary or of a list of packages. */
export interface Entry {
  readonly source: "dictionary" | "packages";
  /** The names of what is explained: one, or two words with the same meaning. */
  readonly names: readonly string[];
  readonly said: string;
  /** What it is a kind of, by the words for that. */
  readonly kinds: readonly string[];
  /** What it has in common with those it may be confused with: the meaning above, or the section. */
  readonly near: string;
}

/** The parts of the data. Nothing that is named in one is named in another. */
export const parts = ["train", "validation", "test"] as const;
export type Part = (typeof parts)[number];

/** A twentieth of all names is for the test, and another for validation. */
const partOf = (name: string): Part => {
  const at = (hashOf(name) >>> 8) % 20;
  return at === 0 ? "test" : at === 1 ? "validation" : "train";
};

/** An entry, all words for what it explains, and the part that its first name, or its family, belongs to. */
type Placed = readonly [part: Part, entry: Entry, words: readonly string[]];

/** The first part of a definition, without what is in brackets. */
const briefly = (text: string): string =>
  text
    .replace(/\([^)]*\)/g, " ")
    .split(";", 1)
    .join("")
    .replace(/[\s.,:]+$/, "")
    .replace(/\s+/g, " ")
    .trim();

const [fewest, most] = [3, 16];

const fits = (said: string): boolean => {
  const count = said.split(" ").length;
  return count >= fewest && count <= most && !said.includes(": ");
};

/** The entries of a dictionary: of several with the same definition, the first. */
const ofDictionary = (all: readonly Meaning[]): readonly Placed[] => {
  const byId = new Map(all.map((of) => [of.id, of]));
  const seen = new Set<string>();
  return all.flatMap(({ words, definition, above: [above = ""] }) => {
    const [names, said] = [words.slice(0, 2), briefly(definition).toLowerCase()];
    if (!fits(said) || seen.has(said)) return [];
    seen.add(said);
    const kinds = byId.get(above)?.words ?? [];
    const entry = { source: "dictionary", names, said, kinds, near: above } as const;
    return [[partOf(words[0] ?? ""), entry, words] as const];
  });
};

/** One entry of each family of packages, and of descriptions with the same words only the first. */
const ofPackages = (all: readonly Package[]): readonly Placed[] => {
  const families = familiesOf(all);
  const seen = new Set<string>();
  return all.flatMap(({ name, description, section }, i) => {
    const [family, said] = [families[i] ?? "", briefly(description).toLowerCase()];
    if (!fits(said) || seen.has(family) || seen.has(said)) return [];
    seen.add(family).add(said);
    const entry = { source: "packages", names: [name], said, kinds: [], near: section } as const;
    return [[partOf(family), entry, [name]] as const];
  });
};

/** The entries of each part. */
export type Entries = { readonly [P in Part]: readonly Entry[] };

/** Entries by part. What has a word of an entry of the test, or of validation, in another meaning, is in none before. */
export const entriesOf = (words: readonly Meaning[], some: readonly Package[]): Entries => {
  const all = [...ofDictionary(words), ...ofPackages(some)];
  const of = (part: Part, taken: ReadonlySet<string>) => {
    const own = all.filter(
      ([at, , named]) => at === part && !named.some((word) => taken.has(word)),
    );
    const named = new Set([...taken, ...own.flatMap(([, , used]) => used)]);
    return [own.map(([, entry]) => entry), named] as const;
  };
  const [test, tested] = of("test", new Set());
  const [validation, held] = of("validation", tested);
  return { train: of("train", held)[0], validation, test };
};

/** Checks that the dictionary and the lists of packages are there, without reading them. */
export const entriesAvailable = allAvailable([wordnetFolder, packagesAvailable]);

/** WordNet's words and Debian's packages, each with what is said of them in a line. */
export const entries = Effect.gen(function* () {
  yield* entriesAvailable;
  return entriesOf(yield* meanings, yield* packages);
});
