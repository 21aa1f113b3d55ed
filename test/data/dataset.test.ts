import * as fc from "fast-check";
import { take as takeBatches, toArray } from "rxjs";
import { describe, expect, expectTypeOf, test } from "vitest";
import { batches$ } from "../../src/data/batches.ts";
import { type Dataset, dataset } from "../../src/data/dataset.ts";
import { arange, fromTypedArray, stackTensors, tensor } from "../../src/tensor/constructors.ts";
import { equal } from "../../src/tensor/equality.ts";
import { key } from "../../src/tensor/key.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

const tagged = (tag: string) => expect.objectContaining({ _tag: tag });

type Point = { readonly x: Tensor<readonly [2]>; readonly id: Tensor<readonly []> };
const points = (n: number, from = 0): Dataset<Point> =>
  dataset({
    x: fromTypedArray(
      [n, 2],
      Float32Array.from({ length: 2 * n }, (_, i) => 2 * from + i),
    ),
    id: fromTypedArray(
      [n],
      Int32Array.from({ length: n }, (_, i) => from + i),
    ),
  });
const ids = (d: Dataset<Point>): readonly number[] => Array.from(d.all().id.toTypedArray());
const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
/** Checks that rows stay whole: x of example i is [2i, 2i+1], in any order. */
const whole = (d: Dataset<Point>): void => {
  const batch = d.all();
  for (const [row, id] of Array.from(batch.id.toTypedArray()).entries())
    expect([batch.x.at(row, 0), batch.x.at(row, 1)]).toEqual([2 * id, 2 * id + 1]);
};

