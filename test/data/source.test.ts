import * as Effect from "effect/Effect";
import * as Scope from "effect/Scope";
import { isLeft } from "fp-ts/lib/Either.js";
import { from, isObservable, lastValueFrom, Observable, toArray } from "rxjs";
import { describe, expect, expectTypeOf, test } from "vitest";
import { sequencesKept, sequencesResumed } from "../../laws/data/ragged.ts";
import {
  boundedReading,
  chunking,
  faultsLoseNothing,
  keyedOrder,
  releasedReading,
  resumedReading,
  rowsKept,
  type SourceReading,
  sourceLaws,
} from "../../laws/data/sources.ts";
import { type AsyncLaw, checkAsync } from "../../laws/law.ts";
import { mustHoldInTime } from "../../laws/vitest.ts";
import {
  dataset,
  type Epochs,
  epochsOf,
  experience,
  type Opening,
  type ReadOptions,
  type Source,
  type Streamed,
  sampled,
  shardedRows,
  streamBatches,
  streamRows,
  weighted,
} from "../../src/data/index.ts";
import { epochOrder } from "../../src/data/source/order.ts";
import { formatError } from "../../src/errors/failure.ts";
import { ShapeMismatch } from "../../src/errors.ts";
import { arange, scalar, tensor, zeros } from "../../src/tensor/constructors.ts";
import { key } from "../../src/tensor/key.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const raggedLaws = [sequencesKept, sequencesResumed];

describe("the laws of sources", () => {
  test.each([...sourceLaws, ...raggedLaws].map((law) => [law.name, law] as const))(
    "%s",
    async (_, law) => {
      await mustHoldInTime(law, { name: "epochsOf", read: epochsOf }, { runs: 60 });
    },
  );

  /** Reads as `epochsOf` does, but for a mistake in the epochs that it makes, or in the stream that it is given. */
  const mistaken =
    (
      change: (epochs: Epochs) => Partial<Epochs>,
      given: (stream: Streamed) => Streamed = (stream) => stream,
    ): SourceReading["read"] =>
    (source, options) =>
      Effect.map(epochsOf(given(source as Streamed) as Source, options), (epochs) => ({
        ...epochs,
        ...change(epochs),
      }));

  const right = () => ({});
  type Rows = { readonly x: Tensor };
  const itemsOf = (stream: Streamed, opening: Opening): AsyncIterable<Rows> => {
    const items = stream.open(opening) as AsyncIterable<Rows> | Observable<Rows>;
    return isObservable(items) ? eachValueOf(items) : items;
  };
  async function* eachValueOf(items$: Observable<Rows>): AsyncGenerator<Rows> {
    yield* await lastValueFrom(items$.pipe(toArray()));
  }
  const shorter = ({ x }: Rows): Rows => {
    const [rows = 0, width = 0] = x.shape;
    const from = rows < 2 ? 0 : 1;
    return { x: Tensor.own([rows - from, width], x.dtype, Tensor.read(x).slice(from * width)) };
  };
  const planted: readonly (readonly [
    mistake: string,
    law: AsyncLaw<SourceReading>,
    read: SourceReading["read"],
  ])[] = [
    [
      "each chunk loses its first row, if it has others",
      chunking,
      mistaken(right, (stream) => ({
        ...stream,
        async *open(opening) {
          for await (const item of itemsOf(stream, opening))
            yield stream.per === "row" ? item : shorter(item);
        },
      })),
    ],
    [
      "the last batch is lost",
      rowsKept,
      mistaken((epochs) => ({
        open: (epoch, position) =>
          Effect.map(epochs.open(epoch, position), (reader) => ({
            ...reader,
            ready: () => {
              const n = reader.ready();
              return n !== undefined && n < epochs.batchSize ? 0 : n;
            },
          })),
      })),
    ],
    [
      "a position is off by one batch",
      resumedReading,
      mistaken((epochs) => ({
        open: (epoch, position) => epochs.open(epoch, Math.max(0, position - 1)),
      })),
    ],
    [
      "every epoch is the first",
      keyedOrder,
      mistaken((epochs) => ({ open: (_, position) => epochs.open(0, position) })),
    ],
    [
      "the order is of another key each time",
      keyedOrder,
      (source, options) => epochsOf(source, { ...options, key: key(calls++) }),
    ],
    [
      "everything is read at once",
      boundedReading,
      mistaken(right, (stream) => ({
        ...stream,
        prefetch: 1000,
      })),
    ],
    [
      "nothing is closed",
      releasedReading,
      mistaken((epochs) => ({
        open: (epoch, position) => {
          const never = Effect.runSync(Scope.make());
          return Effect.provideService(epochs.open(epoch, position), Scope.Scope, never);
        },
      })),
    ],
    [
      "sequences of a length get the next one's bucket",
      sequencesKept,
      mistaken(right, (stream) => ({
        ...stream,
        ragged: stream.ragged && { ...stream.ragged, lengths: [9] },
      })),
    ],
    [
      "batches by length begin anew",
      sequencesResumed,
      mistaken((epochs) => ({ open: (epoch) => epochs.open(epoch, 0) })),
    ],
    [
      "a fault hides what came before it",
      faultsLoseNothing,
      mistaken(right, (stream) => ({
        ...stream,
        async *open(opening) {
          const all: Rows[] = [];
          for await (const item of itemsOf(stream, opening)) all.push(item);
          yield* all;
        },
      })),
    ],
  ];
  let calls = 0;

  test.each(planted)("notice that %s", async (name, law, read) => {
    const verdict = await checkAsync(law, { name, read }, { runs: 60 });
    expect(isLeft(verdict)).toBe(true);
  });
});

