import { cond, scan } from "../autodiff/control.ts";
import { constant } from "../ir/build.ts";
import type { Expr } from "../ir/expr.ts";
import { where } from "../ir/ops/control.ts";
import {
  abs,
  add,
  div,
  ge,
  gt,
  minimum,
  mul,
  neg,
  reciprocal,
  sqrt,
  square,
} from "../ir/ops/elementwise.ts";
import { fill, take } from "../ir/ops/indexing.ts";
import { expandDims } from "../ir/ops/structural.ts";
import { Tensor } from "../tensor/tensor.ts";

/**
 * Jacobi's rotations, half as many at a time as there are axes: in each step the axes `2i` and `2i + 1` are
 * rotated against one another, and then all but the first change places so that in a sweep every two of
 * them have met, and are where they began.
 *
 * **Source** Golub and Van Loan, "Matrix computations", section 8.5; Brent and Luk, "The solution of
 * singular-value and symmetric eigenvalue problems on multiprocessor arrays" (1985).
 */
export interface Rotations {
  readonly cosine: Expr;
  readonly sine: Expr;
}

const indices = (values: readonly number[]): Expr =>
  constant(Tensor.own([values.length], "i32", Int32Array.from(values)));

/** `n` axes, an even number: which one comes to each place after a step, as in a tournament. */
const seating = (n: number): readonly number[] =>
  Array.from({ length: n }, (_, place) => {
    if (place === 0 || n === 2) return place;
    if (place === 2) return 1;
    if (place === n - 1) return n - 2;
    return place % 2 === 0 ? place - 2 : place + 2;
  });

/** What a step needs to know of `n` axes. */
export interface Table {
  readonly axes: number;
  /** The axes that are first, and second, in their pairs. */
  readonly firsts: Expr;
  readonly seconds: Expr;
  readonly rotated: (x: Expr, axis: number, by: Rotations) => Expr;
  /** Where the elements between the two of a pair are after a step, of both axes: what a rotation makes 0. */
  readonly between: Expr;
}

export const tableOf = (n: number): Table => {
  const seats = seating(n);
  const evens = Array.from({ length: n / 2 }, (_, i) => 2 * i);
  const own = indices(seats);
  const partner = indices(seats.map((s) => (s % 2 === 0 ? s + 1 : s - 1)));
  const pair = indices(seats.map((s) => Math.floor(s / 2)));
  const isFirst = constant(Tensor.own([n], "bool", Uint8Array.from(seats.map((s) => 1 - (s % 2)))));
  const met = seats.flatMap((s) => seats.map((t) => (s !== t && s >> 1 === t >> 1 ? 1 : 0)));
  return {
    axes: n,
    between: constant(Tensor.own([n, n], "bool", Uint8Array.from(met))),
    firsts: indices(evens),
    seconds: indices(evens.map((i) => i + 1)),
    rotated: (x, axis, { cosine, sine }) => {
      const along = (v: Expr): Expr => (axis === 0 ? expandDims(v, 1) : v);
      const [c, s] = [take(cosine, pair), take(sine, pair)];
      const signed: Expr = where(isFirst, neg(s), s);
      return add(mul(along(c), take(x, own, axis)), mul(along(signed), take(x, partner, axis)));
    },
  };
};

/** Above it, 1 more than a square is the square, in every float. */
const steep = 2 ** 30;

/** The rotation by the smaller angle of which the cotangent of twice is given; none where `none`. */
export const rotationOf = (given: Expr, none: Expr): Rotations => {
  const ratio: Expr = where(none, 0, given);
  const size = abs(ratio);
  const held = minimum(size, steep);
  const slope: Expr = reciprocal(add(held, sqrt(add(square(held), 1))));
  // Of a steep one the square is out of range, and the slope is 1/(2·ratio).
  const least = where(gt(size, steep), div(0.5, size), slope);
  const tangent: Expr = where(none, 0, where(ge(ratio, 0), least, neg(least)));
  const cosine: Expr = reciprocal(sqrt(add(square(tangent), 1)));
  return { cosine, sine: mul(tangent, cosine) };
};

/** More sweeps than any matrix has needed: convergence is quadratic, and these are an upper bound. */
const most = 20;

/** Sweeps of steps, until none is needed: what is then left is below rounding. */
export const swept = <State>(
  n: number,
  start: State,
  step: (state: State) => State,
  isNeeded: (state: State) => Expr,
): State => {
  const sweep = (state: State): State =>
    scan((s: State, _: Expr) => [step(s), []] as const, state, fill([n - 1], 0))[0];
  return scan(
    (s: State, _: Expr) =>
      [cond(isNeeded(s) as Expr<readonly []>, sweep, (same: State) => same, s), []] as const,
    start,
    fill([most], 0),
  )[0];
};
