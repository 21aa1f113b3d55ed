import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { compile } from "../../../src/backend/compile.ts";
import { Backend } from "../../../src/backend/index.ts";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { dot } from "../../../src/ir/ops/contraction.ts";
import { cast } from "../../../src/ir/ops/control.ts";
import { add, gt, lt } from "../../../src/ir/ops/elementwise.ts";
import { iota } from "../../../src/ir/ops/indexing.ts";
import { sum } from "../../../src/ir/ops/reduction.ts";
import { concatenate, index, sliceAxis, stack } from "../../../src/ir/ops/structural.ts";
import { open } from "../../../src/nn/apply.ts";
import { masked, maskedMeanPool, timeDistributed } from "../../../src/nn/combinators/overTime.ts";
import { spectralNorm, weightNorm } from "../../../src/nn/combinators/parametrize.ts";
import { scaledDotProductAttention } from "../../../src/nn/functional/attention.ts";
import type { AnyLayer } from "../../../src/nn/layer.ts";
import { multiHeadAttention } from "../../../src/nn/layers/attention.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import {
  embedding,
  positionEmbedding,
  rotaryEmbedding,
  tiedEmbedding,
} from "../../../src/nn/layers/embedding.ts";
import { topKRouting } from "../../../src/nn/layers/moe.ts";
import { groupNorm, layerNorm, rmsNorm } from "../../../src/nn/layers/normalization/norm.ts";
import { gru, lstm, rnn } from "../../../src/nn/layers/recurrent/recurrent.ts";
import {
  transformerDecoderBlock,
  transformerEncoderBlock,
} from "../../../src/nn/layers/transformerBlock.ts";
import { importanceLoss, loadBalancingLoss } from "../../../src/nn/losses/routing.ts";
import { transformer } from "../../../src/nn/models/index.ts";
import { tensor, zeros } from "../../../src/tensor/constructors.ts";
import { key, normal } from "../../../src/tensor/key.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { applied, constants, contextOf, gradientOf, numbers, valueOf } from "../evaluated.ts";

const near = (actual: Tensor, expected: Tensor, digits = 5): void => {
  expect(actual.shape).toEqual(expected.shape);
  const wanted = numbers(expected);
  numbers(actual).forEach((x, i) => {
    expect(x).toBeCloseTo(wanted[i] as number, digits);
  });
};
const first = (n: number) => (x: Expr) => lt(iota([x.shape[0] ?? 0]) as Expr, n) as Expr;
const someOf = (x: Tensor, n: number): Tensor => valueOf((e: Expr) => sliceAxis(e, 0, 0, n), x);
const failure = (layer: AnyLayer, x: Tensor): string => {
  const inner = open(layer);
  const { params, state } = inner.init(key(0));
  const f = (e: Expr) => inner.apply(constants(params), constants(state), e, contextOf("eval"))[0];
  return JSON.stringify(
    Effect.runSync(Effect.flip(Effect.provide(compile(f, [x]), Backend.layerReference))),
  );
};

describe("ragged sequences", () => {
  const x = normal(key(1), [5, 3]);

  it.each<typeof gru>([rnn, lstm, gru])(
    "the last output of a padded sequence equals that of the sequence",
    (kind) => {
      const layer = kind(3, 4, { layers: 2, bidirectional: true, output: "last" });
      near(applied(masked(first(3), layer), x), applied(layer, someOf(x, 3)));
    },
  );

  it("the mean over time is over real time steps, and zero without any", () => {
    near(applied(masked(first(3), maskedMeanPool), x), applied(maskedMeanPool, someOf(x, 3)));
    expect(numbers(applied(masked(first(0), maskedMeanPool), x))).toEqual([0, 0, 0]);
  });

  it("a mask covers time steps, and not the parts of one", () => {
    const table = normal(key(2), [2, 4, 3]);
    const rows = timeDistributed(maskedMeanPool);
    const whole = numbers(applied(rows, table));
    expect(numbers(applied(masked(first(1), rows), table))).toEqual([
      ...whole.slice(0, 3),
      ...[0, 0, 0],
    ]);
  });

  it("padded time steps are not visible", () => {
    const block = transformerEncoderBlock(3, { hidden: 4, heads: 3 });
    const whole = applied(masked(first(3), block), x);
    near(someOf(whole, 3), applied(block, someOf(x, 3)));
  });

  it("a query that sees nothing gets zeros", () => {
    const nothing = valueOf(
      (e: Expr) => scaledDotProductAttention(e, e, e, { mask: gt(e, 1e9) as Expr }),
      normal(key(1), [2, 2]),
    );
    expect(numbers(nothing)).toEqual([0, 0, 0, 0]);
  });
});

