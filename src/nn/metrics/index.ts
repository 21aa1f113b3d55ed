/** Metrics: commutative monoids that summarize a batch and say which way is better. */

export { accuracy, binaryAccuracy, exactMatch, topKAccuracy } from "./classification.ts";
export { type Confusion, confusionMatrix, f1, precision, recall } from "./confusion.ts";
export type { ConfusionTable, Metric, Outcomes, Ratio, Summary } from "./metric.ts";
export { meanLoss, rootMeanSquaredError } from "./regression.ts";
