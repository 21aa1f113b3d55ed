import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { pipe } from "fp-ts/lib/function.js";
import { type Observable, Subject, tap } from "rxjs";
import { describe, expect, it } from "vitest";
import { interruption, trainerOf } from "../../../laws/training/training.ts";
import { mustHoldInTime } from "../../../laws/vitest.ts";
import {
  experience,
  type Source,
  sampled,
  shardedBatches,
  streamRows,
  weighted,
} from "../../../src/data/index.ts";
import {
  confusionMatrix,
  dense,
  type Expr,
  earlyStopping,
  NonFinite,
  pipeline,
  ReverseMode,
  resume$,
  sgd,
  type TrainEvent,
  tensor,
  train$,
  withBatchSize,
  withCallback,
  withData,
  withEpochs,
  withInitialState,
  withLearningRate,
  withMetrics,
  withOptimizer,
  withShards,
  withValidationSplit,
} from "../../../src/index.ts";
import { mean, mul, random } from "../../../src/ir/index.ts";
import { batchObjective } from "../../../src/learn/index.ts";
import {
  type AnyPipeline,
  type StateReached,
  statesEvery,
  stopWhen,
} from "../../../src/train/index.ts";
import { device } from "../../backend/late.ts";
import { backends, bitsOf, collect, lastOf, losses, points, small } from "../examples.ts";

const services = backends.wasm;
const watched = withCallback(earlyStopping({ monitor: "train.loss", patience: 2 }));
const held = pipe(
  small,
  withLearningRate(0.3),
  withMetrics(confusionMatrix(3)),
  withValidationSplit(0.2),
  withCallback(earlyStopping({ monitor: "validation.accuracy", minDelta: 0.05 })),
  watched,
);

const rows = 50;
const examples = points(rows);
const rowsFrom = async function* (from = 0) {
  for (let i = from; i < rows; i++) {
    if (i % 7 === 0) await new Promise((resume) => setImmediate(resume));
    yield examples.row(i);
  }
};
type R = ReturnType<typeof examples.row>;
const from = (train: Source<R>): AnyPipeline =>
  pipe(small, watched, withData(Effect.succeed({ train })));
const files = shardedBatches(["0", "20", "40"], (name) => [
  examples
    .skip(Number(name))
    .take(Math.min(20, rows - Number(name)))
    .all(),
]);
const dreaming = pipe(
  pipeline(
    "dreams",
    Effect.succeed({ train: experience(5) }),
    batchObjective({
      models: { net: dense(2, 1) },
      loss: ({ net }, _, { key }) => {
        const out = net(random.normal(key, [4, 2]));
        return mean(mul(out, out)) as Expr<readonly []>;
      },
      optimizer: sgd({ learningRate: 0.1, momentum: 0.5 }),
    }),
  ),
  watched,
);

describe("a run that is left in the middle of an epoch, and resumed", () => {
  it.each<readonly [string, AnyPipeline]>([
    ["with validation and two operators that remember", held],
    ["in shards", pipe(small, withBatchSize(16, { dropRemainder: true }), withShards(4), watched)],
    ["of a stream of rows, shuffled", from(streamRows(() => rowsFrom(), { shuffleBuffer: 13 }))],
    [
      "of a stream that can be entered anywhere",
      from(streamRows(({ from }) => rowsFrom(from), { shuffleBuffer: 13, rows, seekable: true })),
    ],
    ["of files", from(files as Source<R>)],
    [
      "of a dataset from which a sampler draws",
      from(sampled(examples, weighted(examples.column("label").toTypedArray() as Int32Array))),
    ],
    ["of experience", dreaming],
  ])("equals one that is not, %s", async (name, of) => {
    await mustHoldInTime(interruption, { ...trainerOf(of, services), name }, { runs: 3 });
  });

  it("equals one that is not, on a device that answers later", async () => {
    const late = Layer.merge(device({ ahead: 3 }).layer, ReverseMode.layerTape);
    const trainer = { ...trainerOf(held, late), name: "late" };
    await mustHoldInTime(interruption, trainer, { runs: 3 });
  });
});

const tags = (events: readonly TrainEvent[]): readonly string[] =>
  events.flatMap(({ _tag }) => (_tag === "StepCompleted" ? [] : [_tag]));