/** The numbers `x` of every batch of an epoch, and the error that ended it. */
const read = (
  source: Source,
  options: Partial<ReadOptions> = {},
  position = 0,
): Promise<{ readonly x: readonly (readonly number[])[]; readonly error: unknown }> => {
  const x: number[][] = [];
  const reading = Effect.gen(function* () {
    const epochs = yield* epochsOf(source, {
      ...{ batchSize: 2, key: key(1), shuffle: false },
      ...options,
    });
    const reader = yield* epochs.open(1, position);
    for (;;) {
      const n = reader.ready();
      if (n === 0) return;
      if (n === undefined) {
        yield* reader.wait;
        continue;
      }
      const into = new Float32Array(n);
      reader.fill({ x: into });
      x.push(Array.from(into));
    }
  });
  return Effect.runPromise(
    Effect.map(Effect.result(Effect.scoped(reading)), (result) => ({
      x,
      error: result._tag === "Failure" ? result.failure : undefined,
    })),
  );
};

type X = { readonly x: Tensor };
const counting = (n: number): readonly X[] =>
  Array.from({ length: n }, (_, i) => ({ x: scalar(i) }));

describe("what no stream should do is a typed error that says where", () => {
  const place = { stream: "stream", epoch: 2 };
  const rows = (...more: readonly unknown[]) =>
    streamRows(() => [...counting(3), ...more] as readonly X[]);
  test.each<readonly [string, Source, object, Partial<ReadOptions>]>([
    ["a missing column", rows({}), { _tag: "RowMismatch", ...place, row: 3, column: "x" }, {}],
    [
      "another column",
      rows({ x: scalar(1), y: scalar(1) }),
      { _tag: "RowMismatch", row: 3, column: "y", expected: "no column of the stream" },
      {},
    ],
    [
      "another shape",
      rows({ x: tensor([1, 2]) }),
      { _tag: "RowMismatch", row: 3, expected: "f32 []", actual: "f32 [2]" },
      {},
    ],
    [
      "another dtype",
      rows({ x: scalar(1, "i32") }),
      { _tag: "RowMismatch", row: 3, expected: "f32 []", actual: "i32 []" },
      {},
    ],
    ["no row", rows(null), { _tag: "RowMismatch", row: 3 }, {}],
    ["no tensor", rows({ x: 5 }), { _tag: "RowMismatch", row: 3, actual: "no tensor: 5" }, {}],
    [
      "NaN",
      rows({ x: scalar(Number.NaN) }),
      { _tag: "NonFiniteData", row: 3, place: { ...place, row: 3 } },
      {},
    ],
    [
      "NaN in the middle of a chunk",
      streamBatches(() => [{ x: arange(3) }, { x: tensor([1, Number.NaN, 1]) }]),
      { _tag: "NonFiniteData", row: 4 },
      {},
    ],
    [
      "a label that is no class",
      rows({ x: scalar(9) }),
      { _tag: "LabelOutOfRange", row: 3, value: 9, classes: 5 },
      { labels: { x: 5 } },
    ],
    [
      "labels of a column that is not there",
      rows(),
      { _tag: "UnknownColumn" },
      { labels: { y: 5 } },
    ],
    [
      "columns of different lengths",
      streamBatches(() => [
        { x: arange(3), y: arange(3) },
        { x: arange(2), y: arange(3) },
      ]),
      { _tag: "RowMismatch", column: "y", expected: "of 2 rows, as other columns" },
      {},
    ],
    [
      "an early end",
      streamRows(() => counting(3), { rows: 7 }),
      { _tag: "StreamEnded", row: 3, expected: 7 },
      {},
    ],
    ["no rows at all", streamRows((): X[] => []), { _tag: "EmptyDataset" }, {}],
    [
      "open throws",
      streamRows<X>(
        () => {
          throw new Error("no such file");
        },
        { spec: { x: { shape: [], dtype: "f32" } } },
      ),
      { _tag: "StreamFailed", ...place, row: 0, reason: "no such file" },
      {},
    ],
    ["open throws when looked at", streamRows(() => 5 as never), { _tag: "StreamFailed" }, {}],
    [
      "a first row that is none",
      streamRows(() => [5] as never),
      { _tag: "RowMismatch", row: 0 },
      {},
    ],
    [
      "a first row without columns",
      streamBatches(() => [{}]),
      { _tag: "RowMismatch", row: 0, expected: "a record of tensors" },
      {},
    ],
    [
      "a first row of numbers",
      streamRows(() => [{ x: 5 }] as never),
      { _tag: "RowMismatch", column: "x", expected: "a tensor", actual: "5" },
      {},
    ],
    [
      "a first file that is not there",
      shardedRows<X>(["a"], () => {
        throw new Error("ENOENT");
      }),
      { _tag: "StreamFailed", file: "a", row: 0, reason: "ENOENT" },
      {},
    ],
    [
      "a sequence that is too long",
      streamRows(() => [{ x: zeros([2]) }, { x: zeros([5]) }], {
        ragged: { columns: ["x"], lengths: [2, 4] },
      }),
      { _tag: "RowMismatch", row: 1, expected: "at most f32 [4]", actual: "f32 [5]" },
      {},
    ],
    [
      "a ragged column that is not there",
      streamRows(() => counting(3), { ragged: { columns: ["y"], lengths: [2] } }),
      { _tag: "InvalidArgument", argument: "ragged" },
      {},
    ],
    [
      "a batch that the stream does not fill",
      streamRows(() => counting(3), { rows: 3 }),
      { _tag: "InvalidBatchSize" },
      { batchSize: 4 },
    ],
    ["no whole batch size", rows(), { _tag: "InvalidArgument" }, { batchSize: 0.5 }],
  ])("%s", async (_, source, expected, options) => {
    const { error } = await read(source, options);
    expect(error).toMatchObject(expected);
    expect(formatError(error)).toContain("fix:");
  });

  test("a file that fails is named, with the row in it; what came before is given", async () => {
    const parts = shardedRows(
      ["a", "b"],
      async function* (name) {
        yield* counting(3);
        if (name === "b") throw new Error("EIO");
      },
      { name: "parts" },
    );
    const { x, error } = await read(parts);
    expect(x).toEqual([
      [0, 1],
      [2, 0],
      [1, 2],
    ]);
    expect(error).toMatchObject({ _tag: "StreamFailed", file: "b", row: 3, reason: "EIO" });
    expect(formatError(error)).toContain('in the stream "parts", epoch 2, row 4 of b');
  });

  test("a file with another number of rows than it says is named", async () => {
    const parts = shardedRows(
      [
        { name: "a", rows: 3 },
        { name: "b", rows: 3 },
      ],
      () => counting(2),
    );
    expect((await read(parts)).error).toMatchObject({ _tag: "StreamFailed", file: "a", row: 2 });
  });

  test("a position that the stream does not reach", async () => {
    const { error } = await read(
      streamRows(() => counting(3)),
      {},
      9,
    );
    expect(error).toMatchObject({ _tag: "StreamEnded", row: 3, expected: 17, by: "position" });
  });

  test.each(["a generator", "an async generator"])(
    "takes turns with others: %s that passes over many rows",
    async (kind) => {
      let turns = 0;
      const timer = setInterval(() => turns++, 1);
      function* endless() {
        for (let i = 0; i < 60_000; i++) yield { x: scalar(i) };
      }
      async function* later() {
        yield* endless();
      }
      const stream = streamRows(kind === "a generator" ? endless : later);
      const { x } = await read(stream, {}, 29_998);
      clearInterval(timer);
      expect(x).toEqual([
        [59_996, 59_997],
        [59_998, 59_999],
      ]);
      expect(turns).toBeGreaterThan(2);
    },
  );
});

