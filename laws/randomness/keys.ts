import * as fc from "fast-check";
import type { Key } from "../../src/tensor/key.ts";
import { record } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { uniform } from "../values/hostile.ts";

/** A function that makes a key from an integer. */
export interface KeyMaker {
  readonly name: string;
  readonly keyOf: (n: number) => Key;
}

/** Integers near the powers of two where 32-bit words end. */
const wholes = fc
  .tuple(
    fc.constantFrom(0, 8, 16, 24, 31, 32, 33, 40, 52),
    fc.integer({ min: -2, max: 2 }),
    fc.constantFrom(1, -1),
  )
  .map(([power, by, sign]) => sign * (2 ** power + by));

/** Different numbers give different keys, also at the ends of 32-bit words. */
export const distinctKeys: Law<KeyMaker> = law(
  "distinct keys",
  "m ≠ n → key(m) ≠ key(n), up to 2⁵³",
  ({ keyOf }: KeyMaker) => ({
    given: record({ m: wholes, n: wholes }),
    breach: ({ m, n }) =>
      m !== n && String(keyOf(m)) === String(keyOf(n))
        ? `${m} and ${n} make the key ${keyOf(m)}`
        : undefined,
  }),
);

/** A random draw, and its documented mean and variance. */
export interface Sampler {
  readonly name: string;
  readonly draw: (key: Key, count: number) => ArrayLike<number>;
  readonly mean: number;
  readonly variance: number;
  /** The smallest and the greatest possible draw. */
  readonly range: readonly [least: number, greatest: number];
}

/** Samples have the distribution's mean and variance, to six standard errors, and stay in its range. */
export const moments = (keyOf: (seed: number) => Key, count = 20_000): Law<Sampler> =>
  law("moments", "|mean - μ| ≤ 6σ/√n, |var - σ²| ≤ 6σ²·√(κ/n)", (sampler: Sampler) => ({
    given: fc.integer({ min: 0, max: 1e6 }),
    breach: (seed: number) => {
      // Divided by the deviation, so that no square overflows.
      const { mean, variance, range } = sampler;
      const deviation = Math.sqrt(variance);
      const drawn = Array.from(sampler.draw(keyOf(seed), count));
      const wild = drawn.find((x) => !(x >= range[0] && x <= range[1]));
      if (wild !== undefined) return `${wild} is not from ${range[0]} to ${range[1]}`;
      const standard = drawn.map((x) => x / deviation - mean / deviation);
      const first = standard.reduce((s, z) => s + z, 0) / count;
      const second = standard.reduce((s, z) => s + z * z, 0) / count;
      const fourth = standard.reduce((s, z) => s + z ** 4, 0) / count;
      if (Math.abs(first) > 6 / Math.sqrt(count)) return `the mean is ${first} deviations off`;
      return Math.abs(second - 1) > 6 * Math.sqrt(Math.max(fourth, 1) / count)
        ? `the variance is ${second} times what it is to be`
        : undefined;
    },
  }));

/** A random event with probability `p`, decided by comparing random words with a threshold. */
export interface Chances {
  readonly name: string;
  readonly chanceOf: (p: number) => {
    readonly words: number;
    readonly high: number;
    readonly low: number;
  };
}

/** An event has the requested probability, to 23 bits, however rare. */
export const resolution: Law<Chances> = law(
  "resolution of chances",
  "|P - p| ≤ 2⁻²³ p, for p from 2⁻³⁹ to 1",
  ({ chanceOf }: Chances) => ({
    given: fc.oneof(
      uniform(-39, 0).map((power) => 2 ** power),
      fc.constantFrom(0, 1, 2 ** -30, 1 - 2 ** -30),
    ),
    breach: (p: number) => {
      const { words, high, low } = chanceOf(p);
      const chance = words === 1 ? high / 2 ** 32 : high / 2 ** 32 + low / 2 ** 64;
      return Math.abs(chance - p) <= p * 2 ** -23 ? undefined : `${chance} for ${p}`;
    },
  }),
);
