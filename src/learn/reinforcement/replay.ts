import { InvalidArgument } from "../../errors.ts";
import type { Expr, TensorType } from "../../ir/expr.ts";
import { cast } from "../../ir/ops/control.ts";
import { add, floor, minimum, mul, neg, rem } from "../../ir/ops/elementwise.ts";
import { iota, scatterAdd, take } from "../../ir/ops/indexing.ts";
import { type KeyExpr, uniform } from "../../ir/ops/random.ts";
import { scalar } from "../../tensor/constructors.ts";
import { allocate } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { whole } from "../../tensor/validate.ts";

/** The type of each part of a remembered item. */
export type ItemTypes = { readonly [part: string]: TensorType };

/** A value for each part of an item. */
export type Parts<T extends ItemTypes, A = Expr> = { readonly [K in keyof T]: A };

/** What a replay memory holds: tensors between steps, expressions within one. */
export interface Memory<T extends ItemTypes = ItemTypes, A = Expr> {
  /** The items along the leading axis, `[capacity, ...]` each; zeros where nothing was added yet. */
  readonly items: Parts<T, A>;
  /** The number of items, an i32 scalar. */
  readonly size: A;
  /** The place of the next item, an i32 scalar. */
  readonly next: A;
}

/** A replay memory as pure functions. */
export interface Replay<T extends ItemTypes> {
  readonly capacity: number;
  /** An empty memory. */
  readonly empty: () => Memory<T, Tensor>;
  /** Adds items, given along a leading axis, in order. Where the memory is full they take the places of the oldest. */
  readonly add: (memory: Memory<T>, items: Parts<T>) => Memory<T>;
  /** Draws `count` items uniformly and with replacement, along a leading axis. Those of an empty memory are zeros. */
  readonly sample: (memory: Memory<T>, key: KeyExpr, count: number) => Parts<T>;
}

const mapParts = <T extends ItemTypes, A, B>(parts: Parts<T, A>, f: (a: A, part: string) => B) =>
  // One entry for each part.
  Object.fromEntries(
    Object.entries<A>(parts).map(([part, value]) => [part, f(value, part)]),
  ) as Parts<T, B>;

/**
 * A memory of the last `capacity` items, from which a learner draws what it learns from. It is a value: carried from step
 * to step, it is saved and resumed with everything else. A step does not copy it: new items are written in place.
 *
 * Items are tensors of numbers that are finite: an infinity or NaN would stay at its place.
 *
 * **Fails with** `InvalidArgument`, thrown, where `capacity` is not a whole number above 0, or more items are added at once
 * than it holds.
 * **Source** Lin, "Self-improving reactive agents based on reinforcement learning, planning and teaching" (1992); Mnih et
 * al., "Human-level control through deep reinforcement learning" (2015), Nature 518.
 * **Laws** `laws.replay`: it holds the last `capacity` items, and every one of them is drawn.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, type Expr, tensor } from "fluxion";
 * import { resident } from "fluxion/backend";
 * import { replay } from "fluxion/reinforcement";
 *
 * const memory = replay(3, { x: { shape: [], dtype: "f32" } });
 * const program = Effect.gen(function* () {
 *   const loop = yield* resident(
 *     (held: ReturnType<typeof memory.add>, x: Expr) => [memory.add(held, { x }), held.size] as const,
 *     memory.empty(),
 *     [tensor([0, 0])],
 *   );
 *   loop.step(tensor([1, 2]));
 *   loop.step(tensor([3, 4]));
 *   return loop.finish().items.x.toArray();
 * });
 * Effect.runSync(Effect.provide(program, Backend.layerWasm)) // => [4, 2, 3]
 * ```
 */
export const replay = <const T extends ItemTypes>(capacity: number, types: T): Replay<T> => {
  whole(1)("replay", { capacity });
  return {
    capacity,
    empty: () => ({
      items: mapParts<T, TensorType, Tensor>(types, ({ shape, dtype }) => {
        const all = [capacity, ...shape];
        return Tensor.own(all, dtype, allocate(dtype, sizeOf(all)));
      }),
      size: scalar(0, "i32"),
      next: scalar(0, "i32"),
    }),
    add: ({ items: held, size, next }, items) => {
      const count = Object.values<Expr>(items)[0]?.shape[0] ?? 0;
      if (count > capacity)
        throw new InvalidArgument({
          ...{ op: "replay", argument: "capacity", actual: String(capacity) },
          expected: `${count} or more, since so many items are added at once`,
        });
      const places = rem(add(iota([count]), next), capacity);
      return {
        items: mapParts(held, (all: Expr, part) => {
          // What was there is taken away first, so that exactly the new item is left.
          const cleared = scatterAdd(all, places, neg(take(all, places)));
          return scatterAdd(cleared, places, items[part] as Expr);
        }),
        size: minimum(add(size, count), capacity),
        next: rem(add(next, count), capacity),
      };
    },
    sample: ({ items, size }, key, count) => {
      // f64 draws reach every place of a large memory equally often.
      const drawn = floor(mul(uniform(key, [count], { dtype: "f64" }), cast(size, "f64")));
      const places = cast(drawn, "i32");
      return mapParts(items, (all: Expr) => take(all, places));
    },
  };
};
