import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  dataset,
  type Expr,
  embedding,
  fromTypedArray,
  initializers,
  key,
  type Layer,
  layerNorm,
  pipeline,
  sequential,
  softmaxCrossEntropy,
  supervised,
  type Tensor,
  vmap,
  withBatchSize,
} from "../../../src/index.ts";
import { add, matmul, mean } from "../../../src/ir/index.ts";
import {
  type EncoderParams,
  positionEmbedding,
  transformerEncoderBlock,
} from "../../../src/nn/index.ts";
import { foldIn, uniform } from "../../../src/tensor/index.ts";
import { type Weights, workload } from "./workload.ts";

const [examples, time, vocabulary, width] = [512, 64, 128, 128] as const;

/** Random walks through the vocabulary: the next token is one of four that may follow the last. */
const walks = Effect.sync(() => {
  const draws = uniform(foldIn(key(1), 5), [examples * (time + 1)]).toTypedArray();
  const tokens = new Int32Array(draws.length);
  for (let i = 0; i < tokens.length; i++) {
    const last = i % (time + 1) === 0 ? i : (tokens[i - 1] as number);
    tokens[i] = (5 * last + 17 + Math.floor(4 * (draws[i] as number))) % vocabulary;
  }
  const from = (shift: number): Tensor<readonly [number, number]> => {
    const rows = Int32Array.from({ length: examples * time }, (_, i) => {
      const row = Math.floor(i / time);
      return tokens[row * (time + 1) + (i % time) + shift] as number;
    });
    return fromTypedArray([examples, time], rows);
  };
  return { train: dataset({ tokens: from(0), next: from(1) }) };
});

type Head = {
  readonly weight: Tensor<readonly [128, 128]>;
  readonly bias: Tensor<readonly [128]>;
};

/** The logits of every token at each position. */
const head: Layer<readonly [number, 128], readonly [number, 128], Head, undefined> = {
  name: "head",
  init: (own) => ({
    params: {
      weight: initializers.fanInUniform(foldIn(own, 0), [width, vocabulary]),
      bias: initializers.zeros(foldIn(own, 1), [vocabulary]),
    },
    state: undefined,
  }),
  apply: ({ weight, bias }, state, x) => [add(matmul(x, weight), bias), state],
};

/** The next-token loss: the mean of the cross entropy over the positions of a sequence. */
const nextToken = (logits: Expr, next: Expr): Expr<readonly []> =>
  mean(vmap((each: Expr, label: Expr) => softmaxCrossEntropy(each, label))(logits, next)) as Expr<
    readonly []
  >;

const block = transformerEncoderBlock(width, { heads: 4, hidden: 512, causal: true });

const language = pipe(
  pipeline(
    "transformer",
    walks,
    supervised({
      input: "tokens",
      target: "next",
      model: sequential(
        embedding(vocabulary, width),
        positionEmbedding(time, width),
        block,
        block,
        layerNorm(width),
        head,
      ),
      loss: nextToken,
      optimizer: adam({ learningRate: 1e-3 }),
    }),
    { description: "two blocks that predict the next token" },
  ),
  withBatchSize(16),
);

const blockWeights = (
  i: number,
  { attention, attentionNorm, feedForward, feedForwardNorm }: EncoderParams,
): Weights => {
  const maps = {
    q: attention.query,
    k: attention.key,
    v: attention.value,
    o: attention.output,
    u: feedForward.up,
    d: feedForward.down,
  };
  const affine = Object.entries(maps).flatMap(([name, { weight, bias }]) => [
    [`w${name}${i}`, weight] as const,
    [`b${name}${i}`, bias as Tensor] as const, // they have a bias by default
  ]);
  return {
    ...Object.fromEntries(affine),
    [`n${i}as`]: attentionNorm.scale,
    [`n${i}ao`]: attentionNorm.offset,
    [`n${i}bs`]: feedForwardNorm.scale,
    [`n${i}bo`]: feedForwardNorm.offset,
  };
};

/** Attention, normalization, gathering and scattering. */
export const w5 = workload(
  "W5",
  "Transformer, 2 blocks of 128, 4 heads, length 64, batch 16",
  language,
  { input: "tokens", target: "next" },
  ([tokens, places, first, second, norm, last]) => ({
    tokens: tokens.table,
    positions: places.positions,
    ...blockWeights(0, first),
    ...blockWeights(1, second),
    ns: norm.scale,
    no: norm.offset,
    w: last.weight,
    b: last.bias,
  }),
);
