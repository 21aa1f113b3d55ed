import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { pipe } from "fp-ts/lib/function.js";
import { take } from "rxjs";
import { describe, expect, it } from "vitest";
import { Backend as Service } from "../../src/backend/backend.ts";
import {
  Backend,
  batchNorm,
  type Dataset,
  dataset,
  dense,
  type Expr,
  evaluate,
  initializers,
  pipeline,
  ReverseMode,
  type Row,
  resume$,
  type Splits,
  sequential,
  sgd,
  softmaxCrossEntropy,
  supervised,
  type Tensor,
  type TrainEvent,
  type TrainState,
  tensor,
  train$,
  withBatchSize,
  withData,
  withEpochs,
  withOptimizer,
  zeros,
} from "../../src/index.ts";
import { mul, sum } from "../../src/ir/index.ts";
import {
  constantSchedule,
  joinSchedules,
  type Schedule,
  sampleSchedule,
  stepDecay,
} from "../../src/optim/index.ts";
import { type AnyPipeline, initialState } from "../../src/train/index.ts";
import { backends, collect, lastOf, losses, points, small } from "./examples.ts";

const services = backends.wasm;
const run = async (
  events$: ReturnType<typeof train$<unknown, unknown>>,
): Promise<{ readonly events: readonly TrainEvent[]; readonly error: unknown }> => {
  const events: TrainEvent[] = [];
  return new Promise((resolve) => {
    events$.subscribe({
      next: (event) => events.push(event),
      error: (error: unknown) => resolve({ events, error }),
      complete: () => resolve({ events, error: undefined }),
    });
  });
};

/** `y = w·x` of one example, whose gradient by `w` is `x·t` for every `w`. */
const slope = (x: number) =>
  pipeline(
    "slope",
    Effect.succeed({ train: dataset({ x: tensor([[x]]), y: tensor([1]) }) }),
    supervised({
      input: "x",
      target: "y",
      model: dense(1, 1, { bias: false, weightInit: initializers.zeros }),
      loss: (output, target) => mul(sum(output), target) as Expr<readonly []>,
      optimizer: sgd({ learningRate: 0 }),
    }),
  );

describe("the last update of a run", () => {
  it.each([1, 3])("that overflows after finite losses is NonFinite: update %i", async (steps) => {
    // Each step subtracts 1e38 from the weight; the last subtracts 1e39, which overflows f32.
    const rate: Schedule = joinSchedules(constantSchedule(1e36), [
      steps - 1,
      constantSchedule(1e37 * 4),
    ]);
    const of = pipe(
      slope(10),
      withBatchSize(1),
      withEpochs(steps),
      withOptimizer(sgd({ learningRate: rate })),
    );
    const { events, error } = await run(train$(of, { services }));
    expect(error).toMatchObject({
      _tag: "NonFinite",
      where: "state",
      step: steps,
      path: ["params", "weight"],
    });
    for (const loss of losses(events)) expect(Number.isFinite(loss)).toBe(true);
    expect(losses(events)).toHaveLength(steps);
    expect(events.filter((event) => event._tag === "EpochCompleted")).toHaveLength(steps - 1);
    expect(events.at(-1)?._tag).toBe("StepCompleted");
  });
});

describe("the learning rate of a step", () => {
  it("is reported as it was used", async () => {
    const rate = joinSchedules(stepDecay(0.5, 1, 0.5), [3, constantSchedule(0.125)]);
    const of = pipe(
      slope(1),
      withBatchSize(1),
      withEpochs(5),
      withOptimizer(sgd({ learningRate: rate })),
    );
    const events = await collect(train$(of, { services }));
    const reported = events.flatMap((e) => (e._tag === "StepCompleted" ? [e.learningRate] : []));
    expect(reported).toEqual(sampleSchedule(rate, 5));
    const weights = events.flatMap((e) =>
      e._tag === "Started" || e._tag === "EpochCompleted"
        ? [e.state.carried.params.weight.toTypedArray()[0] ?? Number.NaN]
        : [],
    );
    expect(weights.slice(1).map((w, i) => (weights[i] ?? 0) - w)).toEqual(reported);
  });
});

/** A run with content in every part of its state: running statistics, and an optimizer's moments. */
const whole = pipe(
  pipeline(
    "whole",
    Effect.succeed({ train: points(12) }),
    supervised({
      input: "x",
      target: "label",
      model: sequential(dense(4, 3), batchNorm(3)),
      loss: softmaxCrossEntropy,
      optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
    }),
  ),
  withBatchSize(4),
);

type Leaf = (tensor: Tensor) => unknown;

