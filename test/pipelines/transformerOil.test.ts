import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import {
  stretchesOf,
  transformerOilFiles,
  variables,
} from "../../pipelines/data/time/transformerOil.ts";
import {
  transformerOil,
  transformerOilLstm,
  transformerOilPatches,
  transformerOilTcn,
} from "../../pipelines/time/transformer-oil.ts";
import { prepare } from "../../src/data/index.ts";
import { TableCorrupt, train$, withBatchSize, withData, withEpochs } from "../../src/index.ts";
import { dataFolder } from "../../src/io/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

/** Hours of seven waves with a period of a day, one hour apart. */
const tableOf = (hours: number): string =>
  [
    `date,${variables.join(",")}`,
    ...Array.from({ length: hours }, (_, hour) =>
      [
        "2016-07-01 00:00:00",
        ...variables.map((_, i) => (i + Math.sin((2 * Math.PI * (hour + i)) / 24)).toFixed(4)),
      ].join(","),
    ),
  ].join("\n");

const cut = (text: string, options = { past: 4, future: 2, rows: 5 }) =>
  Effect.runSync(stretchesOf(text, "made.csv", { ...options, parts: [12, 10, 8] }));

describe("stretches of hours", () => {
  const { train, validation, test, inputs } = cut(tableOf(30));

  it("lie in their part, and look back into the one before", () => {
    // Futures of two hours within hours 4 to 11, 12 to 21 (every eighth) and 22 to 29.
    expect([train.dataset.size, train.rows, validation.size, test.size]).toEqual([7, 5, 2, 7]);
    const [hours] = test.row(0).past.toArray() as readonly (readonly number[])[];
    expect(hours?.[0]).toBeCloseTo(Math.sin((2 * Math.PI * 18) / 24), 3);
    expect(test.row(6).future.at(1, 0)).toBeCloseTo(Math.sin((2 * Math.PI * 29) / 24), 3);
  });

  it("know the deviation of the training part alone", () => {
    const first = Array.from({ length: 12 }, (_, hour) => Math.sin((2 * Math.PI * hour) / 24));
    const mean = first.reduce((a, b) => a + b) / 12;
    const deviation = Math.sqrt(first.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 12);
    expect(test.row(0).deviation.at(0)).toBeCloseTo(deviation, 3);
  });

  it("are what a table of the same hours becomes", () => {
    const rows = test.row(0).past.toArray() as readonly (readonly number[])[];
    const records = rows.map((row) =>
      Object.fromEntries(variables.map((v, i) => [v, row[i] ?? 0])),
    );
    const made = prepare("past", inputs.past, records);
    expect(made._tag === "Right" && made.right.toArray()).toEqual(rows);
  });

  it("are refused where a variable is no number", () => {
    const failure = Effect.runSync(
      Effect.flip(
        stretchesOf(tableOf(30).replace(/,0\.\d+,/, ",much,"), "made.csv", {
          ...{ past: 4, future: 2, rows: 5, parts: [12, 10, 8] },
        }),
      ),
    );
    expect(failure).toBeInstanceOf(TableCorrupt);
  });
});

/** Nine stretches of the first 440 real hours, which are in the sizes of the pipelines. */
const { gzip }: { readonly gzip: string } = JSON.parse(
  readFileSync(new URL("./transformerOil.json", import.meta.url), "utf8"),
);
const hours = gunzipSync(Buffer.from(gzip, "base64"), { maxOutputLength: 2 ** 20 }).toString();
const real = Effect.map(
  stretchesOf(hours, "ETTh1.csv", { past: 336, future: 96, rows: 8, parts: [440, 0, 0] }),
  ({ train, inputs }) => ({ train: train.dataset, test: train.dataset, inputs }),
);

it.each([transformerOil, transformerOilPatches, transformerOilLstm, transformerOilTcn])(
  "$name learns from real hours, beside the last hour and the last day",
  async (of) => {
    const few = pipe(of, withData(real), withBatchSize(4), withEpochs(3));
    const events = await collect(train$(few, { services: backends.wasm }));
    const epochs = events.filter((event) => event._tag === "EpochCompleted");
    expect(epochs.at(-1)?.loss ?? Number.NaN).toBeLessThan(epochs[0]?.loss ?? 0);
    const { baselines, examples } = lastOf(events, "Started");
    expect(examples).toBe(9);
    const [hour, day] = baselines.map(({ metrics }) => metrics.mse ?? Number.NaN);
    // Hours go with the time of the day.
    expect(day).toBeLessThan(hour ?? 0);
    expect(events.some((event) => event._tag === "Sampled" && /°C/.test(event.text))).toBe(true);
  },
);

const there = await Effect.runPromise(
  Effect.match(dataFolder(transformerOilFiles), { onFailure: () => false, onSuccess: () => true }),
);
if (!there)
  console.warn('the hours of ETTh1 are not tested: run "npx fluxion data transformer-oil"');

it.skipIf(!there)("the last hour has the error that is published for it", async () => {
  const { train, test, ...rest } = await Effect.runPromise(transformerOil.source);
  const [baseline] = transformerOil.baselines;
  const data = { train: test, test, ...rest };
  const scores = baseline?.evaluate(data as never);
  expect(test).toMatchObject({ size: 2785 });
  // Zeng et al. (2023), arXiv:2205.13504, table 2: "Repeat".
  expect((scores as { readonly mse: number }).mse).toBeCloseTo(1.295, 2);
});
