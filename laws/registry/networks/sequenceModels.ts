import type { Expr } from "../../../src/ir/expr.ts";
import { sin } from "../../../src/ir/ops/elementwise.ts";
import type { Layer } from "../../../src/nn/layer.ts";
import { lstmCell } from "../../../src/nn/layers/recurrent/cells.ts";
import type * as gpts from "../../../src/nn/models/gpt.ts";
import { gpt } from "../../../src/nn/models/gpt.ts";
import type * as classifiers from "../../../src/nn/models/lstmClassifier.ts";
import { lstmClassifier } from "../../../src/nn/models/lstmClassifier.ts";
import type * as seq2seqs from "../../../src/nn/models/seq2seq.ts";
import { seq2seq } from "../../../src/nn/models/seq2seq.ts";
import type * as transformers from "../../../src/nn/models/transformer.ts";
import { transformer } from "../../../src/nn/models/transformer.ts";
import type * as stacks from "../../../src/nn/models/transformerStacks.ts";
import {
  transformerDecoder,
  transformerEncoder,
} from "../../../src/nn/models/transformerStacks.ts";
import type { Speaker } from "../../networks/decoding.ts";
import { ofTokens } from "./sequences.ts";
import type { Settings } from "./settings.ts";

const source = { vocabulary: 4, length: 3, padding: 0 };

const decoder = transformerDecoder({ vocabulary: 3, width: 2, blocks: 1, heads: 1, hidden: 2 });

type Params = ReturnType<typeof decoder.init>;
/** A decoder that makes its memory from its own table. */
const deciphering: Layer<readonly [number], readonly [number, 3], Params, undefined> = {
  name: "deciphering",
  init: (key) => ({ params: decoder.init(key), state: undefined }),
  apply: (params, state, x, context) =>
    decoder.over(sin(params.tokens.table) as Expr).apply(params, state, x, context),
};

/** Models of sequences as layers. A missing one does not compile. */
export const sequenceModels: Settings<
  typeof gpts & typeof seq2seqs & typeof stacks & typeof transformers & typeof classifiers
> = {
  gpt: [
    {
      layer: ofTokens(
        gpt({ vocabulary: 3, positions: 3, width: 2, blocks: 2, heads: 1, hidden: 2 }),
      ),
      shape: [2],
    },
    {
      layer: ofTokens(
        gpt({ vocabulary: 2, positions: 2, width: 2, blocks: 1, heads: 2, dropout: 0.5 }),
      ),
      shape: [2],
    },
  ],
  seq2seq: [
    {
      layer: ofTokens(
        seq2seq({ source, vocabulary: 3, width: 2, hidden: 2, attention: "luong", dropout: 0.5 }),
      ),
      shape: [5],
    },
    {
      layer: ofTokens(
        seq2seq({ source, vocabulary: 3, width: 2, hidden: 2, attention: "bahdanau" }),
      ),
      shape: [5],
    },
    {
      layer: ofTokens(
        seq2seq({ source, vocabulary: 3, width: 2, hidden: 2, attention: "luong-fed" }),
      ),
      shape: [5],
    },
    {
      layer: ofTokens(seq2seq({ source, vocabulary: 4, width: 2, hidden: 2, copies: true })),
      shape: [5],
    },
  ],
  transformerEncoder: [
    {
      layer: ofTokens(
        transformerEncoder({ vocabulary: 3, width: 2, blocks: 1, heads: 1, hidden: 2 }),
      ),
      shape: [2],
    },
    {
      layer: ofTokens(
        transformerEncoder({
          ...{ vocabulary: 3, width: 2, blocks: 1, heads: 2, hidden: 2, alibi: true },
        }),
      ),
      shape: [3],
    },
    {
      layer: ofTokens(
        transformerEncoder({
          ...{ vocabulary: 3, width: 2, blocks: 1, heads: 1, hidden: 2, rotary: true },
        }),
      ),
      shape: [3],
    },
  ],
  transformerDecoder: [
    {
      layer: ofTokens(deciphering),
      shape: [2],
    },
  ],
  transformer: [
    {
      layer: ofTokens(
        transformer({
          ...{ source, vocabulary: 2, positions: 3, norm: "pre" },
          ...{ width: 2, blocks: 1, heads: 1, hidden: 2 },
        }),
      ),
      shape: [5],
    },
    {
      layer: ofTokens(
        transformer({
          ...{ source, vocabulary: 4, positions: 2, copies: true },
          ...{ width: 2, blocks: 1, heads: 1, hidden: 2 },
        }),
      ),
      shape: [5],
    },
    {
      layer: ofTokens(
        transformer({
          ...{ source, vocabulary: 4, positions: 2, tied: true },
          ...{ width: 2, blocks: 1, heads: 1, hidden: 2 },
        }),
      ),
      shape: [5],
    },
  ],
  lstmClassifier: [
    {
      layer: ofTokens(
        lstmClassifier({
          ...{ vocabulary: 3, width: 2, hidden: 2, classes: 2 },
          ...{ layers: 2, bidirectional: true, dropout: 0.5 },
        }),
      ),
      shape: [3],
    },
  ],
};