describe("recurrence", () => {
  it("continues from its carry", () => {
    const layer = lstm(3, 4, { layers: 2 });
    const params = constants(layer.init(key(2)).params) as never;
    const x = normal(key(1), [6, 3]);
    const whole = valueOf((e: Expr) => layer.run(params, e).outputs, x);
    const parts = valueOf((e: Expr) => {
      const before = layer.run(params, sliceAxis(e, 0, 0, 2));
      const after = layer.run(params, sliceAxis(e, 0, 2, 6), { initial: before.last });
      return concatenate([before.outputs, after.outputs]);
    }, x);
    near(parts, whole, 6);
  });

  it("refuses a wrong width, with its path", () => {
    expect(failure(lstm(3, 4), normal(key(0), [5, 2]))).toContain("ShapeMismatch");
    expect(() => gru(3, 0)).toThrow(expect.objectContaining({ _tag: "InvalidArgument" }));
  });
});

describe("attention", () => {
  const x = normal(key(4), [5, 8]);

  it("gives the same step by step with a cache as at once", () => {
    for (const positions of [{}, { rotary: true }, { alibi: true }]) {
      const of = { heads: 4, keyValueHeads: 2, causal: true };
      const layer = multiHeadAttention(8, { ...of, ...positions });
      const params = constants(layer.init(key(3)).params) as never;
      const stepped = valueOf((e: Expr) => {
        let cache = layer.emptyCache(7);
        // Keys and values of both heads, with room for seven positions.
        for (const kept of [cache.key, cache.value]) expect(kept.shape).toEqual([2, 7, 2]);
        const ys: Expr[] = [];
        for (let t = 0; t < 5; t++) {
          const [y, next] = layer.step(params, index(e, t), cache);
          ys.push(y);
          cache = next;
        }
        return stack(ys);
      }, x);
      near(stepped, applied(layer, x, "eval", 3));
    }
  });

  it("blocks give the same step by step with a cache as at once", () => {
    const encoder = transformerEncoderBlock(8, { heads: 2, causal: true, norm: "post" });
    const decoder = transformerDecoderBlock(8, { heads: 2 });
    const p = constants(encoder.init(key(1)).params) as never;
    const q = constants(decoder.init(key(2)).params) as never;
    const memory = constant(normal(key(9), [3, 8]));
    const walk = (
      step: (
        e: Expr,
        cache: ReturnType<typeof encoder.emptyCache>,
      ) => ReturnType<typeof encoder.step>,
    ) =>
      valueOf((e: Expr) => {
        let cache = encoder.emptyCache(5);
        const ys = [0, 1, 2, 3, 4].map((t) => {
          const [y, next] = step(index(e, t), cache);
          cache = next;
          return y;
        });
        return stack(ys);
      }, x);
    near(
      walk((e, cache) => encoder.step(p, e, cache)),
      applied(encoder, x, "eval", 1),
    );
    const whole = valueOf(
      (e: Expr) =>
        decoder.over(memory).apply(q, undefined, e as never, contextOf("eval"))[0] as Expr,
      x,
    );
    near(
      walk((e, cache) => decoder.step(q, e, memory, cache)),
      whole,
    );
  });

  it("a causal position does not see later ones", () => {
    const layer = transformerEncoderBlock(8, { heads: 2, causal: true });
    near(someOf(applied(layer, x), 3), applied(layer, someOf(x, 3)));
  });

  it("refuses heads that do not divide the width, and sequences that are too long", () => {
    const refused = expect.objectContaining({ _tag: "InvalidArgument" });
    expect(() => multiHeadAttention(8, { heads: 3 as number })).toThrow(refused);
    expect(() => multiHeadAttention(8, { heads: 4, keyValueHeads: 3 })).toThrow(refused);
    expect(() => groupNorm(3, 8)).toThrow(refused);
    const named = (op: string) => expect.objectContaining({ op, argument: "hidden" });
    expect(() => transformerEncoderBlock(8, { hidden: 0 })).toThrow(
      named("transformerEncoderBlock"),
    );
    expect(() => transformerDecoderBlock(8, { hidden: 0 })).toThrow(
      named("transformerDecoderBlock"),
    );
    const places = constant(tensor([0, 1], "i32"));
    expect(() => rotaryEmbedding(constant(zeros([2, 3])), places)).toThrow(
      expect.objectContaining({ op: "rotaryEmbedding", argument: "x", actual: "3" }),
    );
    const odd = { heads: 2, rotary: true } as const;
    const rotary = (op: string) => expect.objectContaining({ op, argument: "rotary" });
    expect(() => multiHeadAttention(6, odd)).toThrow(rotary("multiHeadAttention"));
    expect(() => transformerEncoderBlock(6, odd)).toThrow(rotary("transformerEncoderBlock"));
    expect(() => transformerDecoderBlock(6, odd)).toThrow(rotary("transformerDecoderBlock"));
    const source = { vocabulary: 3, length: 2, padding: 0 };
    const sizes = { source, vocabulary: 3, positions: 2, width: 6, blocks: 1 } as const;
    expect(() => transformer({ ...sizes, ...odd })).toThrow(rotary("transformer"));
    expect(failure(positionEmbedding(4, 8), x)).toContain("SequenceTooLong");
    expect(failure(layerNorm(1), x)).toContain("ShapeMismatch");
    const wrong = masked(() => gt(iota([4]) as Expr, 1) as Expr, multiHeadAttention(8));
    expect(failure(wrong, x)).toContain("ShapeMismatch");
  });
});

