import type { Dtype } from "../../../tensor/dtype.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import { filled } from "../../build.ts";
import type { AnyNode, Expr, Inputs, Node, Params, PrimitiveTag } from "../../expr.ts";

/** Makes a node that replaces another one, under its path. */
export type Make = <P extends PrimitiveTag>(
  primitive: P,
  params: Params<P>,
  ...inputs: readonly Expr[]
) => Expr;

/**
 * Finds a simpler expression that equals a one-output node bit for bit; `undefined` if there is none. `once` says
 * whether an operand has no other user, so that its computation may be changed.
 */
export type Identity<P extends PrimitiveTag> = (
  params: Params<P>,
  inputs: Inputs<P>,
  make: Make,
  once: (x: Expr) => boolean,
) => Expr | undefined;

export type Identities = { readonly [P in PrimitiveTag]?: Identity<P> };

/** The two operands of a binary node. */
export type Pair = Inputs<"add">;

/** The node of an expression, if it is of this primitive. */
export const nodeIf = <P extends PrimitiveTag>(x: Expr, primitive: P): Node<P> | undefined => {
  const node: AnyNode = x.node;
  // The union of nodes narrows by its tag, which TypeScript does not follow through a type parameter.
  return node.primitive === primitive ? (node as Node as Node<P>) : undefined;
};

/** The operand of an expression, if its node is of this primitive. */
export const operandOf = (x: Expr, primitive: PrimitiveTag): Expr | undefined =>
  nodeIf(x, primitive)?.inputs[0];

/** The scalar that an expression broadcasts, if it is a broadcast scalar. */
export const repeated = (x: Expr): Expr | undefined => {
  if (x.shape.length === 0) return x;
  const node = nodeIf(x, "broadcast");
  return node !== undefined && node.params.axes.length === 0 ? node.inputs[0] : undefined;
};

/** The number that all elements of an expression are known to equal, if any. */
export const literal = (x: Expr): number | undefined => {
  const scalar = repeated(x);
  const node = scalar && nodeIf(scalar, "constant");
  return node && Tensor.read(node.params.value)[0];
};

/** Whether all elements are known to equal this number; `-0` and `0` differ. */
export const is = (x: Expr, value: number): boolean => Object.is(literal(x), value);

/** A tensor of the shape of `x`, filled with one number. */
export const fillLike = (x: Expr, value: number, dtype: Dtype = x.dtype): Expr =>
  filled(x.shape, dtype, value);
