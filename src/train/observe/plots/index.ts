/** Plots: pure functions from data to specifications, and what draws them. */

export { type Compared, comparedPlot, comparedPlots } from "./compared.ts";
export {
  type Curve,
  type Curves,
  curvesOf,
  curvesPlot,
  learningRatesPlot,
  lossPlot,
} from "./curves.ts";
export { type Mistake, type Mistakes, mistakesPlot } from "./mistakes.ts";
export { type Regions, regionsPlot } from "./regions.ts";
export { type RenderOptions, renderSvg, savePlot } from "./render.ts";
export { isPicture, type PictureSample, pictureOf, samplesPlot } from "./samples.ts";
export {
  histogramPlots,
  type Plots,
  plotsOf,
  type SavePlots,
  savePlots,
  writePlots,
} from "./savePlots.ts";
export type { Json, PlotSpec } from "./spec.ts";
export {
  confusionPlot,
  histogramPlot,
  learningRateRangePlot,
  precisionRecallPlot,
  type Rankings,
  rocPlot,
} from "./tables.ts";
export { type CurveText, curveText, sparkline } from "./terminal.ts";
export { type Point, thinned } from "./thinning.ts";
