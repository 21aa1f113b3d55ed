import * as Effect from "effect/Effect";
import { generation, vocabularyOf } from "../../src/data/index.ts";
import { dataset, pipeline, sgd, supervised, tensor } from "../../src/index.ts";
import { sequenceCrossEntropy } from "../../src/nn/losses/index.ts";
import { gpt } from "../../src/nn/models/index.ts";

const text = tensor([[0, 1, 2, 3]], "i32");

/** A small language model of five letters, which writes by sampling. */
export const speaker = pipeline(
  "speaker",
  Effect.succeed({
    train: dataset({ text, next: text }),
    generation: generation({
      ...{ column: "text", vocabulary: vocabularyOf([..."abcde"]), length: 20 },
      decoding: { method: "sampling", temperature: 0.9, topK: 4, seed: 5 },
    }),
  }),
  supervised({
    input: "text",
    target: "next",
    model: gpt({ vocabulary: 5, positions: 30, width: 8, blocks: 1, heads: 2 }),
    loss: sequenceCrossEntropy,
    optimizer: sgd({ learningRate: 0 }),
  }),
  { batchSize: 1 },
);
