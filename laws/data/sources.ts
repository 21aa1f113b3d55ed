import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { from } from "rxjs";
import type { Epochs, ReadOptions, SourceError } from "../../src/data/source/epochs.ts";
import type { Streamable } from "../../src/data/source/pull.ts";
import { shardedBatches, shardedRows } from "../../src/data/source/shards.ts";
import {
  type Opening,
  type Source,
  type Streamed,
  streamBatches,
  streamRows,
} from "../../src/data/source/source.ts";
import { greatestOf } from "../../src/tensor/extremes.ts";
import { key } from "../../src/tensor/key.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import type { AsyncLaw } from "../law.ts";

/** A way to read a source in epochs of batches: `epochsOf`. */
export interface SourceReading {
  readonly name: string;
  readonly read: (source: Source, options: ReadOptions) => Effect.Effect<Epochs, SourceError>;
}

/** A stream's way of yielding its rows, and the options of reading it. */
interface Plan {
  readonly rows: number;
  /** The sizes of chunks, repeated cyclically; empty if rows come one by one. */
  readonly chunks: readonly number[];
  readonly kind: "generator" | "async" | "slow" | "observable";
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly dropRemainder: boolean;
  readonly buffer: number;
  readonly prefetch: number;
  readonly seed: number;
  readonly epoch: number;
  /** A fraction of the batches. */
  readonly position: number;
  /** Whether the stream declares its number of rows, and whether it can be entered at any row. */
  readonly isCounted: boolean;
  readonly isSeekable: boolean;
  /** The number of files with the rows; 0 for none. */
  readonly files: number;
}

const plans: fc.Arbitrary<Plan> = fc.record({
  rows: fc.integer({ min: 1, max: 40 }),
  chunks: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }),
  kind: fc.constantFrom("generator", "async", "slow", "observable"),
  batchSize: fc.integer({ min: 1, max: 7 }),
  shuffle: fc.boolean(),
  dropRemainder: fc.boolean(),
  buffer: fc.integer({ min: 1, max: 50 }),
  prefetch: fc.integer({ min: 1, max: 3 }),
  seed: fc.nat(1000),
  epoch: fc.nat(3),
  position: fc.double({ min: 0, max: 1, noNaN: true }),
  isCounted: fc.boolean(),
  isSeekable: fc.boolean(),
  files: fc.integer({ min: 0, max: 4 }),
});

/** The observed use of a stream. */
interface Watched {
  /** The number of requested rows, and how often the stream was opened and released. */
  yielded: number;
  opened: number;
  closed: number;
}

type Rows = { readonly x: Tensor };

/** Rows with distinct numbers, the same for every epoch. */
const numbered = (first: number, n: number): Tensor =>
  Tensor.own(
    [n, 2],
    "i32",
    Int32Array.from({ length: 2 * n }, (_, i) => first + (i >> 1)),
  );

/** The sizes of the chunks for a number of rows. */
const sizesOf = (rows: number, chunks: readonly number[]): readonly number[] => {
  const sizes: number[] = [];
  for (let [left, i] = [rows, 0]; left > 0; i++) {
    // Empty chunks come between others, never alone.
    const size = chunks.some((n) => n > 0) ? (chunks[i % chunks.length] as number) : 1;
    sizes.push(Math.min(size, left));
    left -= size;
  }
  return sizes;
};

/** A part of a stream: its rows from `from` on, and the row at which it breaks. */
interface Part {
  readonly from: number;
  readonly to: number;
  readonly breakAt: number;
}

/** The items of a part, which record requests in `watched`. */
const itemsOf = (
  { chunks, kind }: Plan,
  watched: Watched,
  { from: first, to, breakAt }: Part,
): Streamable<Rows> => {
  const isOneByOne = chunks.length === 0;
  const item = (at: number, size: number): Rows => {
    if (at + size > breakAt) throw new Error("broken");
    watched.yielded += size;
    const x = numbered(at, size);
    return { x: isOneByOne ? Tensor.own([2], "i32", Tensor.read(x)) : x };
  };
  function* generated(): Generator<Rows> {
    watched.opened++;
    try {
      let at = first;
      for (const size of sizesOf(to - first, chunks)) {
        yield item(at, size);
        at += size;
      }
    } finally {
      watched.closed++;
    }
  }
  async function* later(isSlow: boolean): AsyncGenerator<Rows> {
    for (const each of generated()) {
      // Some items come at once, others after other tasks.
      if (isSlow && watched.yielded % 3 === 0) await new Promise((resume) => setImmediate(resume));
      yield each;
    }
  }
  switch (kind) {
    case "generator":
      return generated();
    case "observable":
      return from(generated());
    default:
      return later(kind === "slow");
  }
};

