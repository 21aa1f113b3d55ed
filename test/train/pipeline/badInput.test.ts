import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { lastValueFrom, tap } from "rxjs";
import { describe, expect, it } from "vitest";
import { isFluxionError } from "../../../src/errors/failure.ts";
import {
  accuracy,
  adam,
  batchNorm,
  binaryAccuracy,
  compile,
  DataSourceError,
  type Dataset,
  dataset,
  dense,
  type Expr,
  evaluate,
  flatten,
  formatError,
  type Key,
  key,
  meanSquaredError,
  named,
  pipeline,
  type Row,
  relu,
  resume$,
  type Splits,
  sequential,
  sgd,
  softmaxCrossEntropy,
  supervised,
  type Tensor,
  type TrainEvent,
  tensor,
  train$,
  vmap,
  withAugmentation,
  withBatchSize,
  withData,
  withEpochs,
  withLearningRate,
  withMetrics,
  withOptimizer,
  withSeed,
  withValidationSplit,
  zeros,
} from "../../../src/index.ts";
import { concatenate, sum } from "../../../src/ir/index.ts";
import { open, within } from "../../../src/nn/apply.ts";
import { reshape } from "../../../src/nn/index.ts";
import { clip, constantSchedule } from "../../../src/optim/index.ts";
import {
  type AnyPipeline,
  initialState,
  type Services,
  summarize,
} from "../../../src/train/index.ts";
import { constants, contextOf } from "../../nn/evaluated.ts";
import { backends, bitsOf, collect, lastOf, small } from "../examples.ts";

const services = backends.wasm;

/** The error of a run, and the events before it. */
const failure = async (
  of: AnyPipeline,
): Promise<{ readonly error: unknown; readonly events: readonly TrainEvent[] }> => {
  const events: TrainEvent[] = [];
  try {
    await lastValueFrom(train$(of, { services }).pipe(tap((event) => events.push(event))));
  } catch (error) {
    return { error, events };
  }
  throw new Error("the run did not fail");
};

const on = (train: Dataset<Row>) => withData(Effect.succeed({ train }));

const labeled = (labels: readonly number[]): Dataset<Row> =>
  dataset({ x: zeros([labels.length, 4]), label: tensor([...labels], "i32") });

const withNaN = dataset({
  x: tensor([
    [0, 0, 0, 0],
    [0, Number.NaN, 0, 0],
  ]),
  label: tensor([0, 1], "i32"),
});

const shapes = pipeline(
  "shapes",
  Effect.succeed({ train: labeled([0, 1]) }),
  supervised({
    input: "x",
    target: "label",
    // The dynamic extent hides from the types that the second layer does not take what the first gives.
    model: sequential(dense(4, 8 as number), relu, dense(9 as number, 3)),
    loss: softmaxCrossEntropy,
    optimizer: sgd({ learningRate: 0 }),
  }),
);