const stepsOf = (events: readonly TrainEvent[]): readonly number[] =>
  events.flatMap((event) => (event._tag === "StateReached" ? [event.step] : []));

describe("statesEvery", () => {
  it("gives the state of every n-th step of the run, on any device", async () => {
    // Four steps an epoch.
    const of = pipe(small, withEpochs(2));
    const late = Layer.merge(device({ ahead: 3 }).layer, ReverseMode.layerTape);
    const seen = [services, late].map(async (own) => {
      const events = await collect(train$(of, { services: own }).pipe(statesEvery({ steps: 3 })));
      expect(stepsOf(events)).toEqual([3, 6]);
      return bitsOf(events.filter(({ _tag }) => _tag === "StateReached"));
    });
    expect(await seen[1]).toEqual(await seen[0]);
  });

  it("counts from the beginning of the run where one resumes", async () => {
    const of = pipe(small, withEpochs(2));
    const events = await collect(train$(of, { services }).pipe(statesEvery({ steps: 3 })));
    const { state } = events.find(({ _tag }) => _tag === "StateReached") as StateReached;
    const rest = await collect(
      resume$(of, state as never, { services }).pipe(statesEvery({ steps: 3 })),
    );
    expect(stepsOf(rest)).toEqual([6]);
  });

  it("gives a state after a time, by the clock that it is given", async () => {
    let now = 0;
    const scheduler = { now: () => (now += 400) };
    const every = statesEvery({ seconds: 1, scheduler });
    const events = await collect(train$(pipe(small, withEpochs(2)), { services }).pipe(every));
    expect(stepsOf(events).length).toBeGreaterThan(1);
    expect(stepsOf(events).length).toBeLessThan(8);
  });

  it.each([{ steps: 0 }, { steps: 1.5 }, { seconds: 0 }, { seconds: Number.NaN }])(
    "refuses %o",
    (options) => expect(() => statesEvery(options)).toThrow(/statesEvery/),
  );
});

describe("stopWhen", () => {
  const stopped = async (ahead: number | undefined) => {
    const own =
      ahead === undefined ? services : Layer.merge(device({ ahead }).layer, ReverseMode.layerTape);
    const stop$ = new Subject<void>();
    const run$ = train$(small, { services: own }).pipe(
      tap((event) => {
        if (event._tag === "StepCompleted" && event.step === 6) stop$.next();
      }),
      stopWhen(stop$, { reason: "enough" }),
    );
    return collect(run$);
  };

  it("ends a run at the next boundary with all that it learned, and the run goes on from there", async () => {
    const whole = await collect(train$(small, { services }));
    for (const ahead of [undefined, 3]) {
      const part = await stopped(ahead);
      const end = lastOf(part, "Stopped");
      expect(tags(part)).toEqual([
        ...["Started", "EpochStarted", "EpochCompleted", "EpochStarted", "StateReached", "Stopped"],
      ]);
      expect(end.reason).toBe("enough");
      expect(end.step).toBe(losses(part).length);
      // What a device has taken in already is not given up.
      expect(end.step).toBeLessThanOrEqual(6 + (ahead ?? 0));
      const rest = await collect(resume$(small, end.state, { services }));
      expect([...losses(part), ...losses(rest)]).toEqual(losses(whole));
      expect(bitsOf(lastOf(rest, "Completed").state)).toEqual(
        bitsOf(lastOf(whole, "Completed").state),
      );
    }
  });

  it("takes an AbortSignal, which may be aborted before the run begins", async () => {
    const events = await collect(train$(small, { services }).pipe(stopWhen(AbortSignal.abort())));
    expect(tags(events)).toEqual(["Started", "Stopped"]);
    expect(losses(events)).toEqual([]);
  });

  it("ends both runs of a pipeline that starts from another", async () => {
    const stop$ = new Subject<void>();
    const both = pipe(small, withInitialState(small));
    const events = await collect(
      train$(both, { services }).pipe(
        tap(({ _tag }) => _tag === "StepCompleted" && stop$.next()),
        stopWhen(stop$),
      ),
    );
    expect(tags(events)).toEqual(["Started", "EpochStarted", "StateReached", "Stopped"]);
  });

  it("changes nothing where it is not asked", async () => {
    const of = pipe(small, withEpochs(1));
    const events = await collect(train$(of, { services }).pipe(stopWhen(new Subject())));
    expect(events.at(-1)?._tag).toBe("Completed");
  });
});

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

