import { pipe } from "fp-ts/lib/function.js";
import { lastValueFrom, takeWhile, toArray } from "rxjs";
import { describe, expect, it } from "vitest";
import { withCallback, withEpochs, withInitialState } from "../../src/index.ts";
import {
  bayesian,
  gridSearch,
  logBetween,
  oneOf,
  populationBased,
  randomSearch,
  type Search,
  type SearchEvent,
  scoreOf,
  search$,
  successiveHalving,
  type Trial,
} from "../../src/search/index.ts";
import { trainInWorker } from "../../src/train/index.ts";
import { bitsOf } from "../train/examples.ts";
import { line } from "./line.ts";
import type { Fate } from "./trials.ts";

const workers = new URL("./trials.ts", import.meta.url);

const base = { space: { learningRate: logBetween(1e-3, 100) }, pipeline: line, seed: 3 };
type Event = SearchEvent<typeof base.space, unknown, never>;
const events = (
  more: Pick<Search<typeof base.space, unknown, never>, "strategy"> &
    Partial<Search<typeof base.space, unknown, never>>,
): Promise<readonly Event[]> => lastValueFrom(search$({ ...base, ...more }).pipe(toArray()));
const endOf = (all: readonly Event[]) => {
  const end = all.at(-1);
  if (end?._tag !== "SearchCompleted") throw new Error("the search did not end");
  return end;
};