describe("embeddings", () => {
  it("read zeros for padding, whose row gets no gradient", () => {
    const layer = embedding(3, 2, { padding: 1 });
    const { table } = layer.init(key(0)).params;
    const tokens = constant(tensor([0, 1, 2, 1], "i32")) as Expr as Expr<readonly [number]>;
    const read = (rows: Expr): Expr =>
      layer.apply({ table: rows }, undefined, tokens, contextOf("train"))[0];
    const [a, b, c, d, e, f] = numbers(table);
    expect([c, d].every((x) => x !== 0)).toBe(true);
    expect(numbers(valueOf(read, table))).toEqual([a, b, 0, 0, e, f, 0, 0]);
    const gradient = gradientOf<Expr>((rows) => sum(read(rows)) as Expr as Expr<readonly []>);
    expect(numbers(valueOf(gradient, table))).toEqual([1, 1, 0, 0, 1, 1]);
  });

  it("read the rows of the table, and zeros for unknown tokens", () => {
    const layer = embedding(3, 2, { tableInit: (_, shape) => normal(key(5), shape) });
    const table = numbers(layer.init(key(0)).params.table);
    const read = applied(layer, tensor([2, 0, 3, -1], "i32"));
    expect(numbers(read)).toEqual([table[4], table[5], table[0], table[1], 0, 0, 0, 0]);
    expect(failure(layer, tensor([1.5]))).toContain("DtypeMismatch");
  });

  it("tied, multiply the inner outputs by the same table", () => {
    const layer = tiedEmbedding(4, 3, timeDistributed(dense(3, 3)));
    const { params } = layer.init(key(1));
    const made = applied(layer, tensor([1, 3], "i32"), "eval", 1);
    expect(made.shape).toEqual([2, 4]);
    expect(Object.keys(params)).toEqual(["table", "inner"]);
  });

  it("rotary, have products that depend only on the distance", () => {
    const [a, b] = [normal(key(1), [1, 6]), normal(key(2), [1, 6])];
    const at = (s: number, t: number) =>
      numbers(
        valueOf(
          (x: Expr, y: Expr) => {
            const place = (n: number): Expr => add(cast(iota([1]), "f32") as Expr, n) as Expr;
            return dot(rotaryEmbedding(x, place(s)), rotaryEmbedding(y, place(t)), [[1], [1]]);
          },
          a,
          b,
        ),
      )[0] as number;
    expect(at(5, 3)).toBeCloseTo(at(2, 0), 4);
    expect(at(5, 3)).not.toBeCloseTo(at(5, 4), 2);
  });
});

