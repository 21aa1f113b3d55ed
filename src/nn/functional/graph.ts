import { InvalidArgument, ShapeMismatch } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { cast, stopGradient, where } from "../../ir/ops/control.ts";
import {
  add,
  and,
  div,
  eq,
  exp,
  ge,
  gt,
  lt,
  mul,
  ne,
  not,
  rsqrt,
  sub,
} from "../../ir/ops/elementwise.ts";
import { fill, iota, scatterAdd, take, takeAlongAxis } from "../../ir/ops/indexing.ts";
import { broadcastTo, lift, mistaken } from "../../ir/ops/promote.ts";
import { argsort, cumsum, sum } from "../../ir/ops/reduction.ts";
import { concatenate, expandDims, index, reshape } from "../../ir/ops/structural.ts";
import { asOne, refuse } from "../../ir/types/diagnose.ts";
import { sameShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** Sums, maxima and weights over the edges of a graph: what layers of graphs are made of. */

/**
 * A graph as the list of its edges: the first row of `edges` has where each begins, and the second where it ends. An edge
 * with an end that is no node, such as -1, is padding and carries nothing.
 *
 * **Shapes** `edges: [2, edges]` of i32, `weights: [edges]`, which default to 1.
 */
export interface EdgeList {
  readonly edges: Tensor | Expr;
  readonly weights?: Tensor | Expr;
}

/** A graph as the matrix of its weights: row `i` has what node `i` receives from each node, and 0 from most. */
export interface Adjacency {
  readonly adjacency: Tensor | Expr;
}

/** A graph, directed: an undirected edge is one in each direction. */
export type Graph = EdgeList | Adjacency;

/** The ends of edges, `[edges]` of i32: both are -1 where one of them is no node. `real` tells which are not padding. */
export interface Ends {
  readonly source: Expr;
  readonly target: Expr;
  readonly real: Expr;
}

/** The numbers of a constant, if the expression is one. */
const known = (x: Expr): Tensor | undefined =>
  x.node.primitive === "constant" ? (x.node.params as { readonly value: Tensor }).value : undefined;

/** Refuses edges whose ends are known and are neither nodes nor -1. **Fails with** `InvalidArgument`, thrown. */
const refuseStrange = (op: string, edges: Expr, nodes: number): void => {
  const value = known(edges);
  if (value === undefined) return;
  const ends = Tensor.read(value);
  const at = ends.findIndex((end) => end < -1 || end >= nodes);
  if (at < 0) return;
  const edge = at % (ends.length / 2);
  throw new InvalidArgument({
    op,
    argument: `edges: the ${at < ends.length / 2 ? "source" : "target"} of edge ${edge}`,
    expected: `a node from 0 to ${nodes - 1}, or -1 for padding`,
    actual: String(ends[at]),
  });
};

/**
 * The ends of the edges of a graph.
 *
 * **Fails with** `InvalidArgument`, thrown, where edges are known and an end is neither a node nor -1.
 */
export const endsOf = (op: string, { edges }: EdgeList, nodes: number): Ends => {
  const given = lift(edges);
  const fits = given.shape.length === 2 && given.shape[0] === 2 && given.dtype === "i32";
  const list = fits ? given : mistaken(op, "i32 edges [2, edges]", given, [2, 1]);
  const both = fits ? list : cast(list, "i32");
  if (fits) refuseStrange(op, both, nodes);
  const [from, to]: readonly [Expr, Expr] = [index(both, 0), index(both, 1)];
  const isNode = (end: Expr): Expr => and(ge(end, 0), lt(end, nodes));
  const real = and(isNode(from), isNode(to));
  return { source: where(real, from, -1), target: where(real, to, -1), real };
};

/** The ends of the edges of any graph: each pair of nodes is an edge of a matrix, or padding where the matrix has 0. */
export const endsOfAny = (op: string, graph: Graph, nodes: number, like: Expr): Ends => {
  const own = fitting(op, graph, like);
  if ("edges" in own) return endsOf(op, own, nodes);
  const present = ne(matrixOf(own, like), 0);
  const end = (axis: number): Expr =>
    reshape(where(present, iota([nodes, nodes], axis), -1), [nodes * nodes]);
  return { source: end(1), target: end(0), real: reshape(present, [nodes * nodes]) };
};

/** The weights of edges, 0 for padding. */
const weightsOf = (op: string, { weights }: EdgeList, { real }: Ends, like: Expr): Expr => {
  if (weights === undefined) return cast(real, like.dtype);
  const given = lift(weights);
  const fitting = sameShape(given.shape, real.shape)
    ? given
    : mistaken(op, `one weight for each of the ${real.shape[0]} edges`, given, real.shape);
  return where(real, cast(fitting, like.dtype), 0);
};

/** The adjacency of a graph, as a matrix of the dtype of `like`. */
export const matrixOf = ({ adjacency }: Adjacency, like: Expr): Expr =>
  cast(lift(adjacency), like.dtype);

/** A graph whose adjacency fits the features of its nodes; otherwise both are reported, since either may be wrong. */
const fitting = (op: string, graph: Graph, features: Expr): Graph => {
  if ("edges" in graph) return graph;
  const given = lift(graph.adjacency);
  const nodes = features.shape[0] ?? 0;
  if (sameShape(given.shape, [nodes, nodes])) return { adjacency: given };
  const expected = "[nodes, features] and [nodes, nodes]";
  const issue = new ShapeMismatch({
    op,
    expected,
    actual: [features.shape, given.shape],
    path: [],
  });
  const meant = [{ shape: [nodes, nodes], dtype: given.dtype }] as const;
  return { adjacency: refuse(issue, [features, given], meant)[0] };
};

/**
 * Makes the features of nodes on a graph. What does not fit is reported as the mistake of `op`, once, with the features
 * and the adjacency that were given.
 */
export const onGraph = (
  op: string,
  inputs: number,
  graph: Graph,
  x: Expr,
  make: (graph: Graph) => Expr,
): Expr => {
  const takes = `[nodes, ${inputs}]`;
  if ("edges" in graph) return asOne(op, takes, [x], () => make(graph));
  const adjacency = lift(graph.adjacency);
  return asOne(op, `${takes} and [nodes, nodes]`, [x, adjacency], () =>
    make(fitting(op, { adjacency }, x)),
  );
};

/** The sums of `values: [edges, ...]` by target, `[nodes, ...]`. */
export const sumByTarget = (values: Expr, target: Expr, nodes: number): Expr =>
  scatterAdd(fill([nodes, ...values.shape.slice(1)], 0, values.dtype), target, values);

/** The number of edges that end at each node, `[nodes]` of i32. */
export const countByTarget = (target: Expr, nodes: number): Expr =>
  sumByTarget(fill(target.shape, 1, "i32"), target, nodes);

/** The maxima of `values: [edges, features]` by target, `[nodes, features]`; 0 where no edge ends. */
export const maxByTarget = (values: Expr, target: Expr, nodes: number): Expr => {
  const [edges = 0, features = 0] = values.shape;
  if (edges === 0) return fill([nodes, features], 0, values.dtype);
  const beside = (x: Expr, rows: number): Expr => broadcastTo(expandDims(x, 1), [rows, features]);
  // By value and then, stably, by target: the greatest of a target comes last, and padding before all.
  const byValue = argsort(values, 0);
  const byTarget = argsort(takeAlongAxis(beside(target, edges), byValue, 0), 0);
  const order = takeAlongAxis(byValue, byTarget, 0);
  const counts = countByTarget(target, nodes);
  const padding = sub(edges, sum(counts));
  const last = sub(add(cumsum(counts, 0), padding), 1);
  const greatest = takeAlongAxis(values, takeAlongAxis(order, beside(last, nodes), 0), 0);
  return where(expandDims(gt(counts, 0), 1), greatest, 0);
};

/** The softmax of `scores: [edges, heads]` over the edges with one target; 0 for padding. */
export const softmaxByTarget = (scores: Expr, { target, real }: Ends, nodes: number): Expr => {
  const greatest = maxByTarget(stopGradient(scores), target, nodes);
  const beside = expandDims(real, 1);
  const powers = where(beside, exp(sub(where(beside, scores, 0), take(greatest, target))), 0);
  const totals = take(sumByTarget(powers, target, nodes), target);
  return div(powers, where(beside, totals, 1));
};

/** Edges, and one from each node to itself in place of those that are given. */
export const withSelfLoops = ({ source, target, real }: Ends, nodes: number): Ends => {
  const others = and(real, ne(source, target));
  const self = iota([nodes]);
  const joined = (ends: Expr): Expr => concatenate([where(others, ends, -1), self]);
  return {
    source: joined(source),
    target: joined(target),
    real: concatenate([others, eq(self, self)]),
  };
};

/** Whether each node receives from each: edges that are not 0, and where `self` those from a node to itself. */
export const receives = (adjacency: Expr, self: boolean): Expr => {
  const edges = ne(adjacency, 0);
  if (!self) return edges;
  const n = adjacency.shape[0] ?? 0;
  return not(and(not(edges), ne(iota([n, n], 0), iota([n, n], 1))));
};

/** 1/√degree, and 0 for a node without edges. */
const scalesOf = (degrees: Expr): Expr => {
  const none = eq(degrees, 0);
  return where(none, 0, rsqrt(where(none, 1, degrees)));
};

/**
 * The sum of what each node receives, with the normalized weights of a graph convolution.
 *
 * **Shapes** `x: [nodes, features] → [nodes, features]`.
 * **Math** `D^(-1/2) A D^(-1/2) x`, or with `selfLoops` that of `A + I`; `D` has the sums of rows.
 */
export const propagate = (op: string, graph: Graph, x: Expr, selfLoops: boolean): Expr => {
  const nodes = x.shape[0] ?? 0;
  const own = selfLoops ? 1 : 0;
  if ("adjacency" in graph) {
    const weights = matrixOf(graph, x);
    const scales = expandDims(scalesOf(add(sum(weights, 1), own)), 1);
    const scaled = mul(scales, x);
    const received = dot(weights, scaled, [[1], [0]]);
    return mul(scales, selfLoops ? add(received, scaled) : received);
  }
  const ends = endsOf(op, graph, nodes);
  const weights = weightsOf(op, graph, ends, x);
  const scales = expandDims(scalesOf(add(sumByTarget(weights, ends.target, nodes), own)), 1);
  const scaled = mul(scales, x);
  const sent = mul(expandDims(weights, 1), take(scaled, ends.source));
  const received = sumByTarget(sent, ends.target, nodes);
  return mul(scales, selfLoops ? add(received, scaled) : received);
};
