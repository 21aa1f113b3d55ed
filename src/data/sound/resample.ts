import { InvalidArgument } from "../../errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { wholeTo } from "../../tensor/validate.ts";

/** The number of zeros of the sinc on each side, and the share of the lower rate's frequencies that pass. */
const [zeros, rolloff] = [6, 0.99];
/** The maximum number of numbers in the filters of a pair of rates. */
const mostTaps = 2 ** 24;

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x) / x);

/**
 * Changes the sample rate of sound.
 *
 * **Math** `y[i] = Σⱼ x[j] h(j/from - i/to)`, where `h(t) = f/from · sinc(πft) · cos²(πft / 12)` for `|ft| ≤ 6`, and `f` is 0.99
 * of the lower rate; sound is 0 before its beginning and after its end.
 * **Shapes** `[channels, n] → [channels, ⌈n · to / from⌉]`.
 * **Fails with** `InvalidArgument`, thrown, where a rate is not a whole number from 1 to 2²⁰, or the two have a filter of more
 * than 2²⁴ numbers.
 * **Source** Smith, "Digital Audio Resampling Home Page"; as `torchaudio.functional.resample` with its defaults.
 */
export const resample = (
  samples: Tensor<readonly [number, number]>,
  from: number,
  to: number,
): Tensor<readonly [number, number]> => {
  wholeTo(1, 2 ** 20)("resample", { from, to });
  const common = divisor(from, to);
  const [before, after] = [from / common, to / common];
  if (before === after) return samples;
  const base = Math.min(before, after) * rolloff;
  const width = Math.ceil((zeros * before) / base);
  const taps = 2 * width + before;
  if (taps * after > mostTaps)
    throw new InvalidArgument({
      ...{ op: "resample", argument: "to", expected: "a rate with a larger common divisor" },
      actual: `${from} and ${to}`,
    });
  const filters = Array.from({ length: after }, (_, i) =>
    Float64Array.from({ length: taps }, (_, j) => {
      const t = ((j - width) / before - i / after) * base;
      const near = Math.max(-zeros, Math.min(zeros, t));
      return (base / before) * sinc(Math.PI * near) * Math.cos((Math.PI * near) / zeros / 2) ** 2;
    }),
  );
  const [channels, length] = samples.shape;
  const count = Math.ceil((length * after) / before);
  const x = Tensor.read(samples);
  const out = new Float32Array(channels * count);
  for (let c = 0; c < channels; c++)
    for (let k = 0; k < count; k++) {
      const filter = filters[k % after] as Float64Array;
      const first = Math.floor(k / after) * before - width;
      let sum = 0;
      for (let j = Math.max(0, -first); j < taps && first + j < length; j++)
        sum += (filter[j] as number) * (x[c * length + first + j] as number);
      out[c * count + k] = sum;
    }
  return Tensor.own([channels, count], "f32", out);
};
