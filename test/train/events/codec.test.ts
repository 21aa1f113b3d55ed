import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { decodeWith } from "../../../src/codec/decode.ts";
import { type EventJson, encodeEvent, eventJsonCodec } from "../../../src/train/events/codec.ts";
import type { TrainEvent } from "../../../src/train/events/event.ts";
import { completed, epoch, started, step } from "../operators/events.ts";

const figure = fc.double();
const count = fc.nat();
const score = {
  loss: figure,
  metrics: fc.dictionary(fc.string(), figure, { noNullPrototype: true }),
};
const optionalScore = fc.option(fc.record(score), { nil: undefined });
const at = { epoch: count, step: count };

const report: fc.Arbitrary<EventJson> = fc.oneof(
  fc.record({
    _tag: fc.constant("Started" as const),
    pipeline: fc.string(),
    backend: fc.string(),
    epochs: count,
    stepsPerEpoch: count,
    examples: count,
    parameters: count,
    baselines: fc.array(fc.record({ name: fc.string(), metrics: score.metrics })),
    better: fc.dictionary(fc.string(), fc.constantFrom("higher" as const, "lower" as const), {
      noNullPrototype: true,
    }),
    units: fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
    judgedIn: fc.option(fc.string(), { nil: undefined }),
  }),
  fc.record({ _tag: fc.constant("EpochStarted" as const), epoch: count }),
  fc.record({
    _tag: fc.constant("StepCompleted" as const),
    ...at,
    ...score,
    learningRate: fc.option(figure, { nil: undefined }),
    examplesPerSecond: figure,
  }),
  fc.record({
    _tag: fc.constant("Validated" as const),
    on: fc.constantFrom("validation" as const, "test" as const),
    ...at,
    ...score,
    examples: count,
    confusion: fc.option(
      fc.record({ classes: fc.array(fc.string()), counts: fc.array(fc.array(count)) }),
      { nil: undefined },
    ),
  }),
  fc.record({
    _tag: fc.constant("EpochCompleted" as const),
    ...at,
    ...score,
    validation: optionalScore,
    milliseconds: count,
    examplesPerSecond: figure,
  }),
  fc.record({
    _tag: fc.constant("CheckpointSaved" as const),
    ...at,
    path: fc.string(),
    skipped: fc.nat(),
  }),
  fc.record({ _tag: fc.constant("Sampled" as const), ...at, text: fc.string() }),
  fc.record({
    _tag: fc.constant("Stopped" as const),
    reason: fc.string(),
    ...at,
    test: optionalScore,
  }),
  fc.record({
    _tag: fc.constant("Completed" as const),
    ...at,
    test: optionalScore,
    milliseconds: count,
  }),
);

describe("the JSON of events", () => {
  it("decodes encoded events", () => {
    fc.assert(
      fc.property(report, (event) => {
        const decoded = eventJsonCodec.decode(
          JSON.parse(JSON.stringify(eventJsonCodec.encode(event))),
        );
        expect(E.toUnion(decoded)).toEqual(event);
      }),
    );
  });

  it("keeps a metric named __proto__, which assignment would lose", () => {
    const metrics = Object.fromEntries([["__proto__", 0.5]]);
    const baselines = [{ name: "", metrics }];
    for (const event of [
      { ...started, baselines },
      { ...step(3), metrics },
    ]) {
      const line = JSON.parse(encodeEvent(event));
      const decoded = E.toUnion(eventJsonCodec.decode(line));
      expect(JSON.stringify(decoded)).toContain('"__proto__":0.5');
    }
  });

  it("refuses metrics that are not numbers, by name", async () => {
    const spoilt = { ...step(3), metrics: { accuracy: "high", loss: 1, f1: [] } };
    const refused = await Effect.runPromise(
      Effect.flip(decodeWith(eventJsonCodec, spoilt, "a line")),
    );
    expect(refused.issues.map(({ path }) => path.at(-1))).toEqual(["accuracy", "f1"]);
  });

  it("omits the state and fits on one line", () => {
    const events: readonly TrainEvent[] = [started, step(3), epoch(1, 0.5), completed(1)];
    for (const event of events) {
      const line = encodeEvent(event);
      expect(line).not.toContain("\n");
      expect(JSON.parse(line)).not.toHaveProperty("state");
      expect(JSON.parse(line)).toHaveProperty("_tag", event._tag);
    }
  });

  it.each([
    null,
    [],
    { _tag: "Nothing" },
    { _tag: "EpochStarted" },
    { _tag: "EpochStarted", epoch: "1" },
    { _tag: "StepCompleted", epoch: 1, step: 1, loss: "small", metrics: {} },
  ])("refuses %j", (input) => {
    expect(E.isLeft(eventJsonCodec.decode(input))).toBe(true);
  });
});
