import * as Effect from "effect/Effect";
import { identity } from "rxjs";
import { describe, expect, it } from "vitest";
import { meanLoss } from "../../../src/nn/metrics/regression.ts";
import { sgd } from "../../../src/optim/index.ts";
import { isPipeline, lacks } from "../../../src/train/isPipeline.ts";
import type * as combinators from "../../../src/train/pipeline/overrides.ts";
import * as made from "../../../src/train/pipeline/overrides.ts";
import { type AnyPipeline, pipeline } from "../../../src/train/pipeline/pipeline.ts";
import { small } from "../examples.ts";

type Name = Extract<keyof typeof combinators, `with${string}`>;
type Changed = Partial<AnyPipeline>;
type Case = readonly [change: (of: typeof small) => AnyPipeline, changed: Changed];

const loss: AnyPipeline["loss"] = () => {
  throw new Error("not called");
};
const augment: NonNullable<AnyPipeline["augment"]> = (x) => x;
const data = Effect.succeed({ train: undefined as never });
const baseline = { name: "none", scores: () => Effect.succeed({}) } as never;
const still = sgd({ learningRate: 9 });
const first = made.withBaseline(baseline)(small);
const called = made.withCallback(identity)(small);

/** The change that each combinator makes to a pipeline. A missing one does not compile. */
const cases: { readonly [N in Name]: readonly [Case, ...(readonly Case[])] } = {
  withEpochs: [[made.withEpochs(9), { epochs: 9 }]],
  withBatchSize: [
    [made.withBatchSize(9), { batchSize: 9 }],
    [made.withBatchSize(9, { dropRemainder: true }), { batchSize: 9, dropRemainder: true }],
  ],
  withSeed: [[made.withSeed(9), { seed: 9 }]],
  withShuffling: [[made.withShuffling(false), { shuffle: false }]],
  withLearningRate: [[made.withLearningRate(9), { learningRate: 9 }]],
  withDeterministic: [[made.withDeterministic(true), { deterministic: true }]],
  withOptimizer: [
    [made.withOptimizer(still), { optimizer: still }],
    // A new optimizer comes with its own rate.
    [
      (of) => made.withOptimizer(still)(made.withLearningRate(9)(of)),
      { optimizer: still, learningRate: undefined },
    ],
  ],
  withMetrics: [
    [made.withMetrics(meanLoss), { metrics: [meanLoss] }],
    [made.withMetrics(), { metrics: [] }],
  ],
  withLoss: [[made.withLoss(loss as never), { loss }]],
  withAugmentation: [[made.withAugmentation(augment), { augment }]],
  withData: [[made.withData(data), { data, available: Effect.void }]],
  withInitialState: [[made.withInitialState(first), { origin: first }]],
  withValidationSplit: [[made.withValidationSplit(0.5), { validationShare: 0.5 }]],
  withBaseline: [
    [made.withBaseline(baseline), { baselines: [baseline] }],
    [() => made.withBaseline(baseline)(first), { baselines: [baseline, baseline] }],
  ],
  withCallback: [
    [made.withCallback(identity), { operators: [identity] }],
    [() => made.withCallback(identity)(called), { operators: [identity, identity] }],
  ],
};

describe.each(Object.entries<readonly Case[]>(cases))("%s", (_, all) => {
  it.each(all)("changes its own field and no other, case %#", (change, to) => {
    const before = { ...small };
    const after = change(small);
    expect(after).toEqual({ ...before, ...to });
    expect(small).toEqual(before);
    for (const [field, value] of Object.entries(after))
      if (!(field in to)) expect(value).toBe(small[field as keyof typeof small]);
    expect(isPipeline(after)).toBe(true);
  });
});

describe("a pipeline", () => {
  const { name, input, target, model, optimizer } = small;
  const spec = { data, input, target, model, loss, optimizer } as never as Parameters<
    typeof pipeline
  >[1];

  it("has its documented defaults", () => {
    expect(pipeline(name, spec)).toEqual({
      ...{ _tag: "Pipeline", name, data, input, target, model, loss, optimizer },
      ...{ description: "", available: Effect.void, classes: undefined, tokens: undefined },
      ...{ augment: undefined, learningRate: undefined, metrics: [], origin: undefined },
      ...{ epochs: 1, batchSize: 32, dropRemainder: false, shuffle: true, seed: 0 },
      ...{ deterministic: false, validationShare: 0, baselines: [], operators: [] },
    });
  });

  it("keeps the given fields", () => {
    const given = { description: "d", available: Effect.succeed(1), classes: 3, tokens: 4 };
    expect(pipeline(name, { ...spec, ...given } as never)).toMatchObject(given);
  });
});

/** Invalid values for each field, beside a missing one. */
const wrong: { readonly [K in keyof AnyPipeline]: readonly unknown[] } = {
  _tag: ["Other", 1],
  name: [1],
  description: [1],
  data: [1, {}, () => Effect.void],
  available: [1, {}],
  input: [1],
  target: [1],
  classes: ["3", null],
  tokens: ["3", null],
  model: [null, 1, "init apply", {}, { init: 1 }, { apply: 1 }, () => 1],
  loss: [1, {}],
  augment: [1, null],
  optimizer: [1, null, {}, { init: 1 }, { update: 1 }, () => 1],
  learningRate: ["1", null, {}],
  metrics: [1, {}],
  epochs: ["1"],
  batchSize: ["1"],
  dropRemainder: [1],
  shuffle: [1],
  seed: ["1"],
  deterministic: [1],
  validationShare: ["1"],
  origin: [1, null, {}, { ...small, seed: "1" }],
  baselines: [1, {}],
  operators: [1, {}],
};
const optional = ["classes", "tokens", "augment", "learningRate", "origin"];

describe("a value tagged as a pipeline", () => {
  it.each(Object.entries<readonly unknown[]>(wrong))("needs a valid %s", (field, values) => {
    const { [field as keyof typeof small]: _, ...without } = small;
    const named = field === "_tag" ? undefined : [field];
    for (const value of values) expect(lacks({ ...small, [field]: value })).toEqual(named);
    expect(lacks(without)).toEqual(optional.includes(field) ? [] : named);
  });

  it("may have a schedule, and start from another pipeline", () => {
    expect(isPipeline({ ...small, learningRate: () => 1 })).toBe(true);
    expect(isPipeline({ ...small, origin: small, classes: 3, tokens: 4, augment })).toBe(true);
    for (const other of [undefined, null, 1, "Pipeline", {}, () => small])
      expect(lacks(other)).toBeUndefined();
  });
});
