import { eachExample, randomCrop } from "../../../src/data/index.ts";
import {
  adamw,
  batchNorm,
  batchObjective,
  dense,
  dropout,
  type Expr,
  embedding,
  initializers,
  layerNorm,
  oneCycle,
  pipeline,
  relu,
  sequential,
} from "../../../src/index.ts";
import {
  add,
  cast,
  div,
  eq,
  expandDims,
  index,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  random,
  stack,
  sum,
  take,
  transpose,
  where,
} from "../../../src/ir/index.ts";
import {
  conv2d,
  embeddingBag,
  maxPool2d,
  positionEmbedding,
  repeat,
  reshape,
  timeDistributed,
  transformerEncoderBlock,
  unitNorm,
} from "../../../src/nn/index.ts";
import { buckets, emojiCaptions, listLength } from "../../data/multimodal/emojiCaptions.ts";
import type { HeldOut } from "../../data/multimodal/emojiDrawings.ts";
import { emojiNamesAvailable, languages } from "../../data/multimodal/emojiNames.ts";
import { nameLength, wordCount } from "../../data/multimodal/emojiSpelled.ts";

/** The width of the vectors of the towers. */
export const width = 64;
/** The number of places before the words of a name, which stand for a picture. */
export const prefix = 4;
/** What scores are divided by. */
export const temperature = 0.2;
const [batchSize, epochs] = [64, 40];
/** The packages of the data, with their licenses. */
export const emojiData =
  "`emoji-datasource-google` (MIT; drawings Apache-2.0), `emoji-datasource-twitter` (MIT; drawings CC BY 4.0), `emojibase-data` (MIT)";
export const settings = { available: emojiNamesAvailable, batchSize, epochs, seed: 42 } as const;

/** A convolution that sees patterns of 3×3 places. */
const seeing = (inputs: number, outputs: number) =>
  sequential(conv2d(inputs, outputs, 3, { padding: "same" }), batchNorm(outputs), relu);

/** The networks of all stages, so that each can start from the params of the one before. */
export const models = {
  /** Sees a picture. */
  see: sequential(
    seeing(3, 24),
    maxPool2d(2),
    seeing(24, 48),
    maxPool2d(2),
    seeing(48, 96),
    reshape([25 * 96]),
    dropout(0.3),
    dense(25 * 96, width),
    unitNorm,
  ),
  /** Reads a text in any language, as the mean of its parts. */
  read: sequential(
    embeddingBag(buckets, width, { padding: 0, tableInit: initializers.normal(0.02) }),
    dense(width, width),
    unitNorm,
  ),
  /** The vector of every name that is listed. */
  list: embedding(listLength, width, { tableInit: initializers.zeros }),
  direction: unitNorm,
  /** What stands for a picture before the words of its name, made of the picture's vector. */
  told: sequential(dense(width, prefix * width), reshape([prefix, width])),
  words: embedding(wordCount, width, { tableInit: initializers.normal(0.1) }),
  /** Says which word follows, of what stands for a picture and the words so far. */
  think: sequential(
    positionEmbedding(prefix + nameLength, width),
    repeat(
      2,
      transformerEncoderBlock(width, { heads: 4, hidden: 128, causal: true, dropout: 0.3 }),
    ),
    layerNorm(width),
    timeDistributed(dense(width, wordCount)),
  ),
};

/** How badly the rows of scores pick the columns that belong to them. */
const picking = (scores: Expr, belongs: Expr): Expr<readonly []> =>
  neg(mean(sum(mul(logSoftmax(scores), div(belongs, expandDims(sum(belongs, -1), -1))), -1)));

export const moved = randomCrop(2);

/** Learns which names and pictures belong together: of a batch, each picture should pick its name, and each name its pictures. */
export const contrast = (outer: string, heldOut: HeldOut, rows: number) =>
  pipeline(
    `${outer}: two towers (first)`,
    emojiCaptions(heldOut),
    batchObjective({
      models,
      trains: ["see", "read"],
      loss: ({ see, read }, { image, texts, emoji }, { key, mode }) => {
        const [forImage, forText, forDrop] = random.splitKey(key, 3);
        const own =
          mode === "train" ? eachExample("image", moved)({ image }, forImage).image : image;
        const seen = see(own as typeof image);
        const belongs = cast(eq(expandDims(emoji, 0), expandDims(emoji, 1)), "f32");
        // Six texts of each emoji, in languages and with keywords or without as it comes, of which half of the parts are read.
        const kinds = random.permutation(forText, 2 * languages.length);
        const losses = random.splitKey(forDrop, languages.length).map((forWords, i) => {
          const text = take(texts, index(kinds, i), 1);
          const kept =
            mode === "train" ? where(random.bernoulli(forWords, 0.5, text.shape), text, 0) : text;
          const scores = mul(matmul(seen, transpose(read(kept))), 1 / temperature);
          return add(picking(scores, belongs), picking(transpose(scores), belongs));
        });
        return mean(stack(losses)) as Expr<readonly []>;
      },
      predict: ({ see }, { image }) => see(image),
      optimizer: adamw({
        learningRate: oneCycle(3e-3, epochs * Math.ceil(rows / batchSize)),
        weightDecay: 0.05,
      }),
    }),
    settings,
  );
