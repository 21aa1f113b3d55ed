import * as fc from "fast-check";
import type { Row } from "../../src/data/dataset.ts";
import { dataset } from "../../src/data/dataset.ts";
import type { Sampled, Sampler } from "../../src/data/source/source.ts";
import { key } from "../../src/tensor/key.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { type Law, law } from "../law.ts";

/** A sampler of rows by their weights. */
export interface Sampling {
  readonly name: string;
  readonly sampler: (weights: readonly number[], rows: number, replacement: boolean) => Sampler;
}

const rowsOf = (n: number) => dataset({ row: Tensor.own([n], "i32", new Int32Array(n)) });

const weights = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 6 })
  .filter((some) => some.some((w) => w > 0));

/** Each row is drawn in proportion to its weight. */
export const drawnByWeight: Law<Sampling> = law(
  "drawn by weight",
  "E[count of i] = n wᵢ / Σ w, within six standard deviations; the same key draws the same",
  ({ sampler }: Sampling) => ({
    given: fc.tuple(weights, fc.nat(1000)),
    breach: ([some, seed]: readonly [readonly number[], number]) => {
      const n = 2000;
      const { draw } = sampler(some, n, true).of(rowsOf(some.length));
      const drawn = draw(key(seed));
      if (draw(key(seed)).join() !== drawn.join()) return "the same key draws others";
      const total = some.reduce((a, b) => a + b, 0);
      for (const [i, w] of some.entries()) {
        const [found, p] = [drawn.filter((row) => row === i).length, w / total];
        if (Math.abs(found - n * p) > 6 * Math.sqrt(n * p * (1 - p)))
          return `row ${i} of weight ${w} / ${total} comes ${found} times of ${n}`;
      }
      return undefined;
    },
  }),
);

/** Without replacement, no row repeats, none of weight 0 is drawn, and the first is drawn by weight. */
export const drawnOnce: Law<Sampling> = law(
  "drawn once",
  "without replacement rows differ, have a weight, and E[first = i] = wᵢ / Σ w",
  ({ sampler }: Sampling) => ({
    given: fc.tuple(weights, fc.nat(1000)),
    breach: ([some, seed]: readonly [readonly number[], number]) => {
      const possible = some.filter((w) => w > 0).length;
      const { draw } = sampler(some, possible, false).of(rowsOf(some.length));
      const [times, total] = [400, some.reduce((a, b) => a + b, 0)];
      const firsts = new Float64Array(some.length);
      for (let i = 0; i < times; i++) {
        const drawn = draw(key(1000 * seed + i));
        if (new Set(drawn).size !== possible) return `draws ${drawn.join(", ")}`;
        if (drawn.some((row) => some[row] === 0)) return "draws a row of weight 0";
        firsts[drawn[0] as number] = (firsts[drawn[0] as number] as number) + 1;
      }
      const odd = some.findIndex((w, i) => {
        const p = w / total;
        return (
          Math.abs((firsts[i] as number) - times * p) > 6 * Math.sqrt(times * p * (1 - p)) + 1e-9
        );
      });
      return odd < 0 ? undefined : `row ${odd} comes first ${firsts[odd]} times of ${times}`;
    },
  }),
);

export const samplerLaws: readonly Law<Sampling>[] = [drawnByWeight, drawnOnce];

/** A source whose batches are drawn anew, each row with the same probability; fillers have a weight of 0. */
export interface IndependentDraws {
  readonly name: string;
  readonly drawn: (rows: number, sampling: number, batchSize: number) => Sampled<Row>;
}

/** Each row is in each batch independently of all others, with the same probability. */
export const drawnIndependently: Law<IndependentDraws> = law(
  "drawn independently",
  "a batch has no row twice, and sizes and counts of rows have the mean and variance of independent draws",
  ({ drawn }: IndependentDraws) => ({
    given: fc.tuple(
      fc.integer({ min: 10, max: 40 }),
      fc.constantFrom(0.1, 0.3, 0.5, 1),
      fc.nat(1000),
    ),
    breach: ([n, q, seed]: readonly [number, number, number]) => {
      const { dataset: rows, draw, rows: perEpoch } = drawn(n, q, n);
      const weight = Tensor.read(rows.column("weight"));
      const row = Tensor.read(rows.column("row"));
      const [sizes, counts]: readonly [number[], Float64Array] = [[], new Float64Array(n)];
      // Some 200 batches, of as many epochs as that takes.
      for (let epoch = 0; sizes.length < 200; epoch++) {
        const order = draw(key(1000 * seed + epoch));
        if (order.length !== perEpoch || perEpoch % n !== 0) return "an epoch of another size";
        for (let at = 0; at < perEpoch; at += n) {
          const batch = [...order.subarray(at, at + n)].filter((i) => weight[i] === 1);
          const own = batch.map((i) => row[i] as number);
          if (new Set(own).size !== own.length) return `a batch of the rows ${own.join(", ")}`;
          for (const i of own) counts[i] = (counts[i] as number) + 1;
          sizes.push(own.length);
        }
      }
      const [times, variance] = [sizes.length, n * q * (1 - q)];
      const off = sizes.reduce((sum, size) => sum + (size - n * q) ** 2, 0) / times;
      // The mean of squares of a nearly normal size has a relative deviation of about √(2 / times).
      if (Math.abs(off - variance) > 6 * variance * Math.sqrt(3 / times) + 1e-9)
        return `sizes vary by ${off}, where ${variance} is expected`;
      const odd = counts.findIndex(
        (count) => Math.abs(count - times * q) > 6 * Math.sqrt(times * q * (1 - q)) + 1e-9,
      );
      return odd < 0 ? undefined : `row ${odd} is in ${counts[odd]} batches of ${times}`;
    },
  }),
);
