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
  fromText,
  type Picture,
  prepare,
  type Raw,
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

describe("a text", () => {
  const vocabulary = vocabularyOf(["<pad>", "<unknown>", "good", "film"], "<unknown>");

  it("becomes the numbers of its words, filled up or cut", () => {
    const from = fromText({ vocabulary, length: 3 });
    expect(made(from, "Good film!")).toEqual([2, 3, 0]);
    expect(made(from, "a good good film")).toEqual([1, 2, 2]);
  });

  it("becomes the numbers of its characters", () => {
    const letters = vocabularyOf([..."abc"]);
    const from = fromText({ vocabulary: letters, length: 4, split: "characters", padding: 2 });
    expect(made(from, "bab")).toEqual([1, 0, 1, 2]);
    expect(made(from, "bd")).toMatchObject({ _tag: "UnknownToken", token: "d", position: 1 });
  });

  it.each<[string, unknown, string]>([
    ["an empty one", "", "EmptySequence"],
    ["one without words", " … !", "EmptySequence"],
    ["a number", 3, "InvalidArgument"],
  ])("is refused: %s", (_, raw, tag) => {
    expect(made(fromText({ vocabulary, length: 3 }), raw as Raw)).toMatchObject({ _tag: tag });
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
    expect(made(fromRecord([{ field: "d", as: "yearSine" }]), { d: "2015-13-01" })).toMatchObject({
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
    fc.tuple(tokens, extent, fc.boolean()).map(([all, length, named]) =>
      fromText({
        vocabulary: vocabularyOf(all, named ? all[0] : undefined),
        length,
        split: named ? "words" : "characters",
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
    ["another kind", { kind: "sound" }],
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
