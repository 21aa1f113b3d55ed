import type { SymbolicFunction } from "../../symbolic.ts";

/** The reason why a law of hostile numbers does not hold for an operation, or for some of its operands. */
export interface Exception {
  readonly why: string;
  readonly operands?: readonly number[];
}

type Exceptions = { readonly [operation: string]: Exception };

/** The name of the operation whose setting a function is. */
export const operationOf = ({ name }: SymbolicFunction): string => name.split(/[ ,]/)[0] ?? name;

const ordered = { why: "NaN is last in the order, so that what was behind an element moves up" };
const tokens = { why: "its numbers become tokens, and NaN cast to i32 is 0", operands: [0] };
const masking = {
  why: "its numbers decide what is masked, and no comparison holds of NaN",
  operands: [0],
};

/** Operations whose result for NaN may rightly be a number. */
export const rightlyNumbers: Exceptions = {
  sort: ordered,
  topK: ordered,
  kthValue: ordered,
  mode: { why: "the most frequent value of the others does not depend on one element" },
  maxUnpool: {
    why: "NaN is the maximum of its window, and the place of the maximum that it displaced is 0",
  },
  topKRouting: { why: "NaN is chosen, and the weight of the expert that it displaced is 0" },
  embedding: tokens,
  embeddingBag: tokens,
  tiedEmbedding: tokens,
  gpt: tokens,
  seq2seq: tokens,
  transformer: tokens,
  transformerEncoder: tokens,
  transformerDecoder: tokens,
  masked: masking,
  maskedMeanPool: masking,
};

/** Operations whose sums of zeros may rightly differ in sign: their products may be rounded to f32 or not. */
export const rightlyUnsigned: Exceptions = {
  dot: { why: "a product that underflows is a zero in f32, and has a sign of its own" },
};
