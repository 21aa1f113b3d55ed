import type { Expr } from "../../../ir/expr.ts";
import { cast, where } from "../../../ir/ops/control.ts";
import { div, maximum } from "../../../ir/ops/elementwise.ts";
import { fill, take } from "../../../ir/ops/indexing.ts";
import { splitKey } from "../../../ir/ops/random.ts";
import { concatenate, expandDims } from "../../../ir/ops/structural.ts";
import { split } from "../../../tensor/key.ts";
import { declared, open, within } from "../../apply.ts";
import { timeDistributed } from "../../combinators/overTime.ts";
import {
  countByTarget,
  type Ends,
  endsOfAny,
  type Graph,
  maxByTarget,
  sumByTarget,
} from "../../functional/graph.ts";
import type { Composable, Context, OpenLayer } from "../../layer.ts";
import type { ParamsOf, StateOf } from "../../types/chain.ts";
import type { GraphLayer } from "./graphConvolution.ts";

/** Options of {@link messagePassing}. */
export interface MessageOptions {
  /** What becomes of the messages that a node receives. Defaults to `"sum"`. */
  readonly aggregate?: "sum" | "mean" | "max";
}

/**
 * Message passing: one layer makes a message of the features of both ends of each edge, and another makes the new features
 * of a node from its own and the messages that it receives.
 *
 * **Shapes** `over` a graph, for a `message` `[2 · in] → [m]` and an `update` `[in + m] → [out]`:
 * `x: [nodes, in] → y: [nodes, out]`. Params and state are a pair, those of the message and of the update.
 * **Math** `yᵢ = update([xᵢ, Σⱼ message([xᵢ, xⱼ])])` over the edges from `j` to `i`; the mean or the maximum of no message
 * is 0, like their sum. Weights do not count. An edge to or from what is no node carries nothing.
 * **Fails with** `InvalidArgument`, thrown, where edges are tensors and one has an end that is neither a node nor -1;
 * `ShapeMismatch`, when compiled, where the graph or a layer does not fit.
 * **Source** Gilmer et al. (2017), arXiv:1704.01212, equations 1 and 2.
 */
export const messagePassing = <const M extends Composable, const U extends Composable>(
  message: M,
  update: U,
  options: MessageOptions = {},
): GraphLayer<
  number,
  number,
  readonly [ParamsOf<M>, ParamsOf<U>],
  readonly [StateOf<M>, StateOf<U>]
> => {
  const { aggregate = "sum" } = options;
  const over = (graph: Graph) => passingOpen(open(message), open(update), aggregate, graph);
  // A layer on a graph of no edges has the params of all.
  return declared({ ...over({ edges: fill([2, 1], -1, "i32") }), ...{ over } });
};

/** Edges with at least one, since no layer is applied to nothing. */
const some = (ends: Ends): Ends => {
  if (ends.source.shape[0] !== 0) return ends;
  const none = fill([1], -1, "i32");
  return { source: none, target: none, real: fill([1], 0, "bool") };
};

const aggregators = {
  sum: sumByTarget,
  max: maxByTarget,
  mean: (messages: Expr, target: Expr, nodes: number): Expr => {
    const counts = cast(maximum(countByTarget(target, nodes), 1), messages.dtype);
    return div(sumByTarget(messages, target, nodes), expandDims(counts, 1));
  },
};

const passingOpen = (
  message: OpenLayer,
  update: OpenLayer,
  aggregate: keyof typeof aggregators,
  graph: Graph,
): OpenLayer => ({
  name: `messagePassing, ${aggregate}`,
  init: (key) => {
    const [forMessage, forUpdate] = split(key, 2);
    const [m, u] = [message.init(forMessage), update.init(forUpdate)];
    return { params: [m.params, u.params], state: [m.state, u.state] };
  },
  apply: (params, state, x, context) => {
    // Pairs, as `init` makes them.
    const [[mp, up], [ms, us]] = [params, state] as [[unknown, unknown], [unknown, unknown]];
    const [key, other] = splitKey(context.key, 2) as [Context["key"], Context["key"]];
    const nodes = x.shape[0] ?? 0;
    const each = (layer: OpenLayer) => open(timeDistributed(layer));
    const { source, target, real } = some(endsOfAny("messagePassing", graph, nodes, x));
    const ends = concatenate([take(x, target), take(x, source)], 1);
    const [messages, mNext] = within("message", each(message), mp, ms, ends, { ...context, key });
    // A message of padding may be anything.
    const sent = where(expandDims(real, 1), messages, 0);
    const received = aggregators[aggregate](sent, target, nodes);
    const both = concatenate([x, received], 1);
    const own = { ...context, key: other };
    const [y, uNext] = within("update", each(update), up, us, both, own);
    return [y, [mNext, uNext]];
  },
  parts: {
    children: [message, update],
    rebuild: ([m = message, u = update]) => passingOpen(open(m), open(u), aggregate, graph),
  },
});
