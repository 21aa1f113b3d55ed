import { existsSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { readText } from "../../../../src/data/index.ts";
import { DataSourceError } from "../../../../src/index.ts";

/** A meaning: the words that have it, its definition, and the meanings that it is a kind of. */
export interface Meaning {
  /** Its kind and its place in the file, such as `n00039297`. */
  readonly id: string;
  readonly words: readonly string[];
  readonly definition: string;
  readonly examples: readonly string[];
  /** `n`, `v`, `a` (or `s`, of an adjective like another) or `r`, an adverb. */
  readonly kind: string;
  /** The meanings that this one is a kind or an instance of. */
  readonly above: readonly string[];
  /** Others that it is related to, such as its parts, its opposite or the verb of a noun, but none that is a kind of it. */
  readonly related: readonly string[];
}

const kinds = ["noun", "verb", "adj", "adv"] as const;

const places = ["/usr/share/wordnet", "/usr/local/share/wordnet"];

/** The folder of WordNet's files: that of Debian's package, or that of `WNSEARCHDIR`, as WordNet's own programs have it. */
export const wordnetFolder = Effect.suspend(() => {
  const own = process.env.WNSEARCHDIR;
  const found = [...(own === undefined ? [] : [own]), ...places].find((folder) =>
    kinds.every((kind) => existsSync(join(folder, `data.${kind}`))),
  );
  return found === undefined
    ? Effect.fail(
        new DataSourceError({
          source: "WordNet",
          reason: `its files are neither in ${places[0]} nor in WNSEARCHDIR`,
          command: "sudo apt-get install wordnet-base",
        }),
      )
    : Effect.succeed(found);
});

/** The identity of a meaning: an adjective like another, `s`, is an adjective. */
const idOf = (kind: string, place: string): string => `${kind === "s" ? "a" : kind}${place}`;

/**
 * The meanings in a text of WordNet's data files. Words are in lower case, with spaces between their parts. A line that is none
 * of a meaning, such as those of the license, is left out.
 *
 * **Source** WordNet 3.0, wndb(5WN): the format of its database.
 */
export const parseMeanings = (text: string): readonly Meaning[] =>
  text.split("\n").flatMap((line) => {
    const [data = "", gloss] = line.split(" | ");
    const [place = "", , kind = "", count = "", ...rest] = data.split(" ");
    const n = Number.parseInt(count, 16);
    if (line.startsWith(" ") || gloss === undefined || !(n > 0) || rest.length < 2 * n) return [];
    const words = Array.from({ length: n }, (_, i) =>
      (rest[2 * i] ?? "")
        .replace(/\((?:a|p|ip)\)$/, "")
        .replaceAll("_", " ")
        .toLowerCase(),
    );
    const [definition = ""] = gloss.split(/;?\s*"/, 1);
    if (definition.trim() === "") return [];
    const pointers = rest.slice(2 * n + 1);
    const ties = Array.from({ length: Number(rest[2 * n]) || 0 }, (_, i) =>
      pointers.slice(4 * i, 4 * i + 3),
    ).map(([sign = "", to = "", of = ""]) => [sign, idOf(of, to)] as const);
    const tied = (signs: RegExp) => ties.flatMap(([sign, to]) => (signs.test(sign) ? [to] : []));
    // `~` is a kind of it, and `-` of its subject.
    const [above, related] = [tied(/^@/), tied(/^[^@~-]/)];
    const examples = Array.from(gloss.matchAll(/"([^"]+)"/g), ([, said = ""]) => said);
    return [
      {
        id: idOf(kind, place),
        words,
        definition: definition.trim(),
        examples,
        kind,
        above,
        related,
      },
    ];
  });

/**
 * The 117,659 meanings of WordNet: nouns, verbs, adjectives and adverbs.
 *
 * **Source** WordNet 3.0, Princeton University (2006), whose license allows any use with its notice; Fellbaum (1998),
 * WordNet: an electronic lexical database.
 */
export const meanings = Effect.gen(function* () {
  const folder = yield* wordnetFolder;
  const texts = yield* Effect.forEach(kinds, (kind) => readText(join(folder, `data.${kind}`)));
  return texts.flatMap(parseMeanings);
});
