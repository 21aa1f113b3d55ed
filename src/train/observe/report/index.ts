/** Reports of runs. */

export { figuresInCheckpoint, lastCheckpoint } from "./params.ts";
export { type Predictions, predictionsOf, type Said } from "./predictions.ts";
export { missingText, predictionPlots, type ReportParts, reportHtml } from "./report.ts";
