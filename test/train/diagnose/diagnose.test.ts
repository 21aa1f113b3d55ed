import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { map, take, tap } from "rxjs";
import { describe, expect, it } from "vitest";
import { streamRows } from "../../../src/data/index.ts";
import { NonFinite } from "../../../src/errors.ts";
import {
  dataset,
  dense,
  key,
  meanSquaredError,
  named,
  normal,
  pipeline,
  relu,
  sequential,
  sgd,
  supervised,
  tensor,
  train$,
  withBatchSize,
  withCallback,
  withEpochs,
  withLearningRate,
  withValidationSplit,
  zeros,
} from "../../../src/index.ts";
import { log } from "../../../src/ir/index.ts";
import {
  batchSizes$,
  dryRun,
  explainNonFinite,
  initialState,
  learningRateRange$,
  locateNonFinite,
  overfitOneBatch,
  type RateLoss,
  statesEvery,
  steepestRate,
  stopAfter,
  type TrainEvent,
  trainRecovering$,
} from "../../../src/train/index.ts";
import { backends, bitsOf, collect, lastOf, losses, small } from "../examples.ts";

const tags = (events: readonly TrainEvent[]): readonly string[] => events.map(({ _tag }) => _tag);
const refused = expect.objectContaining({ _tag: "InvalidArgument" });

describe("dryRun", () => {
  it("takes one step and evaluates one batch of everything, with the operators", async () => {
    let seen = 0;
    const of = pipe(
      small,
      withValidationSplit(0.2),
      withCallback(
        tap(() => {
          seen += 1;
        }),
      ),
    );
    const events = await collect(train$(dryRun(of)));
    expect(tags(events)).toEqual([
      ...["Started", "EpochStarted", "StepCompleted", "Validated", "EpochCompleted"],
      ...["Validated", "Completed"],
    ]);
    expect(seen).toBe(events.length);
    expect(lastOf(events, "Started").examples).toBe(16);
    expect(lastOf(events, "Validated").examples).toBe(16);
  });

  it("reads one batch of a stream", async () => {
    let read = 0;
    const of = pipeline(
      "stream",
      Effect.succeed({
        train: streamRows(function* () {
          for (; ; read++) yield { x: tensor([1]), y: tensor([2]) };
        }),
      }),
      supervised({
        input: "x",
        target: "y",
        model: dense(1, 1),
        loss: meanSquaredError,
        optimizer: sgd({ learningRate: 0.1 }),
      }),
      { batchSize: 4, epochs: 9, shuffle: false },
    );
    expect(losses(await collect(train$(dryRun(of))))).toHaveLength(1);
    expect(read).toBeLessThan(40);
  });
});

describe("overfitOneBatch", () => {
  it("learns the first batch by heart, without held-out examples", async () => {
    const events = await collect(train$(pipe(small, withBatchSize(8), overfitOneBatch(150))));
    const all = losses(events);
    expect(all).toHaveLength(150);
    expect(all.at(-1)).toBeLessThan(0.1 * (all[0] ?? 0));
    expect(tags(events)).not.toContain("Validated");
  });

  it("refuses no steps", () => expect(() => overfitOneBatch(0)).toThrow(refused));
});

describe("stopAfter", () => {
  it("a run of so many steps, resumed, is the run that was not stopped", async () => {
    const whole = await collect(train$(small));
    const part = await collect(train$(small).pipe(stopAfter({ steps: 7 })));
    const { state, reason } = lastOf(part, "Stopped");
    expect([state.step, reason]).toEqual([7, "7 steps are over"]);
    const rest = await collect(train$(small, { from: state as never }));
    expect([...losses(part), ...losses(rest)]).toEqual(losses(whole));
    expect(bitsOf(lastOf(rest, "Completed").state)).toEqual(
      bitsOf(lastOf(whole, "Completed").state),
    );
  });

  it("a run resumed after its last step stops at once", async () => {
    const { state } = lastOf(await collect(train$(small).pipe(stopAfter({ steps: 3 }))), "Stopped");
    const again = await collect(
      train$(small, { from: state as never }).pipe(stopAfter({ steps: 3 })),
    );
    expect(tags(again)).toEqual(["Started", "Stopped"]);
  });

  it("a run of so many seconds stops in the middle of an epoch", async () => {
    const events = await collect(
      train$(withEpochs(1e6)(small)).pipe(stopAfter({ seconds: 0.05, steps: 1e9 })),
    );
    expect(lastOf(events, "Stopped").reason).toBe("0.05 seconds are over");
  });

  it.each([{ steps: 0 }, { steps: 1.5 }, { seconds: 0 }, { seconds: Number.NaN }])(
    "refuses %j",
    (options) => expect(() => stopAfter(options)).toThrow(refused),
  );
});

