import type { Expr } from "../../../src/ir/expr.ts";
import { broadcastTo } from "../../../src/ir/ops/promote.ts";
import { sum } from "../../../src/ir/ops/reduction.ts";
import {
  expandDims,
  reshape as reshapeTo,
  squeeze,
  transpose,
} from "../../../src/ir/ops/structural.ts";
import { normalAxis, type Shape, sizeOf } from "../../../src/tensor/shape.ts";
import {
  arg,
  axesOf,
  type Call,
  inputOf,
  numbersOf,
  scalarOf,
  type Table,
  tensorOf,
} from "../torch.ts";

/** Shapes and axes. */

export const reshape = (x: Expr, shape: Shape): Expr => reshapeTo(x, shape) as Expr;
export const unary =
  (f: (x: Expr) => Expr) =>
  (c: Call): Expr =>
    f(inputOf(c));

/** A shape given as one list or as separate arguments; -1 is inferred. */
export const shapeOf = (c: Call): Shape =>
  Array.isArray(c.args[0]) ? numbersOf(c.args[0]) : numbersOf(c.args);
const toShape = (c: Call): Expr => {
  const x = inputOf(c);
  const shape = shapeOf(c);
  const known = shape.reduce((n, d) => (d === -1 ? n : n * d), 1);
  return reshape(
    x,
    shape.map((d) => (d === -1 ? sizeOf(x.shape) / known : d)),
  );
};
const likeOther = (c: Call): Expr => reshape(inputOf(c), tensorOf(arg(c, 0, "other")).shape);

export const swapped = (x: Expr, a: number, b: number): Expr => {
  const rank = x.shape.length;
  if (rank === 0) return x;
  const [i, j] = [normalAxis(a, rank), normalAxis(b, rank)];
  return transpose(
    x,
    x.shape.map((_, k) => (k === i ? j : k === j ? i : k)),
  );
};

const expand = (x: Expr, shape: Shape): Expr =>
  broadcastTo(
    x,
    shape.map((d, i) => (d === -1 ? (x.shape[i - shape.length + x.shape.length] ?? 1) : d)),
  );

export const atLeast = (rank: number) => (x: Expr) => {
  const r = x.shape.length;
  if (r >= rank) return x;
  if (r === 0)
    return reshape(
      x,
      Array.from({ length: rank }, () => 1),
    );
  if (rank === 3 && r === 1) return reshape(x, [1, ...x.shape, 1]);
  return rank === 3 ? reshape(x, [...x.shape, 1]) : reshape(x, [1, ...x.shape]);
};

const sumTo = (x: Expr, shape: Shape): Expr => {
  const extra = x.shape.length - shape.length;
  const axes = x.shape.flatMap((d, i) =>
    i < extra || (shape[i - extra] === 1 && d !== 1) ? [i] : [],
  );
  return axes.length === 0 ? x : reshape(sum(x, axes), shape);
};

export const shapes: Table = {
  reshape: toShape,
  view: toShape,
  reshape_as: likeOther,
  view_as: likeOther,
  ravel: unary((x) => reshape(x, [-1])),
  flatten: (c) => {
    const x = inputOf(c);
    if (x.shape.length === 0) return reshape(x, [1]);
    const from = normalAxis(scalarOf(arg(c, 0, "start_dim", 0)), x.shape.length);
    const to = normalAxis(scalarOf(arg(c, 1, "end_dim", -1)), x.shape.length);
    return reshape(x, [
      ...x.shape.slice(0, from),
      sizeOf(x.shape.slice(from, to + 1)),
      ...x.shape.slice(to + 1),
    ]);
  },
  unflatten: (c) => {
    const x = inputOf(c);
    const axis = normalAxis(scalarOf(arg(c, 0, "dim")), x.shape.length);
    const sizes = numbersOf(arg(c, 1, "sizes"));
    const known = sizes.reduce((n, d) => (d === -1 ? n : n * d), 1);
    const inferred = sizes.map((d) => (d === -1 ? (x.shape[axis] ?? 0) / known : d));
    return reshape(x, [...x.shape.slice(0, axis), ...inferred, ...x.shape.slice(axis + 1)]);
  },
  squeeze: (c) => {
    const [x, axis] = [inputOf(c), arg(c, 0, "dim")];
    return axis === null ? squeeze(x) : squeeze(x, axesOf(axis, x.shape.length) ?? []);
  },
  unsqueeze: (c) => expandDims(inputOf(c), scalarOf(arg(c, 0, "dim"))),
  H: unary((x) => swapped(x, 0, -1)),
  T: unary((x) => transpose(x)),
  t: unary((x) => swapped(x, 0, -1)),
  mT: unary((x) => swapped(x, -2, -1)),
  mH: unary((x) => swapped(x, -2, -1)),
  transpose: (c) => swapped(inputOf(c), scalarOf(arg(c, 0, "dim0")), scalarOf(arg(c, 1, "dim1"))),
  permute: (c) => transpose(inputOf(c), shapeOf(c)),
  movedim: (c) => {
    const x = inputOf(c);
    const rank = x.shape.length;
    const from = numbersOf(arg(c, 0, "source")).map((a) => normalAxis(a, rank));
    const to = numbersOf(arg(c, 1, "destination")).map((a) => normalAxis(a, rank));
    const rest = x.shape.map((_, i) => i).filter((i) => !from.includes(i));
    return transpose(
      x,
      x.shape.map((_, i) =>
        to.includes(i) ? (from[to.indexOf(i)] as number) : (rest.shift() as number),
      ),
    );
  },
  atleast_1d: unary(atLeast(1)),
  atleast_2d: unary(atLeast(2)),
  atleast_3d: unary(atLeast(3)),
  expand: (c) => expand(inputOf(c), shapeOf(c)),
  expand_as: (c) => expand(inputOf(c), tensorOf(arg(c, 0, "other")).shape),
  broadcast_to: (c) => expand(inputOf(c), shapeOf(c)),
  sum_to_size: (c) => sumTo(inputOf(c), shapeOf(c)),
};
