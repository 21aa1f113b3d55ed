import { constant } from "../src/ir/build.ts";
import { branch, call, loop, repeated } from "../src/ir/control.ts";
import type { Expr } from "../src/ir/expr.ts";
import { dot, outer } from "../src/ir/ops/contraction.ts";
import { cast, stopGradient, where } from "../src/ir/ops/control.ts";
import * as op from "../src/ir/ops/elementwise.ts";
import { iota, ravel, scatterAdd, take } from "../src/ir/ops/indexing.ts";
import { broadcastTo } from "../src/ir/ops/promote.ts";
import { type KeyExpr, randomBits } from "../src/ir/ops/random.ts";
import * as reduction from "../src/ir/ops/reduction.ts";
import {
  concatenate,
  expandDims,
  moveAxis,
  pad,
  reverse,
  sliceAxis,
  transpose,
} from "../src/ir/ops/structural.ts";
import { overlapAdd, slidingWindow } from "../src/ir/ops/window.ts";
import { sameShape, sizeOf } from "../src/tensor/shape.ts";
import { tensorOf } from "./domain.ts";

/** One operation of a random program. It takes any two values, whatever their shapes. */
type Operation = (x: Expr, y: Expr) => Expr;

/** An operation of random programs, and its relative frequency. Defaults to 1. */
export interface Entry {
  readonly make: Operation;
  readonly weight?: number;
  /** True for an operation that has a kink, or that declares a derivative other than its mathematical one. */
  readonly kinked?: true;
}

const smooth = (make: Operation): Entry => ({ make });
const kinked = ({ make }: Entry): Entry => ({ make, kinked: true });

const unary = (f: (x: Expr) => Expr): Entry => smooth((x) => f(x));

/** Gives `y` the shape of `x`: `y` itself, or its mean repeated. */
const fitted = (x: Expr, y: Expr): Expr =>
  sameShape(x.shape, y.shape) ? y : op.add(reduction.mean(y), op.mul(x, 0));

const binary = (f: (x: Expr, y: Expr) => Expr): Entry => smooth((x, y) => f(x, fitted(x, y)));

const lastAxis = (f: (x: Expr) => Expr): Entry =>
  unary((x) => f(x.shape.length === 0 ? expandDims(x, 0) : x));

const half = (x: Expr): Expr => op.mul(x, 0.5);

/** Adds a step function, whose slope is 0, to its operand. */
const stepped = (f: (x: Expr) => Expr): Entry => kinked(unary((x) => op.add(half(x), f(x))));

