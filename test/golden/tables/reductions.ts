import type { Expr } from "../../../src/ir/expr.ts";
import { cast, where } from "../../../src/ir/ops/control.ts";
import {
  abs,
  add,
  div,
  eq,
  exp,
  log,
  maximum,
  mul,
  ne,
  pow,
  sqrt,
  square,
  sub,
} from "../../../src/ir/ops/elementwise.ts";
import { takeAlongAxis } from "../../../src/ir/ops/indexed.ts";
import { lift } from "../../../src/ir/ops/operand.ts";
import * as op from "../../../src/ir/ops/reduction.ts";
import {
  concatenate,
  expandDims,
  reshape as reshapeTo,
  reverse,
  sliceAxis,
} from "../../../src/ir/ops/structural.ts";
import { normalAxis, type Shape } from "../../../src/tensor/shape.ts";
import {
  arg,
  axesOf,
  type Call,
  inputOf,
  notHad,
  scalarOf,
  type Table,
  type Value,
} from "../torch.ts";

/** Reductions, scans along an axis, and orders. */

const reshape = (x: Expr, shape: Shape): Expr => reshapeTo(x, shape) as Expr;

/** A reduction along the axes of a call, which are kept where it says so. */
const along = (
  x: Expr,
  axes: Value,
  keep: Value,
  f: (x: Expr, axes: readonly number[]) => Expr,
): Expr => {
  const list = axesOf(axes, x.shape.length);
  const all = list === undefined || list.length === 0 ? x.shape.map((_, i) => i) : list;
  const y = f(x, all);
  return keep === true ? op.keepAxes(y, x, all) : y;
};
const reducing =
  (f: (x: Expr, axes: readonly number[]) => Expr) =>
  (c: Call): Expr =>
    along(inputOf(c), arg(c, 0, "dim"), arg(c, 1, "keepdim"), f);

const sum = (x: Expr, axes: readonly number[]): Expr => op.sum(x, axes);
const mean = (x: Expr, axes: readonly number[]): Expr => op.mean(x, axes);
const max = (x: Expr, axes: readonly number[]): Expr => op.max(x, axes);
const min = (x: Expr, axes: readonly number[]): Expr => op.min(x, axes);
const prod = (x: Expr, axes: readonly number[]): Expr => op.prod(x, axes);
const one = (x: Expr): Expr => reshape(x, [1]);

/** A function along one axis, which a scalar has not: it is a vector of one for the while. */
const alongOne = <R extends readonly Expr[]>(
  x: Expr,
  axis: Value,
  f: (x: Expr, axis: number) => R,
): readonly Expr[] => {
  if (x.shape.length > 0) return f(x, normalAxis(scalarOf(axis ?? -1), x.shape.length));
  return f(one(x), 0).map((y) => reshape(y, []));
};

const correctionOf = (c: Call): number => {
  const first = c.args[0];
  const unbiased = typeof first === "boolean" ? first : c.kw.unbiased;
  if (typeof unbiased === "boolean") return unbiased ? 1 : 0;
  const correction = c.kw.correction;
  return correction === undefined || correction === null ? 1 : scalarOf(correction);
};
const spread = (c: Call, f: (x: Expr) => Expr): Expr => {
  const axes = typeof c.args[0] === "boolean" ? null : arg(c, 0, "dim");
  return along(inputOf(c), axes, c.kw.keepdim ?? null, (x, list) =>
    f(op.variance(x, list, correctionOf(c))),
  );
};
const meanBeside = (c: Call): Expr =>
  along(
    inputOf(c),
    typeof c.args[0] === "boolean" ? null : arg(c, 0, "dim"),
    c.kw.keepdim ?? null,
    mean,
  );

/** The elements at the indices of an order along an axis, so that the gradient follows them. */
const ordered = (x: Expr, axis: number, descending: boolean): readonly [Expr, Expr] => {
  if (!descending) return op.sortWithIndices(x, axis);
  // Stable in descending order: the ascending order of the reversed, reversed.
  const [values, order] = op.sortWithIndices(reverse(x, [axis]) as Expr, axis);
  const n = x.shape[axis] ?? 0;
  return [reverse(values, [axis]), sub(n - 1, reverse(order, [axis]) as Expr)];
};

