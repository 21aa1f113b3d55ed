import { InvalidArgument } from "../../errors.ts";
import { greatestOf } from "../../tensor/extremes.ts";
import { showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { FromSound } from "../raw/raw.ts";
import { type GriffinLimOptions, griffinLim } from "./griffinLim.ts";
import { inverseMel } from "./inverseMel.ts";
import type { Sound } from "./wav.ts";

/** The most numbers of a spectrogram, and of the filters of mels: a model of a stranger may ask for long windows, and many. */
const mostNumbers = 2 ** 22;

/** The seconds in which a sound begins, and in which it ends: a sound that is cut off sounds with a click. */
const fade = 0.005;

/** The share of a sample that is heard, `from` samples from the nearer end of `length`: half a wave, from 0 to 1. */
const shareHeard = (from: number, length: number, sampleRate: number): number => {
  // A sound so short that it would be all fade keeps its middle half, and one of up to three samples all.
  const samples = Math.min(Math.round(fade * sampleRate), Math.floor(length / 4));
  return from < samples ? 0.5 - 0.5 * Math.cos((Math.PI * from) / samples) : 1;
};

/**
 * Makes sound of a column that says how loud it is by mels over time: what `fromSound` does, backwards. Silence at the end is
 * left out, and the loudest sample is 1 or -1. It fades in and out within 5 ms, each over at most a quarter of its samples, so
 * that a sound of fewer than four does not fade.
 *
 * **Math** energies `10^((column - max column) range / 10)`, 0 where the column is not above 0; then {@link inverseMel} and
 * {@link griffinLim}.
 * **Shapes** `[frames, mels] → [1, (steps - 1) hop]`, of as many steps as are not silent; of silence one sample.
 * **Fails with** `InvalidArgument`, thrown, where the column has another number of mels, is not finite, or needs a spectrogram of
 * more than 2²² numbers.
 *
 * @example
 * ```ts
 * import { tensor } from "fluxion";
 * import { fromSound, toSound } from "fluxion/data";
 * const from = fromSound({ sampleRate: 8000, frames: 4, window: 8, hop: 2, mels: 2 });
 * toSound(from, tensor([[1, 0], [1, 0.5], [0.2, 1], [0, 0]])).samples.shape // => [1, 4]
 * ```
 */
export const toSound = (
  from: FromSound,
  column: Tensor,
  options: Omit<GriffinLimOptions, "hop"> = {},
): Sound => {
  const { sampleRate, mels, range, hop, window, low, high } = from;
  const x = Tensor.read(column);
  const refuse = (expected: string, actual: string) =>
    new InvalidArgument({ op: "toSound", argument: "column", expected, actual });
  if (column.shape.length !== 2 || column.shape[1] !== mels)
    throw refuse(`[frames, ${mels}]`, showShape(column.shape));
  if (!x.every(Number.isFinite)) throw refuse("finite numbers", "NaN or ∞ among them");
  const loud = x.findLastIndex((value) => value > 0);
  const steps = Math.ceil((loud + 1) / mels);
  if (steps < 2) return { samples: Tensor.own([1, 1], "f32", new Float32Array(1)), sampleRate };
  const needed = (window / 2 + 1) * Math.max(steps, mels);
  if (needed > mostNumbers)
    throw refuse(`a spectrogram of at most ${mostNumbers} numbers`, `one of ${needed}`);
  const most = greatestOf(x as Float32Array);
  const energies = new Float32Array(mels * steps);
  for (let t = 0; t < steps; t++)
    for (let m = 0; m < mels; m++) {
      const value = x[t * mels + m] as number;
      energies[m * steps + t] = value > 0 ? 10 ** (((value - most) * range) / 10) : 0;
    }
  const magnitudes = inverseMel(Tensor.own([1, mels, steps], "f32", energies), {
    ...{ sampleRate, window, mels, low, high },
  });
  const made = Tensor.read(griffinLim(magnitudes, { ...options, hop }));
  const { length } = made;
  const faded = Float32Array.from(
    made,
    (value, i) => value * shareHeard(Math.min(i, length - 1 - i), length, sampleRate),
  );
  const peak = faded.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
  const samples = faded.map((value) => (peak > 0 ? value / peak : 0));
  return { samples: Tensor.own([1, samples.length], "f32", samples), sampleRate };
};
