import { expect, it } from "vitest";
import type { Expr } from "../../../src/ir/expr.ts";
import { repeat } from "../../../src/nn/combinators/containers.ts";
import { timeDistributed } from "../../../src/nn/combinators/overTime.ts";
import { sequential } from "../../../src/nn/combinators/sequential.ts";
import { multiHeadAttention } from "../../../src/nn/layers/attention.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import { embedding, positionEmbedding, tiedEmbedding } from "../../../src/nn/layers/embedding.ts";
import { layerNorm } from "../../../src/nn/layers/normalization/norm.ts";
import { gru, lstm } from "../../../src/nn/layers/recurrent/recurrent.ts";
import {
  transformerDecoderBlock,
  transformerEncoderBlock,
} from "../../../src/nn/layers/transformerBlock.ts";
import { gpt } from "../../../src/nn/models/gpt.ts";
import { transformer } from "../../../src/nn/models/transformer.ts";
import { summary } from "../../../src/nn/summary.ts";

it("shapes of sequences are checked when layers are composed", () => {
  const classifier = sequential(embedding(10, 4), lstm(4, 8, { output: "last" }), dense(8, 2));
  const apply: (x: Expr<readonly [number]>) => Expr<readonly [2]> = (x) =>
    classifier.apply(undefined as never, undefined as never, x, undefined as never)[0];
  expect(apply).toBeTypeOf("function");
  // @ts-expect-error the width of the embedding is not the recurrence's
  sequential(embedding(10, 5), lstm(4, 8));
  // @ts-expect-error attention keeps its width
  sequential(multiHeadAttention(4), gru(3, 2));
  sequential(gru(2, 3), layerNorm(3), timeDistributed(dense(3, 1)));
  // @ts-expect-error each moment has the width of the recurrence
  sequential(gru(2, 3), timeDistributed(dense(4, 1)));
});

it("a language model can be written as one expression", () => {
  const body = sequential(
    positionEmbedding(16, 8),
    repeat(2, transformerEncoderBlock(8, { heads: 2, causal: true })),
    layerNorm(8),
  );
  const model = tiedEmbedding(11, 8, body);
  const [whole] = summary(model, [5]);
  expect(whole?.output).toEqual([5, 11]);
  // A table, positions, two blocks of 12·8² weights and 13·8 biases and scales, one normalization.
  expect(whole?.params).toBe(11 * 8 + 16 * 8 + 2 * (12 * 64 + 13 * 8) + 16);
});

it("heads that do not divide the width are a type error where both are literals", () => {
  const refused = expect.objectContaining({ _tag: "InvalidArgument", argument: "heads" });
  // @ts-expect-error 3 heads do not divide the width 8
  expect(() => multiHeadAttention(8, { heads: 3 })).toThrow(refused);
  // @ts-expect-error 12 heads do not divide the width 128
  expect(() => transformerEncoderBlock(128, { heads: 12, causal: true })).toThrow(refused);
  // @ts-expect-error 7 heads do not divide the width 1024
  expect(() => transformerDecoderBlock(1024, { heads: 7 })).toThrow(refused);
  const sizes = { vocabulary: 5, positions: 4, blocks: 1 } as const;
  // @ts-expect-error 2 heads do not divide the width 5
  expect(() => gpt({ ...sizes, width: 5, heads: 2 })).toThrow(refused);
  const source = { vocabulary: 5, length: 4, padding: 0 };
  // @ts-expect-error 16 heads do not divide the width 40
  expect(() => transformer({ ...sizes, source, width: 40, heads: 16 })).toThrow(refused);
  multiHeadAttention(1024, { heads: 16 });
  transformerEncoderBlock(96, { heads: 12 });
  gpt({ ...sizes, width: 768, heads: 12 });
  const heads: number = 3;
  expect(() => multiHeadAttention(8, { heads })).toThrow(refused);
});
