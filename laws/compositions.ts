import * as fc from "fast-check";
import type { Expr, Program } from "../src/ir/expr.ts";
import { branch, call, loop } from "../src/ir/loop.ts";
import { stopGradient, where } from "../src/ir/ops/control.ts";
import * as op from "../src/ir/ops/elementwise.ts";
import { iota, ravel, scatterAdd, take } from "../src/ir/ops/indexed.ts";
import { dot, outer } from "../src/ir/ops/linear.ts";
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
import { printProgram } from "../src/ir/print.ts";
import { type Shape, sameShape, sizeOf } from "../src/tensor/shape.ts";
import { record, tensors, unkinked } from "./domain.ts";
import type { Family } from "./law.ts";
import { programOf, type SymbolicFunction, typesOf } from "./symbolic.ts";

/** One operation of a random program: any two values give a value, whatever their shapes. */
type Operation = (x: Expr, y: Expr) => Expr;

const unary =
  (f: (x: Expr) => Expr): Operation =>
  (x) =>
    f(x);

/** `y` in the shape of `x`: itself, or its mean repeated. */
const fitted = (x: Expr, y: Expr): Expr =>
  sameShape(x.shape, y.shape) ? y : op.add(reduction.mean(y), op.mul(x, 0));

const binary =
  (f: (x: Expr, y: Expr) => Expr): Operation =>
  (x, y) =>
    f(x, fitted(x, y));

const lastAxis = (f: (x: Expr) => Expr): Operation =>
  unary((x) => f(x.shape.length === 0 ? expandDims(x, 0) : x));

/** What has too many elements is summed along its first axis, so that programs stay small. */
const bounded = (x: Expr): Expr =>
  sizeOf(x.shape) > 24 ? bounded(reduction.sum(x, 0) as Expr) : x;

/** Functions that keep values of moderate size moderate, so that derivatives of any order stay so too. */
const operations: { readonly [name: string]: Operation } = {
  add: binary(op.add),
  sub: binary(op.sub),
  mul: binary((x, y) => op.mul(op.tanh(x), y)),
  div: binary((x, y) => op.div(x, op.add(op.square(y), 1) as Expr)),
  atan2: binary((x, y) => op.atan2(x, op.add(op.square(y), 1) as Expr)),
  pow: binary((x, y) => op.pow(op.add(op.logistic(x), 0.5) as Expr, op.tanh(y))),
  greater: binary(op.maximum),
  lesser: binary(op.minimum),
  sin: unary(op.sin),
  tanh: unary(op.tanh),
  logistic: unary(op.logistic),
  atan: unary(op.atan),
  expm1: unary((x) => op.expm1(op.tanh(x))),
  log1p: unary((x) => op.log1p(op.square(x))),
  sqrt: unary((x) => op.sqrt(op.add(op.square(x), 1) as Expr)),
  still: unary((x) => op.add(x, stopGradient(op.sin(x))) as Expr),

  sum: lastAxis((x) => reduction.sum(x, -1) as Expr),
  prod: lastAxis((x) => reduction.prod(op.tanh(x), -1) as Expr),
  max: lastAxis((x) => reduction.max(x, 0) as Expr),
  cumsum: lastAxis((x) => reduction.cumsum(x, -1)),
  sort: lastAxis((x) => reduction.sort(x, -1)),
  softmax: lastAxis((x) => reduction.softmax(x)),
  logSumExp: lastAxis((x) => reduction.logSumExp(x, -1)),
  variance: lastAxis((x) => reduction.variance(x, 0)),

  ravel: unary(ravel),
  transpose: unary(transpose),
  moveAxis: lastAxis((x) => moveAxis(x, 0, -1)),
  reverse: lastAxis((x) => reverse(x, [0])),
  pad: lastAxis((x) => pad(x, [[1, 0, 1], ...x.shape.slice(1).map(() => [0, 0] as const)], 0.5)),
  front: lastAxis((x) => sliceAxis(x, 0, 0, Math.ceil((x.shape[0] ?? 1) / 2))),
  join: (x, y) => concatenate([ravel(x), ravel(y)]),
  pick: lastAxis((x) => take(x, op.sub(iota([2]), 1) as Expr, 0)),
  scatter: (x, y) => scatterAdd(ravel(x), iota([sizeOf(y.shape)]), ravel(y)),
  outer: (x, y) => outer(reduction.mean(x), y),
  dot: (x, y) => dot(ravel(x), ravel(fitted(x, y)), [[0], [0]]),
  gram: lastAxis((x) => dot(x, x, [[x.shape.length - 1], [x.shape.length - 1]])),

  where: binary((x, y) => where(op.gt(x, y), op.mul(x, 2) as Expr, y)),
  cond: binary(
    (x, y) =>
      branch(
        op.gt(reduction.sum(x), 0),
        [x, y],
        ([a, b]) => [op.mul(a as Expr, op.sin(b as Expr) as Expr)],
        ([a]) => [op.neg(op.tanh(a as Expr))],
      )[0] as Expr,
  ),
  scan: lastAxis((x) => {
    const start = op.mul(sliceAxis(x, 0, 0, 1), 0.5) as Expr;
    const { carry, ys } = loop(
      { carry: [reduction.sum(start, 0)], xs: [x], length: x.shape[0] ?? 0, reverse: false },
      ([h], [row]) => {
        const next = op.tanh(op.add(h as Expr, row as Expr) as Expr);
        // The body uses a value from outside of it.
        return { carry: [next], ys: [op.mul(next, reduction.mean(x)) as Expr] };
      },
    );
    return op.add(ys[0] as Expr, carry[0] as Expr) as Expr;
  }),
  remember: binary(
    (x, y) =>
      call("remembered", { kind: "checkpoint" }, [x, y], ([a, b]) => [
        op.mul(op.sin(a as Expr), op.tanh(b as Expr)) as Expr,
      ])[0] as Expr,
  ),
};

