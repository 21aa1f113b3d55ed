import { parseArgs } from "node:util";
import * as Effect from "effect/Effect";
import { lastValueFrom, tap } from "rxjs";
import { epochsOf, type Source, type SourceError, shardedBatches } from "../../src/data/index.ts";
import { giveWay } from "../../src/data/source/turns.ts";
import {
  adam,
  dense,
  meanSquaredError,
  pipeline,
  sequential,
  supervised,
  train$,
} from "../../src/index.ts";
import { key } from "../../src/tensor/key.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

/** The count of numbers in a row: 4 KiB of f32. */
const width = 1024;
/** The count of rows that a file yields at once. */
const chunk = 64;

type Rows = {
  readonly x: Tensor<readonly [typeof width]>;
  readonly row: Tensor<readonly []>;
};
type Chunk = { readonly x: Tensor; readonly row: Tensor };

/** The number at a place of a row, from which a reader can tell whether the row is complete. */
const numberAt = (row: number, place: number): number => ((row * 31 + place * 7) & 1023) / 1024;

/** The rows of a corpus that is not stored: each chunk is made when it is requested. */
async function* madeRows(from: number, to: number): AsyncGenerator<Chunk> {
  for (let first = from; first < to; first += chunk) {
    const n = Math.min(chunk, to - first);
    const x = new Float32Array(n * width);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < width; j++) x[i * width + j] = numberAt(first + i, j);
    yield {
      x: Tensor.own([n, width], "f32", x),
      row: Tensor.own(
        [n],
        "i32",
        Int32Array.from({ length: n }, (_, i) => first + i),
      ),
    };
  }
}

/** The result of reading a corpus. */
export interface CorpusRead {
  readonly rows: number;
  /** The number of rows that were wrong, missing or repeated. */
  readonly wrong: number;
  /** The peak of the bytes of the process's arrays, in use or not yet collected. */
  readonly peak: number;
  readonly milliseconds: number;
}

/** The settings that decide how much of a stream is in memory. */
interface Queues {
  readonly prefetch?: number;
  readonly shuffleBuffer?: number;
}

/** A corpus of `rows` rows in files. */
const corpusOf = (rows: number, { prefetch = 2, shuffleBuffer = 2048 }: Queues) => {
  const files = 16;
  const startOf = (file: number): number => Math.round((file * rows) / files);
  return shardedBatches(
    Array.from({ length: files }, (_, i) => String(i)),
    (name) => madeRows(startOf(Number(name)), startOf(Number(name) + 1)),
    { name: "corpus", prefetch, shuffleBuffer },
  );
};

const batchSize = 256;
const rowsIn = (bytes: number): number => Math.ceil(bytes / (4 * width));

/**
 * Reads one shuffled epoch of a corpus of `bytes` bytes through the queues of a training run. After each batch other
 * tasks run `turns` times, as they do while a step computes.
 */
export const readCorpus = (
  bytes: number,
  queues: Queues = {},
  turns = 3,
): Effect.Effect<CorpusRead, SourceError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const rows = rowsIn(bytes);
      const corpus = corpusOf(rows, queues);
      const began = performance.now();
      const epochs = yield* epochsOf(corpus, { batchSize, key: key(1) });
      const reader = yield* epochs.open(0, 0);
      const [x, row] = [new Float32Array(batchSize * width), new Int32Array(batchSize)];
      const seen = new Uint8Array(rows);
      let [read, wrong, peak] = [0, 0, 0];
      for (;;) {
        const n = reader.ready();
        if (n === 0) break;
        if (n === undefined) {
          yield* reader.wait;
          continue;
        }
        reader.fill({ x, row });
        for (let i = 0; i < turns; i++) yield* giveWay;
        for (let i = 0; i < n; i++) {
          const [own, place] = [row[i] as number, (i * 37) % width];
          if (seen[own] !== 0 || x[i * width + place] !== numberAt(own, place)) wrong++;
          seen[own] = 1;
        }
        read += n;
        peak = Math.max(peak, process.memoryUsage().arrayBuffers);
      }
      wrong += rows - read;
      const milliseconds = performance.now() - began;
      return { rows: read, wrong, peak, milliseconds } satisfies CorpusRead;
    }),
  );

/** Trains a small autoencoder for one epoch on a corpus of `bytes` bytes. */
const trainCorpus = async (bytes: number): Promise<CorpusRead> => {
  const rows = rowsIn(bytes);
  const learning = pipeline(
    "corpus",
    Effect.succeed({ train: corpusOf(rows, {}) as Source<Rows> }),
    supervised({
      input: "x",
      target: "x",
      model: sequential(dense(width, 8), dense(8, width)),
      loss: meanSquaredError,
      optimizer: adam({ learningRate: 1e-3 }),
    }),
    { batchSize },
  );
  const began = performance.now();
  let [read, wrong, peak] = [0, 0, 0];
  await lastValueFrom(
    train$(learning).pipe(
      tap((event) => {
        if (event._tag !== "StepCompleted") return;
        read = Math.min(rows, read + batchSize);
        if (!Number.isFinite(event.loss)) wrong++;
        peak = Math.max(peak, process.memoryUsage().arrayBuffers);
      }),
    ),
  );
  return { rows: read, wrong: wrong + rows - read, peak, milliseconds: performance.now() - began };
};

/**
 * `npm run corpus -- --gibibytes 20 --train` reads a corpus that is larger than memory, or trains on it, and prints how
 * much memory that took.
 */
const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      gibibytes: { type: "string", default: "20" },
      train: { type: "boolean", default: false },
    },
  });
  const bytes = Number(values.gibibytes) * 2 ** 30;
  const { rows, wrong, peak, milliseconds } = values.train
    ? await trainCorpus(bytes)
    : await Effect.runPromise(readCorpus(bytes));
  const mebibytes = (n: number): number => Math.round(n / 2 ** 20);
  console.log(
    `${rows} rows, ${mebibytes(rows * 4 * width)} MiB in ${Math.round(milliseconds / 1000)} s; arrays of at most ${mebibytes(peak)} MiB, ${mebibytes(process.memoryUsage.rss())} MiB resident; ${wrong} rows wrong`,
  );
  process.exitCode = wrong > 0 || peak > 2 ** 28 ? 1 : 0;
};

if (import.meta.main) await main();
