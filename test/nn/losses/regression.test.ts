import { describe, expect, it } from "vitest";
import { vmap } from "../../../src/autodiff/index.ts";
import { CompileError, InvalidArgument } from "../../../src/errors.ts";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { mean } from "../../../src/ir/ops/reduction.ts";
import { sequenceCrossEntropy } from "../../../src/nn/losses/probabilistic.ts";
import * as loss from "../../../src/nn/losses/regression.ts";
import { focal } from "../../../src/nn/losses/segmentation.ts";
import { scalar, tensor, zeros } from "../../../src/tensor/constructors.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { gradientOf, numbers, valueOf } from "../evaluated.ts";

type Of = (x: Expr) => Expr<readonly []>;
const both = (f: Of, x: Tensor) => ({
  value: (valueOf(f, x) as Tensor).item(),
  gradient: numbers(valueOf(gradientOf<Expr>(f), x)),
});
const f64 = (values: readonly number[]) => tensor(values, "f64");

describe("softmaxCrossEntropy", () => {
  const logits = f64([1, 2, 3]);
  const expected = Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3)) - 2;

  it("is the same for a class and for its distribution", () => {
    const integer = both((x) => loss.softmaxCrossEntropy(x, scalar(1, "i32")), logits);
    const oneHot = both((x) => loss.softmaxCrossEntropy(x, f64([0, 1, 0])), logits);
    expect(integer.value).toBeCloseTo(expected, 12);
    expect(oneHot).toEqual(integer);
    expect(both((x) => loss.softmaxCrossEntropy(x, 1), logits)).toEqual(integer);
    expect(both((x) => loss.softmaxCrossEntropy(x, scalar(1, "u8")), logits)).toEqual(integer);
  });

  it("has the gradient softmax minus label, even where exponentials would overflow", () => {
    for (const dtype of ["f32", "f64"] as const) {
      const { value, gradient } = both(
        (x) => loss.softmaxCrossEntropy(x, scalar(0, "i32")),
        tensor([1e4, -1e4, 0], dtype),
      );
      expect(value).toBeCloseTo(0, 12);
      expect(gradient).toEqual([0, 0, 0]);
      const wrong = both(
        (x) => loss.softmaxCrossEntropy(x, scalar(1, "i32")),
        tensor([1e4, -1e4, 0], dtype),
      );
      expect(wrong.value).toBe(2e4);
      expect(wrong.gradient).toEqual([1, -1, 0]);
    }
  });

  it("ignores impossible classes, unless one is the label", () => {
    const { value, gradient } = both(
      (x) => loss.softmaxCrossEntropy(x, scalar(0, "i32")),
      f64([0, Number.NEGATIVE_INFINITY, 0]),
    );
    expect(value).toBeCloseTo(Math.LN2, 12);
    expect(gradient).toEqual([-0.5, 0, 0.5]);
  });

  it("smooths labels towards the uniform distribution", () => {
    const smooth = both((x) => loss.softmaxCrossEntropy(x, 1, { labelSmoothing: 0.3 }), logits);
    const mixed = both((x) => loss.softmaxCrossEntropy(x, f64([0.1, 0.8, 0.1])), logits);
    expect(smooth.value).toBeCloseTo(mixed.value, 12);
    smooth.gradient.forEach((g, i) => {
      expect(g).toBeCloseTo(mixed.gradient[i] as number, 12);
    });
  });

  it("is for one example: a batch is a vmap", () => {
    const batch = tensor(
      [
        [1, 2, 3],
        [3, 2, 1],
      ],
      "f64",
    );
    const labels = tensor([1, 0], "i32");
    const value = valueOf(
      (x: Expr, y: Expr) => mean(vmap((a: Expr, b: Expr) => loss.softmaxCrossEntropy(a, b))(x, y)),
      batch,
      labels,
    ) as Tensor;
    const second = Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3)) - 3;
    expect(value.item()).toBeCloseTo((expected + second) / 2, 12);
  });
});

describe("binary cross entropy", () => {
  it("is the same for logits and for their probabilities", () => {
    const [logits, targets] = [f64([-2, 0.5, 3]), f64([0, 1, 0.25])];
    const p = f64(numbers(logits).map((x) => 1 / (1 + Math.exp(-x))));
    const a = both((x) => loss.binaryCrossEntropyWithLogits(x, targets), logits);
    const b = both((x) => loss.binaryCrossEntropy(x, targets), p);
    expect(a.value).toBeCloseTo(b.value, 12);
    const expected = numbers(p).map((q, i) => (q - (numbers(targets)[i] ?? 0)) / 3);
    a.gradient.forEach((g, i) => {
      expect(g).toBeCloseTo(expected[i] as number, 12);
    });
  });

  it("is finite, with a finite gradient, for certain predictions, right or wrong", () => {
    for (const dtype of ["f32", "f64"] as const) {
      const sure = tensor([0, 1, 0, 1], dtype);
      const { value, gradient } = both(
        (p) => loss.binaryCrossEntropy(p, tensor([0, 1, 1, 0], dtype)),
        sure,
      );
      expect(value).toBe(50);
      expect(gradient.every(Number.isFinite)).toBe(true);
      const far = tensor([-1e4, 1e4, -1e4, 1e4], dtype);
      const logits = both(
        (x) => loss.binaryCrossEntropyWithLogits(x, tensor([0, 1, 1, 0], dtype)),
        far,
      );
      expect(logits.value).toBe(5000);
      expect(logits.gradient).toEqual([0, 0, -0.25, 0.25]);
    }
  });
});

