import { groupBy } from "fp-ts/lib/NonEmptyArray.js";
import { hashOf } from "../../hash.ts";
import type { Entry } from "./entries.ts";

/** A question about a passage, and where its answer stands in that: from a character up to another. */
export interface Question {
  readonly template: Template;
  readonly question: string;
  readonly passage: string;
  readonly from: number;
  readonly to: number;
}

/** Which part of an entry answers a question. */
type Answering =
  | { readonly part: "name"; readonly at: 0 | 1 }
  | { readonly part: "said" }
  /** The word for its kind, where that stands in what is said. */
  | { readonly part: "kind"; readonly word: string };

/** A question that can be asked about an entry. */
interface Asked {
  readonly text: string;
  readonly answer: Answering;
  /** Whether entries of the same kind would answer it, too. */
  readonly ofAll?: boolean;
}

/** One of several, by a hash of a text. */
const oneOf = <A>(all: readonly A[], by: string): A => all[(hashOf(by) >>> 8) % all.length] as A;

/** Where a word stands in a text, not within others; -1 where it does not. */
const placeOf = (word: string, text: string): number =>
  ` ${text.replace(/[^\p{L}\p{N}]/gu, " ")} `.indexOf(` ${word} `);

/** What is said without some of its words, of which at least three remain. */
const partly = (said: string, by: string): string => {
  const words = said.split(" ");
  const kept = words.filter((_, i) => (hashOf(`${i} ${by}`) >>> 8) % 10 < 6);
  return (kept.length < 3 ? words.slice(0, 3) : kept).join(" ").replace(/[,;:]$/, "");
};

/**
 * The templates of questions, each in one to three forms. `X` is a name, `P` what is said of it without some of its words, and
 * `K` what it is a kind of.
 */
const forms = {
  meaning: ["what does X mean?", "what is the meaning of X?", "define X."],
  word: ["what is the word for P?", "which word means P?"],
  synonym: ["what is another word for X?", "which word means the same as X?"],
  kind: ["what is X a kind of?", "what kind of thing is X?"],
  member: ["which of these is a kind of K?", "what is there that is a kind of K?"],
  use: ["what is the package X?", "what is X for?"],
  /** Held out: no question of this template is learned from, nor is any other answered by the name of a package. */
  package: ["which package is P?", "is there a package of P?"],
} as const satisfies { readonly [template: string]: readonly string[] };
export type Template = keyof typeof forms;

/** The templates that are learned, and the one that is held out. */
export const learned = ["meaning", "word", "synonym", "kind", "member", "use"] as const;
export const heldOutTemplate = "package" satisfies Template;

/** The question of a template about an entry; `undefined` where it cannot be asked. */
const asking = (template: Template, entry: Entry, by: string): Asked | undefined => {
  const [name = "", other] = entry.names;
  const form = (letter: string, text: string): string =>
    oneOf(forms[template], `form ${by}`).replace(letter, text);
  const part = () => form("P", partly(entry.said, by));
  const isWord = entry.source === "dictionary";
  const inSaid = entry.kinds.find((kind) => placeOf(kind, entry.said) >= 0);
  const kind = entry.kinds[0];
  switch (template) {
    case "meaning":
      return isWord ? { text: form("X", name), answer: { part: "said" } } : undefined;
    case "word":
      return isWord && other === undefined
        ? { text: part(), answer: { part: "name", at: 0 } }
        : undefined;
    case "synonym": {
      if (other === undefined) return undefined;
      const at = hashOf(`which ${by}`) % 2 === 0 ? 0 : 1;
      return { text: form("X", at === 0 ? other : name), answer: { part: "name", at } };
    }
    case "kind":
      return inSaid === undefined || placeOf(inSaid, name) >= 0
        ? undefined
        : { text: form("X", name), answer: { part: "kind", word: inSaid } };
    case "member":
      return kind === undefined || other !== undefined || placeOf(kind, name) >= 0
        ? undefined
        : { text: form("K", kind), answer: { part: "name", at: 0 }, ofAll: true };
    case "use":
      return isWord ? undefined : { text: form("X", name), answer: { part: "said" } };
    case "package":
      return isWord ? undefined : { text: part(), answer: { part: "name", at: 0 } };
  }
};

