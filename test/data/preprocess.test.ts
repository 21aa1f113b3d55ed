import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, expectTypeOf, test } from "vitest";
import { type ScalerSubject, scalerLaws } from "../../laws/data/preprocessing.ts";
import { check as checkLaw } from "../../laws/law.ts";
import { holds } from "../../laws/vitest.ts";
import { dataset } from "../../src/data/dataset.ts";
import {
  castColumn,
  minMaxScaler,
  oneHot,
  preprocessor,
  rescale,
  reshapeColumn,
  standardScaler,
} from "../../src/data/preprocess/preprocess.ts";
import { validate } from "../../src/data/validate.ts";
import { fromTypedArray, tensor, zeros } from "../../src/tensor/constructors.ts";
import { key, normal } from "../../src/tensor/key.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

const tagged = (tag: string) => expect.objectContaining({ _tag: tag });

describe("preprocessing", () => {
  test("standardScaler uses only the statistics of the training split", () => {
    const data = dataset({ x: normal(key(1), [3000, 4]), id: zeros([3000], "i32") });
    const shifted = data.mapColumn("x", (x) =>
      fromTypedArray(
        [x.shape[0], 4],
        Float32Array.from(x.toTypedArray(), (v, i) => v * (1 + (i % 4)) + 10 * (i % 4)),
      ),
    );
    const [train, held] = shifted.split(0.8, key(2));
    const fitted = standardScaler.fit(train, "x");
    expect(fitted.shift.shape).toEqual([4]);
    const columnsOf = (x: Tensor, j: number): readonly number[] =>
      Array.from({ length: x.shape[0] ?? 0 }, (_, i) => x.at(i, j));
    const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;
    const x = fitted.apply(train).all().x;
    expectTypeOf(x).toEqualTypeOf<Tensor<readonly [number, 4]>>();
    for (let j = 0; j < 4; j++) {
      const values = columnsOf(x, j);
      expect(mean(values)).toBeCloseTo(0, 5);
      expect(mean(values.map((v) => v * v))).toBeCloseTo(1, 5);
      // The held-out examples are near 0, but not exactly at it: their own statistics were not used.
      expect(Math.abs(mean(columnsOf(fitted.apply(held).all().x, j)))).toBeGreaterThan(1e-4);
    }
    const [a, b] = [held.row(0).x, fitted.apply(held).row(0).x];
    for (let j = 0; j < 4; j++)
      expect(b.at(j)).toBe(Math.fround((a.at(j) - fitted.shift.at(j)) / fitted.scale.at(j)));
    const together = standardScaler.fit(train, "x", { per: "column" });
    expect(together.shift.shape).toEqual([]);
    const all = Array.from(together.apply(train).all().x.toTypedArray());
    expect(mean(all)).toBeCloseTo(0, 5);
  });

  test("minMaxScaler maps the training split to [0, 1]", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 }),
        (values) => {
          const d = dataset({ x: tensor(values, "f64") });
          const x = Array.from(minMaxScaler.fit(d, "x").apply(d).all().x.toTypedArray());
          expect(Math.min(...x)).toBe(0);
          expect(Math.max(...x)).toBe(Math.min(...values) === Math.max(...values) ? 0 : 1);
        },
      ),
    );
  });

  test("a constant feature becomes 0, and an empty dataset cannot be fitted", () => {
    const d = dataset({
      x: tensor([
        [7, 1],
        [7, 3],
      ]),
    });
    expect(standardScaler.fit(d, "x").apply(d).all().x.toArray()).toEqual([
      [0, -1],
      [0, 1],
    ]);
    expect(() => standardScaler.fit(d.take(0), "x")).toThrow(tagged("InvalidArgument"));
  });

  test("bytes become 0 to 1, and images change their shape", () => {
    const d = dataset({
      image: fromTypedArray([2, 2, 2], Uint8Array.of(0, 51, 102, 255, 1, 2, 3, 4)),
    });
    const scaled = rescale(d, "image");
    expect(scaled.columns.image).toEqual({ shape: [2, 2], dtype: "f32" });
    expect(scaled.row(0).image.at(1, 1)).toBe(1);
    expect(scaled.row(0).image.at(0, 1)).toBe(Math.fround(0.2));
    const flat = reshapeColumn(scaled, "image", [4]);
    expectTypeOf(flat.row(0).image).toEqualTypeOf<Tensor<readonly [4]>>();
    expect(flat.columns.image.shape).toEqual([4]);
    expect(() => reshapeColumn(d, "image", [5])).toThrow(tagged("InvalidArgument"));
  });

  test("labels become one-hot vectors", () => {
    const d = dataset({ label: tensor([2, 0, 5], "u8") });
    const hot = oneHot(d, "label", 3);
    expectTypeOf(hot.row(0).label).toEqualTypeOf<Tensor<readonly [3]>>();
    expect(hot.all().label.toArray()).toEqual([
      [0, 0, 1],
      [1, 0, 0],
      [0, 0, 0],
    ]);
    expect(castColumn(d, "label", "i32").columns.label.dtype).toBe("i32");
  });

  // PyTorch's roundings of 1/3 and 65504.
  test.each([
    ["f16", [0.333251953125, 65504]],
    ["bf16", [0.333984375, 65536]],
  ] as const)("a column is stored as %s, each number rounded to the nearest", (dtype, rounded) => {
    const { x } = castColumn(dataset({ x: tensor([1 / 3, 65504], "f64") }), "x", dtype).all();
    expect(x.dtype).toBe(dtype);
    expect(Array.from(x.toTypedArray())).toEqual(rounded);
  });
});