/** A tree with its first leaf of several elements changed. */
const changed = (tree: unknown, change: Leaf): unknown => {
  let done = false;
  const walk = (t: unknown): unknown => {
    if (done || typeof t !== "object" || t === null) return t;
    if ("toTypedArray" in t) {
      if ((t as Tensor).size < 2) return t;
      done = true;
      return change(t as Tensor);
    }
    if (Array.isArray(t)) return t.map(walk);
    return Object.fromEntries(Object.entries(t).map(([key, child]) => [key, walk(child)]));
  };
  const made = walk(tree);
  if (!done) throw new Error("no leaf to change");
  return made;
};

describe("a state with a part of another pipeline", () => {
  const begun: TrainState = initialState(whole);
  const resumed = async (state: TrainState) =>
    (await run(resume$<unknown, unknown>(whole, state, { services }))).error;
  const changes: readonly (readonly [name: string, change: Leaf])[] = [
    ["of another shape", (x) => zeros([...x.shape, 1])],
    ["of another dtype", (x) => x.cast("f64")],
    ["missing", () => undefined],
    ["a list of two", (x) => [x, x]],
  ];

  for (const part of ["params", "layerState", "optimizerState"] as const)
    it.each(changes)(`is refused: a leaf of ${part} is %s`, async (_, change) => {
      const carried = begun.carried as { readonly [part: string]: unknown };
      const state = { ...begun, carried: { ...carried, [part]: changed(carried[part], change) } };
      expect(await resumed(state)).toMatchObject({ _tag: "StateMismatch", part });
      const work = evaluate(whole, state, points(3)).pipe(Effect.provide(services));
      const evaluated = await Effect.runPromise(Effect.result(work));
      if (part === "optimizerState") expect(evaluated).toMatchObject({ _tag: "Success" });
      else expect(evaluated).toMatchObject({ failure: { _tag: "StateMismatch", part } });
    });

  it.each([
    ["batch", 4],
    ["batch", -1],
    ["batch", 0.5],
    ["batch", Number.NaN],
    ["epoch", -1],
    ["epoch", 1.5],
    ["epoch", Number.POSITIVE_INFINITY],
    ["step", -1],
    ["step", 2 ** 53],
  ] as const)("is refused: %s is %d", async (part, value) => {
    expect(await resumed({ ...begun, [part]: value })).toMatchObject({
      _tag: "StateMismatch",
      part,
    });
  });

  it("is none where a batch is the last of its epoch, or all are done, and refused beyond", async () => {
    for (const [batch, left] of [
      [2, 1],
      [3, 0],
    ] as const) {
      const last = await run(resume$<unknown, unknown>(whole, { ...begun, batch }, { services }));
      expect(last.error).toBeUndefined();
      expect(losses(last.events)).toHaveLength(left);
    }
    expect(await resumed({ ...begun, batch: 4 })).toMatchObject({
      part: "batch",
      expected: "a whole number up to 3",
    });
  });

  it("after the last epoch is already complete", async () => {
    const { events, error } = await run(
      resume$<unknown, unknown>(whole, { ...begun, epoch: 7 }, { services }),
    );
    expect(error).toBeUndefined();
    expect(events.map(({ _tag }) => _tag)).toEqual(["Started", "Completed"]);
  });
});

