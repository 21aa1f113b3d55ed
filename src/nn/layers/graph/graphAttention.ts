import type { Expr } from "../../../ir/expr.ts";
import { dot } from "../../../ir/ops/contraction.ts";
import { add, mul } from "../../../ir/ops/elementwise.ts";
import { take } from "../../../ir/ops/indexing.ts";
import { mean } from "../../../ir/ops/reduction.ts";
import { expandDims, reshape, transpose } from "../../../ir/ops/structural.ts";
import { type Key, split } from "../../../tensor/key.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { finite, share } from "../../../tensor/validate.ts";
import { stateless } from "../../apply.ts";
import { leakyRelu } from "../../functional/activation.ts";
import { lastAxisOf, requireDivides, requireSizes } from "../../functional/affine.ts";
import {
  endsOf,
  type Graph,
  matrixOf,
  onGraph,
  receives,
  softmaxByTarget,
  sumByTarget,
  withSelfLoops,
} from "../../functional/graph.ts";
import { softmaxOfSeen } from "../../functional/seen.ts";
import { glorotUniform, type Initializer, zeros } from "../../initializers.ts";
import type { Context, Symbolic } from "../../layer.ts";
import { dropout } from "../lambda.ts";
import type { GraphLayer } from "./graphConvolution.ts";

/** The params of {@link graphAttention}: the map of all heads, and what scores the two ends of an edge for each head. */
export interface GraphAttentionParams {
  readonly weight: Tensor;
  readonly source: Tensor;
  readonly target: Tensor;
  readonly bias?: Tensor;
}

/** Options of {@link graphAttention}. */
export interface GraphAttentionOptions {
  /** The number of heads. Defaults to 1. */
  readonly heads?: number;
  /** Whether heads are joined, each with `out/heads` features, or their mean is taken. Defaults to `"concatenate"`. */
  readonly join?: "concatenate" | "mean";
  /** The slope of scores below 0. Defaults to 0.2. */
  readonly slope?: number;
  /** Whether each node attends to itself, too. Defaults to `true`. */
  readonly selfLoops?: boolean;
  /** Dropout rate of the attention weights. Defaults to 0. */
  readonly dropout?: number;
  /** Whether to add a bias, which begins as 0. Defaults to `true`. */
  readonly bias?: boolean;
  /** How the weights begin. Defaults to `glorotUniform`. */
  readonly weightInit?: Initializer;
}

/**
 * Graph attention: each node gets a mean of its neighbors, weighted by how well the features of both fit.
 *
 * **Shapes** `over` a graph, `x: [nodes, in] → y: [nodes, out]`; `weight: [in, heads · size]`, `source` and `target`
 * `[heads, size]`, where `size` is `out/heads`, or `out` for the mean of heads.
 * **Math** for an edge from `j` to `i`, `e = leakyReLU(target·Wxᵢ + source·Wxⱼ)`; `yᵢ = Σⱼ softmaxⱼ(e) Wxⱼ` by head, plus
 * the bias. Only that there is an edge counts, and not its weight. A node without edges attends to itself; without
 * `selfLoops` it has zeros. An edge to or from what is no node carries nothing; one that is listed twice counts twice.
 * **Fails with** `InvalidArgument`, thrown, where a size is not a positive whole number, heads do not divide the outputs that
 * they are joined to, or edges are tensors and one has an end that is neither a node nor -1; `ShapeMismatch`, when compiled,
 * where the graph does not fit.
 * **Source** Veličković et al. (2017), arXiv:1710.10903, equations 3 to 6, without the last nonlinearity.
 */
export const graphAttention = <const I extends number, const O extends number>(
  inputs: I,
  outputs: O,
  options: GraphAttentionOptions = {},
): GraphLayer<I, O, GraphAttentionParams> => {
  const op = "graphAttention";
  const { heads = 1, join = "concatenate", slope = 0.2, selfLoops = true } = options;
  const { bias = true, weightInit = glorotUniform, dropout: rate = 0 } = options;
  requireSizes(op, { inputs, outputs, heads });
  finite(op, { slope });
  share(op, { dropout: rate });
  if (join === "concatenate") requireDivides(op, "heads", heads, outputs);
  const size = join === "concatenate" ? outputs / heads : outputs;
  const drop = dropout(rate);
  const name = `graphAttention ${inputs} → ${outputs}, ${heads} heads`;
  const init = (key: Key): GraphAttentionParams => {
    const [w, s, t, b] = split(key, 4);
    // As if both parts of the vector that scores an edge were one.
    const fan = { in: 2 * size, out: 1 };
    return {
      weight: weightInit(w, [inputs, heads * size], { in: inputs, out: heads * size }),
      source: weightInit(s, [heads, size], fan),
      target: weightInit(t, [heads, size], fan),
      ...(bias ? { bias: zeros(b, [outputs]) } : {}),
    };
  };

  /** What each node receives by head, `[nodes, heads, size]`. */
  const attended = (
    { source, target }: Symbolic<GraphAttentionParams>,
    h: Expr,
    graph: Graph,
    context: Context,
  ): Expr => {
    const nodes = h.shape[0] ?? 0;
    const dropped = (weights: Expr): Expr => drop.apply(undefined, undefined, weights, context)[0];
    const scoreOf = (by: Expr): Expr => dot(h, by, [[2], [1]], [[1], [0]]);
    // `[heads, nodes]`.
    const [from, to] = [scoreOf(source), scoreOf(target)];
    if ("adjacency" in graph) {
      const seen = receives(matrixOf(graph, h), selfLoops);
      const scores = leakyRelu(add(expandDims(to, 2), expandDims(from, 1)), slope);
      const weights = dropped(softmaxOfSeen(scores, seen));
      return transpose(dot(weights, h, [[2], [0]], [[0], [1]]), [1, 0, 2]);
    }
    const given = endsOf(op, graph, nodes);
    const ends = selfLoops ? withSelfLoops(given, nodes) : given;
    const at = (score: Expr, end: Expr): Expr => take(transpose(score, [1, 0]), end);
    const scores = leakyRelu(add(at(to, ends.target), at(from, ends.source)), slope);
    const weights = dropped(softmaxByTarget(scores, ends, nodes));
    return sumByTarget(mul(expandDims(weights, 2), take(h, ends.source)), ends.target, nodes);
  };

  return {
    name,
    init: (key) => ({ params: init(key), state: undefined }),
    over: (graph) =>
      stateless(name, init, (params, x, context) =>
        onGraph(op, inputs, graph, x, (fitting) => {
          const nodes = x.shape[0] ?? 0;
          const mapped = dot(lastAxisOf(x, inputs), params.weight, [[1], [0]]);
          const h = reshape(mapped, [nodes, heads, size]);
          const each = attended(params, h, fitting, context);
          const y = join === "mean" ? mean(each, 1) : reshape(each, [nodes, outputs]);
          return params.bias === undefined ? y : add<Expr, Expr>(y, params.bias);
        }),
      ),
  };
};
