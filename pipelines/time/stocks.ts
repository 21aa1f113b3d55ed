import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  cosineDecay,
  dense,
  type Expr,
  initializers,
  objective,
  pipeline,
  runMain,
  sequential,
  tanh,
  tensor,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import {
  add,
  concatenate,
  div,
  dot,
  index,
  log,
  mean,
  mul,
  sliceAxis,
  sort,
  sqrt,
  square,
  stack,
  sub,
} from "../../src/ir/index.ts";
import { pinball } from "../../src/nn/losses/index.ts";
import { meanOf } from "../../src/nn/metrics/index.ts";
import { type Answer, answersEvery, heldOutRows } from "../../src/train/index.ts";
import { lastValue, smoothedVolatility } from "../baselines/time/quantiles.ts";
import { stocksFolder, stockWalk } from "../data/time/stocks.ts";

/** The quantiles of tomorrow's return that are forecast, and those of the standard normal distribution. */
const quantiles = [0.05, 0.25, 0.5, 0.75, 0.95] as const;
const normal = [-1.6449, -0.6745, 0, 0.6745, 1.6449];

/** The days that are looked back on, and the years that are tested: the model of each knows only the years before it. */
const length = 64;
const years = [2010, 2011, 2012, 2013, 2014, 2015, 2016, 2017, 2018, 2019, 2020] as const;

/** The share that yesterday's variance keeps, as in RiskMetrics (1996), and the weights that follow for past days. */
const kept = 0.94;
const raw = Array.from({ length: length - 1 }, (_, i) => kept ** (length - 2 - i));
const weights = tensor(raw.map((w) => w / raw.reduce((a, b) => a + b, 0)));

/** The last `n` of days. */
const last = (days: Expr, n: number): Expr =>
  sliceAxis(days, 0, (days.shape[0] ?? n) - n, days.shape[0] ?? n);

/** The returns of days in percent, and their volatility: the root of an exponentially weighted mean of their squares. */
const returnsOf = (days: Expr) => {
  const close = log(index(days, 2, 1));
  const returns = mul(sub(sliceAxis(close, 0, 1, length), sliceAxis(close, 0, 0, length - 1)), 100);
  return { returns, volatility: sqrt(add(dot(square(returns), weights, [[0], [0]]), 1e-6)) };
};

/**
 * What may tell more than the volatility does: the last returns, and how variable recent days were beside it, by their
 * returns and by their ranges.
 *
 * **Source** of the variance that a day's highest and lowest price tell: Parkinson (1980).
 */
const featuresOf = (days: Expr): Expr => {
  const { returns, volatility } = returnsOf(days);
  const range = mul(
    log(div(index(days, 0, 1), index(days, 1, 1))),
    100 / Math.sqrt(4 * Math.log(2)),
  );
  const beside = (values: Expr, n: number) =>
    log(add(div(sqrt(mean(square(last(values, n)))), volatility), 0.05));
  return concatenate([
    div(last(returns, 5), volatility),
    stack([
      ...[1, 5, 22].map((n) => beside(range, n)),
      ...[5, 22, 63].map((n) => beside(returns, n)),
      log(volatility),
    ]),
  ]);
};

/** Corrects the quantiles of a normal distribution. It begins without a correction. */
const network = sequential(
  dense(12, 16),
  tanh,
  dense(16, quantiles.length, {
    weightInit: initializers.normal(0.01),
    biasInit: initializers.zeros,
  }),
);

/** The quantiles that a network forecasts, in order. */
const forecast = (correct: (x: Expr<readonly [12]>) => Expr, days: Expr): Expr =>
  sort(
    mul(
      add(correct(featuresOf(days) as Expr<readonly [12]>), tensor(normal)),
      returnsOf(days).volatility,
    ),
  );

/** The mean pinball loss of quantiles, and of the median alone. */
const lossOf = (output: Expr, next: Expr) => {
  const each = quantiles.map((q, i) => pinball(index(output, i), next, q));
  return { loss: mean(stack(each)), median: each[2] as Expr };
};

/** The middle and the edges of a forecast, in words. */
const chances = (answer: Answer): string => {
  const [low, , middle, , high] = "value" in answer ? [answer.value].flat(2).map(Number) : [];
  return `from ${low?.toFixed(2)} to ${high?.toFixed(2)} % in nine of ten, ${middle?.toFixed(2)} % in the middle`;
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
      models: Object.fromEntries(years.map((year) => [`before ${year}`, network])),
      loss: (models, { days, next, counts }) => {
        const each = years.map((year) => forecast(models[`before ${year}`] as never, days));
        const judged = each.map((output) => lossOf(output, next));
        const counted = (of: readonly Expr[]) => dot(stack(of), counts, [[0], [0]]);
        const output = counted(each);
        return {
          loss: counted(judged.map(({ loss }) => loss)) as Expr<readonly []>,
          output,
          target: next,
          values: { median: counted(judged.map(({ median }) => median)) },
        };
      },
      predict: (models, { days }) => forecast(models["before 2020"] as never, days),
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
      { every: 5, say: chances },
    ),
  ),
);

if (import.meta.main) runMain(stocks);
