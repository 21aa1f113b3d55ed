import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  cosineDecay,
  type Expr,
  objective,
  pipeline,
  runMain,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { div, index, log, mul, stack } from "../../src/ir/index.ts";
import { meanOf } from "../../src/nn/metrics/index.ts";
import { answersEvery, heldOutRows } from "../../src/train/index.ts";
import { lastValue, smoothedVolatility } from "../baselines/time/quantiles.ts";
import { stocksFolder, stockWalk } from "../data/time/stocks.ts";
import { beside, chances, last, normal, quantiles, returnsOf, walking } from "./walk/walk.ts";

/** The days that are looked back on, and the years that are tested: the model of each knows only the years before it. */
const length = 64;
const years = [2010, 2011, 2012, 2013, 2014, 2015, 2016, 2017, 2018, 2019, 2020] as const;

/**
 * What may tell more than the volatility does: the last returns, and how variable recent days were beside it, by their
 * returns and by their ranges. Yesterday's variance keeps 0.94 of itself, as in RiskMetrics (1996).
 *
 * **Source** of the variance that a day's highest and lowest price tell: Parkinson (1980).
 */
const known = (days: Expr) => {
  const { returns, volatility } = returnsOf(days, 0.94);
  const range = mul(
    log(div(index(days, 0, 1), index(days, 1, 1))),
    100 / Math.sqrt(4 * Math.log(2)),
  );
  const variable = stack([
    ...[1, 5, 22].map((n) => beside(range, n, volatility)),
    ...[5, 22, 63].map((n) => beside(returns, n, volatility)),
    log(volatility),
  ]);
  return { features: [div(last(returns, 5), volatility), variable], volatility };
};

const [batchSize, epochs, stepsPerEpoch] = [64, 20, 78] as const;

/**
 * Forecasts the distribution of tomorrow's return of the S&P 500 by five quantiles, from the prices of the last 64 days. It
 * walks forward: the model of each year has learned from the years before it.
 *
 * **Units** the loss, `median` and the answers are in percent.
 *
 * **Source** Koenker and Bassett, "Regression quantiles" (1978); Taylor, "A quantile regression neural network approach to
 * estimating the conditional density of multiperiod returns" (2000).
 */
export const stocks = pipe(
  pipeline(
    "stocks",
    stockWalk({ length, years }),
    objective({
      ...walking(years, 12, known),
      optimizer: adam({ learningRate: cosineDecay(2e-3, epochs * stepsPerEpoch) }),
      metrics: [meanOf("median")],
    }),
    {
      description: "quantiles of tomorrow's return of the S&P 500, walking forward",
      available: stocksFolder,
      units: { loss: "% of a day", median: "% of a day" },
      card: {
        field: "time",
        data: "`vega-datasets`, `sp500-2000.csv` (Yahoo Finance; no license is stated)",
        heldOut: "pinball loss 0.2203 to 0.2205 (three seeds)",
        baseline:
          "exponentially weighted volatility 0.2251, last value 0.3442; the median alone is no better than theirs",
        published: "none is known",
        time: "5 s of one core",
        memory: "0.5 GiB",
      },
      batchSize,
      epochs,
      seed: 42,
    },
  ),
  withBaseline(lastValue(quantiles)),
  withBaseline(smoothedVolatility(quantiles, normal)),
  withBaseline(smoothedVolatility(quantiles)),
  withCallback(
    answersEvery(
      heldOutRows(5, ({ next }, i) => `day ${i}, ${next?.item().toFixed(2)} %`),
      { say: chances },
    ),
  ),
);

if (import.meta.main) runMain(stocks);
