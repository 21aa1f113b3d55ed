import * as Effect from "effect/Effect";
import { catchError, EMPTY, filter, firstValueFrom, lastValueFrom, take, toArray } from "rxjs";
import { describe, expect, test } from "vitest";
import { type Source, shardedBatches, streamRows } from "../../src/data/index.ts";
import {
  dataset,
  dense,
  meanSquaredError,
  pipeline,
  resume$,
  sequential,
  sgd,
  supervised,
  type TrainEvent,
  train$,
} from "../../src/index.ts";
import { flattenTensors } from "../../src/ir/trees.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

type R = { readonly x: Tensor<readonly [2]>; readonly y: Tensor<readonly [1]> };

const rowOf = (i: number): R => ({
  x: Tensor.own([2], "f32", Float32Array.of(Math.sin(i), Math.cos(3 * i))),
  y: Tensor.own([1], "f32", Float32Array.of(Math.sin(2 * i))),
});
const rows = 50;
const all = Array.from({ length: rows }, (_, i) => rowOf(i));
const stacked = (column: keyof R, width: number) =>
  Tensor.own(
    [rows, width],
    "f32",
    Float32Array.from(all.flatMap((row) => Array.from(Tensor.read(row[column])))),
  );
const inMemory = dataset({
  x: stacked("x", 2) as Tensor<readonly [number, 2]>,
  y: stacked("y", 1) as Tensor<readonly [number, 1]>,
});

async function* later(from = 0, to = rows): AsyncGenerator<R> {
  for (let i = from; i < to; i++) {
    if (i % 7 === 0) await new Promise((resume) => setImmediate(resume));
    yield all[i] as R;
  }
}

const learner = supervised({
  input: "x",
  target: "y",
  model: sequential(dense(2, 4), dense(4, 1)),
  loss: meanSquaredError,
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
});
const trained = (train: Source<R>, settings = {}) =>
  pipeline("streamed", Effect.succeed({ train }), learner, {
    ...{ epochs: 2, batchSize: 8, shuffle: false },
    ...settings,
  });

const bits = (state: unknown): string =>
  flattenTensors((state as { readonly carried: unknown }).carried)
    .leaves.map((leaf) => Array.from(Tensor.read(leaf)).join())
    .join(";");

const finalBits = async (of: ReturnType<typeof trained>): Promise<string> => {
  const last = await lastValueFrom(train$(of));
  return last._tag === "Completed" ? bits(last.state) : last._tag;
};

describe("training from a stream", () => {
  test("gives the bits of training from the same rows in memory", async () => {
    const wanted = await finalBits(trained(inMemory));
    expect(await finalBits(trained(streamRows(() => later())))).toBe(wanted);
    expect(await finalBits(trained(streamRows(() => all, { rows })))).toBe(wanted);
    const files = shardedBatches(["0", "20", "40"], (name) => {
      const from = Number(name);
      return [
        inMemory
          .skip(from)
          .take(Math.min(20, rows - from))
          .all(),
      ];
    });
    expect(await finalBits(trained(files as Source<R>))).toBe(wanted);
  });

  test("goes on from the end of an epoch, bit for bit, shuffled through a buffer", async () => {
    const of = trained(
      streamRows(() => later(), { shuffleBuffer: 13 }),
      { shuffle: true },
    );
    const events = await lastValueFrom(train$(of).pipe(toArray()));
    const first = events.find((event) => event._tag === "EpochCompleted");
    if (first?._tag !== "EpochCompleted") throw new Error("no epoch");
    const resumed = await lastValueFrom(resume$(of, first.state));
    const whole = events.at(-1) as TrainEvent;
    expect("state" in resumed && bits(resumed.state)).toBe("state" in whole && bits(whole.state));
  });

  test("a stream that breaks ends the run with what it had learned", async () => {
    const broken = streamRows<R>(async function* ({ epoch }) {
      yield* later(0, epoch === 0 ? rows : 20);
      if (epoch === 1) throw new Error("EIO");
    });
    const seen: TrainEvent[] = [];
    let error: unknown;
    await lastValueFrom(
      train$(trained(broken)).pipe(
        catchError((cause: unknown) => {
          error = cause;
          return EMPTY;
        }),
        toArray(),
      ),
    ).then((events) => seen.push(...events));
    expect(error).toMatchObject({ _tag: "StreamFailed", epoch: 2, row: 20, reason: "EIO" });
    const steps = seen.filter((event) => event._tag === "StepCompleted");
    // Seven batches of the first epoch, and the two whole ones before row 20.
    expect(steps.length).toBe(9);
    expect(seen.some((event) => event._tag === "EpochCompleted" && "state" in event)).toBe(true);
  });

  test("unsubscribing closes the stream", async () => {
    let closed = 0;
    const endless = streamRows<R>(
      async function* () {
        try {
          for (let i = 0; ; i++) yield rowOf(i);
        } finally {
          closed++;
        }
      },
      { spec: { x: { shape: [2], dtype: "f32" }, y: { shape: [1], dtype: "f32" } } },
    );
    await firstValueFrom(
      train$(trained(endless)).pipe(
        filter((event) => event._tag === "StepCompleted"),
        take(1),
      ),
    );
    await new Promise((resume) => setTimeout(resume, 20));
    expect(closed).toBe(1);
  });
});