describe("dataset", () => {
  test("has rows of its columns, also in its type", () => {
    const d = dataset({ x: tensor([[1, 2, 3]]), y: tensor([4], "u8") });
    expectTypeOf(d).toEqualTypeOf<
      Dataset<{ readonly x: Tensor<readonly [3]>; readonly y: Tensor<readonly []> }>
    >();
    expect(d.columns).toEqual({ x: { shape: [3], dtype: "f32" }, y: { shape: [], dtype: "u8" } });
    expectTypeOf(d.batch(1)[Symbol.iterator]().next().value?.x).toExtend<Tensor | undefined>();
    expect(d.row(-1).x.toArray()).toEqual([1, 2, 3]);
    expect(d.row(0).y.item()).toBe(4);
    expect(() => d.row(1)).toThrow(tagged("InvalidArgument"));
  });

  test("refuses columns that do not belong together", () => {
    expect(() => dataset({ x: arange(3), y: arange(2) })).toThrow(tagged("ShapeMismatch"));
    expect(() => dataset({ x: tensor(1) })).toThrow(tagged("ShapeMismatch"));
    expect(() => dataset({})).toThrow(tagged("ShapeMismatch"));
  });

  test("takes, skips and filters", () => {
    const d = points(10);
    expect(ids(d.take(3))).toEqual([0, 1, 2]);
    expect(ids(d.take(99))).toEqual(upTo(10));
    expect(ids(d.skip(8))).toEqual([8, 9]);
    expect(d.skip(99).size).toBe(0);
    expect(ids(d.filter((row) => row.id.item() % 3 === 0))).toEqual([0, 3, 6, 9]);
    expect(ids(d.skip(2).take(5).skip(1))).toEqual([3, 4, 5, 6]);
    expect(() => d.take(-1)).toThrow(tagged("InvalidArgument"));
  });

  test("filters across chunks", () => {
    const d = points(2500).filter((row) => row.id.item() % 1000 === 999);
    expect(ids(d)).toEqual([999, 1999]);
  });

  test("shuffles whole rows by the key, each exactly once", () => {
    fc.assert(
      fc.property(fc.nat(40), fc.integer(), (n, seed) => {
        const d = points(n).shuffle(key(seed));
        expect(ids(d).toSorted((a, b) => a - b)).toEqual(upTo(n));
        whole(d);
        expect(ids(points(n).shuffle(key(seed)))).toEqual(ids(d));
      }),
    );
    expect(ids(points(40).shuffle(key(1)))).not.toEqual(ids(points(40).shuffle(key(2))));
  });

  test("splits into parts that share nothing", () => {
    fc.assert(
      fc.property(
        fc.nat(40),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer(),
        (n, p, s) => {
          const [a, b] = points(n).split(p, key(s));
          expect(a.size).toBe(Math.round(p * n));
          expect([...ids(a), ...ids(b)].toSorted((x, y) => x - y)).toEqual(upTo(n));
        },
      ),
    );
    const parts = points(10).split([5, 0, 3]);
    expectTypeOf(parts).toEqualTypeOf<readonly [Dataset<Point>, Dataset<Point>, Dataset<Point>]>();
    expect(parts.map((d) => ids(d))).toEqual([[0, 1, 2, 3, 4], [], [5, 6, 7]]);
    expect(() => points(10).split([5, 6])).toThrow(tagged("InvalidArgument"));
    expect(() => points(10).split(1.5)).toThrow(tagged("InvalidArgument"));
    expect(() => points(10).split([-1, 2])).toThrow(tagged("InvalidArgument"));
  });

  test("concatenates, and gathers from both in any order", () => {
    const d = points(5).concat(points(7, 5));
    expect(ids(d)).toEqual(upTo(12));
    whole(d.shuffle(key(3)));
    expect(Array.from(d.gather(Int32Array.of(11, 0, 5, 4, 0)).id.toTypedArray())).toEqual([
      11, 0, 5, 4, 0,
    ]);
    expect(() => points(1).concat(points(1).mapColumn("x", (x) => x.cast("f64")))).toThrow(
      tagged("ShapeMismatch"),
    );
  });

  test("maps rows, batches and columns alike, lazily", () => {
    const seen: number[] = [];
    const base = points(6);
    const byRow = base.map((row) => ({ twice: tensor([row.x.at(0) * 2]), id: row.id }));
    expectTypeOf(byRow.row(0).twice).toEqualTypeOf<Tensor<readonly [1]>>();
    const byBatch = base.mapBatches<{ twice: Tensor<readonly [1]>; id: Tensor<readonly []> }>(
      (batch) => {
        seen.push(batch.id.size);
        const n = batch.id.size;
        const twice = upTo(n).map((i) => tensor([batch.x.at(i, 0) * 2]));
        return { twice: stackTensors(twice), id: batch.id };
      },
    );
    expect(seen).toEqual([]);
    const [a, b] = [byRow.shuffle(key(1)).all(), byBatch.shuffle(key(1)).all()];
    expect(seen.at(-1)).toBe(6);
    expect(equal(a.twice, b.twice) && equal(a.id, b.id)).toBe(true);
    const cast = base.mapColumn("id", (id) => id.cast("f32"));
    expect(cast.columns.id.dtype).toBe("f32");
    expect(cast.columns.x.dtype).toBe("f32");
    expect(Object.keys(base.select("id").columns)).toEqual(["id"]);
    expect(() => base.select("y" as "id")).toThrow(tagged("UnknownColumn"));
  });

  test("an empty dataset still knows its columns", () => {
    const none = points(0).map((row) => ({ x: row.x.cast("f64") }));
    expect(none.columns).toEqual({ x: { shape: [2], dtype: "f64" } });
    expect(none.all().x.shape).toEqual([0, 2]);
    expect(none.materialize().size).toBe(0);
  });

  test("a map that loses rows is refused", () => {
    const d = points(4).mapBatches<Point>(() => points(3).all());
    expect(() => d.all()).toThrow(tagged("ShapeMismatch"));
  });

  test("materializes once", () => {
    let computed = 0;
    const d = points(3000)
      .mapBatches<Point>((batch) => {
        computed += batch.id.size;
        return batch;
      })
      .materialize();
    expect(computed).toBe(0);
    const first = d.shuffle(key(1)).all();
    const after = computed;
    expect(equal(d.shuffle(key(1)).all().x, first.x)).toBe(true);
    expect(computed).toBe(after);
    whole(d);
  });

  test("gatherInto writes what gather gives", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("stored", "shuffled", "mapped", "joined", "kept", "cached", "partly"),
        fc.array(fc.nat(19), { maxLength: 30 }),
        (kind, at) => {
          const base = points(20);
          const d = {
            stored: base,
            shuffled: base.shuffle(key(4)),
            mapped: base.map((row) => row),
            joined: points(9).concat(points(11, 9)),
            kept: base.map((row) => row).materialize(),
            cached: base.map((row) => row).cache(1e6),
            // Room for 7 of 20 rows of 12 bytes.
            partly: base.map((row) => row).cache(7 * 12),
          }[kind];
          const indices = Int32Array.from(at);
          const x = new Float32Array(2 * at.length);
          const id = new Int32Array(at.length);
          d.gatherInto({ x, id }, indices);
          const batch = d.gather(indices);
          expect(x).toEqual(batch.x.toTypedArray());
          expect(id).toEqual(batch.id.toTypedArray());
        },
      ),
    );
    expect(() => points(2).gather(Int32Array.of(2))).toThrow(tagged("InvalidArgument"));
  });

  test("a cache gives the results that are computed without it, after any earlier requests", () => {
    const lazy = points(20).map(({ x, id }) => ({ id, x }));
    const asked = fc.array(fc.array(fc.nat(19), { maxLength: 12 }), { maxLength: 6 });
    fc.assert(
      fc.property(fc.nat(25), asked, (rows, many) => {
        const cached = lazy.cache(12 * rows);
        for (const at of many) {
          const indices = Int32Array.from(at);
          const [found, wanted] = [cached.gather(indices), lazy.gather(indices)];
          expect(equal(found.x, wanted.x)).toBe(true);
          expect(equal(found.id, wanted.id)).toBe(true);
        }
      }),
    );
  });

  test("wide rows are copied in runs", () => {
    const wide = dataset({
      x: fromTypedArray(
        [9, 30],
        Float32Array.from({ length: 270 }, (_, i) => i),
      ),
    });
    fc.assert(
      fc.property(fc.array(fc.nat(8), { maxLength: 20 }), (at) => {
        const rows = wide.gather(Int32Array.from(at)).x;
        for (const [i, row] of at.entries()) {
          expect(rows.at(i, 0)).toBe(30 * row);
          expect(rows.at(i, 29)).toBe(30 * row + 29);
        }
      }),
    );
  });
});

