import { InvalidArgument } from "../../errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { holding, notNegative, wholeTo } from "../../tensor/validate.ts";
import { fourierOf, hannOf } from "./fourier.ts";

/** How frequencies become mels. */
type Scale = "slaney" | "htk";

/** Slaney's scale is linear up to 1000 Hz, which is 15 mels, and then has 27 mels to a factor of 6.4. */
const [linear, corner, step] = [200 / 3, 1000, Math.log(6.4) / 27];

const melOf: { readonly [S in Scale]: (hertz: number) => number } = {
  htk: (hertz) => 2595 * Math.log10(1 + hertz / 700),
  slaney: (hertz) =>
    hertz < corner ? hertz / linear : corner / linear + Math.log(hertz / corner) / step,
};

const hertzOf: { readonly [S in Scale]: (mel: number) => number } = {
  htk: (mel) => 700 * (10 ** (mel / 2595) - 1),
  slaney: (mel) =>
    mel < corner / linear ? mel * linear : corner * Math.exp(step * (mel - corner / linear)),
};

/** The options of {@link melSpectrogram}. */
export interface MelOptions {
  readonly sampleRate: number;
  /** The number of samples of a window, a power of 2. Defaults to 2048. */
  readonly window?: number;
  /** The number of samples from one window to the next. Defaults to a quarter of a window. */
  readonly hop?: number;
  /** The number of mels. Defaults to 128. */
  readonly mels?: number;
  /** The lowest frequency, in Hz. Defaults to 0. */
  readonly low?: number;
  /** The highest frequency, in Hz. Defaults to half of the sample rate. */
  readonly high?: number;
  /** How frequencies become mels. Defaults to `slaney`, as in librosa; torchaudio has `htk`. */
  readonly scale?: Scale;
  /** Whether each triangle has the area 1 (`slaney`) or the height 1 (`none`). Defaults to `slaney`, as in librosa. */
  readonly norm?: "slaney" | "none";
  /** The power of magnitudes: 1 for magnitudes, 2 for energies. Defaults to 2. */
  readonly power?: number;
}

/** The triangles of mels over the frequencies of a window. **Shapes** `[mels, window / 2 + 1]`. */
export const melFilters = (options: MelOptions): readonly Float64Array[] => {
  const {
    sampleRate,
    window = 2048,
    mels = 128,
    low = 0,
    scale = "slaney",
    norm = "slaney",
  } = options;
  const high = options.high ?? sampleRate / 2;
  const [from, to] = [melOf[scale](low), melOf[scale](high)];
  const edges = Array.from({ length: mels + 2 }, (_, i) =>
    hertzOf[scale](from + ((to - from) * i) / (mels + 1)),
  );
  return Array.from({ length: mels }, (_, m) => {
    const [a, b, c] = [edges[m] as number, edges[m + 1] as number, edges[m + 2] as number];
    const height = norm === "slaney" ? 2 / (c - a) : 1;
    return Float64Array.from({ length: window / 2 + 1 }, (_, k) => {
      const hertz = (k * sampleRate) / window;
      return height * Math.max(0, Math.min((hertz - a) / (b - a), (c - hertz) / (c - b)));
    });
  });
};

/** The position of a sample that is reflected at both ends of sound. */
const reflected = (i: number, length: number): number => {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const place = ((i % period) + period) % period;
  return place < length ? place : period - place;
};

/** Checks the numbers of a spectrogram. **Fails with** `InvalidArgument`, thrown. */
export const checkMel = (
  op: string,
  {
    sampleRate,
    window,
    hop,
    mels,
    low,
    high,
  }: Required<Omit<MelOptions, "scale" | "norm" | "power">>,
): void => {
  wholeTo(1, 2 ** 12)(op, { mels });
  holding(
    "a power of 2 from 2 to 65536",
    (n) => n >= 2 && n <= 65536 && Number.isInteger(Math.log2(n)),
  )(op, { window });
  wholeTo(1, 2 ** 20)(op, { sampleRate, hop });
  holding(
    "a frequency above 0, up to half of the sample rate",
    (n) => n > 0 && n <= sampleRate / 2,
  )(op, { high });
  holding("a frequency from 0 to below high", (n) => n >= 0 && n < high)(op, { low });
};

/**
 * The energies of sound by mels over time.
 *
 * **Math** `Σₖ filter[m, k] |DFT(hann · x)[k]|^power`, of windows whose middles are the samples `0, hop, 2 hop, …`; sound is
 * reflected at its ends.
 * **Shapes** `[channels, n] → [channels, mels, 1 + ⌊n / hop⌋]`.
 * **Fails with** `InvalidArgument`, thrown, where an option is out of range, or there are no samples.
 * **Source** Slaney, "Auditory Toolbox", version 2 (1998); Young et al., "The HTK Book"; as `librosa.feature.melspectrogram`
 * with `pad_mode="reflect"`, and with `htk` and `none` as `torchaudio.transforms.MelSpectrogram`.
 */
export const melSpectrogram = (
  samples: Tensor<readonly [number, number]>,
  options: MelOptions,
): Tensor<readonly [number, number, number]> => {
  const {
    sampleRate,
    window = 2048,
    hop = Math.max(1, Math.floor(window / 4)),
    mels = 128,
    low = 0,
    power = 2,
  } = options;
  const high = options.high ?? sampleRate / 2;
  const op = "melSpectrogram";
  checkMel(op, { sampleRate, window, hop, mels, low, high });
  notNegative(op, { power });
  const [channels, length] = samples.shape;
  if (length === 0)
    throw new InvalidArgument({
      op,
      argument: "samples",
      expected: "at least one",
      actual: "none",
    });
  const filters = melFilters(options).map((filter) => {
    const first = filter.findIndex((x) => x > 0);
    const last = filter.findLastIndex((x) => x > 0);
    return { first, shares: first < 0 ? new Float64Array() : filter.subarray(first, last + 1) };
  });
  const [hann, fourier] = [hannOf(window), fourierOf(window)];
  const frames = 1 + Math.floor(length / hop);
  const x = Tensor.read(samples);
  const out = new Float32Array(channels * mels * frames);
  const [re, im] = [new Float64Array(window), new Float64Array(window)];
  const energies = new Float64Array(window / 2 + 1);
  for (let c = 0; c < channels; c++)
    for (let frame = 0; frame < frames; frame++) {
      const first = frame * hop - window / 2;
      for (let i = 0; i < window; i++)
        re[i] = (hann[i] as number) * (x[c * length + reflected(first + i, length)] as number);
      im.fill(0);
      fourier(re, im);
      for (let k = 0; k < energies.length; k++)
        energies[k] = Math.hypot(re[k] as number, im[k] as number) ** power;
      for (const [m, filter] of filters.entries()) {
        let sum = 0;
        for (let k = 0; k < filter.shares.length; k++)
          sum += (filter.shares[k] as number) * (energies[filter.first + k] as number);
        out[(c * mels + m) * frames + frame] = sum;
      }
    }
  return Tensor.own([channels, mels, frames], "f32", out);
};
