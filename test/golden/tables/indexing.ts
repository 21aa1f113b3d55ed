import { apply1 } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { repeatElements } from "../../../src/ir/ops/arrangement.ts";
import { cast, where } from "../../../src/ir/ops/control.ts";
import { add, div, eq, lt, mul } from "../../../src/ir/ops/elementwise.ts";
import {
  fill,
  onesLike,
  scatterAdd,
  take,
  takeAlongAxis,
  zerosLike,
} from "../../../src/ir/ops/indexed.ts";
import { broadcastTo, lift } from "../../../src/ir/ops/operand.ts";
import { moveAxis, reshape as reshapeTo, sliceAxis } from "../../../src/ir/ops/structural.ts";
import { normalAxis, type Shape } from "../../../src/tensor/shape.ts";
import { arg, type Call, inputOf, notHad, scalarOf, type Table, tensorOf } from "../torch.ts";

/** Access by index: gather and scatter-add, and what is made of them. */

const reshape = (x: Expr, shape: Shape): Expr => reshapeTo(x, shape) as Expr;
const one = (x: Expr): Expr => (x.shape.length === 0 ? reshape(x, [1]) : x);

/** An operation on vectors or more, on a scalar as a vector of one. */
const unscalar =
  (f: (c: Call, x: Expr, axis: number) => Expr, axisAt = 0) =>
  (c: Call): Expr => {
    const x = inputOf(c);
    const axis = normalAxis(scalarOf(arg(c, axisAt, "dim", 0)), Math.max(1, x.shape.length));
    return x.shape.length === 0 ? reshape(f(c, one(x), axis), []) : f(c, x, axis);
  };

/** Where the indices point to, within the part of x that they reach: `out[.., i[.., j, ..], ..] += y`. */
const scatterAlong = (x: Expr, indices: Expr, y: Expr, axis: number): Expr => {
  const last = x.shape.length - 1;
  const reached = x.shape.map((d, i) => (i === axis ? d : (indices.shape[i] ?? d)));
  const zeros = moveAxis(zerosLike(part(x, reached)), axis, last);
  const updates = part(y, indices.shape);
  const sums = apply1(
    "scatterAdd",
    { axis: last, batch: last },
    zeros,
    moveAxis(indices, axis, last),
    moveAxis(updates, axis, last),
  );
  return padTo(moveAxis(sums, last, axis), x.shape);
};
/** The first corner of a tensor. */
const part = (x: Expr, shape: Shape): Expr =>
  shape.reduce((y, d, i) => (y.shape[i] === d ? y : sliceAxis(y, i, 0, d)), x);
/** Zeros around a first corner. */
const padTo = (x: Expr, shape: Shape): Expr =>
  apply1(
    "pad",
    {
      low: shape.map(() => 0),
      high: shape.map((d, i) => d - (x.shape[i] ?? 0)),
      interior: shape.map(() => 0),
      value: 0,
    },
    x,
  );

const hits = (x: Expr, indices: Expr, axis: number): Expr =>
  scatterAlong(x, indices, broadcastTo(lift(1, x.dtype), indices.shape), axis);

const source = (c: Call, x: Expr, indices: Expr): Expr => {
  const given = arg(c, 2, "src");
  return typeof given === "number" ? fill(indices.shape, given, x.dtype) : one(tensorOf(given));
};

const along = (x: Expr, indices: Expr, axis: number): Expr =>
  takeAlongAxis(
    part(
      x,
      x.shape.map((d, i) => (i === axis ? d : (indices.shape[i] ?? d))),
    ),
    indices,
    axis,
  );

