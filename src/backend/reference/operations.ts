import type { AnyNode, PrimitiveTag, Program } from "../../ir/expr.ts";
import { sizeOf } from "../../tensor/shape.ts";

/** Primitives that only move or create elements. */
const movement: ReadonlySet<PrimitiveTag> = new Set([
  ...["reshape", "transpose", "broadcast", "slice", "pad", "concatenate", "reverse", "window"],
  ...["gather", "constant", "parameter", "iota", "stopGradient"],
] as const satisfies readonly PrimitiveTag[]);

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
  if (movement.has(node.primitive)) return 0;
  const outputs = size(node.outputs);
  switch (node.primitive) {
    case "reduce":
    case "argReduce":
    case "cumsum":
    case "overlapAdd":
      return size(node.inputs);
    case "sort": {
      const x = node.inputs[0];
      return x === undefined
        ? 0
        : sizeOf(x.shape) * Math.ceil(Math.log2(Math.max(2, x.shape[node.params.axis] ?? 2)));
    }
    case "scatterAdd":
      return size(node.inputs.slice(2));
    case "dot": {
      const x = node.inputs[0];
      const contracted = node.params.contract[0].reduce((n, a) => n * (x?.shape[a] ?? 1), 1);
      return 2 * outputs * contracted;
    }
    case "randomBits":
      return 30 * outputs;
    case "cond":
      return Math.max(operations(node.params.onTrue), operations(node.params.onFalse));
    case "scan":
      return node.params.length * operations(node.params.body);
    case "call":
      return operations(node.params.program);
    default:
      return outputs;
  }
};

/** Arithmetic operations of one run of a program. */
export const operations = (program: Program): number =>
  program.nodes.reduce((n, node) => n + operationsOf(node), 0);
