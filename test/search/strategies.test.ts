import { isLeft } from "fp-ts/lib/Either.js";
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
  type Space,
  type Strategy,
  scoreOf,
  successiveHalving,
  type Trial,
  valuesAt,
  wholeBetween,
} from "../../src/search/index.ts";

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
