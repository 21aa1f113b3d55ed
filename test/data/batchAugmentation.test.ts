import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import {
  type Mixing,
  mixingLaws,
  partnersPermute,
  targetsFollowInputs,
} from "../../laws/data/mixing.ts";
import { check } from "../../laws/law.ts";
import { type Drawing, oneDrawPerKey } from "../../laws/randomness/draws.ts";
import { holds } from "../../laws/vitest.ts";
import { symmetricBeta } from "../../src/data/augmentation/beta.ts";
import {
  type Augmentation,
  type BatchAugmentation,
  batchAugmentations,
  cutmix,
  cutout,
  eachExample,
  frequencyMask,
  mixup,
  randomFlip,
  specAugment,
  timeMask,
  timeWarp,
} from "../../src/data/index.ts";
import {
  Backend,
  CompileError,
  compile,
  type Expr,
  InvalidArgument,
  key,
  split,
  stackTensors,
  tensor,
  vmap,
  zeros,
} from "../../src/index.ts";
import { parameter } from "../../src/ir/build.ts";
import { cast } from "../../src/ir/ops/control.ts";
import { add, mul, sub } from "../../src/ir/ops/elementwise.ts";
import { take } from "../../src/ir/ops/indexing.ts";
import type { KeyExpr } from "../../src/ir/ops/random.ts";
import { permutation, splitKey, uniform } from "../../src/ir/ops/random.ts";
import { reshape } from "../../src/ir/ops/structural.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { layerStanding } from "../backend/standing.ts";

const columns = { inputs: ["x"], targets: ["y"] };
const compiled = <A extends readonly Tensor[]>(f: (...xs: never[]) => Expr, inputs: A) =>
  Effect.runSync(Effect.provide(compile(f as never, inputs as never), layerStanding)) as (
    ...xs: A
  ) => Tensor;

