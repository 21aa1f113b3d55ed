import { describe, expect, it } from "vitest";
import { open } from "../../src/nn/apply.ts";
import * as initial from "../../src/nn/initializers.ts";
import type { Composable } from "../../src/nn/layer.ts";
import { multiHeadAttention } from "../../src/nn/layers/attention.ts";
import { dense } from "../../src/nn/layers/dense.ts";
import { maxout } from "../../src/nn/layers/gating.ts";
import { gru, lstm, rnn } from "../../src/nn/layers/recurrent/recurrent.ts";
import * as convolutions from "../../src/nn/layers/spatial/conv.ts";
import { equal } from "../../src/tensor/equality.ts";
import { key } from "../../src/tensor/key.ts";
import { numbers } from "./evaluated.ts";

const moments = (values: readonly number[]) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  return { mean, variance };
};
const shape = [200, 300] as const;
const drawn = (f: initial.Initializer) => numbers(f(key(11), shape));

/** Each initializer, with the variance of its definition and its bound, if it has one. */
const table: readonly (readonly [string, initial.Initializer, number, number])[] = [
  ["glorotUniform", initial.glorotUniform, 2 / 500, Math.sqrt(6 / 500)],
  ["glorotNormal", initial.glorotNormal, 2 / 500, Number.POSITIVE_INFINITY],
  ["heUniform", initial.heUniform, 2 / 200, Math.sqrt(6 / 200)],
  ["heNormal", initial.heNormal, 2 / 200, Number.POSITIVE_INFINITY],
  ["lecunUniform", initial.lecunUniform, 1 / 200, Math.sqrt(3 / 200)],
  ["lecunNormal", initial.lecunNormal, 1 / 200, Number.POSITIVE_INFINITY],
  ["fanInUniform", initial.fanInUniform, 1 / 600, 1 / Math.sqrt(200)],
  ["normal", initial.normal(3), 9, Number.POSITIVE_INFINITY],
  ["truncatedNormal", initial.truncatedNormal(0.5), 0.25, 1 / 0.8796],
];

describe("initializers", () => {
  it.each(table)("%s has mean 0 and the variance of its definition", (_, f, variance, bound) => {
    const values = drawn(f);
    const found = moments(values);
    expect(Math.abs(found.mean)).toBeLessThan(5 * Math.sqrt(variance / values.length));
    expect(Math.abs(found.variance / variance - 1)).toBeLessThan(0.03);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound * 1.0001);
  });

  it("draw the same numbers for the same key, and others for another key", () => {
    const f = initial.truncatedNormal();
    expect(equal(f(key(1), [50]), f(key(1), [50]))).toBe(true);
    expect(equal(f(key(1), [50]), f(key(2), [50]))).toBe(false);
  });

  it("compute the fan of a convolution from its window", () => {
    expect(initial.fanOf([3, 3, 8, 16])).toEqual({ in: 72, out: 144 });
    expect(initial.fanOf([5, 7])).toEqual({ in: 5, out: 7 });
    expect(initial.fanOf([5])).toEqual({ in: 5, out: 5 });
  });

  /** The initial weights of a layer: their shapes and fans. */
  type Asked = readonly [shape: readonly number[], fan: initial.Fan];
  /** As in PyTorch, the bound of all weights of a cell depends on its hidden size. */
  const cellOf = (gates: number): readonly Asked[] =>
    [5, 7].map((inputs) => [[inputs, 7 * gates], { in: 7, out: 7 * gates }]);
  const weights: readonly (readonly [
    string,
    (weightInit: initial.Initializer) => Composable,
    readonly Asked[],
  ])[] = [
    ["dense", (weightInit) => dense(5, 7, { weightInit }), [[[5, 7], { in: 5, out: 7 }]]],
    ["maxout", (weightInit) => maxout(5, 7, 2, { weightInit }), [[[5, 14], { in: 5, out: 14 }]]],
    [
      // Each output sees 3·2 positions of 2 channels; each input is seen by 3 outputs at as many positions.
      "conv2d",
      (weightInit) => convolutions.conv2d(4, 6, [3, 2], { groups: 2, weightInit }),
      [[[3, 2, 2, 6], { in: 12, out: 18 }]],
    ],
    [
      // Reversed: the fans of the convolution that it transposes.
      "convTranspose2d",
      (weightInit) => convolutions.convTranspose2d(4, 6, [3, 2], { groups: 2, weightInit }),
      [[[3, 2, 4, 3], { in: 18, out: 12 }]],
    ],
    [
      "depthwiseConv2d",
      (weightInit) => convolutions.depthwiseConv2d(4, 3, { multiplier: 2, weightInit }),
      [[[3, 3, 1, 8], { in: 9, out: 18 }]],
    ],
    [
      "multiHeadAttention",
      (weightInit) =>
        multiHeadAttention(4, { heads: 4, keyValueHeads: 2, memoryWidth: 6, weightInit }),
      [
        [[4, 4], { in: 4, out: 4 }],
        [[6, 2], { in: 6, out: 2 }],
        [[6, 2], { in: 6, out: 2 }],
        [[4, 4], { in: 4, out: 4 }],
      ],
    ],
    ["rnn", (own) => rnn(5, 7, { weightInit: own, recurrentInit: own }), cellOf(1)],
    ["gru", (own) => gru(5, 7, { weightInit: own, recurrentInit: own }), cellOf(3)],
    ["lstm", (own) => lstm(5, 7, { weightInit: own, recurrentInit: own }), cellOf(4)],
  ];
  it.each(weights)("get the right fans for the weights of %s", (_, of, wanted) => {
    const asked: unknown[] = [];
    open(
      of((key, shape, fan) => {
        asked.push([shape, fan ?? initial.fanOf(shape)]);
        return initial.zeros(key, shape);
      }),
    ).init(key(0));
    expect(asked).toEqual(wanted);
  });

  it.each([
    [[6, 4], "columns"],
    [[4, 6], "rows"],
    [[2, 3, 4], "columns"],
  ] as const)("orthogonal of %j has orthonormal %s, times the gain", (size, _) => {
    const values = numbers(initial.orthogonal(2)(key(5), size));
    const columns = size.at(-1) ?? 1;
    const rows = values.length / columns;
    const at = (r: number, c: number) => values[r * columns + c] as number;
    const tall = rows >= columns;
    const [count, length] = tall ? [columns, rows] : [rows, columns];
    for (let i = 0; i < count; i++)
      for (let j = 0; j < count; j++) {
        let product = 0;
        for (let k = 0; k < length; k++)
          product += tall ? at(k, i) * at(k, j) : at(i, k) * at(j, k);
        expect(product).toBeCloseTo(i === j ? 4 : 0, 5);
      }
  });

  it("zeros, ones and constants have their values", () => {
    expect(numbers(initial.zeros(key(0), [2]))).toEqual([0, 0]);
    expect(numbers(initial.ones(key(0), [2]))).toEqual([1, 1]);
    expect(numbers(initial.constant(0.5)(key(0), [2]))).toEqual([0.5, 0.5]);
    expect(numbers(initial.uniform(2, 3)(key(0), [100])).every((x) => x >= 2 && x < 3)).toBe(true);
  });
});
