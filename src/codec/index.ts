/** Codecs of tensors, trees and programs, and the bridge from io-ts to Effect. */

export { decodeJson, decodeWith } from "./decode.ts";
export { programCodec } from "./program/program.ts";
export type { ProgramJson } from "./program/write.ts";
export { type TensorJson, type TreeJson, tensorCodec, treeCodec } from "./tensor.ts";
