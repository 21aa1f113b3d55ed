import * as fc from "fast-check";
import { dataset } from "../../src/data/dataset.ts";
import type { Sampler } from "../../src/data/source/source.ts";
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
