import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { Backend as Service } from "../../src/backend/backend.ts";
import { streamRows } from "../../src/data/index.ts";
import {
  Backend,
  confusionMatrix,
  type Dataset,
  dataset,
  evaluate,
  formatError,
  ReverseMode,
  type Row,
  resume$,
  type TrainEvent,
  tensor,
  train$,
  withBaseline,
  withBatchSize,
  withData,
  withEpochs,
  withLearningRate,
  withMetrics,
  withOptimizer,
  zeros,
} from "../../src/index.ts";
import { clip } from "../../src/optim/index.ts";
import { type AnyPipeline, type HeldOut, initialState } from "../../src/train/index.ts";
import { backends, collect, losses, points, small } from "./examples.ts";

const of: AnyPipeline = withMetrics(confusionMatrix(3))(small);
const scoreOf = (examples: HeldOut, sized: AnyPipeline = of) =>
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

describe("held-out rows that are streamed", () => {
  const held = points(150, 5);
  const rows = (from = 0) =>
    (async function* () {
      for (let i = from; i < held.size; i++) {
        if (i % 40 === 0) await new Promise((resume) => setImmediate(resume));
        yield held.row(i);
      }
    })();
  const endless: HeldOut<ReturnType<typeof held.row>> = streamRows(() => rows());
  const known = streamRows(() => rows(), { rows: 150 });

  it("have the scores of the same rows in memory, bit for bit, at the end of epochs and of the run", async () => {
    const scores = async (source: HeldOut<ReturnType<typeof held.row>>, services: object) => {
      const run = pipe(
        of,
        withData(Effect.succeed({ train: points(50), validation: source, test: source })),
        withEpochs(2),
      );
      const events = await collect(train$(run, services));
      return events.flatMap((event) => (event._tag === "Validated" ? [event] : []));
    };
    const wanted = await scores(held, { services: backends.wasm });
    expect(wanted.map(({ on, examples }) => [on, examples])).toEqual([
      ["validation", 150],
      ["validation", 150],
      ["test", 150],
    ]);
    for (const services of [backends.wasm, backends["late 3"]])
      for (const source of [endless, known])
        expect(await scores(source, { services })).toEqual(wanted);
  });

  it("are evaluated on their own, and those that a run trains on are too", async () => {
    const wanted = await scoreOf(held);
    expect(await scoreOf(endless)).toEqual(wanted);
    const streamed = pipe(of, withData(Effect.succeed({ train: endless })));
    const score = evaluate(streamed, initialState(streamed), "train");
    expect(await Effect.runPromise(Effect.provide(score, backends.wasm))).toEqual(wanted);
  });

  it("need not fit memory: no more rows are read than fit a few batches", async () => {
    // Rows that were made and not yet evaluated: an evaluation that gathers all of them first makes 20,000.
    let [made, evaluated, most] = [0, 0, 0];
    const many = streamRows(function* () {
      for (let i = 0; i < 20_000; i++) {
        made++;
        most = Math.max(most, made - evaluated);
        yield held.row(i % 150);
      }
    });
    const counting = Layer.effect(
      Service,
      Effect.map(Service, (backend) => ({
        ...backend,
        compile: (...args: Parameters<typeof backend.compile>) =>
          Effect.map(backend.compile(...args), (executable) => ({
            ...executable,
            run: (inputs: Parameters<typeof executable.run>[0]) => {
              evaluated += inputs.at(-1)?.shape[0] ?? 0;
              return executable.run(inputs);
            },
          })),
      })),
    );
    const services = Layer.merge(Layer.provide(counting, backends.wasm), ReverseMode.layerTape);
    await Effect.runPromise(Effect.provide(evaluate(of, initialState(of), many), services));
    expect([made, evaluated]).toEqual([20_001, 20_000]);
    expect(most).toBeLessThan(400);
  });

  it("that fail leave the state of the epoch, which is evaluated when the run goes on", async () => {
    let broken = true;
    const breaking = streamRows(
      async function* () {
        yield held.row(0);
        if (broken) throw new Error("EIO");
        yield held.row(1);
      },
      { spec: { x: { shape: [4], dtype: "f32" }, label: { shape: [], dtype: "i32" } } },
    );
    const run = pipe(
      of,
      withData(Effect.succeed({ train: points(50), validation: breaking })),
      withEpochs(2),
    );
    const events: TrainEvent[] = [];
    const error = await new Promise((resolve) => {
      train$(run, { services: backends.wasm }).subscribe({
        next: (event) => events.push(event),
        error: resolve,
      });
    });
    expect(error).toMatchObject({ _tag: "StreamFailed", reason: "EIO" });
    const last = events.at(-1);
    if (last?._tag !== "StateReached") throw new Error(`the last event is ${last?._tag}`);
    expect([last.state.epoch, last.state.batch, last.step]).toEqual([0, 4, 4]);
    broken = false;
    const rest = await collect(
      resume$<unknown, unknown>(run, last.state, { services: backends.wasm }),
    );
    const whole = await collect(train$(run, { services: backends.wasm }));
    const scored = (all: readonly TrainEvent[]) =>
      all.flatMap((event) =>
        event._tag === "EpochCompleted" ? [[event.epoch, event.loss, event.validation]] : [],
      );
    expect(scored(rest)).toEqual(scored(whole));
    expect(losses(rest)).toHaveLength(4);
  });

  it("are checked before the run, and as they are read", async () => {
    const failing = async (validation: HeldOut) =>
      new Promise((resolve) => {
        const run = pipe(of, withData(Effect.succeed({ train: points(50), validation } as never)));
        train$(run, { services: backends.wasm }).subscribe({ error: resolve });
      });
    const one = (row: Row) => streamRows(() => [row]);
    expect(await failing(one({ x: zeros([4]) }))).toMatchObject({ _tag: "UnknownColumn" });
    expect(await failing(one({ x: zeros([3]), label: tensor(0, "i32") }))).toMatchObject({
      _tag: "ShapeMismatch",
    });
    expect(await failing(one({ x: zeros([4]), label: tensor(5, "i32") }))).toMatchObject({
      _tag: "LabelOutOfRange",
    });
    expect(await failing(streamRows(() => []))).toMatchObject({ _tag: "EmptyDataset" });
  });

  it("are no data for baselines", async () => {
    const compared = pipe(
      of,
      withData(Effect.succeed({ train: points(50), test: endless })),
      withBaseline({ name: "nothing", evaluate: () => ({}) }),
    );
    const error = await new Promise((resolve) => {
      train$(compared, { services: backends.wasm }).subscribe({ error: resolve });
    });
    expect(error).toMatchObject({ _tag: "InvalidPipeline", field: "baselines" });
  });
});

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
