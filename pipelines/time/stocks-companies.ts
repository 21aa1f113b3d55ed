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
import { div, log, stack } from "../../src/ir/index.ts";
import { meanOf } from "../../src/nn/metrics/index.ts";
import { answersEvery, heldOutRows } from "../../src/train/index.ts";
import { lastValue, smoothedVolatility } from "../baselines/time/quantiles.ts";
import { companiesFolder, companyWalk } from "../data/time/companies.ts";
import { beside, chances, last, normal, quantiles, returnsOf, walking } from "./walk/walk.ts";

/** The months that are looked back on, and the years that are tested. */
const length = 25;
const years = Array.from({ length: 13 }, (_, i) => 2010 + i);

/**
 * The last returns, and how variable recent months were beside the volatility, of which a month keeps 0.97, as in RiskMetrics
 * (1996) for months.
 */
const known = (months: Expr) => {
  const { returns, volatility } = returnsOf(months, 0.97);
  const variable = [1, 3, 6, 12].map((n) => beside(returns, n, volatility));
  return {
    features: [div(last(returns, 3), volatility), stack([...variable, log(volatility)])],
    volatility,
  };
};

const [batchSize, epochs, stepsPerEpoch] = [64, 20, 36] as const;

/**
 * Forecasts the distribution of a company's return in the next month by five quantiles, from its last 25 monthly prices. One
 * network for all companies walks forward: the model of each year has learned from the years before it, of every company.
 *
 * **Units** the loss, `median` and the answers are in percent.
 *
 * **Source** as of `stocks`: Koenker and Bassett, "Regression quantiles" (1978); Taylor (2000).
 */
export const stocksCompanies = pipe(
  pipeline(
    "stocks-companies",
    companyWalk({ length, years }),
    objective({
      ...walking(years, 8, known),
      optimizer: adam({ learningRate: cosineDecay(2e-3, epochs * stepsPerEpoch) }),
      metrics: [meanOf("median")],
    }),
    {
      description: "quantiles of a company's return in the next month, walking forward",
      available: companiesFolder,
      units: { loss: "% of a month", median: "% of a month" },
      card: {
        field: "time",
        data: "Debian's `python-matplotlib-data`, `Stocks.csv` (Yahoo Finance; no license is stated)",
        heldOut: "pinball loss 1.874, 1.872, 1.872 (three seeds)",
        baseline:
          "baseline wins: exponentially weighted volatility with past quantiles 1.868, with normal ones 1.895; last value 3.006",
        published: "none is known",
        time: "7 s of one core",
        memory: "0.5 GiB",
      },
      batchSize,
      epochs,
      seed: 42,
    },
  ),
  withBaseline(lastValue(quantiles)),
  withBaseline(smoothedVolatility(quantiles, normal, 0.97)),
  withBaseline(smoothedVolatility(quantiles, undefined, 0.97)),
  withCallback(
    answersEvery(
      heldOutRows(5, ({ next }, i) => `month ${i}, ${next?.item().toFixed(2)} %`),
      { every: 5, say: chances },
    ),
  ),
);

if (import.meta.main) runMain(stocksCompanies);