export const indexing: Table = {
  gather: unscalar((c, x, axis) => along(x, one(tensorOf(arg(c, 1, "index"))), axis)),
  take_along_dim: (c) => {
    const [x, indices] = [inputOf(c), tensorOf(arg(c, 0, "indices"))];
    const axis = arg(c, 1, "dim");
    if (axis !== null) return along(x, indices, normalAxis(scalarOf(axis), x.shape.length));
    return take(reshape(x, [-1]), reshape(indices, [-1]));
  },
  take: (c) => {
    const [x, at] = [reshape(inputOf(c), [-1]), tensorOf(arg(c, 0, "index"))];
    return take(x, where(lt(at, 0), add(at, x.shape[0] ?? 0), at));
  },
  index_select: unscalar((c, x, axis) => take(x, one(tensorOf(arg(c, 1, "index"))), axis)),
  "nn.functional.embedding": (c) =>
    // PyTorch's functional takes indices first; the golden file has the weight first.
    take(inputOf(c), tensorOf(arg(c, 0, "input"))),
  scatter: unscalar((c, x, axis) => {
    const indices = one(tensorOf(arg(c, 1, "index")));
    const written = scatterAlong(x, indices, source(c, x, indices), axis);
    return where(eq(hits(x, indices, axis), 0), x, written);
  }),
  scatter_add: unscalar((c, x, axis) => {
    const indices = one(tensorOf(arg(c, 1, "index")));
    return add(x, scatterAlong(x, indices, source(c, x, indices), axis));
  }),
  "scatter_reduce.sum": unscalar((c, x, axis) => {
    const indices = one(tensorOf(arg(c, 1, "index")));
    const kept =
      c.kw.include_self === false ? where(eq(hits(x, indices, axis), 0), x, zerosLike(x)) : x;
    return add(kept, scatterAlong(x, indices, source(c, x, indices), axis)) as Expr;
  }),
  "scatter_reduce.mean": unscalar((c, x, axis) => {
    const indices = one(tensorOf(arg(c, 1, "index")));
    const hit = hits(x, indices, axis);
    const missed = eq(hit, 0);
    const self: Expr = c.kw.include_self === false ? cast(missed as Expr, x.dtype) : onesLike(x);
    const total = add(mul(x, self), scatterAlong(x, indices, source(c, x, indices), axis));
    return div(total as Expr, add(self, hit) as Expr);
  }),
  index_add: unscalar((c, x, axis) => {
    const updates = mul(one(tensorOf(arg(c, 2, "source"))), scalarOf(c.kw.alpha ?? 1));
    return scatterAdd(x, one(tensorOf(arg(c, 1, "index"))), updates, axis);
  }),
  index_copy: unscalar((c, x, axis) => {
    const indices = one(tensorOf(arg(c, 1, "index")));
    const updates = one(tensorOf(arg(c, 2, "source")));
    const written = scatterAdd(zerosLike(x), indices, updates, axis);
    const hit = scatterAdd(zerosLike(x), indices, onesLike(updates), axis);
    return where(eq(hit, 0), x, written);
  }),
  index_fill: unscalar((c, x, axis) => {
    const indices = one(tensorOf(arg(c, 1, "index")));
    const shape = x.shape.map((d, i) => (i === axis ? (indices.shape[0] ?? 0) : d));
    const hit = scatterAdd(zerosLike(x), indices, fill(shape, 1, x.dtype), axis);
    const value = arg(c, 2, "value");
    return where(eq(hit, 0), x, typeof value === "number" ? value : tensorOf(value)) as Expr;
  }),
  index_put: (c) => {
    const [x, at] = [inputOf(c), c.args[0]];
    const [indices, ...more] = Array.isArray(at) ? at.map(tensorOf) : [tensorOf(at ?? null)];
    if (indices === undefined || more.length > 0 || indices.dtype === "bool")
      return notHad("an index by masks or by several lists");
    const updates = tensorOf(arg(c, 1, "values"));
    const spread = broadcastTo(updates, [indices.shape[0] ?? 0, ...x.shape.slice(1)]);
    if (c.kw.accumulate === true) return scatterAdd(x, indices, spread);
    const hit = scatterAdd(zerosLike(x), indices, onesLike(spread));
    return where(eq(hit, 0), x, scatterAdd(zerosLike(x), indices, spread));
  },
  narrow: (c) => {
    const [x, axis] = [inputOf(c), scalarOf(arg(c, 0, "dim"))];
    const start = arg(c, 1, "start");
    if (typeof start !== "number") return notHad("a start that is a tensor");
    return sliceAxis(x, axis, start, start + scalarOf(arg(c, 2, "length")));
  },
  repeat_interleave: (c) => {
    const [x, n] = [inputOf(c), c.kw.repeats ?? null];
    if (typeof n !== "number") return notHad("a count for each element");
    const flat = c.kw.dim === undefined ? reshape(x, [-1]) : x;
    const axis = c.kw.dim === undefined ? 0 : normalAxis(scalarOf(c.kw.dim), x.shape.length);
    return repeatElements(flat, n, axis);
  },
};
