/** Losses of one example: functions of a prediction and a target. */

export { cosineEmbedding, infoNce, ntXent, triplet } from "./contrastive.ts";
export { type CtcOptions, ctc } from "./ctc.ts";
export {
  hingeEmbedding,
  type MultiMarginOptions,
  marginRanking,
  multiLabelMargin,
  multiMargin,
  softMargin,
} from "./margins.ts";
export type { Comparison } from "./pairing.ts";
export {
  gaussianNegativeLogLikelihood,
  poissonNegativeLogLikelihood,
  type SequenceOptions,
  sequenceCrossEntropy,
} from "./probabilistic.ts";
export type { Loss } from "./reduction.ts";
export {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  type CrossEntropyOptions,
  distillation,
  hinge,
  huber,
  klDivergence,
  l1Penalty,
  l2Penalty,
  meanAbsoluteError,
  meanSquaredError,
  negativeLogLikelihood,
  pinball,
  smoothL1,
  softmaxCrossEntropy,
} from "./regression.ts";
export { importanceLoss, loadBalancingLoss } from "./routing.ts";
export { dice, type FocalOptions, focal } from "./segmentation.ts";