test("arrays of another type or without room are refused, as those of a dataset are", async () => {
  const stream = streamRows(() => counting(3), { spec: { x: { shape: [], dtype: "f32" } } });
  const options = { batchSize: 2, key: key(1), shuffle: false };
  for (const source of [stream, dataset({ x: arange(3) })])
    for (const x of [new Float64Array(2), new Float32Array(1)]) {
      const epochs = Effect.runSync(epochsOf<X>(source, options));
      await Effect.runPromise(
        Effect.scoped(
          Effect.map(epochs.open(0, 0), (reader) => {
            reader.ready();
            expect(() => reader.fill({ x })).toThrow(ShapeMismatch);
          }),
        ),
      );
    }
});

test("the type of a row is that of what is yielded", () => {
  const rows = streamRows(function* () {
    yield { x: tensor([1, 2, 3]), label: scalar(1, "i32") };
  });
  expectTypeOf(rows).toExtend<
    Source<{ readonly x: Tensor<readonly [3]>; readonly label: Tensor<readonly []> }>
  >();
  const batches = streamBatches(async function* () {
    yield { x: tensor([[1, 2, 3]]) as Tensor<readonly [number, 3]> };
  });
  expectTypeOf(batches).toExtend<Source<{ readonly x: Tensor<readonly [3]> }>>();
  const files = shardedRows(["a"], () => from([{ x: tensor([1, 2]) }]));
  expectTypeOf(files).toExtend<Source<{ readonly x: Tensor<readonly [2]> }>>();
  expectTypeOf(files).not.toExtend<Source<{ readonly y: Tensor }>>();
});

