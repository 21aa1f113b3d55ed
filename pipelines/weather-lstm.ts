import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  asBaseline,
  type Baseline,
  dense,
  flatten,
  lstm,
  meanSquaredError,
  pipeline,
  rootMeanSquaredError,
  runMain,
  sequential,
  withBaseline,
  withBatchSize,
  withEpochs,
  withMetrics,
  withOptimizer,
  withSeed,
} from "../src/index.ts";
import { features, seattleWeather, weatherFolder } from "./data/weather.ts";

/** Days that a forecast is made from. */
const days = 7;

const task = {
  data: seattleWeather({ days, until: "2015-01-01" }),
  available: weatherFolder,
  input: "days",
  target: "change",
  loss: meanSquaredError,
} as const;

/** Tomorrow is as today: no change, on each of the days that the network forecasts. */
const persistence: Baseline = {
  name: "persistence: tomorrow is as today",
  evaluate: ({ train, test = train }) => {
    const changes = [...test.column("change").toTypedArray()];
    const squared = changes.reduce((sum, change) => sum + change ** 2, 0) / changes.length;
    return { loss: squared, rmse: Math.sqrt(squared) };
  },
};

/** The best that a weighted sum of the same numbers does. */
const linear = pipe(
  pipeline("linear regression", {
    ...task,
    model: sequential(flatten, dense(days * features, 1)),
  }),
  withOptimizer(adam, { learningRate: 3e-3 }),
  withMetrics(rootMeanSquaredError),
  withBatchSize(32),
  withEpochs(40),
  withSeed(42),
);

/**
 * Tomorrow's maximum temperature in Seattle from the last seven days, by a long short-term memory: three
 * years to learn from, and the whole of the fourth to be tested on. What is learned is the change from
 * today's, so that knowing nothing is the forecast of persistence. **Units** `rmse` is in °C.
 *
 * **Source** the network: Hochreiter and Schmidhuber, "Long short-term memory" (1997).
 */
export const weatherLstm = pipe(
  pipeline("weather-lstm", {
    ...task,
    description: "tomorrow's maximum temperature in Seattle, by an LSTM on seven days",
    model: sequential(lstm(features, 8, { output: "last" }), dense(8, 1)),
  }),
  withOptimizer(adam, { learningRate: 3e-3 }),
  withMetrics(rootMeanSquaredError),
  withBaseline(persistence),
  withBaseline(asBaseline(linear)),
  withBatchSize(32),
  withEpochs(20),
  withSeed(42),
);

if (import.meta.main) runMain(weatherLstm);
