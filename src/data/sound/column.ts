import * as E from "fp-ts/lib/Either.js";
import { InvalidArgument } from "../../errors.ts";
import { greatestOf } from "../../tensor/extremes.ts";
import { showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { FromSound } from "../raw/raw.ts";
import { melSpectrogram } from "./mel.ts";
import { resample } from "./resample.ts";
import type { Sound } from "./wav.ts";

/** The mean of all channels, up to 1 or down to -1, so that no energy is beyond f32. */
const mixed = (samples: Tensor): Tensor<readonly [number, number]> => {
  const [channels = 0, length = 0] = samples.shape;
  const x = Tensor.read(samples);
  const mean = new Float64Array(length);
  for (let i = 0; i < x.length; i++)
    mean[i % length] = (mean[i % length] as number) + (x[i] as number) / channels;
  const peak = mean.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const data = Float32Array.from(mean, (value) => (peak > 0 ? value / peak : 0));
  return Tensor.own([1, length], "f32", data);
};

/**
 * Sound as a column.
 *
 * **Fails with** `InvalidArgument` where it is empty, too long, of another rate or not finite.
 */
export const sounded = (
  op: string,
  from: FromSound,
  { samples, sampleRate }: Sound,
): E.Either<InvalidArgument, Tensor> => {
  const refuse = (argument: string, expected: string, actual: string) =>
    E.left(new InvalidArgument({ op, argument, expected, actual }));
  const [, length = 0] = samples.shape;
  if (samples.shape.length !== 2 || samples.size === 0)
    return refuse("the sound", "[channels, samples], one or more", showShape(samples.shape));
  if (!Tensor.read(samples).every(Number.isFinite))
    return refuse("the sound", "finite samples", "NaN or ∞ among them");
  const { frames, mels, hop, range } = from;
  if (sampleRate !== from.sampleRate && !from.resampled)
    return refuse(
      "the sample rate",
      `${from.sampleRate}, or sound converted to it by resample`,
      String(sampleRate),
    );
  const most = frames * hop;
  const seconds = (count: number, rate: number) => `${Number((count / rate).toPrecision(4))} s`;
  if (Math.ceil((length * from.sampleRate) / sampleRate) >= most)
    return refuse(
      "the sound",
      `less than ${seconds(most, from.sampleRate)}: cut it into parts`,
      seconds(length, sampleRate),
    );
  try {
    const own = resample(mixed(samples), sampleRate, from.sampleRate);
    const energies = melSpectrogram(own, from);
    const [, , steps] = energies.shape;
    const x = Tensor.read(energies);
    const loudest = greatestOf(x as Float32Array); // energies are f32
    const out = new Float32Array(frames * mels);
    if (loudest > 0)
      for (let t = 0; t < steps; t++)
        for (let m = 0; m < mels; m++) {
          const share = (x[m * steps + t] as number) / loudest;
          out[t * mels + m] = Math.max(0, 1 + (10 * Math.log10(share)) / range);
        }
    return E.right(Tensor.own([frames, mels], "f32", out));
  } catch (error) {
    // Rates without a common divisor need a filter that is too large.
    if (error instanceof InvalidArgument) return E.left(error);
    throw error;
  }
};
