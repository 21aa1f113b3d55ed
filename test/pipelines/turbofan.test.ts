import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { leastSquares } from "../../pipelines/baselines/time/leastSquares.ts";
import { lifeSplits, parseEngines, sensors } from "../../pipelines/data/time/turbofan.ts";
import { turbofan, turbofanCnn } from "../../pipelines/time/turbofan.ts";
import { prepare } from "../../src/data/index.ts";
import { TableCorrupt, train$, withBatchSize, withData, withEpochs } from "../../src/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

/** The first 36 cycles of two engines, as the training file has them; they are taken for whole lives. */
const text = readFileSync(new URL("./turbofan.txt", import.meta.url), "utf8");
const engines = Effect.runSync(parseEngines(text, "turbofan.txt"));
const splits = (length = 30) => lifeSplits(engines, engines, [7, 200], length);

describe("engines in a file", () => {
  it("have the sensors that vary, cycle by cycle", () => {
    expect(engines.map(({ cycles }) => cycles)).toEqual([36, 36]);
    // T24, T30 and T50 of the first line.
    expect([...(engines[0]?.readings.subarray(0, 3) ?? [])]).toEqual(
      [641.82, 1589.7, 1400.6].map(Math.fround),
    );
  });

  it.each([
    ["a missing cycle", text.replace(/^1 5 .*\n/m, ""), 5],
    ["a short line", text.replace(/^1 7 .*$/m, "1 7 0.1"), 7],
    ["a word", text.replace(/^1 2 \S+/m, "1 2 off"), 2],
  ])("are refused with %s, and its line", (_, broken, line) => {
    const failure = Effect.runSync(Effect.flip(parseEngines(broken, "made.txt")));
    expect(failure).toBeInstanceOf(TableCorrupt);
    expect(failure).toMatchObject({ line });
  });
});

describe("windows of cycles", () => {
  it("count down to 0 at the end of a life, and are at most 125 in the test", () => {
    const { train, test } = splits();
    expect([...train.column("left").toTypedArray()]).toEqual([
      6, 5, 4, 3, 2, 1, 0, 6, 5, 4, 3, 2, 1, 0,
    ]);
    expect([...test.column("left").toTypedArray()]).toEqual([7, 125]);
  });

  it("leave out an engine that is younger than a window", () => {
    expect(lifeSplits(engines, engines, [7, 200], 37).test.size).toBe(0);
  });

  it("are what a table of the same readings becomes, to the bit", () => {
    const { test, inputs } = splits();
    const records = Array.from({ length: 30 }, (_, i) =>
      Object.fromEntries(
        sensors.map((sensor, j) => [sensor, engines[0]?.readings[(i + 6) * sensors.length + j]]),
      ),
    ) as never;
    const made = prepare("cycles", inputs.cycles, records);
    expect(made._tag === "Right" && made.right.toArray()).toEqual(test.row(0).cycles.toArray());
  });
});

it("a linear regression finds a line, and the constant last", () => {
  const found = leastSquares([[0], [1], [2], [3]], [5, 7, 9, 11]);
  expect(found[0]).toBeCloseTo(2, 4);
  expect(found[1]).toBeCloseTo(5, 4);
});

it.each([
  ["LSTM", turbofan],
  ["convolutions", turbofanCnn],
])("the %s learns from the engines, beside linear regressions", async (_, of) => {
  const few = pipe(of, withData(Effect.succeed(splits())), withBatchSize(14), withEpochs(3));
  const events = await collect(train$(few, { services: backends.wasm }));
  const [first, , third] = events.filter((event) => event._tag === "EpochCompleted");
  expect(third?.loss ?? Number.NaN).toBeLessThan(first?.loss ?? 0);
  const [last] = lastOf(events, "Started").baselines;
  expect(last?.name).toBe("linear regression on the last cycle");
  expect(last?.metrics.rmse).toBeGreaterThan(0);
  expect(events.some((event) => event._tag === "Sampled" && /engine 2, 125/.test(event.text))).toBe(
    true,
  );
});
