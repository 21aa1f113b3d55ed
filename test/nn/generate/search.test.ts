import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Continuation, DecodingFailure } from "../../../src/nn/generate/decoder.ts";
import { applyTemperature, likeliestOf, sampleToken } from "../../../src/nn/generate/sampling.ts";
import { beamSearch, greedySearch, sampleSequence } from "../../../src/nn/generate/search.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { categorical, key, normal } from "../../../src/tensor/key.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";

/** A model that always gives the same logits. */
const saying = (logits: Tensor<readonly [number]>): Continuation<undefined> => ({
  name: "constant",
  vocabulary: logits.shape[0],
  start: undefined,
  next: () => Effect.succeed({ logits, state: undefined }),
});

const ways: {
  readonly [name: string]: (
    c: Continuation<undefined>,
    length: number,
  ) => Effect.Effect<unknown, DecodingFailure>;
} = {
  greedy: (c, length) => greedySearch(c, { from: [0], length }),
  sampling: (c, length) => sampleSequence(c, key(1), { from: [0], length, topK: 5, topP: 0.9 }),
  "beam search": (c, length) => beamSearch(c, { from: [0], length, width: 2 }),
};

describe.each(Object.entries(ways))("%s", (_, say) => {
  it.each([
    ["NaN among others", [1, Number.NaN, 0], Number.NaN],
    ["NaN everywhere", [Number.NaN, Number.NaN], Number.NaN],
    ["-∞ everywhere", [-Infinity, -Infinity], -Infinity],
    ["∞", [0, Infinity], Infinity],
  ] as const)("logits with %s are no distribution", (__, logits, value) => {
    const said = Effect.runSync(Effect.flip(say(saying(tensor([...logits])), 2)));
    expect(said).toMatchObject({
      _tag: "NonFiniteLogits",
      value,
      position: 1,
      path: ["constant"],
    });
  });

  it.each([[[-Infinity, 1]], [[1, -Infinity]], [[-Infinity, 1, -Infinity]]])(
    "logits %j define a distribution: tokens of -∞ are never generated",
    (logits) => {
      const said = Effect.runSync(say(saying(tensor(logits)), 2));
      const likeliest = logits.indexOf(1);
      expect(JSON.stringify(said)).toContain(JSON.stringify([likeliest, likeliest]));
    },
  );

  it("accepts a vocabulary of 128,256 tokens", () => {
    const logits = Tensor.own(
      [128_256],
      "f32",
      Float32Array.from({ length: 128_256 }, (__, i) => (i === 100_000 ? 30 : Math.sin(i))),
    );
    const said = Effect.runSync(say(saying(logits), 2));
    expect(JSON.stringify(said)).toContain("[100000,100000]");
  });

  it("refuses a length that is not a whole number", () => {
    for (const length of [2.5, -1, Number.NaN])
      expect(() => say(saying(tensor([0, 1])), length)).toThrow(
        expect.objectContaining({ _tag: "InvalidArgument", argument: "length" }),
      );
  });
});

describe("options of decoding", () => {
  const c = saying(tensor([0, 1]));
  it.each([
    [
      "temperature",
      () => sampleSequence(c, key(1), { from: [0], length: 0, temperature: Number.NaN }),
    ],
    ["topK", () => sampleSequence(c, key(1), { from: [0], length: 0, topK: 1.5 })],
    ["topP", () => sampleSequence(c, key(1), { from: [0], length: 0, topP: 0 })],
    ["until", () => greedySearch(c, { from: [0], length: 1, until: 2 })],
    ["until", () => beamSearch(c, { from: [0], length: 1, until: 2, width: 1 })],
    ["width", () => beamSearch(c, { from: [0], length: 1, width: 0 })],
    [
      "lengthPenalty",
      () => beamSearch(c, { from: [0], length: 1, width: 1, lengthPenalty: Number.NaN }),
    ],
  ] as const)("%s has a range", (argument, call) => {
    expect(call).toThrow(expect.objectContaining({ _tag: "InvalidArgument", argument }));
  });

  it("a temperature whose quotient overflows keeps the most likely token", () => {
    expect(applyTemperature(tensor([1, 3, 2]), 1e-42).toArray()).toEqual([-Infinity, 0, -Infinity]);
    expect(sampleToken(tensor([1, 3, 2]), { temperature: 2 }).toArray()).toEqual([0.5, 1.5, 1]);
  });
});

it.each([
  [0.5, [0, -Infinity]],
  [0.500001, [0, 0]],
  [1, [0, 0]],
])("of two equal tokens, a probability of %d is reached by the fewest tokens", (p, kept) => {
  expect(sampleToken(tensor([0, 0]), { topP: p }).toArray()).toEqual(kept);
});

it("the likeliest tokens, few or many, are those that sorting gives, the first of equal ones first", () => {
  expect(likeliestOf([1, 3, 2, 3, -Infinity], 3)).toEqual([1, 3, 2]);
  const logit = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constant(-Infinity));
  fc.assert(
    fc.property(fc.array(logit, { maxLength: 60 }), fc.integer({ min: 1, max: 64 }), (x, k) => {
      const sorted = [...x.keys()].sort((a, b) => (x[b] ?? 0) - (x[a] ?? 0) || a - b);
      expect(likeliestOf(x, k)).toEqual(sorted.slice(0, k));
    }),
  );
});

it("a class is drawn from 200,000 classes", () => {
  const logits = normal(key(3), [200_000]);
  expect(categorical(key(1), logits, 3).shape).toEqual([3]);
});