/** The stream of a plan, in files of about the same size if it has files. */
const streamOf = (
  plan: Plan,
  watched: Watched,
  breakAt = Number.POSITIVE_INFINITY,
): Streamed<Rows> => {
  const { rows, files, isCounted, isSeekable: seekable } = plan;
  const spec = { x: { shape: [2], dtype: "i32" } } as const;
  const options = { spec, shuffleBuffer: plan.buffer, prefetch: plan.prefetch, seekable };
  const entered = ({ from: row }: Opening): number => (seekable ? row : 0);
  if (files === 0) {
    // A stream that is counted may go on beyond its epoch.
    const to = isCounted ? rows + 3 : rows;
    const open = (opening: Opening) =>
      itemsOf(plan, watched, { from: entered(opening), to, breakAt });
    const all = { ...options, ...(isCounted && { rows }) };
    return plan.chunks.length === 0 ? streamRows(open, all) : streamBatches(open, all);
  }
  const startOf = (file: number): number => Math.round((file * rows) / files);
  const shards = Array.from({ length: files }, (_, i) =>
    isCounted ? { name: String(i), rows: startOf(i + 1) - startOf(i) } : String(i),
  );
  const open = (name: string, opening: Opening) => {
    const [start, to] = [startOf(Number(name)), startOf(Number(name) + 1)];
    return itemsOf(plan, watched, { from: start + entered(opening), to, breakAt });
  };
  return plan.chunks.length === 0
    ? shardedRows(shards, open, options)
    : shardedBatches(shards, open, options);
};

/** Called between batches, with the numbers of rows and batches taken. */
type Look = (taken: number, batches: number) => void;

/** Reads batches of an epoch, as lists of row numbers, up to the end or a number of batches. */
const readFrom = (
  { read }: SourceReading,
  plan: Plan,
  watched: Watched,
  {
    position = 0,
    most = Number.POSITIVE_INFINITY,
    look = () => {},
    breakAt,
  }: { position?: number; most?: number; look?: Look; breakAt?: number } = {},
): Promise<{ readonly batches: readonly (readonly number[])[]; readonly error: unknown }> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const { batchSize, shuffle, dropRemainder, seed, epoch } = plan;
      const options = { batchSize, shuffle, dropRemainder, key: key(seed) };
      const batches: (readonly number[])[] = [];
      let taken = 0;
      const reading = Effect.gen(function* () {
        const epochs = yield* read(streamOf(plan, watched, breakAt), options);
        const reader = yield* epochs.open(epoch, position);
        while (batches.length < most) {
          const n = reader.ready();
          if (n === 0) return;
          if (n === undefined) {
            yield* reader.wait;
            continue;
          }
          const x = new Int32Array(2 * n);
          reader.fill({ x });
          batches.push(Array.from(x).filter((_, i) => i % 2 === 0));
          taken += n;
          // Gives a reader the time to read ahead.
          yield* Effect.promise(() => new Promise((resume) => setImmediate(resume)));
          look(taken, batches.length);
        }
      });
      const result = yield* Effect.result(Effect.scoped(reading));
      return { batches, error: result._tag === "Failure" ? result.failure : undefined };
    }),
  );

const watch = (): Watched => ({ yielded: 0, opened: 0, closed: 0 });

/** A plan whose stream can be read: a counted stream has at least one batch. */
const readable = plans.map((plan) => ({
  ...plan,
  batchSize: plan.isCounted ? Math.min(plan.batchSize, plan.rows) : plan.batchSize,
}));

const text = (value: unknown): string => JSON.stringify(value);

const lawOf = (
  name: string,
  says: string,
  breach: (reading: SourceReading, plan: Plan) => Promise<string | undefined>,
): AsyncLaw<SourceReading> => ({
  name,
  says,
  trial: (reading) => ({ given: readable, breach: (plan: Plan) => breach(reading, plan) }),
});

/** The sizes and times of chunks do not matter. */
export const chunking = lawOf(
  "chunking",
  "an epoch of rows in chunks of any size = the same rows one by one",
  async (reading, plan) => {
    const { batches, error } = await readFrom(reading, plan, watch());
    const plain = { ...plan, chunks: [], kind: "generator" } as const;
    const wanted = await readFrom(reading, plain, watch());
    if (error !== undefined) return String(error);
    return text(batches) === text(wanted.batches)
      ? undefined
      : `${text(batches)}, one by one ${text(wanted.batches)}`;
  },
);

/** Each row of a stream is in one batch, and the order is that of the stream unless it is shuffled. */
export const rowsKept = lawOf(
  "rows kept",
  "the batches of an epoch hold each row once; unshuffled in order; each but the last is whole",
  async (reading, plan) => {
    const { batches, error } = await readFrom(reading, plan, watch());
    if (error !== undefined) return String(error);
    const rest = plan.dropRemainder ? plan.rows % plan.batchSize : 0;
    const all = batches.flat();
    const sorted = plan.shuffle ? all.toSorted((a, b) => a - b) : all;
    if (sorted.length !== plan.rows - rest || new Set(all).size !== all.length)
      return `${all.length} rows of ${plan.rows}, ${new Set(all).size} of them different`;
    if (all.some((row) => row < 0 || row >= plan.rows))
      return `${text(all)} has rows that are none`;
    if (!plan.shuffle && sorted.some((row, i) => row !== i)) return `${text(all)} is not in order`;
    return batches.slice(0, -1).every((batch) => batch.length === plan.batchSize)
      ? undefined
      : "a batch before the last is not whole";
  },
);

