import { greatestNumber, leastNumber } from "../../tensor/dtype.ts";
import { normalAxis, sameShape, showPattern, showShape, sizeOf } from "../../tensor/shape.ts";
import type { Expr, ReduceKind } from "../expr.ts";
import { asOne } from "../types/diagnose.ts";
import type { Operand } from "../types/shape.ts";
import { cast, where } from "./control.ts";
import { add, and, div, eq, ge, gt, lt, maximum, mul, sub } from "./elementwise.ts";
import {
  iota,
  onesLike,
  ravel,
  scatterAdd,
  scatterAddAlongAxis,
  take,
  zerosLike,
} from "./indexing.ts";
import { alike, axisIn, floating, lift, mistaken } from "./promote.ts";
import { cumsum, max, min, prod, sum } from "./reduction.ts";
import { concatenate, expandDims, moveAxis, reshape } from "./structural.ts";

/** How a scatter combines several updates of one element. */
export type ScatterKind = ReduceKind | "mean";

/** Options of {@link scatterReduce}. */
export interface ScatterOptions {
  readonly axis?: number;
  /** Whether the old element is combined with its updates. Defaults to true. */
  readonly includeSelf?: boolean;
}

/** Which updates arrive at which element: `[..., elements, updates]`. */
interface Arrivals {
  readonly x: Expr;
  readonly updates: Expr;
  readonly hits: Expr;
}

const neutral = { prod: () => 1, max: leastNumber, min: greatestNumber };
const reducers = { prod, max, min };

const extreme = (
  { x, updates, hits }: Arrivals,
  kind: keyof typeof reducers,
  includeSelf: boolean,
): Expr => {
  const nothing = neutral[kind](x.dtype);
  const arrived = where(hits, expandDims(updates, -2), nothing);
  const hit = gt(sum(cast(hits, "i32"), -1), 0);
  const own = includeSelf ? x : where(hit, nothing, x);
  return reducers[kind](concatenate([expandDims(own, -1), arrived], -1), -1);
};

const total = (
  x: Expr,
  updates: Expr,
  kind: "sum" | "mean",
  includeSelf: boolean,
  put: (onto: Expr, updates: Expr) => Expr,
): Expr => {
  const counts = put(zerosLike(x), onesLike(updates));
  const own = includeSelf ? x : where(eq(counts, 0), x, 0);
  const sums = add(own, put(zerosLike(x), updates));
  const others = includeSelf ? add(counts, 1) : maximum(counts, 1);
  return kind === "sum" ? sums : div(sums, others);
};

/** Requires floats for a mean, since a mean of integers would be truncated. */
const of = (op: string, kind: ScatterKind, x: Expr): Expr =>
  kind === "mean" ? floating(op, x) : x;

const placesOf = (x: Expr): Expr => expandDims(iota([x.shape.at(-1) ?? 0]), 1);

/**
 * Combines `updates` into `x` at i32 `indices` along `axis`, by sum, mean, product, maximum or minimum. `axis`
 * defaults to the first; indices out of range do nothing.
 *
 * **Shapes** `x: [a, k, c], indices: [n], updates: [a, n, c], axis 1 → [a, k, c]`.
 * **Math** Equal maxima (minima) share the derivative; that of a product is right at zeros too.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`. All kinds but sum and mean compare each update with each of the `k`
 * elements.
 *
 * @example
 * ```ts
 * import { Backend, compile, type Expr, tensor } from "fluxion";
 * import { scatterReduce } from "fluxion/ops";
 * import * as Effect from "effect/Effect";
 * const [x, at, updates] = [tensor([1, 1, 1]), tensor([0, 2, 2], "i32"), tensor([5, 0, 7])];
 * const program = compile((a: Expr, i: Expr, u: Expr) => scatterReduce(a, i, u, "max"), [x, at, updates]);
 * Effect.runSync(program.pipe(Effect.provide(Backend.layerReference)))(x, at, updates).toArray() // => [5, 1, 7]
 * ```
 */
