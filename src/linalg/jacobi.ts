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
 * Parallel Jacobi rotations. Each step rotates the axes `2i` and `2i + 1` for every `i`; then all axes but the first
 * change places, so that in one sweep every pair meets once and the axes return to their places.
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

/** Which of `n` axes (an even number) comes to each place after a step, as in a round-robin tournament. */
const roundRobin = (n: number): readonly number[] =>
  Array.from({ length: n }, (_, place) => {
    if (place === 0 || n === 2) return place;
    if (place === 2) return 1;
    if (place === n - 1) return n - 2;
    return place % 2 === 0 ? place - 2 : place + 2;
  });

/** The index tables of a step for `n` axes. */
export interface Table {
  readonly axes: number;
  /** The first axes of the pairs, and the second ones. */
  readonly firsts: Expr;
  readonly seconds: Expr;
  readonly rotated: (x: Expr, axis: number, by: Rotations) => Expr;
  /** Marks the elements, after a step, that the rotation of their pair has made 0. */
  readonly between: Expr;
}

export const tableOf = (n: number): Table => {
  const seats = roundRobin(n);
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

/** Above this, `x² + 1` rounds to `x²` in every float dtype. */
const steep = 2 ** 30;

/** The rotation by the smaller angle `θ`, given the cotangent of `2θ`; the identity where `none` is true. */
export const rotationOf = (given: Expr, none: Expr): Rotations => {
  const ratio: Expr = where(none, 0, given);
  const size = abs(ratio);
  const held = minimum(size, steep);
  const slope: Expr = reciprocal(add(held, sqrt(add(square(held), 1))));
  // For a large ratio the square may overflow, and the slope is 1/(2·ratio).
  const least = where(gt(size, steep), div(0.5, size), slope);
  const tangent: Expr = where(none, 0, where(ge(ratio, 0), least, neg(least)));
  const cosine: Expr = reciprocal(sqrt(add(square(tangent), 1)));
  return { cosine, sine: mul(tangent, cosine) };
};

/** The maximum number of sweeps. Convergence is quadratic, and no matrix has needed as many. */
const most = 20;

/** Repeats sweeps until what is left is below rounding. */
export const runSweeps = <State>(
  n: number,
  start: State,
  step: (state: State) => State,
  isNeeded: (state: State) => Expr<readonly []>,
): State => {
  const sweep = (state: State): State =>
    scan((s: State, _: Expr) => [step(s), []] as const, state, fill([n - 1], 0))[0];
  return scan(
    (s: State, _: Expr) => [cond(isNeeded(s), sweep, (same: State) => same, s), []] as const,
    start,
    fill([most], 0),
  )[0];
};
