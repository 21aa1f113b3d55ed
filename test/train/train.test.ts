import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { take, tap } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  confusionMatrix,
  dataset,
  dense,
  type Expr,
  earlyStopping,
  evaluate,
  key,
  type Layer,
  meanSquaredError,
  pipeline,
  printProgress,
  resume$,
  sequential,
  sgd,
  softmaxCrossEntropy,
  supervised,
  type Tensor,
  tensor,
  train$,
  withAugmentation,
  withBatchSize,
  withEpochs,
  withInitialState,
  withLearningRate,
  withMetrics,
  withOptimizer,
  withSeed,
  withShuffling,
  withValidationSplit,
} from "../../src/index.ts";
import { add, axisMean, mul, random, sub, sum } from "../../src/ir/index.ts";
import { batchNorm, frozen } from "../../src/nn/index.ts";
import { f1, precision, recall } from "../../src/nn/metrics/index.ts";
import { uniform } from "../../src/tensor/index.ts";
import { initialState } from "../../src/train/state/initial.ts";
import {
  type BackendName,
  backends,
  bitsOf,
  collect,
  lastOf,
  losses,
  points,
  small,
} from "./examples.ts";

const names: readonly BackendName[] = ["reference", "wasm", "late 3"];

describe.each(names)("a run on %s", (name) => {
  const options = { services: backends[name] };

  it("emits its events in order", async () => {
    const events = await collect(train$(small, options));
    const epoch = ["EpochStarted", ...Array<string>(4).fill("StepCompleted"), "EpochCompleted"];
    const expected = [
      "Started",
      ...Array.from({ length: 5 }, () => epoch).flat(),
      "Validated",
      "Completed",
    ];
    expect(events.map((event) => event._tag)).toEqual(expected);
    expect(lastOf(events, "Started")).toMatchObject({
      stepsPerEpoch: 4,
      examples: 50,
      parameters: 67,
      backend: name,
    });
    expect(lastOf(events, "StepCompleted")).toMatchObject({
      epoch: 5,
      step: 20,
      learningRate: 0.02,
    });
  });

  it("learns", async () => {
    const events = await collect(train$(pipe(small, withEpochs(60)), options));
    expect(lastOf(events, "Completed").test?.metrics.accuracy).toBeGreaterThan(0.8);
  });

  it("leaves frozen params and statistics alone, under momentum and weight decay too", async () => {
    const frozenBody = sequential(frozen(sequential(dense(4, 8), batchNorm(8))), dense(8, 3));
    const tuning = pipe(
      pipeline(
        "tuning",
        Effect.succeed({ train: points(32) }),
        supervised({
          input: "x",
          target: "label",
          model: frozenBody,
          loss: softmaxCrossEntropy,
          optimizer: sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 0.1 }),
        }),
      ),
      withBatchSize(16),
      withEpochs(1),
    );
    const one = lastOf(await collect(train$(tuning, options)), "Completed").state;
    const more = lastOf(
      await collect(train$(pipe(tuning, withEpochs(3)), options)),
      "Completed",
    ).state;
    const [begun, first, last] = [initialState(tuning), one, more].map((state) => {
      const bits = bitsOf(state.carried) as {
        readonly params: unknown[];
        readonly layerState: unknown;
      };
      return { body: bits.params[0], head: bits.params[1], statistics: bits.layerState };
    });
    for (const after of [first, last]) {
      expect(after?.body).toEqual(begun?.body);
      expect(after?.statistics).toEqual(begun?.statistics);
    }
    expect(last?.head).not.toEqual(first?.head);
  });

  it("is a new run with the same bits for each subscription", async () => {
    const events$ = train$(small, options);
    const [first, second] = [await collect(events$), await collect(events$)];
    expect(losses(second)).toEqual(losses(first));
    expect(bitsOf(lastOf(second, "Completed").state)).toEqual(
      bitsOf(lastOf(first, "Completed").state),
    );
  });

  it("is unaffected by an interleaved subscription", async () => {
    const events$ = train$(small, options);
    const [first, second] = await Promise.all([collect(events$), collect(events$)]);
    expect(losses(second)).toEqual(losses(first));
  });

  it("differs for another seed", async () => {
    const [first, second] = [
      await collect(train$(small, options)),
      await collect(train$(pipe(small, withSeed(4)), options)),
    ];
    expect(losses(second)).not.toEqual(losses(first));
  });

  it("resumes from a state as if it had never stopped, bit for bit", async () => {
    const whole = await collect(train$(small, options));
    const part = await collect(train$(pipe(small, withEpochs(2)), options));
    const rest = await collect(resume$(small, lastOf(part, "Completed").state, options));
    expect([...losses(part), ...losses(rest)]).toEqual(losses(whole));
    expect(bitsOf(lastOf(rest, "Completed").state)).toEqual(
      bitsOf(lastOf(whole, "Completed").state),
    );
  });

  it("resumes from the middle of an epoch", async () => {
    const whole = await collect(train$(small, options));
    // One epoch of three batches equals the first epoch of four batches without its last.
    const three = pipe(small, withShuffling(false), withEpochs(1));
    const unshuffled = await collect(train$(three, options));
    const begun = await collect(
      train$(pipe(three, withBatchSize(16, { dropRemainder: true })), options),
    );
    const middle = { ...lastOf(begun, "Completed").state, epoch: 0, batch: 3 };
    const rest = await collect(resume$(three, middle, options));
    expect(bitsOf(lastOf(rest, "Completed").state)).toEqual(
      bitsOf(lastOf(unshuffled, "Completed").state),
    );
    expect(losses(whole)).not.toEqual(losses(unshuffled));
  });

  it("does not change the states that it emitted", async () => {
    let before: unknown;
    const events = await collect(
      train$(small, options).pipe(
        tap((event) => {
          if (event._tag === "EpochCompleted" && event.epoch === 1) before = bitsOf(event.state);
        }),
      ),
    );
    const first = events.find((event) => event._tag === "EpochCompleted");
    expect(first?._tag === "EpochCompleted" && bitsOf(first.state)).toEqual(before);
  });

  it("evaluates a state with the results of the run", async () => {
    const completed = lastOf(await collect(train$(small, options)), "Completed");
    const score = await Effect.runPromise(
      Effect.provide(evaluate(small, completed.state, points(30, 8)), options.services),
    );
    expect(score).toEqual(completed.test);
  });

  it("holds out validation examples, and stops early by them", async () => {
    const held = pipe(small, withValidationSplit(0.2), withEpochs(200), withLearningRate(0.5));
    const events = await collect(train$(held, options).pipe(earlyStopping({ patience: 2 })));
    expect(lastOf(events, "Started").examples).toBe(40);
    const validated = events.filter((event) => event._tag === "Validated");
    expect(validated.at(-2)).toMatchObject({ on: "validation", examples: 10 });
    const stopped = lastOf(events, "Stopped");
    expect(events.at(-1)).toBe(stopped);
    expect(stopped.epoch - stopped.state.epoch).toBe(2);
    // The test examples are evaluated with the kept state, even if the operator is outside the pipeline.
    const score = await Effect.runPromise(
      Effect.provide(evaluate(held, stopped.state, points(30, 8)), options.services),
    );
    expect(validated.at(-1)).toMatchObject({ on: "test", epoch: stopped.state.epoch, ...score });
    expect(stopped.test).toEqual({ loss: score.loss, metrics: score.metrics });
  });

  it("drops the incomplete last batch if requested", async () => {
    const events = await collect(
      train$(pipe(small, withBatchSize(16, { dropRemainder: true })), options),
    );
    expect(lastOf(events, "Started").stepsPerEpoch).toBe(3);
    expect(lastOf(events, "Completed").step).toBe(15);
  });
});

