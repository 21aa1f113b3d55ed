import { DtypeMismatch, type Issue, ShapeMismatch } from "../../errors.ts";
import type { Dtype } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type Each, Expr, type Params, type PrimitiveTag, type TensorType } from "../expr.ts";

/**
 * The type rule of a primitive: the types of its outputs, and the issue of its operands, if any.
 *
 * A rule is total. If operands do not fit, it still gives the output types that were most likely meant, so that one
 * compilation reports every mistake of a program and not only the first.
 */
export type TypeRule<P extends PrimitiveTag> = (
  params: Params<P>,
  inputs: Each<P, TensorType>,
  op: P,
) => { readonly outputs: readonly TensorType[]; readonly issue?: Issue };

export type Typed = ReturnType<TypeRule<PrimitiveTag>>;

export const type = (shape: Shape, dtype: Dtype): TensorType => ({ shape, dtype });
export const one = (shape: Shape, dtype: Dtype): Typed => ({ outputs: [type(shape, dtype)] });
export const wrongShape = (
  op: string,
  expected: string,
  inputs: readonly TensorType[],
  outputs: readonly TensorType[],
): Typed => ({
  outputs,
  issue: new ShapeMismatch({ op, expected, actual: inputs.map((t) => t.shape), path: [] }),
});
/** A dtype as text, with the number if the operand is a number written beside tensors. */
export const shownDtype = (x: TensorType): string => {
  if (!(x instanceof Expr)) return x.dtype;
  const { node } = x.node.primitive === "broadcast" ? x.node.inputs[0] : x;
  return node.primitive === "constant" && node.params.value.shape.length === 0
    ? `${x.dtype} (${Tensor.read(node.params.value)[0]})`
    : x.dtype;
};

export const wrongDtype = (
  op: string,
  expected: string,
  inputs: readonly TensorType[],
  outputs: readonly TensorType[],
): Typed => ({
  outputs,
  issue: new DtypeMismatch({ op, expected, actual: inputs.map(shownDtype), path: [] }),
});

/** Whether axes are distinct and exist in a tensor of this rank. */
export const inside = (axes: readonly number[], rank: number): boolean =>
  axes.every((a) => Number.isInteger(a) && a >= 0 && a < rank) &&
  new Set(axes).size === axes.length;

/** The error text for axes that are not valid. */
export const axesText = (axes: readonly number[], rank: number): string =>
  rank === 0
    ? `a tensor with axes, not a scalar with the axes (${axes.join(", ")})`
    : `distinct axes from 0 to ${rank - 1}, not (${axes.join(", ")})`;

/** The error text for two shapes that do not broadcast; it names the axis where they differ. */
export const broadcasting = (x: Shape, y: Shape): string => {
  const rank = Math.max(x.length, y.length);
  const back = Array.from({ length: rank }, (_, i) => -1 - i);
  const apart = back.find((axis) => {
    const [a = 1, b = 1] = [x.at(axis), y.at(axis)];
    return a !== b && a !== 1 && b !== 1;
  });
  // Operations broadcast before they apply a primitive, which itself takes operands of one shape.
  if (apart === undefined) return "operands of one shape";
  const extents = `${x.at(apart)} and ${y.at(apart)} along axis ${apart}`;
  return `shapes that broadcast: from the last axis on, extents are equal or 1, not ${extents}`;
};

/** The type rules of a family of primitives: a missing one does not compile. */
export type TypeRules<F extends PrimitiveTag> = { readonly [P in F]: TypeRule<P> };
