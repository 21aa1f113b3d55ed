/** The functions that layers compute, without params. */

export * from "./activation.ts";
export {
  alibiBias,
  alibiSlopes,
  attentionWeights,
  causalMask,
  scaledDotProductAttention,
} from "./attention.ts";
export {
  type AnchorOptions,
  anchorBoxes,
  boxArea,
  boxIou,
  decodeBoxes,
  encodeBoxes,
  nonMaximumSuppression,
} from "./boxes.ts";
export {
  type ConvolveOptions,
  type ConvolveTransposedOptions,
  conv,
  convTranspose,
} from "./conv.ts";
export { fractionalMaxPool } from "./fractionalPool.ts";
export type { Grid, Padding, PerAxis } from "./geometry.ts";
export { type GridSampleOptions, gridSample } from "./gridSample.ts";
export {
  type AveragePoolOptions,
  adaptiveAvgPool,
  adaptiveMaxPool,
  avgPool,
  globalAvgPool,
  globalMaxPool,
  lpPool,
  maxPool,
  maxPoolWithIndices,
  maxUnpool,
  type PoolOptions,
  sumPool,
} from "./pool.ts";
export {
  type InterpolateOptions,
  interpolate,
  pixelShuffle,
  pixelUnshuffle,
} from "./resample.ts";