describe("before the run starts", () => {
  const cases: readonly (readonly [
    what: string,
    of: AnyPipeline,
    error: { readonly _tag: string },
  ])[] = [
    ["a batch size of 0", withBatchSize(0)(small), { _tag: "InvalidBatchSize" }],
    [
      "a batch size that is not a whole number",
      withBatchSize(2.5)(small),
      { _tag: "InvalidBatchSize" },
    ],
    ["a batch larger than the data", withBatchSize(51)(small), { _tag: "InvalidBatchSize" }],
    ["no epochs", withEpochs(0)(small), { _tag: "InvalidPipeline" }],
    ["half an epoch", withEpochs(0.5)(small), { _tag: "InvalidPipeline" }],
    ["a seed that is not a whole number", withSeed(0.1)(small), { _tag: "InvalidPipeline" }],
    ["a negative learning rate", withLearningRate(-1)(small), { _tag: "InvalidPipeline" }],
    [
      "a learning rate for an optimizer without one",
      pipe(small, withOptimizer(clip(1)), withLearningRate(0.1)),
      { _tag: "InvalidPipeline" },
    ],
    [
      "an infinite learning rate",
      withLearningRate(Number.POSITIVE_INFINITY)(small),
      { _tag: "InvalidPipeline" },
    ],
    ["a learning rate of NaN", withLearningRate(Number.NaN)(small), { _tag: "InvalidPipeline" }],
    ["everything held out", withValidationSplit(1)(small), { _tag: "InvalidPipeline" }],
    [
      "two metrics of one name",
      withMetrics(accuracy, binaryAccuracy())(small),
      { _tag: "InvalidPipeline" },
    ],
    ["an empty dataset", on(labeled([]))(small), { _tag: "EmptyDataset" }],
    [
      "a label out of range",
      on(labeled([0, 1, 3, 2, ...Array<number>(12).fill(0)]))(small),
      { _tag: "LabelOutOfRange" },
    ],
    ["NaN in the data", pipe(small, on(withNaN), withBatchSize(2)), { _tag: "NonFiniteData" }],
    [
      "a missing column",
      pipe(small, on(dataset({ z: zeros([20, 4]), label: zeros([20]) }))),
      { _tag: "UnknownColumn" },
    ],
    [
      "data that cannot be loaded",
      withData(Effect.fail(new DataSourceError({ source: "a", reason: "b" })))(small),
      { _tag: "DataSourceError" },
    ],
    [
      "validation data without the target",
      withData(
        Effect.succeed<Splits<Row>>({
          train: labeled(Array<number>(16).fill(0)),
          validation: dataset({ x: zeros([2, 4]) }),
        }),
      )(small),
      { _tag: "UnknownColumn" },
    ],
    ["shapes that do not compose", withBatchSize(2)(shapes), { _tag: "CompileError" }],
  ];

  it.each(cases)("%s is a typed error with an explanation", async (_, of, expected) => {
    const { error, events } = await failure(of);
    expect(error).toMatchObject(expected);
    expect(isFluxionError(error) && formatError(error)).toMatch(/fix: /);
    expect(events).toEqual([]);
  });

  it.each([
    ["a learning rate of 0", withLearningRate(0)(small)],
    ["a schedule as learning rate", withLearningRate(constantSchedule(0.1))(small)],
    ["an optimizer without a rate", withOptimizer(clip(1))(small)],
    ["a negative seed", withSeed(-7)(small)],
    ["a validation split of 0", withValidationSplit(0)(small)],
    ["a validation split of 0.9", pipe(small, withValidationSplit(0.9), withBatchSize(5))],
    ["a batch of all examples", withBatchSize(50)(small)],
  ] as readonly (readonly [string, AnyPipeline])[])("accepts %s", async (_, of) => {
    const events = await collect(train$(withEpochs(1)(of), { services }));
    expect(lastOf(events, "Completed").epoch).toBe(1);
  });

  it("names the layer where shapes do not compose", async () => {
    const { error } = await failure(withBatchSize(2)(shapes));
    expect(isFluxionError(error) && formatError(error)).toContain("3:dense");
  });

  it("a state of another pipeline is refused, with the path of the difference", async () => {
    const other = pipe(
      pipeline(
        "other",
        Effect.succeed({ train: labeled([0, 1]) }),
        supervised({
          input: "x",
          target: "label",
          model: sequential(dense(4, 9), relu, relu, dense(9, 3)),
          loss: softmaxCrossEntropy,
          optimizer: adam({ learningRate: 0.1 }),
        }),
      ),
      withBatchSize(2),
    );
    const { state } = lastOf(await collect(train$(other, { services })), "Completed");
    await expect(
      collect(resume$<unknown, never>(small, state, { services })),
    ).rejects.toMatchObject({
      _tag: "StateMismatch",
      part: "params",
    });
  });
});

describe("a state outside the run", () => {
  it.each([
    ["batch", { batch: 99 }],
    ["epoch", { epoch: -1 }],
    ["step", { step: Number.NaN }],
    ["key", { key: zeros([3]) as Tensor as Key }],
    // What is no object has no parts.
    ["params", { carried: undefined }],
    ["params", { carried: null }],
    ["params", { carried: 5 }],
  ] as const)("is refused for its %s", async (part, changed) => {
    const begun = initialState<unknown>(small);
    const state = { ...begun, ...changed };
    await expect(
      collect(resume$<unknown, never>(small, state, { services })),
    ).rejects.toMatchObject({ _tag: "StateMismatch", part });
  });
});

describe("evaluate and summarize", () => {
  const failing = <A, E>(work: Effect.Effect<A, E, Services>): Promise<unknown> =>
    Effect.runPromise(Effect.flip(Effect.provide(work, services)));
  const fresh = initialState<unknown>(small);

  it("require the pipeline's columns", async () => {
    const unlabeled = dataset({ x: zeros([2, 4]) });
    expect(await failing(evaluate(small, fresh, unlabeled))).toMatchObject({
      _tag: "UnknownColumn",
      column: "label",
    });
    const other = pipe(small, on(dataset({ z: zeros([20, 4]), label: zeros([20]) })));
    expect(await failing(summarize(other))).toMatchObject({ _tag: "UnknownColumn", column: "x" });
  });

  it("is evaluated in a state of the pipeline", async () => {
    const state = { ...fresh, carried: { ...small.learner.init(key(0)), params: [] } };
    expect(await failing(evaluate(small, state, labeled([0])))).toMatchObject({
      _tag: "StateMismatch",
      part: "params",
      actual: "no leaves",
    });
  });
});