/** Functions whose values stay moderate for moderate operands, and whose derivatives of every order do too. */
export const operations: { readonly [name: string]: Entry } = {
  add: binary(op.add),
  sub: binary(op.sub),
  mul: binary((x, y) => op.mul(op.tanh(x), y)),
  div: binary((x, y) => op.div(x, op.add(op.square(y), 1))),
  atan2: binary((x, y) => op.atan2(x, op.add(op.square(y), 1))),
  pow: binary((x, y) => op.pow(op.add(op.logistic(x), 0.5), op.tanh(y))),
  neg: unary(op.neg),
  exp: unary((x) => op.exp(op.tanh(x))),
  log: unary((x) => op.log(op.add(op.square(x), 0.5))),
  cos: unary(op.cos),
  tan: unary((x) => op.tan(op.tanh(x))),
  asin: unary((x) => op.asin(half(op.tanh(x)))),
  acos: unary((x) => op.acos(half(op.tanh(x)))),
  erf: unary(op.erf),
  abs: kinked(unary(op.abs)),
  sign: stepped(op.sign),
  floor: stepped(op.floor),
  ceil: stepped(op.ceil),
  round: stepped(op.round),
  rem: kinked(binary((x, y) => op.rem(x, op.add(op.square(y), 1)))),
  greater: kinked(binary(op.maximum)),
  lesser: kinked(binary(op.minimum)),
  sin: unary(op.sin),
  tanh: unary(op.tanh),
  logistic: unary(op.logistic),
  atan: unary(op.atan),
  expm1: unary((x) => op.expm1(op.tanh(x))),
  log1p: unary((x) => op.log1p(op.square(x))),
  sqrt: unary((x) => op.sqrt(op.add(op.square(x), 1))),
  still: kinked(unary((x) => op.add(x, stopGradient(op.sin(x))))),

  sum: lastAxis((x) => reduction.sum(x, -1)),
  prod: lastAxis((x) => reduction.prod(op.tanh(x), -1)),
  max: kinked(lastAxis((x) => reduction.max(x, 0))),
  cumsum: lastAxis((x) => reduction.cumsum(x, -1)),
  sort: kinked(lastAxis((x) => reduction.sort(x, -1))),
  softmax: lastAxis((x) => reduction.softmax(x)),
  logSumExp: lastAxis((x) => reduction.logSumExp(x, -1)),
  variance: lastAxis((x) => reduction.variance(x, 0)),

  ravel: unary(ravel),
  transpose: unary(transpose),
  moveAxis: lastAxis((x) => moveAxis(x, 0, -1)),
  reverse: lastAxis((x) => reverse(x, [0])),
  pad: lastAxis((x) => pad(x, [[1, 0, 1], ...x.shape.slice(1).map(() => [0, 0] as const)], 0.5)),
  front: lastAxis((x) => sliceAxis(x, 0, 0, Math.ceil((x.shape[0] ?? 1) / 2))),
  join: smooth((x, y) => concatenate([ravel(x), ravel(y)])),
  pick: lastAxis((x) => take(x, op.sub(iota([2]), 1), 0)),
  scatter: smooth((x, y) => scatterAdd(ravel(x), iota([sizeOf(y.shape)]), ravel(y))),
  outer: smooth((x, y) => outer(reduction.mean(x), y)),
  dot: smooth((x, y) => dot(ravel(x), ravel(fitted(x, y)), [[0], [0]])),
  gram: lastAxis((x) => dot(x, x, [[x.shape.length - 1], [x.shape.length - 1]])),

  windows: kinked(
    lastAxis((x) => {
      const axis = { axes: [0], size: [Math.min(2, x.shape[0] ?? 0)] };
      return reduction.max(slidingWindow(x, axis), -1);
    }),
  ),
  overlap: lastAxis((x) => {
    const n = x.shape.at(-1) ?? 0;
    const rows = broadcastTo(x, [2, ...x.shape]);
    return overlapAdd(rows, { axes: [0], size: [n], extent: [n + 1] });
  }),
  champion: kinked(lastAxis((x) => take(x, reduction.argmax(x, 0), 0))),
  whole: stepped((x) => cast(cast(x, "i32"), "f64")),
  shifted: lastAxis((x) => {
    const n = iota([x.shape.at(-1) ?? 0]);
    // 0, 2, 0, 2, …
    const bits: Expr = op.and(op.shiftRight(op.shiftLeft(n, 2), 1), 3);
    return op.mul(x, cast(bits, "f64"));
  }),
  between: kinked(
    binary((x, y) => {
      const inside: Expr = op.and(op.le(y, x), op.lt(x, 1));
      const outside: Expr = op.xor(op.or(op.ge(x, 1), op.eq(x, y)), op.ne(y, 0));
      return op.add(where(inside, x, y), where(outside, y, 0.5));
    }),
  ),
  dropped: unary((x) => {
    const bits = randomBits(constant(tensorOf([2], "i32", [1, 2])) as KeyExpr, x.shape);
    return where(op.gt(bits, 0), x, op.mul(x, 0.5));
  }),

  where: kinked(binary((x, y) => where(op.gt(x, y), op.mul(x, 2), y))),
  cond: kinked(
    binary(
      (x, y) =>
        branch(
          op.gt(reduction.sum(x), 0),
          [x, y],
          ([a, b]) => [op.mul(a as Expr, op.sin(b as Expr))],
          ([a]) => [op.neg(op.tanh(a as Expr))],
        )[0] as Expr,
    ),
  ),
  scan: lastAxis((x) => {
    const start = op.mul(sliceAxis(x, 0, 0, 1), 0.5);
    const { carry, ys } = loop(
      { carry: [reduction.sum(start, 0)], xs: [x], length: x.shape[0] ?? 0, reverse: false },
      ([h], [row]) => {
        const next = op.tanh(op.add(h as Expr, row as Expr));
        // The body uses a value from outside of it.
        return { carry: [next], ys: [op.mul(next, reduction.mean(x))] };
      },
    );
    return op.add(ys[0] as Expr, carry[0] as Expr);
  }),
  repeat: kinked(
    binary((x, y) => {
      const going = (held: Expr): readonly Expr[] => [op.gt(reduction.sum(held), -1), held];
      // The body uses a value from outside of it.
      const made = repeated(going(x), 3, ([, held]) => going(op.tanh(op.add(held as Expr, y))));
      return made[1] as Expr;
    }),
  ),
  remember: binary(
    (x, y) =>
      call("remembered", { kind: "checkpoint" }, [x, y], ([a, b]) => [
        op.mul(op.sin(a as Expr), op.tanh(b as Expr)),
      ])[0] as Expr,
  ),
};
