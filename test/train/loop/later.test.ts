import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { pipe } from "fp-ts/lib/function.js";
import { lastValueFrom, type Observable, take, toArray } from "rxjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resumption, trainerOf } from "../../../laws/training/training.ts";
import { mustHoldInTime } from "../../../laws/vitest.ts";
import { compileLater } from "../../../src/backend/index.ts";
import { streamRows, vocabulary } from "../../../src/data/index.ts";
import { WorkerLost } from "../../../src/errors.ts";
import {
  asBaseline,
  dataset,
  type Expr,
  earlyStopping,
  evaluate,
  key,
  NonFinite,
  pipeline,
  ReverseMode,
  sampleEvery,
  sgd,
  supervised,
  type TrainEvent,
  tensor,
  train$,
  withBaseline,
  withBatchSize,
  withCallback,
  withData,
  withEpochs,
  withLearningRate,
  withOptimizer,
} from "../../../src/index.ts";
import { mul } from "../../../src/ir/ops/elementwise.ts";
import {
  beamSearch,
  type Carried,
  type Continuation,
  compileDecoder,
  type DecodingFailure,
  greedySearch,
  sampleSequence,
} from "../../../src/nn/generate/index.ts";
import { sequenceCrossEntropy } from "../../../src/nn/losses/index.ts";
import { gpt } from "../../../src/nn/models/index.ts";
import { type AnyPipeline, textSampler } from "../../../src/train/index.ts";
import { device, type Lateness } from "../../backend/late.ts";
import { backends, bitsOf, collect, lastOf, losses, points, small } from "../examples.ts";

const services = (how: Lateness) => {
  const { layer, computed } = device(how);
  return { computed, services: Layer.merge(layer, ReverseMode.layerTape) };
};
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const lost = new WorkerLost({ worker: 1, workers: 1, reason: "the device fell off its bus" });

/** A run that fails: the events before, and the error. */
const failing = async (events$: Observable<TrainEvent>) => {
  const events: TrainEvent[] = [];
  const error = await new Promise<unknown>((resolve) =>
    events$.subscribe({
      next: (event) => events.push(event),
      error: resolve,
      complete: () => resolve(undefined),
    }),
  );
  return { events, error };
};

/** Events without what differs from run to run: times, functions, and the name of the backend. */
const comparable = (events: readonly TrainEvent[]): unknown =>
  events.map((event) => {
    const { milliseconds, examplesPerSecond, backend, ...given } = {
      milliseconds: 0,
      examplesPerSecond: 0,
      backend: "",
      ...event,
    };
    const rest = Object.fromEntries(
      Object.entries(given).filter(([, value]) => typeof value !== "function"),
    );
    return "state" in rest ? { ...rest, state: bitsOf(rest.state) } : rest;
  });