describe("batches", () => {
  test("hold every example once, in order", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (n, size) => {
        fc.pre(size <= n);
        const d = points(n).shuffle(key(n));
        const batches = d.batch(size);
        const seen = [...batches];
        expect(seen.length).toBe(batches.count);
        expect(seen.flatMap((b) => Array.from(b.id.toTypedArray()))).toEqual(ids(d));
        expect([...d.batch(size, { dropRemainder: true })].every((b) => b.id.size === size)).toBe(
          true,
        );
        expect(d.batch(size, { dropRemainder: true }).count).toBe(Math.floor(n / size));
      }),
    );
  });

  test.each([0, -1, 1.5, 11, Number.NaN])("of %s are refused", (size) => {
    expect(() => points(10).batch(size)).toThrow(tagged("InvalidBatchSize"));
    let error: unknown;
    batches$(points(10), size).subscribe({
      error: (e: unknown) => {
        error = e;
      },
    });
    expect(error).toEqual(tagged("InvalidBatchSize"));
  });

  test("stream cold: anew for every subscriber, and only as many as are taken", () => {
    let made = 0;
    const d = points(10).mapBatches<Point>((batch) => {
      made++;
      return batch;
    });
    const stream = batches$(d, 3);
    expect(made).toBe(0);
    const runs: (readonly number[])[] = [];
    for (let run = 0; run < 2; run++)
      stream.pipe(toArray()).subscribe((all) => runs.push(all.map((b) => b.id.size)));
    expect(runs).toEqual([
      [3, 3, 3, 1],
      [3, 3, 3, 1],
    ]);
    made = 0;
    stream.pipe(takeBatches(1)).subscribe();
    expect(made).toBe(1);
  });

  test("leave the data unchanged", () => {
    const source = fromTypedArray([4, 1], Float32Array.of(1, 2, 3, 4));
    const d = dataset({ x: source });
    for (const batch of d.shuffle(key(1)).batch(2)) batch.x.toTypedArray().fill(9);
    expect(Array.from(source.toTypedArray())).toEqual([1, 2, 3, 4]);
  });
});

