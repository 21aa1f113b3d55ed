import type { SymbolicFunction } from "../../symbolic.ts";

/** Why a law of hostile numbers does not hold of an operation; of all its operands, or of some. */
export interface Exception {
  readonly why: string;
  readonly operands?: readonly number[];
}

type Exceptions = { readonly [operation: string]: Exception };

/** The operation of which a function is a setting. */
export const operationOf = ({ name }: SymbolicFunction): string => name.split(/[ ,]/)[0] ?? name;

const ordered = { why: "NaN is last in the order, so that what was behind an element moves up" };
const tokens = { why: "its numbers become tokens, and NaN cast to i32 is 0", operands: [0] };
const masking = {
  why: "its numbers decide what is masked, and no comparison holds of NaN",
  operands: [0],
};

/** Where a number may rightly come of NaN. */
export const rightlyNumbers: Exceptions = {
  sort: ordered,
  topK: ordered,
  kthValue: ordered,
  mode: { why: "what most of the others are does not depend on one of them" },
  maxUnpool: { why: "NaN takes its window's place, and the place of another that it took is 0" },
  topKRouting: { why: "NaN is chosen, and the weight of another in whose place it came is 0" },
  embedding: tokens,
  tiedEmbedding: tokens,
  gpt: tokens,
  seq2seq: tokens,
  transformerEncoder: tokens,
  transformerDecoder: tokens,
  masked: masking,
  maskedMeanPool: masking,
};

/** Where zeros of sums may have another sign: their products are rounded to f32 or are not. */
export const rightlyUnsigned: Exceptions = {
  dot: { why: "a product that underflows is a zero in f32, and has a sign of its own" },
};
