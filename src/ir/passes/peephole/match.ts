import type { Dtype } from "../../../tensor/dtype.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import { filled } from "../../build.ts";
import type { AnyNode, Expr, Node, Params, PrimitiveTag } from "../../expr.ts";

/** Makes a node where another one was, under its path. */
export type Make = <P extends PrimitiveTag>(
  primitive: P,
  params: Params<P>,
  ...inputs: readonly Expr[]
) => Expr;

/**
 * A simpler expression that is equal to a node of one output, bit for bit; `undefined` if there is none.
 * `once` says whether an operand has no other user, so that what it computes may be computed differently.
 */
export type Identity<P extends PrimitiveTag> = (
  params: Params<P>,
  inputs: readonly Expr[],
  make: Make,
  once: (x: Expr) => boolean,
) => Expr | undefined;

export type Identities = { readonly [P in PrimitiveTag]?: Identity<P> };

/** The node of an expression if it is of this primitive. */
export const nodeIf = <P extends PrimitiveTag>(x: Expr, primitive: P): Node<P> | undefined => {
  const node: AnyNode = x.node;
  // The union of nodes narrows by its tag, which TypeScript does not follow through a type parameter.
  return node.primitive === primitive ? (node as Node as Node<P>) : undefined;
};

/** The operand of a node of this primitive, if an expression is one. */
export const operandOf = (x: Expr, primitive: PrimitiveTag): Expr | undefined =>
  nodeIf(x, primitive)?.inputs[0];

/** The scalar that an expression repeats, if it does nothing else. */
export const repeated = (x: Expr): Expr | undefined => {
  if (x.shape.length === 0) return x;
  const node = nodeIf(x, "broadcast");
  return node !== undefined && node.params.axes.length === 0 ? node.inputs[0] : undefined;
};

/** The number that every element of an expression is, if it is known. */
export const literal = (x: Expr): number | undefined => {
  const scalar = repeated(x);
  const node = scalar && nodeIf(scalar, "constant");
  return node && Tensor.read(node.params.value)[0];
};

/** Whether the operand is known to be this number everywhere: `-0` and `0` are told apart. */
export const is = (x: Expr, value: number): boolean => Object.is(literal(x), value);

/** A tensor like `x` of one number. */
export const fillLike = (x: Expr, value: number, dtype: Dtype = x.dtype): Expr =>
  filled(x.shape, dtype, value);