describe("a pipeline that starts from another", () => {
  const preTraining = pipe(small, withEpochs(2), withSeed(11));
  const fineTuning = pipe(small, withLearningRate(0.001), withEpochs(1));
  const both = pipe(fineTuning, withInitialState(preTraining));

  it("starts with the final params of the other", async () => {
    const events = await collect(train$(both, { services: backends.wasm }));
    const alone = lastOf(
      await collect(train$(preTraining, { services: backends.wasm })),
      "Completed",
    );
    const starts = events.flatMap((event) => (event._tag === "Started" ? [event.state] : []));
    expect(starts).toHaveLength(2);
    const [, second] = starts;
    expect(
      bitsOf({
        ...alone.state,
        carried: { ...alone.state.carried, params: second?.carried.params },
      }),
    ).toEqual(bitsOf(alone.state));
    expect(second).toMatchObject({ epoch: 0, step: 0 });
    expect(lastOf(events, "Completed")).toMatchObject({ epoch: 1, step: 4 });
  });

  it("resumes without repeating the other", async () => {
    const events = await collect(train$(both, { services: backends.wasm }));
    const { state } = lastOf(events, "Completed");
    const more = await collect(resume$(withEpochs(2)(both), state, { services: backends.wasm }));
    expect(more.filter((event) => event._tag === "Started")).toHaveLength(1);
    expect(losses(more)).toHaveLength(4);
  });

  it("can be stopped anywhere in either", async () => {
    const events = await collect(train$(both, { services: backends.wasm }).pipe(take(17)));
    expect(events.map((event) => event._tag).slice(-2)).toEqual(["Started", "EpochStarted"]);
  });
});

/** A layer that centers its input on a running mean of the batches. It has state, and sees other examples. */
const center: Layer<
  readonly [2],
  readonly [2],
  undefined,
  { readonly mean: Tensor<readonly [2]> }
> = {
  name: "center",
  init: () => ({ params: undefined, state: { mean: tensor([0, 0]) } }),
  apply: (_, { mean }, x, { mode, axis }) => {
    const now = axisMean(x, axis);
    const next = add(mul(mean, 0.5), mul(now, 0.5)) as Expr as Expr<readonly [2]>;
    return [sub(x, mode === "train" ? now : mean) as Expr as Expr<readonly [2]>, { mean: next }];
  },
};

