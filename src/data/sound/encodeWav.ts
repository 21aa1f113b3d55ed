import { InvalidArgument } from "../../errors.ts";
import { showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { wholeTo } from "../../tensor/validate.ts";
import type { Sound } from "./wav.ts";

const [header, bytes, mostBytes] = [44, 2, 2 ** 31];

/**
 * Encodes sound as a WAV file: PCM of 16 bits. A sample beyond 1 or -1 becomes the nearest that there is.
 *
 * **Math** `round(32768 x)`, from -32768 to 32767, which `readWav` divides by 32768 again.
 * **Fails with** `InvalidArgument`, thrown, where samples are not `[channels, samples]` with 1 to 256 channels, not finite or too
 * many, or the rate is out of range.
 * **Source** IBM and Microsoft, "Multimedia Programming Interface and Data Specifications 1.0" (1991): RIFF and WAVE.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { tensor } from "fluxion";
 * import { encodeWav, readWav } from "fluxion/data";
 * const file = encodeWav({ samples: tensor([[0, 0.5, -1]]), sampleRate: 8000 });
 * (await Effect.runPromise(readWav(file))).samples.toArray() // => [[0, 0.5, -1]]
 * ```
 */
export const encodeWav = ({ samples, sampleRate }: Sound): Uint8Array => {
  const op = "encodeWav";
  wholeTo(1, 2 ** 20)(op, { sampleRate });
  const [channels = 0, length = 0] = samples.shape;
  const x = Tensor.read(samples);
  const refuse = (expected: string, actual: string) =>
    new InvalidArgument({ op, argument: "samples", expected, actual });
  if (samples.shape.length !== 2 || channels < 1 || channels > 256)
    throw refuse("[channels, samples] of 1 to 256 channels", showShape(samples.shape));
  if (bytes * x.length > mostBytes)
    throw refuse(`at most ${mostBytes / bytes} samples`, String(x.length));
  if (!x.every(Number.isFinite)) throw refuse("finite numbers", "NaN or ∞ among them");
  const view = new DataView(new ArrayBuffer(header + bytes * x.length));
  const name = (at: number, text: string): void => {
    for (let i = 0; i < text.length; i++) view.setUint8(at + i, text.charCodeAt(i));
  };
  name(0, "RIFF");
  view.setUint32(4, view.byteLength - 8, true);
  name(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * channels * bytes, true);
  view.setUint16(32, channels * bytes, true);
  view.setUint16(34, 8 * bytes, true);
  name(36, "data");
  view.setUint32(40, bytes * x.length, true);
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < length; i++) {
      const value = Math.round(2 ** 15 * (x[c * length + i] as number));
      const whole = Math.max(-(2 ** 15), Math.min(2 ** 15 - 1, value));
      view.setInt16(header + bytes * (i * channels + c), whole, true);
    }
  return new Uint8Array(view.buffer);
};
