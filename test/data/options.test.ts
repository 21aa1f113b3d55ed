import * as Effect from "effect/Effect";
import { describe, expect, test } from "vitest";
import { optionLaws } from "../../laws/options.ts";
import { dataOptions } from "../../laws/registry/options/data.ts";
import { mustHoldHere } from "../../laws/vitest.ts";
import {
  type Augmentation,
  cutout,
  dataset,
  padSequences,
  randomCrop,
  randomFlip,
  randomPatch,
  standardScaler,
  validate,
  vocabulary,
} from "../../src/data/index.ts";
import { Backend, compile, key } from "../../src/index.ts";
import { parameter } from "../../src/ir/build.ts";
import { hash } from "../../src/ir/hash/hash.ts";
import { program } from "../../src/ir/program.ts";
import { tensor, zeros } from "../../src/tensor/constructors.ts";

describe("every numeric argument of data", () => {
  test.each(dataOptions)("$name", (option) => {
    mustHoldHere(optionLaws, option);
  });
});

/** Identifies an augmentation by its effect. */
const written = (change: Augmentation, height = 4, width = 6): string => {
  const [image, key] = [
    parameter({ shape: [height, width, 2], dtype: "f32" }),
    parameter({ shape: [2], dtype: "i32" }),
  ];
  return hash(program([image, key], [change(image, key as Parameters<Augmentation>[1])]));
};

const compiled = (change: Augmentation) =>
  Effect.provide(compile(change, [zeros([4, 6, 2]), key(0)]), Backend.layerReference);

const rows = dataset({
  x: tensor([
    [1, 2],
    [3, 5],
    [4, 4],
  ]),
});

describe("omitted options have their documented defaults", () => {
  const rare = [["a", "b"], ["b"]];
  test.each<readonly [string, unknown, unknown]>([
    ["randomFlip", written(randomFlip()), written(randomFlip({ axis: 1, probability: 0.5 }))],
    [
      "padded",
      padSequences([[1], []], 2).toArray(),
      padSequences([[1], []], 2, { padding: 0, side: "end" }).toArray(),
    ],
    [
      "vocabulary",
      vocabulary(rare).tokens,
      vocabulary(rare, { special: [], minCount: 1, limit: Number.POSITIVE_INFINITY }).tokens,
    ],
    [
      "standardize",
      standardScaler.fit(rows, "x").scale.toArray(),
      standardScaler.fit(rows, "x", { per: "feature" }).scale.toArray(),
    ],
    ["batch", rows.batch(2).count, rows.batch(2, { dropRemainder: false }).count],
    ["split", rows.split(0.5)[0].all().x.toArray(), rows.split([2, 1])[0].all().x.toArray()],
  ])("%s", (_, without, with_) => {
    expect(without).toEqual(with_);
  });

  test("a given option makes a difference", () => {
    expect(written(randomFlip())).not.toBe(written(randomFlip({ axis: 0 })));
    expect(written(randomFlip())).not.toBe(written(randomFlip({ probability: 0.25 })));
    expect(padSequences([[1]], 2, { side: "start" }).toArray()).toEqual([[0, 1]]);
    expect(rows.batch(2, { dropRemainder: true }).count).toBe(1);
    const nan = dataset({ x: tensor([Number.NaN]) });
    expect(Effect.runSync(Effect.flip(validate(nan)))).toMatchObject({ _tag: "NonFiniteData" });
    expect(Effect.runSync(validate(nan, { finite: false }))).toBe(nan);
  });
});

test("an augmentation that may leave nothing of an image is reported when compiled", () => {
  expect(() => written(cutout(4), 4, 6)).not.toThrow();
  for (const change of [cutout(5), randomCrop(4), randomPatch(5)]) {
    const failure = Effect.runSync(Effect.flip(compiled(change)));
    expect(failure).toMatchObject({
      _tag: "CompileError",
      causes: [{ _tag: "ShapeMismatch", expected: "an image of at least 5 × 5 pixels" }],
    });
  }
});
