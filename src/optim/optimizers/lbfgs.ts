import { cond, scan } from "../../autodiff/control.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import {
  abs,
  add,
  div,
  eq,
  gt,
  le,
  lt,
  minimum,
  mul,
  neg,
  or,
  sub,
} from "../../ir/ops/elementwise.ts";
import { fill } from "../../ir/ops/indexing.ts";
import { broadcastTo, lift } from "../../ir/ops/promote.ts";
import { max, sum } from "../../ir/ops/reduction.ts";
import { concatenate, reshape, slice } from "../../ir/ops/structural.ts";
import { flattenExprs, flattenTensors } from "../../ir/trees.ts";
import { scalar, zeros } from "../../tensor/constructors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { notNegative, whole } from "../../tensor/validate.ts";
import { type TreeShape, unflatten } from "../../tree.ts";
import { type LearningRate, noSteps, oneMore, rateAt } from "../learningRate.ts";
import { type Along, strongWolfe } from "../lineSearch.ts";
import { described } from "../options.ts";
import {
  type Exprs,
  type GradientTransformation,
  known,
  transformation,
} from "../transformation.ts";

/** The options of {@link lbfgs}. */
export interface LbfgsOptions {
  /** The step along each direction, or with a line search the first step that it tries. Defaults to 1. */
  readonly learningRate?: LearningRate;
  /** The number of directions that each step of a run takes at most. Defaults to 20. */
  readonly maxIterations?: number;
  /** The number of evaluations after which a step of a run takes no new direction. Defaults to 1.25 · maxIterations. */
  readonly maxEvaluations?: number;
  /** Ends a step of a run where no gradient component is greater. Defaults to 1e-7. */
  readonly toleranceGradient?: number;
  /** Ends a step of a run where neither value nor params change by more. Defaults to 1e-9. */
  readonly toleranceChange?: number;
  /** The number of past differences that make up the curvature. Defaults to 100. */
  readonly historySize?: number;
  /** Defaults to `"none"`: fixed steps. */
  readonly lineSearch?: "none" | "strongWolfe";
}

/** Leaves of a tree in one vector, and back. */
const packing = (shape: TreeShape, leaves: readonly Expr[]) => {
  const dtype = leaves.some((x) => x.dtype === "f64") ? ("f64" as const) : ("f32" as const);
  const pack = (tree: Exprs): Expr =>
    concatenate(
      flattenExprs(tree).leaves.map((x) => reshape(cast(x, dtype), [sizeOf(x.shape)])),
      0,
    );
  const unpack = (vector: Expr): Exprs => {
    let begun = 0;
    const parts = leaves.map((x) => {
      const from = begun;
      begun += sizeOf(x.shape);
      return cast(reshape(slice(vector, [from], [begun]), x.shape), x.dtype);
    });
    return unflatten(shape, parts);
  };
  return { dtype, pack, unpack };
};

const inner = (x: Expr, y: Expr): Expr => sum(mul(x, y));
const exact = (x: Expr): Expr => cast(x, "f64");
const times = (x: Expr, factor: Expr): Expr => mul(x, cast(factor, x.dtype));

/** Past differences of params and gradients, the latest last, with `1/⟨s, y⟩`, 0 where there is none. */
interface History {
  readonly s: Expr;
  readonly y: Expr;
  readonly rho: Expr;
  /** The curvature of the latest difference, inverse. */
  readonly scale: Expr;
}

/** All rows but the first. */
const rest = (rows: Expr): Expr =>
  slice(
    rows,
    rows.shape.map((_, axis) => (axis === 0 ? 1 : 0)),
    rows.shape,
  );

const appended = (rows: Expr, row: Expr): Expr =>
  concatenate([rest(rows), reshape(row, [1, ...row.shape])], 0);

/** A history with one more pair of differences, unless their curvature is not positive. */
const remembered = (h: History, s: Expr, y: Expr): History => {
  const sy = inner(s, y);
  const convex = gt(sy, 1e-10);
  const rho = div(1, where(convex, sy, 1));
  return {
    s: where(convex, appended(h.s, s), h.s),
    y: where(convex, appended(h.y, y), h.y),
    rho: where(convex, appended(h.rho, rho), h.rho),
    scale: where(convex, div(sy, where(convex, inner(y, y), 1)), h.scale),
  };
};

