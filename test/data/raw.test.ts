import * as fc from "fast-check";
import { isLeft, isRight } from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { type CodecSubject, roundTrip } from "../../laws/data/codecs.ts";
import { mustHoldHere } from "../../laws/vitest.ts";
import { fromRawCodec } from "../../src/codec/fromRaw.ts";
import {
  dataset,
  type FromRaw,
  fromPicture,
  fromRecord,
  fromRecords,
  fromSound,
  fromText,
  melSpectrogram,
  type Picture,
  prepare,
  type Raw,
  type Sound,
  standardScaler,
  vocabularyOf,
} from "../../src/data/index.ts";
import { tensor } from "../../src/index.ts";

const made = (from: FromRaw, raw: Raw): unknown => {
  const read = prepare("x", from, raw);
  return isRight(read) ? read.right.toArray() : read.left;
};

/** A picture of two pixels, side by side. */
const pair = (...data: readonly number[]): Picture => ({
  width: 2,
  height: 1,
  data: Uint8ClampedArray.from(data),
});
const two = { width: 2, height: 1 } as const;

describe("a picture", () => {
  it("becomes red, green and blue from 0 to 1, on white or on another background", () => {
    const half = pair(255, 0, 51, 255, 0, 0, 0, 0);
    expect(made(fromPicture(two), half)).toEqual([
      [
        [1, 0, expect.closeTo(0.2, 6)],
        [1, 1, 1],
      ],
    ]);
    expect(made(fromPicture({ ...two, background: 0 }), half)).toEqual([
      [
        [1, 0, expect.closeTo(0.2, 6)],
        [0, 0, 0],
      ],
    ]);
    // Two fifths of 0.5 on white: 0.6 · 1 + 0.4 · 127.5/255.
    const thin = pair(0, 255, 0, 102, 255, 255, 255, 255);
    expect(made(fromPicture(two), thin)).toEqual([
      [
        [expect.closeTo(0.6, 6), expect.closeTo(1, 6), expect.closeTo(0.6, 6)],
        [1, 1, 1],
      ],
    ]);
  });

  it("becomes gray by the weights of BT.601, and dark becomes 1 where it is inverted", () => {
    const gray = { ...two, channels: 1, shape: [2] } as const;
    const colors = pair(255, 0, 0, 255, 0, 0, 255, 255);
    expect(made(fromPicture(gray), colors)).toEqual([
      expect.closeTo(0.299, 6),
      expect.closeTo(0.114, 6),
    ]);
    const grays = pair(0, 0, 0, 255, 204, 204, 204, 255);
    // To the bit what 255 and 51 bytes of ink are.
    expect(made(fromPicture({ ...gray, inverted: true }), grays)).toEqual([
      1,
      Math.fround(51 / 255),
    ]);
    // Transparent paper is paper.
    expect(made(fromPicture({ ...gray, inverted: true }), pair(0, 0, 0, 0, 0, 0, 0, 255))).toEqual([
      0, 1,
    ]);
  });

  it.each<[string, unknown, string]>([
    ["another size", { ...pair(0, 0, 0, 0), width: 1 }, "one of 1 × 1"],
    ["too few bytes", pair(0, 0, 0, 0), "one of 2 × 1 in 4 bytes"],
    ["a text", "cat.png", "a string"],
    ["nothing", null, "null"],
  ])("is refused: %s", (_, raw, actual) => {
    expect(made(fromPicture(two), raw as Raw)).toMatchObject({ _tag: "InvalidArgument", actual });
  });
});

