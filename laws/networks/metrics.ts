import * as fc from "fast-check";
import { run } from "../../src/interpreter/evaluate.ts";
import { parameter } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { program } from "../../src/ir/program.ts";
import type { Metric, Summary } from "../../src/nn/metrics/metric.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { record, tensorOf } from "../domain.ts";
import { type Law, law } from "../law.ts";

/** A metric, and the examples that it takes. */
export interface MetricSubject {
  readonly name: string;
  /** Summarizes a batch of examples, given as numbers. */
  readonly summarize: (batch: readonly Example[]) => Summary;
  readonly concat: (a: Summary, b: Summary) => Summary;
  readonly empty: Summary;
  readonly value: (summary: Summary) => number;
  readonly better: "higher" | "lower";
  readonly examples: fc.Arbitrary<Example>;
  readonly claims: MetricClaims;
}

/** The claims of a metric about its values, for any input. */
export interface MetricClaims {
  /** The smallest and the greatest possible value. */
  readonly range: readonly [least: number, greatest: number];
  /** The same example with a prediction that is better or as good. */
  readonly improved: (example: Example) => Example;
  /** The value for examples whose outputs are all equal, where it does not depend on their labels. */
  readonly constant?: number;
  /** The value of the metric on examples whose outputs are NaN. Defaults to NaN. */
  readonly lost?: number;
}

/** One example as a metric sees it. */
export interface Example {
  readonly loss: number;
  readonly outputs: readonly number[];
  readonly target: number;
}

const outputs = 3;

/**
 * Raises the score at the label by 1; a single output moves to the label's side. An invalid label leaves the example
 * unchanged.
 */
const better = ({ outputs: scores, target, ...rest }: Example): Example => ({
  ...rest,
  target,
  outputs:
    scores.length === 1
      ? scores.map((x) => x + ([-1, 1][target] ?? 0))
      : scores.map((x, i) => (i === target ? x + 1 : x)),
});

/** The claims of a metric that is a ratio of examples, for a number of classes. */
export const shareClaims = (classes: number): MetricClaims => ({
  range: [0, 1],
  improved: better,
  constant: 1 / classes,
  lost: 0,
});

/** Examples of a classifier: a loss, outputs for three classes (ties among them), and a label. */
const examples: fc.Arbitrary<Example> = record({
  loss: fc.nat(16).map((k) => k / 4),
  outputs: fc.array(fc.integer({ min: -2, max: 2 }), { minLength: outputs, maxLength: outputs }),
  target: fc.nat(outputs - 1),
});

/** Examples of a binary classifier with one output. */
export const binary: fc.Arbitrary<Example> = record({
  loss: fc.nat(16).map((k) => k / 4),
  outputs: fc.tuple(fc.integer({ min: -2, max: 2 }).map((k) => k + 0.5)),
  target: fc.nat(1),
});

const meanOf = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

/** A metric as a subject. It computes summaries as a training step does: by a program of the batch. */
export const metricSubject = <A extends Summary>(
  name: string,
  { fromBatch, monoid, value, better }: Metric<A>,
  claims: MetricClaims,
  drawn: fc.Arbitrary<Example> = examples,
): MetricSubject => ({
  name,
  better,
  claims,
  examples: drawn,
  empty: monoid.empty,
  // Every summary passed in was returned by `summarize` or `concat`.
  concat: (a, b) => monoid.concat(a as A, b as A),
  value: (summary) => value(summary as A),
  summarize: (batch) => {
    const width = batch[0]?.outputs.length ?? 0;
    const inputs = [
      parameter({ shape: [], dtype: "f64" }),
      parameter({ shape: [batch.length, width], dtype: "f32" }),
      parameter({ shape: [batch.length], dtype: "i32" }),
    ] as const;
    const fields = Object.entries<Expr>(
      fromBatch({ loss: inputs[0], outputs: inputs[1], targets: inputs[2] }),
    );
    const computed: readonly Tensor[] = run(
      program(
        inputs,
        fields.map(([, x]) => x),
      ),
      [
        tensorOf([], "f64", [meanOf(batch.map((e) => e.loss))]),
        tensorOf(
          [batch.length, width],
          "f32",
          batch.flatMap((e) => e.outputs),
        ),
        tensorOf(
          [batch.length],
          "i32",
          batch.map((e) => e.target),
        ),
      ],
    );
    return Object.fromEntries(fields.map(([field], i) => [field, computed[i]?.toArray() ?? 0]));
  },
});

const batchesOf = (example: fc.Arbitrary<Example>) =>
  fc.array(example, { minLength: 1, maxLength: 4 });

/** Tolerance for losses: sums of means, which are rounded. */
const rounding = 1e-12;

const flat = (summary: Summary): readonly number[] =>
  Object.values(summary).flatMap((x) => [x].flat(4) as readonly number[]);

/** The difference between two summaries, in words; `undefined` if there is none. */
export const differenceOf = (what: string, a: Summary, b: Summary): string | undefined => {
  const [xs, ys] = [flat(a), flat(b)];
  const same =
    xs.length === ys.length &&
    xs.every((x, i) => {
      const y = ys[i] as number;
      return Object.is(x, y) || Math.abs(x - y) <= rounding * Math.max(1, Math.abs(x));
    });
  return same ? undefined : `${what}: ${JSON.stringify(a)} is not ${JSON.stringify(b)}`;
};

