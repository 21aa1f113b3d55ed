/** Plots: pure functions from data to specifications, and what draws them. */

export {
  type Curve,
  type Curves,
  curvesOf,
  curvesPlot,
  learningRatesPlot,
  lossPlot,
} from "./curves.ts";
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
