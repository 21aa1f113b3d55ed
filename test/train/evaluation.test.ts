import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { Backend as Service } from "../../src/backend/backend.ts";
import {
  Backend,
  confusionMatrix,
  type Dataset,
  dataset,
  evaluate,
  formatError,
  ReverseMode,
  type Row,
  tensor,
  train$,
  withBatchSize,
  withData,
  withEpochs,
  withLearningRate,
  withMetrics,
  withOptimizer,
  zeros,
} from "../../src/index.ts";
import { clip } from "../../src/optim/index.ts";
import { type AnyPipeline, initialState } from "../../src/train/index.ts";
import { backends, collect, points, small } from "./examples.ts";

const of: AnyPipeline = withMetrics(confusionMatrix(3))(small);
const scoreOf = (examples: Dataset<Row>, sized: AnyPipeline = of) =>
  Effect.runPromise(Effect.provide(evaluate(sized, initialState(sized), examples), backends.wasm));

describe("the evaluation of many examples", () => {
  const examples = points(200, 5);

  // It takes 64 together or the pipeline's batch, if that is larger; the last batch may be smaller.
  it.each([
    [150, 16],
    [128, 16],
    [65, 64],
    [64, 1],
    [199, 99],
    [200, 67],
  ])("is that of its parts, each example counted once: %i with batches of %i", async (n, size) => {
    const parts = [0, 50, 100, 150].map((from) => examples.take(n).skip(from).take(50));
    const scores = await Promise.all(
      parts
        .filter((part) => part.size > 0)
        .map(async (part) => [part.size, await scoreOf(part)] as const),
    );
    const mean = (value: (score: (typeof scores)[number][1]) => number) =>
      scores.reduce((sum, [count, score]) => sum + count * value(score), 0) / n;
    const whole = await scoreOf(examples.take(n), withBatchSize(size)(of));
    expect(whole.loss).toBeCloseTo(
      mean(({ loss }) => loss),
      5,
    );
    expect(whole.metrics.accuracy).toBeCloseTo(
      mean(({ metrics }) => metrics.accuracy ?? Number.NaN),
      10,
    );
    const counted = scores.map(([, { confusion }]) => confusion?.counts.flat() ?? []);
    expect(whole.confusion?.counts.flat()).toEqual(
      Array.from({ length: 9 }, (_, i) =>
        counted.reduce((sum, counts) => sum + (counts[i] ?? 0), 0),
      ),
    );
  });

  it("does not depend on the size of a batch", async () => {
    const { loss, confusion } = await scoreOf(examples, withBatchSize(200)(of));
    const other = await scoreOf(examples);
    expect(other.confusion).toEqual(confusion);
    expect(other.loss).toBeCloseTo(loss, 5);
  });
});

it.each([
  // Steps of 16 and of 2, evaluations of 64 and of 6.
  [16, 70, [16, 64, 6, 2]],
  [25, 128, [25, 64]],
  [50, 70, [50, 64, 6]],
  [50, 20, [50, 20]],
  [70, 140, [70]],
])(
  "a run compiles a program for each size of a batch once, however many epochs there are: %i, and %i held out",
  async (size, held, sizes) => {
    const compiled: (number | undefined)[] = [];
    const noting = Layer.effect(
      Service,
      Effect.map(Service, (backend) => ({
        ...backend,
        compile: (...args: Parameters<typeof backend.compile>) => {
          compiled.push(args[0].inputs.at(-1)?.shape[0]);
          return backend.compile(...args);
        },
      })),
    );
    const services = Layer.merge(
      Layer.provide(noting, Backend.layerReference),
      ReverseMode.layerTape,
    );
    const train = points(Math.max(50, size));
    const run = pipe(
      small,
      withData(Effect.succeed({ train, validation: points(held, 9) })),
      withBatchSize(size),
      withEpochs(2),
    );
    await collect(train$(run, { services }));
    expect(new Set(compiled)).toEqual(new Set(sizes));
    expect(compiled).toHaveLength(size === held / 2 ? 2 : sizes.length);
  },
);

describe("the examples of an evaluation", () => {
  const failing = (examples: Dataset<Row>) =>
    Effect.runPromise(
      Effect.flip(Effect.provide(evaluate(of, initialState(of), examples), backends.wasm)),
    );

  it("have labels of the pipeline's classes, and finite numbers", async () => {
    const strange = dataset({ x: zeros([2, 4]), label: tensor([0, 3], "i32") });
    expect(await failing(strange)).toMatchObject({ _tag: "LabelOutOfRange", value: 3 });
    const x = tensor([[0, 0, 0, Number.NaN]]);
    expect(await failing(dataset({ x, label: zeros([1], "i32") }))).toMatchObject({
      _tag: "NonFiniteData",
    });
    const nothing = await failing(dataset({ x: zeros([0, 4]), label: zeros([0], "i32") }));
    expect(formatError(nothing)).toContain("points: evaluated data");
  });

  it("have any labels where the pipeline has no classes", async () => {
    const free: AnyPipeline = { ...of, learner: { ...of.learner, limits: [] } };
    const found = await scoreOf(dataset({ x: zeros([2, 4]), label: tensor([0, 2], "i32") }), free);
    expect(found.loss).toBeGreaterThan(0);
  });
});

it("a pipeline has an initial state where the rate that it was given suits no optimizer", () => {
  const plain = withOptimizer(clip(1))(small);
  expect(initialState(pipe(plain, withLearningRate(0.1)))).toEqual(initialState(plain));
});
