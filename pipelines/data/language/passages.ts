import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { generation, type Vocabulary } from "../../../src/data/index.ts";
import { dataset, fromTypedArray, type Tensor } from "../../../src/index.ts";

/** A passage: its characters, and the next character of each. */
export type Passage = {
  readonly text: Tensor<readonly [number]>;
  readonly next: Tensor<readonly [number]>;
};

/** Cuts a text into consecutive passages of `length` characters. */
const passages = (numbers: readonly number[], length: number) => {
  const count = Math.floor((numbers.length - 1) / length);
  const from = (start: number): Tensor<readonly [number, number]> =>
    fromTypedArray([count, length], Int32Array.from(numbers.slice(start, start + count * length)));
  return dataset({ text: from(0), next: from(1) });
};

/**
 * A text cut into passages of `length` characters: the first nine tenths for training, and the end for testing, so that no
 * passage of the test was seen, nor any between two that were.
 */
export const passagesOf = Effect.fnUntraced(function* (
  text: string,
  vocabulary: Vocabulary,
  length: number,
) {
  const encoded = vocabulary.encode(text);
  if (isLeft(encoded)) return yield* encoded.left;
  const numbers = encoded.right;
  const end = Math.floor(0.9 * numbers.length);
  return {
    train: passages(numbers.slice(0, end), length),
    test: passages(numbers.slice(end), length),
    generation: generation({
      ...{ column: "text", vocabulary, length },
      decoding: { method: "sampling", temperature: 0.8, topP: 0.95, seed: 7 },
    }),
  };
});