const withIndex =
  (index: (x: Expr, axis: number) => Expr) =>
  (c: Call): readonly Expr[] => {
    const keep = arg(c, 1, "keepdim");
    return alongOne(inputOf(c), arg(c, 0, "dim"), (x, axis) => {
      const at = index(x, axis);
      const y = takeAlongAxis(x, expandDims(at, axis), axis);
      const kept = inputOf(c).shape.length > 0 && keep === true;
      return kept ? [y, expandDims(at, axis)] : [reshape(y, at.shape), at];
    });
  };

const finiteOnly = (x: Expr): Expr => where(ne(x, x), 0, x);

const normOf = (x: Expr, p: number, axes: readonly number[]): Expr => {
  if (p === Number.POSITIVE_INFINITY) return max(abs(x), axes);
  if (p === Number.NEGATIVE_INFINITY) return min(abs(x), axes);
  if (p === 1) return sum(abs(x), axes);
  if (p === 2) return sqrt(sum(square(x), axes));
  if (p === 0) return sum(cast(ne(x, 0) as Expr, x.dtype), axes);
  return pow(sum(powerOf(abs(x), p), axes), scalarLike(1 / p, x));
};
const powerOf = (x: Expr, p: number): Expr => pow(x, scalarLike(p, x));
const scalarLike = (n: number, x: Expr): Expr => lift(n, x.dtype);

const median = (x: Expr, axis: number, rank: number): readonly Expr[] => {
  const [values, order] = op.sortWithIndices(x, axis);
  const [v, i] = [sliceAxis(values, axis, rank, rank + 1), sliceAxis(order, axis, rank, rank + 1)];
  return [v, i];
};
const atRank =
  (rankOf: (n: number, c: Call) => number, position: number) =>
  (c: Call): readonly Expr[] => {
    const [axis, keep] = [arg(c, position, "dim"), arg(c, position + 1, "keepdim")];
    const dropped = inputOf(c).shape.length > 0 && keep !== true;
    return alongOne(inputOf(c), axis, (x, a) => {
      const made = median(x, a, rankOf(x.shape[a] ?? 0, c));
      return dropped
        ? made.map((y) =>
            reshape(
              y,
              y.shape.filter((_, i) => i !== a),
            ),
          )
        : made;
    });
  };

const running = (c: Call, f: (x: Expr, axis: number) => Expr): Expr =>
  alongOne(inputOf(c), arg(c, 0, "dim"), (x, axis) => [f(x, axis)])[0] as Expr;

/** Σ of products of neighbours by the trapezoidal rule: `(yᵢ + yᵢ₊₁)/2 · Δxᵢ`. */
const trapezoids = (c: Call): readonly [areas: Expr, axis: number] => {
  const y = inputOf(c);
  const at = c.args[0] ?? null;
  const axis = normalAxis(scalarOf(arg(c, 9, "dim", -1)), y.shape.length);
  const n = y.shape[axis] ?? 0;
  const middle: Expr = mul(add(sliceAxis(y, axis, 1, n), sliceAxis(y, axis, 0, n - 1)), 0.5);
  if (at === null) return [mul(middle, scalarOf(arg(c, 9, "dx", 1))), axis];
  const x = at as Expr;
  const own = normalAxis(axis - y.shape.length, x.shape.length);
  const m = x.shape[own] ?? 0;
  return [mul(middle, sub(sliceAxis(x, own, 1, m), sliceAxis(x, own, 0, m - 1)) as Expr), axis];
};

