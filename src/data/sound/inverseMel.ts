import { InvalidArgument } from "../../errors.ts";
import { showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { finite, positive, wholeTo } from "../../tensor/validate.ts";
import { checkMel, type MelOptions, melFilters } from "./mel.ts";

/** The options of {@link inverseMel}: those of `melSpectrogram`, and how long it looks. */
export interface InverseMelOptions extends Omit<MelOptions, "hop"> {
  /** The number of times that magnitudes are corrected. Defaults to 50. */
  readonly iterations?: number;
}

/**
 * The magnitudes of frequencies that have given energies by mels, as far as those tell: each step multiplies the energy of a
 * frequency by the mean ratio, over its mels, of the energies that are wanted and those that there are.
 *
 * **Math** `e ← e · Fᵀ(m / Fe) / Fᵀ1` from the same `e` everywhere, which lowers the divergence `Σ m ln(m / Fe) - m + Fe`; the
 * result is `e^(1 / power)`.
 * **Shapes** `[channels, mels, frames] → [channels, window / 2 + 1, frames]`, of a `melSpectrogram` with the same options.
 * **Fails with** `InvalidArgument`, thrown, where an option is out of range, or the energies are of another number of mels,
 * negative or not finite.
 * **Source** Lee and Seung, "Algorithms for non-negative matrix factorization" (2001), theorem 2, with `F` fixed.
 *
 * @example
 * ```ts
 * import { tensor } from "fluxion";
 * import { inverseMel } from "fluxion/data";
 * inverseMel(tensor([[[4], [9]]]), { sampleRate: 8, window: 4, mels: 2 }).shape // => [1, 3, 1]
 * ```
 */
export const inverseMel = (
  energies: Tensor<readonly [number, number, number]>,
  options: InverseMelOptions,
): Tensor<readonly [number, number, number]> => {
  const op = "inverseMel";
  const { sampleRate, window = 2048, mels = 128, low = 0, power = 2, iterations = 50 } = options;
  checkMel(op, { sampleRate, window, hop: 1, mels, low, high: options.high ?? sampleRate / 2 });
  positive(op, { power });
  finite(op, { power });
  wholeTo(1, 2 ** 12)(op, { iterations });
  const [channels, given, frames] = energies.shape;
  const m = Tensor.read(energies);
  const refuse = (expected: string, actual: string) =>
    new InvalidArgument({ op, argument: "energies", expected, actual });
  if (given !== mels) throw refuse(`[channels, ${mels}, frames]`, showShape(energies.shape));
  if (!m.every((x) => x >= 0 && Number.isFinite(x)))
    throw refuse("finite numbers of 0 or more", "others among them");
  const bins = window / 2 + 1;
  // Of each triangle, where it is not 0: the first frequency, and its weights from there.
  const filters = melFilters(options).map((filter) => {
    const first = filter.findIndex((x) => x > 0);
    const last = filter.findLastIndex((x) => x > 0);
    return { first, weights: first < 0 ? new Float64Array() : filter.subarray(first, last + 1) };
  });
  const total = new Float64Array(bins);
  for (const { first, weights } of filters)
    for (const [k, w] of weights.entries()) total[first + k] = (total[first + k] as number) + w;
  const out = new Float32Array(channels * bins * frames);
  const ratio = new Float64Array(bins);
  for (let c = 0; c < channels; c++)
    for (let t = 0; t < frames; t++) {
      const e = total.map((sum) => (sum > 0 ? 1 : 0));
      for (let n = 0; n < iterations; n++) {
        ratio.fill(0);
        for (let j = 0; j < mels; j++) {
          const { first, weights } = filters[j] as (typeof filters)[number]; // one for each mel
          let there = 0;
          for (let k = 0; k < weights.length; k++)
            there += (weights[k] as number) * (e[first + k] as number);
          const share = there > 0 ? (m[(c * mels + j) * frames + t] as number) / there : 0;
          for (let k = 0; k < weights.length; k++)
            ratio[first + k] = (ratio[first + k] as number) + (weights[k] as number) * share;
        }
        for (let k = 0; k < bins; k++)
          if ((total[k] as number) > 0)
            e[k] = ((e[k] as number) * (ratio[k] as number)) / (total[k] as number);
      }
      for (let k = 0; k < bins; k++)
        out[(c * bins + k) * frames + t] = (e[k] as number) ** (1 / power);
    }
  if (!out.every(Number.isFinite))
    throw refuse("energies whose magnitudes are numbers of f32", `others, by the power ${power}`);
  return Tensor.own([channels, bins, frames], "f32", out);
};
