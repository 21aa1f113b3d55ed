/** Metrics: commutative monoids over batches that also say whether higher or lower is better. */

export { accuracy, binaryAccuracy, exactMatch, topKAccuracy } from "./classification.ts";
export { type Confusion, confusionMatrix, f1, precision, recall } from "./confusion.ts";
export type { ConfusionTable, Metric, Outcomes, Ratio, Summary } from "./metric.ts";
export { meanLoss, meanOf, rootMeanSquaredError } from "./regression.ts";
