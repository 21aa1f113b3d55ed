import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Expr } from "../../../src/ir/expr.ts";
import {
  categoricalPolicy,
  clippedSurrogate,
  discountedReturns,
  gaussianPolicy,
  generalizedAdvantages,
  type Rewarded,
  type Valued,
} from "../../../src/learn/reinforcement/index.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { key } from "../../../src/tensor/key.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { ran } from "../environments/playing.ts";

const numbers = (x: unknown): readonly number[] => Array.from((x as Tensor).toTypedArray());
const bools = (flags: readonly number[]): Tensor => tensor([...flags], "bool");

/** Steps in plain numbers. */
interface Plain {
  readonly reward: readonly number[];
  readonly value: readonly number[];
  readonly next: readonly number[];
  readonly done: readonly number[];
  readonly truncated: readonly number[];
}
const stepsOf = ({ reward, value, next, done, truncated }: Plain) => ({
  ...{ reward: tensor([...reward]), value: tensor([...value]), next: tensor([...next]) },
  ...{ done: bools(done), truncated: bools(truncated) },
});

const example: Plain = {
  reward: [1, 1, 1, 1],
  value: [1, 2, 3, 4],
  next: [2, 9, 8, 6],
  done: [0, 1, 0, 0],
  truncated: [0, 0, 1, 0],
};
const advantages = (plain: Plain, discount: number, lambda: number) =>
  numbers(ran((s: Valued) => generalizedAdvantages(s, { discount, lambda }), stepsOf(plain)));

describe("generalizedAdvantages", () => {
  it("is the example worked by hand", () => {
    // δ = 1 + 2/2 - 1, 1 - 2 where done, 1 + 8/2 - 3 where truncated, 1 + 6/2 - 4; A₀ = 1 + ¼ · -1.
    expect(advantages(example, 0.5, 0.5)).toEqual([0.75, -1, 2, 0]);
  });

  it("does not look at what follows the end of an episode", () => {
    expect(advantages({ ...example, next: [2, Number.NaN, 8, 6] }, 0.5, 0.5)).toEqual([
      0.75, -1, 2, 0,
    ]);
  });

  it("looks one step ahead with lambda 0, and to the end with 1", () => {
    expect(advantages(example, 0.5, 0)).toEqual([1, -1, 2, 0]);
    // G₀ = 1 + 1/2, G₁ = 1, G₂ = 1 + 8/2, G₃ = 1 + 6/2.
    expect(advantages(example, 0.5, 1)).toEqual([0.5, -1, 2, 0]);
  });

  const flag = fc.integer({ min: 0, max: 3 });
  const real = fc.double({ min: -10, max: 10, noNaN: true });
  const sequences = fc
    .array(fc.record({ r: real, v: real, n: real, end: flag }), { minLength: 1, maxLength: 12 })
    .map(
      (steps): Plain => ({
        reward: steps.map(({ r }) => r),
        value: steps.map(({ v }) => v),
        next: steps.map(({ n }) => n),
        done: steps.map(({ end }) => (end === 1 ? 1 : 0)),
        truncated: steps.map(({ end }) => (end === 2 ? 1 : 0)),
      }),
    );
  /** The definition: a sum of discounted surprises to the end of the episode. */
  const defined = ({ reward, value, next, done, truncated }: Plain, g: number, l: number) =>
    reward.map((_, t) => {
      let [total, weight] = [0, 1];
      for (let i = t; i < reward.length; i++) {
        total += weight * ((reward[i] ?? 0) + (done[i] ? 0 : g * (next[i] ?? 0)) - (value[i] ?? 0));
        if (done[i] || truncated[i]) break;
        weight *= g * l;
      }
      return total;
    });
  const differs = (of: typeof advantages) =>
    fc.check(
      fc.property(
        sequences,
        fc.constantFrom(0, 0.5, 0.9, 1),
        fc.constantFrom(0, 0.8, 1),
        (s, g, l) => {
          const expected = defined(s, g, l);
          return of(s, g, l).every((x, i) => Math.abs(x - (expected[i] ?? 0)) < 1e-3);
        },
      ),
      { numRuns: 20, seed: 1, endOnFailure: true, examples: [[example, 0.5, 0.5]] },
    ).failed;

  it("is its definition, for any sequence", () => {
    expect(differs(advantages)).toBe(false);
  });

  it("would not be, if a time limit ended what an episode is worth, or did not end it", () => {
    const all = ({ done, truncated }: Plain) => done.map((d, i) => (d || truncated[i] ? 1 : 0));
    expect(differs((s, g, l) => advantages({ ...s, done: all(s) }, g, l))).toBe(true);
    const never = ({ truncated }: Plain) => truncated.map(() => 0);
    expect(differs((s, g, l) => advantages({ ...s, truncated: never(s) }, g, l))).toBe(true);
  });
});