describe("resuming", () => {
  const rows = 10_000;
  const asked = (isSeekable: boolean, shuffle: boolean, files: number) => {
    let count = 0;
    const from = (first: number, end: number) =>
      (function* () {
        for (let i = first; i < end; i++) {
          count++;
          yield { x: scalar(i) };
        }
      })();
    const options = { shuffleBuffer: 50, seekable: isSeekable };
    const each = rows / Math.max(1, files);
    const names = Array.from({ length: files }, (_, i) => ({ name: String(i), rows: each }));
    const stream =
      files === 0
        ? streamRows((opening) => from(opening.from, rows), { ...options, rows })
        : shardedRows(
            names,
            (name, opening) => from(Number(name) * each + opening.from, (Number(name) + 1) * each),
            options,
          );
    return read(stream, { shuffle, batchSize: 100 }, 90).then(({ x }) => [x.flat().length, count]);
  };

  test("reads everything before the position of a stream that cannot be entered", async () => {
    // The first row is read once more, for the types of its columns.
    expect(await asked(false, true, 0)).toEqual([1000, rows + 1]);
  });

  test.each([
    ["unshuffled", true, false, 0, 1000],
    ["in its file", true, false, 20, 1000],
    ["from the start of its file", false, false, 20, 1000],
    ["shuffled, with what the buffer still holds", true, true, 0, 1500],
    ["shuffled, in files", true, true, 20, 1500],
    ["shuffled, from the start of a file", false, true, 20, 1900],
  ] as const)("reads what is needed: %s", async (_, isSeekable, shuffle, files, most) => {
    const [left, count] = await asked(isSeekable, shuffle, files);
    expect(left).toBe(1000);
    expect(count).toBeLessThanOrEqual(most + 1);
  });
});

