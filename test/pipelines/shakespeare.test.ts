import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { expect, it } from "vitest";
import { playsOf, shakespeareFiles } from "../../pipelines/data/language/shakespeare.ts";
import { shakespeare } from "../../pipelines/language/shakespeare.ts";
import { train$, withData, withEpochs } from "../../src/index.ts";
import { dataFolder } from "../../src/io/index.ts";
import { predictor } from "../../src/train/index.ts";
import { backends, collect, lastOf, losses } from "../train/examples.ts";

/** The first 2000 characters of tiny Shakespeare, which are in the public domain. */
const excerpt = readFileSync(new URL("./plays.txt", import.meta.url), "utf8");

it("learns from an excerpt, is compared with n-grams, and writes", {
  timeout: 60_000,
}, async () => {
  const of = pipe(shakespeare, withData(playsOf(excerpt, 64, 24)), withEpochs(4));
  const events = await collect(train$(of, { services: backends.wasm }));
  const { parameters, baselines } = lastOf(events, "Started");
  // Embeddings of 65 characters and 64 positions; four blocks of 12 · 128² weights and 13 · 128 others; a last norm.
  expect(parameters).toBe((65 + 64) * 128 + 4 * (12 * 128 ** 2 + 13 * 128) + 2 * 128);
  expect(baselines.map(({ name }) => name)).toHaveLength(4);
  const all = losses(events);
  expect(all[0]).toBeCloseTo(Math.log(65), 0);
  expect(all.at(-1)).toBeLessThan(0.95 * (all[0] ?? 0));
  const samples = events.flatMap((event) => (event._tag === "Sampled" ? [event.text] : []));
  expect(samples).toHaveLength(4);
  const { state } = lastOf(events, "Completed");
  const answer = await predictor(of, state).answer({ text: "ROMEO:\n" });
  expect(JSON.stringify(answer).length).toBeGreaterThan(10);
});

it("has the split of nanoGPT where the data are there, and else names the command", async () => {
  const there = await Effect.runPromise(Effect.result(dataFolder(shakespeareFiles)));
  if (there._tag === "Failure") {
    expect(there.failure).toMatchObject({ command: "npx fluxion data tiny-shakespeare" });
    return;
  }
  const text = readFileSync(join(there.success, "input.txt"), "utf8");
  expect(text.startsWith(excerpt)).toBe(true);
  expect(Math.floor(0.9 * text.length)).toBe(1_003_854);
  const { train, test } = await Effect.runPromise(shakespeare.source);
  expect(train).toMatchObject({ rows: 4800 });
  expect(test).toMatchObject({ size: Math.floor((111_540 - 1) / 64) });
});