describe("batch statistics of a batch of one", () => {
  const normalizing = pipeline(
    "normalizing",
    Effect.succeed({ train: labeled([0, 1, 2]) }),
    supervised({
      input: "x",
      target: "label",
      model: sequential(dense(4, 8), named("block", sequential(batchNorm(8), relu)), dense(8, 3)),
      loss: softmaxCrossEntropy,
      optimizer: sgd({ learningRate: 0 }),
    }),
  );
  const few = {
    _tag: "CompileError",
    causes: [
      {
        ...{ _tag: "TooFewExamples", axis: "batch", examples: 1, least: 2 },
        path: ["2:block", "block", "1:batchNorm 8"],
      },
    ],
  };

  it.each([
    ["of size 1", withBatchSize(1)],
    ["at the end of an epoch", withBatchSize(2)],
  ])("%s are a typed error before the run, with the layer's name", async (_, sized) => {
    const { error, events } = await failure(sized(normalizing));
    expect(error).toMatchObject(few);
    expect(isFluxionError(error) && formatError(error)).toMatch(
      /in 2:block\.block\.1:batchNorm 8\n.*fix: use larger batches: withBatchSize\(n\).*dropRemainder/,
    );
    expect(events).toEqual([]);
  });

  it("are fine if the remainder is dropped, or with several positions", async () => {
    const dropping = withBatchSize(2, { dropRemainder: true })(normalizing);
    expect(lastOf(await collect(train$(dropping, { services })), "Completed").state.step).toBe(1);
    const spread = pipeline(
      "spread",
      Effect.succeed({ train: labeled([0, 1]) }),
      supervised({
        input: "x",
        target: "label",
        model: sequential(reshape([2, 2]), batchNorm(2), flatten, dense(4, 3)),
        loss: softmaxCrossEntropy,
        optimizer: sgd({ learningRate: 0 }),
      }),
    );
    const { state } = lastOf(
      await collect(train$(withBatchSize(1)(spread), { services })),
      "Completed",
    );
    expect(state.step).toBe(2);
  });

  it("are reported under a user's vmap too, and are fine in evaluation", () => {
    const layer = batchNorm(3);
    const { params, state } = layer.init(key(0));
    const over = (mode: "train" | "eval") =>
      Effect.runSync(
        Effect.result(
          compile(
            vmap(
              (x: Expr) =>
                within("norm", open(layer), constants(params), constants(state), x, {
                  ...contextOf(mode),
                })[0],
              { axis: "batch" },
            ),
            [zeros([1, 3])],
          ).pipe(Effect.provide(services)),
        ),
      );
    expect(over("eval")).toMatchObject({ _tag: "Success" });
    expect(over("train")).toMatchObject({
      failure: { causes: [{ _tag: "TooFewExamples", examples: 1, path: ["norm"] }] },
    });
  });
});

it("an augmentation that changes the shape is reported once, at the first layer", async () => {
  const { error } = await failure(withAugmentation((x) => concatenate([x, x]))(small));
  expect(error).toMatchObject({ _tag: "CompileError" });
  expect(isFluxionError(error) && formatError(error)).toContain("dense 4 → 8");
});

const growing = dataset({ x: tensor([[1], [2]]), y: tensor([1, 2]) });

/** Each step multiplies the error by a large number, until it is infinite. */
const diverging = pipe(
  pipeline(
    "diverging",
    Effect.succeed({ train: growing }),
    supervised({
      input: "x",
      target: "y",
      model: dense(1, 1),
      loss: (output: Expr, target: Expr) => meanSquaredError(sum(output), target),
      optimizer: adam({ learningRate: 1e37 }),
    }),
  ),
  withBatchSize(2),
  withEpochs(50),
);

describe("a learning rate that diverges", () => {
  it("ends the run with NonFinite, and the last finite state is kept", async () => {
    const { error, events } = await failure(diverging);
    expect(error).toMatchObject({ _tag: "NonFinite" });
    const carried = events.filter(
      (event) => event._tag === "EpochCompleted" || event._tag === "Started",
    );
    const sound = carried.at(-1);
    expect(sound).toBeDefined();
    expect(JSON.stringify(sound && bitsOf(sound.state))).not.toContain("0000c07f");
  });
});
