import { isLeft } from "fp-ts/lib/Either.js";
import { lastValueFrom, takeWhile, toArray } from "rxjs";
import { describe, expect, it } from "vitest";
import { check, type Law, laws } from "../../laws/index.ts";
import {
  playSearch,
  pointsOfTheCube,
  type StrategySubject,
  searchEnds,
  searchResumption,
} from "../../laws/training/strategies.ts";
import { holds } from "../../laws/vitest.ts";
import { withCallback } from "../../src/index.ts";
import {
  bayesian,
  between,
  gridSearch,
  hyperband,
  importance,
  logBetween,
  oneOf,
  populationBased,
  quasiRandomSearch,
  randomSearch,
  type Search,
  type SearchEvent,
  type Space,
  type Strategy,
  scoreOf,
  search$,
  successiveHalving,
  type Trial,
  valuesAt,
  wholeBetween,
} from "../../src/search/index.ts";
import { trainInWorker } from "../../src/train/index.ts";
import { bitsOf } from "../train/examples.ts";
import { line } from "./line.ts";
import type { Fate } from "./trials.ts";

const workers = new URL("./trials.ts", import.meta.url);

const strategies: readonly Strategy[] = [
  randomSearch({ trials: 12 }),
  quasiRandomSearch({ trials: 12 }),
  gridSearch({ steps: 2 }),
  successiveHalving({ trials: 12, factor: 2 }),
  hyperband({ trials: 12, epochs: 4, factor: 2 }),
  populationBased({ size: 4, generations: 3 }),
  bayesian({ trials: 12, random: 3, candidates: 40 }),
];

const counts = [Number.POSITIVE_INFINITY, 3];

/** Runs a strategy on a function of a point and an epoch, trial after trial. */
const played = (
  strategy: Strategy,
  valueOf: (point: readonly number[], epoch: number) => number,
  epochs = 4,
): readonly Trial[] => playSearch(strategy, { valueOf, counts, epochs, seed: 0 });

const bowl = ([x = 0, y = 0]: readonly number[], epoch: number): number =>
  ((x - 0.3) ** 2 + (y - 0.8) ** 2 + 0.01) / epoch;

holds(
  laws.strategy,
  strategies.map((strategy) => ({ name: strategy.name, strategy })),
);

describe("planted mistakes in strategies are noticed", () => {
  const broken = (law: Law<StrategySubject>, strategy: Strategy): string => {
    const verdict = check(law, { name: "wrong", strategy }, { shrink: false });
    return isLeft(verdict) ? verdict.left.reason : "";
  };
  const random = randomSearch({ trials: 9 });

  it("a point outside of the space", () => {
    const propose: Strategy["propose"] = (asked) => {
      const next = random.propose(asked);
      return typeof next === "string" ? next : { point: next.point.map((x) => 1.1 * x) };
    };
    expect(broken(pointsOfTheCube, { ...random, propose })).toContain("is at");
  });

  it("a search without end", () => {
    const propose: Strategy["propose"] = ({ counts }) => ({ point: counts.map(() => 0.5) });
    expect(broken(searchEnds, { ...random, propose })).toContain("on and on");
  });

  it("something that is remembered beside the trials", () => {
    let asked = 0;
    const propose: Strategy["propose"] = (of) => {
      asked += 1;
      return of.trials.length < 9 ? { point: of.counts.map(() => (asked % 7) / 7) } : "done";
    };
    expect(broken(searchResumption, { ...random, propose })).toContain("is not");
  });
});

describe("spaces", () => {
  it("map the unit interval to values", () => {
    expect(between(2, 6).at(0.25)).toBe(3);
    expect(logBetween(1e-4, 1).at(0.25)).toBeCloseTo(1e-3, 12);
    expect([0, 0.34, 0.99].map(wholeBetween(3, 5).at)).toEqual([3, 4, 5]);
    expect([0, 0.5, 1 - 2 ** -53].map(oneOf(["a", "b"]).at)).toEqual(["a", "b", "b"]);
    expect(valuesAt({ b: between(0, 1), a: oneOf([7]) }, [0.1, 0.2])).toEqual({ a: 7, b: 0.2 });
  });

  it.each([
    () => between(1, 1),
    () => between(0, Number.POSITIVE_INFINITY),
    () => logBetween(0, 1),
    () => wholeBetween(0.5, 2),
    () => oneOf([]),
    () => randomSearch({ trials: 0 }),
    () => gridSearch({ steps: 0 }),
    () => successiveHalving({ trials: 3, factor: 1 }),
    () => hyperband({ trials: 3, epochs: 0 }),
    () => populationBased({ size: 1, generations: 2 }),
    () => bayesian({ trials: 1.5 }),
  ])("refuses %s", (make) => {
    expect(make).toThrow(expect.objectContaining({ _tag: "InvalidArgument" }));
  });
});

