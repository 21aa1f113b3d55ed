import * as Effect from "effect/Effect";
import type { ReaderSubject } from "../../laws/data/readers.ts";
import { readWav } from "../../src/data/sound/wav.ts";

interface Wav {
  readonly format: number;
  readonly bits: number;
  readonly channels?: number;
  readonly data: ArrayLike<number>;
}

const letters = (text: string): readonly number[] => [...text].map((c) => c.charCodeAt(0));
const number = (n: number, bytes: number): readonly number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(n / 256 ** i) % 256);

/** A WAV file of 8000 samples a second, written independently of the reader. An extensible one is of PCM. */
export const wavFile = ({ format, bits, channels = 1, data }: Wav): Uint8Array => {
  const block = (channels * bits) / 8;
  const extension =
    format === 0xfffe
      ? [
          ...number(22, 2),
          ...number(bits, 2),
          ...number(0, 4),
          1,
          0,
          ...new Array<number>(14).fill(0),
        ]
      : [];
  const part = (name: string, body: readonly number[]) => [
    ...letters(name),
    ...number(body.length, 4),
    ...body,
  ];
  const described = part("fmt ", [
    ...[...number(format, 2), ...number(channels, 2), ...number(8000, 4)],
    ...[...number(8000 * block, 4), ...number(block, 2), ...number(bits, 2), ...extension],
  ]);
  const samples = part("data", Array.from(data));
  const body = [...letters("WAVE"), ...described, ...samples];
  return Uint8Array.from([...letters("RIFF"), ...number(body.length, 4), ...body]);
};

const some = Array.from({ length: 48 }, (_, i) => (i * 37) % 256);

export const soundReader = (weight: ReaderSubject["weight"]): ReaderSubject => ({
  name: "wav",
  files: [
    wavFile({ format: 1, bits: 16, channels: 2, data: some }),
    wavFile({ format: 1, bits: 24, data: some }),
    wavFile({ format: 7, bits: 8, data: some }),
    wavFile({ format: 3, bits: 32, data: some }),
    wavFile({ format: 0xfffe, bits: 8, data: some }),
  ],
  read: (bytes) => Effect.map(readWav(bytes), ({ samples }) => samples),
  weight,
  most: (length) => 4 * length,
});
