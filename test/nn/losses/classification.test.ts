import { describe, expect, it } from "vitest";
import { vmap } from "../../../src/autodiff/index.ts";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { mean } from "../../../src/ir/ops/reduction.ts";
import {
  type SequenceOptions,
  sequenceCrossEntropy,
} from "../../../src/nn/losses/probabilistic.ts";
import * as loss from "../../../src/nn/losses/regression.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { gradientOf, numbers, valueOf } from "../evaluated.ts";

type Of = (x: Expr) => Expr<readonly []>;
const both = (f: Of, x: Tensor) => ({
  value: (valueOf(f, x) as Tensor).item(),
  gradient: numbers(valueOf(gradientOf<Expr>(f), x)),
});
const f64 = (values: readonly number[]) => tensor(values, "f64");

describe("class weights", () => {
  const batch = tensor(
    [
      [1, 2, 3],
      [3, 2, 1],
      [0, 5, 1],
      [2, 2, 2],
    ],
    "f64",
  );
  const labels = [2, 0, -100, 1];
  const classWeights = f64([0.5, 2, 3]);
  const options = { classWeights, ignore: -100, axis: "batch" } as const;
  const meanOf = (xs: Expr, ys: Expr, own: loss.CrossEntropyOptions): Expr<readonly []> =>
    mean(
      vmap((x: Expr, y: Expr) => loss.softmaxCrossEntropy(x, y, own), { axis: "batch" })(xs, ys),
    ) as Expr as Expr<readonly []>;
  const surprise = (row: number, label: number): number => {
    const scores = numbers(batch).slice(3 * row, 3 * row + 3);
    const total = scores.reduce((sum, s) => sum + Math.exp(s), 0);
    return Math.log(total) - (scores[label] as number);
  };
  const weighed = [0, 1, 3].map((row) => {
    const label = labels[row] as number;
    const weight = numbers(classWeights)[label] as number;
    return { weight, loss: weight * surprise(row, label) };
  });
  const losses = weighed.reduce((sum, { loss: own }) => sum + own, 0);
  const weights = weighed.reduce((sum, { weight }) => sum + weight, 0);
  const valueWith = (ys: readonly number[], own: loss.CrossEntropyOptions): number =>
    (
      valueOf((x: Expr, y: Expr) => meanOf(x, y, own), batch, tensor([...ys], "i32")) as Tensor
    ).item();

  it("apply to single examples, or to the mean of a batch, and ignored labels count nothing", () => {
    expect(valueWith(labels, { classWeights, ignore: -100 })).toBeCloseTo(losses / 4, 12);
    expect(valueWith(labels, options)).toBeCloseTo(losses / weights, 12);
    const ys = constant(tensor(labels, "i32"));
    const gradient = valueOf(
      gradientOf<Expr>((x) => meanOf(x, ys, options)),
      batch,
    );
    expect(numbers(gradient).every(Number.isFinite)).toBe(true);
    expect(numbers(gradient).slice(6, 9).map(Math.abs)).toEqual([0, 0, 0]);
  });

  it("give 0 if every label is ignored, smoothed or not, and NaN for an invalid label", () => {
    const ignored = [-100, -100, -100, -100];
    expect(Math.abs(valueWith(ignored, options))).toBe(0);
    expect(Math.abs(valueWith(ignored, { ...options, labelSmoothing: 0.2 }))).toBe(0);
    expect(valueWith([0, 1, 2, 3], options)).toBeNaN();
  });

  it("equal the loss of the smoothed distribution", () => {
    const logits = f64([1, 2, 3]);
    const smooth = both(
      (x) => loss.softmaxCrossEntropy(x, 1, { labelSmoothing: 0.3, classWeights }),
      logits,
    );
    const mixed = both(
      (x) => loss.softmaxCrossEntropy(x, f64([0.1, 0.8, 0.1]), { classWeights }),
      logits,
    );
    expect(smooth.value).toBeCloseTo(mixed.value, 12);
  });

  it("apply to distributions as they are, also in the mean of a batch", () => {
    const p = [0.1, 0.8, 0.1];
    const own = { classWeights, labelSmoothing: 0.1 };
    const each = (scores: Expr, axis?: string): Expr =>
      loss.softmaxCrossEntropy(scores, f64(p), axis === undefined ? own : { ...own, axis });
    const meanWith = (axis?: string) =>
      valueOf((xs: Expr) => mean(vmap((x: Expr) => each(x, axis), { axis: "batch" })(xs)), batch);
    expect(numbers(meanWith("batch"))).toEqual(numbers(meanWith()));
    const smooth = p.map((q) => 0.9 * q + 0.1 / 3);
    const byHand = [0, 1, 2, 3].map((row) =>
      smooth.reduce((sum, q, c) => sum + q * (numbers(classWeights)[c] ?? 0) * surprise(row, c), 0),
    );
    expect(numbers(meanWith())[0]).toBeCloseTo(byHand.reduce((a, b) => a + b) / 4, 12);
  });

  it("apply to the real time steps of a sequence, with smoothing too", () => {
    const ys = tensor([2, 0, 0, 1], "i32");
    const value = (own: SequenceOptions, real: readonly boolean[]) =>
      (
        valueOf(
          (x: Expr, y: Expr, m: Expr) => sequenceCrossEntropy(x, y, m, own),
          batch,
          ys,
          tensor([...real]),
        ) as Tensor
      ).item();
    const real = [true, true, false, true];
    expect(value({ classWeights }, real)).toBeCloseTo(losses / weights, 12);
    for (const own of [{ labelSmoothing: 0.2 }, { labelSmoothing: 0.2, classWeights }]) {
      const each = valueOf(
        (x: Expr, y: Expr) =>
          vmap((a: Expr, b: Expr) => loss.softmaxCrossEntropy(a, b, own))(x, y) as Expr,
        batch,
        ys,
      );
      const [a = 0, b = 0, , c = 0] = numbers(each);
      expect(value(own, real)).toBeCloseTo((a + b + c) / ("classWeights" in own ? weights : 3), 12);
    }
    expect(value({}, [false, false, false, false])).toBe(0);
  });
});
