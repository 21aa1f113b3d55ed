import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import {
  encodeWav,
  fromSound,
  griffinLim,
  inverseMel,
  prepare,
  readWav,
  toSound,
} from "../../src/data/index.ts";
import { full, tensor } from "../../src/index.ts";
import { key, uniform } from "../../src/tensor/index.ts";

/** Values of NumPy; `madeSound.py` makes them. */
const python = JSON.parse(readFileSync(new URL("./madeSound.json", import.meta.url), "utf8")) as {
  readonly drawn: readonly number[];
  readonly magnitudes: readonly (readonly number[])[];
  readonly made: readonly {
    readonly iterations: number;
    readonly momentum: number;
    readonly values: readonly number[];
  }[];
  readonly mels: readonly number[];
  readonly frequencies: readonly number[];
};

describe("sound of magnitudes", () => {
  const magnitudes = tensor([python.magnitudes]);

  test.each(python.made)(
    "is NumPy's after $iterations iterations with momentum $momentum",
    ({ values, ...options }) => {
      expect([...uniform(key(0), [1, 30]).toTypedArray()]).toEqual(python.drawn);
      const made = griffinLim(magnitudes, { hop: 2, ...options });
      expect(made.shape).toEqual([1, 10]);
      for (const [i, x] of values.entries()) expect(made.toTypedArray()[i]).toBeCloseTo(x, 5);
    },
  );

  it("is silence of zeros, and refuses what is no spectrogram", () => {
    expect(
      griffinLim(
        tensor([
          [
            [0, 0],
            [0, 0],
            [0, 0],
          ],
        ]),
      ).toArray(),
    ).toEqual([[0]]);
    expect(() => griffinLim(tensor([[[1], [1], [1], [1]]]))).toThrow("a power of 2");
    expect(() => griffinLim(tensor([[[1], [Number.NaN]]]))).toThrow("finite");
    expect(() => griffinLim(tensor([[[1], [-1]]]))).toThrow("0 or more");
    expect(() => griffinLim(tensor([[[1], [1]]]), { hop: 3 })).toThrow("from 1 to the window");
  });
});

describe("Griffin and Lim's distance", () => {
  const [window, hop, bins] = [8, 2, 5];
  /** Frames of silence, so that nothing of the sound lies before its first sample or after its last. */
  const silent = Array<number>(window / hop).fill(0);
  const hann = Float64Array.from(
    { length: window },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / window),
  );
  /** The magnitude of a frequency in a window of a sound, by the definition of the transform. */
  const magnitude = (sound: readonly number[], frame: number, k: number): number => {
    let [re, im] = [0, 0];
    for (let i = 0; i < window; i++) {
      const x = (hann[i] as number) * (sound[frame * hop + i - window / 2] ?? 0);
      re += x * Math.cos((2 * Math.PI * k * i) / window);
      im -= x * Math.sin((2 * Math.PI * k * i) / window);
    }
    return Math.hypot(re, im);
  };
  /** Over both halves of the circle: all frequencies but the first and the last count twice. */
  const distance = (sound: readonly number[], wanted: readonly (readonly number[])[]): number =>
    Math.sqrt(
      wanted.reduce(
        (sum, row, k) =>
          sum +
          (k === 0 || k === bins - 1 ? 1 : 2) *
            row.reduce((s, m, frame) => s + (magnitude(sound, frame, k) - m) ** 2, 0),
        0,
      ),
    );

  test("never grows without momentum", () => {
    const row = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
      minLength: 6,
      maxLength: 6,
    });
    const rows = fc.array(row, { minLength: bins, maxLength: bins });
    fc.assert(
      fc.property(rows, fc.nat(1000), (drawn, seed) => {
        const wanted = drawn.map((each) => [...silent, ...each, ...silent]);
        const distances = Array.from({ length: 8 }, (_, iterations) => {
          const options = { hop, iterations, momentum: 0, seed };
          const [sound = []] = griffinLim(tensor([wanted]), options).toArray();
          return distance(sound, wanted);
        });
        for (const [n, after] of distances.slice(1).entries())
          expect(after).toBeLessThanOrEqual((distances[n] as number) + 1e-5);
      }),
      { numRuns: 40 },
    );
  });
});

describe("frequencies of mels", () => {
  it("are NumPy's", () => {
    const options = { sampleRate: 8000, window: 16, mels: 3, iterations: 7 };
    const made = inverseMel(tensor([python.mels.map((x) => [x])]), options);
    expect(made.shape).toEqual([1, 9, 1]);
    for (const [i, x] of python.frequencies.entries())
      expect(made.toTypedArray()[i]).toBeCloseTo(x, 5);
    expect(() => inverseMel(tensor([[[-1], [0], [0]]]), options)).toThrow("0 or more");
    expect(() => inverseMel(tensor([[[1]]]), options)).toThrow("[channels, 3, frames]");
    const many = tensor([python.mels.map(() => [1e30])]);
    expect(() => inverseMel(many, { ...options, power: 0.1 })).toThrow("numbers of f32");
  });
});

