import * as Effect from "effect/Effect";
import { identity } from "rxjs";
import { describe, expect, it } from "vitest";
import { meanLoss } from "../../../src/nn/metrics/regression.ts";
import { clip, sgd } from "../../../src/optim/index.ts";
import { key } from "../../../src/tensor/key.ts";
import { isPipeline, lacks } from "../../../src/train/isPipeline.ts";
import type * as combinators from "../../../src/train/pipeline/overrides.ts";
import * as made from "../../../src/train/pipeline/overrides.ts";
import { type AnyPipeline, pipeline } from "../../../src/train/pipeline/pipeline.ts";
import { small } from "../examples.ts";

/** The combinators that change the learner. The tests of learners cover them. */
type OfLearner =
  | "withLearningRate"
  | "withOptimizerOptions"
  | "withOptimizer"
  | "withMetrics"
  | "withLoss"
  | "withAugmentation"
  | "withPrecision"
  | "withDtype"
  | "withLossScaling";
type Name = Exclude<Extract<keyof typeof combinators, `with${string}`>, OfLearner>;
type Changed = Partial<AnyPipeline>;
type Case = readonly [change: (of: typeof small) => AnyPipeline, changed: Changed];

const source = Effect.succeed({ train: undefined as never });
const baseline = { name: "none", scores: () => Effect.succeed({}) } as never;
const first = made.withBaseline(baseline)(small);
const called = made.withCallback(identity)(small);

/** The change that each combinator makes to a pipeline. A missing one does not compile. */
const cases: { readonly [N in Name]: readonly [Case, ...(readonly Case[])] } = {
  withEpochs: [[made.withEpochs(9), { epochs: 9 }]],
  withBatchSize: [
    [made.withBatchSize(9), { batchSize: 9 }],
    [made.withBatchSize(9, { dropRemainder: true }), { batchSize: 9, dropRemainder: true }],
  ],
  withSeed: [
    [made.withSeed(9), { seed: 9 }],
    // The pipeline that it starts from is random too.
    [
      () => made.withSeed(9)(made.withInitialState(small)(small)),
      { seed: 9, origin: { ...small, seed: 9 } },
    ],
  ],
  withShuffling: [[made.withShuffling(false), { shuffle: false }]],
  withDeterministic: [[made.withDeterministic(true), { deterministic: true }]],
  withData: [[made.withData(source), { source, available: Effect.void }]],
  withShards: [[made.withShards(9), { shards: 9 }]],
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
  const { name } = small;
  // The rows of a pipeline's learner were checked before.
  const learner = small.learner as Parameters<typeof pipeline>[2];

  it("has its documented defaults", () => {
    expect(pipeline(name, source, learner)).toEqual({
      ...{ _tag: "Pipeline", name, source, learner, refused: undefined, origin: undefined },
      ...{ description: "", available: Effect.void, shards: 1, units: {} },
      ...{ epochs: 1, batchSize: 32, dropRemainder: false, shuffle: true, seed: 0 },
      ...{ deterministic: false, validationShare: 0, baselines: [], operators: [] },
    });
  });

  it("keeps the given fields", () => {
    const given = { description: "d", available: Effect.succeed(1), epochs: 3, shards: 4 };
    expect(pipeline(name, source, learner, given)).toMatchObject(given);
  });
});

/** Invalid values for each field, beside a missing one. */
const wrong: { readonly [K in keyof AnyPipeline]: readonly unknown[] } = {
  _tag: ["Other", 1],
  name: [1],
  description: [1],
  source: [1, {}, () => Effect.void],
  available: [1, {}],
  data: [1, "files"],
  card: [1, "vision"],
  units: [1, "nats", null, { loss: 1 }],
  learner: [null, 1, "init step", {}, { init: 1 }, { step: 1 }, () => 1],
  refused: [1, "no"],
  epochs: ["1"],
  batchSize: ["1"],
  dropRemainder: [1],
  shuffle: [1],
  seed: ["1"],
  deterministic: [1],
  validationShare: ["1"],
  shards: ["1"],
  origin: [1, null, {}, { ...small, seed: "1" }],
  baselines: [1, {}],
  operators: [1, {}],
};
const optional = ["data", "card", "refused", "origin"];

describe("a value tagged as a pipeline", () => {
  it.each(Object.entries<readonly unknown[]>(wrong))("needs a valid %s", (field, values) => {
    const { [field as keyof typeof small]: _, ...without } = small;
    const named = field === "_tag" ? undefined : [field];
    for (const value of values) expect(lacks({ ...small, [field]: value })).toEqual(named);
    expect(lacks(without)).toEqual(optional.includes(field) ? [] : named);
  });

  it("may start from another", () => {
    expect(isPipeline({ ...small, origin: small })).toBe(true);
    for (const other of [undefined, null, 1, "Pipeline", {}, () => small])
      expect(lacks(other)).toBeUndefined();
  });
});

/** The first tree that a pipeline carries and the names of its metrics: what shows of its learner's settings. */
const shown = ({ learner }: AnyPipeline) => ({
  carried: learner.init(key(1)),
  metrics: learner.metrics.map(({ name }) => name),
});

describe("a setting of the learner", () => {
  it("is the learner's own, and leaves the rest of the pipeline as it is", () => {
    const { learner, ...rest } = made.withOptimizer(sgd({ learningRate: 9 }))(small);
    const { learner: before, ...same } = small;
    expect(rest).toEqual(same);
    expect(shown(small).carried).not.toEqual(learner.init(key(1)));
    expect(before).toBe(small.learner);
  });

  it("is measured, where it is a metric", () => {
    expect(shown(made.withMetrics({ ...meanLoss, name: "other" })(small)).metrics).toEqual([
      "loss",
      "other",
    ]);
    expect(shown(made.withMetrics()(small)).metrics).toEqual(["loss"]);
  });

  it.each([
    ["a negative rate", made.withLearningRate(-1), "learningRate"],
    ["a rate that is no number", made.withLearningRate(Number.NaN), "learningRate"],
  ])("is refused, and said: %s", (_, change, field) => {
    expect(change(small).refused).toMatchObject({ field });
  });

  it("is refused where the optimizer has no rate", () => {
    const of = made.withLearningRate(1)(made.withOptimizer(clip(1))(small));
    expect(of.refused?.expected).toContain("has none to replace");
  });
});
