import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { streamRows } from "../../src/data/source/source.ts";
import { allocate } from "../../src/tensor/dtype.ts";
import { key } from "../../src/tensor/key.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import type { AsyncLaw } from "../law.ts";
import type { SourceReading } from "./sources.ts";

/** The lengths of sequences, and their batching. */
interface Sequences {
  readonly rows: readonly number[];
  readonly lengths: readonly number[];
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly seed: number;
  readonly isLater: boolean;
  readonly position: number;
}

const sequences: fc.Arbitrary<Sequences> = fc.record({
  rows: fc.array(fc.nat(9), { minLength: 1, maxLength: 40 }),
  lengths: fc
    .uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 3 })
    .map((some) => [...some.toSorted((a, b) => a - b), 9]),
  batchSize: fc.integer({ min: 1, max: 6 }),
  shuffle: fc.boolean(),
  seed: fc.nat(100),
  isLater: fc.boolean(),
  position: fc.double({ min: 0, max: 1, noNaN: true }),
});

const pad = -1;

/** A batch after reading: the number of each row, and its tokens. */
interface Read {
  readonly rows: readonly { readonly row: number; readonly tokens: readonly number[] }[];
  readonly length: number;
}

/** Reads sequences in which every token is the number of its row. */
const batchesOf = (
  { read }: SourceReading,
  { rows, lengths, batchSize, shuffle, seed, isLater }: Sequences,
  position = 0,
): Promise<readonly Read[]> => {
  function* each() {
    for (const [row, n] of rows.entries())
      yield {
        row: Tensor.own([], "i32", Int32Array.of(row)),
        tokens: Tensor.own([n, 2], "i32", new Int32Array(2 * n).fill(row)),
      };
  }
  async function* later() {
    yield* each();
  }
  const stream = streamRows(() => (isLater ? later() : each()), {
    ragged: { columns: ["tokens"], lengths, pad },
    shuffleBuffer: 7,
  });
  return Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const epochs = yield* read(stream, { batchSize, shuffle, key: key(seed) });
        const reader = yield* epochs.open(0, position);
        const batches: Read[] = [];
        for (;;) {
          const n = reader.ready();
          if (n === 0) return batches;
          if (n === undefined) {
            yield* reader.wait;
            continue;
          }
          const { shape = [] } = epochs.buckets[reader.bucket()]?.tokens ?? {};
          const width = sizeOf(shape);
          const [row, tokens] = [new Int32Array(n), allocate("i32", n * width)];
          reader.fill({ row, tokens });
          batches.push({
            length: shape[0] ?? 0,
            rows: Array.from(row, (at, i) => ({
              row: at,
              tokens: Array.from(tokens.subarray(i * width, (i + 1) * width)),
            })),
          });
        }
      }),
    ),
  );
};

/** Each sequence is in one batch, padded to the smallest length that holds it. */
export const sequencesKept: AsyncLaw<SourceReading> = {
  name: "sequences kept",
  says: "every sequence is in one batch, in the bucket of the least length that holds it, and then padding",
  trial: (reading) => ({
    given: sequences,
    breach: async (plan: Sequences) => {
      const batches = await batchesOf(reading, plan);
      const all = batches.flatMap(({ rows }) => rows.map(({ row }) => row));
      const rows = all.toSorted((a, b) => a - b);
      if (rows.length !== plan.rows.length || rows.some((row, i) => row !== i))
        return `the rows ${JSON.stringify(rows)} of ${plan.rows.length}`;
      for (const { rows: some, length } of batches)
        for (const { row, tokens } of some) {
          const n = plan.rows[row] as number;
          const least = plan.lengths.find((each) => each >= n);
          if (length !== least) return `a row of ${n} in a batch of ${length}, not ${least}`;
          const wanted = tokens.map((_, i) => (i < 2 * n ? row : pad));
          if (tokens.some((token, i) => token !== wanted[i]))
            return `row ${row} of length ${n} is ${JSON.stringify(tokens)}`;
        }
      const partial = batches.filter((batch) => batch.rows.length !== plan.batchSize).length;
      return partial <= plan.lengths.length ? undefined : `${partial} batches are not whole`;
    },
  }),
};

/** Batches by length also resume from any position. */
export const sequencesResumed: AsyncLaw<SourceReading> = {
  name: "sequences resumed",
  says: "open (epoch, p) = what open (epoch, 0) gives after p batches, for batches by length",
  trial: (reading) => ({
    given: sequences,
    breach: async (plan: Sequences) => {
      const whole = await batchesOf(reading, plan);
      const position = Math.floor(plan.position * whole.length);
      const rest = await batchesOf(reading, plan, position);
      const [wanted, found] = [JSON.stringify(whole.slice(position)), JSON.stringify(rest)];
      return wanted === found ? undefined : `after ${position} batches ${found}, not ${wanted}`;
    },
  }),
};
