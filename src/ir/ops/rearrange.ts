import { isFloat } from "../../tensor/dtype.ts";
import { type Shape, sameShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { integral, whole } from "../../tensor/validate.ts";
import { constant } from "../build.ts";
import type { Expr } from "../expr.ts";
import { asOne } from "../types/diagnose.ts";
import type { Operand } from "../types/shape.ts";
import { cast } from "./control.ts";
import { and, eq, lt, mul, ne, not, or, sub } from "./elementwise.ts";
import { iota, take } from "./indexing.ts";
import { axisIn, broadcastTo, lift, mistaken } from "./promote.ts";
import { cumsum, sum } from "./reduction.ts";
import {
  concatenate,
  expandDims,
  index,
  moveAxis,
  reshape,
  sliceAxis,
  stack,
} from "./structural.ts";

/**
 * Moves the elements by `shift` places along `axis`; those that leave at one end come in at the other.
 *
 * **Fails with** `InvalidArgument`, thrown if `shift` is not an integer.
 */
export const roll = (operand: Operand, shift: number, axis = -1): Expr => {
  integral("roll", { shift });
  const [x, a] = axisIn("roll", lift(operand), axis);
  const n = x.shape[a] ?? 0;
  const by = n === 0 ? 0 : ((shift % n) + n) % n;
  return by === 0 ? x : concatenate([sliceAxis(x, a, n - by, n), sliceAxis(x, a, 0, n - by)], a);
};

const ones = (count: number): Shape => Array.from({ length: Math.max(0, count) }, () => 1);

/**
 * Repeats `x` as a whole, `times` per axis; fewer `times` than axes count for the last axes.
 *
 * **Shapes** `[a, b], times [2, 3] → [2a, 3b]`.
 * **Fails with** `InvalidArgument`, thrown if one of `times` is not an integer of at least 0.
 */
export const tile = (operand: Operand, times: readonly number[]): Expr => {
  for (const each of times) whole(0)("tile", { times: each });
  const x = lift(operand);
  const rank = Math.max(times.length, x.shape.length);
  const counts = [...ones(rank - times.length), ...times];
  const shape = [...ones(rank - x.shape.length), ...x.shape];
  const spaced = reshape(
    x,
    shape.flatMap((d) => [1, d]),
  );
  const spread = broadcastTo(
    spaced,
    shape.flatMap((d, i) => [counts[i] ?? 1, d]),
  );
  return reshape(
    spread,
    shape.map((d, i) => d * (counts[i] ?? 1)),
  );
};

/**
 * Repeats each element along `axis` `times` times in a row. `[a, n] → [a, n · times]`
 *
 * **Fails with** `InvalidArgument`, thrown if `times` is not an integer of at least 0.
 */
export const repeat = (operand: Operand, times: number, axis = -1): Expr => {
  whole(0)("repeat", { times });
  const [x, a] = axisIn("repeat", lift(operand), axis);
  const spaced = expandDims(x, a + 1);
  const spread = broadcastTo(
    spaced,
    spaced.shape.map((d, i) => (i === a + 1 ? times : d)),
  );
  return reshape(
    spread,
    x.shape.map((d, i) => (i === a ? d * times : d)),
  );
};

/**
 * The Kronecker product: every element of `x` times all of `y`.
 *
 * **Shapes** `[a, b], [c, d] → [ac, bd]`; for any number of axes; the shorter shape is padded with ones in front.
 */
export const kron = (left: Operand, right: Operand): Expr => {
  const [x, y] = [lift(left), lift(right)];
  const rank = Math.max(x.shape.length, y.shape.length);
  const filled = (z: Expr): Shape => [...ones(rank - z.shape.length), ...z.shape];
  const [a, b] = [filled(x), filled(y)];
  const outer = reshape(
    x,
    a.flatMap((d) => [d, 1]),
  );
  const inner = reshape(
    y,
    b.flatMap((d) => [1, d]),
  );
  return reshape(
    mul(outer, inner),
    a.map((d, i) => d * (b[i] ?? 1)),
  );
};

/**
 * The cross product of vectors of 3 along `axis`. Defaults to the last axis. **Fails with** `ShapeMismatch` when
 * compiled.
 */
export const cross = (left: Operand, right: Operand, axis = -1): Expr => {
  const [x, y] = [lift(left), lift(right)];
  const expected = `vectors of 3 along axis ${axis}, whose other axes broadcast`;
  return asOne("cross", expected, [x, y], () => {
    const front = (z: Expr): Expr => moveAxis(...axisIn("cross", z, axis), 0);
    const [a, b] = [front(x), front(y)];
    if (a.shape[0] !== 3 || b.shape[0] !== 3) return mistaken("cross", expected, x, x.shape);
    const part = (i: number, j: number): Expr =>
      sub(mul(index(a, i), index(b, j)), mul(index(a, j), index(b, i)));
    return moveAxis(stack([part(1, 2), part(2, 0), part(0, 1)]), 0, axis);
  });
};

/** Whether `x` comes before `y` in the order with NaN last. */
const precedes = (x: Expr, y: Expr): Expr =>
  isFloat(x.dtype) ? or(lt(x, y), and(eq(x, x), ne(y, y))) : lt(x, y);

/**
 * Finds the positions, as i32, at which values can be inserted into ascending numbers to keep their order: before
 * equal ones, or after them. NaN comes last, as in `sort`.
 *
 * **Shapes** `sorted [n], values [...m] → [...m]`; `n` comparisons for each value.
 */
export const searchSorted = (
  sorted: Operand,
  values: Operand,
  { after = false }: { readonly after?: boolean } = {},
): Expr => {
  const [steps, given] = [lift(sorted), lift(values)];
  return asOne("searchSorted", "sorted numbers [n], and values", [steps, given], () => {
    const each = expandDims(given, given.shape.length);
    const passed = after ? not(precedes(each, steps)) : precedes(steps, each);
    return sum(cast(passed, "i32"), -1);
  });
};

/**
 * Repeats each element along `axis` by its own i32 count.
 *
 * **Shapes** `[a, n], counts [n], axis 1 → [a, total]`: `total` is meant to be the sum of the counts, which is known
 * only when the program runs. If it is larger, zeros follow; if it is smaller, the rest is cut off.
 * **Fails with** `ShapeMismatch` when compiled, if there is not one count for each element.
 *
 * @example
 * ```ts
 * import { Backend, compile, type Expr, tensor } from "fluxion";
 * import { repeatByCounts } from "fluxion/ops";
 * import * as Effect from "effect/Effect";
 * const [x, counts] = [tensor([1, 2, 3]), tensor([0, 2, 1], "i32")];
 * const program = compile((a: Expr, n: Expr) => repeatByCounts(a, n, 3), [x, counts]);
 * Effect.runSync(program.pipe(Effect.provide(Backend.layerReference)))(x, counts).toArray() // => [2, 2, 3]
 * ```
 */
export const repeatByCounts = (
  operand: Operand,
  counts: Operand,
  total: number,
  axis = -1,
): Expr => {
  whole(0)("repeatByCounts", { total });
  const [from, given] = [lift(operand), lift(counts, "i32")];
  return asOne("repeatByCounts", "a tensor with axes and i32 counts", [from, given], () => {
    const [x, a] = axisIn("repeatByCounts", from, axis);
    const n = x.shape[a] ?? 0;
    const known = sameShape(given.shape, [n])
      ? given
      : mistaken("repeatByCounts", `a count for each of ${n} elements, [${n}]`, given, [n]);
    return take(x, searchSorted(cumsum(known), iota([total]), { after: true }), a);
  });
};

/**
 * Broadcasts vectors to the grid that they span, with one axis for each.
 *
 * **Shapes** `[a], [b], … → [a, b, …]` each.
 */
export const meshgrid = (...vectors: readonly Operand[]): readonly Expr[] =>
  gridOf("meshgrid", vectors);

const gridOf = (op: string, vectors: readonly Operand[]): readonly Expr[] => {
  const xs = vectors.map((x) => lift(x));
  const shape = xs.map((x) => x.shape[0] ?? 1);
  return asOne(op, "vectors", xs, () =>
    xs.map((x, i) =>
      broadcastTo(
        reshape(
          x,
          shape.map((d, j) => (i === j ? d : 1)),
        ),
        shape,
      ),
    ),
  );
};

/** All combinations of one element from each vector, the last changing fastest. `[a], [b] → [a·b, 2]` */
export const cartesianProduct = (...vectors: readonly Operand[]): Expr =>
  stack(
    gridOf("cartesianProduct", vectors).map((x) => reshape(x, [-1])),
    1,
  );

const choices = (
  n: number,
  r: number,
  from: number,
  next: 0 | 1,
): readonly (readonly number[])[] =>
  r === 0
    ? [[]]
    : Array.from({ length: Math.max(0, n - from) }, (_, k) => from + k).flatMap((i) =>
        choices(n, r - 1, i + next, next).map((rest) => [i, ...rest]),
      );

/**
 * All combinations of `r` elements of a vector, in order; with `repeated`, an element may occur more than once.
 *
 * **Shapes** `[n] → [m, r]`, `m = n!/(r!(n-r)!)`, or `(n+r-1)!/(r!(n-1)!)`.
 */
export const combinations = (
  operand: Operand,
  r = 2,
  { repeated = false }: { readonly repeated?: boolean } = {},
): Expr => {
  whole(0)("combinations", { r });
  const given = lift(operand);
  const [n] = given.shape;
  const x = n === undefined ? mistaken("combinations", "a vector", given, [0]) : given;
  const rows = choices(n ?? 0, r, 0, repeated ? 0 : 1);
  return take(x, constant(Tensor.own([rows.length, r], "i32", Int32Array.from(rows.flat()))));
};
