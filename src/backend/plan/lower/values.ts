import type { AnyNode, Expr, Params, PrimitiveTag, Program, TensorType } from "../../../ir/expr.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { type Buffer, bufferOf, makeBuffer, type View, whole } from "../view.ts";
import { type Lowering, lowerings } from "./lowering.ts";

/** The values of one region: how each expression is read, and which node makes each buffer. */
export interface Scope {
  /** The nodes that compute something, in order; views and constants do not. */
  readonly nodes: readonly AnyNode[];
  readonly view: (x: Expr) => View;
  /** The first output of a node. */
  readonly viewOf: (node: AnyNode) => View;
  readonly operands: (node: AnyNode) => readonly View[];
  readonly buffersOf: (node: AnyNode) => readonly Buffer[];
  readonly producer: (buffer: Buffer) => AnyNode | undefined;
  readonly position: (node: AnyNode) => number;
  readonly bufferName: (buffer: Buffer) => string;
}

export const isPointwise = (node: AnyNode): boolean =>
  lowerings[node.primitive].kind === "pointwise";

/** A node as a view of its operand or of no operand; `undefined` if it needs a kernel. */
const viewOfNode = (
  node: AnyNode,
  operands: readonly View[],
  constant: (value: Tensor) => View,
): View | undefined => {
  const lowering = lowerings[node.primitive] as Lowering<PrimitiveTag>;
  // TypeScript does not see that a node's parameters are those of its primitive's rule.
  const params = node.params as Params<never>;
  if (lowering.kind === "source") return lowering.view(params, constant);
  if (lowering.kind === "view")
    return lowering.view(params, operands[0] as View, node.outputs[0] as TensorType);
  return undefined;
};

export const scopeOf = (
  { constant }: { readonly constant: (value: Tensor) => View },
  program: Program,
  inputs: readonly View[],
): Scope => {
  const views = new Map<AnyNode, readonly View[]>();
  const operandsOf = new Map<AnyNode, readonly View[]>();
  const producers = new Map<Buffer, AnyNode>();
  const positions = new Map<AnyNode, number>();
  const names = new Map<Buffer, string>();
  const nodes: AnyNode[] = [];
  program.inputs.forEach((x, i) => {
    views.set(x.node, [inputs[i] as View]);
  });
  const view = (x: Expr): View => views.get(x.node)?.[x.index] as View; // programs are closed and in order
  for (const [position, node] of program.nodes.entries()) {
    const operands = node.inputs.map(view);
    const known = viewOfNode(node, operands, constant);
    if (known !== undefined) {
      views.set(node, [known]);
      continue;
    }
    const buffers = node.outputs.map(({ shape, dtype }) =>
      makeBuffer(dtype, sizeOf(shape), node.primitive, true),
    );
    for (const buffer of buffers) producers.set(buffer, node);
    views.set(
      node,
      node.outputs.map(({ shape }, i) => whole(buffers[i] as Buffer, shape)),
    );
    operandsOf.set(node, operands);
    positions.set(node, position);
    nodes.push(node);
  }
  const viewOf = (node: AnyNode): View => views.get(node)?.[0] as View;
  return {
    nodes,
    view,
    viewOf,
    operands: (node) => operandsOf.get(node) ?? [],
    buffersOf: (node) => (views.get(node) ?? []).flatMap((v) => bufferOf(v) ?? []),
    producer: (buffer) => producers.get(buffer),
    position: (node) => positions.get(node) ?? 0,
    bufferName: (buffer) => {
      const name = names.get(buffer) ?? `b${names.size}`;
      names.set(buffer, name);
      return name;
    },
  };
};
