import { type AnyNode, Expr, type Program } from "./expr.ts";

/**
 * All nodes that `outputs` depend on, operands before users. Stops at the nodes of `known`, and at those made before
 * `since`. Iterative, since graphs may be deep.
 */
export const topological = (
  outputs: readonly Expr[],
  known: Iterable<AnyNode> = [],
  since = 0,
): readonly AnyNode[] => {
  const order: AnyNode[] = [];
  const done = new Set<AnyNode>(known);
  const stack: { readonly node: AnyNode; next: number }[] = [];
  for (const output of outputs) {
    if (done.has(output.node) || Expr.was(output, since)) continue;
    done.add(output.node);
    stack.push({ node: output.node, next: 0 });
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const input = top.node.inputs[top.next++];
      if (input === undefined) {
        order.push(top.node);
        stack.pop();
      } else if (!done.has(input.node) && !Expr.was(input, since)) {
        done.add(input.node);
        stack.push({ node: input.node, next: 0 });
      }
    }
  }
  return order;
};

/** Makes a program of `outputs` as a function of the parameters `inputs`. */
export const program = (inputs: readonly Expr[], outputs: readonly Expr[]): Program => ({
  inputs,
  nodes: topological(outputs).filter((node) => node.primitive !== "parameter"),
  outputs,
});

/** The programs inside a node: the body of a `scan` or `while`, the branches of a `cond`, the program of a `call`. */
export const innerPrograms = (node: AnyNode): readonly Program[] => {
  switch (node.primitive) {
    case "scan":
    case "while":
      return [node.params.body];
    case "cond":
      return [node.params.onTrue, node.params.onFalse];
    case "call":
      return [node.params.program];
    default:
      return [];
  }
};

/** Whether a node, or a program inside it, sums over the named axis. */
export const mentionsAxis = (node: AnyNode, axis: string): boolean =>
  (node.primitive === "axisSum" && node.params.axis === axis) ||
  innerPrograms(node).some((p) => p.nodes.some((n) => mentionsAxis(n, axis)));
