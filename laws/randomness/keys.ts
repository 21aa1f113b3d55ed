import * as fc from "fast-check";
import type { Key } from "../../src/tensor/key.ts";
import { record } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { uniform } from "../values/hostile.ts";

/** What makes keys of whole numbers. */
export interface KeyMaker {
  readonly name: string;
  readonly keyOf: (n: number) => Key;
}

/** Whole numbers about the powers of two at which words end. */
const wholes = fc
  .tuple(
    fc.constantFrom(0, 8, 16, 24, 31, 32, 33, 40, 52),
    fc.integer({ min: -2, max: 2 }),
    fc.constantFrom(1, -1),
  )
  .map(([power, by, sign]) => sign * (2 ** power + by));

/** 17: different numbers make different keys, at the ends of words too. */
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

/** Numbers drawn at random, and the mean and the variance that they are to have. */
export interface Sampler {
  readonly name: string;
  readonly draw: (key: Key, count: number) => ArrayLike<number>;
  readonly mean: number;
  readonly variance: number;
  /** From the least to the greatest that may be drawn. */
  readonly range: readonly [least: number, greatest: number];
}

const count = 20_000;

/** 17: samples have the distribution's mean and variance, to six standard errors, and stay in its range. */
export const moments = (keyOf: (seed: number) => Key): Law<Sampler> =>
  law("moments", "|mean - μ| ≤ 6σ/√n, |var - σ²| ≤ 6σ²·√(κ/n)", (sampler: Sampler) => ({
    given: fc.integer({ min: 0, max: 1e6 }),
    breach: (seed: number) => {
      // Of scale 1, so that no square is out of range.
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

/** What random words are compared with for a probability. */
export interface Chances {
  readonly name: string;
  readonly chanceOf: (p: number) => {
    readonly words: number;
    readonly high: number;
    readonly low: number;
  };
}

/** 17: an event has the requested probability, to 23 bits, however rare. */
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