/**
 * The inverse curvature times a vector.
 *
 * **Source** Nocedal and Wright, "Numerical Optimization" (2006), algorithm 7.4.
 */
const curved = ({ s, y, rho, scale }: History, vector: Expr): Expr => {
  type Pair = { readonly s: Expr; readonly y: Expr; readonly rho: Expr };
  const [right, alphas] = scan<Expr, Pair, Expr>(
    (q, pair) => {
      const alpha = mul(pair.rho, inner(pair.s, q));
      return [sub(q, mul(pair.y, alpha)), alpha];
    },
    vector,
    { s, y, rho },
    { reverse: true },
  );
  const [left] = scan<Expr, Pair & { readonly alpha: Expr }, undefined>(
    (r, pair) => {
      const beta = mul(pair.rho, inner(pair.y, r));
      return [add(r, mul(pair.s, sub(pair.alpha, beta))), undefined];
    },
    mul(right, scale),
    { s, y, rho, alpha: alphas },
  );
  return left;
};

/** Where a step of a run stands, with its state for the next. Counters are i32, and scalars f64. */
interface Descent {
  readonly at: Expr;
  readonly value: Expr;
  readonly gradient: Expr;
  readonly before: Expr;
  readonly direction: Expr;
  readonly length: Expr;
  readonly history: History;
  readonly directions: Expr;
  readonly evaluations: Expr;
  readonly done: Expr;
}

/**
 * L-BFGS: directions by the curvature of past gradients, for functions of the whole data set. Each step of a run takes
 * up to `maxIterations` directions on its batch.
 *
 * It evaluates the loss at other params, so it is the first part of a chain, in a learner with a plain gradient rule. A
 * line search that finds no step with enough decrease takes the lowest point that it saw, which may be where it stands.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range; when a step is built, where the function
 * is not known.
 * **Math** `d = -Hg`, `p ← p + td`; `H` from the differences `s` of params and `y` of gradients with `⟨s, y⟩ > 1e-10`;
 * `t = η`, at the first direction `η·min(1, 1/‖g‖₁)`.
 * **Source** Liu and Nocedal, "On the limited memory BFGS method for large scale optimization" (1989), with the order
 * of evaluations and the tolerances of PyTorch.
 */
