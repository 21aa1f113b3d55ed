import * as Effect from "effect/Effect";
import { expect, test } from "vitest";
import { readCorpus } from "../fuzz/corpus.ts";

const size = 200 * 2 ** 20;

// `npm run corpus` reads one of 20 GiB in the same way.
test("a corpus of 200 MiB is read in flat memory, each row once", async () => {
  const { rows, wrong, peak } = await Effect.runPromise(readCorpus(size));
  expect([rows, wrong]).toEqual([size / 4096, 0]);
  expect(peak).toBeLessThan(2 ** 27);
});

test("a queue without a bound would be noticed", async () => {
  const { peak } = await Effect.runPromise(readCorpus(size, { prefetch: 10_000 }, 40));
  expect(peak).toBeGreaterThan(2 ** 27);
});
