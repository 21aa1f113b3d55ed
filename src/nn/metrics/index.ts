/** Metrics: commutative monoids over batches that also say whether higher or lower is better. */

export { type Calibration, type CalibrationOptions, calibrationError } from "./calibration.ts";
export {
  accuracy,
  binaryAccuracy,
  exactMatch,
  meanReciprocalRank,
  recallAt,
  topKAccuracy,
} from "./classification.ts";
export {
  type Averaging,
  type Confusion,
  confusionMatrix,
  dice,
  f1,
  intersectionOverUnion,
  precision,
  recall,
} from "./confusion.ts";
export {
  type Box,
  boxOverlap,
  type Detection,
  type DetectionOptions,
  type Detections,
  meanAveragePrecision,
} from "./detection.ts";
export type { ConfusionTable, Metric, Outcomes, Ratio, Summary } from "./metric.ts";
export {
  type OutputMetric,
  overOutputs,
  type PairMetric,
  scorePairs,
  type TextMetric,
} from "./pairs.ts";
export {
  averagePrecision,
  type Ranking,
  type RankingOptions,
  rocAuc,
  type Threshold,
  thresholdCurve,
} from "./ranking.ts";
export {
  type Fit,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanLoss,
  meanOf,
  meanSquaredError,
  type PrognosticOptions,
  perplexity,
  prognosticScore,
  r2,
  rootMeanSquaredError,
} from "./regression.ts";
export { connectedRegions, type Regions, randError } from "./segmentation.ts";
export {
  type BleuCounts,
  bleu,
  type ChrFCounts,
  type ChrFOptions,
  characterErrorRate,
  chrF,
  rouge,
  rougeL,
  wordErrorRate,
} from "./text.ts";
