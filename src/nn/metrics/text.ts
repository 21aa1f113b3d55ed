import { type Monoid, struct } from "fp-ts/lib/Monoid.js";
import { MonoidSum } from "fp-ts/lib/number.js";
import { greatestOf } from "../../tensor/extremes.ts";
import type { Nested } from "../../tensor/tensor.ts";
import { positive, whole } from "../../tensor/validate.ts";
import { added, monoidRatio, type Ratio, ratio } from "./metric.ts";
import type { PairMetric, TextMetric } from "./pairs.ts";

/** The number of times that each run of `n` tokens occurs. */
const runsOf = (tokens: readonly string[], n: number): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= tokens.length; i++) {
    const run = JSON.stringify(tokens.slice(i, i + n));
    counts.set(run, (counts.get(run) ?? 0) + 1);
  }
  return counts;
};

/** The number of runs of `n` tokens that two texts share, each counted as often as it occurs in both. */
const sharedRuns = (a: readonly string[], b: readonly string[], n: number): number => {
  const others = runsOf(b, n);
  let shared = 0;
  for (const [run, count] of runsOf(a, n)) shared += Math.min(count, others.get(run) ?? 0);
  return shared;
};

const runCount = (tokens: readonly string[], n: number): number =>
  Math.max(0, tokens.length - n + 1);

const orders = (most: number): readonly number[] => Array.from({ length: most }, (_, i) => i + 1);

const vectors: Monoid<readonly number[]> = { empty: [], concat: added };

/** The counts that {@link bleu} is made of: for each length of runs, those of the predictions and those found. */
export interface BleuCounts {
  readonly [field: string]: Nested;
  readonly found: readonly number[];
  readonly predicted: readonly number[];
  /** The total number of predicted tokens. */
  readonly length: number;
  /** The total length of the references, for each the one nearest to its prediction in length. */
  readonly reference: number;
}

/**
 * BLEU, for translations: the geometric mean of the precisions of runs of 1 to `order` tokens, times a penalty for
 * predictions that are shorter than their references. It belongs to a whole set of texts, not to one sentence: it is 0 if no
 * run of `order` tokens is found. Each prediction may have several references. `order` defaults to 4.
 *
 * **Units** a share from 0 to 1; papers often multiply it by 100.
 * **Fails with** `InvalidArgument`, thrown, where `order` is not a whole number of at least 1.
 * **Source** Papineni et al. (2002), Bleu: a method for automatic evaluation of machine translation, section 2.3.
 *
 * @example
 * ```ts
 * import { bleu, scorePairs } from "fluxion/metrics";
 * const words = (text: string) => text.split(" ");
 * const reference = [words("the cat sat on the mat")];
 * scorePairs(bleu(), [[words("the cat sat on a mat"), reference]]) // => 0.5372850
 * ```
 */
export const bleu = (
  order = 4,
): PairMetric<readonly string[], readonly (readonly string[])[], BleuCounts> => {
  whole(1)("bleu", { order });
  return {
    name: "bleu",
    better: "higher",
    monoid: struct({ found: vectors, predicted: vectors, length: MonoidSum, reference: MonoidSum }),
    of: (predicted, references) => {
      const { length } = predicted;
      const nearest = references
        .map((reference) => reference.length)
        .toSorted((a, b) => Math.abs(a - length) - Math.abs(b - length) || a - b);
      return {
        found: orders(order).map((n) => foundRuns(predicted, references, n)),
        predicted: orders(order).map((n) => runCount(predicted, n)),
        length,
        reference: nearest[0] ?? 0,
      };
    },
    value: ({ found, predicted, length, reference }) => {
      if (length === 0) return predicted.length === 0 ? Number.NaN : 0;
      const logs = found.map((n, i) => Math.log(n / (predicted[i] ?? 0)));
      // A text without any run of a length has no precision for it: 0 of 0.
      const mean = logs.reduce((a, b) => a + b, 0) / logs.length;
      const brevity = length < reference ? Math.exp(1 - reference / length) : 1;
      return Number.isNaN(mean) ? 0 : brevity * Math.exp(mean);
    },
  };
};

