import { InvalidArgument } from "../../errors.ts";
import { key, uniform } from "../../tensor/key.ts";
import { showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { holding, integral, share, wholeTo } from "../../tensor/validate.ts";
import { fourierOf, hannOf } from "./fourier.ts";

/** The options of {@link griffinLim}. */
export interface GriffinLimOptions {
  /** The number of samples from one window to the next, at most a window. Defaults to a quarter of a window. */
  readonly hop?: number;
  /** The number of times that phases are taken from the sound that they made. Defaults to 32. */
  readonly iterations?: number;
  /** How far each step goes beyond its end, from 0 to less than 1: 0 is the algorithm of 1984. Defaults to 0.99. */
  readonly momentum?: number;
  /** What the phases are drawn from at first. Defaults to 0. */
  readonly seed?: number;
}

/** Complex numbers of every window, one window after another. */
interface Spectra {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** Fourier transforms of the windows of a sound, and the sound whose transforms are nearest to given ones. */
const transforms = (window: number, hop: number, frames: number) => {
  const [hann, fourier, bins] = [hannOf(window), fourierOf(window), window / 2 + 1];
  const [re, im] = [new Float64Array(window), new Float64Array(window)];
  const length = (frames - 1) * hop + window;
  const weight = new Float64Array(length);
  for (let t = 0; t < frames; t++)
    for (let i = 0; i < window; i++)
      weight[t * hop + i] = (weight[t * hop + i] as number) + (hann[i] as number) ** 2;
  return {
    size: bins * frames,
    /** The transforms of every window of `x`. */
    forward: (x: Float64Array, out: Spectra): void => {
      for (let t = 0; t < frames; t++) {
        for (let i = 0; i < window; i++) re[i] = (hann[i] as number) * (x[t * hop + i] as number);
        im.fill(0);
        fourier(re, im);
        out.re.set(re.subarray(0, bins), t * bins);
        out.im.set(im.subarray(0, bins), t * bins);
      }
    },
    /** The sound that has the least squared distance to spectra: windows are added, and divided by the sum of squares. */
    inverse: (of: Spectra): Float64Array => {
      const x = new Float64Array(length);
      for (let t = 0; t < frames; t++) {
        for (let k = 0; k < bins; k++) {
          const [a, b] = [of.re[t * bins + k] as number, of.im[t * bins + k] as number];
          re[k] = a;
          im[k] = b;
          if (k > 0 && k < bins - 1) [re[window - k], im[window - k]] = [a, -b];
        }
        im[0] = 0;
        im[bins - 1] = 0;
        fourier(im, re);
        for (let i = 0; i < window; i++)
          x[t * hop + i] =
            (x[t * hop + i] as number) + ((hann[i] as number) * (re[i] as number)) / window;
      }
      for (let i = 0; i < length; i++) {
        const w = weight[i] as number;
        x[i] = w > 1e-12 ? (x[i] as number) / w : 0;
      }
      return x;
    },
  };
};

/**
 * Makes sound whose spectrogram has given magnitudes: phases are drawn at random, and then taken again and again from the
 * sound that is nearest to magnitudes and phases.
 *
 * **Math** `x ← argmin ‖STFT(x) - s · c / |c|‖²`, `c ← STFT(x) + m (STFT(x) - STFT(x) before)`; windows are Hann's. With
 * `momentum: 0` the distance `‖|STFT(x)| - s‖` never grows.
 * **Shapes** `[channels, window / 2 + 1, frames] → [channels, (frames - 1) hop]`: the middle of the first window is the first
 * sample, as in `melSpectrogram`.
 * **Fails with** `InvalidArgument`, thrown, where an option is out of range, or the magnitudes are not those of a window of a
 * power of 2, negative or not finite.
 * **Source** Griffin and Lim, "Signal estimation from modified short-time Fourier transform" (1984); the momentum: Perraudin,
 * Balazs and Søndergaard, "A fast Griffin-Lim algorithm" (2013).
 *
 * @example
 * ```ts
 * import { tensor } from "fluxion";
 * import { griffinLim } from "fluxion/data";
 * griffinLim(tensor([[[0, 0, 0], [1, 1, 1], [0, 0, 0]]]), { hop: 1 }).shape // => [1, 2]
 * ```
 */
export const griffinLim = (
  magnitudes: Tensor<readonly [number, number, number]>,
  options: GriffinLimOptions = {},
): Tensor<readonly [number, number]> => {
  const op = "griffinLim";
  const [channels, bins, frames] = magnitudes.shape;
  const window = 2 * (bins - 1);
  if (!(Number.isInteger(Math.log2(window)) && window >= 2 && window <= 65536 && frames >= 1))
    throw new InvalidArgument({
      ...{ op, argument: "magnitudes", actual: showShape(magnitudes.shape) },
      expected: "[channels, window / 2 + 1, frames], of a window of 2 to 65536, a power of 2",
    });
  const s = Tensor.read(magnitudes);
  if (!s.every((x) => x >= 0 && Number.isFinite(x)))
    throw new InvalidArgument({
      ...{ op, argument: "magnitudes" },
      ...{ expected: "finite numbers of 0 or more", actual: "others among them" },
    });
  const { iterations = 32, momentum = 0.99, seed = 0 } = options;
  const hop = options.hop ?? Math.max(1, window / 4);
  holding(
    `a whole number from 1 to the window`,
    (n) => Number.isInteger(n) && n >= 1 && n <= window,
  )(op, { hop });
  wholeTo(0, 2 ** 12)(op, { iterations });
  share(op, { momentum });
  integral(op, { seed });
  const { size, forward, inverse } = transforms(window, hop, frames);
  const drawn = uniform(key(seed), [channels, size]).toTypedArray();
  const length = (frames - 1) * hop;
  const out = new Float32Array(channels * length);
  for (let c = 0; c < channels; c++) {
    const target = Float64Array.from(
      { length: size },
      (_, i) => s[(c * bins + (i % bins)) * frames + Math.floor(i / bins)] as number,
    );
    const angle = (i: number): number => 2 * Math.PI * (drawn[c * size + i] as number);
    const guess: Spectra = {
      re: target.map((m, i) => m * Math.cos(angle(i))),
      im: target.map((m, i) => m * Math.sin(angle(i))),
    };
    const empty = (): Spectra => ({ re: new Float64Array(size), im: new Float64Array(size) });
    let [made, before] = [empty(), empty()];
    for (let n = 0; n < iterations; n++) {
      [made, before] = [before, made];
      forward(inverse(guess), made);
      const beyond = n === 0 ? 0 : momentum;
      for (let i = 0; i < size; i++) {
        const a = (1 + beyond) * (made.re[i] as number) - beyond * (before.re[i] as number);
        const b = (1 + beyond) * (made.im[i] as number) - beyond * (before.im[i] as number);
        const r = Math.sqrt(a * a + b * b);
        // A zero keeps its phase.
        if (r > 0) {
          guess.re[i] = ((target[i] as number) * a) / r;
          guess.im[i] = ((target[i] as number) * b) / r;
        }
      }
    }
    out.set(inverse(guess).subarray(window / 2, window / 2 + length), c * length);
  }
  return Tensor.own([channels, length], "f32", out);
};
