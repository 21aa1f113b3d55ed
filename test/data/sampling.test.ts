import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { type Folding, foldLaws, foldsAreFair, foldsPartition } from "../../laws/data/folds.ts";
import {
  drawnByWeight,
  drawnIndependently,
  drawnOnce,
  type IndependentDraws,
  samplerLaws,
} from "../../laws/data/samplers.ts";
import { laws } from "../../laws/index.ts";
import { check } from "../../laws/law.ts";
import { holds } from "../../laws/vitest.ts";
import {
  balanced,
  classWeights,
  dataset,
  epochsOf,
  kFold,
  poissonSampled,
  sampled,
  timeFolds,
  weighted,
  withClassWeights,
} from "../../src/data/index.ts";
import { formatError } from "../../src/errors/failure.ts";
import { InvalidArgument, LabelOutOfRange, UnknownColumn } from "../../src/errors.ts";
import { arange, tensor } from "../../src/tensor/constructors.ts";
import { type Key, key, permutation } from "../../src/tensor/key.ts";

const foldings: readonly Folding[] = [
  { name: "kFold", kind: "any", folds: (rows, k) => kFold(rows, k) },
  {
    name: "kFold with a key",
    kind: "any",
    folds: (rows, k, seed) => kFold(rows, k, { key: key(seed) }),
  },
  {
    name: "kFold, stratified",
    kind: "stratified",
    folds: (rows, k, seed) => kFold(rows, k, { key: key(seed), stratify: "label" }),
  },
  {
    name: "kFold by group",
    kind: "grouped",
    folds: (rows, k) => kFold(rows, k, { group: "label" }),
  },
  { name: "timeFolds", kind: "later", folds: (rows, k) => timeFolds(rows, k) },
];

describe("folds", () => {
  holds(foldLaws, foldings, { runs: 100 });

  test("are those of scikit-learn", () => {
    const ten = dataset({ x: arange(10) });
    const validations = (k: number) =>
      kFold(ten, k).map(({ validation }) => validation.all().x.toArray());
    // KFold(3): the first folds have one more.
    expect(validations(3)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ]);
    // TimeSeriesSplit(n_splits=3, gap=1, max_train_size=3).
    const inTime = timeFolds(ten, 3, { gap: 1, most: 3 }).map(({ train, validation }) => [
      train.all().x.toArray(),
      validation.all().x.toArray(),
    ]);
    expect(inTime).toEqual([
      [
        [0, 1, 2],
        [4, 5],
      ],
      [
        [2, 3, 4],
        [6, 7],
      ],
      [
        [4, 5, 6],
        [8, 9],
      ],
    ]);
  });

  const broken = (law: (typeof foldLaws)[number], folding: Folding) =>
    isLeft(check(law, folding, { runs: 100 }));

  test("laws notice mistakes", () => {
    const leaking: Folding = {
      name: "trains on what it measures",
      kind: "any",
      folds: (rows, k) => kFold(rows, k).map((fold) => ({ ...fold, train: rows })),
    };
    const early: Folding = {
      name: "measures on the past",
      kind: "later",
      folds: (rows, k) => kFold(rows, k),
    };
    const uneven: Folding = {
      name: "is not stratified",
      kind: "stratified",
      folds: (rows, k) => kFold(rows, k),
    };
    const apart: Folding = {
      name: "parts groups",
      kind: "grouped",
      folds: (rows, k) => kFold(rows, k),
    };
    expect(broken(foldsPartition, leaking)).toBe(true);
    expect(broken(foldsPartition, early)).toBe(true);
    expect(broken(foldsAreFair, uneven)).toBe(true);
    expect(broken(foldsAreFair, apart)).toBe(true);
  });

  test("too many are refused, and options that exclude each other", () => {
    const four = dataset({ x: arange(4), g: tensor([0, 0, 1, 1], "i32") });
    expect(() => kFold(four, 5)).toThrow(InvalidArgument);
    expect(() => kFold(four, 3, { group: "g" })).toThrow(InvalidArgument);
    expect(() => kFold(four, 2, { group: "g", stratify: "g" })).toThrow(InvalidArgument);
    expect(() => kFold(four, 2, { group: "none" as "g" })).toThrow(UnknownColumn);
    expect(() => timeFolds(four, 4)).toThrow(InvalidArgument);
  });
});

