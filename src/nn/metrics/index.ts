/** Metrics: commutative monoids that summarize a batch and say which way is better. */

export { type Confusion, confusionMatrix, f1, precision, recall } from "./confusion.ts";
export type { ConfusionTable, Metric, Outcomes, Summary } from "./metric.ts";
export {
  accuracy,
  binaryAccuracy,
  exactMatch,
  meanLoss,
  type Ratio,
  rootMeanSquaredError,
  topKAccuracy,
} from "./scores.ts";
