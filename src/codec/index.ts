/** Codecs of tensors and trees, and the bridge from io-ts to Effect. */

export { decodeJson, decodeWith } from "./decode.ts";
export { type TensorJson, type TreeJson, tensorCodec, treeCodec } from "./tensor.ts";
