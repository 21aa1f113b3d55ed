import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { Backend as Service } from "../../src/backend/backend.ts";
import {
  Backend,
  confusionMatrix,
  type Dataset,
  evaluate,
  ReverseMode,
  type Row,
  train$,
  withBatchSize,
  withData,
  withEpochs,
  withLearningRate,
  withMetrics,
  withOptimizer,
} from "../../src/index.ts";
import { clip } from "../../src/optim/index.ts";
import { type AnyPipeline, initialState } from "../../src/train/index.ts";
import { backends, collect, points, small } from "./examples.ts";

const of: AnyPipeline = withMetrics(confusionMatrix(3))(small);
const scoreOf = (examples: Dataset<Row>, sized: AnyPipeline = of) =>
  Effect.runPromise(Effect.provide(evaluate(sized, initialState(sized), examples), backends.wasm));

describe("the evaluation of many examples", () => {
  const examples = points(200, 5);
  const one = scoreOf(examples, withBatchSize(200)(of));

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
    const { loss, confusion } = await one;
    const other = await scoreOf(examples);
    expect(other.confusion).toEqual(confusion);
    expect(other.loss).toBeCloseTo(loss, 5);
  });
});

it("a run compiles a program for each size of a batch once, however many epochs there are", async () => {
  let compiled = 0;
  const counting = Layer.effect(
    Service,
    Effect.map(Service, (backend) => ({
      ...backend,
      compile: (...args: Parameters<typeof backend.compile>) => {
        compiled++;
        return backend.compile(...args);
      },
    })),
  );
  const services = Layer.merge(
    Layer.provide(counting, Backend.layerReference),
    ReverseMode.layerTape,
  );
  const held = withData(Effect.succeed({ train: points(50), validation: points(70, 9) }))(small);
  await collect(train$(withEpochs(3)(held), { services }));
  // Steps of 16 and of 2, evaluations of 64 and of 6.
  expect(compiled).toBe(4);
});

it("a pipeline has an initial state where the rate that it was given suits no optimizer", () => {
  const plain = withOptimizer(clip(1))(small);
  expect(initialState(pipe(plain, withLearningRate(0.1)))).toEqual(initialState(plain));
});