/** An epoch resumes from any position as if it had not been interrupted. */
export const resumedReading = lawOf(
  "resumed reading",
  "open (epoch, p) = what open (epoch, 0) gives after p batches, for every p",
  async (reading, plan) => {
    const whole = await readFrom(reading, plan, watch());
    const position = Math.floor(plan.position * whole.batches.length);
    const rest = await readFrom(reading, plan, watch(), { position });
    if (rest.error !== undefined) return String(rest.error);
    return text(rest.batches) === text(whole.batches.slice(position))
      ? undefined
      : `after ${position} batches ${text(rest.batches)} of ${text(whole.batches)}`;
  },
);

/** The key and the epoch determine the order, and each epoch has a different one. */
export const keyedOrder = lawOf(
  "keyed order",
  "the same key and epoch give the same order whenever rows arrive; other epochs give others",
  async (reading, plan) => {
    const many = { ...plan, files: 0, rows: 40, buffer: 40, shuffle: true, dropRemainder: false };
    const [once, other] = [
      await readFrom(reading, many, watch()),
      await readFrom(reading, { ...many, epoch: plan.epoch + 1 }, watch()),
    ];
    const again = await readFrom(reading, { ...many, kind: "slow" }, watch());
    if (text(once.batches) !== text(again.batches)) return "the same epoch has two orders";
    return text(once.batches.flat()) === text(other.batches.flat())
      ? "two epochs have one order"
      : undefined;
  },
);

/** Memory is bounded as declared: rows are read ahead up to a limit. */
export const boundedReading = lawOf(
  "bounded reading",
  "rows read - rows taken ≤ shuffle buffer + prefetch · batch + one chunk - 1",
  async (reading, plan) => {
    // An Observable cannot be paused.
    const kind = plan.kind === "observable" ? "async" : plan.kind;
    const watched = watch();
    const chunk = Math.max(1, greatestOf(plan.chunks));
    const most = (plan.shuffle ? plan.buffer : 0) + plan.prefetch * plan.batchSize + chunk - 1;
    let breach: string | undefined;
    await readFrom(reading, { ...plan, kind }, watched, {
      look: (taken) => {
        const ahead = watched.yielded - taken;
        if (ahead > most) breach ??= `${ahead} rows ahead, more than ${most}`;
      },
    });
    return breach;
  },
);

/** Everything that is opened is closed, however early the reader leaves, and is not read any further. */
export const releasedReading = lawOf(
  "released reading",
  "closing after n batches returns every iterator that was opened, and asks for nothing more",
  async (reading, plan) => {
    const watched = watch();
    const most = Math.max(1, Math.floor((plan.position * plan.rows) / plan.batchSize));
    await readFrom(reading, plan, watched, { most });
    const { yielded } = watched;
    await new Promise((resume) => setImmediate(resume));
    if (watched.opened !== watched.closed || watched.opened === 0)
      return `${watched.closed} of ${watched.opened} closed`;
    return watched.yielded === yielded ? undefined : "rows are read after the end";
  },
);

/**
 * A failure loses no rows: every complete batch before it is returned first, and then a typed error names the place.
 */
export const faultsLoseNothing = lawOf(
  "faults lose nothing",
  "a stream that throws at row n gives the batches before it, then fails with StreamFailed there",
  async (reading, plan) => {
    // One by one and in order, so that the complete batches before the failure are known.
    const bare = { ...plan, shuffle: false, chunks: [], isCounted: false, files: 0 };
    const breakAt = Math.floor(plan.position * (plan.rows - 1));
    const whole = await readFrom(reading, bare, watch());
    const { batches, error } = await readFrom(reading, bare, watch(), { breakAt });
    const wanted = whole.batches.slice(0, Math.floor(breakAt / plan.batchSize));
    if (text(batches) !== text(wanted)) return `${text(batches)} before the fault at ${breakAt}`;
    const { _tag, row, epoch } = error as { _tag?: string; row?: number; epoch?: number };
    return _tag === "StreamFailed" && row === breakAt && epoch === plan.epoch + 1
      ? undefined
      : `fails with ${String(error)}, not at row ${breakAt}`;
  },
);

export const sourceLaws: readonly AsyncLaw<SourceReading>[] = [
  chunking,
  rowsKept,
  resumedReading,
  keyedOrder,
  boundedReading,
  releasedReading,
  faultsLoseNothing,
];
