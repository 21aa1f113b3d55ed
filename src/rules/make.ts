import { apply } from "../ir/build.ts";
import type { Expr, Params, PrimitiveTag } from "../ir/expr.ts";
import { add } from "../ir/ops/elementwise.ts";
import { zerosLike } from "../ir/ops/indexing.ts";
import { broadcastTo } from "../ir/ops/promote.ts";
import type { BatchRule, JvpRule, MappedAxis, Maybe, VjpRule } from "./rule.ts";

/** The sum of two tangents or cotangents, where `undefined` is zero. */
export const plus = (a: Maybe, b: Maybe): Maybe =>
  a === undefined ? b : b === undefined ? a : add(a, b);

/** A tangent or cotangent of `x` as a value. */
export const orZero = (t: Maybe, x: Expr): Expr => t ?? zerosLike(x);

type Linear<P extends PrimitiveTag> = (
  t: Expr,
  inputs: readonly Expr[],
  output: Expr,
  params: Params<P>,
) => Maybe;

/**
 * The `jvp` rule of a primitive with one output: for each input, how its tangent enters the output's,
 * which is their sum. `undefined` marks an input that has no derivative.
 */
export const tangents =
  <P extends PrimitiveTag>(
    primitive: P,
    ...partials: readonly (Linear<P> | undefined)[]
  ): JvpRule<P> =>
  (params, primals, ts) => {
    const outputs = apply(primitive, params, primals);
    const output = outputs[0] as Expr;
    const terms = partials.map((partial, i) => {
      const t = ts[i];
      return t === undefined ? undefined : partial?.(t, primals, output, params);
    });
    return { outputs, tangents: [terms.reduce(plus, undefined)] };
  };

/**
 * The `vjp` rule of a primitive with one output: for each input, its cotangent from the output's.
 */
export const cotangents =
  <P extends PrimitiveTag>(
    primitive: P,
    ...partials: readonly (Linear<P> | undefined)[]
  ): VjpRule<P> =>
  (params, primals, active) => {
    const outputs = apply(primitive, params, primals);
    const output = outputs[0] as Expr;
    return {
      outputs,
      pullback: ([ct]) =>
        partials.map((partial, i) =>
          ct === undefined || !active[i] ? undefined : partial?.(ct, primals, output, params),
        ),
    };
  };

/** The rules of a primitive whose derivative is zero everywhere or that has none. */
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

/** `x` with the mapped axis in front: repeated along it where `x` does not have it. */
export const spread = (x: Expr, batched: boolean | undefined, axis: MappedAxis): Expr =>
  batched ? x : broadcastTo(x, [axis.size, ...x.shape]);

/** The `batch` rule of a primitive whose operands and output have one shape: every operand gets the axis. */
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

/** The `batch` rule of a primitive of one operand whose parameters only need their axes moved by one. */
export const shifted =
  <P extends PrimitiveTag>(
    primitive: P,
    move: (params: Params<P>, size: number, x: Expr) => Params<P>,
  ): BatchRule<P> =>
  (params, inputs, _, axis) => {
    const outputs = apply(primitive, move(params, axis.size, inputs[0] as Expr), inputs);
    return { outputs, batched: outputs.map(() => true) };
  };