export const reductions: Table = {
  sum: reducing(sum),
  mean: reducing(mean),
  amax: reducing(max),
  amin: reducing(min),
  "max.reduction_no_dim": reducing(max),
  "min.reduction_no_dim": reducing(min),
  "max.reduction_with_dim": withIndex((x, axis) => op.argmax(x, axis)),
  "min.reduction_with_dim": withIndex((x, axis) => op.argmin(x, axis)),
  prod: reducing(prod),
  nansum: reducing((x, axes) => sum(finiteOnly(x), axes)),
  nanmean: reducing((x, axes) =>
    div(sum(finiteOnly(x), axes), sum(cast(eq(x, x) as Expr, x.dtype), axes)),
  ),
  logsumexp: reducing((x, axes) => op.logSumExp(x, axes)),
  var: (c) => spread(c, (v) => v),
  std: (c) => spread(c, (v) => sqrt(v)),
  var_mean: (c) => [spread(c, (v) => v), meanBeside(c)],
  std_mean: (c) => [spread(c, (v) => sqrt(v)), meanBeside(c)],
  cumsum: (c) => running(c, (x, axis) => op.cumsum(x, axis)),
  logcumsumexp: (c) =>
    running(c, (x, axis) => {
      const top = op.keepAxes(op.max(x, axis), x, axis);
      return add(log(op.cumsum(exp(sub(x, top) as Expr), axis)), top);
    }),
  sort: (c) => {
    const descending = arg(c, 1, "descending") === true;
    return alongOne(inputOf(c), arg(c, 0, "dim", -1), (x, axis) => ordered(x, axis, descending));
  },
  topk: (c) => {
    const k = scalarOf(arg(c, 0, "k"));
    const greatest = arg(c, 2, "largest", true) === true;
    return alongOne(inputOf(c), arg(c, 1, "dim", -1), (x, axis) =>
      ordered(x, axis, greatest).map((y) => sliceAxis(y, axis, 0, k)),
    );
  },
  kthvalue: atRank((_, c) => scalarOf(arg(c, 0, "k")) - 1, 1),
  median: (c) => {
    if (arg(c, 0, "dim") === null) {
      const x = reshape(inputOf(c), [-1]);
      return median(x, 0, Math.floor(((x.shape[0] ?? 1) - 1) / 2))
        .slice(0, 1)
        .map((y) => reshape(y, []));
    }
    return atRank((n) => Math.floor((n - 1) / 2), 0)(c);
  },
  log_softmax: (c) => running(c, (x, axis) => op.logSoftmax(x, axis)),
  "log_softmax.dtype": (c) => running(c, (x, axis) => op.logSoftmax(x, axis)),
  softmax: (c) => running(c, (x, axis) => op.softmax(x, axis)),
  "softmax.with_dtype": (c) => running(c, (x, axis) => op.softmax(x, axis)),
  norm: (c) => {
    const p = arg(c, 0, "p", 2);
    if (p === "nuc") return notHad("the nuclear norm");
    const order = p === "fro" ? 2 : scalarOf(p);
    return along(inputOf(c), arg(c, 1, "dim"), arg(c, 2, "keepdim"), (x, axes) =>
      normOf(x, order, axes),
    );
  },
  "norm.fro": (c) =>
    along(inputOf(c), arg(c, 1, "dim"), arg(c, 2, "keepdim"), (x, a) => normOf(x, 2, a)),
  "norm.inf": (c) =>
    along(inputOf(c), arg(c, 1, "dim"), arg(c, 2, "keepdim"), (x, a) =>
      normOf(x, Number.POSITIVE_INFINITY, a),
    ),
  "linalg.vector_norm": (c) =>
    along(inputOf(c), arg(c, 1, "dim"), arg(c, 2, "keepdim"), (x, axes) =>
      normOf(x, scalarOf(arg(c, 0, "ord", 2)), axes),
    ),
  dist: (c) => {
    const d: Expr = sub(inputOf(c), c.args[0] as Expr);
    return normOf(
      d,
      scalarOf(arg(c, 1, "p", 2)),
      d.shape.map((_, i) => i),
    );
  },
  diff: (c) => {
    const axis = scalarOf(arg(c, 1, "dim", -1));
    const parts = [arg(c, 2, "prepend"), inputOf(c), arg(c, 3, "append")].filter((p) => p !== null);
    const joined = concatenate(parts as readonly Expr[], axis);
    return Array.from({ length: scalarOf(arg(c, 0, "n", 1)) }).reduce<Expr>((x) => {
      const n = x.shape.at(axis) ?? 0;
      return sub(sliceAxis(x, axis, 1, n), sliceAxis(x, axis, 0, n - 1));
    }, joined);
  },
  trapezoid: (c) => op.sum(...trapezoids(c)),
  trapz: (c) => op.sum(...trapezoids(c)),
  cumulative_trapezoid: (c) => op.cumsum(...trapezoids(c)),
  "nn.functional.normalize": (c) => {
    const x = inputOf(c);
    const axis = arg(c, 1, "dim", 1);
    const order = scalarOf(arg(c, 0, "p", 2));
    const norm = along(x, axis, true, (y, axes) => normOf(y, order, axes));
    return div(x, maximum(norm, scalarOf(arg(c, 2, "eps", 1e-12))) as Expr);
  },
};