describe("discountedReturns", () => {
  it("sums to the end of each episode, discounted", () => {
    const steps = stepsOf({ ...example, reward: [1, 2, 3, 4], truncated: [0, 0, 0, 0] });
    const returns = ran((s: Rewarded) => discountedReturns(s, { discount: 0.5 }), steps);
    expect(numbers(returns)).toEqual([2, 2, 5, 4]);
  });

  it.each([-0.1, 1.5, Number.NaN])("does not take a discount of %d", (discount) => {
    expect(() =>
      ran((s: Rewarded) => discountedReturns(s, { discount }), stepsOf(example)),
    ).toThrow(expect.objectContaining({ _tag: "InvalidArgument", argument: "discount" }));
  });
});

describe("categoricalPolicy", () => {
  const said = (legal?: Tensor) =>
    ran(
      (logits: Expr, mask?: Expr) => {
        const policy = categoricalPolicy(logits, mask);
        return [policy.logProbability(policy.mode), policy.entropy, policy.mode];
      },
      ...[tensor([0, Math.log(3), 0]), ...(legal ? [legal] : [])],
    ) as readonly Tensor[];

  it("has the probabilities and the entropy of a softmax", () => {
    const [log, entropy, mode] = said().map((x) => x.item());
    expect(log).toBeCloseTo(Math.log(0.6), 6);
    expect(entropy).toBeCloseTo(0.4 * Math.log(5) + 0.6 * Math.log(5 / 3), 6);
    expect(mode).toBe(1);
  });

  it("never draws what is not legal", () => {
    const legal = tensor([1, 0, 1], "bool");
    const [log, entropy, mode] = said(legal).map((x) => x.item());
    expect(log).toBeCloseTo(Math.log(0.5), 6);
    expect(entropy).toBeCloseTo(Math.log(2), 6);
    expect(mode).toBe(0);
    const drawn = Array.from({ length: 8 }, (_, seed) =>
      (
        ran(
          (k: Expr, logits: Expr, mask: Expr) => categoricalPolicy(logits, mask).sample(k as never),
          ...[key(seed), tensor([0, 5, 0]), legal],
        ) as Tensor
      ).item(),
    );
    expect(new Set(drawn)).toEqual(new Set([0, 2]));
  });
});

describe("gaussianPolicy", () => {
  it("has the density and the entropy of independent normal numbers", () => {
    const [log, entropy] = (
      ran(
        (mean: Expr, logDeviation: Expr, action: Expr) => {
          const policy = gaussianPolicy(mean, logDeviation);
          return [policy.logProbability(action), policy.entropy];
        },
        ...[tensor([1, -1]), tensor([0, Math.log(2)]), tensor([2, 1])],
      ) as readonly Tensor[]
    ).map((x) => x.item());
    expect(log).toBeCloseTo(-1 - Math.log(2) - Math.log(2 * Math.PI), 5);
    expect(entropy).toBeCloseTo(Math.log(2 * Math.PI * Math.E) + Math.log(2), 5);
  });
});

describe("clippedSurrogate", () => {
  it("stops where the ratio has moved far enough towards the advantage", () => {
    const ratios = [1.5, 1.5, 0.5, 0.5, 1.1];
    const surrogate = ran(
      (logProbability: Expr, advantage: Expr, before: Expr) =>
        clippedSurrogate({ logProbability, before, advantage }, { clip: 0.2 }),
      ...[tensor(ratios.map(Math.log)), tensor([1, -1, 1, -1, 2]), tensor([0, 0, 0, 0, 0])],
    );
    const expected = [1.2, -1.5, 0.5, -0.8, 2.2];
    for (const [i, x] of numbers(surrogate).entries()) expect(x).toBeCloseTo(expected[i] ?? 0, 6);
  });
});