describe("learningRateRange$", () => {
  const line = pipeline(
    "line",
    Effect.succeed({
      train: dataset({ x: tensor([[0], [1], [2], [3]]), y: tensor([[1], [3], [5], [7]]) }),
    }),
    supervised({
      input: "x",
      target: "y",
      model: dense(1, 1),
      loss: meanSquaredError,
      optimizer: sgd({ learningRate: 1 }),
    }),
    { batchSize: 4 },
  );

  it("tries growing rates until the loss diverges", async () => {
    const range = await collect(learningRateRange$(line, { from: 1e-4, to: 100, steps: 61 }));
    const rates = range.map(({ learningRate }) => learningRate);
    expect(rates.slice(0, 3)).toEqual(
      [1e-4, 1e-4 * 10 ** 0.1, 1e-4 * 10 ** 0.2].map((rate) => expect.closeTo(rate, 12)),
    );
    // The greatest eigenvalue of the Hessian is 8.36: SGD diverges above 2 / 8.36 = 0.24.
    expect(rates.at(-1)).toBeGreaterThan(0.2);
    expect(rates.at(-1)).toBeLessThan(5);
    const best = steepestRate(range) ?? 0;
    expect(best).toBeGreaterThan(1e-3);
    expect(best).toBeLessThan(0.24);
  });

  it("ends without an error where the loss overflows", async () => {
    const range = await collect(learningRateRange$(line, { from: 1e-3, to: 1e30, steps: 12 }));
    expect(range.length).toBeLessThan(12);
    expect(range.every(({ loss }) => Number.isFinite(loss))).toBe(true);
  });

  it("the first average is the first loss", async () => {
    const [first] = await collect(learningRateRange$(line).pipe(take(1)));
    expect((first as RateLoss).smoothed).toBeCloseTo((first as RateLoss).loss, 5);
  });

  it.each([{ from: 0 }, { from: 1, to: 1 }, { to: Number.POSITIVE_INFINITY }, { steps: 1 }])(
    "refuses %j",
    (options) => expect(() => learningRateRange$(line, options)).toThrow(refused),
  );

  it("no rate is steepest where the loss only rises", () => {
    const rising = [1, 2, 3].map((n) => ({ learningRate: n, loss: n, smoothed: n }));
    expect(steepestRate(rising)).toBeUndefined();
  });
});

describe("batchSizes$", () => {
  it("measures one batch size after the other", async () => {
    const speeds = await collect(batchSizes$(small, { sizes: [2, 8], steps: 3 }));
    expect(speeds.map(({ batchSize }) => batchSize)).toEqual([2, 8]);
    expect(speeds.every(({ examplesPerSecond = 0 }) => examplesPerSecond > 0)).toBe(true);
  });

  it.each([{ sizes: [0] }, { steps: 0 }])("refuses %j", (options) =>
    expect(() => batchSizes$(small, options)).toThrow(refused),
  );
});

/** Takes the logarithm of what relu made 0. */
const falling = pipeline(
  "falling",
  Effect.succeed({ train: dataset({ x: normal(key(1), [64, 4]), y: normal(key(2), [64, 1]) }) }),
  supervised({
    input: "x",
    target: "y",
    model: sequential(dense(4, 8), relu, named("logs", log), dense(8, 1)),
    loss: meanSquaredError,
    optimizer: sgd({ learningRate: 0.1 }),
  }),
  { batchSize: 16, epochs: 3 },
);