/** The runs of a prediction that are in a reference, each counted at most as often as in the one that has it most often. */
const foundRuns = (
  predicted: readonly string[],
  references: readonly (readonly string[])[],
  n: number,
): number => {
  const known = references.map((reference) => runsOf(reference, n));
  let found = 0;
  for (const [run, count] of runsOf(predicted, n))
    found += Math.min(count, greatestOf([0, ...known.map((runs) => runs.get(run) ?? 0)]));
  return found;
};

/** The counts that {@link chrF} is made of, for each length of runs of characters. */
export interface ChrFCounts {
  readonly [field: string]: Nested;
  readonly shared: readonly number[];
  readonly predicted: readonly number[];
  readonly reference: readonly number[];
}

/** The options of {@link chrF}. */
export interface ChrFOptions {
  /** The greatest length of runs of characters. Defaults to 6. */
  readonly order?: number;
  /** How many times recall counts as much as precision. Defaults to 2. */
  readonly beta?: number;
}

/** The characters of a text, without white space. */
const charactersOf = (text: string): readonly string[] => [...text.replace(/\s+/gu, "")];

/** The weighted harmonic mean of precision and recall; 0 if both are. */
const fScore = (precision: number, recall: number, beta: number): number => {
  const weight = beta * beta;
  return precision + recall === 0
    ? 0
    : ((1 + weight) * precision * recall) / (weight * precision + recall);
};

/**
 * chrF, for translations: the F score of runs of 1 to `order` characters, white space left out. It needs no words, so it
 * suits languages that inflect. Lengths of runs that a text is too short for do not count.
 *
 * **Units** a share from 0 to 1; papers often multiply it by 100.
 * **Fails with** `InvalidArgument`, thrown, where `order` is not a whole number of at least 1, or `beta` is not above 0.
 * **Source** Popović (2015), chrF: character n-gram F-score for automatic MT evaluation, equation 1.
 *
 * @example
 * ```ts
 * import { chrF, scorePairs } from "fluxion/metrics";
 * scorePairs(chrF({ order: 1 }), [["abcd", "abce"]]) // => 0.75
 * ```
 */
export const chrF = ({
  order = 6,
  beta = 2,
}: ChrFOptions = {}): PairMetric<string, string, ChrFCounts> => {
  whole(1)("chrF", { order });
  positive("chrF", { beta });
  return {
    name: "chrF",
    better: "higher",
    monoid: struct({ shared: vectors, predicted: vectors, reference: vectors }),
    of: (predicted, reference) => {
      const [x, y] = [charactersOf(predicted), charactersOf(reference)];
      return {
        shared: orders(order).map((n) => sharedRuns(x, y, n)),
        predicted: orders(order).map((n) => runCount(x, n)),
        reference: orders(order).map((n) => runCount(y, n)),
      };
    },
    value: ({ shared, predicted, reference }) => {
      const known = shared.flatMap((both, i) => {
        const [said, meant] = [predicted[i] ?? 0, reference[i] ?? 0];
        return said > 0 && meant > 0 ? [[both / said, both / meant] as const] : [];
      });
      const mean = (at: 0 | 1): number => known.reduce((a, x) => a + x[at], 0) / known.length;
      if (known.length > 0) return fScore(mean(0), mean(1), beta);
      return predicted.some(Boolean) || reference.some(Boolean) ? 0 : Number.NaN;
    },
  };
};

/** The metric of a score that is averaged over pairs. */
const meanScore = (
  name: string,
  scoreOf: (predicted: readonly string[], reference: readonly string[]) => number,
): TextMetric => ({
  name,
  better: "higher",
  monoid: monoidRatio,
  of: (predicted, reference) => ({ total: scoreOf(predicted, reference), count: 1 }),
  value: ratio,
});