describe("sound", () => {
  const how = { sampleRate: 8, window: 4, hop: 2, mels: 2, frames: 6 } as const;
  const sound = (channels: readonly (readonly number[])[], sampleRate = 8): Sound => ({
    samples: tensor(channels) as Sound["samples"],
    sampleRate,
  });
  const said = [0.5, -0.25, 0.125, 1, -1, 0.5, 0.25];

  it("becomes how loud it is by mels, from silence to its loudest, in decibels", () => {
    const energies = melSpectrogram(sound([said]).samples, how).toArray()[0] ?? [];
    const loudest = Math.max(...energies.flat());
    const steps = Array.from({ length: 6 }, (_, t) =>
      energies.map((mel) => {
        const decibels = 10 * Math.log10((mel[t] ?? 0) / loudest);
        return expect.closeTo(decibels < -8 ? 0 : 1 + decibels / 8, 5);
      }),
    );
    expect(energies[0]).toHaveLength(4); // 1 + ⌊7 / 2⌋
    expect(made(fromSound({ ...how, range: 8 }), sound([said]))).toEqual(steps);
  });

  it("is the same however loud, and of silence 0", () => {
    const column = (of: Sound) => made(fromSound(how), of) as readonly (readonly number[])[];
    for (const factor of [1 / 8, 1e-30, 1e30])
      expect(column(sound([said.map((x) => x * factor)])).flat()).toEqual(
        column(sound([said]))
          .flat()
          .map((x) => expect.closeTo(x, 5)),
      );
    expect(Math.max(...column(sound([said])).flat())).toBe(1);
    expect(
      column(sound([said]))
        .slice(4)
        .flat(),
    ).toEqual([0, 0, 0, 0]);
    expect(column(sound([[0, 0, 0]])).flat()).toEqual(new Array(12).fill(0));
  });

  it("has a range in decibels that is finite, since silence is no share of all of them", () => {
    for (const range of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => fromSound({ ...how, range })).toThrow(
        expect.objectContaining({ _tag: "InvalidArgument", argument: "range" }),
      );
  });

  it("of several channels is their mean, and of another rate resampled where that is wanted", () => {
    const one = made(fromSound(how), sound([said]));
    const more = said.map((x) => 2 * x);
    expect(made(fromSound(how), sound([more, said.map(() => 0)]))).toEqual(one);
    const slow = { ...how, resampled: true };
    expect(made(fromSound(slow), sound([said]))).toEqual(one);
    expect(made(fromSound(slow), sound([[1, 1, 1, 1, 1, 1]], 16))).toHaveLength(6);
  });

  it.each<[string, Sound, object]>([
    ["empty", sound([[]]), { expected: "[channels, samples], one or more" }],
    [
      "too long",
      sound([new Array(12).fill(0)]),
      { expected: "less than 1.5 s: cut it into parts" },
    ],
    ["of another rate", sound([said], 16), { argument: "the sample rate", actual: "16" }],
    ["not finite", sound([[0, Number.NaN]]), { expected: "finite samples" }],
  ])("is refused where it is %s", (_, raw, fields) => {
    expect(made(fromSound(how), raw)).toMatchObject({ _tag: "InvalidArgument", ...fields });
  });

  it("is refused at a rate that no filter leads to, and other values in its place", () => {
    const any = fromSound({ ...how, sampleRate: 8009, resampled: true, frames: 60 });
    expect(made(any, sound([said], 1_048_573))).toMatchObject({ argument: "to" });
    expect(made(any, "sound")).toMatchObject({ expected: "sound", actual: "a string" });
    expect(
      made(fromText({ vocabulary: vocabularyOf(["a"]), length: 1 }), sound([said])),
    ).toMatchObject({ actual: "sound" });
  });
});

describe("records", () => {
  it("become numbers, logarithms, classes and places in the year", () => {
    const from = fromRecord([
      "height",
      { field: "rain", as: "log1p" },
      { field: "sky", classes: ["clear", "cloudy"] },
      { field: "date", as: "yearSine" },
      { field: "date", as: "yearCosine" },
    ]);
    const made_ = made(from, {
      height: "2.5",
      rain: Math.E - 1,
      sky: "cloudy",
      date: "1970-01-01",
    });
    expect(made_).toEqual([2.5, 1, 0, 1, 0, 1]);
  });

  it("are scaled as the training data was", () => {
    const scaler = standardScaler.fit(
      dataset({
        x: tensor([
          [0, 10],
          [4, 30],
        ]),
      }),
      "x",
    );
    const from = fromRecords(2, ["a", "b"], scaler);
    expect(
      made(from, [
        { a: 4, b: 20 },
        { a: 2, b: 40 },
      ]),
    ).toEqual([
      [1, 0],
      [0, 2],
    ]);
  });

  const from = fromRecord(["a", { field: "kind", classes: ["x", "y"] }]);
  it.each<[string, unknown, object]>([
    [
      "a field that is missing",
      { a: 1 },
      { _tag: "UnknownColumn", column: "kind", columns: ["a"] },
    ],
    ["a name of every object", { kind: "x" }, { _tag: "UnknownColumn", column: "a" }],
    ["no number", { a: "one", kind: "x" }, { argument: '"a"', actual: '"one"' }],
    ["an empty field", { a: "", kind: "x" }, { argument: '"a"' }],
    ["infinity", { a: Number.POSITIVE_INFINITY, kind: "x" }, { argument: '"a"' }],
    ["no class", { a: 1, kind: "z" }, { expected: "one of x, y" }],
    ["a list", [{ a: 1, kind: "x" }], { expected: "a record", actual: "a list of 1" }],
  ])("are refused: %s", (_, raw, fields) => {
    expect(made(from, raw as Raw)).toMatchObject(fields);
  });

  it("are refused where there are more or fewer", () => {
    const seven = fromRecords(7, ["a"]);
    expect(made(seven, [{ a: 1 }])).toMatchObject({ actual: "a list of 1" });
    expect(made(seven, { a: 1 })).toMatchObject({ expected: "7 records in a list" });
    for (const d of ["2015-13-01", "2015-02-30", "2015-1-1"])
      expect(made(fromRecord([{ field: "d", as: "yearSine" }]), { d })).toMatchObject({
        expected: "a date such as 2015-01-31",
      });
  });

  it("need features, and a scaler that was fitted on as many", () => {
    const scaler = standardScaler.fit(dataset({ x: tensor([[1, 2, 3]]) }), "x");
    expect(() => fromRecord([])).toThrow("features is 0");
    expect(() => fromRecord(["a", "b"], scaler)).toThrow("2 features");
  });
});

