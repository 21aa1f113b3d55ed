import * as fc from "fast-check";
import type { Transcript } from "../../src/nn/generate/ctc.ts";
import { greatestOf } from "../../src/tensor/extremes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { record, tensorOf } from "../domain.ts";
import { type Law, law } from "../law.ts";

/** What a search of CTC finds, best first, or the tag and time step of its refusal. */
export type CtcDecoded =
  | { readonly found: readonly Transcript[] }
  | { readonly refused: string; readonly position?: number };

/** A search for the labels of one example `[1, time, classes]`, which finds those of the best path or all. */
export interface CtcDecoder {
  readonly name: string;
  readonly kind: "best path" | "all labels";
  readonly decode: (logits: Tensor, blank: number) => CtcDecoded;
}

interface Outputs {
  readonly steps: readonly (readonly number[])[];
  readonly blank: number;
}

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

const logit = fc.oneof(
  { weight: 50, arbitrary: fc.integer({ min: -12, max: 12 }).map((k) => k / 4) },
  { weight: 8, arbitrary: fc.constantFrom(-infinity, -3e38, 3e38) },
  { weight: 1, arbitrary: fc.constantFrom(nan, infinity) },
);

const outputs: fc.Arbitrary<Outputs> = fc
  .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 1, max: 3 }))
  .chain(([time, classes]) => {
    const step = fc.array(logit, { minLength: classes, maxLength: classes });
    return record({
      steps: fc.array(step, { minLength: time, maxLength: time }),
      blank: fc.nat(classes - 1),
    });
  });

/** A step without a distribution: a logit is NaN or ∞, or all are -∞. */
const isBad = (step: readonly number[]): boolean =>
  step.some((x) => !(x < infinity)) || step.every((x) => x === -infinity);

const probabilitiesOf = (step: readonly number[]): readonly number[] => {
  const most = greatestOf(step);
  const powers = step.map((x) => Math.exp(x - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
};

/** Every path over the classes, by counting. */
const pathsOf = (time: number, classes: number): readonly (readonly number[])[] =>
  Array.from({ length: classes ** time }, (_, n) =>
    Array.from({ length: time }, (_t, t) => Math.floor(n / classes ** t) % classes),
  );

/** The labels of a path: without repeats, and then without blanks. */
const labelsOf = (path: readonly number[], blank: number): readonly number[] =>
  path.filter((c, t) => c !== path[t - 1]).filter((c) => c !== blank);

/** The probability of every label sequence, summed over all paths one by one. */
const everyLabeling = ({ steps, blank }: Outputs): ReadonlyMap<string, number> => {
  const shares = steps.map(probabilitiesOf);
  const found = new Map<string, number>();
  for (const path of pathsOf(steps.length, steps[0]?.length ?? 1)) {
    const p = path.reduce((product, c, t) => product * (shares[t]?.[c] as number), 1);
    const name = labelsOf(path, blank).join();
    if (p > 0) found.set(name, (found.get(name) ?? 0) + p);
  }
  return found;
};

const differs = (a: number, b: number): boolean => !(Math.abs(a - b) <= 1e-9 * (1 + Math.abs(b)));

const bestPathOf = ({ steps, blank }: Outputs): readonly number[] =>
  labelsOf(
    steps.map((step) => step.indexOf(greatestOf(step))),
    blank,
  );

/**
 * A search of CTC refuses a time step whose logits contain NaN or ∞, or are all -∞, with `NonFiniteLogits` and the step.
 * Otherwise it finds the labels of the best path, or all labels with the probability of all their paths.
 */
export const ctcAlignments: Law<CtcDecoder> = law(
  "alignments",
  "labels found = those of the best path, or all with Σ ∏ p over the paths of each, best first",
  ({ kind, decode }: CtcDecoder) => ({
    given: outputs,
    breach: (given: Outputs) => {
      const { steps, blank } = given;
      const classes = steps[0]?.length ?? blank + 1;
      const made = decode(tensorOf([1, steps.length, classes], "f64", steps.flat()), blank);
      const bad = steps.findIndex(isBad);
      if ("refused" in made)
        return bad >= 0 && made.refused === "NonFiniteLogits" && made.position === bad
          ? undefined
          : `it is refused by ${made.refused} at ${made.position}, and step ${bad} is bad`;
      if (bad >= 0) return `step ${bad} has no distribution, and is not refused`;
      const best = made.found[0]?.labels ?? [];
      if (kind === "best path") {
        const wanted = bestPathOf(given);
        return best.join() === wanted.join() ? undefined : `[${best}], not [${wanted}]`;
      }
      const every = everyLabeling(given);
      const names = made.found.map(({ labels }) => labels.join());
      const missing = [...every.keys()].find((name) => !names.includes(name));
      if (missing !== undefined) return `the labels [${missing}] are not found`;
      if (new Set(names).size !== names.length) return "the same labels are found twice";
      for (const [i, { labels, logProbability, score }] of made.found.entries()) {
        // A probability below those of doubles is 0 for the sum of products.
        const p = Math.log(every.get(labels.join()) ?? 0);
        if (p > -700 && differs(logProbability, p))
          return `ln p of [${labels}] is ${logProbability}, not ${p}`;
        if (score > (made.found[i - 1]?.score ?? infinity)) return `[${labels}] comes too late`;
      }
      return undefined;
    },
  }),
);
