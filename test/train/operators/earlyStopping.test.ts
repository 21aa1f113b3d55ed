import * as fc from "fast-check";
import { EMPTY, from, lastValueFrom, map, Observable, of as only, toArray } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { describe, expect, it } from "vitest";
import { UnknownMonitor } from "../../../src/errors.ts";
import { type EarlyStopping, earlyStopping } from "../../../src/train/operators/earlyStopping.ts";
import type { Memory } from "../../../src/train/state/memory.ts";
import { at, completed, type Event, epoch, started } from "./events.ts";

const through = (events: readonly Event[], options: EarlyStopping): Promise<readonly Event[]> =>
  lastValueFrom(from(events).pipe(earlyStopping<number>(options), toArray()));

const run = (losses: readonly number[], options: EarlyStopping): Promise<readonly Event[]> =>
  through(
    [started, ...losses.map((loss, i) => epoch(i + 1, loss)), completed(losses.length)],
    options,
  );

/** Epochs with values of a metric beside the loss. */
const measured = (name: string, values: readonly number[]): readonly Event[] => [
  started,
  ...values.map((value, i) => ({ ...epoch(i + 1, 0.5), metrics: { [name]: value } })),
];

const tags = (events: readonly Event[]): readonly string[] => events.map(({ _tag }) => _tag);

