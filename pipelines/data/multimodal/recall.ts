import type { Monoid } from "fp-ts/lib/Monoid.js";
import { type OutputMetric, overOutputs } from "../../../src/nn/metrics/index.ts";
import { greatest } from "../greatest.ts";
import { emojiGroups } from "../vision/emoji.ts";
import { groupTexts } from "./emojiCaptions.ts";
import { languages } from "./emojiNames.ts";

/** At most so many rows are ranked: the first. */
const most = 600;

/** How much a picture, from 0 on, and a text belong together. */
export type Score = (picture: number, text: number) => number;

/** Where the own candidate of each of `n` stands, from 1; in the middle of equal ones. */
const ranks = (n: number, score: Score): readonly number[] =>
  Array.from({ length: n }, (_, i) => {
    const own = score(i, i);
    let [above, equal] = [0, 0];
    for (let j = 0; j < n; j++) {
      const other = score(i, j);
      if (other > own) above += 1;
      else if (other === own) equal += 1;
    }
    return above + (1 + equal) / 2;
  });

/** The share of `n` pictures whose own text is among the first `k`. */
export const recall = (n: number, score: Score, k: number): number =>
  ranks(n, score).filter((rank) => rank <= k).length / n;

/** A name of a figure: how many candidates are looked at, and what they are. */
export const recallName = (k: number, what: "names" | "pictures", kind = ""): string =>
  `${what}@${k}${kind === "" ? "" : ` ${kind}`}`;

/** What is looked at: the first, the first five and the first ten. */
export const cuts = [1, 5, 10] as const;

/** Recall both ways. */
export const recalls = (n: number, score: Score): { readonly [name: string]: number } =>
  Object.fromEntries(
    cuts.flatMap((k) => [
      [recallName(k, "names"), recall(n, score, k)],
      [recallName(k, "pictures"), recall(n, (text, picture) => score(picture, text), k)],
    ]),
  );

/** The outputs of some rows and their groups. */
interface Outputs {
  readonly [field: string]: readonly number[] | readonly (readonly number[])[];
  readonly outputs: readonly (readonly number[])[];
  readonly groups: readonly number[];
}

const joined: Monoid<Outputs> = {
  empty: { outputs: [], groups: [] },
  concat: (a, b) => ({
    outputs: [...a.outputs, ...b.outputs].slice(0, most),
    groups: [...a.groups, ...b.groups].slice(0, most),
  }),
};

const measuring = (name: string, value: (of: Outputs) => number): OutputMetric<Outputs> =>
  overOutputs(
    {
      name,
      better: "higher",
      monoid: joined,
      of: (output: readonly number[], group: number): Outputs => ({
        outputs: [output],
        groups: [group],
      }),
      value,
    },
    (output, target) => [[...output.toTypedArray()], target.item()],
  );

/**
 * Of outputs that have the vector of a picture, those of its captions in six languages, that of its English name alone, each of
 * `width` numbers, and the scores of the words of groups: recall both ways in English, that of captions in other languages and of names
 * alone, and the accuracy of the groups.
 */
export const emojiRetrieval = (width: number): readonly OutputMetric<Outputs>[] => {
  /** The product of a picture's vector with that of its `kind`-th text. */
  const scoreOf =
    (kind: number, { outputs }: Outputs): Score =>
    (picture, text) => {
      const [seen, read] = [outputs[picture] ?? [], outputs[text] ?? []];
      let sum = 0;
      for (let d = 0; d < width; d++)
        sum += (seen[d] as number) * (read[(1 + kind) * width + d] as number);
      return sum;
    };
  const both = cuts.flatMap((k) => [
    measuring(recallName(k, "names"), (of) => recall(of.groups.length, scoreOf(0, of), k)),
    measuring(recallName(k, "pictures"), (of) =>
      recall(of.groups.length, (text, picture) => scoreOf(0, of)(picture, text), k),
    ),
  ]);
  const others = [...languages.slice(1), "without keywords"].map((kind, i) =>
    measuring(recallName(10, "names", kind), (of) =>
      recall(of.groups.length, scoreOf(i + 1, of), 10),
    ),
  );
  /** The group whose words' scores have the greatest mean. */
  const groupFound = (output: readonly number[]): number => {
    const scores = output.slice(-groupTexts.length);
    return greatest(
      emojiGroups.map((_, group) => {
        const own = scores.filter((_, i) => groupTexts[i]?.group === group);
        return own.reduce((sum, score) => sum + score, 0) / own.length;
      }),
    );
  };
  const grouped = measuring("group", ({ outputs, groups }) => {
    const found = outputs.filter((output, i) => groupFound(output) === groups[i]);
    return found.length / groups.length;
  });
  return [...both, ...others, grouped];
};
