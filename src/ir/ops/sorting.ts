import { greatestNumber } from "../../tensor/dtype.ts";
import { probability, wholeTo } from "../../tensor/validate.ts";
import type { Expr } from "../expr.ts";
import { asOne } from "../types/diagnose.ts";
import type { Operand } from "../types/shape.ts";
import { cast, where } from "./control.ts";
import type { Chosen } from "./cumulative.ts";
import {
  abs,
  add,
  and,
  ceil,
  eq,
  floor,
  ge,
  le,
  lt,
  mul,
  ne,
  not,
  or,
  round,
  sub,
} from "./elementwise.ts";
import { takeAlongAxis } from "./indexing.ts";
import { axisIn, broadcastTo, floating, lift, mistaken } from "./promote.ts";
import { argmax, isFinite, keepDims, max, sortWithIndices, sum } from "./reduction.ts";
import { expandDims, index, moveAxis, reverse, sliceAxis, stack } from "./structural.ts";

/**
 * Sorts along an axis in descending order (stable, NaN first), and also gives the index that each element came from.
 */
const descending = (x: Expr, axis: number): readonly [values: Expr, indices: Expr] => {
  // A stable descending order is the reverse of the ascending order of the reversed elements.
  const [values, order] = sortWithIndices(reverse(x, [axis]), axis);
  const n = x.shape[axis] ?? 0;
  return [reverse(values, [axis]), sub(n - 1, reverse(order, [axis]))];
};

/**
 * The `k` largest elements along `axis` in descending order, or the `k` smallest in ascending order, and their
 * indices. Of equal elements the first comes first. `axis` defaults to the last.
 *
 * **Shapes** `[a, n] → [a, k]` each.
 * **Fails with** `InvalidArgument`, thrown if `k` is not an integer from 0 to the extent of the axis.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const topK = (
  operand: Operand,
  k: number,
  { axis = -1, least = false }: { readonly axis?: number; readonly least?: boolean } = {},
): Chosen => {
  const [x, a] = axisIn("topK", lift(operand), axis);
  wholeTo(0, x.shape[a] ?? 0)("topK", { k });
  const [values, indices] = least ? sortWithIndices(x, a) : descending(x, a);
  return { values: sliceAxis(values, a, 0, k), indices: sliceAxis(indices, a, 0, k) };
};

/**
 * The `k`-th smallest element along `axis`, counted from 0, and its index. `axis` defaults to the last.
 *
 * **Shapes** `[a, n] → [a]` each.
 * **Fails with** `InvalidArgument`, thrown if there is no such element.
 */
export const kthValue = (operand: Operand, k: number, axis = -1): Chosen => {
  const [x, a] = axisIn("kthValue", lift(operand), axis);
  wholeTo(0, (x.shape[a] ?? 0) - 1)("kthValue", { k });
  const [values, indices] = sortWithIndices(x, a);
  return { values: index(values, k, a), indices: index(indices, k, a) };
};

/** How to interpolate a quantile between two elements. */
export type QuantileMethod = "linear" | "lower" | "higher" | "midpoint" | "nearest";

/** Options of {@link quantile}. */
export interface QuantileOptions {
  /** The axis to reduce. Defaults to the last. */
  readonly axis?: number;
  /** The interpolation. Defaults to `"linear"`. */
  readonly method?: QuantileMethod;
  /** Whether to skip NaN; otherwise the quantile of elements with NaN is NaN. Defaults to false. */
  readonly ignoreNaN?: boolean;
}

