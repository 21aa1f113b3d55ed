import { pipe } from "fp-ts/lib/function.js";
import { take } from "rxjs";
import { describe, expect, it } from "vitest";
import { mnistCnn } from "../../pipelines/vision/mnist-cnn.ts";
import { predictor, train$, withBatchSize } from "../../src/index.ts";
import { backends, collect, lastOf, losses } from "../train/examples.ts";

describe("mnist-cnn", () => {
  it("recognizes 98 % of the test digits after one epoch", { timeout: 120_000 }, async () => {
    const events = await collect(train$(mnistCnn, { services: backends.wasm }));
    expect(lastOf(events, "Started")).toMatchObject({
      examples: 60_000,
      parameters: 9 * 16 + 16 + 9 * 16 * 32 + 32 + 7 * 7 * 32 * 10 + 10,
      stepsPerEpoch: 938,
    });
    expect(lastOf(events, "Completed").test?.metrics.accuracy).toBeGreaterThan(0.98);
    expect(lastOf(events, "Sampled").text).toMatch(/^digit 1, a 7: 7 /);
    const { answer } = predictor(mnistCnn, lastOf(events, "Completed").state);
    const small = { width: 20, height: 20, data: new Uint8Array(4 * 20 * 20) };
    await expect(answer({ image: small })).rejects.toMatchObject({ _tag: "InvalidArgument" });
  });

  it("starts the same on both backends, up to f32 rounding", async () => {
    const little = pipe(mnistCnn, withBatchSize(8));
    const [wasm, reference] = [
      losses(await collect(train$(little, { services: backends.wasm }).pipe(take(5)))),
      losses(await collect(train$(little, { services: backends.reference }).pipe(take(5)))),
    ];
    expect(wasm).toHaveLength(3);
    for (const [i, loss] of wasm.entries())
      expect(Math.abs(loss - (reference[i] ?? Number.NaN))).toBeLessThan(5e-6);
  });
});