/** Summaries form a commutative monoid. */
export const metricMonoid: Law<MetricSubject> = law(
  "commutative monoid",
  "(a·b)·c = a·(b·c), a·b = b·a, a·1 = a",
  ({ summarize, concat, empty, examples }: MetricSubject) => {
    const summaries = batchesOf(examples).map(summarize);
    return {
      given: record({ a: summaries, b: summaries, c: summaries }),
      breach: ({ a, b, c }) =>
        differenceOf("(a·b)·c against a·(b·c)", concat(concat(a, b), c), concat(a, concat(b, c))) ??
        differenceOf("a·b against b·a", concat(a, b), concat(b, a)) ??
        differenceOf("a·1 against a", concat(a, empty), a) ??
        differenceOf("1·a against a", concat(empty, a), a),
    };
  },
);

/** A metric does not depend on how its examples were batched. */
export const metricBatching: Law<MetricSubject> = law(
  "any grouping",
  "value (fromBatch (xs ++ ys)) = value (fromBatch xs · fromBatch ys)",
  ({ summarize, concat, value, examples }: MetricSubject) => ({
    given: record({ xs: batchesOf(examples), ys: batchesOf(examples) }),
    breach: ({ xs, ys }) => {
      const [whole, parts] = [summarize([...xs, ...ys]), concat(summarize(xs), summarize(ys))];
      return (
        differenceOf("summary", whole, parts) ??
        differenceOf("value", { v: value(whole) }, { v: value(parts) })
      );
    },
  }),
);

export const metricLaws: readonly Law<MetricSubject>[] = [metricMonoid, metricBatching];

const wild = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0);

/** Examples with some non-finite outputs and some invalid labels. */
const hostile = (example: fc.Arbitrary<Example>): fc.Arbitrary<Example> =>
  record({
    example,
    outputs: fc.array(fc.option(wild, { nil: undefined, freq: 2 }), { minLength: 3, maxLength: 3 }),
    target: fc.option(fc.constantFrom(-1, 3, 7, -(2 ** 31), 2 ** 31 - 1), { nil: undefined }),
  }).map(({ example: e, outputs: wilds, target }) => ({
    ...e,
    outputs: e.outputs.map((x, i) => wilds[i] ?? x),
    target: target ?? e.target,
  }));

/** A metric stays in its range for all outputs and labels, or is NaN. */
export const metricRange: Law<MetricSubject> = law(
  "in its range",
  "least ≤ value ≤ greatest, or NaN, for outputs of NaN and ±∞ and invalid labels",
  ({ summarize, value, examples, claims: { range } }: MetricSubject) => ({
    given: batchesOf(hostile(examples)),
    breach: (batch) => {
      const v = value(summarize(batch));
      return v < range[0] || v > range[1] ? `the value is ${v}` : undefined;
    },
  }),
);

/** A better prediction never scores worse, by the metric's own direction. */
export const metricDirection: Law<MetricSubject> = law(
  "direction",
  "a better prediction has a value that is no worse",
  ({ summarize, value, examples, better, claims: { improved } }: MetricSubject) => ({
    given: record({
      batch: batchesOf(fc.oneof(examples, hostile(examples))),
      at: fc.nat(3),
    }),
    breach: ({ batch, at }) => {
      const before = value(summarize(batch));
      const after = value(
        summarize(batch.map((e, i) => (i === at % batch.length ? improved(e) : e))),
      );
      const gain = better === "higher" ? after - before : before - after;
      return gain < -rounding ? `${before} became ${after}, and ${better} is better` : undefined;
    },
  }),
);

/** Ties and NaN outputs earn no undeserved credit. */
export const metricHonesty: Law<MetricSubject> = law(
  "no credit for nothing",
  "equal outputs are worth their share, outputs of NaN nothing",
  ({ summarize, value, examples, claims: { constant, lost = Number.NaN } }: MetricSubject) => ({
    given: batchesOf(examples),
    breach: (batch) => {
      const all = (x: number): number =>
        value(summarize(batch.map((e) => ({ ...e, loss: x, outputs: e.outputs.map(() => x) }))));
      const none = all(Number.NaN);
      if (!Object.is(none, lost)) return `of NaN it is ${none}, not ${lost}`;
      const guess = all(0);
      return constant === undefined || Math.abs(guess - constant) < 1e-7
        ? undefined
        : `of equal outputs it is ${guess}, not ${constant}`;
    },
  }),
);

/** The laws of a metric's claims. */
export const metricClaims: readonly Law<MetricSubject>[] = [
  metricRange,
  metricDirection,
  metricHonesty,
];

/** The value of a metric on some examples, by an independent source. */
export interface KnownScore {
  readonly subject: MetricSubject;
  readonly examples: readonly Example[];
  readonly expected: number;
}

/** A metric has its known values. */
export const knownScore: Law<KnownScore> = law(
  "known scores",
  "value (fromBatch xs) is the known value",
  ({ subject, examples, expected }: KnownScore) => ({
    given: fc.constant(expected),
    breach: () => {
      const value = subject.value(subject.summarize(examples));
      return Math.abs(value - expected) < 1e-7 ? undefined : `it is ${value}, not ${expected}`;
    },
  }),
);