/** A random program as data, which shrinks to fewer and earlier operations. */
interface Blueprint {
  readonly shapes: readonly Shape[];
  readonly steps: readonly (readonly [operation: string, x: number, y: number])[];
}

const build = ({ steps }: Blueprint, xs: readonly Expr[]): readonly Expr[] => {
  const made = steps.reduce<readonly Expr[]>((pool, [name, i, j]) => {
    // Counted from the latest value, so that most of what is made is used.
    const pick = (k: number): Expr => pool[pool.length - 1 - (k % pool.length)] as Expr;
    const operation = operations[name] as Operation;
    return [...pool, bounded(operation(pick(i), pick(j)))];
  }, xs);
  return made.slice(-2);
};

/** Operations that are not differentiable everywhere, or declare another derivative than they have. */
const kinked = ["greater", "lesser", "max", "sort", "where", "cond", "still"];

const functionFrom = (blueprint: Blueprint): SymbolicFunction => ({
  name: blueprint.steps.map(([name]) => name).join(" · "),
  operands: blueprint.shapes.map((shape) => tensors(shape, unkinked)),
  apply: (xs) => build(blueprint, xs),
  rough: blueprint.steps.some(([name]) => kinked.includes(name)),
});

const shapes: readonly Shape[] = [[], [2], [3], [2, 2], [2, 3], [2, 1, 2]];

const blueprints: fc.Arbitrary<Blueprint> = record({
  shapes: fc.array(fc.constantFrom(...shapes), { minLength: 1, maxLength: 2 }),
  steps: fc.array(fc.tuple(fc.constantFrom(...Object.keys(operations)), fc.nat(3), fc.nat(3)), {
    minLength: 1,
    maxLength: 6,
  }),
});

export const programText = (f: SymbolicFunction): string => printProgram(closed(f));
const closed = (f: SymbolicFunction): Program => programOf(typesOf(f), f.apply);

/** Small programs of every operation, made at random. */
export const compositions: Family<SymbolicFunction> = {
  name: "random compositions",
  members: blueprints.map(functionFrom),
  show: programText,
};