describe("a loss that is not finite", () => {
  it("is traced to its layer and operation", async () => {
    const located = locateNonFinite(falling, initialState(falling));
    const origin = await Effect.runPromise(Effect.provide(located, backends.wasm));
    expect(origin).toMatchObject({ primitive: "log", path: ["3:logs", "logs"], value: "infinity" });
    expect(origin?.operands[0]?.[0]).toBe(0);
  });

  it("is explained by the error of the run", async () => {
    const error: unknown = await collect(train$(falling).pipe(explainNonFinite(falling))).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(NonFinite);
    expect(String(error)).toMatch(
      /the first infinity came from log in the layer 3:logs > logs, applied to numbers in \[0, [\d.]+\]/,
    );
  });

  it("is traced into the gradient", async () => {
    const steep = withLearningRate(50)(
      pipeline(
        "steep",
        falling.source,
        supervised({
          input: "x",
          target: "y",
          model: sequential(dense(4, 8), relu, dense(8, 1)),
          loss: meanSquaredError,
          optimizer: sgd({ learningRate: 50 }),
        }),
        { batchSize: 16, epochs: 30 },
      ),
    );
    const error: unknown = await collect(train$(steep).pipe(explainNonFinite(steep))).catch(
      (reason: unknown) => reason,
    );
    expect((error as NonFinite).origin?.path).toHaveLength(1);
  });
});

describe("trainRecovering$", () => {
  /** Ten batches, of which the sixth is far too large. */
  const spiked = pipe(
    pipeline(
      "spiked",
      Effect.succeed({
        train: dataset({
          x: tensor(Array.from({ length: 10 }, (_, i) => [i === 5 ? 1e30 : 1])),
          y: tensor(Array.from({ length: 10 }, () => [1])),
        }),
      }),
      supervised({
        input: "x",
        target: "y",
        model: dense(1, 1),
        loss: meanSquaredError,
        optimizer: sgd({ learningRate: 0.1 }),
      }),
      { batchSize: 1, shuffle: false },
    ),
    withCallback(statesEvery({ steps: 1 })),
  );
  const steps = (events: readonly TrainEvent[]): readonly number[] =>
    events.flatMap((event) => (event._tag === "StepCompleted" ? [event.step] : []));

  it("skips the failing batch", async () => {
    const events = await collect(trainRecovering$(spiked, { recovery: "skip" }));
    expect(steps(events)).toEqual([1, 2, 3, 4, 5, 7, 8, 9, 10]);
    expect(events.at(-1)).toMatchObject({ _tag: "Completed", step: 10 });
  });

  it("goes on with another pipeline, from the last sound state", async () => {
    const calm = dataset({ x: zeros([10, 1]), y: zeros([10, 1]) });
    const events = await collect(
      trainRecovering$(spiked, {
        recovery: (of) => ({ ...of, source: Effect.succeed({ train: calm }) }),
      }),
    );
    expect(steps(events)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(tags(events).filter((tag) => tag === "Started")).toHaveLength(2);
  });

  it("gives up after so many recoveries", async () => {
    let changes = 0;
    const failing = collect(
      trainRecovering$(spiked, {
        atMost: 2,
        recovery: (of) => {
          changes += 1;
          return of;
        },
      }),
    );
    await expect(failing).rejects.toMatchObject({ _tag: "NonFinite", step: 6 });
    expect(changes).toBe(2);
  });

  it("passes other errors on", async () => {
    const broken = { ...spiked, source: Effect.fail(new Error("no data")) };
    await expect(
      collect(trainRecovering$(broken, { recovery: "skip" }).pipe(map(({ _tag }) => _tag))),
    ).rejects.toThrow("no data");
  });

  it("refuses a count that is no whole number", () =>
    expect(() => trainRecovering$(spiked, { recovery: "skip", atMost: -1 })).toThrow(refused));
});
