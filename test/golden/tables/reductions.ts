import type { Expr } from "../../../src/ir/expr.ts";
import { cast, stopGradient, where } from "../../../src/ir/ops/control.ts";
import * as cumulative from "../../../src/ir/ops/cumulative.ts";
import { div, eq, maximum, mul, ne, pow, sqrt, sub } from "../../../src/ir/ops/elementwise.ts";
import { takeAlongAxis } from "../../../src/ir/ops/indexing.ts";
import { lift } from "../../../src/ir/ops/promote.ts";
import * as op from "../../../src/ir/ops/reduction.ts";
import * as order from "../../../src/ir/ops/sorting.ts";
import { expandDims, reshape as reshapeTo, reverse } from "../../../src/ir/ops/structural.ts";
import { vectorNorm } from "../../../src/linalg/index.ts";
import { normalAxis, type Shape } from "../../../src/tensor/shape.ts";
import {
  arg,
  axesOf,
  type Call,
  inputOf,
  notHad,
  scalarOf,
  slopedAs,
  type Table,
  tensorOf,
  type Value,
} from "../torch.ts";

/** Reductions, scans along an axis, and sorting. */

const reshape = (x: Expr, shape: Shape): Expr => reshapeTo(x, shape) as Expr;

/** A reduction along the axes of a call, with kept axes if the call asks for them. */
const along = (
  x: Expr,
  axes: Value,
  keep: Value,
  f: (x: Expr, axes: readonly number[]) => Expr,
): Expr => {
  const list = axesOf(axes, x.shape.length);
  const all = list === undefined || list.length === 0 ? x.shape.map((_, i) => i) : list;
  const y = f(x, all);
  return keep === true ? op.keepDims(y, x, all) : y;
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

/** Applies a function along one axis; a scalar is treated as a vector of one element. */
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

/** The elements in sorted order along an axis, gathered by index so that gradients follow them. */
const ordered = (x: Expr, axis: number, descending: boolean): readonly [Expr, Expr] => {
  if (!descending) return op.sortWithIndices(x, axis);
  // A stable descending order is the reverse of the ascending order of the reversed elements.
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

const normOf = (x: Expr, p: number, axes: readonly number[]): Expr => vectorNorm(x, p, { axes });
/**
 * PyTorch 1.13 computes a norm with its order rounded to f32, and differentiates it as `|x|ᵖ⁻¹·norm¹⁻ᵖ` with the exact
 * order.
 */
const normAsRounded = (x: Expr, p: number, axes: readonly number[]): Expr => {
  const [rounded, given] = [normOf(x, Math.fround(p), axes), normOf(x, p, axes)];
  if (Math.fround(p) === p) return given;
  const slope = pow(div(rounded, given) as Expr, lift(1 - p, x.dtype)) as Expr;
  return slopedAs(rounded, mul(given, stopGradient(slope)) as Expr);
};

/** One element of each line; the axis is dropped unless a call keeps it. */
const chosen =
  (position: number, f: (x: Expr, axis: number, c: Call) => cumulative.Chosen) =>
  (c: Call): readonly Expr[] => {
    const [axis, keep] = [arg(c, position, "dim"), arg(c, position + 1, "keepdim")];
    const kept = inputOf(c).shape.length > 0 && keep === true;
    return alongOne(inputOf(c), axis, (x, a) => {
      const { values, indices } = f(x, a, c);
      const full = (y: Expr): Expr => op.keepDims(y, x, a);
      return kept || inputOf(c).shape.length === 0
        ? [full(values), full(indices)]
        : [values, indices];
    });
  };
/** The median of all elements, or of each line. */
const middle = (ignoreNaN: boolean) => (c: Call) =>
  arg(c, 0, "dim") === null
    ? order.median(reshape(inputOf(c), [-1]), 0, { ignoreNaN }).values
    : chosen(0, (x, axis) => order.median(x, axis, { ignoreNaN }))(c);

const quantile =
  (ignoreNaN: boolean) =>
  (c: Call): Expr => {
    const [given, axis, keep] = [arg(c, 0, "q"), c.kw.dim ?? null, c.kw.keepdim === true];
    const x = axis === null ? reshape(inputOf(c), [-1]) : line(inputOf(c));
    const q = typeof given === "number" ? given : tensorOf(given);
    const method = (c.kw.interpolation ?? "linear") as order.QuantileMethod;
    const a = normalAxis(axis === null ? 0 : scalarOf(axis), x.shape.length);
    const made = order.quantile(x, q, { axis: a, method, ignoreNaN });
    const leading = typeof q === "number" ? [] : q.shape;
    if (!keep || inputOf(c).shape.length === 0) return made;
    const extents =
      axis === null ? inputOf(c).shape.map(() => 1) : x.shape.map((d, i) => (i === a ? 1 : d));
    return reshape(made, [...leading, ...extents]);
  };
const line = (x: Expr): Expr => (x.shape.length === 0 ? one(x) : x);

const running = (c: Call, f: (x: Expr, axis: number) => Expr): Expr =>
  alongOne(inputOf(c), arg(c, 0, "dim"), (x, axis) => [f(x, axis)])[0] as Expr;

const runningChoice = (c: Call, f: (x: Expr, axis: number) => cumulative.Chosen): readonly Expr[] =>
  alongOne(inputOf(c), arg(c, 0, "dim"), (x, axis) => {
    const { values, indices } = f(x, axis);
    return [values, indices];
  });

/** The options of an integral: the positions of the values, or their spacing. */
const integral = (c: Call): cumulative.TrapezoidOptions => {
  const at = c.args[0] ?? null;
  const axis = scalarOf(arg(c, 9, "dim", -1));
  return at === null ? { axis, dx: scalarOf(arg(c, 9, "dx", 1)) } : { axis, x: tensorOf(at) };
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
  cumprod: (c) => running(c, cumulative.cumprod),
  logcumsumexp: (c) => running(c, cumulative.cumulativeLogSumExp),
  cummax: (c) => runningChoice(c, cumulative.cummax),
  cummin: (c) => runningChoice(c, cumulative.cummin),
  sort: (c) => {
    const descending = arg(c, 1, "descending") === true;
    return alongOne(inputOf(c), arg(c, 0, "dim", -1), (x, axis) => ordered(x, axis, descending));
  },
  topk: (c) => {
    const k = scalarOf(arg(c, 0, "k"));
    const least = arg(c, 2, "largest", true) === false;
    return alongOne(inputOf(c), arg(c, 1, "dim", -1), (x, axis) => {
      const { values, indices } = order.topK(x, k, { axis, least });
      return [values, indices];
    });
  },
  kthvalue: chosen(1, (x, axis, c) => order.kthValue(x, scalarOf(arg(c, 0, "k")) - 1, axis)),
  median: middle(false),
  nanmedian: middle(true),
  mode: chosen(0, order.mode),
  quantile: quantile(false),
  nanquantile: quantile(true),
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
      normAsRounded(x, scalarOf(arg(c, 0, "ord", 2)), axes),
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
    const [before, after] = [arg(c, 2, "prepend"), arg(c, 3, "append")];
    return cumulative.diff(inputOf(c), {
      axis: scalarOf(arg(c, 1, "dim", -1)),
      order: scalarOf(arg(c, 0, "n", 1)),
      ...(before === null ? {} : { prepend: tensorOf(before) }),
      ...(after === null ? {} : { append: tensorOf(after) }),
    });
  },
  gradient: (c) => {
    const x = inputOf(c);
    const axes = axesOf(c.kw.dim ?? null, x.shape.length) ?? x.shape.map((_, i) => i);
    const spacing = c.kw.spacing ?? null;
    return axes.map((axis, i) =>
      cumulative.gradient(x, {
        axis,
        dx: Array.isArray(spacing) ? scalarOf(spacing[i] ?? 1) : scalarOf(spacing ?? 1),
        edgeOrder: c.kw.edge_order === 2 ? 2 : 1,
      }),
    );
  },
  trapezoid: (c) => cumulative.trapezoid(inputOf(c), integral(c)),
  trapz: (c) => cumulative.trapezoid(inputOf(c), integral(c)),
  cumulative_trapezoid: (c) => cumulative.cumulativeTrapezoid(inputOf(c), integral(c)),
  "nn.functional.normalize": (c) => {
    const x = inputOf(c);
    const axis = arg(c, 1, "dim", 1);
    const order = scalarOf(arg(c, 0, "p", 2));
    const norm = along(x, axis, true, (y, axes) => normOf(y, order, axes));
    return div(x, maximum(norm, scalarOf(arg(c, 2, "eps", 1e-12))) as Expr);
  },
};
