import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Stream from "effect/Stream";
import * as Tracer from "effect/Tracer";
import { pipe } from "fp-ts/lib/function.js";
import { finalize, lastValueFrom, Subject, share, take, tap, timer, toArray } from "rxjs";
import { describe, expect, it } from "vitest";
import { experience, streamRows } from "../../../src/data/index.ts";
import {
  dense,
  pipeline,
  ReverseMode,
  saveCheckpoints,
  sgd,
  type TrainEvent,
  train$,
  withCallback,
  withData,
  withEpochs,
} from "../../../src/index.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { mean, mul, random } from "../../../src/ir/index.ts";
import { batchObjective } from "../../../src/learn/index.ts";
import { awaiting, conflating, train, trainStream } from "../../../src/train/index.ts";
import { device } from "../../backend/late.ts";
import { backends, bitsOf, collect, lastOf, losses, points, small } from "../examples.ts";

const services = backends.wasm;
const run = <A, E>(effect: Effect.Effect<A, E, Layer.Success<typeof services>>) =>
  Effect.runPromise(Effect.provide(effect, services));

/** A run of many small steps. */
const many = (steps: number) =>
  pipeline(
    "many",
    Effect.succeed({ train: experience(steps) }),
    batchObjective({
      models: { net: dense(1, 1) },
      loss: ({ net }, _, { key }) => {
        const out = net(random.normal(key, [2, 1]));
        return mean(mul(out, out)) as Expr<readonly []>;
      },
      optimizer: sgd({ learningRate: 0.1 }),
    }),
  );

/** Counts the events that the run made and nobody has seen yet. */
const waitingIn = () => {
  let [made, seen, most] = [0, 0, 0];
  return {
    making: withCallback<unknown>(
      tap(() => {
        made++;
        most = Math.max(most, made - seen);
      }),
    ),
    see: () => {
      seen++;
    },
    most: () => most,
    seen: () => seen,
  };
};

describe("a slow subscriber", () => {
  it("of a stream does not make memory grow in 100,000 steps, and loses nothing", async () => {
    const { making, see, most, seen } = waitingIn();
    const slow = Stream.runForEach(trainStream(making(many(100_000))), () =>
      Effect.suspend(() => {
        see();
        return seen() % 1000 === 0 ? Effect.sleep(1) : Effect.void;
      }),
    );
    await run(slow);
    // Started, EpochStarted, the steps, EpochCompleted, Completed.
    expect(seen()).toBe(100_004);
    expect(most()).toBeLessThan(200);
  });

  it("that awaits its work holds the run back, step by step", async () => {
    for (const [own, ahead] of [
      [services, 0],
      [Layer.merge(device({ ahead: 3 }).layer, ReverseMode.layerTape), 3],
    ] as const) {
      const { making, see, most, seen } = waitingIn();
      const run$ = train$(making(many(500)), { services: own }).pipe(
        awaiting(() => new Promise<void>((resolve) => setImmediate(resolve)).then(see)),
      );
      await lastValueFrom(run$);
      expect(seen()).toBe(504);
      // The events of the steps that were under way, and one that is no step.
      expect(most()).toBeLessThanOrEqual(ahead + 3);
    }
  });
});

describe("slow subscribers that conflate", () => {
  /** What is still said after the run is over, by subscribers that were busy with its first event until then. */
  const afterwards = async (steps: number, subscribers: number) => {
    let over = 0;
    const free$ = new Subject<void>();
    const run$ = train$(many(steps), { services }).pipe(
      finalize(() => over++),
      share(),
    );
    const ends = Array.from({ length: subscribers }, (_, i) =>
      lastValueFrom(
        run$.pipe(
          // Each is as slow as it is, and one of them is not slow.
          conflating((event) => (event._tag === "Started" && i > 0 ? free$.pipe(take(i)) : [])),
          toArray(),
        ),
      ),
    );
    while (over === 0) await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < subscribers; i++) free$.next();
    return [over, await Promise.all(ends)] as const;
  };

  it("hold the newest event of each kind, however long the run was", async () => {
    for (const steps of [2, 300, 30_000]) {
      const [runs, [all = [], ...others]] = await afterwards(steps, 3);
      expect(runs).toBe(1);
      expect(all).toHaveLength(steps + 4);
      expect(others).toHaveLength(2);
      for (const events of others) {
        expect(events.map(({ _tag }) => _tag)).toEqual([
          ...["Started", "EpochStarted", "StepCompleted", "EpochCompleted", "Completed"],
        ]);
        expect(events[2]).toMatchObject({ step: steps });
      }
    }
  });

  it("do not hold back a run that another subscriber makes wait, nor lose that one's events", async () => {
    const run$ = train$(many(300), { services }).pipe(share());
    const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
    const careful = lastValueFrom(run$.pipe(awaiting(pause), toArray()));
    const hasty = lastValueFrom(
      run$.pipe(
        conflating(() => timer(20)),
        toArray(),
      ),
    );
    expect(await careful).toHaveLength(304);
    expect((await hasty).at(-1)).toMatchObject({ _tag: "Completed", step: 300 });
  });
});