describe("strategies, by hand", () => {
  it("Halton's sequence in bases 2 and 3", () => {
    const points = played(quasiRandomSearch({ trials: 4 }), bowl).map(({ point }) => point);
    const expected = [
      [1 / 2, 1 / 3],
      [1 / 4, 2 / 3],
      [3 / 4, 1 / 9],
      [1 / 8, 4 / 9],
    ];
    points.forEach((point, i) => {
      expect(point).toEqual(expected[i]?.map((x) => expect.closeTo(x, 12)));
    });
  });

  it("a grid has every combination once", () => {
    const points = played(gridSearch({ steps: 2 }), bowl).map(({ point }) => point.join(" "));
    expect(new Set(points).size).toBe(2 * 3);
    expect(points[0]).toBe(`0.25 ${0.5 / 3}`);
  });

  it("halving stops what is not among the best third of those that came as far", () => {
    const { goesOn } = successiveHalving({ trials: 9, factor: 3 });
    const at = (id: number, ...costs: readonly number[]): Trial => ({
      ...{ id, point: [0], costs, outcome: "running" },
    });
    const others = [at(0, 5), at(1, 4), at(2, 3), at(3, 2), at(4, 1)];
    // Of six, two go on.
    expect(goesOn(at(5, 1.5), [...others, at(5, 1.5)])).toBe(true);
    expect(goesOn(at(5, 2.5), [...others, at(5, 2.5)])).toBe(false);
    // The second epoch compares nothing; the third does, and it is the first to come so far.
    expect(goesOn(at(0, 5, 5), [at(0, 5, 5), ...others.slice(1)])).toBe(true);
    expect(goesOn(at(0, 5, 5, 5), [at(0, 5, 5, 5), ...others.slice(1)])).toBe(true);
  });

  it("a population copies its best member into the place of its worst", () => {
    const all = played(populationBased({ size: 4, generations: 3, spread: 0 }), bowl);
    expect(all).toHaveLength(12);
    for (const generation of [1, 2]) {
      const before = all.slice(4 * generation - 4, 4 * generation);
      const ranked = before.toSorted((a, b) => scoreOf(a) - scoreOf(b)).map(({ id }) => id);
      const from = all.slice(4 * generation, 4 * generation + 4).map((trial) => trial.from?.trial);
      const expected = before.map(({ id }) => (id === ranked[3] ? ranked[0] : id));
      expect(from).toEqual(expected);
    }
    expect(all.every(({ costs }) => costs.length === 1)).toBe(true);
  });

  /** Branin's function on the unit square: its least value is 0.397887 (Dixon and Szegő 1978). */
  const branin = ([u = 0, v = 0]: readonly number[]): number => {
    const [x, y] = [15 * u - 5, 15 * v];
    const bent = y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6;
    return bent ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
  };
  it("Bayesian search comes nearer to the least value than random points", () => {
    const best = (strategy: Strategy): number =>
      played(strategy, branin, 1).reduce((a, t) => Math.min(a, scoreOf(t)), 1e9);
    const model = best(bayesian({ trials: 30 }));
    expect(model).toBeLessThan(0.6);
    expect(model).toBeLessThan(best(randomSearch({ trials: 30 })));
  });
});

describe("importance", () => {
  it("is that of the parameter that matters", () => {
    const space: Space = { much: between(0, 1), none: between(0, 1) };
    const all = played(
      randomSearch({ trials: 60 }),
      ([x = 0, y = 0]) => 5 * (x - 0.4) ** 2 + 0.01 * y,
      1,
    );
    const { much = 0, none = 1 } = importance(space, all) ?? {};
    expect(much).toBeGreaterThan(0.6);
    expect(none).toBeLessThan(0.2);
    expect(importance(space, all.slice(0, 7))).toBeUndefined();
  });
});

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