// An answer that nobody waits for any more may fail, and is nobody's error.
const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
beforeAll(() => {
  process.on("unhandledRejection", note);
});
afterAll(() => {
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

/** Pipelines with twelve batches of equal size, or with four of which the last is smaller. */
const twelve = pipe(small, withBatchSize(4, { dropRemainder: true }), withEpochs(2));
const stopping = pipe(
  small,
  withLearningRate(0.5),
  withEpochs(12),
  withCallback(earlyStopping({ monitor: "train.loss", patience: 3 })),
);
const compared = pipe(twelve, withBaseline(asBaseline(pipe(small, withEpochs(1)))));

describe.each([1, 3, 8])("a run on a device %i steps ahead", (ahead) => {
  it.each<readonly [string, AnyPipeline]>([
    ["with a smaller last batch", small],
    ["with batches of one size", twelve],
    ["that stops early", stopping],
    ["beside another as its baseline", compared],
  ])("emits the same events as one that answers at once, %s", async (_, of) => {
    const own = services({ ahead, seed: ahead });
    const late = await lastValueFrom(train$(of, own).pipe(toArray()));
    const now = await lastValueFrom(train$(of, { services: backends.wasm }).pipe(toArray()));
    expect(comparable(late)).toEqual(comparable(now));
  });

  it("names the first step whose loss is not finite, and keeps no state after it", async () => {
    // Each step multiplies the params, until a number overflows: in the midst of an epoch.
    const wild = pipe(twelve, withOptimizer(sgd({ learningRate: 1e8 })), withEpochs(20));
    const now = await failing(train$(wild, { services: backends.wasm }));
    const late = await failing(train$(wild, services({ ahead })));
    if (!(now.error instanceof NonFinite && late.error instanceof NonFinite))
      throw new Error("the loss stayed finite");
    const { step } = now.error;
    // Other steps of the same epoch follow, as many as the device may be ahead.
    expect(step).toBeGreaterThan(1);
    expect((step - 1) % 12).toBeLessThan(12 - ahead);
    expect(late.error).toMatchObject({ where: "loss", step, path: [] });
    expect(now.error.path).not.toEqual([]);
    expect(comparable(late.events)).toEqual(comparable(now.events));
    expect(losses(late.events)).toHaveLength(step - 1);
  });

  it("fails with what the device says, after the events of the steps before", async () => {
    const expected = losses(await collect(train$(twelve, { services: backends.wasm })));
    const own = services({ ahead, lost: { at: 18, error: lost } });
    const { events, error } = await failing(train$(twelve, own));
    expect(error).toBe(lost);
    expect(losses(events)).toEqual(expected.slice(0, 17));
    await pause(5);
    expect(own.computed()).toBe(18);
  });

  it("fails so from an evaluation and from a smaller last batch too", async () => {
    // Four steps, of which the last is smaller, and then the test examples, sixty-four at a time.
    const data = Effect.succeed({ train: points(50), test: points(900, 8) });
    const of = pipe(small, withData(data), withEpochs(1));
    for (const at of [4, 5, 8]) {
      const own = services({ ahead, lost: { at, error: lost } });
      const { error, events } = await failing(train$<unknown, unknown>(of, own));
      expect(error).toBe(lost);
      expect(losses(events)).toHaveLength(Math.min(at - 1, 4));
      await pause(5);
    }
  });

  it("leaves the device alone within a step of the end of its subscription", async () => {
    const endless = withEpochs(1_000_000)(twelve);
    for (const count of [2, 3, 7, 16]) {
      const own = services({ ahead });
      const events = await lastValueFrom(train$(endless, own).pipe(take(count), toArray()));
      const done = own.computed();
      expect(done).toBeLessThanOrEqual(losses(events).length + ahead + 1);
      await pause(15);
      expect(own.computed()).toBeLessThanOrEqual(done + 1);
    }
    const own = services({ ahead });
    const running = train$(endless, own).subscribe();
    while (own.computed() < 20) await pause(1);
    running.unsubscribe();
    const done = own.computed();
    await pause(15);
    expect(own.computed()).toBeLessThanOrEqual(done + 1);
  });

  it("ends an evaluation that is left in its midst", async () => {
    const of = withData(Effect.succeed({ train: points(50), validation: points(5000, 9) }))(small);
    const own = services({ ahead });
    const running = train$<unknown, unknown>(of, own).subscribe();
    while (own.computed() < 6) await pause(0);
    running.unsubscribe();
    const done = own.computed();
    await pause(30);
    expect(own.computed()).toBeLessThanOrEqual(done + ahead + 1);
  });

  it("evaluates a state to the same score", async () => {
    const { state } = lastOf(
      await collect(train$(small, { services: backends.wasm })),
      "Completed",
    );
    const scored = (layer: (typeof backends)["late 1"]) =>
      Effect.runPromise(Effect.provide(evaluate(small, state, points(300, 8)), layer));
    expect(await scored(services({ ahead }).services)).toEqual(await scored(backends.wasm));
  });

  it("obeys the law of resumption with an operator that remembers", async () => {
    const trainer = trainerOf(stopping, services({ ahead }).services);
    await mustHoldInTime(resumption, { ...trainer, name: "early stopping, late" }, { runs: 3 });
  });
});

describe("sequences of many lengths on a device that answers later", () => {
  // Rows of 1 to 6 tokens, in any order: the size of a batch changes from step to step.
  const rows = Array.from({ length: 40 }, (_, i) => {
    const tokens = Array.from({ length: 1 + ((i * 7) % 6) }, (__, j) => (i + j) % 5);
    return {
      x: tensor(tokens, "i32"),
      y: tensor(
        tokens.map((t) => (t + 1) % 5),
        "i32",
      ),
    };
  });
  const sequences = pipe(
    pipeline(
      "sequences",
      Effect.succeed({
        train: streamRows(() => rows, {
          ragged: { columns: ["x", "y"], lengths: [2, 4, 6], pad: 0 },
        }),
      }),
      supervised({
        input: "x",
        target: "y",
        model: gpt({ vocabulary: 5, positions: 6, width: 4, blocks: 1, heads: 2 }),
        loss: sequenceCrossEntropy,
        optimizer: sgd({ learningRate: 0.1 }),
      }),
    ),
    withBatchSize(3),
    withEpochs(2),
  );

  it.each([1, 3, 8])("emit the same events %i steps ahead", async (ahead) => {
    const now = await collect(train$(sequences, { services: backends.wasm }));
    expect(losses(now).length).toBeGreaterThan(26);
    expect(comparable(await collect(train$(sequences, services({ ahead }))))).toEqual(
      comparable(now),
    );
  });
});

describe("a device whose answers come in another order", () => {
  it("does not pass for one that answers in order", async () => {
    const run = (how: Lateness) => collect(train$(twelve, services(how)));
    const [right, wrong] = [await run({ ahead: 3 }), await run({ ahead: 3, exchanged: true })];
    expect(losses(wrong)).not.toEqual(losses(right));
    expect([...losses(wrong)].sort()).toEqual([...losses(right)].sort());
  });
});

describe("decoding on a device that answers later", () => {
  const model = gpt({ vocabulary: 6, positions: 8, width: 4, blocks: 1, heads: 2 });
  const { params } = model.init(key(3));
  const span = { from: [1, 2], length: 5 };
  const searches: { readonly [name: string]: (c: Continuation<Carried>) => Said } = {
    "greedy search": (c) => greedySearch(c, span),
    sampling: (c) => sampleSequence(c, key(1), { ...span, temperature: 2 }),
    "beam search": (c) => beamSearch(c, { ...span, width: 3 }),
  };
  type Said = Effect.Effect<unknown, DecodingFailure>;
  const said = (search: (c: Continuation<Carried>) => Said) =>
    Effect.flatMap(compileDecoder(model), (from) => Effect.flatMap(from(params), search));

  it.each(Object.entries(searches))("gives the same by %s", async (_, search) => {
    const now = Effect.runSync(Effect.provide(said(search), backends.wasm));
    const late = Effect.provide(said(search), services({ ahead: 3 }).services);
    expect(await Effect.runPromise(late)).toEqual(now);
  });

  it("fails with what the device says", async () => {
    const own = services({ ahead: 3, lost: { at: 5, error: lost } });
    const late = Effect.provide(
      said((c) => greedySearch(c, span)),
      own.services,
    );
    expect(await Effect.runPromise(Effect.flip(late))).toBe(lost);
  });

  it("emits samples between the events of a run, in order", async () => {
    const letters = vocabulary(["abcdef"]);
    const of = pipe(
      pipeline(
        "text",
        Effect.succeed({
          train: dataset({ x: tensor([[0, 1, 2]], "i32"), y: tensor([[1, 2, 3]], "i32") }),
        }),
        supervised({
          input: "x",
          target: "y",
          model,
          loss: sequenceCrossEntropy,
          optimizer: sgd({ learningRate: 0.1 }),
        }),
      ),
      withBatchSize(1),
      withEpochs(3),
    );
    const writing = textSampler(model, letters, { prompt: "ab", length: 4, key: key(1) });
    const sampled = (layer: (typeof backends)["late 1"]) =>
      collect(
        train$(pipe(of, withCallback(sampleEvery(writing, { services: layer }))), {
          services: layer,
        }),
      );
    expect(comparable(await sampled(services({ ahead: 3 }).services))).toEqual(
      comparable(await sampled(backends.wasm)),
    );
  });
});

describe("compileLater", () => {
  const square = compileLater((x: Expr<readonly [3]>) => mul(x, x), [tensor([1, 2, 3])]);

  it("waits for a device", async () => {
    const made = Effect.flatMap(square, (f) => f(tensor([2, 3, 4])));
    const y = await Effect.runPromise(Effect.provide(made, services({ ahead: 1 }).services));
    expect(y.toArray()).toEqual([4, 9, 16]);
  });

  it("needs no promise where the backend answers at once", () => {
    const made = Effect.flatMap(square, (f) => f(tensor([2, 3, 4])));
    const y = Effect.runSync(Effect.provide(made, backends.wasm));
    expect(y.toArray()).toEqual([4, 9, 16]);
  });

  it("fails with what the device says", async () => {
    const made = Effect.flatMap(square, (f) => f(tensor([2, 3, 4])));
    const { services: layer } = services({ ahead: 1, lost: { at: 1, error: lost } });
    expect(await Effect.runPromise(Effect.flip(Effect.provide(made, layer)))).toBe(lost);
  });
});