export const lbfgs: (options?: LbfgsOptions) => GradientTransformation = described(
  "lbfgs",
  {
    learningRate: 1,
    maxIterations: 20,
    maxEvaluations: undefined,
    toleranceGradient: 1e-7,
    toleranceChange: 1e-9,
    historySize: 100,
    lineSearch: "none",
  },
  (options: LbfgsOptions) => {
    const {
      learningRate = 1,
      maxIterations = 20,
      historySize = 100,
      lineSearch = "none",
    } = options;
    const { toleranceGradient = 1e-7, toleranceChange = 1e-9 } = options;
    const { maxEvaluations = Math.floor((maxIterations * 5) / 4) } = options;
    notNegative("lbfgs", { learningRate, toleranceGradient, toleranceChange });
    whole(1)("lbfgs", { maxIterations, maxEvaluations, historySize });
    return transformation<State>({
      name: "lbfgs",
      init: (params) => {
        const { leaves } = flattenTensors(params);
        const n = leaves.reduce((total, x) => total + sizeOf(x.shape), 0);
        const dtype = leaves.some((x) => x.dtype === "f64") ? "f64" : "f32";
        const vector = zeros([n], dtype);
        return {
          step: noSteps(),
          directions: scalar(0, "i32"),
          before: vector,
          direction: vector,
          length: scalar(0, "f64"),
          s: zeros([historySize, n], dtype),
          y: zeros([historySize, n], dtype),
          rho: zeros([historySize], dtype),
          scale: scalar(1, dtype),
        };
      },
      learningRate: ({ step }) => rateAt(learningRate, step),
      atLearningRate: (other) => lbfgs({ ...options, learningRate: other }),
      update: (gradients, state, params, _scaled, minimized) => {
        const f = known("lbfgs", minimized);
        const { leaves, shape } = flattenExprs(params);
        const { pack, unpack } = packing(shape, leaves);
        const evaluated = (at: Expr): { readonly value: Expr; readonly gradient: Expr } => {
          const { value, gradient } = f.at(unpack(at));
          return { value: exact(value), gradient: pack(gradient) };
        };
        const rate = rateAt(learningRate, state.step);
        const flat = (g: Expr): Expr => le(exact(max(abs(g))), toleranceGradient);

        const iterate = (d: Descent, last: Expr): Descent => {
          const first = eq(d.directions, 0);
          const s = times(d.direction, d.length);
          // At first there is no direction: the difference is 0 and is not remembered.
          const history = remembered(d.history, s, sub(d.gradient, d.before));
          const direction = neg(curved(history, d.gradient));
          const whole = minimum(1, div(1, exact(sum(abs(d.gradient)))));
          const length = where(first, mul(whole, rate), rate);
          const slope = exact(inner(d.gradient, direction));
          const next: Descent = {
            ...d,
            before: d.gradient,
            direction,
            length,
            history,
            directions: add(d.directions, 1),
          };
          const along = (from: Descent): Descent => {
            const at = (step: Expr): Along => {
              const made = evaluated(add(from.at, times(from.direction, step)));
              return { ...made, step, slope: exact(inner(made.gradient, from.direction)) };
            };
            if (lineSearch === "none") {
              const moved = { ...from, at: add(from.at, times(from.direction, from.length)) };
              // What nobody looks at is not computed.
              return cond(
                broadcastTo(last, []),
                (x: Descent): Descent => ({ ...x, done: fill([], 1, "bool") }),
                (x: Descent): Descent => ({
                  ...x,
                  ...evaluated(x.at),
                  evaluations: add(x.evaluations, 1),
                }),
                moved,
              );
            }
            const start: Along = {
              step: lift(0, "f64"),
              value: from.value,
              gradient: from.gradient,
              slope: exact(inner(from.gradient, from.direction)),
            };
            const longest = exact(max(abs(from.direction)));
            const { found, tried } = strongWolfe(at, start, from.length, longest);
            return {
              ...from,
              at: add(from.at, times(from.direction, found.step)),
              value: found.value,
              gradient: found.gradient,
              length: found.step,
              evaluations: add(from.evaluations, tried),
            };
          };
          return cond(
            broadcastTo(gt(slope, -toleranceChange), []),
            (from: Descent): Descent => ({ ...from, done: fill([], 1, "bool") }),
            (from: Descent): Descent => {
              const moved = along(from);
              const still = le(
                mul(exact(max(abs(moved.direction))), abs(moved.length)),
                toleranceChange,
              );
              const level = lt(abs(sub(moved.value, from.value)), toleranceChange);
              const spent = le(maxEvaluations, moved.evaluations);
              const ends = or(or(spent, flat(moved.gradient)), or(still, level));
              return { ...moved, done: or(moved.done, ends) };
            },
            next,
          );
        };

        const gradient = pack(gradients);
        const { step, directions, before, direction, length, ...history } = state;
        const start: Descent = {
          at: pack(params),
          value: exact(f.value),
          gradient,
          before,
          direction,
          length,
          history,
          directions,
          evaluations: lift(1, "i32"),
          done: flat(gradient),
        };
        const [end] = scan<readonly [Descent, Expr], undefined, undefined>(
          ([d, i]) => {
            const last = eq(i, maxIterations - 1);
            const made = cond(
              broadcastTo(d.done, []),
              (same: Descent) => same,
              (now: Descent) => iterate(now, last),
              d,
            );
            return [[made, add(i, 1)], undefined];
          },
          [start, lift(0, "i32")],
          undefined,
          { length: maxIterations },
        );
        const [d] = end;
        const moves = flattenExprs(unpack(sub(d.at, start.at))).leaves;
        return {
          updates: unflatten(shape, moves),
          state: {
            step: oneMore(step),
            directions: broadcastTo(d.directions, []),
            before: d.before,
            direction: d.direction,
            length: broadcastTo(d.length, []),
            ...d.history,
          },
        };
      },
    });
  },
);

type State = {
  readonly step: Tensor<readonly []>;
  readonly directions: Tensor<readonly []>;
  readonly before: Tensor;
  readonly direction: Tensor;
  readonly length: Tensor<readonly []>;
  readonly s: Tensor;
  readonly y: Tensor;
  readonly rho: Tensor;
  readonly scale: Tensor;
};
