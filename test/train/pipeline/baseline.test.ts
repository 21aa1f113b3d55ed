import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { firstValueFrom, lastValueFrom } from "rxjs";
import { describe, expect, it } from "vitest";
import { Dataset } from "../../../src/data/dataset.ts";
import {
  type Baseline,
  DataSourceError,
  printProgress,
  resume$,
  train$,
  withBaseline,
  withEpochs,
  withInitialState,
  withValidationSplit,
} from "../../../src/index.ts";
import { encodeEvent, eventJsonCodec } from "../../../src/train/index.ts";
import { backends, collect, lastOf, small } from "../examples.ts";

/** The accuracy of the most frequent training class on the test examples. */
const majority: Baseline = {
  name: "majority class",
  evaluate: ({ train, test }) => {
    const labels = train.column("label").toTypedArray();
    const counts = [0, 1, 2].map((c) => labels.filter((label) => label === c).length);
    const guess = counts.indexOf(Math.max(...counts));
    const tested = (test ?? train).column("label").toTypedArray();
    return { accuracy: tested.filter((label) => label === guess).length / tested.length };
  },
};

const compared = pipe(small, withEpochs(2), withBaseline(majority));
const services = backends.wasm;

describe("withBaseline", () => {
  it("reports scores on the run's examples before the first step", async () => {
    const events = await collect(train$(compared, { services }));
    expect(events[0]).toMatchObject({
      _tag: "Started",
      baselines: [{ name: "majority class", metrics: { accuracy: expect.any(Number) } }],
    });
    const { test } = await Effect.runPromise(compared.source);
    if (!(test instanceof Dataset)) throw new Error("it has no test examples");
    const labels = [...test.column("label").toTypedArray()];
    const share = Math.max(...[0, 1, 2].map((c) => labels.filter((l) => l === c).length / 30));
    const [scored] = lastOf(events, "Started").baselines;
    expect(scored?.metrics.accuracy).toBeLessThanOrEqual(share);
    expect(scored?.metrics.accuracy).toBeGreaterThan(0.1);
  });

  it("leaves the given pipeline unchanged, and changes no number of the run", async () => {
    expect(small.baselines).toEqual([]);
    const [plain, beside] = await Promise.all([
      collect(train$(pipe(small, withEpochs(2)), { services })),
      collect(train$(compared, { services })),
    ]);
    expect(lastOf(beside, "Completed").test).toEqual(lastOf(plain, "Completed").test);
  });

  it("is computed for each subscription, and not before", async () => {
    let asked = 0;
    const counting = pipe(
      small,
      withBaseline({ name: "counted", evaluate: () => ({ asked: ++asked }) }),
    );
    const run$ = train$(counting, { services });
    expect(asked).toBe(0);
    await firstValueFrom(run$);
    const second = await firstValueFrom(run$);
    expect(second).toMatchObject({ baselines: [{ metrics: { asked: 2 } }] });
  });

  it("sees the remaining training examples, and the held-out ones", async () => {
    const sizes = pipe(
      small,
      withValidationSplit(0.2),
      withBaseline({
        name: "sizes",
        evaluate: ({ train, validation, test }) => ({
          train: train.size,
          validation: validation?.size ?? 0,
          test: test?.size ?? 0,
        }),
      }),
    );
    expect(await firstValueFrom(train$(sizes, { services }))).toMatchObject({
      baselines: [{ metrics: { train: 40, validation: 10, test: 30 } }],
    });
  });

  it("reports several in order, from effects and from numbers", async () => {
    const another = {
      name: "a linear model",
      evaluate: () =>
        Effect.tryPromise({
          try: () => collect(train$(pipe(small, withEpochs(1)), { services })),
          catch: (cause) => new DataSourceError({ source: "points", reason: String(cause) }),
        }).pipe(Effect.map((events) => lastOf(events, "Completed").test?.metrics ?? {})),
    };
    const started = await firstValueFrom(
      train$(pipe(compared, withBaseline(another)), { services }),
    );
    expect(started).toMatchObject({
      baselines: [
        { name: "majority class" },
        { name: "a linear model", metrics: { accuracy: expect.any(Number) } },
      ],
    });
  });

  it("fails with its effect's error, before the first event", async () => {
    const error = new DataSourceError({ source: "lexicon", reason: "there is no such file" });
    const failing = pipe(small, withBaseline({ name: "none", evaluate: () => Effect.fail(error) }));
    await expect(lastValueFrom(train$(failing, { services }))).rejects.toEqual(error);
  });

  it("belongs to its own run, in a chain of runs and when resumed", async () => {
    const chained = pipe(small, withEpochs(1), withInitialState(compared));
    const events = await collect(train$(chained, { services }));
    const starts = events.flatMap((e) => (e._tag === "Started" ? [e.baselines.length] : []));
    expect(starts).toEqual([1, 0]);
    const { state } = lastOf(events, "Completed");
    const again = await firstValueFrom(resume$(pipe(compared, withEpochs(3)), state, { services }));
    expect(again).toMatchObject({ baselines: [{ name: "majority class" }] });
  });

  it("is printed below the result, and part of the JSON", async () => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) };
    const events = await collect(train$(compared, { services }).pipe(printProgress({ stream })));
    const [accuracy] = lastOf(events, "Started").baselines.map(({ metrics }) => metrics.accuracy);
    expect(written.at(-1)).toBe(
      `test       loss ${lastOf(events, "Completed").test?.loss.toFixed(4)}  accuracy ${lastOf(events, "Completed").test?.metrics.accuracy?.toFixed(4)}\n` +
        `baseline   accuracy ${accuracy?.toFixed(4)}  (majority class)\n`,
    );
    const line: unknown = JSON.parse(encodeEvent(lastOf(events, "Started")));
    expect(line).toMatchObject({ baselines: [{ name: "majority class", metrics: { accuracy } }] });
    expect(eventJsonCodec.decode(line)._tag).toBe("Right");
  });
});
