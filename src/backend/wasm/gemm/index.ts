/** Matrix products: emitters of WebAssembly functions with every shape known. */
export { type Gemm, type GemmPart, gemm, gemmPanels, gemmPart, type Panels } from "./gemm.ts";
export type { GemmOptions, Tail } from "./kernel.ts";
export { type Along, cutOfProduct, cutOfScalarProduct, panelCount } from "./part.ts";
export {
  gemmF64,
  gemmI32,
  gemmPartF64,
  gemmPartI32,
} from "./scalar.ts";
export {
  type GemmSpec,
  gemmScratchBytes,
  panelBytes,
  partsOfSums,
  rowMajor,
  type Steps,
  type Strides,
  splitsSums,
  transposed,
} from "./spec.ts";