/**
 * The `q`-quantile along an axis: the value below which the fraction `q` of the elements lies.
 *
 * **Shapes** `[a, n] → [a]`; `q` a number, or `[k]` → `[k, a]`.
 * **Math** interpolates between the sorted elements at `⌊q·(n - 1)⌋` and `⌈q·(n - 1)⌉`, in f64; a position that is an
 * integer up to the rounding of `q` counts as that integer.
 * **Fails with** `InvalidArgument`, thrown if `q` is a number not from 0 to 1 (an expression out of that range gives
 * NaN); `DtypeMismatch` when compiled, for integers: use `kthValue` for those.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const quantile = (
  operand: Operand,
  q: number | Expr,
  options: QuantileOptions = {},
): Expr => {
  const { axis = -1, method = "linear", ignoreNaN = false } = options;
  probability("quantile", { q });
  const x = moveAxis(...axisIn("quantile", floating("quantile", lift(operand)), axis), -1);
  const last = x.shape.length - 1;
  const [values] = sortWithIndices(x, last);
  const missing = ne(values, values);
  const count: Expr = sum(cast(not(missing), "i32"), last);
  const part = typeof q === "number" ? lift(q, "f64") : q;
  const unit = part.dtype === "f32" ? 2 ** -22 : 2 ** -51;
  const at = (p: Expr): Expr => {
    const exact = mul(cast(sub(count, 1), "f64"), cast(p, "f64"));
    const whole = round(exact);
    const isWhole = le(abs(sub(exact, whole)), mul(abs(exact), unit));
    const place = where(isWhole, whole, exact);
    const ends = method === "nearest" ? ([round, round] as const) : ([floor, ceil] as const);
    const [low, high] = ends.map((end) => pick(values, end(place))) as [Expr, Expr];
    const fraction = cast(sub(place, floor(place)), x.dtype);
    const possible = and(ge(p, 0), le(p, 1));
    return where(possible, between(low, high, fraction, method), Number.NaN);
  };
  const made = part.shape.length === 0 ? at(part) : atEach(at, part);
  // No elements have no quantile.
  const unknown = ignoreNaN ? eq(count, 0) : or(eq(count, 0), lt(count, x.shape[last] ?? 0));
  return where(broadcastTo(unknown, made.shape), Number.NaN, made);
};

const atEach = (at: (part: Expr) => Expr, q: Expr): Expr => {
  const parts = Array.from({ length: q.shape[0] ?? 0 }, (_, i) => at(index(q, i)));
  return stack(parts);
};

/** Picks the element of each row at an integer position. */
const pick = (values: Expr, place: Expr): Expr => {
  const last = values.shape.length - 1;
  return index(takeAlongAxis(values, expandDims(cast(place, "i32"), last), last), 0, last);
};

const between = (low: Expr, high: Expr, fraction: Expr, method: QuantileMethod): Expr => {
  switch (method) {
    case "lower":
      return low;
    case "higher":
      return high;
    case "midpoint":
      return add(mul(low, 0.5), mul(high, 0.5));
    case "nearest":
      return low;
    default: {
      // If the difference is infinite, each end is weighted by itself.
      const apart = sub(high, low);
      const shares = add(mul(low, sub(1, fraction)), mul(high, fraction));
      const near = add(low, mul(where(isFinite(apart), apart, 0), fraction));
      return where(eq(fraction, 0), low, where(isFinite(apart), near, shares));
    }
  }
};

/**
 * The median along `axis` (the lower of two middle elements), and its index. It is NaN if an element is NaN, unless
 * NaN is ignored.
 *
 * **Shapes** `[a, n] → [a]` each.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const median = (
  operand: Operand,
  axis = -1,
  { ignoreNaN = false }: { readonly ignoreNaN?: boolean } = {},
): Chosen => {
  const given = moveAxis(...axisIn("median", lift(operand), axis), -1);
  const x =
    given.shape.at(-1) === 0
      ? mistaken("median", "one element or more along its axis", given, [
          ...given.shape.slice(0, -1),
          1,
        ])
      : given;
  const last = x.shape.length - 1;
  const [values, indices] = sortWithIndices(x, last);
  const count = sum(cast(eq(values, values), "i32"), last);
  const n = x.shape[last] ?? 0;
  const middle = cast(floor(mul(cast(sub(count, 1), "f64"), 0.5)), "i32");
  // If all are NaN, or one is and NaN is not ignored, the index is that of the first NaN.
  const isNaN = ignoreNaN ? eq(count, 0) : lt(count, n);
  const place = where(isNaN, where(lt(count, n), count, 0), middle);
  return { values: pick(values, place), indices: pick(indices, place) };
};

/**
 * The most frequent element along `axis`, and the index of its last occurrence; of equally frequent ones, the
 * smallest.
 *
 * **Shapes** `[a, n] → [a]` each; `n²` comparisons.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const mode = (operand: Operand, axis = -1): Chosen => {
  const given = lift(operand);
  return asOne("mode", `one element or more along axis ${axis}`, [given], () =>
    mostFrequent(moveAxis(...axisIn("mode", given, axis), -1)),
  );
};

/** The mode along the last axis. */
const mostFrequent = (x: Expr): Chosen => {
  const last = x.shape.length - 1;
  const same = eq(expandDims(x, last), expandDims(x, last + 1));
  const counts = sum(cast(same, "i32"), last);
  const frequent = eq(counts, keepDims(max(counts, last), counts, last));
  const infinity = broadcastTo(lift(greatestNumber(x.dtype), x.dtype), x.shape);
  const [ordered] = sortWithIndices(where(frequent, x, infinity), last);
  const least = index(ordered, 0, last);
  const there = cast(eq(x, expandDims(least, last)), "i32");
  const fromEnd = argmax(reverse(there, [last]), last);
  const indices = sub((x.shape[last] ?? 0) - 1, fromEnd);
  return { values: pick(x, indices), indices };
};
