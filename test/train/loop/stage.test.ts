import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { EMPTY, filter, type MonoTypeOperatorFunction, map, take, tap } from "rxjs";
import { describe, expect, it } from "vitest";
import { resumption, trainerOf } from "../../../laws/training/training.ts";
import { mustHoldInTime } from "../../../laws/vitest.ts";
import {
  accuracy,
  asBaseline,
  earlyStopping,
  evaluate,
  type Pipeline,
  resume$,
  sgd,
  type TrainEvent,
  train$,
  withBaseline,
  withCallback,
  withEpochs,
  withInitialState,
  withLearningRate,
  withMetrics,
  withOptimizer,
  withSeed,
} from "../../../src/index.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../src/io/index.ts";
import { decodeState, encodeState, initialState } from "../../../src/train/index.ts";
import { progressLine } from "../../../src/train/operators/printProgress.ts";
import { backends, bitsOf, collect, lastOf, losses, points, small } from "../examples.ts";

const services = backends.wasm;
/** A learning rate of 0 gives no improvement, whatever dropout and the example order do to the loss. */
const still = withOptimizer(sgd({ learningRate: 0 }));
const shortly = withCallback(earlyStopping({ monitor: "train.loss", minDelta: 10 }));

const tags = (events: readonly TrainEvent[]): readonly string[] => events.map(({ _tag }) => _tag);
const scoreOf = (state: Parameters<typeof evaluate>[1]) =>
  Effect.runPromise(Effect.provide(evaluate(small, state, points(30, 8)), services));

/** A pipeline whose operator records the events it sees. */
const noting =
  (seen: string[]) =>
  <C, E>(of: Pipeline<C, E>): Pipeline<C, E> =>
    withCallback<C>(tap(({ _tag }) => seen.push(_tag)))(of);

describe("the operators of stages", () => {
  it("see only the events of their own pipeline, and stop only it", async () => {
    const [before, after]: [string[], string[]] = [[], []];
    const pre = pipe(small, still, withEpochs(9), shortly, noting(before));
    const fine = pipe(small, withEpochs(1), shortly, noting(after), withInitialState(pre));
    const events = await collect(train$(fine, { services }));
    const epoch = ["EpochStarted", ...Array<string>(4).fill("StepCompleted"), "EpochCompleted"];
    expect(before).toEqual(["Started", ...epoch, ...epoch, "Validated", "Stopped"]);
    expect(after).toEqual(["Started", ...epoch, "Validated", "Completed"]);
    expect([...before, ...after]).toEqual(tags(events));
  });

  it("pass the state that they keep to the next stage", async () => {
    const wild = pipe(
      small,
      withLearningRate(0.5),
      withEpochs(12),
      withCallback(earlyStopping({ monitor: "train.loss", patience: 3 })),
    );
    const alone = await collect(train$(wild, { services }));
    const end = alone.at(-1);
    if (end?._tag !== "Stopped" && end?._tag !== "Completed") throw new Error("no end");
    expect(end.state.epoch).toBeLessThan(end.epoch);
    const both = await collect(train$(pipe(small, withInitialState(wild)), { services }));
    const { state } = lastOf(both, "Started");
    expect(
      bitsOf({ ...state, carried: { ...state.carried, params: end.state.carried.params } }),
    ).toEqual(bitsOf(state));
  });

  it("of a baseline see its events, and end it", async () => {
    const seen: string[] = [];
    const other = pipe(small, still, withEpochs(50), shortly, noting(seen));
    const events = await collect(
      train$(pipe(small, withEpochs(1), withBaseline(asBaseline(other))), { services }),
    );
    expect(seen.at(-1)).toBe("Stopped");
    expect(seen.filter((tag) => tag === "EpochCompleted")).toHaveLength(2);
    const own = lastOf(await collect(train$(other, { services })), "Stopped");
    expect(lastOf(events, "Started").baselines[0]?.metrics.loss).toBe(own.test?.loss);
    expect(tags(events)).not.toContain("Stopped");
  });

  it("may end a stage in any way, and the next starts from the last emitted state", async () => {
    const next = (operator: MonoTypeOperatorFunction<TrainEvent>) => {
      const pre = pipe(small, withSeed(5), withCallback(operator));
      const of = pipe(small, withEpochs(1), withInitialState(pre));
      return collect(train$(of, { services }));
    };
    const whole = await collect(train$(pipe(small, withSeed(5)), { services }));
    const [, first] = whole.flatMap((e) =>
      e._tag === "Started" || e._tag === "EpochCompleted" ? [e.state] : [],
    );
    const cut = await next(take(1 + 6));
    const params = (state: unknown) =>
      (state as { readonly carried: { readonly params: unknown } }).carried.params;
    const start = bitsOf(lastOf(cut, "Started").state);
    expect(params(start)).toEqual(first && params(bitsOf(first)));
    const silent = await next(filter((e) => e._tag === "StepCompleted"));
    expect(params(bitsOf(lastOf(silent, "Started").state))).toEqual(
      params(bitsOf(lastOf(whole, "Completed").state)),
    );
    expect(tags(await next(() => EMPTY))[0]).toBe("Started");
  });

  it("fail the run with their own errors", async () => {
    const error = new Error("an operator's own");
    const failing = pipe(
      small,
      withCallback(
        map((event) => {
          if (event._tag === "EpochCompleted") throw error;
          return event;
        }),
      ),
    );
    await expect(collect(train$(failing, { services }))).rejects.toBe(error);
    const beside = pipe(small, withBaseline(asBaseline(failing)));
    await expect(collect(train$(beside, { services }))).rejects.toBe(error);
  });
});