export const scatterReduce = (
  operand: Operand,
  indices: Operand,
  updates: Operand,
  kind: ScatterKind,
  { axis = 0, includeSelf = true }: ScatterOptions = {},
): Expr => {
  const op = "scatterReduce";
  const from = lift(operand);
  const [at, given] = [lift(indices, "i32"), lift(updates, from.dtype)];
  const slots = from.shape.map((d, i) =>
    i === normalAxis(axis, from.shape.length) ? (at.shape[0] ?? "n") : d,
  );
  const expected = `i32 indices [n] and, for them, updates ${showPattern(slots)}`;
  return asOne(op, expected, [from, at, given], () => {
    const [x, a] = axisIn(op, of(op, kind, from), axis);
    if (kind === "sum" || kind === "mean")
      return total(x, given, kind, includeSelf, (onto, y) => scatterAdd(onto, at, y, a));
    const last = moveAxis(x, a, -1);
    const hits = eq(placesOf(last), at);
    const arrivals = { x: last, updates: moveAxis(given, a, -1), hits };
    return moveAxis(extreme(arrivals, kind, includeSelf), -1, a);
  });
};

/**
 * {@link scatterReduce} with separate indices for each line along `axis`: combines `updates` into `x` where
 * `takeAlongAxis(x, indices, axis)` reads. `axis` defaults to the last.
 *
 * **Shapes** `x: [a, k, c], indices: [a, n, c], updates: [a, n, c], axis 1 → [a, k, c]`.
 */
export const scatterReduceAlongAxis = (
  operand: Operand,
  indices: Operand,
  updates: Operand,
  kind: ScatterKind,
  { axis = -1, includeSelf = true }: ScatterOptions = {},
): Expr => {
  const op = "scatterReduceAlongAxis";
  const from = lift(operand);
  const [at, given] = [lift(indices, "i32"), lift(updates, from.dtype)];
  const expected = `i32 indices and updates of one shape ${alike(from, normalAxis(axis, from.shape.length))}`;
  return asOne(op, expected, [from, at, given], () => {
    const [x, a] = axisIn(op, of(op, kind, from), axis);
    if (kind === "sum" || kind === "mean")
      return total(x, given, kind, includeSelf, (onto, y) => scatterAddAlongAxis(onto, at, y, a));
    const last = moveAxis(x, a, -1);
    const hits = eq(placesOf(last), expandDims(moveAxis(at, a, -1), -2));
    const arrivals = { x: last, updates: moveAxis(given, a, -1), hits };
    return moveAxis(extreme(arrivals, kind, includeSelf), -1, a);
  });
};

/**
 * Takes elements of `x` by one list of i32 indices for each of its first axes; zeros if an index is out of range.
 *
 * **Shapes** `x: [a, b, c], indices: [n], [n] → [n, c]`, for indices of any shape, all alike.
 */
export const gather = (operand: Operand, ...indices: readonly Operand[]): Expr => {
  const x = lift(operand);
  const lists = indices.map((i) => lift(i, "i32"));
  const extents = x.shape.slice(0, lists.length);
  const expected = "a list of i32 indices, all of one shape, for each of its first axes";
  return asOne("gather", expected, [x, ...lists], () => {
    if (extents.length < lists.length) return mistaken("gather", expected, x, []);
    const inside = lists.map((i, a) => and(ge(i, 0), lt(i, extents[a] ?? 0)));
    const place = lists.reduce((p, i, a) => add(mul(p, extents[a] ?? 1), i));
    const known = where(
      inside.reduce((p, q) => and(p, q)),
      place,
      -1,
    );
    return take(reshape(x, [sizeOf(extents), ...x.shape.slice(lists.length)]), known);
  });
};

/**
 * Replaces the elements of `x` where `mask` (bool, of its shape) is true by the elements of `source`, in row-major
 * order.
 *
 * **Shapes** `x: [...n], mask: [...n], source: [...m] → [...n]`; zeros after the end of `source`.
 */
export const maskedScatter = (operand: Operand, mask: Operand, source: Operand): Expr => {
  const x = lift(operand);
  const [held, from] = [lift(mask, "bool"), lift(source, x.dtype)];
  const expected = `a bool mask of its shape, ${showShape(x.shape)}, and a source`;
  return asOne("maskedScatter", expected, [x, held, from], () => {
    if (!sameShape(held.shape, x.shape)) return mistaken("maskedScatter", expected, x, x.shape);
    const order = sub(cumsum(cast(ravel(held), "i32")), 1);
    return where(held, reshape(take(ravel(from), order), x.shape), x);
  });
};
