import { expect, it } from "vitest";
import type { Expr } from "../../src/ir/expr.ts";
import { multiHeadAttention } from "../../src/nn/attention.ts";
import { repeat } from "../../src/nn/combinators.ts";
import { dense } from "../../src/nn/dense.ts";
import { describe } from "../../src/nn/describe.ts";
import { embedding, learnedPositions, tiedEmbedding } from "../../src/nn/embedding.ts";
import { layerNorm } from "../../src/nn/normalisation.ts";
import { gru, lstm } from "../../src/nn/recurrent.ts";
import { mapOver } from "../../src/nn/sequences.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { transformerEncoderBlock } from "../../src/nn/transformer.ts";

it("shapes of sequences are checked where layers are composed", () => {
  const classifier = sequential(embedding(10, 4), lstm(4, 8, { output: "last" }), dense(8, 2));
  const apply: (x: Expr<readonly [number]>) => Expr<readonly [2]> = (x) =>
    classifier.apply(undefined as never, undefined as never, x, undefined as never)[0];
  expect(apply).toBeTypeOf("function");
  // @ts-expect-error the width of the embedding is not the recurrence's
  sequential(embedding(10, 5), lstm(4, 8));
  // @ts-expect-error attention keeps its width
  sequential(multiHeadAttention(4), gru(3, 2));
  sequential(gru(2, 3), layerNorm(3), mapOver(dense(3, 1)));
  // @ts-expect-error each moment has the width of the recurrence
  sequential(gru(2, 3), mapOver(dense(4, 1)));
});

it("a language model is one expression", () => {
  const body = sequential(
    learnedPositions(16, 8),
    repeat(2, transformerEncoderBlock(8, { heads: 2, causal: true })),
    layerNorm(8),
  );
  const model = tiedEmbedding(11, 8, body);
  const [whole] = describe(model, [5]);
  expect(whole?.output).toEqual([5, 11]);
  // A table, positions, two blocks of 12·8² weights and 13·8 offsets and scales, one normalisation.
  expect(whole?.params).toBe(11 * 8 + 16 * 8 + 2 * (12 * 64 + 13 * 8) + 16);
});
