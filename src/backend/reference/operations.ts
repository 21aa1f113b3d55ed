import type { AnyNode, Node, PrimitiveTag, Program } from "../../ir/expr.ts";
import { type Elementwise, isElementwise } from "../../ir/traits.ts";
import { sizeOf } from "../../tensor/shape.ts";

const size = (types: readonly { readonly shape: readonly number[] }[]): number =>
  types.reduce((n, t) => n + sizeOf(t.shape), 0);

/**
 * Counts the arithmetic operations of one run of a node: one per element that an element-wise function returns or a
 * reduction reads, two per product in a contraction.
 *
 * A sort of `n` elements counts `n log₂ n` comparisons, Threefry 20 rounds of 3 operations per two words, and `cond`
 * its more expensive branch.
 */
export const operationsOf = (node: AnyNode): number => {
  if (isElementwise(node)) return size(node.outputs);
  const { primitive } = node as AnyNode & { readonly primitive: Whole };
  // TypeScript does not see that the count of a node's own primitive takes the node.
  return (counts[primitive] as (own: AnyNode) => number)(node);
};

type Whole = Exclude<PrimitiveTag, Elementwise>;

const none = (): number => 0;
const taken = ({ inputs }: AnyNode): number => size(inputs);

const counts: { readonly [P in Whole]: (node: Node<P>) => number } = {
  // These only move or create elements.
  reshape: none,
  transpose: none,
  broadcast: none,
  slice: none,
  pad: none,
  concatenate: none,
  reverse: none,
  window: none,
  gather: none,
  constant: none,
  parameter: none,
  iota: none,
  stopGradient: none,

  reduce: taken,
  argReduce: taken,
  cumsum: taken,
  overlapAdd: taken,
  scatterAdd: ({ inputs }) => size(inputs.slice(2)),
  axisSum: ({ outputs }) => size(outputs),
  sort: ({ inputs, params }) => {
    const [x] = inputs;
    if (x === undefined) return 0;
    return sizeOf(x.shape) * Math.ceil(Math.log2(Math.max(2, x.shape[params.axis] ?? 2)));
  },
  dot: ({ inputs, outputs, params }) => {
    const contracted = params.contract[0].reduce((n, a) => n * (inputs[0]?.shape[a] ?? 1), 1);
    return 2 * size(outputs) * contracted;
  },
  randomBits: ({ outputs }) => 30 * size(outputs),
  cond: ({ params }) => Math.max(operations(params.onTrue), operations(params.onFalse)),
  scan: ({ params }) => params.length * operations(params.body),
  // As many rounds as there may be, or one where nobody knows.
  while: ({ params }) => (params.bound ?? 1) * operations(params.body),
  call: ({ params }) => operations(params.program),
};

/** Arithmetic operations of one run of a program. */
export const operations = (program: Program): number =>
  program.nodes.reduce((n, node) => n + operationsOf(node), 0);
