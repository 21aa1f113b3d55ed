import { fileURLToPath } from "node:url";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { clothes, fashionFolder, garments } from "../../pipelines/data/vision/fashion.ts";
import { fashionResnet } from "../../pipelines/vision/fashion-resnet.ts";
import { fromPicture } from "../../src/data/index.ts";
import {
  formatError,
  predictor,
  train$,
  withBatchSize,
  withData,
  withEpochs,
} from "../../src/index.ts";
import { initialState } from "../../src/train/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

const run = Effect.runPromise;
const folder = fileURLToPath(new URL("./fashion", import.meta.url));
const [train, test] = await Promise.all([
  run(garments(folder, "train", 70)),
  run(garments(folder, "t10k", 10)),
]);
const inputs = {
  image: fromPicture({ ...{ width: 28, height: 28, channels: 1 }, fit: "contain", inverted: true }),
};
const data = Effect.succeed({ train, test, inputs, classes: clothes });

describe("garments", () => {
  it("are read from compressed files, seven of each kind", () => {
    expect([...train.column("label").toTypedArray()]).toEqual(
      Array.from({ length: 70 }, (_, i) => Math.floor(i / 7)),
    );
    const pixels = train.column("image").toTypedArray();
    expect([Math.min(...pixels), Math.max(...pixels)]).toEqual([0, 1]);
  });

  it("are refused where there are more or fewer", async () => {
    expect(await run(Effect.flip(garments(folder, "train", 60_000)))).toMatchObject({
      _tag: "IdxCorrupt",
    });
  });

  it("name the command that installs them, where they are missing", async () => {
    const found = await run(Effect.result(fashionFolder));
    if (found._tag === "Failure")
      expect(formatError(found.failure)).toContain("apt install dataset-fashion-mnist");
  });
});

describe("fashion-resnet", () => {
  it("learns seventy garments, beside a linear classifier", async () => {
    const short = pipe(fashionResnet, withData(data), withBatchSize(14), withEpochs(2));
    const events = await collect(train$(short, { services: backends.wasm }));
    const losses = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : []));
    expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
    const [linear] = lastOf(events, "Started").baselines;
    // A guess has a loss of ln 10.
    expect(linear?.metrics.loss).toBeLessThan(Math.log(10));
    expect(Object.keys(linear?.metrics ?? {})).toContain("accuracy");
    const said = lastOf(events, "Sampled").text.split("\n");
    expect(said).toHaveLength(6);
    expect(said[0]).toMatch(/^1, T-shirt\/top: .* \(0\.\d\d\)$/);
  });

  it("answers a photograph of any size with a kind of clothes, and refuses what is no picture", async () => {
    const given = pipe(fashionResnet, withData(data));
    const predict = predictor(given, initialState(given), { services: backends.wasm });
    const picture = { width: 40, height: 60, data: new Uint8Array(4 * 40 * 60).fill(255) };
    const answer = await predict.answer({ image: picture });
    expect("class" in answer && clothes.some((name) => name === answer.class)).toBe(true);
    await expect(predict.answer({ image: "a coat" })).rejects.toMatchObject({
      _tag: "InvalidArgument",
    });
    await predict.release();
  });
});
