import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  cosineDecay,
  dense,
  dropout,
  flatten,
  lstm,
  meanSquaredError,
  pipeline,
  relu,
  rootMeanSquaredError,
  runMain,
  sequential,
  supervised,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { mul } from "../../src/ir/index.ts";
import { conv1d, lambda, reshape } from "../../src/nn/index.ts";
import { prognosticScore } from "../../src/nn/metrics/index.ts";
import { answersEvery, type Card, heldOutRows } from "../../src/train/index.ts";
import { linearRegression } from "../baselines/time/leastSquares.ts";
import { longest, sensors, turbofanFiles, turbofanLives } from "../data/time/turbofan.ts";

/**
 * The number of cycles that a prediction looks back on, of which the youngest engine of the test has 31, and from one
 * window for training to the next: neighbors are nearly the same.
 */
const [length, step] = [30, 3] as const;

/** The number of sensors. */
const width = sensors.length;

/** The metrics of lives that were predicted in plain numbers: those of the pipelines. */
const scores = (predicted: readonly number[], actual: readonly number[]) => {
  const off = predicted.map((left, i) => left - (actual[i] ?? Number.NaN));
  const sum = (of: (d: number) => number): number => off.reduce((all, d) => all + of(d), 0);
  return {
    rmse: Math.sqrt(sum((d) => d * d) / off.length),
    score: sum((d) => Math.expm1(d < 0 ? -d / 13 : d / 10)),
  };
};

const regressed = { input: "cycles", target: "left", scores } as const;

/** The models: each reads the cycles of a window, and ends in the share of 125 cycles that is left. */
const models = {
  /** Zheng et al. (2017), with one layer instead of two, and one dense layer. */
  lstm: sequential(lstm(width, 32, { output: "last" }), dropout(0.2), dense(32, 1)),
  /** Li, Ding and Sun (2018), with two convolutions instead of five, over all sensors at once. */
  cnn: sequential(
    conv1d(width, 32, 10),
    relu,
    conv1d(32, 32, 10),
    relu,
    flatten,
    dropout(0.5),
    dense(32 * (length - 18), 64),
    relu,
    dense(64, 1),
  ),
} as const;

const [batchSize, stepsPerEpoch] = [64, 93] as const;

const wearing = (
  name: string,
  by: keyof typeof models,
  [epochs, rate]: readonly [number, number],
  description: string,
  results: Pick<Card, "heldOut"> & Partial<Card>,
) =>
  pipe(
    pipeline(
      name,
      turbofanLives(length, step),
      supervised({
        input: "cycles",
        target: "left",
        model: sequential(
          models[by],
          reshape([]),
          lambda("in cycles", (share) => mul(share, longest)),
        ),
        loss: meanSquaredError,
        optimizer: adam({ learningRate: cosineDecay(rate, epochs * stepsPerEpoch) }),
        metrics: [rootMeanSquaredError, prognosticScore()],
      }),
      {
        description,
        data: turbofanFiles,
        units: { rmse: "flights" },
        card: {
          field: "time",
          data: "`npx fluxion data turbofan`: C-MAPSS FD001 (US government work)",
          baseline: "linear regression: RMSE 16.44, score 440",
          time: "6 s of one core",
          memory: "0.5 GiB",
          ...results,
        },
        batchSize,
        epochs,
        seed: 42,
      },
    ),
    withBaseline(
      linearRegression("linear regression on the last cycle", { ...regressed, last: width }),
    ),
    withBaseline(linearRegression("linear regression on all 30 cycles", regressed)),
    withCallback(
      answersEvery(
        heldOutRows(6, ({ left }, i) => `engine ${i + 1}, ${left?.item()} flights left`),
      ),
    ),
  );

/**
 * Says how many flights a jet engine will still make, from 14 sensors in the last 30, by an LSTM.
 *
 * It learns from a hundred engines that ran to failure, and is tested on a hundred others at some cycle of their lives.
 * **Units** `rmse` is in flights; `score` is the sum of penalties of the PHM challenge of 2008, where too late is worse than
 * too early.
 *
 * **Source** Zheng, Ristovski, Farahat and Gupta, "Long short-term memory network for remaining useful life estimation"
 * (2017); lives are cut at 125 as in Heimes, "Recurrent neural networks for remaining useful life estimation" (2008).
 */
export const turbofan = wearing(
  "turbofan",
  "lstm",
  [10, 3e-3],
  "flights left of a jet engine, by an LSTM",
  {
    heldOut: "RMSE 14.57, 14.25, 14.08, score 570, 364, 350 (three seeds)",
    baseline:
      "linear regression: RMSE 16.44, score 440: baseline wins in the score with one of three seeds",
    published: "RMSE 16.14, score 338 (Zheng et al., 2017), RMSE 14.93 (arXiv:2604.27234)",
  },
);

/**
 * The same by convolutions along the flights.
 *
 * **Source** Li, Ding and Sun, "Remaining useful life estimation in prognostics using deep convolution neural networks"
 * (2018).
 */
export const turbofanCnn = wearing(
  "turbofan-cnn",
  "cnn",
  [10, 1e-3],
  "flights left of a jet engine, by convolutions",
  {
    heldOut: "RMSE 14.78, 14.65, 14.37, score 363, 350, 335 (three seeds)",
    published:
      "RMSE 12.61, score 273.7 (Li et al., 2018), 18.45, 1299 (Babu et al., 2016), RMSE 16.97 (arXiv:2604.27234)",
  },
);

if (import.meta.main) runMain(turbofan);
