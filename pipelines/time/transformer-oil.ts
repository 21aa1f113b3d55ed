import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  cosineDecay,
  dense,
  dropout,
  type Expr,
  flatten,
  initializers,
  lambda,
  lstm,
  meanSquaredError,
  objective,
  pipeline,
  relu,
  residual,
  runMain,
  sequential,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import {
  add,
  concatenate,
  div,
  expandDims,
  mean,
  mul,
  sliceAxis,
  sqrt,
  squeeze,
  sub,
  transpose,
  variance,
} from "../../src/ir/index.ts";
import { avgPool } from "../../src/nn/functional/index.ts";
import {
  conv1d,
  positionEmbedding,
  repeat,
  reshape,
  timeDistributed,
  transformerEncoderBlock,
} from "../../src/nn/index.ts";
import { meanAbsoluteError, meanSquaredError as mse } from "../../src/nn/metrics/index.ts";
import { answersEvery, type Card, heldOutRows, sparkline } from "../../src/train/index.ts";
import { earlier } from "../baselines/time/earlier.ts";
import {
  transformerOilFiles,
  transformerOilStretches,
  variables,
} from "../data/time/transformerOil.ts";

/** The hours that a forecast looks back on and ahead, and those of a day. */
const [past, future, day] = [336, 96, 24] as const;
const days = past / day;

/** A causal convolution: an hour sees itself and two before it, `dilation` hours apart. */
const causal = (channels: number, dilation: number) =>
  residual(
    sequential(
      conv1d(channels, channels, 3, { dilation, padding: [[2 * dilation, 0]] }),
      relu,
      dropout(0.1),
    ),
  );

/** The models: from the past of one variable to its future. All variables share the weights. */
const models = {
  /** Zeng et al. (2023), arXiv:2205.13504: a linear map of the trend and of the rest. */
  dlinear: sequential(
    lambda("trend and rest", (x: Expr<readonly [typeof past]>) => {
      const trend = squeeze(
        avgPool(expandDims(x, 1), day + 1, { stride: 1, padding: "same", countPadding: false }),
        [1],
      );
      return concatenate([trend, sub(x, trend)]) as Expr<readonly [number]>;
    }),
    dense(2 * past, future, { weightInit: initializers.constant(1 / past) }),
  ),
  /** Nie et al. (2023), arXiv:2211.14730: a Transformer whose tokens are patches of time, here days. */
  patches: sequential(
    reshape([days, day]),
    timeDistributed(dense(day, 32)),
    positionEmbedding(days, 32),
    repeat(2, transformerEncoderBlock(32, { heads: 4, hidden: 64, dropout: 0.2 })),
    flatten,
    dropout(0.2),
    dense(days * 32, future),
  ),
  /** An LSTM that reads a day at a time. */
  lstm: sequential(
    reshape([days, day]),
    lstm(day, 48, { output: "last" }),
    dropout(0.2),
    dense(48, future),
  ),
  /** Bai, Kolter and Koltun (2018), arXiv:1803.01271: causal convolutions, each of which looks back twice as far. */
  tcn: sequential(
    reshape([past, 1]),
    conv1d(1, 8, 1),
    ...[1, 2, 4, 8, 16, 32, 64].map((dilation) => causal(8, dilation)),
    lambda(
      "the last day",
      (x: Expr) => sliceAxis(x, 0, past - day, past) as Expr<readonly [24, 8]>,
    ),
    flatten,
    dense(day * 8, future),
  ),
} as const;

/**
 * The hours ahead: the model sees each variable in deviations from the mean of its past, and answers in them.
 *
 * **Source** Kim et al., "Reversible instance normalization for accurate time-series forecasting against distribution shift"
 * (2022).
 */
const forecast = (model: (x: Expr) => Expr, hours: Expr): Expr => {
  const [centre, spread] = [mean(hours, 0), sqrt(add(variance(hours, 0), 1e-5))];
  return add(mul(model(div(sub(hours, centre), spread)), spread), centre);
};

const turned = lambda("turned", (x: Expr) => transpose(x));