/** Every model that generates sequences token by token, in several settings. */
export const speakers: readonly Speaker[] = [
  {
    name: "gpt",
    model: gpt({ vocabulary: 5, positions: 6, width: 4, blocks: 2, heads: 2 }),
  },
  {
    name: "gpt, one block of one head",
    model: gpt({ vocabulary: 3, positions: 4, width: 2, blocks: 1, heads: 1, hidden: 3 }),
  },
  {
    name: "seq2seq, Luong",
    model: seq2seq({ source, vocabulary: 3, width: 2, hidden: 4 }),
  },
  {
    name: "seq2seq that copies",
    model: seq2seq({ source, vocabulary: 4, width: 2, hidden: 4, copies: true }),
  },
  {
    name: "seq2seq, Luong with feeding of inputs, of long short-term memories",
    model: seq2seq({
      ...{ source, vocabulary: 3, width: 2, hidden: 2 },
      ...{ attention: "luong-fed", cell: lstmCell },
    }),
  },
  {
    name: "seq2seq, Bahdanau, of long short-term memories",
    model: seq2seq({
      source,
      vocabulary: 3,
      width: 2,
      hidden: 2,
      attention: "bahdanau",
      cell: lstmCell,
      layers: 2,
    }),
  },
  {
    name: "transformer",
    model: transformer({
      ...{ source, vocabulary: 3, positions: 4 },
      ...{ width: 4, blocks: 2, heads: 2, hidden: 3 },
    }),
  },
  {
    name: "transformer, biased by distance",
    model: transformer({
      ...{ source, vocabulary: 3, positions: 4, alibi: true },
      ...{ width: 6, blocks: 2, heads: 3, hidden: 3 },
    }),
  },
  {
    name: "transformer with rotated positions",
    model: transformer({
      ...{ source, vocabulary: 3, positions: 4, rotary: true },
      ...{ width: 4, blocks: 2, heads: 2, hidden: 3 },
    }),
  },
  {
    name: "transformer that copies",
    model: transformer({
      ...{ source, vocabulary: 4, positions: 4, norm: "pre", copies: true },
      ...{ width: 4, blocks: 2, heads: 2, hidden: 3 },
    }),
  },
  {
    name: "transformer with one table",
    model: transformer({
      ...{ source, vocabulary: 4, positions: 4, tied: true },
      ...{ width: 4, blocks: 2, heads: 2, hidden: 3 },
    }),
  },
  {
    name: "transformer, pre-norm",
    model: transformer({
      ...{ source, vocabulary: 3, positions: 3, norm: "pre" },
      ...{ width: 2, blocks: 1, heads: 1, hidden: 3 },
    }),
  },
];