describe("known values", () => {
  const values = (x: Tensor) => Array.from(x.toTypedArray());
  const column = (...xs: readonly number[]) => dataset({ x: tensor(xs, "f64") });
  const standardized = (...xs: readonly number[]) =>
    values(
      standardScaler
        .fit(column(...xs), "x")
        .apply(column(...xs))
        .all().x,
    );
  const normalized = (...xs: readonly number[]) =>
    values(
      minMaxScaler
        .fit(column(...xs), "x")
        .apply(column(...xs))
        .all().x,
    );

  test("1000 × 14.62 becomes 0 in f64 and in f32", () => {
    for (const dtype of ["f64", "f32"] as const) {
      const d = dataset({ x: tensor(new Array<number>(1000).fill(14.62), dtype) });
      for (const scaler of [standardScaler, minMaxScaler])
        expect(new Set(values(scaler.fit(d, "x").apply(d).all().x))).toEqual(new Set([0]));
    }
  });

  test("a column with a mean far from 0 keeps its spread", () => {
    // By hand: the deviation of 1, 2, 3 is √⅔, wherever they lie.
    const third = Math.sqrt(1.5);
    expect(standardized(1e9 + 1, 1e9 + 2, 1e9 + 3)).toEqual([-third, 0, third]);
    expect(standardized(1, 2, 3, 4).map((v) => v * Math.sqrt(1.25))).toEqual([
      -1.5, -0.5, 0.5, 1.5,
    ]);
  });

  test("no magnitude of f64 overflows or vanishes", () => {
    expect(standardized(1.5e308, -1.5e308)).toEqual([1, -1]);
    expect(standardized(3 * 2 ** -1023, 2 ** -1023)).toEqual([1, -1]);
    expect(standardized(3 * 2 ** -1000, 2 ** -1000)).toEqual([1, -1]);
    expect(normalized(0, 2 ** -1074, 2 ** -1073)).toEqual([0, 0.5, 1]);
  });

  test("integers are measured in f64", () => {
    const d = dataset({ x: tensor([2147483647, -2147483648], "i32") });
    expect(values(standardScaler.fit(d, "x").apply(d).all().x)).toEqual([1, -1]);
    expect(values(minMaxScaler.fit(d, "x").apply(d).all().x)).toEqual([1, 0]);
  });

  test("a feature with NaN becomes NaN, and the others are unaffected", () => {
    const d = dataset({
      x: tensor(
        [
          [Number.NaN, 1],
          [2, 3],
        ],
        "f64",
      ),
    });
    for (const scaler of [standardScaler, minMaxScaler]) {
      const [a, b, c, e] = values(scaler.fit(d, "x").apply(d).all().x);
      expect([a, c]).toEqual([Number.NaN, Number.NaN]);
      expect([b, e]).toEqual(scaler === standardScaler ? [-1, 1] : [0, 1]);
    }
  });

  test("a constant feature is only shifted in other examples", () => {
    const fitted = standardScaler.fit(column(7, 7), "x");
    expect(values(fitted.apply(column(9, 7)).all().x)).toEqual([2, 0]);
  });
});

describe("mismatched data is refused", () => {
  const two = dataset({
    x: tensor([
      [1, 2],
      [3, 4],
    ]),
  });
  const three = dataset({ x: tensor([[1, 2, 3]]) });

  test("a preprocessor of width 2 refuses width 3, and other columns", () => {
    const fitted = standardScaler.fit(two, "x");
    expect(() => fitted.apply(three)).toThrow(tagged("ShapeMismatch"));
    const other = dataset({ y: tensor([[1, 2]]) });
    // An untyped dataset, as JavaScript callers may pass.
    expect(() => fitted.apply(other as never)).toThrow(tagged("UnknownColumn"));
    expect(() => standardScaler.fit(other, "x" as never)).toThrow(tagged("UnknownColumn"));
  });

  test.each([
    ["statistics of two shapes", "ShapeMismatch", () => preprocessor("x", zeros([2]), tensor([1]))],
    ["a scale of 0", "InvalidArgument", () => preprocessor("x", zeros([2]), tensor([1, 0]))],
    [
      "an unknown way to share",
      "InvalidArgument",
      () => standardScaler.fit(two, "x", { per: "row" as never }),
    ],
    ["a shape of negative extents", "InvalidArgument", () => reshapeColumn(two, "x", [-1, -2])],
    ["no column to reshape", "UnknownColumn", () => reshapeColumn(two, "y" as never, [2])],
    ["no column to cast", "UnknownColumn", () => castColumn(two, "y" as never, "f32")],
    ["no dtype", "InvalidArgument", () => castColumn(two, "x", "f8" as never)],
    ["no classes", "InvalidArgument", () => oneHot(two, "x", 0)],
    ["more classes than labels can name", "InvalidArgument", () => oneHot(two, "x", 2 ** 40)],
  ] as const)("%s", (_, tag, make) => {
    expect(make).toThrow(tagged(tag));
  });
});