/** The temperature of the oil in some hours as a small curve: the last variable. */
const curve = (hours: readonly number[]): string =>
  `${sparkline(hours, future / 2)} ${hours.at(0)?.toFixed(0)} to ${hours.at(-1)?.toFixed(0)} °C`;

const oilOf = (hours: unknown): readonly number[] =>
  [hours].flat(2).filter((x, i): x is number => i % variables.length === variables.length - 1);

const [batchSize, rows] = [32, 4096] as const;

const forecasting = (
  name: string,
  by: keyof typeof models,
  epochs: number,
  results: Pick<Card, "heldOut"> & Partial<Card>,
) =>
  pipe(
    pipeline(
      name,
      transformerOilStretches({ past, future, rows }),
      objective({
        models: { model: sequential(turned, timeDistributed(models[by]), turned) },
        loss: ({ model }, { past, future, deviation }) => {
          const output = div(forecast(model, past), deviation);
          const target = div(future, deviation);
          return { loss: meanSquaredError(output, target), output, target };
        },
        predict: ({ model }, { past }) => forecast(model, past),
        optimizer: adam({ learningRate: cosineDecay(1e-3, (epochs * rows) / batchSize) }),
        metrics: [mse, meanAbsoluteError],
      }),
      {
        description: `loads and oil temperature of a transformer four days ahead, by ${by}`,
        data: transformerOilFiles,
        units: { loss: "squared standard deviations" },
        card: {
          field: "time",
          data: "`npx fluxion data transformer-oil`: ETTh1 (CC BY-ND 4.0)",
          baseline: "the day before 0.512, the last hour 1.294",
          ...results,
        },
        batchSize,
        epochs,
        seed: 42,
      },
    ),
    withBaseline(earlier("the last hour", () => past - 1)),
    withBaseline(earlier("the same hour of the last day", (hour) => past - day + (hour % day))),
    withCallback(
      answersEvery(
        heldOutRows(2, ({ future }) => `oil ${curve(oilOf(future?.toArray()))}\nforecast`),
        { say: (answer) => ("value" in answer ? curve(oilOf(answer.value)) : "") },
      ),
    ),
  );

/**
 * Forecasts the loads of an electricity transformer and the temperature of its oil for the next four days, from the last two
 * weeks, hour by hour: by a linear map of the trend and of the rest, which was the best of four models on the validation
 * part.
 *
 * It learns from a year, chooses by four months after it, and is tested on the four months after these. **Units** `mse` and
 * `mae` are in standard deviations of the training year.
 *
 * **Source** Zeng et al., "Are Transformers effective for time series forecasting?" (2023), arXiv:2205.13504: DLinear.
 */
export const transformerOil = forecasting("transformer-oil", "dlinear", 8, {
  heldOut: "MSE 0.372 (three seeds, within 0.0002)",
  time: "6 s of one core",
  memory: "0.7 GiB",
  published:
    "DLinear 0.375 (Zeng et al., table 2); on all of the test 0.384 (FITS, its repository)",
});

/** The same by a Transformer whose tokens are the days of one variable. */
export const transformerOilPatches = forecasting("transformer-oil-patches", "patches", 5, {
  heldOut: "MSE 0.378 (three seeds, within 0.0002)",
  time: "17 s of one core",
  memory: "0.9 GiB",
  published: "PatchTST 0.375; on all of the test 0.385 (FITS, its repository)",
});

/** The same by an LSTM that reads a day at a time. */
export const transformerOilLstm = forecasting("transformer-oil-lstm", "lstm", 8, {
  heldOut: "MSE 0.380, 0.381, 0.382 (three seeds)",
  published: "none of an LSTM is known; Informer 0.865, DLinear 0.375 (Zeng et al., table 2)",
  time: "12 s of one core",
  memory: "0.8 GiB",
});

/** The same by causal convolutions. */
export const transformerOilTcn = forecasting("transformer-oil-tcn", "tcn", 4, {
  heldOut: "MSE 0.376, 0.381, 0.381 (three seeds)",
  published:
    "none of such convolutions is known; Informer 0.865, DLinear 0.375 (Zeng et al., table 2)",
  time: "25 s of one core",
  memory: "0.8 GiB",
});

if (import.meta.main) runMain(transformerOil);
