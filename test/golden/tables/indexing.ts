import { apply1 } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { where } from "../../../src/ir/ops/control.ts";
import { add, div, eq, lt, mul, sub } from "../../../src/ir/ops/elementwise.ts";
import {
  fill,
  iota,
  onesLike,
  scatterAdd,
  take,
  takeAlongAxis,
  zerosLike,
} from "../../../src/ir/ops/indexing.ts";
import { broadcastTo, lift } from "../../../src/ir/ops/promote.ts";
import { repeat, repeatByCounts, searchSorted } from "../../../src/ir/ops/rearrange.ts";
import {
  maskedScatter,
  type ScatterKind,
  scatterReduce,
  scatterReduceAlongAxis,
} from "../../../src/ir/ops/scatter.ts";
import { moveAxis, reshape as reshapeTo, sliceAxis } from "../../../src/ir/ops/structural.ts";
import { broadcastShapes, normalAxis, type Shape, sizeOf } from "../../../src/tensor/shape.ts";
import {
  arg,
  type Call,
  inputOf,
  notHad,
  scalarOf,
  type Table,
  tensorOf,
  type Value,
} from "../torch.ts";

/** Access by index: gather, scatter-add and operations built from them. */

const reshape = (x: Expr, shape: Shape): Expr => reshapeTo(x, shape) as Expr;
const one = (x: Expr): Expr => (x.shape.length === 0 ? reshape(x, [1]) : x);

/** Applies an operation for vectors to a scalar, as a vector of one element. */
const unscalar =
  (f: (c: Call, x: Expr, axis: number) => Expr, axisAt = 0) =>
  (c: Call): Expr => {
    const x = inputOf(c);
    const axis = normalAxis(scalarOf(arg(c, axisAt, "dim", 0)), Math.max(1, x.shape.length));
    return x.shape.length === 0 ? reshape(f(c, one(x), axis), []) : f(c, x, axis);
  };

/** Scatters into the part of `x` that the indices cover: `out[.., i[.., j, ..], ..] += y`. */
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
/** The leading corner of a tensor, with the given shape. */
const part = (x: Expr, shape: Shape): Expr =>
  shape.reduce((y, d, i) => (y.shape[i] === d ? y : sliceAxis(y, i, 0, d)), x);
/** Pads with zeros at the ends, to the given shape. */
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

const kindOf = (name: Value): ScatterKind =>
  name === "amax" ? "max" : name === "amin" ? "min" : name === "prod" ? "prod" : "mean";

