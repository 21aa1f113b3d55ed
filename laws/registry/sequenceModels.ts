import { lstmCell } from "../../src/nn/cells.ts";
import { gpt } from "../../src/nn/models/gpt.ts";
import { seq2seq } from "../../src/nn/models/seq2seq.ts";
import { transformer } from "../../src/nn/models/transformer.ts";
import type { Speaker } from "../decoding.ts";

const source = { vocabulary: 4, length: 3, padding: 0 };

/** Every model that says sequences token by token, in several settings. */
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
    name: "transformer, pre-norm",
    model: transformer({
      ...{ source, vocabulary: 3, positions: 3, norm: "pre" },
      ...{ width: 2, blocks: 1, heads: 1, hidden: 3 },
    }),
  },
];
