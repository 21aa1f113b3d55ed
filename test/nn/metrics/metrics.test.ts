import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  accuracy,
  binaryAccuracy,
  exactMatch,
  topKAccuracy,
} from "../../../src/nn/metrics/classification.ts";
import { confusionMatrix, f1, precision, recall } from "../../../src/nn/metrics/confusion.ts";
import type { Metric, Ratio, Summary } from "../../../src/nn/metrics/metric.ts";
import { meanLoss, rootMeanSquaredError } from "../../../src/nn/metrics/regression.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { summaryOf } from "./summaryOf.ts";

const scores = tensor([
  [0.1, 0.7, 0.2],
  [0.5, 0.3, 0.2],
  [0.2, 0.3, 0.5],
  [0.4, 0.5, 0.1],
]);
const labels = tensor([1, 1, 2, 0], "i32");

describe("metrics", () => {
  it("accuracy is the fraction of right answers, for labels of any kind", () => {
    expect(summaryOf(accuracy, scores, labels)).toEqual({ total: 2, count: 4 });
    expect(accuracy.value(summaryOf(accuracy, scores, labels.cast("u8")))).toBe(0.5);
    const oneHot = tensor([
      [0, 1, 0],
      [0, 1, 0],
      [0, 0, 1],
      [1, 0, 0],
    ]);
    expect(accuracy.value(summaryOf(accuracy, scores, oneHot))).toBe(0.5);
  });

  it("topKAccuracy is the fraction of labels among the k best, and accuracy for k = 1", () => {
    const values = [1, 2, 3].map((k) =>
      topKAccuracy(k).value(summaryOf(topKAccuracy(k), scores, labels)),
    );
    expect(values).toEqual([0.5, 1, 1]);
    expect(() => topKAccuracy(0)).toThrow(expect.objectContaining({ _tag: "InvalidArgument" }));
  });

  it("binaryAccuracy takes logits, or probabilities with their threshold", () => {
    const targets = tensor([1, 0, 1]);
    expect(binaryAccuracy().value(summaryOf(binaryAccuracy(), tensor([2, -1, -3]), targets))).toBe(
      2 / 3,
    );
    const metric = binaryAccuracy(0.5);
    expect(metric.value(summaryOf(metric, tensor([[0.9], [0.1], [0.6]]), targets))).toBe(1);
  });

  it("meanLoss weights every batch by its number of examples", () => {
    const [a, b] = [
      summaryOf(meanLoss, tensor([[1], [1], [1]]), tensor([1, 1, 1]), 2),
      summaryOf(meanLoss, tensor([[1]]), tensor([1]), 6),
    ];
    expect(meanLoss.value(meanLoss.monoid.concat(a, b))).toBe(3);
    expect(meanLoss.value(meanLoss.monoid.empty)).toBeNaN();
  });

  it("the confusion matrix has precision, recall and F1", () => {
    const metric = confusionMatrix(3);
    const summary = summaryOf(metric, scores, labels);
    expect(summary.counts).toEqual([
      [0, 1, 0],
      [1, 1, 0],
      [0, 0, 1],
    ]);
    expect(metric.value(summary)).toBe(0.5);
    for (const of of [precision, recall, f1]) {
      expect([0, 1, 2].map((c) => of(3, c).value(summary))).toEqual([0, 0.5, 1]);
      expect(of(3).value(summary)).toBe(0.5);
    }
  });

  it("classes that do not occur have no score, and the mean is over the others", () => {
    const seen = {
      counts: [
        [3, 1, 0],
        [0, 4, 0],
        [0, 0, 0],
      ],
    };
    expect(recall(3, 2).value(seen)).toBeNaN();
    expect(recall(3).value(seen)).toBe((3 / 4 + 1) / 2);
    expect(precision(3).value(seen)).toBe((1 + 4 / 5) / 2);
    expect(f1(3).value(seen)).toBeCloseTo((6 / 7 + 8 / 9) / 2, 12);
  });

  it("one logit stands for two classes", () => {
    const targets = tensor([1, 0, 1, 1]);
    for (const outputs of [tensor([2, -1, -3, 1]), tensor([[2], [-1], [-3], [1]])]) {
      const summary = summaryOf(confusionMatrix(2), outputs as Tensor, targets);
      expect(summary.counts).toEqual([
        [1, 0],
        [1, 2],
      ]);
      expect(precision(2, 1).value(summary)).toBe(1);
      expect(recall(2, 1).value(summary)).toBe(2 / 3);
    }
  });

  it("two single outputs are two examples, not scores of two classes", () => {
    const summary = summaryOf(confusionMatrix(2), tensor([2, -1]), tensor([1, 1]));
    expect(summary.counts).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  it("the classes are the last axis, for any number of time steps", () => {
    // Three time steps of two classes, and two time steps of three.
    const two = tensor([
      [
        [2, 1],
        [0, 1],
        [0, 1],
      ],
    ]);
    expect(summaryOf(confusionMatrix(2), two, tensor([[0, 1, 0]], "i32")).counts).toEqual([
      [1, 1],
      [0, 1],
    ]);
    const three = tensor([
      [
        [2, 1, 0],
        [0, 1, 2],
      ],
    ]);
    expect(summaryOf(confusionMatrix(3), three, tensor([[0, 1]], "i32")).counts).toEqual([
      [1, 0, 0],
      [0, 0, 1],
      [0, 0, 0],
    ]);
  });

  it("a confusion matrix may consist of counts alone", () => {
    const { concat } = confusionMatrix(2).monoid;
    const counts = [
      [1, 2],
      [3, 4],
    ];
    const beside = { counts, undecided: [5, 6], unlabeled: [7, 8], neither: 9 };
    const both = {
      ...beside,
      counts: [
        [2, 4],
        [6, 8],
      ],
    };
    expect(concat({ counts }, beside)).toEqual(both);
    expect(concat(beside, { counts })).toEqual(both);
  });

  it.each([
    () => confusionMatrix(0),
    () => confusionMatrix(1.5),
    () => precision(3, 3),
    () => recall(3, -1),
    () => f1(Number.NaN),
  ])("refuses invalid classes: %s", (make) => {
    expect(make).toThrow(expect.objectContaining({ _tag: "InvalidArgument" }));
  });

  it("rootMeanSquaredError is over examples and elements", () => {
    const of = (outputs: Tensor, targets: Tensor) =>
      rootMeanSquaredError.value(summaryOf(rootMeanSquaredError, outputs, targets));
    expect(of(tensor([[1], [3]]), tensor([4, 7]))).toBe(Math.sqrt((9 + 16) / 2));
    expect(
      of(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        tensor([
          [1, 0],
          [3, 4],
        ]),
      ),
    ).toBe(1);
  });

  it("give ties their fraction, and NaN and invalid labels nothing", () => {
    const of = <A extends Summary>(metric: Metric<A>, outputs: Tensor, targets: Tensor) =>
      metric.value(summaryOf(metric, outputs, targets));
    const rows = (x: number) => tensor([0, 1, 2, 3].map(() => [x, x, x, x]));
    const targets = tensor([0, 1, 2, 3], "i32");
    const lost = rows(Number.NaN);
    for (const k of [1, 2, 3]) {
      expect(of(topKAccuracy(k), lost, targets)).toBe(0);
      expect(of(topKAccuracy(k), rows(1), targets)).toBe(k / 4);
    }
    expect(of(topKAccuracy(9), lost, targets)).toBe(0);
    expect(of(topKAccuracy(9), rows(1), targets)).toBe(1);
    expect(of(accuracy, rows(0), tensor([0, 0, 0, 0], "i32"))).toBe(0.25);
    expect(of(accuracy, lost, targets)).toBe(0);
    expect(of(confusionMatrix(4), lost, targets)).toBe(0);
    expect(of(binaryAccuracy(), tensor([Number.NaN, 0, 2]), tensor([0, 0, 1]))).toBe(0.5);
    const strange = [tensor([-1, 4, 7, -100], "i32"), tensor([0.5, Number.NaN, 1e10, 1.5])];
    for (const labeled of strange)
      for (const metric of [accuracy, topKAccuracy(2)])
        expect(of(metric, rows(0), labeled)).toBe(0);
    expect(of(topKAccuracy(2), lost, tensor([-1, 4, 7, -100], "i32"))).toBe(0);
  });

  it("a confusion matrix counts examples without a row or a column", () => {
    const outputs = tensor([
      [1, 0],
      [1, 0],
      [Number.NaN, 0],
      [Number.NaN, 0],
    ]);
    const summary = summaryOf(confusionMatrix(2), outputs, tensor([0, 2, 0, -1], "i32"));
    expect(summary).toEqual({
      counts: [
        [1, 0],
        [0, 0],
      ],
      undecided: [1, 0],
      unlabeled: [1, 0],
      neither: 1,
    });
    expect(confusionMatrix(2).value(summary)).toBe(0.25);
    expect(precision(2, 0).value(summary)).toBe(0.5);
    expect(recall(2, 0).value(summary)).toBe(0.5);
    expect(f1(2, 0).value(summary)).toBe(0.5);
  });

  it("sequences are scored by time steps, and as a whole", () => {
    const outputs = tensor([
      [
        [1, 0],
        [1, 0],
      ],
      [
        [0, 1],
        [0, 0],
      ],
    ]);
    const targets = tensor(
      [
        [0, 0],
        [1, 1],
      ],
      "i32",
    );
    const of = (metric: Metric<Ratio>) => summaryOf(metric, outputs, targets);
    expect(of(accuracy)).toEqual({ total: 3.5, count: 4 });
    expect(of(topKAccuracy(1))).toEqual(of(accuracy));
    expect(of(exactMatch())).toEqual({ total: 1.5, count: 2 });
    expect(of(exactMatch({ padding: 1 }))).toEqual({ total: 2, count: 2 });
    expect(confusionMatrix(2).value(summaryOf(confusionMatrix(2), outputs, targets))).toBe(0.75);
  });

  it("are exact for more examples than f32 can count", () => {
    const { concat } = accuracy.monoid;
    const many = { total: 2 ** 25, count: 2 ** 25 };
    const seen = concat(many, summaryOf(accuracy, scores, labels));
    expect(seen).toEqual({ total: 2 ** 25 + 2, count: 2 ** 25 + 4 });
    const loss = meanLoss.monoid.concat(
      { total: Math.fround(0.1) * 2 ** 25, count: 2 ** 25 },
      summaryOf(meanLoss, tensor([[1], [1], [1]]), tensor([1, 1, 1]), Math.fround(0.1)),
    );
    expect(meanLoss.value(loss)).toBe(Math.fround(0.1));
  });

  it("do not depend on how examples are batched", () => {
    const example = fc.tuple(
      fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 3, maxLength: 3 }),
      fc.integer({ min: 0, max: 2 }),
    );
    const batch = fc.array(example, { minLength: 1, maxLength: 5 });
    const of = <A extends Summary>(
      metric: Metric<A>,
      rows: readonly (readonly [readonly number[], number])[],
    ): A =>
      summaryOf(
        metric,
        tensor(rows.map(([s]) => s)),
        tensor(
          rows.map(([, l]) => l),
          "i32",
        ),
      );
    const sameFor = <A extends Summary>(metric: Metric<A>) =>
      fc.assert(
        fc.property(batch, batch, (a, b) => {
          const { concat, empty } = metric.monoid;
          const together = metric.value(of(metric, [...a, ...b]));
          const [x, y] = [of(metric, a), of(metric, b)];
          expect(metric.value(concat(x, y))).toBe(together);
          expect(metric.value(concat(concat(empty, y), x))).toBe(together);
        }),
        { numRuns: 30 },
      );
    sameFor(accuracy);
    sameFor(topKAccuracy(2));
    sameFor(confusionMatrix(3));
    sameFor(f1(3));
  });
});
