import type { Monoid } from "fp-ts/lib/Monoid.js";
import type { Baseline } from "../../../src/index.ts";
import { type OutputMetric, overOutputs, type Ratio } from "../../../src/nn/metrics/index.ts";
import { greatest } from "../greatest.ts";
import { conditions } from "./seenAndHeard.ts";

const monoidRatio: Monoid<Ratio> = {
  empty: { total: 0, count: 0 },
  concat: (a, b) => ({ total: a.total + b.total, count: a.count + b.count }),
};

/** The accuracy of logits, in all and under each condition, for targets as in `Pair.told`. */
export const underConditions = [undefined, ...conditions.keys()].map((kind) =>
  overOutputs(
    {
      name: kind === undefined ? "accuracy" : `accuracy, ${conditions[kind]}`,
      better: "higher",
      monoid: monoidRatio,
      of: (guess: number, told: number): Ratio =>
        kind === undefined || kind === Math.floor(told / 10)
          ? { total: Number(guess === told % 10), count: 1 }
          : monoidRatio.empty,
      value: ({ total, count }) => total / count,
    },
    (output, target) => [greatest(output.toTypedArray()), target.item()],
  ),
);

/** Vectors of pictures and sounds, one after the other, and the digit of each. */
interface Vectors {
  readonly [field: string]: readonly number[] | readonly (readonly number[])[];
  readonly seen: readonly (readonly number[])[];
  readonly heard: readonly (readonly number[])[];
  readonly digit: readonly number[];
}

const joined: Monoid<Vectors> = {
  empty: { seen: [], heard: [], digit: [] },
  concat: (a, b) => ({
    seen: [...a.seen, ...b.seen],
    heard: [...a.heard, ...b.heard],
    digit: [...a.digit, ...b.digit],
  }),
};

/** At most so many rows are compared with one another: the first. */
export const most = 600;

/** How many of the nearest are looked at. */
const near = 10;

const product = (a: readonly number[], b: readonly number[]): number => {
  let sum = 0;
  for (let k = 0; k < b.length; k++) sum += (b[k] as number) * (a[k] as number);
  return sum;
};

/** The share of those with the same digit among the vectors nearest to each, by the cosine of their angle. */
export const precisionNear = (
  from: readonly (readonly number[])[],
  to: readonly (readonly number[])[],
  digit: readonly number[],
): number => {
  const rows = Math.min(most, from.length);
  let right = 0;
  for (let i = 0; i < rows; i++) {
    const scores = to
      .slice(0, rows)
      .map((other, j) => [product(from[i] ?? [], other), j] as const)
      .toSorted(([a], [b]) => b - a);
    for (const [, j] of scores.slice(0, near)) right += Number(digit[j] === digit[i]);
  }
  return right / (rows * Math.min(near, rows));
};

const retrieving = (name: string, value: (of: Vectors) => number): OutputMetric<Vectors> =>
  overOutputs(
    {
      name,
      better: "higher",
      monoid: joined,
      of: (vectors: readonly number[], digit: number): Vectors => ({
        seen: [vectors.slice(0, vectors.length / 2)],
        heard: [vectors.slice(vectors.length / 2)],
        digit: [digit],
      }),
      value,
    },
    (output, target) => [[...output.toTypedArray()].slice(10), target.item()],
  );

/**
 * Of outputs of ten logits, the vector of a picture and that of a sound, all of length 1: the accuracy of the logits, and the
 * precision among the ten nearest pictures of each sound, and the ten nearest sounds of each picture.
 */
export const retrieval = [
  overOutputs(
    {
      name: "accuracy",
      better: "higher",
      monoid: monoidRatio,
      of: (guess: number, digit: number): Ratio => ({ total: Number(guess === digit), count: 1 }),
      value: ({ total, count }) => total / count,
    },
    (output, target) => [greatest(output.toTypedArray().slice(0, 10)), target.item()],
  ),
  retrieving("pictures of a sound", ({ seen, heard, digit }) => precisionNear(heard, seen, digit)),
  retrieving("sounds of a picture", ({ seen, heard, digit }) => precisionNear(seen, heard, digit)),
];

/** What one reaches by chance: the share of pairs of rows that have the same digit. */
export const chance: Baseline = {
  name: "any ten",
  evaluate: ({ train, test = train }) => {
    const digit = [...test.column("label").toTypedArray()];
    const shares = Array.from({ length: 10 }, (_, d) => digit.filter((x) => x === d).length);
    const same = shares.reduce((sum, n) => sum + (n / digit.length) ** 2, 0);
    return { "pictures of a sound": same, "sounds of a picture": same };
  },
};