const constant = dataset({
  x: tensor([
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
  ]),
  y: tensor([0, 0, 0, 0]),
});

const centered = pipe(
  pipeline(
    "centered",
    Effect.succeed({ train: constant, test: constant }),
    supervised({
      input: "x",
      target: "y",
      model: center,
      loss: (output, target) => meanSquaredError(sum(output), target),
      optimizer: sgd({ learningRate: 0 }),
    }),
  ),
  withBatchSize(4),
);

describe("a layer with state", () => {
  it("carries it from step to step, and evaluates with it", async () => {
    const events = await collect(
      train$(pipe(centered, withEpochs(2)), { services: backends.reference }),
    );
    const { state, test } = lastOf(events, "Completed");
    expect(state.carried.layerState.mean.toArray()).toEqual([3, 3.75]);
    // (x₁ - 3 + x₂ - 3.75)² of the four points, averaged.
    const errors = [
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ].map(([a = 0, b = 0]) => (a + b - 6.75) ** 2);
    expect(test?.loss).toBeCloseTo(errors.reduce((a, b) => a + b) / 4, 4);
  });
});

describe("metrics of a run", () => {
  it("may be precision, recall and F1, of a class or averaged, beside the confusion matrix", async () => {
    const metrics = [precision(3), recall(3, 1), f1(3), confusionMatrix(3)];
    const measured = pipe(small, withMetrics(...metrics));
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) };
    const events = await collect(
      train$(measured, { services: backends.wasm }).pipe(printProgress({ stream })),
    );
    const { test } = lastOf(events, "Completed");
    expect(Object.keys(test?.metrics ?? {})).toEqual([
      "precision",
      "recall of 1",
      "f1",
      "accuracy",
    ]);
    for (const value of Object.values(test?.metrics ?? {})) expect(value).toBeGreaterThan(0.5);
    expect(written.at(-1)).toMatch(
      /^test +loss \S+ {2}precision 0\.\d{4} {2}recall of 1 \d\.\d{4} {2}f1 0\.\d{4} {2}accuracy 0\.\d{4}$/m,
    );
    const { confusion, examples, metrics: found } = lastOf(events, "Validated");
    const counts = confusion?.counts ?? [];
    expect(counts.flat().reduce((a, b) => a + b)).toBe(examples);
    expect(counts.reduce((n, row, i) => n + (row[i] ?? 0), 0) / examples).toBe(found.accuracy);
    // Three classes, and the line of column names.
    expect(written.at(-1)?.split("\n\n")[1]?.trimEnd().split("\n")).toHaveLength(4);
  });
});

describe("augmentation", () => {
  it("changes inputs in training, with a separate key per example and step, and never in evaluation", async () => {
    const noisy = pipe(
      pipeline(
        "noisy",
        Effect.succeed({ train: constant, test: constant }),
        supervised({
          input: "x",
          target: "y",
          model: dense(2, 1, {
            weightInit: (_, shape) => uniform(key(0), shape, { low: 1, high: 1 }),
            bias: false,
          }),
          loss: (output, target) => meanSquaredError(sum(output), target),
          optimizer: sgd({ learningRate: 0 }),
        }),
      ),
      withAugmentation(
        (input, own) => add(input, random.uniform(own, input.shape, { low: 5, high: 6 })) as Expr,
      ),
      withBatchSize(4),
      withEpochs(2),
    );
    const events = await collect(train$(noisy, { services: backends.reference }));
    const [first = 0, second = 0] = losses(events);
    expect(first).not.toBe(second);
    expect(first).toBeGreaterThan(300);
    expect(lastOf(events, "Completed").test?.loss).toBeCloseTo((9 + 49 + 121 + 225) / 4, 3);
  });
});

describe("the order of examples", () => {
  const seen = async (of: typeof small): Promise<readonly number[]> =>
    losses(
      await collect(
        train$(pipe(of, withEpochs(1)), { services: backends.reference }).pipe(take(3)),
      ),
    );

  it("is the seed's", async () => {
    expect(await seen(small)).toEqual(await seen(small));
    expect(await seen(small)).not.toEqual(await seen(pipe(small, withShuffling(false))));
  });
});

describe("an optimizer that moves nothing", () => {
  it("leaves the params unchanged", async () => {
    const still = pipe(small, withOptimizer(sgd({ learningRate: 0 })));
    const events = await collect(train$(still, { services: backends.wasm }));
    expect(bitsOf(lastOf(events, "Completed").state.carried.params)).toEqual(
      bitsOf(lastOf(events, "Started").state.carried.params),
    );
  });
});

it("a new batch size keeps the setting of dropRemainder", () => {
  const dropping = pipe(small, withBatchSize(16, { dropRemainder: true }));
  expect(withBatchSize(8)(dropping)).toMatchObject({ batchSize: 8, dropRemainder: true });
  expect(withBatchSize(8, { dropRemainder: false })(dropping).dropRemainder).toBe(false);
  expect(withBatchSize(8)(small).dropRemainder).toBe(false);
});