const average = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;

const standard: ScalerSubject = {
  name: "standardize",
  fitTo: (examples) => standardScaler.fit(examples, "x"),
  breach: (outputs) => {
    const [mean, square] = [average(outputs), average(outputs.map((y) => y * y))];
    return Math.abs(mean) < 1e-8 && Math.abs(square - 1) < 1e-8
      ? undefined
      : `mean ${mean}, mean square ${square}`;
  },
};
const minMax: ScalerSubject = {
  name: "normalize",
  fitTo: (examples) => minMaxScaler.fit(examples, "x"),
  breach: (outputs) => {
    const range = [Math.min(...outputs), Math.max(...outputs)];
    return range[0] === 0 && range[1] === 1 ? undefined : `from ${range.join(" to ")}`;
  },
};

describe("laws", () => {
  holds(scalerLaws, [standard, minMax], { runs: 100 });

  test("a naive mean and a naive deviation are caught", () => {
    const naive: ScalerSubject = {
      ...standard,
      fitTo: (examples) => {
        const xs = Array.from(examples.all().x.toTypedArray());
        const mean = average(xs);
        const deviation = Math.sqrt(average(xs.map((x) => (x - mean) ** 2)));
        const shape = examples.columns.x.shape;
        const full = (v: number) => fromTypedArray(shape, new Float64Array(shape[0] ?? 1).fill(v));
        return preprocessor("x", full(mean), full(deviation === 0 ? 1 : deviation));
      },
    };
    const broken = scalerLaws.filter((law) => isLeft(checkLaw(law, naive, { runs: 100 })));
    expect(broken.map(({ name }) => name)).toEqual(["constants vanish", "units vanish", "promise"]);
    const taking: ScalerSubject = {
      ...standard,
      fitTo: (examples) => ({ ...standardScaler.fit(examples, "x"), apply: (any) => any }),
    };
    const [widths] = scalerLaws.filter(({ name }) => name === "widths");
    expect(widths !== undefined && isLeft(checkLaw(widths, taking))).toBe(true);
  });
});

describe("validate", () => {
  const good = dataset({ x: zeros([2000, 3]), label: zeros([2000], "u8") });
  const check = (
    ...arguments_: Parameters<
      typeof validate<{ x: Tensor<readonly [3]>; label: Tensor<readonly []> }>
    >
  ) => Effect.runSync(Effect.flip(validate(...arguments_)));

  test("accepts valid data", () => {
    const requirements = { batchSize: 64, labels: { label: 1 } };
    expect(Effect.runSync(validate(good, requirements))).toBe(good);
  });

  test("finds an empty dataset and impossible batch sizes", () => {
    expect(check(good.take(0), { where: "training data" })).toMatchObject({
      _tag: "EmptyDataset",
      where: "training data",
    });
    for (const batchSize of [0, -1, 2.5, 2001, Number.NaN])
      expect(check(good, { batchSize })).toMatchObject({
        _tag: "InvalidBatchSize",
        examples: 2000,
      });
  });

  test("finds labels out of range, with their row", () => {
    const bytes = new Uint8Array(2000);
    bytes[1500] = 10;
    const d = dataset({ x: zeros([2000, 3]), label: fromTypedArray([2000], bytes) });
    expect(check(d, { labels: { label: 10 } })).toMatchObject({
      _tag: "LabelOutOfRange",
      column: "label",
      row: 1500,
      value: 10,
      classes: 10,
    });
    expect(check(d, { labels: { y: 3 } as { readonly label?: number } })).toMatchObject({
      _tag: "UnknownColumn",
      column: "y",
    });
  });

  test("finds NaN and infinities, with their row", () => {
    fc.assert(
      fc.property(
        fc.nat(1999),
        fc.nat(2),
        fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
        (row, feature, value) => {
          const data = new Float32Array(6000);
          data[3 * row + feature] = value;
          const d = dataset({ x: fromTypedArray([2000, 3], data), label: zeros([2000], "u8") });
          expect(check(d)).toMatchObject({ _tag: "NonFiniteData", column: "x", row, value });
        },
      ),
      { numRuns: 20 },
    );
  });
});