/** Reduces updates into the part of `x` that the indices cover. */
const reducedTo = (kind: ScatterKind) =>
  unscalar((c, x, axis) => {
    const indices = one(tensorOf(arg(c, 1, "index")));
    const reached = x.shape.map((d, i) => (i === axis ? d : (indices.shape[i] ?? d)));
    const made = scatterReduceAlongAxis(
      part(x, reached),
      indices,
      part(source(c, x, indices), indices.shape),
      kind,
      { axis, includeSelf: c.kw.include_self !== false },
    );
    const inside = padTo(onesLike(made), x.shape);
    return where(eq(inside, 0), x, padTo(made, x.shape));
  });

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
  "nn.functional.embedding_bag": (c) => {
    const [weight, tokens] = [inputOf(c), tensorOf(arg(c, 0, "input"))];
    const [first = 0, perBag = 1] = tokens.shape;
    const flat = reshape(tokens, [sizeOf(tokens.shape)]);
    const starts = arg(c, 1, "offsets");
    const offsets = starts === null ? undefined : tensorOf(starts);
    const places = iota(flat.shape);
    const isLastGiven = arg(c, 8, "include_last_offset", false) === true;
    const bags = offsets === undefined ? first : (offsets.shape[0] ?? 0) - (isLastGiven ? 1 : 0);
    const bagOf =
      offsets === undefined
        ? div(places, perBag)
        : sub(searchSorted(offsets, places, { after: true }), 1);
    const padding = arg(c, 9, "padding_idx");
    const vocabulary = weight.shape[0] ?? 0;
    const isPadding = padding !== null && eq(flat, (scalarOf(padding) + vocabulary) % vocabulary);
    // An index of -1 stands for no bag, and its values are dropped.
    const to = isPadding === false ? bagOf : where(isPadding as Expr, -1, bagOf);
    const given = arg(c, 6, "per_sample_weights");
    const rows = take(weight, flat);
    const weighed =
      given === null ? rows : mul(rows, reshape(tensorOf(given), [sizeOf(tokens.shape), 1]));
    const nothing = fill([bags, weight.shape[1] ?? 0], 0, weight.dtype);
    const kind = arg(c, 5, "mode", "mean") as ScatterKind; // PyTorch's three modes have the same names
    return scatterReduce(nothing, to as Expr, weighed as Expr, kind, { includeSelf: false });
  },
  scatter: unscalar((c, x, axis) => {
    const indices = one(tensorOf(arg(c, 1, "index")));
    const written = scatterAlong(x, indices, source(c, x, indices), axis);
    return where(eq(hits(x, indices, axis), 0), x, written);
  }),
  scatter_add: unscalar((c, x, axis) => {
    const indices = one(tensorOf(arg(c, 1, "index")));
    return add(x, scatterAlong(x, indices, source(c, x, indices), axis));
  }),
  "scatter_reduce.sum": reducedTo("sum"),
  "scatter_reduce.mean": reducedTo("mean"),
  "scatter_reduce.prod": reducedTo("prod"),
  "scatter_reduce.amax": reducedTo("max"),
  "scatter_reduce.amin": reducedTo("min"),
  index_reduce: unscalar((c, x, axis) =>
    scatterReduce(
      x,
      one(tensorOf(arg(c, 1, "index"))),
      one(tensorOf(arg(c, 2, "source"))),
      kindOf(arg(c, 3, "reduce")),
      { axis, includeSelf: c.kw.include_self !== false },
    ),
  ),
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
  put: (c) => {
    const x = inputOf(c);
    const [flat, at] = [reshape(x, [-1]), reshape(tensorOf(arg(c, 0, "index")), [-1])];
    const updates = broadcastTo(reshape(tensorOf(arg(c, 1, "source")), [-1]), at.shape);
    if (arg(c, 2, "accumulate", false) === true)
      return reshape(scatterAdd(flat, at, updates), x.shape);
    const hit = scatterAdd(zerosLike(flat), at, onesLike(updates));
    return reshape(where(eq(hit, 0), flat, scatterAdd(zerosLike(flat), at, updates)), x.shape);
  },
  masked_scatter: (c) => {
    const [x, mask] = [inputOf(c), tensorOf(arg(c, 0, "mask"))];
    const shape = broadcastShapes(x.shape, mask.shape) ?? x.shape;
    return maskedScatter(
      broadcastTo(x, shape),
      broadcastTo(mask, shape),
      tensorOf(arg(c, 1, "source")),
    );
  },
  index_put: (c) => {
    const [x, at] = [inputOf(c), c.args[0]];
    const [indices, ...more] = Array.isArray(at) ? at.map(tensorOf) : [tensorOf(at ?? null)];
    if (indices === undefined || more.length > 0) return notHad("an index by several lists");
    const updates = tensorOf(arg(c, 1, "values"));
    if (indices.dtype === "bool") {
      // One row of values for any number of rows that the mask selects.
      const rows = reshape(indices, [...indices.shape, ...x.shape.slice(1).map(() => 1)]);
      return where(rows, c.kw.accumulate === true ? add(x, updates) : updates, x) as Expr;
    }
    const spread = broadcastTo(updates, [indices.shape[0] ?? 0, ...x.shape.slice(1)]);
    if (c.kw.accumulate === true) return scatterAdd(x, indices, spread);
    const hit = scatterAdd(zerosLike(x), indices, onesLike(spread));
    return where(eq(hit, 0), x, scatterAdd(zerosLike(x), indices, spread));
  },
  narrow: (c) => {
    const [x, axis] = [inputOf(c), scalarOf(arg(c, 0, "dim"))];
    const [start, length] = [arg(c, 1, "start"), scalarOf(arg(c, 2, "length"))];
    if (typeof start !== "number")
      return take(x, add(tensorOf(start), iota([length])) as Expr, axis);
    return sliceAxis(x, axis, start, start + length);
  },
  repeat_interleave: (c, expected) => {
    const [x, n] = [inputOf(c), c.kw.repeats ?? null];
    const flat = c.kw.dim === undefined ? reshape(x, [-1]) : x;
    const axis = c.kw.dim === undefined ? 0 : normalAxis(scalarOf(c.kw.dim), x.shape.length);
    if (typeof n === "number") return repeat(flat, n, axis);
    return repeatByCounts(flat, tensorOf(n), expected[0]?.shape[axis] ?? 0, axis);
  },
};
