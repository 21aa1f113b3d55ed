import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CompileError, InvalidArgument } from "../../../src/errors.ts";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { logSoftmax } from "../../../src/ir/ops/reduction.ts";
import type { Symbolic } from "../../../src/nn/layer.ts";
import { type CtcOptions, ctc } from "../../../src/nn/losses/ctc.ts";
import {
  type AlignmentParams,
  aligned,
  initAlignment,
  keysOf,
} from "../../../src/nn/models/attentionScores.ts";
import { tensor, zeros } from "../../../src/tensor/constructors.ts";
import { key, normal } from "../../../src/tensor/key.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { constants, gradientOf, numbers, valueOf } from "../evaluated.ts";

/** The labels of a path: repeats merged, blanks removed. */
const said = (path: readonly number[], blank: number): readonly number[] =>
  path.filter((c, t) => c !== path[t - 1]).filter((c) => c !== blank);

/** All paths of a given length. */
const paths = (time: number, classes: number): readonly (readonly number[])[] =>
  time === 0
    ? [[]]
    : paths(time - 1, classes).flatMap((p) => Array.from({ length: classes }, (_, c) => [...p, c]));

/** `-ln` of the sum over all paths that give the labels, one by one. */
const byEnumeration = (
  logProbabilities: readonly (readonly number[])[],
  labels: readonly number[],
  blank: number,
): number => {
  const classes = logProbabilities[0]?.length ?? 0;
  const total = paths(logProbabilities.length, classes)
    .filter((p) => said(p, blank).join() === labels.join())
    .reduce((sum, p) => {
      const log = p.reduce((l, c, t) => l + (logProbabilities[t]?.[c] ?? Number.NaN), 0);
      return sum + Math.exp(log);
    }, 0);
  return -Math.log(total);
};

const logsOf = (seed: number, time: number, classes: number): Tensor =>
  valueOf((x: Expr) => logSoftmax(x) as Expr, normal(key(seed), [time, classes], { dtype: "f64" }));

const rowsOf = (t: Tensor): readonly (readonly number[])[] => {
  const [rows = 0, columns = 0] = t.shape;
  const all = numbers(t);
  return Array.from({ length: rows }, (_, r) => all.slice(r * columns, (r + 1) * columns));
};

describe("attention from the states of a decoder", () => {
  const width = 2;
  const [state, memory] = [normal(key(5), [width]), normal(key(6), [3, width])];
  const seen = [true, false, true];
  const dotted = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((total, xi, i) => total + xi * (y[i] ?? Number.NaN), 0);
  const times = (x: readonly number[], matrix: Tensor): readonly number[] =>
    x.map((_, j) =>
      dotted(
        x,
        rowsOf(matrix).map((row) => row[j] ?? Number.NaN),
      ),
    );
  type Score = (params: AlignmentParams, s: readonly number[], m: readonly number[]) => number;
  const luong: Score = ({ memory: w }, s, m) => dotted(s, times(m, w));
  const bahdanau: Score = ({ memory: w, state: u = w, sum: v = w }, s, m) => {
    const moved = times(s, u);
    return dotted(
      numbers(v),
      times(m, w).map((k, j) => Math.tanh(k + (moved[j] ?? Number.NaN))),
    );
  };

  it.each([
    ["luong", luong],
    ["bahdanau", bahdanau],
  ] as const)("is the mean of the seen places, weighted by the definition of %s", (kind, score) => {
    const params = initAlignment(key(7), kind, width);
    const own = constants(params) as Symbolic<AlignmentParams>;
    const found = valueOf(
      (s: Expr, m: Expr) => aligned(own, s, keysOf(own, m), m, constant(tensor(seen))),
      state,
      memory,
    );
    const weights = rowsOf(memory).map((m, i) =>
      seen[i] ? Math.exp(score(params, numbers(state), m)) : 0,
    );
    const whole = weights.reduce((a, b) => a + b);
    const expected = times(
      weights.map((w) => w / whole),
      memory,
    );
    numbers(found).forEach((y, i) => {
      expect(y).toBeCloseTo(expected[i] ?? Number.NaN, 5);
    });
  });
});