describe("how raw values become columns, as data", () => {
  const splits = fc.constantFrom("words" as const, "characters" as const, "items" as const);
  const tokens = fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 5 });
  const extent = fc.integer({ min: 1, max: 9 });
  const values: fc.Arbitrary<FromRaw> = fc.oneof(
    fc
      .record({ width: extent, height: extent, channels: fc.constantFrom(1 as const, 3 as const) })
      .chain((size) =>
        fc
          .record({ background: fc.constantFrom(0, 0.5, 1), inverted: fc.boolean() })
          .map((how) => fromPicture({ ...size, ...how })),
      ),
    fc
      .tuple(extent, fc.boolean())
      .map(([frames, resampled]) => fromSound({ sampleRate: 8000, frames, resampled, low: 50.5 })),
    fc.tuple(tokens, extent, fc.boolean(), splits).map(([all, length, named, split]) =>
      fromText({
        vocabulary: vocabularyOf(all, named ? all[0] : undefined),
        length,
        split,
        longer: named ? "refused" : "cut",
        ...(named && { beside: "other", padding: all.length }),
      }),
    ),
    fc.tuple(extent, fc.boolean()).map(([rows, scaled]) => {
      const scaler = standardScaler.fit(
        dataset({
          x: tensor([
            [0.1, 1e-30],
            [4, 1e30],
          ]),
        }),
        "x",
      );
      const features = ["a", { field: "b", as: "log1p" }] as const;
      return rows === 1
        ? fromRecord(features, scaled ? scaler : undefined)
        : fromRecords(rows, features, scaled ? scaler : undefined);
    }),
  );
  const subject: CodecSubject = {
    name: "how a raw value becomes a column",
    codec: {
      encode: (value) => fromRawCodec.encode(value as FromRaw),
      decode: fromRawCodec.decode,
    },
    values,
    differ: (a, b) => {
      const text = (value: unknown) => JSON.stringify(fromRawCodec.encode(value as FromRaw));
      return text(a) === text(b) ? undefined : `${text(a)}, not ${text(b)}`;
    },
    damaged: fc.constant,
  };

  it("are unchanged when they are written and read", () => {
    mustHoldHere([roundTrip], subject, { runs: 100 });
  });

  it.each<[string, unknown]>([
    ["another kind", { kind: "smell" }],
    ["sound without numbers", { kind: "sound" }],
    ["a window of 3", { ...fromSound({ sampleRate: 8000, frames: 2 }), window: 3 }],
    ["a shape of another size", { ...fromPicture(two), shape: [3] }],
    ["an extent of 0", { ...fromPicture(two), width: 0, shape: [0] }],
    [
      "two equal tokens",
      { kind: "text", split: "words", tokens: ["a", "a"], length: 1, padding: 0 },
    ],
    [
      "an unknown unknown",
      { kind: "text", split: "words", tokens: ["a"], unknown: "b", length: 1, padding: 0 },
    ],
    ["no features", { kind: "records", features: [] }],
    ["nothing", null],
  ])("are refused: %s", (_, input) => {
    expect(isLeft(fromRawCodec.decode(input))).toBe(true);
  });
});
