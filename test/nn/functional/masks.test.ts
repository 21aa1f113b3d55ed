import { describe, expect, it } from "vitest";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { lt, ne } from "../../../src/ir/ops/elementwise.ts";
import { iota } from "../../../src/ir/ops/indexing.ts";
import { sum } from "../../../src/ir/ops/reduction.ts";
import { flattenTensors } from "../../../src/ir/trees.ts";
import { open } from "../../../src/nn/apply.ts";
import { masked, maskedMeanPool, timeDistributed } from "../../../src/nn/combinators/overTime.ts";
import { sequential } from "../../../src/nn/combinators/sequential.ts";
import {
  attentionWeights,
  scaledDotProductAttention,
} from "../../../src/nn/functional/attention.ts";
import type { AnyLayer } from "../../../src/nn/layer.ts";
import { multiHeadAttention } from "../../../src/nn/layers/attention.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import { gru, lstm, rnn } from "../../../src/nn/layers/recurrent/recurrent.ts";
import {
  transformerDecoderBlock,
  transformerEncoderBlock,
} from "../../../src/nn/layers/transformerBlock.ts";
import { aligned, keysOf } from "../../../src/nn/models/attentionScores.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { key, normal } from "../../../src/tensor/key.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { constants, contextOf, gradientOf, numbers, valueOf } from "../evaluated.ts";

const finite = (x: Tensor): boolean => numbers(x).every(Number.isFinite);
const seen = constant(tensor([true, true, false]));

describe("scores that are masked out", () => {
  const q = tensor([[1]]);
  const weights = (scores: readonly number[], mask: readonly boolean[]) =>
    numbers(
      valueOf(
        (a: Expr, k: Expr, m: Expr) => attentionWeights(a, k, m),
        q,
        tensor(scores.map((s) => [s])),
        tensor([mask]),
      ),
    );

  it("lose to every visible score, however small", () => {
    expect(weights([-1e31, 5], [true, false])).toEqual([1, 0]);
    expect(weights([-3e38, -3e38, 0], [true, true, false])).toEqual([0.5, 0.5, 0]);
  });
  it("may be NaN", () => {
    expect(weights([1, Number.NaN], [true, false])).toEqual([1, 0]);
    expect(weights([1, Number.NaN], [true, true])).toEqual([Number.NaN, Number.NaN]);
  });
  it("may be a whole row, which then sees nothing", () => {
    expect(weights([1, 2], [false, false])).toEqual([0, 0]);
  });
  it("leave the value that they stand for unread, forward and backward", () => {
    const kv = tensor([[1], [2], [Number.NaN]]);
    const read = (v: Expr) =>
      scaledDotProductAttention(constant(tensor([[0], [0]])), v, v, { mask: seen });
    expect(numbers(valueOf(read, kv))).toEqual([1.5, 1.5]);
    const gradient = gradientOf((v: Expr) => sum(read(v)) as Expr<readonly []>);
    expect(numbers(valueOf(gradient, kv))).toEqual([1, 1, 0]);
  });
  it("nor are they of an alignment", () => {
    const memory = tensor([
      [1, 0],
      [0, 1],
      [Number.NaN, Number.NaN],
    ]);
    const params = {
      memory: constant(
        tensor([
          [1, 0],
          [0, 1],
        ]),
      ),
    };
    const read = (mask: readonly boolean[], m: Tensor) =>
      numbers(
        valueOf(
          (e: Expr, s: Expr) =>
            aligned(params, s, keysOf(params, e), e, constant(tensor([...mask]))),
          m,
          tensor([-1e31, -1e31]),
        ),
      );
    expect(read([true, true, false], memory)).toEqual([0.5, 0.5]);
    expect(read([false, false, false], memory)).toEqual([0, 0]);
  });
});

describe("padded time steps may hold anything, in values and gradients", () => {
  const first2 = (x: Expr) => lt(iota([x.shape[0] ?? 0]) as Expr, 2) as Expr;
  const decoder = transformerDecoderBlock(2, { heads: 2 });
  const layers: { readonly [name: string]: AnyLayer } = {
    rnn: rnn(2, 3, { output: "last" }),
    gru: gru(2, 3, { output: "last", bidirectional: true, layers: 2 }),
    lstm: lstm(2, 3, { output: "last", bidirectional: true }),
    attention: sequential(multiHeadAttention(2, { heads: 2 }), maskedMeanPool),
    "transformer block": sequential(
      transformerEncoderBlock(2, { heads: 2, hidden: 3 }),
      maskedMeanPool,
    ),
    "mapped layer": sequential(timeDistributed(dense(2, 3)), maskedMeanPool),
  };

  it.each(Object.entries(layers))("%s", (_, layer) => {
    const inner = open(masked(first2, layer));
    const { params, state } = inner.init(key(1));
    const of = (x: Tensor) => {
      const loss = (p: unknown) =>
        sum(inner.apply(p, constants(state), constant(x), contextOf("eval"))[0]) as Expr<
          readonly []
        >;
      const value = valueOf(loss as never, params as never);
      return flattenTensors([value, valueOf(gradientOf(loss), params as never)]).leaves;
    };
    const clean = of(
      tensor([
        [1, 2],
        [3, -1],
        [0, 0],
      ]),
    );
    for (const filler of [Number.NaN, Infinity, 1e38]) {
      const dirty = of(
        tensor([
          [1, 2],
          [3, -1],
          [filler, filler],
        ]),
      );
      expect(dirty.every(finite)).toBe(true);
      expect(dirty.map(numbers)).toEqual(clean.map(numbers));
    }
  });

  it("the memory of a decoder", () => {
    const { params } = decoder.init(key(1));
    const x = constant(normal(key(2), [2, 2]));
    const f = (memory: Tensor) => {
      const loss = (p: unknown) =>
        sum(
          decoder
            .over(constant(memory), ne(constant(tensor([1, 1, 0])), 0) as Expr)
            .apply(p as never, undefined, x as never, contextOf("eval"))[0],
        ) as Expr<readonly []>;
      return flattenTensors(valueOf(gradientOf(loss), params as never)).leaves;
    };
    const dirty = f(
      tensor([
        [1, 2],
        [3, -1],
        [Number.NaN, Infinity],
      ]),
    );
    expect(dirty.every(finite)).toBe(true);
  });
});