describe("augmentations of batches", () => {
  holds(
    mixingLaws,
    [
      { name: "mixup", change: mixup(columns) },
      { name: "mixup alike", change: mixup({ ...columns, alpha: 2 }) },
      { name: "cutmix", change: cutmix(columns) },
      { name: "cutmix, little", change: cutmix({ ...columns, alpha: 0.3 }) },
    ],
    { runs: 40 },
  );
  holds(
    [targetsFollowInputs],
    [
      { name: "mixup of each", change: mixup({ ...columns, per: "example" }) },
      { name: "cutmix of each", change: cutmix({ ...columns, per: "example" }) },
    ],
    { runs: 40 },
  );

  const broken = (law: (typeof mixingLaws)[number], change: BatchAugmentation): boolean =>
    isLeft(check(law, { name: "mistaken", change } satisfies Mixing, { runs: 40 }));

  it("laws notice targets that are not mixed, or by the proportion of a box that was cut off", () => {
    const cut = cutmix(columns);
    const inputsOnly: BatchAugmentation = (batch, own) => ({ ...cut(batch, own), y: batch.y });
    expect(broken(targetsFollowInputs, inputsOnly)).toBe(true);
    // The mistake of mixing by λ itself, as if the box were always within the image.
    const uncorrected: BatchAugmentation = (batch, own) => {
      // The keys of cutmix: of its proportion and its partners.
      const [forShare, forPartners] = splitKey(own, 4);
      const share = reshape(symmetricBeta(forShare, 1, [1]), [1, 1]) as Expr;
      const y = batch.y as Expr;
      const partner = take(y, permutation(forPartners, 4));
      const mixed = add(mul(share, y), mul(sub(1, share), partner));
      return { ...cut(batch, own), y: mixed };
    };
    expect(broken(targetsFollowInputs, uncorrected)).toBe(true);
    // Partners that are drawn, and not permuted.
    const drawn: BatchAugmentation = (batch, own) => {
      const partners = cast(mul(uniform(own, [4]), 4), "i32");
      const of = (x: Expr): Expr => take(x, partners);
      return { ...batch, x: of(batch.x as Expr), y: of(batch.y as Expr) };
    };
    expect(broken(partnersPermute, drawn)).toBe(true);
  });

  it("the proportion is of the beta distribution: mean 1/2 and variance 1 / (4 (2 α + 1))", () => {
    const n = 8_000;
    for (const alpha of [0.05, 0.2, 1, 2.5, 40]) {
      const draw = compiled((own: KeyExpr) => symmetricBeta(own, alpha, [n]), [key(3)]);
      const shares = Array.from(Tensor.read(draw(key(3))));
      expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
      const variance = 1 / (4 * (2 * alpha + 1));
      const mean = shares.reduce((a, b) => a + b, 0) / n;
      expect(Math.abs(mean - 0.5)).toBeLessThan(6 * Math.sqrt(variance / n));
      const found = shares.reduce((sum, share) => sum + (share - 0.5) ** 2, 0) / n;
      // The fourth central moment is at most a quarter of the second.
      expect(Math.abs(found - variance)).toBeLessThan(6 * Math.sqrt(variance / 4 / n));
    }
  });

  it("known values: with α → ∞ mixup is the mean of two, and cutmix pastes half of the area", () => {
    const x = tensor([[1], [3]]);
    const mix = mixup({ inputs: ["x"], targets: [], alpha: 1e9 });
    const both = compiled((a: Expr, own: KeyExpr) => mix({ x: a }, own).x as Expr, [x, key(0)]);
    // With two examples, half of all keys pair each with itself.
    const means = Array.from({ length: 20 }, (_, seed) =>
      Array.from(both(x, key(seed)).toTypedArray(), (v) => Math.round(v * 1e3) / 1e3).join(),
    );
    expect([...new Set(means)].toSorted()).toEqual(["1,3", "2,2"]);
  });

  it("each example of a column has a key of its own", () => {
    const flip = eachExample("x", randomFlip({ axis: 0 }));
    const x = stackTensors(Array.from({ length: 200 }, () => tensor([1, 2])));
    const f = compiled((a: Expr, own: KeyExpr) => flip({ x: a, y: a }, own).x as Expr, [x, key(0)]);
    const flipped = (f(x, key(1)).toArray() as number[][]).filter(([first]) => first === 2).length;
    expect(Math.abs(flipped - 100)).toBeLessThan(6 * Math.sqrt(50));
  });

  it.each<readonly [string, BatchAugmentation, string]>([
    ["a column that is not there", mixup({ inputs: ["image"], targets: [] }), "ShapeMismatch"],
    ["a column of classes", mixup({ inputs: ["x"], targets: ["label"] }), "DtypeMismatch"],
    ["no image", cutmix({ inputs: ["y"], targets: [] }), "ShapeMismatch"],
    ["no column for each", eachExample("image", cutout(1)), "ShapeMismatch"],
  ])("say what is wrong: %s", (_, change, tag) => {
    const inputs = [zeros([2, 4, 4, 1]), zeros([2, 3]), zeros([2], "i32"), key(0)] as const;
    const failure = Effect.runSync(
      Effect.flip(
        Effect.provide(
          compile(
            ((x: Expr, y: Expr, label: Expr, own: KeyExpr) =>
              change({ x, y, label }, own).x) as never,
            inputs as never,
          ),
          Backend.layerReference,
        ),
      ),
    );
    expect(failure).toBeInstanceOf(CompileError);
    expect((failure as CompileError).causes[0]?._tag).toBe(tag);
  });

  it("refuse what is out of range", () => {
    expect(() => mixup({ ...columns, alpha: 0 })).toThrow(InvalidArgument);
    expect(() => mixup({ inputs: [], targets: [] })).toThrow(InvalidArgument);
    expect(() => cutmix({ ...columns, per: "row" as "batch" })).toThrow(InvalidArgument);
  });
});

