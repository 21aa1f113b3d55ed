import * as fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { tensor } from "../../src/tensor/constructors.ts";
import { equal } from "../../src/tensor/equality.ts";
import {
  bernoulli,
  categorical,
  foldIn,
  type Key,
  key,
  normal,
  permutation,
  split,
  uniform,
} from "../../src/tensor/key.ts";
import { randomBits, threefry2x32 } from "../../src/tensor/threefry.ts";

const hex = (words: Iterable<number>): readonly string[] =>
  Array.from(words, (w) => (w >>> 0).toString(16).padStart(8, "0"));

describe("Threefry-2x32-20", () => {
  test("gives the known-answer vectors of Random123", () => {
    expect(hex(threefry2x32(0, 0, 0, 0))).toEqual(["6b200159", "99ba4efe"]);
    expect(hex(threefry2x32(-1, -1, -1, -1))).toEqual(["1cb996fc", "bb002be7"]);
    expect(hex(threefry2x32(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3))).toEqual([
      "c4923a9c",
      "483df7a0",
    ]);
  });

  test("randomBits lays blocks out as documented, and shorter draws are prefixes", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), fc.nat(70), (a, b, n) => {
        const bits = randomBits(a, b, n);
        expect(bits.length).toBe(n);
        for (const [e, word] of bits.entries())
          expect(threefry2x32(a, b, 4 * (e >> 3) + (e & 3), 0)[(e >> 2) & 1]).toBe(word);
      }),
    );
  });
});

describe("keys", () => {
  test("are i32 tensors of two words, and different seeds differ", () => {
    expect(key(42).dtype).toBe("i32");
    expect(key(42).toArray()).toEqual([0, 42]);
    const seeds = [0, 1, -1, 2 ** 32, 2 ** 32 + 1, 2 ** 52, -(2 ** 40), 2 ** 32 - 1];
    const distinct = new Set(seeds.map((s) => key(s).toString()));
    expect(distinct.size).toBe(seeds.length);
    for (const seed of [0.5, Number.NaN, 1e300, 5e-324])
      expect(() => key(seed)).toThrow(expect.objectContaining({ argument: "seed" }));
  });

  test("split into different keys, reproducibly", () => {
    const keys = split(key(1), 1000);
    expect(new Set(keys.map(String)).size).toBe(1000);
    const [a, b] = split(key(1), 2);
    expectTypeOf(split(key(1), 2)).toEqualTypeOf<readonly [Key, Key]>();
    expect(equal(a, keys[0] as Key) && equal(b, keys[1] as Key)).toBe(true);
    expect(() => split(key(1), -1)).toThrow(expect.objectContaining({ _tag: "InvalidArgument" }));
  });

  test("fold in different numbers, distinct from splits", () => {
    const folded = Array.from({ length: 1000 }, (_, i) => String(foldIn(key(1), i)));
    const all = [...folded, ...split(key(1), 1000).map(String), String(key(1))];
    expect(new Set(all).size).toBe(2001);
    expect(foldIn(key(1), 5).toString()).toBe(foldIn(key(1), 5).toString());
  });
});

const mean = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
const variance = (x: readonly number[]): number => {
  const m = mean(x);
  return mean(x.map((v) => (v - m) ** 2));
};
/** Pearson's statistic of counts against expected counts. */
const chiSquare = (counts: readonly number[], expected: readonly number[]): number =>
  counts.reduce(
    (sum, c, i) => sum + (c - (expected[i] as number)) ** 2 / (expected[i] as number),
    0,
  );
const counted = (x: readonly number[], bins: number): readonly number[] => {
  const counts = new Array<number>(bins).fill(0);
  for (const v of x) counts[v] = (counts[v] as number) + 1;
  return counts;
};
const n = 100_000;
const values = (x: { toTypedArray(): ArrayLike<number> }): readonly number[] =>
  Array.from(x.toTypedArray());

