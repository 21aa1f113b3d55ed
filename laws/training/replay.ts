import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { Backend, resident } from "../../src/backend/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import type { KeyExpr } from "../../src/ir/ops/random.ts";
import type { Memory, replay } from "../../src/learn/reinforcement/index.ts";
import { fromTypedArray } from "../../src/tensor/constructors.ts";
import { key as keyOf } from "../../src/tensor/key.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { record } from "../domain.ts";
import { type Law, law } from "../law.ts";

/** A way to make replay memories. */
export interface ReplaySubject {
  readonly name: string;
  readonly replay: typeof replay;
}

const types = {
  seen: { shape: [2], dtype: "f32" },
  chosen: { shape: [], dtype: "i32" },
} as const;
type Types = typeof types;

/** Item `n`: numbers that no other item has, and that floats do not hold exactly. */
const seenIn = (n: number): readonly number[] => [
  Math.fround(n + 0.1),
  Math.fround(-1e6 / (n + 3)),
];
const itemsFrom = (from: number, count: number) => {
  const numbers = Array.from({ length: count }, (_, i) => from + i);
  return {
    seen: fromTypedArray([count, 2], Float32Array.from(numbers.flatMap(seenIn))),
    chosen: fromTypedArray([count], Int32Array.from(numbers)),
  };
};

/** What a memory holds, in places, after items `0 … count · times - 1` were added in steps of `count`. */
const after = (
  make: typeof replay,
  given: { readonly capacity: number; readonly count: number; readonly times: number },
  draws: number,
) =>
  Effect.runSync(
    Effect.scoped(
      Effect.provide(
        Effect.gen(function* () {
          const { capacity, count, times } = given;
          const memory = make(capacity, types);
          type Items = { readonly seen: Expr; readonly chosen: Expr };
          const loop = yield* resident(
            (held: Memory<Types>, items: Items, key: KeyExpr) => {
              const next = memory.add(held, items);
              return [next, memory.sample(next, key, draws)] as const;
            },
            memory.empty() as Memory<Types, Tensor>,
            [itemsFrom(0, count), keyOf(0)],
          );
          const drawn = Array.from({ length: times }, (_, i) =>
            loop.step(itemsFrom(i * count, count), keyOf(i)),
          );
          return { held: loop.finish(), drawn };
        }),
        Backend.layerWasmWith({ threads: 1 }),
      ),
    ),
  );

/** An item's number, where all of its parts are those that were added together. */
const numberOf = ({ seen, chosen }: { readonly [K in keyof Types]: Tensor }, place: number) => {
  const n = chosen.toTypedArray()[place] ?? Number.NaN;
  const [a, b] = seenIn(n);
  const parts = seen.toTypedArray();
  return parts[2 * place] === a && parts[2 * place + 1] === b ? n : Number.NaN;
};

const adding = record({
  capacity: fc.integer({ min: 1, max: 7 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  times: fc.integer({ min: 1, max: 6 }),
}).map(({ capacity, share, times }) => ({
  ...{ capacity, times },
  count: 1 + Math.floor(share * (capacity - 1)),
}));
type Adding = { readonly capacity: number; readonly count: number; readonly times: number };

/** A memory holds what an array would from which the oldest are dropped. */
export const lastItems: Law<ReplaySubject> = law(
  "last items",
  "a memory holds the last `capacity` items bit for bit, each once, and counts them",
  ({ replay: make }) => ({
    given: adding,
    breach: (given: Adding) => {
      const { capacity, count, times } = given;
      const { held } = after(make, given, 1);
      const added = Array.from({ length: count * times }, (_, n) => n);
      const want = added.slice(-capacity);
      const size = held.size.item();
      if (size !== want.length) return `its size is ${size}, not ${want.length}`;
      const places = Array.from({ length: capacity }, (_, i) => (held.next.item() + i) % capacity);
      // From the oldest: the place of the next item, or the first where the memory is not full.
      const inOrder = size < capacity ? places.slice(capacity - size) : places;
      const got = inOrder.map((place) => numberOf(held.items, place));
      return got.join() === want.join() ? undefined : `it holds ${got.join()}, not ${want.join()}`;
    },
  }),
);

/** What is drawn is in the memory, and each item is drawn. */
export const itemsDrawn: Law<ReplaySubject> = law(
  "items drawn",
  "every draw is one of the items, and every item is drawn in the end",
  ({ replay: make }) => ({
    given: adding,
    breach: (given: Adding) => {
      const { capacity, count } = given;
      const { drawn } = after(make, given, 40 * capacity);
      for (const [i, items] of drawn.entries()) {
        const added = (i + 1) * count;
        const want = new Set(Array.from({ length: added }, (_, n) => n).slice(-capacity));
        const got = new Set(
          Array.from({ length: 40 * capacity }, (_, place) => numberOf(items, place)),
        );
        for (const n of got) if (!want.has(n)) return `${n} is drawn, which it does not hold`;
        for (const n of want) if (!got.has(n)) return `${n} is not drawn`;
      }
      return undefined;
    },
  }),
);

/** The laws of replay memories. */
export const replayLaws: readonly Law<ReplaySubject>[] = [lastItems, itemsDrawn];
