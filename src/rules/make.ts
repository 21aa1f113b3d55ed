import { apply } from "../ir/build.ts";
import type { Expr, Inputs, Params, PrimitiveTag } from "../ir/expr.ts";
import { cast } from "../ir/ops/control.ts";
import { add } from "../ir/ops/elementwise.ts";
import { zerosLike } from "../ir/ops/indexing.ts";
import { broadcastTo } from "../ir/ops/promote.ts";
import { isFloat } from "../tensor/dtype.ts";
import type { BatchRule, JvpRule, MappedAxis, Maybe, VjpRule } from "./rule.ts";

/** Adds two tangents or cotangents; `undefined` is zero. */
export const plus = (a: Maybe, b: Maybe): Maybe =>
  a === undefined ? b : b === undefined ? a : inDtypeOf(a, add(a, b));

/** A tangent or cotangent in the dtype of its primal: that of a half is stored in half, too. */
export const inDtypeOf = (x: Expr, t: Expr): Expr =>
  t.dtype !== x.dtype && isFloat(t.dtype) && isFloat(x.dtype) ? cast(t, x.dtype) : t;

/** A tangent or cotangent of `x` as a value: zeros if it is missing. */
export const orZero = (t: Maybe, x: Expr): Expr => t ?? zerosLike(x);

type Linear<P extends PrimitiveTag> = (
  t: Expr,
  inputs: Inputs<P>,
  output: Expr,
  params: Params<P>,
) => Maybe;

/**
 * Makes the `jvp` rule of a one-output primitive from one function per input, which gives that input's term of the
 * output's tangent. The terms are added; `undefined` marks an input without a derivative.
 */
export const tangents =
  <P extends PrimitiveTag>(
    primitive: P,
    ...partials: readonly (Linear<P> | undefined)[]
  ): JvpRule<P> =>
  (params, primals, ts) => {
    const outputs = apply(primitive, params, primals);
    const [output] = outputs;
    const terms = partials.map((partial, i) => {
      const t = ts[i];
      return t === undefined ? undefined : partial?.(t, primals, output, params);
    });
    return { outputs, tangents: [terms.reduce(plus, undefined)] };
  };

/**
 * Makes the `vjp` rule of a one-output primitive from one function per input, which gives its cotangent from the
 * output's.
 */
export const cotangents =
  <P extends PrimitiveTag>(
    primitive: P,
    ...partials: readonly (Linear<P> | undefined)[]
  ): VjpRule<P> =>
  (params, primals, active) => {
    const outputs = apply(primitive, params, primals);
    const [output] = outputs;
    return {
      outputs,
      pullback: ([ct]) =>
        partials.map((partial, i) =>
          ct === undefined || !active[i] ? undefined : partial?.(ct, primals, output, params),
        ),
    };
  };

/** Makes the derivative rules of a primitive whose derivative is zero everywhere, or that has none. */
export const flat =
  <P extends PrimitiveTag>(primitive: P) =>
  (params: Params<P>, primals: readonly Expr[]) => {
    const outputs = apply(primitive, params, primals);
    return {
      outputs,
      tangents: outputs.map(() => undefined),
      pullback: () => primals.map(() => undefined),
    };
  };

/** `x` with the mapped axis in front: an `x` that is not batched is broadcast along it. */
export const spread = (x: Expr, batched: boolean | undefined, axis: MappedAxis): Expr =>
  batched ? x : broadcastTo(x, [axis.size, ...x.shape]);

/**
 * Makes the `batch` rule of a primitive whose operands and output have one shape: every operand gets the mapped axis.
 */
export const pointwise =
  <P extends PrimitiveTag>(primitive: P): BatchRule<P> =>
  (params, inputs, batched, axis) => ({
    outputs: apply(
      primitive,
      params,
      inputs.map((x, i) => spread(x, batched[i], axis)),
    ),
    batched: [true],
  });

/** Makes the `batch` rule of a one-operand primitive whose parameters only need their axes shifted by one. */
export const shifted =
  <P extends PrimitiveTag>(
    primitive: P,
    move: (params: Params<P>, size: number) => Params<P>,
  ): BatchRule<P> =>
  (params, inputs, _, axis) => {
    const outputs = apply(primitive, move(params, axis.size), inputs);
    return { outputs, batched: outputs.map(() => true) };
  };