describe("a run as an effect and as a stream", () => {
  it("has the events and the bits of train$", async () => {
    const of = pipe(small, withEpochs(2));
    const observed = await collect(train$(of, { services }));
    const streamed: readonly TrainEvent[] = await run(Stream.runCollect(trainStream(of)));
    expect(streamed.map(({ _tag }) => _tag)).toEqual(observed.map(({ _tag }) => _tag));
    expect(losses(streamed)).toEqual(losses(observed));
    const { state } = lastOf(observed, "Completed");
    expect(bitsOf(lastOf(streamed, "Completed").state)).toEqual(bitsOf(state));
    expect(bitsOf(await run(train(of)))).toEqual(bitsOf(state));
    // And resumed from a state.
    const first = observed.find(({ _tag }) => _tag === "EpochCompleted");
    if (first?._tag !== "EpochCompleted") throw new Error("no epoch");
    expect(bitsOf(await run(train(of, { from: first.state })))).toEqual(bitsOf(state));
  });

  it("fails with the errors of the run, after its events", async () => {
    const broken = pipe(
      small,
      withData(
        Effect.succeed({
          train: streamRows(function* () {
            yield points(1).row(0);
            throw new Error("EIO");
          }),
        }),
      ),
    );
    const seen: string[] = [];
    const noting = Stream.tap(trainStream(broken), ({ _tag }) =>
      Effect.sync(() => seen.push(_tag)),
    );
    expect(await run(Effect.flip(Stream.runDrain(noting)))).toMatchObject({ _tag: "StreamFailed" });
    expect(seen).toEqual(["Started", "EpochStarted"]);
  });

  it("ends when its stream is left or its effect interrupted, and releases its data", async () => {
    let closed = 0;
    const endless = pipe(
      small,
      withData(
        Effect.succeed({
          train: streamRows(
            async function* () {
              try {
                for (;;) yield points(1).row(0);
              } finally {
                closed++;
              }
            },
            { spec: points(1).columns },
          ),
        }),
      ),
    );
    await run(Stream.runDrain(Stream.take(trainStream(endless), 3)));
    expect(closed).toBe(1);
    await run(Effect.timeoutOption(train(endless), 20));
    expect(closed).toBe(2);
  });

  it("shows a tracer what it does", async () => {
    const spans: Tracer.Span[] = [];
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options);
        spans.push(span);
        return span;
      },
    });
    const folder = mkdtempSync(join(tmpdir(), "fluxion-spans-"));
    const saving = withCallback(saveCheckpoints(small, { folder }));
    const of = pipe(small, withEpochs(2), saving);
    const traced = Effect.withSpan(train(of), "mine");
    await run(Effect.provideService(traced, Tracer.Tracer, tracer));
    rmSync(folder, { recursive: true });
    const names = spans.map(({ name }) => name).filter((name) => name !== "compile");
    // An epoch begins while the one before is saved, but for its first step.
    expect(names.toSorted()).toEqual([
      ...["checkpoint", "checkpoint", "epoch", "epoch", "evaluate", "load", "mine"],
    ]);
    // The size of the last batch is another program, and so is the evaluation.
    expect(spans.length - names.length).toBeGreaterThanOrEqual(3);
    const saves = spans.filter(({ name }) => name === "checkpoint");
    expect(saves.map(({ attributes }) => attributes.get("step"))).toEqual([4, 8]);
    for (const save of saves) {
      expect(save.parent).toMatchObject({ value: { name: "mine" } });
      expect(save.status._tag).toBe("Ended");
    }
  });
});