describe("augmentations of spectrograms", () => {
  const [steps, channels, count] = [12, 5, 400];
  /** Each element has a number of its own, none of them 0, that grows with time. */
  const numbers = Float32Array.from({ length: steps * channels }, (_, i) => i + 1);
  const spectrogram = Tensor.own([steps, channels], "f32", numbers) as Tensor;
  const keys = stackTensors(split(key(5), count));
  const batch = stackTensors(Array.from({ length: count }, () => spectrogram));
  const made = (change: Augmentation): readonly (readonly number[])[] => {
    const all = compiled(vmap((x: Expr, own: KeyExpr) => change(x, own)) as never, [batch, keys]);
    const data = Array.from(Tensor.read(all(batch, keys)));
    return Array.from({ length: count }, (_, i) =>
      data.slice(i * steps * channels, (i + 1) * steps * channels),
    );
  };
  /** The time steps (axis 0) or the channels (axis 1) that are fully masked. Expects that nothing else is. */
  const maskedOf = (one: readonly number[], axis: 0 | 1): readonly number[] => {
    const extent = axis === 0 ? steps : channels;
    const places = Array.from({ length: extent }, (_, p) => p).filter((p) =>
      one.every((v, i) => (axis === 0 ? Math.floor(i / channels) : i % channels) !== p || v === 0),
    );
    expect(one.filter((v) => v === 0).length).toBe((places.length * steps * channels) / extent);
    expect(one.every((v, i) => v === 0 || v === numbers[i])).toBe(true);
    return places;
  };

  it.each([
    [0, timeMask(4)],
    [1, frequencyMask(4)],
  ] as const)(
    "masks along axis %i are consecutive, of each width and at each place alike",
    (axis, change) => {
      const masks = made(change).map((one) => maskedOf(one, axis));
      const extent = axis === 0 ? steps : channels;
      for (const mask of masks) expect(mask).toEqual(mask.map((_, i) => (mask[0] as number) + i));
      for (let width = 0; width <= 4; width++) {
        const of = masks.filter((mask) => mask.length === width);
        expect(Math.abs(of.length - count / 5)).toBeLessThan(6 * Math.sqrt((count * 4) / 25));
        const ways = width === 0 ? 1 : extent - width + 1;
        const starts = new Set(of.map((mask) => mask[0]));
        expect(starts.size).toBe(ways);
      }
    },
  );

  it("masks cover at most their share, several times, with any number", () => {
    const widths = made(timeMask(100, { share: 0.25 })).map((one) => maskedOf(one, 0).length);
    expect([...new Set(widths)].toSorted()).toEqual([0, 1, 2, 3]);
    const twice = made(timeMask(3, { count: 2 })).map((one) => maskedOf(one, 0));
    expect(twice.some((mask) => mask.length > 3)).toBe(true);
    expect(made(frequencyMask(0, { fill: 7 }))[0]).toEqual([...numbers]);
    const filled = made(frequencyMask(5, { fill: -1 })).flat();
    expect(filled.filter((v) => v === -1).length).toBeGreaterThan(0);
  });

  it("a warp moves one moment, keeps the ends and the order, and moves nothing further", () => {
    const most = 3;
    const shifts = new Set<number>();
    for (const one of made(timeWarp(most))) {
      // The number of an element says at which time it was.
      const times = Array.from(
        { length: steps },
        (_, t) => ((one[t * channels] as number) - 1) / channels,
      );
      expect(times[0]).toBe(0);
      expect(times.at(-1)).toBeCloseTo(steps - 1, 4);
      for (const [t, time] of times.entries()) {
        expect(Math.abs(time - t)).toBeLessThanOrEqual(most + 1e-4);
        if (t > 0) expect(time).toBeGreaterThan(times[t - 1] as number);
      }
      const far = times.reduce(
        (a, time, t) => (Math.abs(time - t) > Math.abs(a) ? time - t : a),
        0,
      );
      shifts.add(Math.round(far));
      // All channels move together.
      for (let i = 0; i < one.length; i++)
        expect((one[i] as number) - (one[i - (i % channels)] as number)).toBeCloseTo(
          i % channels,
          3,
        );
    }
    expect([...shifts].toSorted((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
  });

  it("known values: a warp by hand", () => {
    // Three steps more than the shift allow one moment: 1 of 0, 1, 2 for no shift.
    expect(made(timeWarp(0))[0]).toEqual([...numbers]);
  });

  it("SpecAugment is a warp and masks of both axes", () => {
    const all = made(specAugment({ warp: 2, frequency: 2, time: 3, timeMasks: 2 }));
    const kinds = all.map((one) =>
      [0, 1].map((axis) =>
        Array.from({ length: axis === 0 ? steps : channels }, (_, p) => p).some((p) =>
          one.every(
            (v, i) => (axis === 0 ? Math.floor(i / channels) : i % channels) !== p || v === 0,
          ),
        ),
      ),
    );
    expect(kinds.some(([inTime, inFrequency]) => inTime && inFrequency)).toBe(true);
    expect(all.flat().every(Number.isFinite)).toBe(true);
  });
});

describe("keys", () => {
  const ofBatch = (name: string, change: BatchAugmentation): Drawing => ({
    name,
    build: (own) => {
      const x = parameter({ shape: [3, 4, 4, 2], dtype: "f32" });
      const y = parameter({ shape: [3, 2], dtype: "f32" });
      return Object.values(change({ x, y }, own));
    },
  });
  const ofOne = (name: string, change: Augmentation): Drawing => ({
    name,
    build: (own) => [change(parameter({ shape: [9, 4], dtype: "f32" }), own)],
  });
  holds(
    [oneDrawPerKey],
    [
      ofBatch("mixup", mixup(columns)),
      ofBatch("cutmix", cutmix(columns)),
      ofBatch(
        "several",
        batchAugmentations(eachExample("x", randomFlip()), mixup(columns), cutmix(columns)),
      ),
      ofOne("timeMask", timeMask(3, { count: 2 })),
      ofOne("frequencyMask", frequencyMask(3)),
      ofOne("timeWarp", timeWarp(2)),
      ofOne("specAugment", specAugment({ warp: 2, timeMasks: 2, frequencyMasks: 2 })),
    ],
    { runs: 1 },
  );
});