describe("search$", () => {
  it("finds a rate that learns, and goes on where trials diverge", async () => {
    const { trials, best } = endOf(await events({ strategy: randomSearch({ trials: 10 }) }));
    expect(trials.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(best?.values.learningRate).toBeGreaterThan(1e-3);
    expect(best?.values.learningRate).toBeLessThan(0.3);
    expect(best?.state?.epoch).toBe(4);
    expect(scoreOf(best?.trial as Trial)).toBe(Math.min(...trials.map(scoreOf)));
  });

  it("does not compare what a trial begins from", async () => {
    const origin = pipe(line({ learningRate: 0.1 }), withEpochs(2));
    const { trials } = endOf(
      await events({
        strategy: randomSearch({ trials: 2 }),
        pipeline: (values) =>
          pipe({ ...line(values), name: "fine" }, withInitialState({ ...origin, name: "before" })),
      }),
    );
    expect(trials.map(({ outcome, costs }) => [outcome, costs.length])).toEqual([
      ["complete", 4],
      ["complete", 4],
    ]);
  });

  it("depends on its seed alone", async () => {
    const strategy = bayesian({ trials: 7, random: 3, candidates: 30 });
    const [a, b, c] = [
      endOf(await events({ strategy })),
      endOf(await events({ strategy })),
      endOf(await events({ strategy, seed: 4 })),
    ];
    expect(a.trials).toEqual(b.trials);
    expect(bitsOf(a.best?.state)).toEqual(bitsOf(b.best?.state));
    expect(a.trials).not.toEqual(c.trials);
  });

  it("that is interrupted goes on from its trials, which are plain data", async () => {
    const strategy = successiveHalving({ trials: 8, factor: 2 });
    const whole = endOf(await events({ strategy }));
    const part = await lastValueFrom(
      search$({ ...base, strategy }).pipe(
        takeWhile((event) => !(event._tag === "TrialEnded" && event.trial.id === 4), true),
        toArray(),
      ),
    );
    const seen = new Map<number, Trial>();
    for (const event of part) if ("trial" in event) seen.set(event.trial.id, event.trial);
    const from = JSON.parse(JSON.stringify([...seen.values()])) as readonly Trial[];
    const rest = endOf(await events({ strategy, from }));
    // JSON has no infinity: such a value comes back as null, and counts as one.
    expect(rest.trials.map(({ point }) => point)).toEqual(whole.trials.map(({ point }) => point));
    expect(rest.best?.values).toEqual(whole.best?.values);
  });

  it("copies states in a population, however many trials are under way", async () => {
    const strategy = populationBased({ size: 4, generations: 4 });
    const [one, four] = [
      endOf(await events({ strategy })),
      endOf(await events({ strategy, parallel: 4 })),
    ];
    expect(four.trials.map(({ point, costs }) => ({ point, costs }))).toEqual(
      one.trials.map(({ point, costs }) => ({ point, costs })),
    );
    expect(one.trials).toHaveLength(16);
    // The last generation has learned for four epochs.
    expect(one.best?.state?.epoch).toBe(4);
    expect(scoreOf(one.best?.trial as Trial)).toBeLessThan(
      Math.min(...one.trials.slice(0, 4).map(scoreOf)),
    );
  });

  it("trains in workers as on its own thread", async () => {
    const strategy = randomSearch({ trials: 2 });
    const trial = new URL("./trial.ts", import.meta.url);
    const [own, apart] = [
      endOf(await events({ strategy })),
      endOf(
        await events({
          strategy,
          parallel: 2,
          train: (values, from) =>
            trainInWorker(trial, { workerData: values, ...(from && { from }) }),
        }),
      ),
    ];
    expect(apart.trials).toEqual(own.trials);
    expect(bitsOf(apart.best?.state?.carried)).toEqual(bitsOf(own.best?.state?.carried));
  });

  it.each([
    [1, populationBased({ size: 3, generations: 3 })],
    [3, randomSearch({ trials: 7 })],
  ])("gives the same trials and bits on %i kept workers", async (parallel, strategy) => {
    const own = endOf(await events({ strategy }));
    const kept = endOf(await events({ strategy, parallel, workers }));
    expect(kept.trials).toEqual(own.trials);
    expect(bitsOf(kept.best?.state?.carried)).toEqual(bitsOf(own.best?.state?.carried));
  });

  it("replaces a worker that dies, and goes on", async () => {
    const all = await lastValueFrom(
      search$({
        space: { fate: oneOf<Fate>(["learns", "throws", "dies", "learns"]) },
        pipeline: () => line({ learningRate: 0.1 }),
        strategy: gridSearch(),
        workers,
      }).pipe(toArray()),
    );
    expect(all.flatMap((event) => (event._tag === "TrialEnded" ? [event] : []))).toMatchObject([
      { trial: { outcome: "complete" }, values: { fate: "learns" }, error: undefined },
      {
        trial: { outcome: "failed" },
        values: { fate: "throws" },
        error: { message: "this trial throws" },
      },
      { trial: { outcome: "failed" }, values: { fate: "dies" }, error: { _tag: "WorkerLost" } },
      { trial: { outcome: "complete" }, error: undefined },
    ]);
    expect(all.at(-1)).toMatchObject({ best: { trial: { id: 0 } } });
  });

  it("that is interrupted with several trials under way goes on with the same ones", async () => {
    const strategy = randomSearch({ trials: 7 });
    const whole = endOf(await events({ strategy })).trials;
    // Two earlier trials were slower than later ones.
    const from = whole
      .slice(0, 5)
      .map((trial, i) =>
        i === 1 || i === 3
          ? ({ ...trial, outcome: "running", costs: trial.costs.slice(0, 1) } as const)
          : trial,
      );
    expect(endOf(await events({ strategy, from })).trials).toEqual(whole);
  });

  it("reports a trial that cannot run, and goes on", async () => {
    const all = await lastValueFrom(
      search$({
        space: { batchSize: oneOf([0, 4]) },
        pipeline: ({ batchSize }) => ({ ...line({ learningRate: 0.1 }), batchSize }),
        strategy: gridSearch(),
      }).pipe(toArray()),
    );
    const failed = all.find((event) => event._tag === "TrialEnded" && event.error !== undefined);
    expect(failed).toMatchObject({
      trial: { outcome: "failed" },
      error: { _tag: "InvalidBatchSize" },
    });
    expect(all.at(-1)).toMatchObject({ best: { values: { batchSize: 4 } } });
  });

  it("ends a trial that takes too long", async () => {
    const slow = { ...line({ learningRate: 0.1 }), epochs: 1e9 };
    const all = await lastValueFrom(
      search$({
        ...base,
        pipeline: () => slow,
        strategy: randomSearch({ trials: 2 }),
        seconds: 0.1,
        parallel: 2,
      }).pipe(toArray()),
    );
    const errors = all.flatMap((event) => (event._tag === "TrialEnded" ? [event.error] : []));
    expect(errors).toMatchObject([{ _tag: "TrialTimedOut" }, { _tag: "TrialTimedOut" }]);
    // What they had reached counts for nothing.
    expect(all.at(-1)).toMatchObject({ best: undefined });
  });

  it("an unknown monitor fails every trial with its name", async () => {
    const all = await events({
      strategy: randomSearch({ trials: 1 }),
      monitor: "validation.speed",
    });
    expect(all.find(({ _tag }) => _tag === "TrialEnded")).toMatchObject({
      error: { _tag: "UnknownMonitor" },
    });
  });

  it("interrupts its trials when it is unsubscribed from", async () => {
    let epochs = 0;
    const of = withCallback((run$) => {
      epochs += 1;
      return run$;
    })(line({ learningRate: 0.1 }));
    const search = search$({
      ...base,
      pipeline: () => ({ ...of, epochs: 1e9 }),
      strategy: randomSearch({ trials: 9 }),
    });
    await lastValueFrom(search.pipe(takeWhile(({ _tag }) => _tag === "TrialStarted", true)));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(epochs).toBe(1);
  });

  it.each([
    { space: {} },
    { space: { learningRate: { at: () => 1, count: 0 } } },
    { parallel: 0 },
    { seconds: 0 },
    { from: [{ id: 0, point: [0.1, 0.2], values: [], outcome: "complete" } as const] },
  ])("refuses %j", (wrong) => {
    expect(() => search$({ ...base, strategy: gridSearch(), ...wrong } as never)).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument" }),
    );
  });
});
