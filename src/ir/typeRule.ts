import { DtypeMismatch, type Issue, ShapeMismatch } from "../errors.ts";
import type { Dtype } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Params, PrimitiveTag, TensorType } from "./expr.ts";

/**
 * The type rule of every primitive: what its outputs are, and what is wrong with its operands.
 *
 * A rule is total. Where operands do not fit it still names the outputs that were most likely meant,
 * so that one compilation reports every mistake of a program and not only its first.
 */
export type TypeRule<P extends PrimitiveTag> = (
  params: Params<P>,
  inputs: readonly TensorType[],
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
export const wrongDtype = (
  op: string,
  expected: string,
  inputs: readonly TensorType[],
  outputs: readonly TensorType[],
): Typed => ({
  outputs,
  issue: new DtypeMismatch({ op, expected, actual: inputs.map((t) => t.dtype), path: [] }),
});
export const at = (inputs: readonly TensorType[], i: number): TensorType => inputs[i] as TensorType;

/** The type rule of every primitive of a family: a missing one does not compile. */
export type TypeRules<F extends PrimitiveTag> = { readonly [P in F]: TypeRule<P> };
