import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { dataset } from "../../src/data/dataset.ts";
import {
  castColumn,
  normalise,
  oneHot,
  reshapeColumn,
  standardise,
  unitScale,
} from "../../src/data/preprocess.ts";
import { validate } from "../../src/data/validate.ts";
import { fromTypedArray, tensor, zeros } from "../../src/tensor/constructors.ts";
import { key, normal } from "../../src/tensor/key.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

const tagged = (tag: string) => expect.objectContaining({ _tag: tag });

describe("preprocessing", () => {
  test("standardise has the statistics of the training split and of nothing else", () => {
    const data = dataset({ x: normal(key(1), [3000, 4]), id: zeros([3000], "i32") });
    const shifted = data.mapColumn("x", (x) =>
      fromTypedArray(
        [x.shape[0], 4],
        Float32Array.from(x.toTypedArray(), (v, i) => v * (1 + (i % 4)) + 10 * (i % 4)),
      ),
    );
    const [train, held] = shifted.split(0.8, key(2));
    const fitted = standardise.fit(train, "x");
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
      // The held-out examples are near it, but not at it: their own statistics were not used.
      expect(Math.abs(mean(columnsOf(fitted.apply(held).all().x, j)))).toBeGreaterThan(1e-4);
    }
    const [a, b] = [held.row(0).x, fitted.apply(held).row(0).x];
    for (let j = 0; j < 4; j++)
      expect(b.at(j)).toBe(Math.fround((a.at(j) - fitted.shift.at(j)) / fitted.scale.at(j)));
    const together = standardise.fit(train, "x", { per: "column" });
    expect(together.shift.shape).toEqual([]);
    const all = Array.from(together.apply(train).all().x.toTypedArray());
    expect(mean(all)).toBeCloseTo(0, 5);
  });

  test("normalise takes the training split to [0, 1]", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 }),
        (values) => {
          const d = dataset({ x: tensor(values, "f64") });
          const x = Array.from(normalise.fit(d, "x").apply(d).all().x.toTypedArray());
          expect(Math.min(...x)).toBe(0);
          expect(Math.max(...x)).toBe(Math.min(...values) === Math.max(...values) ? 0 : 1);
        },
      ),
    );
  });

  test("a feature that never varies becomes 0, and an empty dataset fits nothing", () => {
    const d = dataset({
      x: tensor([
        [7, 1],
        [7, 3],
      ]),
    });
    expect(standardise.fit(d, "x").apply(d).all().x.toArray()).toEqual([
      [0, -1],
      [0, 1],
    ]);
    expect(() => standardise.fit(d.take(0), "x")).toThrow(tagged("InvalidArgument"));
  });

  test("bytes become 0 to 1, and images change their shape", () => {
    const d = dataset({
      image: fromTypedArray([2, 2, 2], Uint8Array.of(0, 51, 102, 255, 1, 2, 3, 4)),
    });
    const scaled = unitScale(d, "image");
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
});

describe("validate", () => {
  const good = dataset({ x: zeros([2000, 3]), label: zeros([2000], "u8") });
  const check = (
    ...arguments_: Parameters<
      typeof validate<{ x: Tensor<readonly [3]>; label: Tensor<readonly []> }>
    >
  ) => Effect.runSync(Effect.flip(validate(...arguments_)));

  test("passes what is good", () => {
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