describe("normalization and reparameterized weights", () => {
  it("layerNorm gives mean 0 and variance 1, and rmsNorm root mean square 1", () => {
    const y = numbers(applied(layerNorm(64), normal(key(1), [64])));
    const mean = y.reduce((a, b) => a + b, 0) / 64;
    expect(mean).toBeCloseTo(0, 5);
    expect(y.reduce((a, b) => a + (b - mean) ** 2, 0) / 64).toBeCloseTo(1, 4);
    const z = numbers(applied(rmsNorm(64), normal(key(1), [64])));
    expect(z.reduce((a, b) => a + b * b, 0) / 64).toBeCloseTo(1, 4);
  });

  it("weightNorm initially equals the layer", () => {
    const x = normal(key(3), [5]);
    near(applied(weightNorm(dense(5, 4)), x, "eval", 6), applied(dense(5, 4), x, "eval", 6), 5);
  });

  it("spectralNorm converges to the largest singular value", () => {
    const layer = spectralNorm(
      dense(2, 2, {
        bias: false,
        weightInit: () =>
          tensor([
            [3, 0],
            [0, 1],
          ]) as never,
      }),
    );
    const inner = open(layer);
    const { params, state } = inner.init(key(1));
    const y = valueOf(
      (x: Expr) => {
        let now: unknown = constants(state);
        for (let i = 0; i < 12; i++)
          now = inner.apply(constants(params), now, x, contextOf("train"))[1];
        return inner.apply(constants(params), now, x, contextOf("eval"))[0];
      },
      tensor([3, 3]),
    );
    expect(numbers(y)[0]).toBeCloseTo(3, 4);
    expect(numbers(y)[1]).toBeCloseTo(1, 4);
  });

  it("the load-balancing loss is 1 for an even load, and its gradient evens it out", () => {
    const descend = gradientOf((x: Expr) => loadBalancingLoss(x, 1));
    const crowded = normal(key(2), [6, 3]);
    const lowered = valueOf((x: Expr) => {
      const moved = add(add(x, constant(tensor([2, 0, 0]))), 0) as Expr;
      return [
        loadBalancingLoss(moved, 1),
        sum(descend(moved), 0),
        importanceLoss(topKRouting(moved, 1)),
      ];
    }, crowded);
    const [before, gradient, uneven] = lowered;
    expect((before as Tensor).item()).toBeGreaterThan(1.2);
    expect((uneven as Tensor).item()).toBeGreaterThan(0.3);
    // The most used expert becomes less likely.
    expect(numbers(gradient as Tensor)[0]).toBeGreaterThan(0);
    const even = tensor([
      [5, 0, 0],
      [0, 5, 0],
      [0, 0, 5],
    ]);
    const fair = valueOf(
      (x: Expr) => stack([loadBalancingLoss(x, 1), importanceLoss(topKRouting(x, 1))]),
      even,
    );
    near(fair, tensor([1, 0]));
  });

  it("routing keeps the k largest logits, the first of equal ones", () => {
    const w = numbers(valueOf((x: Expr) => topKRouting(x, 2), tensor([1, 5, 1, 1])));
    expect(w[1]).toBeCloseTo(1 / (1 + Math.exp(-4)), 5);
    expect(w.slice(2)).toEqual([0, 0]);
    expect(w.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
  });
});
