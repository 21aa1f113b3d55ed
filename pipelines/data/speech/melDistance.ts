import { struct } from "fp-ts/lib/Monoid.js";
import { MonoidSum } from "fp-ts/lib/number.js";
import type { FromSound } from "../../../src/data/index.ts";
import type { Tensor } from "../../../src/index.ts";
import { overOutputs, type PairMetric } from "../../../src/nn/metrics/index.ts";
import { type Steps, soundIn, warped } from "./timeWarping.ts";

/** The number of coefficients of a cepstrum. The one before them, which is how loud a step is, is left out. */
const order = 13;

/**
 * Mel cepstra of how loud sound is by mels, from 0 to 1 for `range` decibels, scaled so that their distance is in decibels: the
 * root of the mean squared difference of two smooth spectra.
 */
export const cepstraOf = ({ steps, width, numbers }: Steps, range: number): Steps => {
  const wave = Float64Array.from(
    { length: order * width },
    (_, i) =>
      ((range * Math.SQRT2) / width) *
      Math.cos((Math.PI * (1 + Math.floor(i / width)) * ((i % width) + 0.5)) / width),
  );
  const out = new Float64Array(steps * order);
  for (let t = 0; t < steps; t++)
    for (let n = 0; n < order; n++) {
      let sum = 0;
      for (let m = 0; m < width; m++)
        sum += (wave[n * width + m] as number) * (numbers[t * width + m] as number);
      out[t * order + n] = sum;
    }
  return { steps, width: order, numbers: out };
};

/**
 * How far what is said is from how it was said, in decibels: the mean distance of mel cepstra under dynamic time warping.
 *
 * **Source** Kubichek, "Mel-cepstral distance measure for objective speech quality assessment" (1993), of 13 coefficients of these
 * mels, and with time warping.
 */
export const melDistance = ({
  range,
}: FromSound): PairMetric<Steps, Steps, { readonly total: number; readonly count: number }> => ({
  name: "mcd",
  better: "lower",
  monoid: struct({ total: MonoidSum, count: MonoidSum }),
  of: (said, meant) => ({
    total: warped(cepstraOf(said, range), cepstraOf(meant, range)),
    count: 1,
  }),
  value: ({ total, count }) => total / count,
});

/** The sound in a column `[time, mels]`: all but the silence at its end. Of silence alone it is one step. */
export const stepsIn = (column: Tensor): Steps => {
  const [, width = 1] = column.shape;
  const sound = soundIn(column.toTypedArray(), width);
  return sound.steps > 0 ? sound : { ...sound, steps: 1 };
};

/** {@link melDistance} as a metric of a run. */
export const melDistances = (from: FromSound) =>
  overOutputs(melDistance(from), (said, meant) => [stepsIn(said), stepsIn(meant)]);
