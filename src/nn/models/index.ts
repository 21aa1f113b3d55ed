/** Complete models, built from layers. */

export { type AlexnetOptions, alexnet } from "./alexnet.ts";
export type { Alignment, AlignmentParams } from "./attentionScores.ts";
export type { Image, Network } from "./build.ts";
export type { CopyParams } from "./copying.ts";
export { type Gpt, type GptOptions, type GptParams, type GptState, gpt } from "./gpt.ts";
export { type LenetOptions, lenet } from "./lenet.ts";
export { type LstmClassifierOptions, lstmClassifier } from "./lstmClassifier.ts";
export { type MlpOptions, mlp } from "./mlp.ts";
export { perceptron } from "./perceptron.ts";
export { cifarResnet, type ResnetOptions, resnet } from "./resnet.ts";
export { type Seq2Seq, type Seq2SeqOptions, type Seq2SeqParams, seq2seq } from "./seq2seq.ts";
export {
  type TransformerModel,
  type TransformerModelOptions,
  type TransformerParams,
  transformer,
} from "./transformer.ts";
export {
  type StackOptions,
  type StackParams,
  type TransformerDecoder,
  type TransformerDecoderOptions,
  type TransformerDecoderParams,
  transformerDecoder,
  transformerEncoder,
} from "./transformerStacks.ts";
export { type UnetOptions, unet } from "./unet.ts";
export { type VitOptions, vit } from "./vit.ts";
