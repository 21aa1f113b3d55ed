import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { type Folding, foldLaws, foldsAreFair, foldsPartition } from "../../laws/data/folds.ts";
import { drawnByWeight, drawnOnce, samplerLaws } from "../../laws/data/samplers.ts";
import { check } from "../../laws/law.ts";
import { holds } from "../../laws/vitest.ts";
import {
  balanced,
  classWeights,
  dataset,
  kFold,
  sampled,
  timeFolds,
  weighted,
  withClassWeights,
} from "../../src/data/index.ts";
import { InvalidArgument, LabelOutOfRange, UnknownColumn } from "../../src/errors.ts";
import { arange, tensor } from "../../src/tensor/constructors.ts";
import { key } from "../../src/tensor/key.ts";

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
