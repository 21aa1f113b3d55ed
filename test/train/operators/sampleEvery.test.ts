import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { from, lastValueFrom, tap, toArray } from "rxjs";
import { describe, expect, it } from "vitest";
import { fromText, padSequences, vocabulary } from "../../../src/data/index.ts";
import {
  dataset,
  earlyStopping,
  flatten,
  formatError,
  fromTypedArray,
  key,
  pipeline,
  sampleEvery,
  sequential,
  sgd,
  softmaxCrossEntropy,
  supervised,
  type TrainState,
  train$,
  withBatchSize,
  withCallback,
  withData,
  withEpochs,
} from "../../../src/index.ts";
import { embedding } from "../../../src/nn/index.ts";
import { sequenceCrossEntropy } from "../../../src/nn/losses/index.ts";
import { gpt } from "../../../src/nn/models/index.ts";
import { answersEvery, type Sampler, textSampler } from "../../../src/train/index.ts";
import { progressLine } from "../../../src/train/operators/printProgress.ts";
import { collect } from "../examples.ts";
import { completed, type Event, epoch, started } from "./events.ts";

const events: Event[] = [started, epoch(1, 0.5), epoch(2, 0.4), completed(2)];
const through = (sampler: Sampler<number, Error>, every = 1): Promise<readonly Event[]> =>
  lastValueFrom(from<Event[]>(events).pipe(sampleEvery(sampler, { every }), toArray()));

describe("sampleEvery", () => {
  it("emits a sample of the state after each epoch, compiled once, among the other events in order", async () => {
    let compiled = 0;
    const sampler = Effect.sync(() => {
      compiled += 1;
      return (state: TrainState<number>) => Effect.succeed(`state ${state.carried}`);
    });
    const said = await through(sampler);
    expect(said.map(({ _tag }) => _tag)).toEqual([
      ...["Started", "EpochCompleted", "Sampled", "EpochCompleted", "Sampled", "Completed"],
    ]);
    expect(said[2]).toEqual({ _tag: "Sampled", epoch: 1, step: 200, text: "state 1" });
    expect(compiled).toBe(1);
    expect((await through(sampler, 2)).filter(({ _tag }) => _tag === "Sampled")).toHaveLength(1);
    expect(compiled).toBe(2);
  });

  it("ends the stream with the sampler's error", async () => {
    const refused = new Error("no");
    const wrong = Effect.succeed(() => Effect.fail(refused));
    await expect(through(wrong)).rejects.toBe(refused);
    await expect(through(Effect.fail(refused))).rejects.toBe(refused);
  });

  it("is printed with a bar at the start of each line", () => {
    const text = progressLine({ _tag: "Sampled", epoch: 1, step: 2, text: "one\ntwo" }, undefined);
    expect(text).toBe("  │ one\n  │ two");
  });
});

describe("a pipeline with operators", () => {
  const letters = vocabulary(["abab"]);
  const model = gpt({ vocabulary: 2, positions: 8, width: 4, blocks: 1, heads: 2 });
  const of = pipe(
    pipeline(
      "ab",
      Effect.succeed({
        train: dataset({ x: padSequences([[0, 1, 0]], 3), y: padSequences([[1, 0, 1]], 3) }),
      }),
      supervised({
        input: "x",
        target: "y",
        model,
        loss: sequenceCrossEntropy,
        optimizer: sgd({ learningRate: 0 }),
      }),
    ),
    withBatchSize(1),
    withEpochs(5),
  );
  const writing = textSampler(model, letters, { prompt: "ab", length: 4, key: key(1) });

  it("passes its events through them, in order", async () => {
    const made = pipe(
      of,
      withCallback(sampleEvery(writing)),
      withCallback(earlyStopping({ monitor: "train.loss" })),
    );
    const tags = (await collect(train$(made))).map(({ _tag }) => _tag);
    expect(tags.filter((tag) => tag === "Sampled")).toHaveLength(1);
    expect(tags.at(-1)).toBe("Stopped");
  });

  it("generates the requested number of characters, the same for the same key", async () => {
    const said = async () =>
      (await collect(train$(pipe(of, withCallback(sampleEvery(writing)))))).flatMap((event) =>
        event._tag === "Sampled" ? [event.text] : [],
      );
    const [first, again] = [await said(), await said()];
    expect(first).toEqual(again);
    expect(first).toHaveLength(5);
    for (const text of first) expect(text).toMatch(/^ab[ab]{4}$/);
  });

  it("reports an unknown token of the prompt", async () => {
    const wrong = textSampler(model, letters, { prompt: "abc", length: 1, key: key(1) });
    const stream = train$(pipe(of, withCallback(sampleEvery(wrong))));
    await expect(collect(stream)).rejects.toMatchObject({
      ...{ _tag: "UnknownToken", token: "c", position: 2 },
    });
  });

  it("refuses a token that is none before it begins, with its place and the model", async () => {
    const rows = dataset({
      x: padSequences(
        [
          [0, 1],
          [1, 7],
        ],
        2,
      ),
      y: padSequences([[0], [1]], 2),
    });
    const { learner } = of;
    const limits = [{ column: "x", of: "tokens", count: 2 }] as const;
    const wrong = pipe(
      { ...of, learner: { ...learner, limits } },
      withData(Effect.succeed({ train: rows })),
    );
    await expect(collect(train$(wrong))).rejects.toMatchObject({
      ...{ _tag: "UnknownToken", token: "7", row: 1, position: 1, path: ["x"] },
    });
  });
});

describe("answersEvery", () => {
  const stepsOf = async (text: string, column = "way") => {
    const words = vocabulary([["left", "right"]]);
    const inputs = { way: fromText({ vocabulary: words, length: 1, padding: 0, split: "words" }) };
    const way = fromTypedArray([2, 1], Int32Array.of(0, 1));
    const data = { train: dataset({ way, y: fromTypedArray([2], Int32Array.of(0, 1)) }), inputs };
    const of = pipeline(
      "ways",
      Effect.succeed(data),
      supervised({
        ...{ input: "way", target: "y", tokens: 2, classes: 2, loss: softmaxCrossEntropy },
        model: sequential(embedding(2, 2), flatten),
        optimizer: sgd({ learningRate: 0.1 }),
      }),
      { batchSize: 1, epochs: 2 },
    );
    const tags: string[] = [];
    const rows =
      column === "way"
        ? { one: { way: "left" }, two: { way: text } }
        : { one: { [column]: fromTypedArray([1], Int32Array.of(0)) } };
    const said$ = train$(pipe(of, withCallback(answersEvery(rows)))).pipe(
      tap(({ _tag }) => tags.push(_tag)),
    );
    return { tags, error: await lastValueFrom(said$).then(() => undefined, formatError) };
  };

  it("checks its rows before the first step, and says which of them has a mistake", async () => {
    expect(await stepsOf("right")).toMatchObject({ error: undefined });
    const { tags, error } = await stepsOf("rigt");
    expect(tags.filter((tag) => tag !== "Started" && tag !== "EpochStarted")).toEqual([]);
    expect(error).toContain('"rigt" is not among the 2 tokens of the vocabulary');
    expect(error).toContain(
      'in the text of the column "way", at position 0 of its sequence, row 2',
    );
    expect(error).toContain('did you mean "right"?');
  });

  it("finds a column that is missing before the first step, too", async () => {
    const { tags, error } = await stepsOf("left", "wya");
    expect(tags.filter((tag) => tag !== "Started" && tag !== "EpochStarted")).toEqual([]);
    expect(error).toMatch(/UnknownColumn.*"way"/s);
  });
});