describe("a run whose data fail in the middle of an epoch", () => {
  const breaking = (row: number, how: () => unknown) =>
    streamRows<R>(
      async function* ({ epoch }) {
        for (let i = 0; i < rows; i++) {
          if (epoch === 1 && i === row) yield how() as R;
          else yield examples.row(i);
        }
      },
      { rows, shuffleBuffer: 1 },
    );
  const thrown = (): never => {
    throw new Error("EIO");
  };
  const other = examples.row(0);

  it.each<readonly [string, () => unknown, object]>([
    ["a stream that throws", thrown, { _tag: "StreamFailed", row: 40 }],
    [
      "a row of another shape",
      () => ({ ...other, x: tensor([1]) }),
      { _tag: "RowMismatch", row: 40 },
    ],
    [
      "a label out of range",
      () => ({ ...other, label: tensor(7, "i32") }),
      { _tag: "LabelOutOfRange" },
    ],
    [
      "a number that is not finite",
      () => ({ ...other, x: tensor([1, 2, Number.NaN, 4]) }),
      { _tag: "NonFiniteData" },
    ],
  ])("leaves the state of the last step before the error: %s", async (_, how, error) => {
    const of = from(breaking(40, how));
    const sound = from(breaking(rows, thrown));
    const broken = await failing(train$(of, { services }) as Observable<TrainEvent>);
    expect(broken.error).toMatchObject(error);
    const last = broken.events.at(-1);
    if (last?._tag !== "StateReached") throw new Error(`the last event is ${last?._tag}`);
    // Four steps of the first epoch, and the two of the second whose rows all arrived.
    expect([last.epoch, last.step, last.state.batch]).toEqual([2, 6, 2]);
    expect(losses(broken.events).length).toBe(6);
    // Once the stream is mended, nothing is lost.
    const rest = await collect(resume$(sound, last.state as never, { services }));
    const whole = await collect(train$(sound, { services }));
    expect([...losses(broken.events), ...losses(rest as readonly TrainEvent[])]).toEqual(
      losses(whole as readonly TrainEvent[]),
    );
  });

  it("a stream that ends early", async () => {
    const short = streamRows<R>(
      ({ epoch }) => Array.from({ length: epoch === 1 ? 20 : rows }, (_, i) => examples.row(i)),
      { rows, shuffleBuffer: 1 },
    );
    const { events, error } = await failing(
      train$(from(short), { services }) as Observable<TrainEvent>,
    );
    expect(error).toMatchObject({ _tag: "StreamEnded" });
    expect(events.at(-1)).toMatchObject({ _tag: "StateReached", step: 5 });
  });

  it("a dataset that computes its rows, and throws", async () => {
    let [computed, wrong] = [0, false];
    const lazy = examples.map((row) => {
      if (wrong && computed++ > 20) throw new Error("no such picture");
      return row;
    });
    const of = pipe(
      from(lazy),
      withCallback(
        tap(({ _tag }) => {
          if (_tag === "Started") wrong = true;
        }),
      ),
    );
    const { events, error } = await failing(train$(of, { services }) as Observable<TrainEvent>);
    expect(error).toEqual(new Error("no such picture"));
    expect(events.at(-1)?._tag).toBe("StateReached");
  });

  it("says nothing twice where the last state was just told", async () => {
    const { events } = await failing(
      train$(from(breaking(3, thrown)), { services }) as Observable<TrainEvent>,
    );
    expect(tags(events)).toEqual(["Started", "EpochStarted", "EpochCompleted", "EpochStarted"]);
  });
});

describe("a run whose numbers overflow", () => {
  it("leaves the last state that was asked for, which is sound", async () => {
    const wild = pipe(small, withOptimizer(sgd({ learningRate: 1e8 })), withEpochs(20));
    const { events, error } = await failing(
      train$(wild, { services }).pipe(statesEvery({ steps: 1 })) as Observable<TrainEvent>,
    );
    if (!(error instanceof NonFinite)) throw new Error("the loss stayed finite");
    const last = events.findLast((event) => "state" in event);
    expect(last?._tag === "StateReached" && last.step).toBe(error.step - 1);
  });
});
