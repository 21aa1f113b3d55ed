import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { Subject, tap } from "rxjs";
import { describe, expect, it } from "vitest";
import { adam, sgd, train$, withEpochs, withLearningRate, withOptimizer } from "../../src/index.ts";
import { branch, diff, record, rewind, stopWhen } from "../../src/train/index.ts";
import { backends, bitsOf, collect, lastOf, losses, small } from "./examples.ts";

const services = backends.wasm;
// Five epochs of four steps.
const run = await Effect.runPromise(record(small, { every: 6, services }));
const whole = await collect(train$(small, { services }));

const stoppedAt = async (step: number) => {
  const stop$ = new Subject<void>();
  const events = await collect(
    train$(small, { services }).pipe(
      tap((event) => event._tag === "StepCompleted" && event.step === step && stop$.next()),
      stopWhen(stop$),
    ),
  );
  return lastOf(events, "Stopped").state;
};

describe("a recorded run", () => {
  it("has every step, and keyframes now and then", () => {
    expect(run.steps.map(({ loss }) => loss)).toEqual(losses(whole));
    expect(run.keyframes.map(({ step }) => step)).toEqual([0, 4, 6, 8, 12, 16, 18, 20]);
  });

  it.each([0, 1, 5, 6, 11, 18, 19])(
    "rewound to step %i is as if it had been stopped there",
    async (step) => {
      const state = await Effect.runPromise(rewind(run, step, { services }));
      expect(state.step).toBe(step);
      if (step === 0) expect(bitsOf(state)).toEqual(bitsOf(lastOf(whole, "Started").state));
      else {
        const stopped = await stoppedAt(step);
        expect(bitsOf(state.carried)).toEqual(bitsOf(stopped.carried));
        expect([state.epoch, state.batch]).toEqual([stopped.epoch, stopped.batch]);
      }
    },
  );

  it("at its end is the state that it ended with", async () => {
    const { carried } = await Effect.runPromise(rewind(run, 20, { services }));
    expect(bitsOf(carried)).toEqual(bitsOf(lastOf(whole, "Completed").state.carried));
  });

  it.each([-1, 21, 0.5, Number.NaN])("has no step %d", async (step) => {
    expect(await Effect.runPromise(Effect.flip(rewind(run, step, { services })))).toMatchObject({
      _tag: "InvalidArgument",
      op: "rewind",
    });
  });
});

describe("a branch", () => {
  it("without a change is the same run", async () => {
    const same = await Effect.runPromise(branch(run, 7, (of) => of, { services }));
    expect(diff({ ...run, pipeline: run.pipeline }, same)).toBeUndefined();
    expect(bitsOf(same.keyframes.at(-1)?.carried)).toEqual(bitsOf(run.keyframes.at(-1)?.carried));
  });

  it("with another learning rate parts from the run where it was made, which stays as it was", async () => {
    const before = bitsOf(run.keyframes);
    const other = await Effect.runPromise(branch(run, 7, withLearningRate(0.5), { services }));
    expect(diff(run, other)).toMatchObject({
      step: 8,
      what: "learning rate",
      right: 0.5,
    });
    // What both have in common is not copied.
    expect(other.keyframes[1]).toBe(run.keyframes[1]);
    expect(other.steps[6]).toBe(run.steps[6]);
    expect(bitsOf(run.keyframes)).toEqual(before);
  });

  it("goes on for longer, and its steps are those of a longer run", async () => {
    const longer = await Effect.runPromise(branch(run, 20, withEpochs(6), { services }));
    const events = await collect(train$(pipe(small, withEpochs(6)), { services }));
    expect(longer.steps.map(({ loss }) => loss)).toEqual(losses(events));
    expect(diff(run, longer)).toEqual({
      step: 21,
      what: "it is there",
      left: undefined,
      right: 1,
      settings: [["epochs", 5, 6]],
    });
  });

  it("with another optimizer keeps the params, and begins that anew", async () => {
    const other = await Effect.runPromise(
      branch(run, 7, withOptimizer(sgd({ learningRate: 0.1 })), { services }),
    );
    const [start] = other.keyframes;
    const rewound = await Effect.runPromise(rewind(run, 7, { services }));
    const { trained } = small.learner;
    expect(bitsOf(other.pipeline.learner.trained.get(start?.carried).params)).toEqual(
      bitsOf(trained.get(rewound.carried).params),
    );
    expect(diff(run, other)?.step).toBe(8);
    expect(diff(run, { ...run, pipeline: withOptimizer(adam({ learningRate: 1 }))(small) })).toBe(
      undefined,
    );
  });
});
