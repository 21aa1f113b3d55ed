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
  supervised,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { answersEvery, heldOutRows } from "../../src/train/index.ts";
import { features, seattleWeather, weatherFolder } from "../data/time/weather.ts";

/** The number of days that a forecast uses. */
const days = 7;

const source = seattleWeather({ days, until: "2015-01-01" });

const task = {
  input: "days",
  target: "change",
  loss: meanSquaredError,
  optimizer: adam({ learningRate: 3e-3 }),
  metrics: [rootMeanSquaredError],
} as const;

const settings = { available: weatherFolder, batchSize: 32, seed: 42 } as const;

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
const linear = pipeline(
  "linear regression",
  source,
  supervised({ ...task, model: sequential(flatten, dense(days * features, 1)) }),
  { ...settings, epochs: 40 },
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
  pipeline(
    "weather-lstm",
    source,
    supervised({ ...task, model: sequential(lstm(features, 8, { output: "last" }), dense(8, 1)) }),
    {
      ...settings,
      description: "tomorrow's maximum temperature in Seattle, by an LSTM on seven days",
      units: { loss: "°C²", rmse: "°C" },
      card: {
        field: "time",
        data: "`vega-datasets` (the table: U.S. government work)",
        heldOut: "RMSE 2.65, 2.65, 2.62 °C (three seeds)",
        baseline: "linear regression 2.69 °C, persistence 2.91 °C",
        published: "none is known",
        time: "3 s of one core",
        memory: "0.3 GiB",
      },
      epochs: 20,
    },
  ),
  withBaseline(persistence),
  withBaseline(asBaseline(linear)),
  withCallback(
    answersEvery(
      heldOutRows(6, ({ change }, i) => `day ${i + 1} of 2015, ${change?.item().toFixed(1)} °C`),
      {
        say: (answer) =>
          "value" in answer ? `${Number(answer.value).toFixed(1)} °C forecast` : "",
      },
    ),
  ),
);

if (import.meta.main) runMain(weatherLstm);