describe("distributions, at fixed seeds", () => {
  test.each(["f32", "f64"] as const)("uniform in %s", (dtype) => {
    const u = values(uniform(key(7), [n], { dtype }));
    expect(u.every((v) => v >= 0 && v < 1)).toBe(true);
    expect(Math.abs(mean(u) - 1 / 2)).toBeLessThan(4 / Math.sqrt(12 * n));
    expect(Math.abs(variance(u) - 1 / 12)).toBeLessThan(4 * Math.sqrt(1 / 180 / n));
    // With 99 degrees of freedom, the statistic is above 148.2 once in 1000 draws.
    const counts = counted(
      u.map((v) => Math.floor(v * 100)),
      100,
    );
    expect(chiSquare(counts, new Array<number>(100).fill(n / 100))).toBeLessThan(148.2);
    const serial = mean(u.slice(1).map((v, i) => (v - 0.5) * ((u[i] as number) - 0.5)));
    expect(Math.abs(serial)).toBeLessThan(4 / 12 / Math.sqrt(n));
  });

  test("uniform stays within its bounds", () => {
    const u = values(uniform(key(3), [1000], { low: -2, high: 6 }));
    expect(u.every((v) => v >= -2 && v < 6)).toBe(true);
    expect(Math.min(...u)).toBeLessThan(-1.9);
    expect(Math.max(...u)).toBeGreaterThan(5.9);
  });

  test.each(["f32", "f64"] as const)("normal in %s", (dtype) => {
    const z = values(normal(key(11), [n], { dtype }));
    expect(z.every(Number.isFinite)).toBe(true);
    expect(Math.abs(mean(z))).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(variance(z) - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(mean(z.map((v) => v ** 3)))).toBeLessThan(4 * Math.sqrt(15 / n));
    expect(Math.abs(mean(z.map((v) => v ** 4)) - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
    // The normal distribution function at -2, -1, 0, 1, 2: Abramowitz and Stegun, table 26.1.
    const cdf = [0, 0.0227501319, 0.1586552539, 0.5, 0.8413447461, 0.9772498681, 1];
    const expected = cdf.slice(1).map((c, i) => (c - (cdf[i] as number)) * n);
    const counts = counted(
      z.map((v) => Math.min(5, Math.max(0, Math.floor(v) + 3))),
      6,
    );
    // With 5 degrees of freedom, the statistic is above 20.52 once in 1000 draws.
    expect(chiSquare(counts, expected)).toBeLessThan(20.52);
  });

  test("bernoulli", () => {
    const b = bernoulli(key(5), 0.3, [n]);
    expect(b.dtype).toBe("bool");
    expect(Math.abs(mean(values(b)) - 0.3)).toBeLessThan(4 * Math.sqrt(0.21 / n));
    expect(mean(values(bernoulli(key(5), 0, [1000])))).toBe(0);
    expect(mean(values(bernoulli(key(5), 1, [1000])))).toBe(1);
    expect(() => bernoulli(key(5), 1.5, [1])).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument" }),
    );
  });

  test("permutation is a permutation, and all orders are equally likely", () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(50), (seed, size) => {
        const sorted = values(permutation(key(seed), size)).toSorted((a, b) => a - b);
        expect(sorted).toEqual(Array.from({ length: size }, (_, i) => i));
      }),
    );
    const orders = split(key(9), 6000).map((k) => {
      const [a = 0, b = 0] = values(permutation(k, 3));
      return 2 * a + (b > (a === 2 ? 0 : a === 1 ? 0 : 1) ? 1 : 0);
    });
    const counts = counted(orders, 6);
    // With 5 degrees of freedom, the statistic is above 20.52 once in 1000 draws.
    expect(chiSquare(counts, new Array<number>(6).fill(1000))).toBeLessThan(20.52);
  });

  test("categorical follows the softmax of its logits", () => {
    const logits = tensor([0, Math.log(2), Number.NEGATIVE_INFINITY, Math.log(5)], "f64");
    const draws = values(categorical(key(13), logits, n));
    const counts = counted(draws, 4);
    expect(counts[2]).toBe(0);
    const seen = [counts[0], counts[1], counts[3]] as readonly number[];
    // With 2 degrees of freedom, the statistic is above 13.82 once in 1000 draws.
    expect(chiSquare(seen, [n / 8, n / 4, (n * 5) / 8])).toBeLessThan(13.82);
    expect(() => categorical(key(1), tensor([Number.NaN]), 1)).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument" }),
    );
  });

  test("the same key gives the same bits", () => {
    expect(equal(normal(key(2), [5, 7]), normal(key(2), [5, 7]))).toBe(true);
    expect(equal(normal(key(2), [5, 7]), normal(key(3), [5, 7]))).toBe(false);
  });
});
