import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { check } from "../../laws/law.ts";
import { type Drawing, oneDrawPerKey } from "../../laws/randomness/draws.ts";
import { holds } from "../../laws/vitest.ts";
import {
  type Augmentation,
  augmentations,
  cutout,
  randomCrop,
  randomFlip,
  randomPatch,
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
  type Tensor,
  tensor,
  vmap,
} from "../../src/index.ts";
import { parameter } from "../../src/ir/build.ts";
import { layerStanding } from "../backend/standing.ts";

const [height, width] = [3, 4];
type Image = readonly (readonly number[])[];

/** An image in which every pixel has a different nonzero number. */
const image: Image = Array.from({ length: height }, (_, r) =>
  Array.from({ length: width }, (_, c) => 10 * (r + 1) + c),
);

const toTensor = (of: Image): Tensor =>
  tensor(of.map((row) => row.map((pixel) => [pixel, -pixel])));

const count = 300;
const keys = stackTensors(split(key(5), count));
const batch = stackTensors(Array.from({ length: count }, () => toTensor(image)));

/** The results of an augmentation for many keys; the second channel is checked against the first. */
const augmented = (
  change: Augmentation,
  backend: typeof Backend.layerWasm | typeof Backend.layerReference = layerStanding,
): readonly Image[] => {
  const all = vmap((x: Expr, own: Expr<readonly [2]>) => change(x, own));
  const program = Effect.runSync(Effect.provide(compile(all, [batch, keys]), backend));
  const made = program(
    batch,
    keys as Tensor<readonly [number, 2]>,
  ).toArray() as readonly (readonly (readonly [number, number][])[])[];
  return made.map((rows) =>
    rows.map((row) =>
      row.map(([first, second]) => {
        expect(second + first).toBe(0);
        return first;
      }),
    ),
  );
};

const moved = (down: number, right: number): Image =>
  image.map((row, r) => row.map((_, c) => image[r + down]?.[c + right] ?? 0));

/** How often each of the possible images occurred. */
const counts = (made: readonly Image[], possible: readonly Image[]): readonly number[] => {
  const texts = possible.map((p) => JSON.stringify(p));
  const found = made.map((m) => texts.indexOf(JSON.stringify(m)));
  return possible.map((_, i) => found.filter((at) => at === i).length);
};

const total = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

describe("randomFlip", () => {
  it("mirrors about half of the images and leaves the others", () => {
    const mirrored = image.map((row) => row.toReversed());
    const [kept = 0, flipped = 0] = counts(augmented(randomFlip()), [image, mirrored]);
    expect(kept + flipped).toBe(count);
    // Six standard deviations of a fair coin.
    expect(Math.abs(kept - count / 2)).toBeLessThan(6 * Math.sqrt(count / 4));
  });

  it("mirrors along another axis, always or never", () => {
    const upsideDown = image.toReversed();
    const always = augmented(randomFlip({ axis: 0, probability: 1 }));
    expect(counts(always, [upsideDown])).toEqual([count]);
    expect(counts(augmented(randomFlip({ probability: 0 })), [image])).toEqual([count]);
  });
});

describe("randomCrop", () => {
  it("shifts images by up to the padding, all shifts equally likely, and fills with zeros", () => {
    const ways = [-1, 0, 1].flatMap((down) => [-1, 0, 1].map((right) => moved(down, right)));
    const found = counts(augmented(randomCrop(1)), ways);
    expect(total(found)).toBe(count);
    const [expected, deviation] = [count / 9, Math.sqrt(count * (1 / 9) * (8 / 9))];
    for (const n of found) expect(Math.abs(n - expected)).toBeLessThan(6 * deviation);
  });

  it("leaves images unchanged without padding", () => {
    expect(counts(augmented(randomCrop(0)), [image])).toEqual([count]);
  });
});