describe("the other losses", () => {
  const [x, y] = [f64([0, 1, 4]), f64([0, 3, 1])];

  it("have the values of their formulas", () => {
    const value = (f: (x: Expr, y: Expr) => Expr) => (valueOf(f, x, y) as Tensor).item();
    expect(value(loss.meanSquaredError)).toBeCloseTo(13 / 3, 12);
    expect(value(loss.meanAbsoluteError)).toBeCloseTo(5 / 3, 12);
    expect(value((a, b) => loss.huber(a, b, 2))).toBeCloseTo((2 + 4) / 3, 12);
    expect(value((a, b) => loss.smoothL1(a, b, 2))).toBeCloseTo((1 + 2) / 3, 12);
    expect(value(loss.hinge)).toBeCloseTo((1 + 0 + 0) / 3, 12);
  });

  it("klDivergence of a distribution from itself is 0, also with probabilities of 0", () => {
    const p = f64([0.5, 0.5, 0]);
    const { value, gradient } = both(
      (q) => loss.klDivergence(q, p),
      f64([-Math.LN2, -Math.LN2, -5]),
    );
    expect(value).toBeCloseTo(0, 12);
    expect(gradient).toEqual([-0.5, -0.5, -0]);
  });

  it("negativeLogLikelihood picks the label's probability", () => {
    const { value } = both(
      (q) => loss.negativeLogLikelihood(q, scalar(2, "i32")),
      f64([-1, -2, -3]),
    );
    expect(value).toBe(3);
  });

  it("penalties sum over all params", () => {
    const params = { weight: tensor([[1, -2]]), bias: [tensor([3]), undefined] };
    const value = (f: (p: unknown, c: number) => Expr) =>
      (valueOf((p: unknown) => f(p, 0.5), params) as Tensor).item();
    expect(value(loss.l1Penalty)).toBe(3);
    expect(value(loss.l2Penalty)).toBe(7);
  });
});

describe("at the limits of numbers", () => {
  const f32 = (values: readonly number[]) => tensor(values);
  const nan = f32([Number.NaN]);

  it("a prediction of NaN has a loss of NaN", () => {
    expect(both((x) => loss.hinge(x, 1), nan).value).toBeNaN();
    expect(both((x) => loss.binaryCrossEntropy(x, 1), nan).value).toBeNaN();
    expect(both((x) => loss.klDivergence(f64([-1]), x), f64([Number.NaN])).value).toBeNaN();
  });

  it("an invalid probability has a loss of NaN", () => {
    for (const p of [1.5, -0.5])
      for (const y of [0, 1])
        expect(both((x) => loss.binaryCrossEntropy(x, y), f32([p])).value).toBeNaN();
  });

  it("focal has a gradient even if a power below 1 underflows", () => {
    const logits = f32([110, -110, 110, -110]);
    const { value, gradient } = both((x) => focal(x, f32([1, 1, 0, 0]), { gamma: 0.5 }), logits);
    expect(value).toBe(55);
    expect(gradient.map((g) => g + 0)).toEqual([0, -0.25, 0.25, 0]);
  });

  it("huber has slope δ for all large errors", () => {
    const far = both((x) => loss.huber(x, 0, 0.5), f32([Number.POSITIVE_INFINITY, -1e30]));
    expect(far.value).toBe(Number.POSITIVE_INFINITY);
    expect(far.gradient).toEqual([0.25, -0.25]);
  });

  it("a right prediction has a loss of 0 and not of -0", () => {
    const { value } = both((x) => loss.softmaxCrossEntropy(x, 0), f32([200, 0]));
    expect(Object.is(value, 0)).toBe(true);
  });

  it("a fractional label is refused, and one probability for all classes", () => {
    expect(() => loss.softmaxCrossEntropy(f64([1, 2, 3]), 1.5)).toThrow(InvalidArgument);
    const alone = () => valueOf((x: Expr) => loss.softmaxCrossEntropy(x, f64([2])), f64([1, 2, 3]));
    expect(alone).toThrow(CompileError);
  });

  it("params without leaves have no penalty", () => {
    for (const penalty of [loss.l1Penalty, loss.l2Penalty])
      expect(numbers(valueOf(() => penalty({}, 0.5) as Expr))).toEqual([0]);
  });

  it("an impossible class changes nothing without smoothing, and no time steps lose nothing", () => {
    const never = Number.NEGATIVE_INFINITY;
    const of = (logits: Tensor, labels: Tensor) =>
      numbers(valueOf((x: Expr) => sequenceCrossEntropy(x, constant(labels)), logits))[0];
    expect(of(tensor([[0, never, 0]]), tensor([2], "i32"))).toBeCloseTo(Math.log(2), 6);
    expect(of(zeros([0, 3]) as Tensor, zeros([0], "i32") as Tensor)).toBe(0);
    const one = (x: Expr) => loss.softmaxCrossEntropy(x, 0);
    expect(numbers(valueOf(one, tensor([0, never, 0])))[0]).toBeCloseTo(Math.log(2), 6);
  });

  it("a real time step with an invalid label makes the loss and its gradient NaN", () => {
    const logits = tensor([
      [1, 1, 1, 1],
      [1, 1, 1, 1],
    ]);
    const labels = tensor([4, 1], "i32");
    const bare = both((x) => sequenceCrossEntropy(x, constant(labels)), logits);
    expect(bare.value).toBeNaN();
    expect(bare.gradient.slice(0, 4)).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
    const masked = both(
      (x) => sequenceCrossEntropy(x, constant(labels), constant(tensor([false, true]))),
      logits,
    );
    expect(masked.value).toBeCloseTo(Math.log(4), 6);
    expect(masked.gradient.slice(0, 4)).toEqual([0, 0, 0, 0]);
  });
});
