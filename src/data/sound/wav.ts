import * as Effect from "effect/Effect";
import { DataSourceError, InvalidArgument, InvalidFile } from "../../errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { whole } from "../../tensor/validate.ts";
import { type ByteSource, type FileLike, openBytes } from "../bytes.ts";
import { resample } from "./resample.ts";

/** What a file of sound says of itself. */
interface Format {
  readonly channels: number;
  readonly sampleRate: number;
  /** The bytes of a sample, and how it is read as a number from -1 to 1. */
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
  /** Where the samples begin, and the number of samples of each channel. */
  readonly start: number;
  readonly frames: number;
}

/** The value of a byte of µ-law. **Source** ITU-T G.711, table 2. */
const muLaw = (byte: number): number => {
  const code = ~byte & 0xff;
  const magnitude = ((((code & 15) << 3) + 132) << ((code >> 4) & 7)) - 132;
  return (code & 0x80 ? -magnitude : magnitude) / 32768;
};

/** The value of a byte of A-law. **Source** ITU-T G.711, table 1. */
const aLaw = (byte: number): number => {
  const code = byte ^ 0x55;
  const [segment, step] = [(code >> 4) & 7, (code & 15) << 4];
  const magnitude = segment === 0 ? step + 8 : (step + 0x108) << (segment - 1);
  return (code & 0x80 ? magnitude : -magnitude) / 32768;
};

