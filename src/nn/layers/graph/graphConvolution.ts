import { dot } from "../../../ir/ops/contraction.ts";
import { add } from "../../../ir/ops/elementwise.ts";
import type { Key } from "../../../tensor/key.ts";
import { stateless } from "../../apply.ts";
import {
  type AffineOptions,
  type AffineParams,
  initAffine,
  lastAxisOf,
  requireSizes,
} from "../../functional/affine.ts";
import { type Graph, onGraph, propagate } from "../../functional/graph.ts";
import { glorotUniform, zeros } from "../../initializers.ts";
import type { Initial, Layer } from "../../layer.ts";

/** A layer of graphs: `over` a graph it is a layer of the features of the nodes. */
export interface GraphLayer<I extends number, O extends number, P, S = undefined> {
  readonly name: string;
  readonly init: (key: Key) => Initial<P, S>;
  /**
   * The layer on one graph.
   *
   * **Shapes** `x: [nodes, in] → y: [nodes, out]`.
   */
  readonly over: (graph: Graph) => Layer<readonly [number, I], readonly [number, O], P, S>;
}

/** Options of {@link graphConvolution}. */
export interface GraphConvolutionOptions extends AffineOptions {
  /** Whether each node receives from itself, besides what the graph says. Defaults to `true`. */
  readonly selfLoops?: boolean;
}

/**
 * Graph convolution: each node gets the mean of its own features and those of its neighbors, weighted by degrees, times a
 * weight matrix.
 *
 * **Shapes** `over` a graph, `x: [nodes, in] → y: [nodes, out]`; `weight: [in, out]`, `bias: [out]`.
 * **Math** `y = D^(-1/2) (A + I) D^(-1/2) x W + b`, where `D` has the sums of the rows of `A + I`. A node without edges has
 * its own features; without `selfLoops` it has zeros. An edge to or from what is no node carries nothing.
 * **Fails with** `InvalidArgument`, thrown, where a size is not a positive whole number, or edges are tensors and one has an
 * end that is neither a node nor -1; `ShapeMismatch`, when compiled, where the graph does not fit.
 * **Source** Kipf and Welling (2016), arXiv:1609.02907, equation 2.
 *
 * @example
 * ```ts
 * import { relu, sequential, tensor } from "fluxion";
 * import { graphConvolution, summary } from "fluxion/nn";
 * const path = { edges: tensor([[0, 1, 1, 2], [1, 0, 2, 1]], "i32") };
 * const model = sequential(graphConvolution(5, 8).over(path), relu, graphConvolution(8, 2).over(path));
 * summary(model, [3, 5])[0]?.output // => [3, 2]
 * ```
 */
export const graphConvolution = <const I extends number, const O extends number>(
  inputs: I,
  outputs: O,
  options: GraphConvolutionOptions = {},
): GraphLayer<I, O, AffineParams> => {
  requireSizes("graphConvolution", { inputs, outputs });
  const { selfLoops = true, ...maps } = options;
  const name = `graphConvolution ${inputs} → ${outputs}`;
  const init = (key: Key): AffineParams =>
    initAffine(key, inputs, outputs, { weightInit: glorotUniform, biasInit: zeros, ...maps });
  return {
    name,
    init: (key) => ({ params: init(key), state: undefined }),
    over: (graph) =>
      stateless(name, init, ({ weight, bias }, x) =>
        onGraph("graphConvolution", inputs, graph, x, (fitting) => {
          const mapped = dot(lastAxisOf(x, inputs), weight, [[1], [0]]);
          const received = propagate("graphConvolution", fitting, mapped, selfLoops);
          return bias === undefined ? received : add(received, bias);
        }),
      ),
  };
};