describe("sound of a column", () => {
  const from = fromSound({ sampleRate: 8000, frames: 12, window: 256, hop: 64, mels: 32 });
  const column = (samples: readonly number[]) => {
    const made = prepare("sound", from, { samples: tensor([samples]), sampleRate: 8000 });
    if (made._tag === "Left") throw made.left;
    return made.right;
  };

  it("has nearly the column that it was made of, and a peak of 1, whatever sounds", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ hertz: fc.integer({ min: 80, max: 3500 }), loud: fc.constantFrom(0.1, 1) }),
          { minLength: 1, maxLength: 4 },
        ),
        (tones) => {
          const samples = Array.from({ length: 700 }, (_, t) =>
            tones.reduce(
              (sum, { hertz, loud }) => sum + loud * Math.sin((2 * Math.PI * hertz * t) / 8000),
              0,
            ),
          );
          const wanted = column(samples);
          const sound = toSound(from, wanted);
          const peak = [...sound.samples.toTypedArray()].reduce(
            (top, x) => Math.max(top, Math.abs(x)),
            0,
          );
          expect(peak).toBe(1);
          // 5 ms are 40 samples: half a wave is at 0, 0.0015 and 0.0062 in the first three.
          const heard = sound.samples.toTypedArray();
          for (const [i, most] of [0, 0.01, 0.04].entries()) {
            expect(Math.abs(heard[i] ?? 1)).toBeLessThanOrEqual(most);
            expect(Math.abs(heard.at(-1 - i) ?? 1)).toBeLessThanOrEqual(most);
          }
          expect(sound.samples.shape).toEqual([1, 10 * 64]);
          const [a, b] = [wanted, column([...sound.samples.toTypedArray()])].map((of) =>
            of.toTypedArray(),
          );
          const off = [...(a ?? [])].reduce((sum, x, i) => sum + Math.abs(x - (b?.[i] ?? 0)), 0);
          // The mean over what is heard of 11 steps: 0.1 is 5 decibels.
          expect(off / (11 * 32)).toBeLessThan(0.1);
        },
      ),
      { numRuns: 4, seed: 1 },
    );
  });

  it.each<[number, readonly number[]]>([
    [5, [0, 0.5, 1, 1, 1, 1, 0.5, 0]],
    [3, [0, 1, 1, 0]],
    [2, [1, 1]],
  ])(
    "of %i short steps fades over a quarter of it, and of two samples not at all",
    (steps, shares) => {
      const how = { sampleRate: 8000, window: 8, mels: 2 };
      const short = fromSound({ ...how, frames: steps, hop: 2 });
      const ones = (rows: number, columns: number) =>
        tensor(Array.from({ length: rows }, () => new Array<number>(columns).fill(1)));
      const energies = tensor([ones(2, steps).toArray()]);
      const whole = griffinLim(inverseMel(energies, how), { hop: 2 }).toTypedArray();
      const faded = shares.map((share, i) => share * (whole[i] as number));
      const peak = Math.max(...faded.map(Math.abs));
      expect(peak).toBeGreaterThan(0);
      const heard = [...toSound(short, ones(steps, 2)).samples.toTypedArray()];
      expect(heard).toEqual(faded.map((x) => expect.closeTo(x / peak, 5)));
    },
  );

  it("is a sample of silence without sound, whatever size numbers have, and refuses NaN", () => {
    const numbers = (x: number) => tensor(Array.from({ length: 3 }, () => new Array(32).fill(x)));
    expect(toSound(from, numbers(0)).samples.toArray()).toEqual([[0]]);
    expect(toSound(from, numbers(-1)).samples.toArray()).toEqual([[0]]);
    for (const x of [1e-30, 1e30])
      expect(toSound(from, numbers(x)).samples.toTypedArray().every(Number.isFinite)).toBe(true);
    expect(() => toSound(from, numbers(Number.NaN))).toThrow("finite");
    expect(() => toSound(from, tensor([[1, 2]]))).toThrow("[frames, 32]");
  });
});

it("a column of a model that asks for more than fits memory is refused", () => {
  // Of 32,769 frequencies at 65,536 steps there are 16 GiB of numbers.
  const from = fromSound({ sampleRate: 8000, frames: 2 ** 16, window: 2 ** 16, hop: 1, mels: 1 });
  expect(() => toSound(from, full([2 ** 16, 1], 1))).toThrow("at most 4194304 numbers");
  const many = fromSound({ sampleRate: 8000, frames: 2, window: 2 ** 16, hop: 1, mels: 2 ** 12 });
  expect(() => toSound(many, full([2, 2 ** 12], 1))).toThrow("at most 4194304 numbers");
});

describe("a WAV file that was encoded", () => {
  it("is read as it was, to a 32768th", async () => {
    const one = fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }).map((n) => n / 2 ** 15);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 2 ** 20 }),
        fc.array(one, { minLength: 4, maxLength: 40 }),
        async (channels, sampleRate, xs) => {
          const length = Math.floor(xs.length / channels);
          const rows = Array.from({ length: channels }, (_, c) =>
            xs.slice(c * length, (c + 1) * length),
          );
          const file = encodeWav({ samples: tensor(rows) as never, sampleRate });
          const read = await Effect.runPromise(readWav(file));
          expect([read.samples.toArray(), read.sampleRate]).toEqual([rows, sampleRate]);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("has the bytes of the standard, and the nearest sample to one beyond", () => {
    const file = encodeWav({ samples: tensor([[2, -2, 0.5 / 2 ** 15]]), sampleRate: 8000 });
    expect(Buffer.from(file).toString("hex")).toBe(
      // RIFF, 42 bytes, WAVE, fmt, 16 bytes, PCM, 1 channel, 8000 and 16000 a second, 2 bytes, 16 bits, data, 6 bytes
      "524946462a00000057415645666d7420100000000100010040" +
        "1f0000803e00000200100064617461060000" +
        "00ff7f00800100",
    );
    expect(() => encodeWav({ samples: tensor([[Number.NaN]]), sampleRate: 1 })).toThrow("finite");
    expect(() => encodeWav({ samples: tensor([1]) as never, sampleRate: 1 })).toThrow("[channels");
  });
});