describe("invalid datasets are refused", () => {
  const five = points(5);
  test.each([
    ["no columns", "InvalidArgument", () => five.select()],
    ["rows of no columns", "ShapeMismatch", () => five.map(() => ({})).all()],
    ["batches of no columns", "ShapeMismatch", () => five.mapBatches(() => ({}) as never).all()],
    [
      "rows of other columns",
      "ShapeMismatch",
      () => five.map((row) => (row.id.item() === 3 ? { y: row.x } : { x: row.x }) as Point).all(),
    ],
    [
      "columns of different lengths",
      "ShapeMismatch",
      () => dataset({ a: arange(2), b: arange(3) }),
    ],
    ["a column without examples", "ShapeMismatch", () => dataset({ a: tensor(1) as Tensor })],
    [
      "more examples than positions",
      "ShapeMismatch",
      () => dataset({ a: fromTypedArray([2 ** 31, 0], new Float32Array()) }),
    ],
    [
      "a buffer that is too short",
      "ShapeMismatch",
      () => five.gatherInto({ x: new Float32Array(3) }, Int32Array.of(0, 1)),
    ],
    [
      "a buffer of another dtype",
      "ShapeMismatch",
      () => five.gatherInto({ id: new Uint8Array(2) }, Int32Array.of(0, 1)),
    ],
    [
      "a buffer that is too short for computed rows",
      "ShapeMismatch",
      () => five.map((row) => row).gatherInto({ x: new Float32Array(3) }, Int32Array.of(0, 1)),
    ],
  ] as const)("%s", (_, tag, make) => {
    expect(make).toThrow(tagged(tag));
  });

  test("a key shuffles what is split, and the parts share nothing", () => {
    const [a, b] = points(100).split(0.5, key(4));
    expect(ids(a)).not.toEqual(upTo(50));
    expect(new Set([...ids(a), ...ids(b)]).size).toBe(100);
    expect(ids(points(100).split(0.5)[0])).toEqual(upTo(50));
  });

  test("datasets with different columns are reported with their types", () => {
    const wide = dataset({ x: tensor([[1, 2, 3]]), id: tensor([1], "i32") });
    expect(() => five.concat(wide as never)).toThrow(
      expect.objectContaining({ _tag: "ShapeMismatch", actual: [[2], [], [3], []], path: [] }),
    );
  });

  test("an empty dataset has columns, parts and no batches", () => {
    const none = five.take(0);
    expect(none.columns.x.shape).toEqual([2]);
    expect(none.all().x.shape).toEqual([0, 2]);
    expect(none.split(0.5).map((part) => part.size)).toEqual([0, 0]);
    expect(none.shuffle(key(1)).concat(none).size).toBe(0);
    expect(() => none.batch(1)).toThrow(tagged("InvalidBatchSize"));
    expect(() => none.row(0)).toThrow(tagged("InvalidArgument"));
  });

  test("many datasets are concatenated flat: a batch visits only the parts it needs", () => {
    const many = upTo(5000).reduce((all, i) => all.concat(points(i % 3, 2 * i)), points(1, 20_000));
    expect(many.size).toBe(1 + 5000 - 1);
    const order = many.shuffle(key(3));
    const expected = [20_000, ...upTo(5000).flatMap((i) => upTo(i % 3).map((j) => 2 * i + j))];
    expect(ids(many)).toEqual(expected);
    expect(ids(order).toSorted((a, b) => a - b)).toEqual(expected.toSorted((a, b) => a - b));
    whole(order);
    for (const batch of order.batch(64)) expect(batch.x.shape[1]).toBe(2);
  });

  test("the time is linear in the numbers of parts and examples", () => {
    const many = dataset({ x: fromTypedArray([1_000_000], new Uint8Array(1_000_000)) });
    // Visiting every example for every part (5 * 10^10 visits) would pass the time limit of a test.
    expect(many.split(new Array<number>(50_000).fill(20))).toHaveLength(50_000);
    expect(many.shuffle(key(2)).skip(10).size).toBe(999_990);
  });
});