describe("Observables", () => {
  const spec = { x: { shape: [], dtype: "f32" } } as const;

  test("may have as many rows wait as they are allowed", async () => {
    const { x, error } = await read(streamRows(() => from(counting(5)), { spec, waiting: 5 }));
    expect([x, error]).toEqual([[[0, 1], [2, 3], [4]], undefined]);
  });

  test("that emit more fail, and are unsubscribed", async () => {
    let [emitted, isGone] = [0, false];
    const endless$ = new Observable<X>((subscriber) => {
      while (!subscriber.closed) subscriber.next({ x: scalar(emitted++) });
      return () => {
        isGone = true;
      };
    });
    const { x, error } = await read(streamRows(() => endless$, { spec, waiting: 5 }));
    expect(x).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(error).toMatchObject({ _tag: "StreamOverflow", waiting: 5 });
    expect([emitted, isGone]).toEqual([6, true]);
  });

  test("that are errors are errors of the stream", async () => {
    const broken$ = new Observable<X>((subscriber) => {
      subscriber.next({ x: scalar(1) });
      queueMicrotask(() => subscriber.error(new Error("lost")));
    });
    const { error } = await read(streamRows(() => broken$, { spec }));
    expect(error).toMatchObject({ _tag: "StreamFailed", row: 1, reason: "lost" });
  });
});

describe("other sources", () => {
  test("the order of a dataset is what it was before there were streams", () => {
    expect(epochOrder(key(7), 0, 10, true).join()).toBe("2,1,7,3,4,9,8,0,5,6");
    expect(epochOrder(key(7), 3, 10, true).join()).toBe("8,1,3,4,2,5,0,7,6,9");
    expect(epochOrder(key(7), 3, 4, false).join()).toBe("0,1,2,3");
  });

  test("a dataset is read in the order of its epoch, from any position", async () => {
    const rows = dataset({ x: arange(10) });
    const order = [...epochOrder(key(1), 1, 10, true)];
    const { x } = await read(rows, { batchSize: 4, shuffle: true });
    expect(x).toEqual([order.slice(0, 4), order.slice(4, 8), order.slice(8)]);
    const dropped = await read(rows, { batchSize: 4, shuffle: true, dropRemainder: true }, 1);
    expect(dropped.x).toEqual([order.slice(4, 8)]);
    expect((await read(rows, { batchSize: 11 })).error).toMatchObject({ _tag: "InvalidBatchSize" });
  });

  test("a sampler draws each epoch by its key", async () => {
    const { x } = await read(sampled(dataset({ x: arange(3) }), weighted([0, 1, 0], { rows: 3 })));
    expect(x).toEqual([[1, 1], [1]]);
  });

  test("experience has steps and no columns", async () => {
    const epochs = Effect.runSync(epochsOf(experience(3), { batchSize: 4, key: key(0) }));
    expect([epochs.spec, epochs.stepsPerEpoch]).toEqual([{}, 3]);
    const reader = Effect.runSync(Effect.scoped(epochs.open(0, 1)));
    const seen = [reader.ready()];
    for (; reader.ready() !== 0; seen.push(reader.ready())) reader.fill({});
    expect(seen).toEqual([4, 4, 0]);
  });

  test.each([
    ["without a cache, each time", 0, 20],
    ["with room for three, those once", 12, 17],
    ["with room for all, once", 40, 10],
  ])("lazy rows are computed when they are needed: %s", async (_, cacheBytes, expected) => {
    let computed = 0;
    const lazy = dataset({ x: arange(10) }).map(({ x }) => {
      computed++;
      return { x: x.cast("f32") };
    });
    const epochs = Effect.runSync(epochsOf(lazy, { batchSize: 3, key: key(1), cacheBytes }));
    const seen: number[] = [];
    const before = computed;
    for (const epoch of [0, 1]) {
      const reader = Effect.runSync(Effect.scoped(epochs.open(epoch, 0)));
      for (let n = reader.ready() ?? 0; n > 0; n = reader.ready() ?? 0) {
        const x = new Float32Array(n);
        reader.fill({ x });
        seen.push(...Array.from(x));
      }
    }
    // One row more is looked at for its size.
    expect(computed - before).toBe(expected + 1);
    expect(seen).toEqual([0, 1].flatMap((epoch) => [...epochOrder(key(1), epoch, 10, true)]));
  });
});
