import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { describe, expect, test } from "vitest";
import { melSpectrogram, readWav, resample, type WavOptions } from "../../src/data/index.ts";
import { tensor } from "../../src/index.ts";
import { wavFile } from "../fuzz/sound.ts";

const json = (file: string): unknown =>
  JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8"));

interface Mel {
  readonly options: Parameters<typeof melSpectrogram>[1];
  readonly values: readonly number[];
}
interface Resampled {
  readonly from: number;
  readonly to: number;
  readonly values: readonly number[];
}

/** Sound that NumPy and Python made; `sound.py` makes it. */
const python = json("./sound.json") as {
  readonly "mu-law": readonly number[];
  readonly "a-law": readonly number[];
  readonly samples: readonly number[];
  readonly mel: readonly Mel[];
  readonly resampled: readonly Resampled[];
};

/** The same sound in two other systems; the programs beside these files made them. */
const transformers = json("./heard/transformers.json") as readonly Mel[];
const scipy = json("./heard/scipy.json") as readonly Resampled[];

const read = (file: Uint8Array, options: WavOptions = {}) =>
  Effect.runPromise(readWav(file, { name: "x.wav", ...options }));
const refusal = (file: Uint8Array, options: WavOptions = {}) =>
  Effect.runPromise(Effect.flip(readWav(file, { name: "x.wav", ...options })));

const every = Uint8Array.from({ length: 256 }, (_, i) => i);

describe("WAV", () => {
  test.each<[string, number, number, readonly number[], readonly number[]]>([
    ["8 bits", 1, 8, [0, 128, 255], [-1, 0, 127 / 128]],
    ["16 bits", 1, 16, [0, 128, 255, 127], [-1, 32767 / 32768]],
    ["24 bits", 1, 24, [0, 0, 128, 255, 255, 127, 1, 0, 0], [-1, 1 - 2 ** -23, 2 ** -23]],
    ["32 bits", 1, 32, [0, 0, 0, 128, 0, 0, 0, 64], [-1, 0.5]],
    ["floating point", 3, 32, [0, 0, 192, 63, 0, 0, 128, 190], [1.5, -0.25]],
    ["floating point of 64 bits", 3, 64, [0, 0, 0, 0, 0, 0, 248, 63], [1.5]],
  ])("of %s", async (_, format, bits, data, expected) => {
    const { samples, sampleRate } = await read(wavFile({ format, bits, data }));
    expect(sampleRate).toBe(8000);
    expect(samples.shape).toEqual([1, expected.length]);
    expect(Array.from(samples.toTypedArray())).toEqual(expected.map(Math.fround));
  });

  test.each([
    ["µ-law", 7, python["mu-law"]],
    ["A-law", 6, python["a-law"]],
  ] as const)("of %s, as Python's audioop", async (_, format, expected) => {
    const { samples } = await read(wavFile({ format, bits: 8, data: every }));
    expect(Array.from(samples.toTypedArray(), (x) => x * 32768)).toEqual(expected);
  });

  test("of several channels, of which all are kept or the mean, whole or in parts", async () => {
    const data = [0, 64, 0, 192, 0, 32, 0, 32];
    const stereo = wavFile({ format: 0xfffe, bits: 16, channels: 2, data });
    expect((await read(stereo)).samples.toArray()).toEqual([
      [0.5, 0.25],
      [-0.5, 0.25],
    ]);
    expect((await read(stereo, { channels: "mono" })).samples.toArray()).toEqual([[0, 0.25]]);
    const part = await read(stereo, { from: 1, frames: 5 });
    expect(part.samples.toArray()).toEqual([[0.25], [0.25]]);
  });

  const valid = wavFile({ format: 1, bits: 16, data: [1, 2, 3, 4] });
  const changed = (at: number, ...bytes: readonly number[]) =>
    valid.map((b, i) => bytes[i - at] ?? b);

  test.each<[string, Uint8Array, string]>([
    ["ADPCM", changed(20, 2), "format 2 of 16 bits"],
    ["12 bits", changed(34, 12), "format 1 of 12 bits"],
    ["no channels", changed(22, 0), "0 channels in 2 bytes"],
    ["blocks of another size", changed(32, 3), "1 channels in 3 bytes"],
    ["no sample rate", changed(24, 0, 0, 0, 0), "0"],
    ["more samples than there are", changed(40, 255, 255, 255, 127), "4"],
    ["no samples", valid.subarray(0, 36), "none"],
    ["big-endian numbers", changed(3, 0x58), "RIFX and WAVE"],
    ["nothing", new Uint8Array(), "the end"],
  ])("of %s is refused", async (_, file, actual) => {
    expect(await refusal(file)).toMatchObject({ _tag: "InvalidFile", file: "x.wav", actual });
  });

  test("of another sample rate is refused, or resampled", async () => {
    expect(await refusal(valid, { sampleRate: 16000 })).toMatchObject({ actual: "8000" });
    const { samples, sampleRate } = await read(valid, { sampleRate: 16000, resampled: true });
    expect([samples.shape, sampleRate]).toEqual([[1, 4], 16000]);
  });
});

const noise = tensor([python.samples]);

test.each([
  ...python.mel.map((of) => ({ by: "NumPy", ...of })),
  ...transformers.map((of) => ({ by: "Transformers.js", ...of })),
])(
  "mel spectrogram by $by of $options.scale, $options.norm, power $options.power",
  ({ options, values }) => {
    const made = melSpectrogram(noise, options);
    expect(made.shape).toEqual([1, 10, 13]);
    const data = made.toTypedArray();
    for (const [i, x] of values.entries()) expect(data[i]).toBeCloseTo(x, x > 10 ? 3 : 5);
  },
);

test.each([
  ...python.resampled.map((of) => ({ by: "NumPy", ...of })),
  ...scipy.map((of) => ({ by: "SciPy", ...of })),
])("resampled by $by from $from to $to", ({ from, to, values }) => {
  const data = resample(noise, from, to).toTypedArray();
  expect(data.length).toBe(values.length);
  for (const [i, x] of values.entries()) expect(data[i]).toBeCloseTo(x, 5);
});

test("a tone stays a tone, and its energy is in its own mel", () => {
  const tone = (rate: number, n: number) =>
    tensor([Array.from({ length: n }, (_, i) => Math.sin((2 * Math.PI * 440 * i) / rate))]);
  const [made, exact] = [resample(tone(8000, 800), 8000, 16000), tone(16000, 1600)];
  for (let i = 200; i < 1400; i++)
    expect(made.toTypedArray()[i]).toBeCloseTo(exact.toTypedArray()[i] as number, 2);
  const mels = melSpectrogram(tone(16000, 4096), { sampleRate: 16000, window: 1024, mels: 40 });
  const [, count, frames] = mels.shape;
  const energies = Array.from(
    { length: count },
    (_, m) => mels.toTypedArray()[m * frames + 8] as number,
  );
  // 440 Hz are 6.6 mels of Slaney's scale, of 45.245 up to 8000 Hz in 41 steps.
  expect(energies.indexOf(Math.max(...energies))).toBe(Math.round((6.6 / 45.245) * 41) - 1);
});