describe("a mistake in the data", () => {
  const right = (n = 16): Dataset<Row> => dataset({ x: zeros([n, 4]), label: zeros([n], "i32") });
  const labels = (bad: number, n = 16) => tensor([...Array<number>(n - 1).fill(0), bad], "i32");
  const x = (value: number) =>
    tensor([...Array.from({ length: 15 }, () => [0, 0, 0, 0]), [0, 0, value, 0]]);
  const faults: { readonly [fault: string]: readonly [Dataset<Row>, expected: object] } = {
    "no examples": [right(0), { _tag: "EmptyDataset" }],
    "no input": [
      dataset({ z: zeros([16, 4]), label: zeros([16], "i32") }),
      { _tag: "UnknownColumn", column: "x" },
    ],
    "no target": [dataset({ x: zeros([16, 4]) }), { _tag: "UnknownColumn", column: "label" }],
    "an invalid label": [
      dataset({ x: zeros([16, 4]), label: labels(3) }),
      { _tag: "LabelOutOfRange", row: 15, value: 3 },
    ],
    "a negative label": [
      dataset({ x: zeros([16, 4]), label: labels(-1) }),
      { _tag: "LabelOutOfRange", value: -1 },
    ],
    NaN: [
      dataset({ x: x(Number.NaN), label: labels(0) }),
      { _tag: "NonFiniteData", column: "x", row: 15 },
    ],
    infinity: [
      dataset({ x: x(Number.POSITIVE_INFINITY), label: labels(0) }),
      { _tag: "NonFiniteData", row: 15 },
    ],
    "another width": [dataset({ x: zeros([16, 5]), label: labels(0) }), {}],
    "another rank": [dataset({ x: zeros([16, 2, 2]), label: labels(0) }), {}],
    "labels of another shape": [dataset({ x: zeros([16, 4]), label: zeros([16, 2], "i32") }), {}],
  };
  const splits = ["train", "validation", "test"] as const;

  for (const split of splits)
    it.each(Object.entries(faults))(
      `in the ${split} examples is reported before the run: %s`,
      async (_, [data, expected]) => {
        const all: Splits<Row> = {
          train: right(),
          validation: right(),
          test: right(),
          [split]: data,
        };
        const of: AnyPipeline = withData(Effect.succeed(all))(small);
        const { events, error } = await run(train$(of, { services }));
        expect(events).toEqual([]);
        expect(error).toMatchObject({ _tag: expect.stringMatching(/./), ...expected });
        expect(error).toSatisfy((e: object) => "_tag" in e);
      },
    );

  it.each(["validation", "test"])(
    "a shape in the %s examples is named beside the expected one",
    async (split) => {
      const of = withData(
        Effect.succeed({
          train: right(),
          [split]: dataset({ x: zeros([16, 5]), label: labels(0) }),
        } as Splits<Row>),
      )(small);
      const { error } = await run(train$<unknown, unknown>(of, { services }));
      expect(error).toMatchObject({
        _tag: "ShapeMismatch",
        op: `points: column "x" of the ${split} data`,
        expected: "[4], as the training data has",
        actual: [[5]],
        path: [],
      });
    },
  );

  it("is not reported for valid data", async () => {
    const of = withData(Effect.succeed({ train: right(), validation: right(3), test: right(1) }))(
      small,
    );
    expect((await run(train$<unknown, unknown>(of, { services }))).error).toBeUndefined();
  });
});

describe("a batch of exactly all examples", () => {
  it("is the only step of each epoch, and a larger batch is refused", async () => {
    const of = pipe(small, withBatchSize(50), withEpochs(3));
    const events = await collect(train$(of, { services }));
    expect(lastOf(events, "Started").stepsPerEpoch).toBe(1);
    expect(lastOf(events, "Completed").step).toBe(3);
  });
});

/** A backend that counts the steps and runs of every program that it compiled. */
const counting = () => {
  let work = 0;
  const layer = Layer.effect(
    Service,
    Effect.map(
      Service,
      (backend) =>
        ({
          ...backend,
          compile: (program, options) =>
            Effect.map(backend.compile(program, options), (executable) => ({
              ...executable,
              run: (inputs) => {
                work++;
                return executable.run(inputs);
              },
              start: (inputs) => {
                const session = executable.start(inputs);
                return {
                  ...session,
                  submit: (fill) => {
                    work++;
                    session.submit(fill);
                  },
                };
              },
            })),
        }) satisfies Service["Service"],
    ),
  );
  return {
    work: () => work,
    services: Layer.merge(Layer.provide(layer, Backend.layerReference), ReverseMode.layerTape),
  };
};

describe("a run without subscribers", () => {
  const endless = pipe(small, withEpochs(1_000_000));
  const pause = (milliseconds: number) =>
    new Promise((resolve) => setTimeout(resolve, milliseconds));

  it.each([2, 3, 6, 9, 14])("computes nothing after its event %i", async (count) => {
    const counted = counting();
    const events = await collect(train$(endless, { services: counted.services }).pipe(take(count)));
    const done = counted.work();
    expect(done).toBe(losses(events).length);
    await pause(15);
    expect(counted.work()).toBe(done);
  });

  it("computes nothing after it is unsubscribed from outside", async () => {
    const counted = counting();
    const running = train$(endless, { services: counted.services }).subscribe();
    while (counted.work() < 20) await pause(1);
    running.unsubscribe();
    const done = counted.work();
    await pause(30);
    expect(counted.work()).toBe(done);
  });

  it("stops within an evaluation when it is unsubscribed there", async () => {
    const counted = counting();
    const of = withData(Effect.succeed({ train: points(50), validation: points(5000, 9) }))(
      endless,
    );
    const running = train$<unknown, unknown>(of, {
      services: counted.services,
    }).subscribe();
    // Four steps, and then the validation examples, 64 at a time.
    while (counted.work() < 6) await pause(0);
    running.unsubscribe();
    const done = counted.work();
    await pause(30);
    expect(counted.work()).toBe(done);
  });
});
