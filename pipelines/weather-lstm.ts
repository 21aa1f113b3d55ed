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
  withSeed,
} from "../src/index.ts";
import { features, seattleWeather, weatherFolder } from "./data/weather.ts";

/** The number of days that a forecast uses. */
const days = 7;

const task = {
  data: seattleWeather({ days, until: "2015-01-01" }),
  available: weatherFolder,
  input: "days",
  target: "change",
  loss: meanSquaredError,
} as const;

/** A baseline that forecasts no change from today. */
const persistence: Baseline = {
  name: "persistence: tomorrow is as today",
  evaluate: ({ train, test = train }) => {
    const changes = [...test.column("change").toTypedArray()];
    const squared = changes.reduce((sum, change) => sum + change ** 2, 0) / changes.length;
    return { loss: squared, rmse: Math.sqrt(squared) };
  },
};

/** A baseline: linear regression on the same numbers. */
const linear = pipe(
  pipeline("linear regression", {
    ...task,
    model: sequential(flatten, dense(days * features, 1)),
    optimizer: adam({ learningRate: 3e-3 }),
  }),
  withMetrics(rootMeanSquaredError),
  withBatchSize(32),
  withEpochs(40),
  withSeed(42),
);

/**
 * Forecasts tomorrow's maximum temperature in Seattle from the last seven days by an LSTM. It trains on three
 * years and tests on the fourth.
 *
 * It predicts the change from today, so that an untrained forecast is persistence. **Units** `rmse` is in °C.
 *
 * **Source** the network: Hochreiter and Schmidhuber, "Long short-term memory" (1997).
 */
export const weatherLstm = pipe(
  pipeline("weather-lstm", {
    ...task,
    description: "tomorrow's maximum temperature in Seattle, by an LSTM on seven days",
    model: sequential(lstm(features, 8, { output: "last" }), dense(8, 1)),
    optimizer: adam({ learningRate: 3e-3 }),
  }),
  withMetrics(rootMeanSquaredError),
  withBaseline(persistence),
  withBaseline(asBaseline(linear)),
  withBatchSize(32),
  withEpochs(20),
  withSeed(42),
);

if (import.meta.main) runMain(weatherLstm);