/** The samples that are read, by format and bits. */
const samples: { readonly [format: number]: { readonly [bits: number]: Format["read"] } } = {
  1: {
    8: (view, at) => (view.getUint8(at) - 128) / 128,
    16: (view, at) => view.getInt16(at, true) / 2 ** 15,
    24: (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23,
    32: (view, at) => view.getInt32(at, true) / 2 ** 31,
  },
  3: {
    32: (view, at) => view.getFloat32(at, true),
    64: (view, at) => view.getFloat64(at, true),
  },
  6: { 8: (view, at) => aLaw(view.getUint8(at)) },
  7: { 8: (view, at) => muLaw(view.getUint8(at)) },
};

/** The number of the format that says that its own number comes later. */
const extensible = 0xfffe;
/** The maximum number of parts before the samples. */
const mostParts = 1000;

const refuse = (file: string, at: number, expected: string, actual: string) =>
  new InvalidFile({ format: "WAV", file, at, expected, actual });

const named = (view: DataView, at: number): string => {
  let name = "";
  for (let i = 0; i < 4; i++) name += String.fromCharCode(view.getUint8(at + i));
  return name;
};

const viewOf = async (source: ByteSource, from: number, bytes: number): Promise<DataView> => {
  if (from + bytes > source.size)
    throw refuse(source.name, source.size, `${from + bytes} bytes`, "the end");
  const part = await source.slice(from, from + bytes);
  return new DataView(part.buffer, part.byteOffset, part.byteLength);
};

type Samples = Omit<Format, "start" | "frames">;

/** What the part `fmt ` says. */
const samplesOf = (file: string, at: number, view: DataView): Samples => {
  const said = view.getUint16(0, true);
  const format = said === extensible && view.byteLength >= 26 ? view.getUint16(24, true) : said;
  const [channels, sampleRate] = [view.getUint16(2, true), view.getUint32(4, true)];
  const [block, bits] = [view.getUint16(12, true), view.getUint16(14, true)];
  const read = samples[format]?.[bits];
  if (read === undefined)
    throw refuse(
      file,
      at,
      "PCM of 8, 16, 24 or 32 bits, floating point, A-law or µ-law",
      `format ${format} of ${bits} bits`,
    );
  const bytes = bits / 8;
  if (channels < 1 || channels > 256 || block !== channels * bytes)
    throw refuse(
      file,
      at,
      "1 to 256 channels in blocks of their samples",
      `${channels} channels in ${block} bytes`,
    );
  if (sampleRate < 1 || sampleRate > 2 ** 20)
    throw refuse(file, at, `a sample rate from 1 to ${2 ** 20}`, String(sampleRate));
  return { channels, sampleRate, bytes, read };
};

const formatOf = async (source: ByteSource): Promise<Format> => {
  const { name, size } = source;
  const head = await viewOf(source, 0, 12);
  if (named(head, 0) !== "RIFF" || named(head, 8) !== "WAVE")
    throw refuse(
      name,
      0,
      "RIFF and WAVE at the beginning",
      `${named(head, 0)} and ${named(head, 8)}`,
    );
  let found: Samples | undefined;
  for (let at = 12, parts = 0; at + 8 <= size && parts < mostParts; parts++) {
    const view = await viewOf(source, at, 8);
    const [kind, length] = [named(view, 0), view.getUint32(4, true)];
    const start = at + 8;
    if (start + length > size)
      throw refuse(name, at, `${length} bytes of "${kind}"`, `${size - start}`);
    if (kind === "fmt ") {
      if (length < 16 || found !== undefined)
        throw refuse(name, at, "one format, of at least 16 bytes", "another");
      found = samplesOf(name, start, await viewOf(source, start, Math.min(length, 40)));
    }
    if (kind === "data") {
      if (found === undefined) throw refuse(name, at, "a format before the samples", "none");
      return { ...found, start, frames: Math.floor(length / (found.channels * found.bytes)) };
    }
    // Parts begin at even positions.
    at = start + length + (length % 2);
  }
  throw refuse(name, size, "samples", "none");
};

/** The options of {@link readWav}. */
export interface WavOptions {
  /** The sample rate, in Hz. A file of another one is refused, or resampled. Defaults to that of the file. */
  readonly sampleRate?: number;
  /**
   * Whether a file of another sample rate is resampled, by a sinc with a Hann window that reaches over 6 zeros: see
   * `resample`. Defaults to `false`.
   */
  readonly resampled?: boolean;
  /** What becomes of several channels: all are kept, or their mean. Defaults to `keep`. */
  readonly channels?: "keep" | "mono";
  /** The first sample of each channel to read. Defaults to 0. */
  readonly from?: number;
  /** The maximum number of samples of each channel to read: a long file need not fit memory. Defaults to all. */
  readonly frames?: number;
  /** The name of the file in errors. Defaults to its path. */
  readonly name?: string;
}

/** Sound: its samples from -1 to 1, and how many of them are a second. */
export interface Sound {
  /** `[channels, samples]`. */
  readonly samples: Tensor<readonly [number, number]>;
  readonly sampleRate: number;
}

/** How long a sound is, in seconds. */
export const secondsOf = ({ samples, sampleRate }: Sound): number =>
  (samples.shape[1] ?? 0) / sampleRate;

/** The number of samples that are read at once. */
const part = 2 ** 16;

const soundIn = async (source: ByteSource, options: WavOptions): Promise<Sound> => {
  const { channels, sampleRate, bytes, read, start, frames } = await formatOf(source);
  const { channels: wanted = "keep", from = 0 } = options;
  const count = Math.max(0, Math.min(options.frames ?? frames, frames - from));
  const rows = wanted === "mono" ? 1 : channels;
  const data = new Float32Array(rows * count);
  const block = channels * bytes;
  for (let first = 0; first < count; first += part) {
    const some = Math.min(part, count - first);
    const view = await viewOf(source, start + (from + first) * block, some * block);
    for (let i = 0; i < some; i++)
      for (let c = 0; c < channels; c++) {
        const value = read(view, i * block + c * bytes);
        const place = (wanted === "mono" ? 0 : c * count) + first + i;
        data[place] = (data[place] as number) + (wanted === "mono" ? value / channels : value);
      }
  }
  const samplesRead: Tensor<readonly [number, number]> = Tensor.own([rows, count], "f32", data);
  const { sampleRate: rate = sampleRate, resampled = false } = options;
  if (rate === sampleRate) return { samples: samplesRead, sampleRate };
  if (!resampled)
    throw new InvalidFile({
      ...{ format: "WAV", file: source.name, expected: `${rate} samples a second` },
      ...{ actual: String(sampleRate), fix: "declare resampled: true, or convert the file" },
    });
  return { samples: resample(samplesRead, sampleRate, rate), sampleRate: rate };
};

/**
 * Reads a WAV file, or a part of it: PCM of 8, 16, 24 or 32 bits, floating point of 32 or 64, A-law and µ-law.
 *
 * It replaces `wavefile` 11, which reads whole files, takes ones that end early for shorter ones, and fails without types.
 *
 * **Shapes** `[channels, samples]`, from -1 to 1: a whole number of b bits is divided by 2ᵇ⁻¹.
 * **Fails with** `DataSourceError`; `InvalidFile` where it is damaged, of another format, or of another sample rate;
 * `InvalidArgument`, thrown, where an option is out of range.
 * **Source** IBM and Microsoft, "Multimedia Programming Interface and Data Specifications 1.0" (1991): RIFF and WAVE.
 */
export const readWav = (
  file: FileLike,
  options: WavOptions = {},
): Effect.Effect<Sound, DataSourceError | InvalidFile> => {
  const { sampleRate, from, frames, channels = "keep" } = options;
  whole(1)("readWav", { sampleRate });
  whole(0)("readWav", { from, frames });
  if (channels !== "keep" && channels !== "mono")
    throw new InvalidArgument({
      ...{ op: "readWav", argument: "channels" },
      ...{ expected: '"keep" or "mono"', actual: String(channels) },
    });
  const read = async (): Promise<Sound | DataSourceError | InvalidFile> => {
    try {
      const source = await openBytes(file, options.name);
      try {
        return await soundIn(source, options);
      } finally {
        await source.close();
      }
    } catch (cause) {
      if (cause instanceof DataSourceError || cause instanceof InvalidFile) return cause;
      throw cause;
    }
  };
  return Effect.flatMap(Effect.promise(read), (made) =>
    made instanceof DataSourceError || made instanceof InvalidFile
      ? Effect.fail(made)
      : Effect.succeed(made),
  );
};