/** The F1 of what two texts share; two texts that have nothing to share are equal, and score 1. */
const overlap = (shared: number, predicted: number, reference: number): number =>
  predicted + reference === 0 ? 1 : (2 * shared) / (predicted + reference);

/**
 * ROUGE-N, for summaries: the F1 of the runs of `n` tokens that a summary shares with its reference, averaged over summaries.
 * With `n = 1` it is the token F1 of question answering. `n` defaults to 1.
 *
 * **Fails with** `InvalidArgument`, thrown, where `n` is not a whole number of at least 1.
 * **Source** Lin (2004), ROUGE: a package for automatic evaluation of summaries, section 2.
 *
 * @example
 * ```ts
 * import { rouge, scorePairs } from "fluxion/metrics";
 * scorePairs(rouge(2), [[["police", "killed", "the", "gunman"], ["police", "kill", "the", "gunman"]]]) // => 0.3333333
 * ```
 */
export const rouge = (n = 1): TextMetric => {
  whole(1)("rouge", { n });
  return meanScore(`rouge${n}`, (x, y) =>
    overlap(sharedRuns(x, y, n), runCount(x, n), runCount(y, n)),
  );
};

/** The length of the longest common subsequence: one row of its table at a time. */
const longestCommon = (a: readonly string[], b: readonly string[]): number => {
  const row = new Uint32Array(b.length + 1);
  for (const token of a) {
    let diagonal = 0;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j] as number;
      row[j] = token === b[j - 1] ? diagonal + 1 : Math.max(above, row[j - 1] as number);
      diagonal = above;
    }
  }
  return row[b.length] as number;
};

/**
 * ROUGE-L, for summaries: the F1 of the longest common subsequence of a summary and its reference, averaged over summaries.
 *
 * **Source** Lin (2004), section 3.1, with β = 1.
 *
 * @example
 * ```ts
 * import { rougeL, scorePairs } from "fluxion/metrics";
 * scorePairs(rougeL, [[["police", "kill", "the", "gunman"], ["police", "killed", "the", "gunman"]]]) // => 0.75
 * ```
 */
export const rougeL: TextMetric = meanScore("rougeL", (x, y) =>
  overlap(longestCommon(x, y), x.length, y.length),
);

/** The least number of insertions, deletions and substitutions that make one text the other (Levenshtein 1966). */
const editDistance = (a: readonly string[], b: readonly string[]): number => {
  const row = Uint32Array.from({ length: b.length + 1 }, (_, j) => j);
  a.forEach((token, i) => {
    let diagonal = i;
    row[0] = i + 1;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j] as number;
      const kept = diagonal + Number(token !== b[j - 1]);
      row[j] = Math.min(kept, above + 1, (row[j - 1] as number) + 1);
      diagonal = above;
    }
  });
  return row[b.length] as number;
};

const errorRate = (name: string): TextMetric<Ratio> => ({
  name,
  better: "lower",
  monoid: monoidRatio,
  of: (predicted, reference) => ({
    total: editDistance(predicted, reference),
    count: reference.length,
  }),
  value: ratio,
});

/**
 * The word error rate (WER), for speech: the words inserted, deleted and substituted, divided by the number of words of the
 * references. It can exceed 1.
 */
export const wordErrorRate: TextMetric = errorRate("wer");

/**
 * The character error rate (CER): the characters inserted, deleted and substituted, divided by the number of characters of
 * the references. It can exceed 1.
 *
 * @example
 * ```ts
 * import { characterErrorRate, scorePairs } from "fluxion/metrics";
 * scorePairs(characterErrorRate, [["sitting", "kitten"]]) // => 0.5
 * ```
 */
export const characterErrorRate: PairMetric<string, string, Ratio> = {
  ...errorRate("cer"),
  of: (predicted, reference) => errorRate("cer").of([...predicted], [...reference]),
};
