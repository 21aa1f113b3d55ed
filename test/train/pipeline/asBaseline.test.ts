import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { firstValueFrom, lastValueFrom } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  asBaseline,
  earlyStopping,
  InvalidPipeline,
  train$,
  withBaseline,
  withCallback,
  withData,
  withEpochs,
  withSeed,
  withValidationSplit,
} from "../../../src/index.ts";
import { backends, collect, lastOf, points, small } from "../examples.ts";

const services = backends.wasm;
const short = pipe(small, withEpochs(2));

describe("asBaseline", () => {
  it("has the scores of the other pipeline on the same examples", async () => {
    const alone = lastOf(await collect(train$(short, { services })), "Completed").test;
    // Its own data is not read: reading would fail.
    const elsewhere = { ...short, source: Effect.die("read") };
    const of = pipe(small, withSeed(9), withBaseline(asBaseline(elsewhere)));
    const started = await firstValueFrom(train$(of, { services }));
    expect(started).toMatchObject({
      baselines: [{ name: "points", metrics: { loss: alone?.loss, ...alone?.metrics } }],
    });
  });

  it("is scored on the validation examples if there are no test examples, and is not trained on them", async () => {
    const data = Effect.succeed({ train: points(50) });
    const of = pipe(small, withData(data), withValidationSplit(0.2));
    const inside = pipe(of, withBaseline(asBaseline(pipe(of, withEpochs(2)))));
    const alone = lastOf(
      await collect(train$(pipe(of, withEpochs(2)), { services })),
      "EpochCompleted",
    ).validation;
    const started = await firstValueFrom(train$(inside, { services }));
    expect(started).toMatchObject({
      baselines: [{ metrics: { loss: alone?.loss, ...alone?.metrics } }],
    });
  });

  it.each([true, false])(
    "has the scores of the state that its operators restore: %s",
    async (restoreBest) => {
      const data = withData(Effect.succeed({ train: points(50), validation: points(30, 8) }));
      // No epoch improves on the first by that much.
      const stop = earlyStopping({ monitor: "train.loss", minDelta: 10, restoreBest });
      const stopped = pipe(small, data, withEpochs(4), withCallback(stop));
      const events = await collect(train$(stopped, { services }));
      const epochs = events.filter((event) => event._tag === "EpochCompleted");
      expect(epochs).toHaveLength(2);
      const score = epochs[restoreBest ? 0 : 1]?.validation;
      const of = pipe(small, data, withBaseline(asBaseline(stopped)));
      const started = await firstValueFrom(train$(of, { services }));
      expect(started).toMatchObject({
        baselines: [{ metrics: { loss: score?.loss, ...score?.metrics } }],
      });
    },
  );

  it("has the scores of training if no examples are held out", async () => {
    const data = withData(Effect.succeed({ train: points(50) }));
    const alone = lastOf(await collect(train$(data(short), { services })), "EpochCompleted");
    const of = pipe(small, data, withBaseline(asBaseline(short)));
    const started = await firstValueFrom(train$(of, { services }));
    expect(started).toMatchObject({
      baselines: [{ metrics: { loss: alone.loss, ...alone.metrics } }],
    });
  });

  it("fails with the error of that pipeline", async () => {
    const of = pipe(small, withBaseline(asBaseline(pipe(small, withEpochs(0)))));
    await expect(lastValueFrom(train$(of, { services }))).rejects.toBeInstanceOf(InvalidPipeline);
  });
});