describe("randomPatch", () => {
  it("cuts a square out of an image, all places equally likely", () => {
    const places = [0, 1].flatMap((top) => [0, 1, 2].map((left) => [top, left] as const));
    const ways = places.map(([top, left]) =>
      image.slice(top, top + 2).map((row) => row.slice(left, left + 2)),
    );
    const found = counts(augmented(randomPatch(2)), ways);
    expect(total(found)).toBe(count);
    const [expected, deviation] = [count / 6, Math.sqrt(count * (1 / 6) * (5 / 6))];
    for (const n of found) expect(Math.abs(n - expected)).toBeLessThan(6 * deviation);
  });

  it("cuts the only place where a size just fits", () => {
    const ways = [0, 1].map((left) => image.map((row) => row.slice(left, left + 3)));
    expect(total(counts(augmented(randomPatch(3)), ways))).toBe(count);
  });
});

describe("cutout", () => {
  const without = (row: number, column: number, size: number): Image =>
    image.map((pixels, r) =>
      pixels.map((pixel, c) => {
        const [down, right] = [r - row + Math.floor(size / 2), c - column + Math.floor(size / 2)];
        return down >= 0 && down < size && right >= 0 && right < size ? 0 : pixel;
      }),
    );
  const centers = image.flatMap((row, r) => row.map((_, c) => [r, c] as const));

  it.each([1, 2, 3])("blanks a square of %i around any pixel", (size) => {
    const ways = centers.map(([r, c]) => without(r, c, size));
    const found = counts(augmented(cutout(size)), ways);
    expect(total(found)).toBe(count);
    for (const n of found) expect(n).toBeGreaterThan(0);
  });
});

describe("every augmentation", () => {
  const all = {
    randomFlip: randomFlip(),
    randomCrop: randomCrop(2),
    cutout: cutout(2),
    randomPatch: randomPatch(2),
    several: augmentations(randomFlip(), randomCrop(1), cutout(1)),
  };

  it.each(Object.entries(all))("%s is the same for the same key, on both backends", (_, change) => {
    const once = augmented(change);
    expect(augmented(change)).toEqual(once);
    expect(augmented(change, Backend.layerReference)).toEqual(once);
  });

  it("gives each of several augmentations its own key", () => {
    const twice = augmented(augmentations(randomFlip(), randomFlip()));
    const [same = 0] = counts(twice, [image]);
    // With one key for both, each image would be mirrored twice or not at all.
    expect(same).toBeLessThan(count);
    expect(augmented(augmentations())[0]).toEqual(image);
  });

  it.each(Object.entries(all).slice(0, 4))(
    "%s reports an input that is no image",
    (name, change) => {
      const flat = tensor([1, 2, 3, 4]) as Tensor;
      const failure = Effect.runSync(
        Effect.flip(Effect.provide(compile(change, [flat, key(0)]), Backend.layerReference)),
      );
      expect(failure).toBeInstanceOf(CompileError);
      expect((failure as CompileError).causes[0]).toMatchObject({ path: [name] });
    },
  );

  it.each([
    () => randomFlip({ probability: 1.5 }),
    () => randomFlip({ probability: Number.NaN }),
    () => randomCrop(-1),
    () => randomCrop(0.5),
    () => cutout(0),
    () => randomPatch(0),
  ])("refuses an argument out of range: %s", (make) => {
    expect(make).toThrow(InvalidArgument);
  });
});

describe("keys", () => {
  const shown = (name: string, change: Augmentation): Drawing => ({
    name,
    build: (own) => [change(parameter({ shape: [4, 4, 2], dtype: "f32" }), own)],
  });

  holds(
    [oneDrawPerKey],
    [
      shown("randomFlip", randomFlip()),
      shown("randomCrop", randomCrop(2)),
      shown("cutout", cutout(2)),
      shown("randomPatch", randomPatch(2)),
      shown("several", augmentations(randomFlip(), randomCrop(1), cutout(1), randomFlip())),
      shown("nested", augmentations(augmentations(cutout(1), cutout(1)), cutout(1))),
    ],
    { runs: 1 },
  );

  it("one key for two draws is noticed", () => {
    const both = shown("both", (image, own) => cutout(1)(cutout(1)(image, own), own));
    expect(isLeft(check(oneDrawPerKey, both, { runs: 1 }))).toBe(true);
  });
});
