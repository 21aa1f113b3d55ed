import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { pipe } from "fp-ts/lib/function.js";
import { asyncScheduler, filter, map, type SchedulerLike, timer, VirtualTimeScheduler } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { describe, expect, it } from "vitest";
import { printProgress, type TrainEvent, train$, withEpochs } from "../../../src/index.ts";
import { awaiting, statesEvery, stopAfter, train, trainStream } from "../../../src/train/index.ts";
import { backends, bitsOf, collect, lastOf, losses, small } from "../examples.ts";
import { marbleOf, marbles } from "../operators/marbles.ts";

const services = backends.wasm;
const two = pipe(small, withEpochs(2));

/** A run whose events take a frame each. */
const paced$ = (scheduler: SchedulerLike) =>
  train$(two, { services, scheduler }).pipe(awaiting(() => timer(1, scheduler)));

const inMarbles = () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));

/** Everything of an event but its times and its functions. */
const timeless = (event: TrainEvent): unknown => {
  const { milliseconds, examplesPerSecond, scheduler, ...rest } = {
    ...{ milliseconds: 0, examplesPerSecond: 0, scheduler: undefined },
    ...event,
  };
  return Object.entries(rest)
    .filter(([, value]) => typeof value !== "function")
    .map(([name, value]) => [name, bitsOf(value)]);
};

describe("a run in virtual time", () => {
  it("does nothing until time passes, and then has the events and the bits of any other", async () => {
    for (const own of [services, backends.reference]) {
      const scheduler = new VirtualTimeScheduler();
      const seen: TrainEvent[] = [];
      let over = false;
      train$(two, { services: own, scheduler }).subscribe({
        next: (event) => seen.push(event),
        complete: () => {
          over = true;
        },
      });
      expect(seen).toEqual([]);
      scheduler.flush();
      expect(over).toBe(true);
      const real = await collect(train$(two, { services: own }));
      expect(seen.map(timeless)).toEqual(real.map(timeless));
      expect(seen[0]).toMatchObject({ _tag: "Started", scheduler });
      expect(real[0]).toMatchObject({ scheduler: undefined });
    }
  });

  it("is a marble diagram", () => {
    const scheduler = inMarbles();
    scheduler.run(({ expectObservable }) => {
      const said$ = paced$(scheduler).pipe(
        filter(({ _tag }) => _tag !== "EpochStarted" && _tag !== "Validated"),
        map((event) => (event._tag === "EpochCompleted" ? String(event.epoch) : marbleOf(event))),
      );
      // Epochs of four steps. Between them are the frames of `EpochStarted`, and before the end that of `Validated`.
      expectObservable(said$).toBe("s-pppp1-pppp2-c|", marbles);
    });
  });

  it("ends at once where it is unsubscribed from, and leaves nothing scheduled", () => {
    const scheduler = new VirtualTimeScheduler();
    const seen: TrainEvent[] = [];
    const run = paced$(scheduler).subscribe((event) => {
      seen.push(event);
      if (event._tag === "StepCompleted" && event.step === 3) run.unsubscribe();
    });
    scheduler.flush();
    expect(losses(seen)).toHaveLength(3);
    expect(scheduler.actions).toEqual([]);
  });

  it("tells its own time, and that of its operators", () => {
    const timed = (operator: ReturnType<typeof stopAfter>) => {
      const scheduler = new VirtualTimeScheduler();
      const seen: TrainEvent[] = [];
      paced$(scheduler)
        .pipe(operator)
        .subscribe((event) => seen.push(event));
      scheduler.flush();
      return seen;
    };
    // `Started` comes at 0 ms, `EpochStarted` at 1 ms, and the steps at 2, 3, 4 and 5 ms.
    const stopped = timed(stopAfter({ seconds: 0.0035 }));
    expect(lastOf(stopped, "Stopped")).toMatchObject({ step: 2 });
    const speeds = stopped.flatMap((event) =>
      event._tag === "StepCompleted" ? [event.examplesPerSecond] : [],
    );
    expect(speeds).toEqual([16 / 0.002, 32 / 0.003, 48 / 0.004].slice(0, speeds.length));
    const states = timed(statesEvery({ seconds: 0.003 }));
    // Asked for at 3, 6, 10 and 13 ms: a state takes a frame too, and so does what comes between the epochs.
    const reached = states.flatMap((event) => (event._tag === "StateReached" ? [event.step] : []));
    expect(reached).toEqual([2, 4, 5, 7]);
    // An epoch waits for `Started`, `EpochStarted` and its steps.
    const [epoch] = timed((run$) => run$).filter(({ _tag }) => _tag === "EpochCompleted");
    expect(epoch).toMatchObject({ milliseconds: 6 });
  });

  it("draws its progress by its own time", () => {
    const scheduler = new VirtualTimeScheduler();
    let drawn = 0;
    const write = (text: string) => {
      if (text.includes("━") || text.includes("─")) drawn++;
    };
    const stream = { write, isTTY: true, columns: 80 };
    paced$(scheduler)
      .pipe(printProgress({ stream, every: 3 }))
      .subscribe();
    scheduler.flush();
    // At 2, 5, 8 and 11 ms.
    expect(drawn).toBe(4);
  });

  it("is so as an effect and as a stream, too", async () => {
    const scheduler = new VirtualTimeScheduler();
    const streamed = Effect.map(Stream.runCollect(trainStream(two, { scheduler })), losses);
    const trained = Effect.map(train(two, { scheduler }), ({ step }) => step);
    // Whoever reads the stream lives in real time.
    const passing = setInterval(() => scheduler.flush(), 0);
    const both = Effect.provide(Effect.all([streamed, trained]), services);
    const [read, steps] = await Effect.runPromise(both);
    clearInterval(passing);
    expect([read.length, steps]).toEqual([8, 8]);
  });
});

describe("a run gives way", () => {
  it("every four milliseconds of its scheduler, which says when it goes on", () => {
    // A clock that goes on by a millisecond whenever it is asked.
    const scheduler = new VirtualTimeScheduler();
    let [time, turns] = [0, 0];
    const schedule: SchedulerLike["schedule"] = (
      ...task: Parameters<typeof scheduler.schedule>
    ) => {
      turns++;
      return scheduler.schedule(...task);
    };
    const ticking: SchedulerLike = { now: () => time++, schedule };
    train$(two, { services, scheduler: ticking }).subscribe();
    scheduler.flush();
    const [steps, before] = [8, turns];
    expect(before).toBeGreaterThan(steps / 4);
    // Where time stands still, it is its own master until it ends: only fibers were started.
    const still: SchedulerLike = { ...ticking, now: () => 0 };
    turns = 0;
    train$(two, { services, scheduler: still }).subscribe();
    scheduler.flush();
    expect(turns).toBeLessThan(before);
  });

  it("by RxJS's asyncScheduler, too", async () => {
    const events = await collect(train$(two, { services, scheduler: asyncScheduler }));
    expect(lastOf(events, "Completed").step).toBe(8);
  });
});