describe("earlyStopping", () => {
  it("treats any number as better than NaN", async () => {
    const events = await run([Number.NaN, 0.5, 0.4, 0.45], { monitor: "train.loss" });
    expect(events.at(-1)).toMatchObject({ _tag: "Stopped", epoch: 4, state: { epoch: 3 } });
  });

  it("stops after patience epochs without improvement, with the state of the best", async () => {
    const events = await run([0.5, 0.3, 0.4, 0.35, 0.1], { monitor: "train.loss", patience: 2 });
    expect(tags(events)).toEqual([
      "Started",
      ...Array<string>(4).fill("EpochCompleted"),
      "Stopped",
    ]);
    expect(events.at(-1)).toMatchObject({ epoch: 4, step: 800, state: { epoch: 2, carried: 2 } });
  });

  it("stops at the first bad epoch with patience 0, as with 1", async () => {
    for (const patience of [0, 1]) {
      const events = await run([0.5, 0.6, 0.1], { monitor: "train.loss", patience });
      expect(events.at(-1)).toMatchObject({ _tag: "Stopped", epoch: 2, state: { epoch: 1 } });
    }
  });

  it("lets an improving run complete", async () => {
    const events = await run([0.5, 0.4, 0.3], { monitor: "train.loss" });
    expect(events.at(-1)).toMatchObject({ _tag: "Completed", state: { epoch: 3 } });
  });

  it("completes a run with the best state, if it is to be restored", async () => {
    const losses = [0.5, 0.3, 0.4];
    const options = { monitor: "train.loss", patience: 5 } as const;
    const kept = (await run(losses, options)).at(-1);
    expect(kept).toMatchObject({ _tag: "Completed", epoch: 3, state: { epoch: 2, carried: 2 } });
    const last = (await run(losses, { ...options, restoreBest: false })).at(-1);
    expect(last).toMatchObject({ _tag: "Completed", epoch: 3, state: { epoch: 3, carried: 3 } });
  });

  it("keeps no state if the best is not to be restored", async () => {
    const options = { monitor: "train.loss", restoreBest: false } as const;
    const events = await run([0.5, 0.6], options);
    expect(events.at(-1)).toMatchObject({ _tag: "Stopped", state: { epoch: 2 } });
    expect(JSON.stringify(events)).not.toContain('"state":{"params":1,"memory');
  });

  it("counts only improvements of more than minDelta", async () => {
    const events = await run([0.5, 0.49, 0.48], { monitor: "train.loss", minDelta: 0.05 });
    expect(events.at(-1)).toMatchObject({ _tag: "Stopped", epoch: 2, state: { epoch: 1 } });
  });

  it("expects an accuracy to rise and a loss to fall", async () => {
    const events = await run([0.5, 0.4, 0.45], { monitor: "train.accuracy" });
    expect(events.at(-1)).toMatchObject({ _tag: "Stopped", epoch: 3, state: { epoch: 2 } });
  });

  it("expects an error to fall, by the metric's direction: 3.74, 2.20, 1.32, 0.84", async () => {
    const rmse = measured("rmse", [3.74, 2.2, 1.32, 0.84]);
    const options = { monitor: "train.rmse", patience: 2 } as const;
    const events = await through([...rmse, completed(4)], options);
    expect(events.at(-1)).toMatchObject({ _tag: "Completed", state: { epoch: 4 } });
    const asked = await through(rmse, { ...options, mode: "max" });
    expect(asked.at(-1)).toMatchObject({ _tag: "Stopped", epoch: 3, state: { epoch: 1 } });
  });

  describe("twice in one run, on one monitor", () => {
    const events = [started, epoch(1, 0.5), epoch(2, 0.6), epoch(3, 0.45), epoch(4, 0.7)];
    const twice = (first: EarlyStopping, second: EarlyStopping): Promise<readonly Event[]> =>
      lastValueFrom(
        from(events).pipe(
          earlyStopping<number>({ monitor: "train.loss", ...first }),
          earlyStopping<number>({ monitor: "train.loss", ...second }),
          toArray(),
        ),
      );

    it("is refused: the second would write over what the first remembers", async () => {
      await expect(twice({ patience: 9 }, { patience: 2, minDelta: 0.1 })).rejects.toThrow(
        'an operator of the run: name is "earlyStopping train.loss"',
      );
    });

    it("remembers both under names of their own", async () => {
      const made = await twice({ patience: 9 }, { patience: 9, minDelta: 0.1, name: "coarse" });
      expect(made.at(-1)).toMatchObject({
        state: { memory: { "earlyStopping train.loss": { since: 1 }, coarse: { since: 3 } } },
      });
    });
  });

  it("requires the direction of an unknown metric", async () => {
    const events = measured("score", [1, 2]);
    await expect(through(events, { monitor: "train.score" })).rejects.toMatchObject({
      _tag: "InvalidArgument",
      argument: "mode",
    });
    const told = await through(events, { monitor: "train.score", mode: "max" });
    expect(told).toHaveLength(3);
  });

  it("agrees with a count by hand, for any values, patience and direction", async () => {
    const value = fc.oneof(fc.nat(4), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0));
    const samples = fc.record({
      values: fc.array(value, { minLength: 1, maxLength: 12 }),
      patience: fc.nat(4),
      minDelta: fc.nat(2),
      better: fc.constantFrom("higher" as const, "lower" as const),
      restoreBest: fc.boolean(),
    });
    const property = fc.asyncProperty(
      samples,
      async ({ values, patience, minDelta, better, restoreBest }) => {
        let [best, bad, last] = [1, 0, 0];
        const gain = (now: number, before: number) =>
          better === "higher" ? now - before : before - now;
        for (const [i, now] of values.entries()) {
          if (i > 0 && bad > 0 && bad >= patience) break;
          last = i + 1;
          const before = values[best - 1] ?? Number.NaN;
          const improves = Number.isNaN(before) ? !Number.isNaN(now) : gain(now, before) > minDelta;
          if (i === 0 || improves) [best, bad] = [last, 0];
          else bad++;
        }
        const ends = bad > 0 && bad >= patience ? "Stopped" : "Completed";
        const begun: Event = { ...started, better: { score: better } };
        const [, ...epochs] = measured("score", values);
        const events = await through([begun, ...epochs, completed(values.length)], {
          ...{ monitor: "train.score", patience, minDelta, restoreBest },
        });
        expect(events.at(-1)).toMatchObject({
          _tag: ends,
          epoch: last,
          state: { epoch: restoreBest ? best : last },
        });
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  it("passes events on immediately, ends with the stopping epoch and unsubscribes from the run", () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(
      ({ hot, expectObservable, expectSubscriptions }) => {
        const values = { s: started, a: epoch(1, 0.5), b: epoch(2, 0.4), c: epoch(3, 0.4) };
        const source$ = hot("-s--a--b--c--c|", values);
        const said$ = source$.pipe(
          earlyStopping<number>({ monitor: "train.loss" }),
          map(({ _tag }) => _tag),
        );
        const [s, e, x] = ["Started", "EpochCompleted", "Stopped"] as const;
        expectObservable(said$).toBe("-s--e--e--(ex|)", { s, e, x });
        expectSubscriptions(source$.subscriptions).toBe("^---------!");
      },
    );
  });

  it("starts afresh for each subscription", async () => {
    const events$ = from([epoch(1, 0.5), epoch(2, 0.4)]).pipe(
      earlyStopping<number>({ monitor: "train.loss" }),
    );
    const [first, second] = [
      await lastValueFrom(events$.pipe(toArray())),
      await lastValueFrom(events$.pipe(toArray())),
    ];
    expect(second).toEqual(first);
    expect(first).toHaveLength(2);
  });

  it("resumes with the remaining patience: flat, patience 3, cut after any epoch", async () => {
    const options = { monitor: "train.loss", patience: 3 } as const;
    const whole = await run([0.5, 0.5, 0.5, 0.5, 0.5, 0.5], options);
    expect(whole.at(-1)).toMatchObject({ _tag: "Stopped", epoch: 4, state: { epoch: 1 } });
    for (const cut of [1, 2, 3, 4]) {
      const saved = whole[cut];
      if (saved?._tag !== "EpochCompleted") throw new Error("no epoch");
      const rest = [cut + 1, cut + 2, cut + 3, cut + 4].map((n) => epoch(n, 0.5));
      const [, ...resumed] = await through([{ ...started, state: saved.state }, ...rest], options);
      expect(resumed).toEqual(whole.slice(cut + 1));
    }
  });

  it("goes on from the state that it ended with, beside the best that it had, and with new patience", async () => {
    const options = { monitor: "train.loss", patience: 2 } as const;
    const other = { ...epoch(1, 0.3), state: at(1, { other: 7 }) };
    const stopped = (await through([started, other, epoch(2, 0.4), epoch(3, 0.5)], options)).at(-1);
    if (stopped?._tag !== "Stopped") throw new Error("no end");
    expect(stopped.state.memory).toMatchObject({ other: 7 });
    const rest = [2, 3, 4].map((n) => epoch(n, 0.4 - n / 100));
    const resumed = await through([{ ...started, state: stopped.state }, ...rest], options);
    expect(tags(resumed)).toEqual(["Started", "EpochCompleted", "EpochCompleted", "Stopped"]);
    expect(resumed.at(-1)).toMatchObject({ epoch: 3, state: { epoch: 1 } });
  });

  it("refuses a state with a foreign memory under its name", async () => {
    for (const memory of [
      1,
      { since: 1 },
      { since: 1, sign: 1, best: { value: 1, epoch: 1, state: {} } },
    ]) {
      const state = at(1, { "earlyStopping train.loss": memory });
      const resumed = through([{ ...started, state }], { monitor: "train.loss" });
      await expect(resumed).rejects.toMatchObject({ _tag: "StateMismatch", part: "memory" });
    }
  });

  it.each([
    [["since"], "1"],
    [["sign"], undefined],
    [["best"], 1],
    [["best"], [1]],
    [["best", "value"], "1"],
    [["best", "epoch"], undefined],
    [["best", "state"], 1],
    [["best", "state", "epoch"], "1"],
    [["best", "state", "batch"], undefined],
    [["best", "state", "step"], undefined],
    [["best", "state", "memory"], undefined],
    [["best", "state", "memory"], [1]],
    [["best", "state", "key"], 1],
  ] as const)("refuses a memory of its own in which %j is %j", async (path, value) => {
    const own = "earlyStopping train.loss";
    const [, saved] = await through([started, epoch(1, 0.5)], { monitor: "train.loss" });
    if (saved?._tag !== "EpochCompleted") throw new Error("no epoch");
    const changed = (tree: unknown, [name, ...rest]: readonly string[]): unknown => ({
      ...(tree as object),
      [name as string]:
        rest.length === 0
          ? value
          : changed((tree as { [key: string]: unknown })[name as string], rest),
    });
    const resumed = (memory: unknown) =>
      through([{ ...started, state: at(1, { [own]: memory as Memory }) }], {
        monitor: "train.loss",
      });
    const memory = saved.state.memory[own];
    await expect(resumed(memory)).resolves.toHaveLength(1);
    await expect(resumed(changed(memory, path))).rejects.toMatchObject({
      _tag: "StateMismatch",
      part: "memory",
      path: [own],
      actual: "something else",
    });
  });

  it("evaluates the state that it keeps on the test examples, and says nothing of the last one", async () => {
    const asked: number[] = [];
    const validated = (
      n: number,
      on: "validation" | "test" = "test",
    ): Event & { readonly _tag: "Validated" } => ({
      _tag: "Validated",
      on,
      epoch: n,
      step: n * 200,
      examples: 10,
      loss: n,
      metrics: {},
      confusion: undefined,
    });
    const begun: Event = {
      ...started,
      tested$: ({ epoch }) => {
        asked.push(epoch);
        return only(validated(epoch));
      },
    };
    const flat = [begun, epoch(1, 0.5), epoch(2, 0.6)];
    const options = { monitor: "train.loss", patience: 1 } as const;
    const stopped = await through([...flat, epoch(3, 0.7)], options);
    expect(tags(stopped).slice(-2)).toEqual(["Validated", "Stopped"]);
    expect(stopped.at(-1)).toMatchObject({ test: { loss: 1 }, state: { epoch: 1 } });
    const ended = await through([...flat, validated(2), completed(2)], { ...options, patience: 5 });
    expect(ended.slice(3)).toMatchObject([
      { _tag: "Validated", epoch: 1, loss: 1 },
      { _tag: "Completed", test: { loss: 1 }, state: { epoch: 1 } },
    ]);
    expect(asked).toEqual([1, 1]);
    const best = await through([begun, epoch(1, 0.5), validated(1), completed(1)], options);
    expect(best.slice(2)).toMatchObject([validated(1), completed(1)]);
    expect(asked).toEqual([1, 1]);
    // Validation is said of each epoch, also of one that is not kept.
    const said = await through([...flat, validated(3, "validation")], { ...options, patience: 5 });
    expect(said.at(-1)).toEqual(validated(3, "validation"));
  });

  it("passes on the end of another run", async () => {
    const end: Event = {
      ...{ _tag: "Stopped", reason: "", epoch: 1, step: 1, test: undefined, state: at(1) },
    };
    const events = [started, epoch(1, 0.5), end, started, epoch(1, 0.5)];
    expect(tags(await through(events, { monitor: "train.loss" }))).toEqual(tags(events));
  });

  it("unsubscribes from the run that it stops", async () => {
    let released = false;
    const source$ = new Observable<Event>((subscriber) => {
      subscriber.next(epoch(1, 0.5));
      subscriber.next(epoch(2, 0.5));
      return () => {
        released = true;
      };
    });
    await lastValueFrom(source$.pipe(earlyStopping<number>({ monitor: "train.loss" })));
    expect(released).toBe(true);
  });

  it("fails if the monitored value is missing, and lists the measured ones", async () => {
    const failure = run([0.5], { monitor: "validation.loss" });
    await expect(failure).rejects.toEqual(
      new UnknownMonitor({ monitor: "validation.loss", known: ["train.loss", "train.accuracy"] }),
    );
    const both = through([started, epoch(1, 0.5, 0.6)], { monitor: "validation.f1" });
    const known = ["train.loss", "train.accuracy", "validation.loss"];
    await expect(both).rejects.toMatchObject({ monitor: "validation.f1", known });
  });

  it.each([
    ["patience", { patience: -1 }],
    ["patience", { patience: 1.5 }],
    ["minDelta", { minDelta: -0.1 }],
    ["minDelta", { minDelta: Number.NaN }],
  ])("has a %s in its range: %j", (argument, options) => {
    expect(() => earlyStopping(options)).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument", op: "earlyStopping", argument }),
    );
  });

  it.each([
    ["min", 2],
    ["max", 3],
  ] as const)("prefers a given mode, %s, to the direction of the metric", async (mode, end) => {
    for (const name of ["accuracy", "rmse", "anything"]) {
      const events = await through(measured(name, [0.5, 0.6, 0.4]), {
        monitor: `train.${name}`,
        mode,
      });
      expect(events.at(-1)).toMatchObject({ _tag: "Stopped", epoch: end });
    }
  });

  it("emits nothing on an empty stream", async () => {
    await expect(lastValueFrom(EMPTY.pipe(earlyStopping(), toArray()))).resolves.toEqual([]);
  });
});
