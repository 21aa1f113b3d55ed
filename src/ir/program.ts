import { type AnyNode, Expr, type Params, type PrimitiveTag, type Program } from "./expr.ts";

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

/** The names of a primitive's parameters that are programs. */
type ProgramNames<P extends PrimitiveTag> = {
  readonly [K in keyof Params<P>]: Params<P>[K] extends Program ? K : never;
}[keyof Params<P>];

/** The primitives that hold programs. */
export type Holding = {
  readonly [P in PrimitiveTag]: [ProgramNames<P>] extends [never] ? never : P;
}[PrimitiveTag];

/** Where each of them holds its programs, for everything that looks inside. A missing entry does not compile. */
const held: { readonly [P in Holding]: readonly [ProgramNames<P>, ...ProgramNames<P>[]] } = {
  scan: ["body"],
  while: ["body"],
  cond: ["onTrue", "onFalse"],
  call: ["program"],
};

const isHolding = (primitive: PrimitiveTag): primitive is Holding => Object.hasOwn(held, primitive);

/** The programs inside a node by the names of its parameters: the body of a `scan` or `while`, the branches of a `cond`. */
export const namedPrograms = (node: AnyNode): { readonly [name: string]: Program } => {
  if (!isHolding(node.primitive)) return {};
  // These parameters are programs, by the type of the table.
  const params = node.params as unknown as { readonly [name: string]: Program };
  return Object.fromEntries(
    held[node.primitive].map((name: string) => [name, params[name] as Program]),
  );
};

/** The programs inside a node. */
export const innerPrograms = (node: AnyNode): readonly Program[] =>
  isHolding(node.primitive) ? Object.values(namedPrograms(node)) : [];

/** Whether a node, or a program inside it, sums over the named axis. */
export const mentionsAxis = (node: AnyNode, axis: string): boolean =>
  (node.primitive === "axisSum" && node.params.axis === axis) ||
  innerPrograms(node).some((p) => p.nodes.some((n) => mentionsAxis(n, axis)));