describe("a run that is stopped early", () => {
  const wild = pipe(small, withLearningRate(0.5), withEpochs(12));
  const stopping = withCallback(earlyStopping({ monitor: "train.loss", patience: 3 }));

  it("evaluates the kept state on its test examples", async () => {
    const events = await collect(train$(stopping(wild), { services }));
    const { test, state } = lastOf(events, "Stopped");
    const { loss, metrics } = await scoreOf(state);
    expect(test).toEqual({ loss, metrics });
    expect(tags(events).filter((tag) => tag === "Validated")).toHaveLength(1);
    expect(tags(events).at(-2)).toBe("Validated");
    const line = progressLine(lastOf(events, "Stopped"), lastOf(events, "Started"));
    expect(line).toMatch(new RegExp(`\\ntest +loss ${loss.toFixed(4)}`));
  });

  it("may complete with its best state, and that state's test scores", async () => {
    const patient = withCallback(
      earlyStopping({ monitor: "train.loss", patience: 12, mode: "max" }),
    );
    const events = await collect(train$(patient(wild), { services }));
    const { test, state, epoch } = lastOf(events, "Completed");
    expect([epoch, state.epoch < epoch]).toEqual([12, true]);
    const best = events
      .flatMap((e) => (e._tag === "EpochCompleted" ? [e] : []))
      .reduce((a, b) => (b.loss > a.loss ? b : a));
    expect(state.epoch).toBe(best.epoch);
    expect(bitsOf({ ...state, carried: best.state.carried })).toEqual(bitsOf(state));
    const { loss, metrics } = await scoreOf(state);
    expect(test).toEqual({ loss, metrics });
    expect(tags(events).filter((tag) => tag === "Validated")).toHaveLength(1);
  });

  it("uses the direction of the metric", async () => {
    const named = withMetrics(accuracy, { ...accuracy, name: "error", better: "lower" });
    const events = await collect(train$(pipe(small, named, withEpochs(1)), { services }));
    const better = { loss: "lower", accuracy: "higher", error: "lower" };
    expect(lastOf(events, "Started").better).toEqual(better);
  });

  it("is the same run if it was cut, saved and resumed, including the best state", async () => {
    const of = stopping(wild);
    const whole = await collect(train$(of, { services }));
    const end = lastOf(whole, "Stopped");
    const cuts = whole.flatMap((e) => (e._tag === "EpochCompleted" ? [e.state] : []));
    for (const state of [cuts[0], cuts[end.state.epoch], cuts.at(-1)]) {
      if (state === undefined) throw new Error("no such epoch");
      const bytes = encodeSafetensors(encodeState(of, state));
      const read = await Effect.runPromise(
        Effect.flatMap(decodeSafetensors(bytes, "f"), (file) => decodeState(of, file, "f")),
      );
      const rest = await collect(resume$(of, read, { services }));
      expect(losses(rest)).toEqual(losses(whole).slice(state.step));
      expect(bitsOf(lastOf(rest, "Stopped").state)).toEqual(bitsOf(end.state));
      expect(lastOf(rest, "Stopped")).toMatchObject({ epoch: end.epoch, test: end.test });
    }
  });

  it("does not pass on operators' memory: only they write it", async () => {
    const from = { ...initialState(small), memory: { "an operator that is gone": 1 } };
    const events = await collect(resume$(pipe(small, withEpochs(1)), from, { services }));
    expect(lastOf(events, "Started").state.memory).toEqual(from.memory);
    expect(lastOf(events, "EpochCompleted").state.memory).toEqual({});
    expect(lastOf(events, "Completed").state.memory).toEqual({});
  });

  it("obeys the law of resumption, with two stateful operators", async () => {
    const fickle = withCallback(earlyStopping({ monitor: "train.accuracy", patience: 2 }));
    const patient = withCallback(earlyStopping({ monitor: "train.loss", patience: 3 }));
    const trainer = trainerOf(pipe(small, withLearningRate(0.3), fickle, patient), services);
    await mustHoldInTime(
      resumption,
      { ...trainer, name: "a run with early stopping" },
      { runs: 4 },
    );
  });
});

describe("an end that does not come", () => {
  it("of data that interrupts itself is an error", async () => {
    const of = { ...small, source: Effect.interrupt };
    await expect(collect(train$(of, { services }))).rejects.toMatchObject({
      _tag: "RunInterrupted",
      during: "the run",
    });
    const inner = Effect.flatMap(Effect.yieldNow, () => Effect.interrupt);
    await expect(collect(train$({ ...small, source: inner }, { services }))).rejects.toMatchObject({
      _tag: "RunInterrupted",
    });
  });

  it("by a baseline that interrupts itself is an error, in a later stage too", async () => {
    const of = withBaseline({ name: "none", evaluate: () => Effect.interrupt })(small);
    const both = pipe(of, withInitialState(pipe(small, withEpochs(1))));
    await expect(collect(train$(both, { services }))).rejects.toMatchObject({
      _tag: "RunInterrupted",
    });
  });
});
