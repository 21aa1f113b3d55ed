/** Models of sequences. */

export type { Alignment, AlignmentParams } from "./attentionScores.ts";
export { type Gpt, type GptOptions, type GptParams, type GptState, gpt } from "./gpt.ts";
export { type LstmClassifierOptions, lstmClassifier } from "./lstmClassifier.ts";
export {
  type Seq2Seq,
  type Seq2SeqOptions,
  type Seq2SeqParams,
  seq2seq,
} from "./seq2seq.ts";
export {
  type StackOptions,
  type StackParams,
  type TransformerDecoder,
  type TransformerModel,
  type TransformerModelOptions,
  type TransformerParams,
  transformer,
  transformerDecoder,
  transformerEncoder,
} from "./transformer.ts";