describe("ctc", () => {
  it("equals the sum over all paths, one by one", () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 3 }),
        (seed, time, labels) => {
          const logs = logsOf(seed, time, 3);
          const actual = numbers(
            valueOf((x: Expr) => ctc(x, constant(tensor(labels, "i32"))), logs),
          );
          const expected = byEnumeration(rowsOf(logs), labels, 0);
          if (expected === Number.POSITIVE_INFINITY) expect(actual[0]).toBe(expected);
          else expect(actual[0]).toBeCloseTo(expected, 10);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("ignores items beyond the lengths", () => {
    const logs = logsOf(7, 5, 3);
    const padded = numbers(
      valueOf(
        (x: Expr) =>
          ctc(x, constant(tensor([1, 0, 2], "i32")), { blank: 2, inputLength: 3, labelLength: 2 }),
        logs,
      ),
    );
    expect(padded[0]).toBeCloseTo(byEnumeration(rowsOf(logs).slice(0, 3), [1, 0], 2), 10);
  });

  it("without labels sums the path of blanks", () => {
    const logs = logsOf(3, 4, 3);
    const none = valueOf(
      (x: Expr) => ctc(x, constant(tensor([1], "i32")), { labelLength: 0 }),
      logs,
    );
    expect(numbers(none)[0]).toBeCloseTo(byEnumeration(rowsOf(logs), [], 0), 10);
  });

  it("has gradient 0 if no path is short enough", () => {
    const labels = constant(tensor([1, 1], "i32"));
    const gradient = valueOf(
      gradientOf((x: Expr) => ctc(logSoftmax(x), labels)),
      normal(key(1), [2, 3], { dtype: "f64" }),
    );
    expect(numbers(gradient)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("is NaN for invalid labels and lengths", () => {
    const even = valueOf(
      (x: Expr) => logSoftmax(x) as Expr,
      tensor([
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ]),
    );
    const of = (labels: readonly number[], options: CtcOptions = {}, x = even) =>
      numbers(valueOf((e: Expr) => ctc(e, constant(tensor(labels, "i32")), options), x))[0];
    expect(of([7])).toBeNaN();
    expect(of([-1])).toBeNaN();
    expect(of([0])).toBeNaN();
    expect(of([1], { inputLength: tensor(4, "i32") })).toBeNaN();
    expect(of([1], { labelLength: tensor(2, "i32") })).toBeNaN();
    expect(() => of([1], { inputLength: 4 })).toThrow(InvalidArgument);
    expect(() => of([1], { labelLength: -1 })).toThrow(InvalidArgument);
    expect(of([1], { inputLength: 0 })).toBe(Number.POSITIVE_INFINITY);
    expect(of([1], { inputLength: 0, labelLength: 0 })).toBe(0);
    // Labels beyond the length may be anything.
    expect(of([1, -1], { labelLength: 1 })).toBe(of([1]));
  });

  it("without time steps is 0 for no labels, and infinite otherwise", () => {
    const nothing = zeros([0, 3]);
    const of = (labels: Tensor) =>
      numbers(valueOf((x: Expr) => ctc(x, constant(labels)), nothing as Tensor))[0];
    expect(of(zeros([0], "i32") as Tensor)).toBe(0);
    expect(of(tensor([1], "i32"))).toBe(Number.POSITIVE_INFINITY);
  });

  it("allows impossible classes", () => {
    const certain = tensor([
      [Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY],
      [0, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ]);
    const labels = constant(tensor([1], "i32"));
    const gradient = valueOf(
      gradientOf((x: Expr) => ctc(x, labels)),
      certain,
    );
    expect(numbers(valueOf((x: Expr) => ctc(x, labels), certain))).toEqual([0]);
    expect(numbers(gradient).map((g) => g + 0)).toEqual([0, -1, 0, -1, 0, 0]);
  });

  it("refuses an invalid blank, and a batch", () => {
    const labels = constant(tensor([1], "i32"));
    expect(() => ctc(tensor([[0, 0, 0]]), labels, { blank: 3 })).toThrow(InvalidArgument);
    expect(() => ctc(tensor([[0, 0, 0]]), labels, { blank: 0.5 })).toThrow(InvalidArgument);
    const batch = () => valueOf((x: Expr) => ctc(x, labels), zeros([1, 2, 3]) as Tensor);
    expect(batch).toThrow(CompileError);
  });
});
