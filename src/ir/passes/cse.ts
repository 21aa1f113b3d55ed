import { reapply } from "../build.ts";
import type { AnyNode, Expr, Program } from "../expr.ts";
import { nodeKey } from "../hash/hash.ts";
import { innerPrograms } from "../program.ts";
import { traitsOf } from "../traits.ts";
import { outputsOf, rewrite } from "./rewrite.ts";

/**
 * Whether a node contains a call. After inlining these are checkpoints, which exist to compute values again: merging
 * two would keep the values in memory.
 */
const holdsCall = (node: AnyNode): boolean =>
  node.primitive === "call" || innerPrograms(node).some((p) => p.nodes.some(holdsCall));

/** Common subexpression elimination: replaces nodes that compute the same by the first of them. */
export const cse = (p: Program): Program => {
  const numbers = new Map<AnyNode, number>();
  const name = (x: Expr): string => {
    const number = numbers.get(x.node) ?? numbers.size;
    numbers.set(x.node, number);
    return `${number}.${x.index}`;
  };
  const first = new Map<string, readonly Expr[]>();
  return rewrite(p, (node, inputs) => {
    if (holdsCall(node)) return undefined;
    const ordered = traitsOf(node.primitive)?.commutes
      ? [...inputs].sort((x, y) => (name(x) < name(y) ? -1 : 1))
      : inputs;
    const key = nodeKey(node, name, ordered);
    const earlier = first.get(key);
    if (earlier !== undefined) return earlier;
    const changed = inputs !== node.inputs;
    const outputs = changed ? reapply(node, inputs) : outputsOf(node);
    first.set(key, outputs);
    return changed ? outputs : undefined;
  });
};