const lineOf = ({ names, said }: Entry): string => `${names.join(", ")}: ${said}.`;

/** Where an answer begins and ends in the line of its entry. */
const spanOf = ({ names, said }: Entry, answer: Answering): readonly [number, number] => {
  const [first = "", second = ""] = names;
  const begins = names.join(", ").length + 2;
  switch (answer.part) {
    case "name":
      return answer.at === 0
        ? [0, first.length]
        : [first.length + 2, first.length + 2 + second.length];
    case "said":
      return [begins, begins + said.length];
    case "kind": {
      const at = begins + placeOf(answer.word, said);
      return [at, at + answer.word.length];
    }
  }
};

/** The number of entries in a passage. */
const inPassage = 5;

/** Things in the order of a hash of what names them. */
export const mixed = <A>(all: readonly A[], name: (of: A) => string): readonly A[] =>
  all
    .map((of) => [hashOf(name(of)), of] as const)
    .sort(([a], [b]) => a - b)
    .map(([, of]) => of);

/**
 * Questions about passages of five entries: that which is asked about, up to two others that are the same kind of thing or in the
 * same section of packages, and its neighbors in the alphabet. There are at most `each` for every template, and one for an entry.
 */
export const questionsOf = (
  entries: readonly Entry[],
  templates: readonly Template[],
  each: number,
): readonly Question[] => {
  const nameOf = ({ source, names, said }: Entry): string => `${source} ${names[0]}: ${said}`;
  const sorted = entries
    .map((of) => [nameOf(of), of] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, of]) => of);
  const places = new Map(sorted.map((of, i) => [of, i]));
  const near = groupBy((of: Entry) => `${of.source} ${of.near}`)(sorted);
  const counts = new Map<Template, number>();
  const chosen = mixed(sorted, nameOf).flatMap((entry) => {
    const by = nameOf(entry);
    const possible = templates.flatMap((template) => {
      if ((counts.get(template) ?? 0) >= each) return [];
      const asked = asking(template, entry, `${template} ${by}`);
      return asked === undefined ? [] : [{ template, asked, entry, by }];
    });
    if (possible.length === 0) return [];
    const one = oneOf(possible, `template ${by}`);
    counts.set(one.template, (counts.get(one.template) ?? 0) + 1);
    return [one];
  });
  return mixed(chosen, ({ by }) => `order ${by}`).map(({ template, asked, entry, by }) => {
    const { text, answer, ofAll = false } = asked;
    const [at, alike] = [places.get(entry) ?? 0, near[`${entry.source} ${entry.near}`] ?? []];
    const first = (hashOf(`alike ${by}`) >>> 8) % alike.length;
    const others = ofAll ? [] : [alike[first], alike[(first + 1) % alike.length]];
    for (let away = 1; others.length < 3 * inPassage; away++)
      others.push(sorted[at - away], sorted[at + away]);
    const taken = new Set([entry]);
    for (const other of others) {
      if (other === undefined || taken.size === inPassage) continue;
      const mayAnswer =
        other.source !== entry.source ||
        (ofAll && other.kinds.some((kind) => entry.kinds.includes(kind))) ||
        other.names.some((name) => entry.names.includes(name));
      if (!mayAnswer) taken.add(other);
    }
    const lines = mixed([...taken], (of) => `${nameOf(of)} in ${by}`);
    const before = lines
      .slice(0, lines.indexOf(entry))
      .map((of) => `${lineOf(of)} `)
      .join("");
    const [from, to] = spanOf(entry, answer);
    return {
      ...{ template, question: text, passage: lines.map(lineOf).join(" ") },
      ...{ from: before.length + from, to: before.length + to },
    };
  });
};