describe("samplers", () => {
  const byWeight = {
    name: "weighted",
    sampler: (weights: readonly number[], rows: number, replacement: boolean) =>
      weighted(weights, { rows, replacement }),
  };
  holds(samplerLaws, [byWeight], { runs: 30 });

  test("laws notice a sampler that ignores weights, and one that draws again", () => {
    const even = {
      name: "even",
      sampler: (weights: readonly number[], rows: number, replacement: boolean) =>
        weighted(
          weights.map(() => 1),
          { rows, replacement },
        ),
    };
    const again = {
      name: "again",
      sampler: (weights: readonly number[], rows: number) => weighted(weights, { rows }),
    };
    expect(isLeft(check(drawnByWeight, even, { runs: 30 }))).toBe(true);
    expect(isLeft(check(drawnOnce, even, { runs: 30 }))).toBe(true);
    expect(isLeft(check(drawnOnce, again, { runs: 30 }))).toBe(true);
  });

  const poisson: IndependentDraws = {
    name: "poissonSampled",
    drawn: (n, sampling, batchSize) =>
      poissonSampled(dataset({ row: arange(n) }), { sampling, batchSize }),
  };
  holds(laws.independentDraws, [poisson], { runs: 10 });

  test("a law notices batches of one size, and rows that repeat", () => {
    const change = (
      draw: (n: number, q: number) => (key: Key) => Int32Array,
    ): IndependentDraws => ({
      name: "wrong",
      drawn: (n, q, batchSize) => ({ ...poisson.drawn(n, q, batchSize), draw: draw(n, q) }),
    });
    const steps = (q: number) => Math.round(1 / q);
    const shuffled = change((n, q) => (own) => {
      const order = permutation(own, n).toTypedArray();
      const size = Math.round(n * q);
      return Int32Array.from({ length: n * steps(q) }, (_, i) => {
        const [step, place] = [Math.floor(i / n), i % n];
        return place < size ? Number(order[(step * size + place) % n]) : n;
      });
    });
    const repeated = change(
      (n, q) => (own) =>
        sampled(
          dataset({ row: arange(n) }),
          weighted(Array(n).fill(1), { rows: n * steps(q) }),
        ).draw(own),
    );
    expect(isLeft(check(drawnIndependently, shuffled, { runs: 30 }))).toBe(true);
    expect(isLeft(check(drawnIndependently, repeated, { runs: 30 }))).toBe(true);
  });

  test("a batch that holds too few draws names the least, and a run needs its size", async () => {
    const hundred = dataset({ x: arange(100) });
    // 50 are expected, with a deviation of 5: a bound of 10⁻⁹ is at 6.4 deviations.
    const least = /give it (\d+) or more/;
    const refused = (): unknown => poissonSampled(hundred, { sampling: 0.5, batchSize: 60 });
    expect(refused).toThrow(InvalidArgument);
    let said = "";
    try {
      refused();
    } catch (error) {
      said = formatError(error as InvalidArgument);
    }
    expect(Math.abs(Number(least.exec(said)?.[1]) - 82)).toBeLessThan(2);
    const source = poissonSampled(hundred, { sampling: 0.5, batchSize: 90 });
    const read = Effect.runSync(Effect.flip(epochsOf(source, { batchSize: 64, key: key(1) })));
    expect(read).toMatchObject({ _tag: "InvalidArgument", argument: "batchSize", actual: "64" });
    expect(() =>
      poissonSampled(dataset({ weight: arange(3) }), { sampling: 1, batchSize: 3 }),
    ).toThrow(InvalidArgument);
  });

  test("balanced draws every class as often, a column gives the weights", () => {
    const rows = dataset({
      label: tensor([0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "i32"),
      weight: tensor([0, 0, 0, 0, 0, 0, 0, 0, 1, 1]),
    });
    const { draw } = sampled(rows, balanced("label", { rows: 1000 }));
    const rare = draw(key(3)).filter((row) => row === 9).length;
    expect(Math.abs(rare - 500)).toBeLessThan(6 * Math.sqrt(250));
    const of = sampled(rows, weighted("weight"));
    expect(of.rows).toBe(10);
    expect(of.draw(key(1)).every((row) => row >= 8)).toBe(true);
  });

  test("weights that are none are refused", () => {
    const three = dataset({
      x: arange(3),
      pair: tensor([
        [1, 2],
        [1, 2],
        [1, 2],
      ]),
    });
    for (const weights of [
      [1, 2],
      [0, 0, 0],
      [1, -1, 1],
      [1, Number.NaN, 1],
    ])
      expect(() => sampled(three, weighted(weights))).toThrow(InvalidArgument);
    expect(() => sampled(three, weighted([1, 0, 1], { rows: 3, replacement: false }))).toThrow(
      InvalidArgument,
    );
    expect(() => sampled(three, balanced("pair"))).toThrow(InvalidArgument);
    expect(() => sampled(three, balanced("none"))).toThrow(UnknownColumn);
  });
});

describe("weights of classes", () => {
  const labels = dataset({ label: tensor([0, 0, 0, 2], "i32") });

  test("are n / (k · count): three of class 0, one of class 2, none of class 1", () => {
    expect(classWeights(labels, "label", 3).toArray()).toEqual([Math.fround(2 / 3), 0, 2]);
  });

  test("become a column, from any table", () => {
    const more = withClassWeights(labels, "label", tensor([1, 2, 4]), "importance");
    expect(more.all().importance.toArray()).toEqual([1, 1, 1, 4]);
    expect(more.all().label.toArray()).toEqual([0, 0, 0, 2]);
  });

  test("labels that are no class are named", () => {
    expect(() => classWeights(labels, "label", 2)).toThrow(LabelOutOfRange);
    expect(() => withClassWeights(labels, "label", tensor([1, 2]))).toThrow(LabelOutOfRange);
    expect(() => classWeights(labels, "none" as "label", 3)).toThrow(UnknownColumn);
  });
});
