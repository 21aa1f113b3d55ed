import * as Effect from "effect/Effect";
import type { Expr } from "../ir/expr.ts";
import { cast } from "../ir/ops/control.ts";
import { eq, mul } from "../ir/ops/elementwise.ts";
import { iota, onesLike, zerosLike } from "../ir/ops/indexing.ts";
import { broadcastTo } from "../ir/ops/promote.ts";
import { moveAxis, reshape } from "../ir/ops/structural.ts";
import { flattenExprs, traceTree, treeOf } from "../ir/trees.ts";
import { ascribe } from "../ir/types/diagnose.ts";
import type { Scalar } from "../ir/types/shape.ts";
import { isFloat } from "../tensor/dtype.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { type Forward, ForwardMode, tangentOf } from "./forwardMode.ts";
import { type Reverse, ReverseMode } from "./reverseMode.ts";
import { vmap } from "./vmap.ts";

/**
 * Transformations of symbolic functions. Each is an Effect that requires a mode of differentiation and returns a
 * plain function, which can be transformed again.
 *
 * A function takes a tree of expressions as its first argument, and is differentiated with respect to it; further
 * arguments are held constant.
 */

const pushForward =
  ({ jvp: push }: Forward) =>
  <A, R extends readonly unknown[], B>(f: (x: A, ...rest: R) => B) =>
  (primal: A, tangent: A, ...rest: R): readonly [B, B] => {
    const inputs = flattenExprs(primal);
    const { program, captured, output } = traceTree((x: A) => f(x, ...rest), inputs);
    const moves = flattenExprs(tangent).leaves.map((t) => (isFloat(t.dtype) ? t : undefined));
    const made = push(
      program,
      [...captured, ...inputs.leaves],
      [...captured.map(() => undefined), ...moves],
    );
    const tangents = made.outputs.map((y, i) => tangentOf(made.tangents[i], y));
    return [treeOf(output, made.outputs), treeOf(output, tangents)];
  };

const pullBack =
  ({ vjp: record }: Reverse) =>
  <A, R extends readonly unknown[], B>(f: (x: A, ...rest: R) => B) =>
  (primal: A, ...rest: R): readonly [y: B, pullback: (cotangent: B) => A] => {
    const inputs = flattenExprs(primal);
    const { program, captured, output } = traceTree((x: A) => f(x, ...rest), inputs);
    const active = inputs.leaves.map((x) => isFloat(x.dtype));
    const made = record(
      program,
      [...captured, ...inputs.leaves],
      [...captured.map(() => false), ...active],
    );
    const pullback = (cotangent: B): A => {
      const cts = flattenExprs(cotangent).leaves.map((ct) => (isFloat(ct.dtype) ? ct : undefined));
      const pulled = made.pullback(cts).slice(captured.length);
      return treeOf(
        inputs.shape,
        inputs.leaves.map((x, i) => tangentOf(pulled[i], x)),
      );
    };
    return [treeOf(output, made.outputs), pullback];
  };

/**
 * The Jacobian-vector product: the value of a function and its derivative along a tangent, `(x, v) ↦ (f(x), J(x)·v)`.
 *
 * **Math** `J·v = lim (f(x + hv) - f(x)) / h`.
 * **Laws** `laws.jvp`.
 */
export const jvp = <A, R extends readonly unknown[], B>(f: (x: A, ...rest: R) => B) =>
  ForwardMode.useSync((mode) => pushForward(mode)(f));

/**
 * The vector-Jacobian product: the value of a function and its pullback, `x ↦ (f(x), w ↦ J(x)ᵀ·w)`.
 *
 * **Laws** `laws.vjp`.
 */
export const vjp = <A, R extends readonly unknown[], B>(f: (x: A, ...rest: R) => B) =>
  ReverseMode.useSync((mode) => pullBack(mode)(f));

type ScalarFunction<A, R extends readonly unknown[], Y, Op extends string> = ((
  x: A,
  ...rest: R
) => Y) &
  Scalar<Y, Op>;

/**
 * The value of a scalar function, and its gradient with respect to the first argument.
 *
 * **Shapes** `f: (tree, …) → []`; the gradient has the tree of the argument.
 */
export const valueAndGrad = <A, R extends readonly unknown[], Y>(
  f: ScalarFunction<A, R, Y, "valueAndGrad">,
): Effect.Effect<(x: A, ...rest: R) => readonly [value: Y, gradient: A], never, ReverseMode> =>
  ReverseMode.useSync((mode) => (x: A, ...rest: R) => {
    const [y, pullback] = pullBack(mode)<A, R, Y>(f)(x, ...rest);
    const { leaves, shape } = flattenExprs(y);
    // Types guarantee a scalar only if its shape is static.
    const types = [{ shape: [], dtype: leaves[0]?.dtype ?? "f32" }] as const;
    const [scalar] = ascribe("grad", types, leaves);
    if (scalar === leaves[0]) return [y, pullback(treeOf(shape, leaves.map(onesLike)))] as const;
    const seeds = leaves.map((leaf) => mul(onesLike(leaf), scalar));
    return [treeOf(shape, seeds), pullback(treeOf(shape, seeds))] as const;
  });

/**
 * {@link valueAndGrad} of a function that returns more than its value: `[value, auxiliary]`. The gradient is that of the
 * value alone.
 *
 * **Shapes** `f: (tree, …) → [[], tree]`; the gradient has the tree of the argument.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, type Expr, ReverseMode, tensor } from "fluxion";
 * import { valueAndGradWithAux } from "fluxion/autodiff";
 * import { mul, sum } from "fluxion/ops";
 *
 * const f = (x: Expr<readonly [2]>) => [sum(mul(x, x)), { doubled: mul(x, 2) }] as const;
 * const x = tensor([1, 3]);
 * const program = Effect.gen(function* () {
 *   const run = yield* compile(yield* valueAndGradWithAux(f), [x]);
 *   const [value, { doubled }, gradient] = run(x);
 *   return [value.item(), doubled.toArray(), gradient.toArray()];
 * });
 * Effect.runSync(Effect.provide(program, [ReverseMode.layerTape, Backend.layerWasm])) // => [10, [2, 6], [2, 6]]
 * ```
 */
export const valueAndGradWithAux = <A, R extends readonly unknown[], Aux>(
  f: (x: A, ...rest: R) => readonly [value: Expr<readonly []>, auxiliary: Aux],
): Effect.Effect<
  (x: A, ...rest: R) => readonly [value: Expr<readonly []>, auxiliary: Aux, gradient: A],
  never,
  ReverseMode
> =>
  ReverseMode.useSync((mode) => (x: A, ...rest: R) => {
    const [[value, auxiliary], pullback] = pullBack(mode)(f)(x, ...rest);
    const [scalar] = ascribe("grad", [{ shape: [], dtype: value.dtype }] as const, [value]);
    // The auxiliary results have no part in the value.
    const { leaves, shape } = flattenExprs(auxiliary);
    const none = treeOf(shape, leaves.map(zerosLike));
    const seed = mul(onesLike(value), scalar === value ? 1 : scalar) as Expr<readonly []>;
    return [value, auxiliary, pullback([seed, none])] as const;
  });

/**
 * The gradient of a scalar function with respect to its first argument.
 *
 * **Shapes** `f: (tree, …) → []`; the gradient has the tree of the argument.
 */
export const grad = <A, R extends readonly unknown[], Y>(
  f: ScalarFunction<A, R, Y, "grad">,
): Effect.Effect<(x: A, ...rest: R) => A, never, ReverseMode> =>
  // The check of the result is the same; only the operation's name in the message differs.
  Effect.map(
    valueAndGrad(f as ((x: A, ...rest: R) => Y) & Scalar<Y, "valueAndGrad">),
    (both) =>
      (x: A, ...rest: R) =>
        both(x, ...rest)[1],
  );

/** The standard basis of the space of `x`: for each element a tensor with 1 there and 0 elsewhere. `[n, ...shape]` */
const basis = (x: Expr): Expr => {
  const n = sizeOf(x.shape);
  const identity = cast(eq(iota([n, n], 0), iota([n, n], 1)), x.dtype);
  return reshape(identity, [n, ...x.shape]);
};

/** The shape `[...out, ...in]` of a Jacobian. */
type Jacobian<I extends Shape, O extends Shape> = Expr<readonly [...O, ...I]>;

/**
 * The Jacobian in forward mode, column by column: best for fewer inputs than outputs.
 *
 * **Shapes** `f: [...in] → [...out]` gives `[...out, ...in]`.
 */
export const jacfwd = <I extends Shape, O extends Shape>(f: (x: Expr<I>) => Expr<O>) =>
  ForwardMode.useSync((mode) => (x: Expr<I>): Jacobian<I, O> => {
    const push = pushForward(mode)(f);
    // The rows of the basis have x's shape, so nothing is broadcast.
    const columns = vmap((v: Expr): Expr => push(x, broadcastTo(v, x.shape))[1])(basis(x));
    const rows = moveAxis(columns, 0, -1);
    const shape: Shape = [...rows.shape.slice(0, -1), ...x.shape];
    return reshape(rows, shape) as Jacobian<I, O>;
  });

/**
 * The Jacobian in reverse mode, row by row: best for fewer outputs than inputs.
 *
 * **Shapes** `f: [...in] → [...out]` gives `[...out, ...in]`.
 */
export const jacrev = <I extends Shape, O extends Shape>(f: (x: Expr<I>) => Expr<O>) =>
  ReverseMode.useSync((mode) => (x: Expr<I>): Jacobian<I, O> => {
    const [y, pullback] = pullBack(mode)(f)(x);
    // The rows of the basis have y's shape, so nothing is broadcast.
    const rows = vmap((w: Expr): Expr => pullback(broadcastTo(w, y.shape)))(basis(y));
    const shape: Shape = [...y.shape, ...x.shape];
    return reshape(rows, shape) as Jacobian<I, O>;
  });

/**
 * The Hessian of a scalar function, by forward mode over reverse mode.
 *
 * **Shapes** `f: [...in] → []` gives `[...in, ...in]`, symmetric.
 */
export const hessian = <I extends Shape, Y>(f: ((x: Expr<I>) => Y) & Scalar<Y, "hessian">) =>
  Effect.flatMap(gradientOf<I, Y>(f), jacfwd);

const gradientOf = <I extends Shape, Y>(f: (x: Expr<I>) => Y) =>
  // The callers have checked that the result is a scalar.
  grad<Expr<I>, readonly [], Y>(f as ((x: Expr<I>) => Y) & Scalar<Y, "grad">);

/**
 * The Hessian-vector product of a scalar function, without the Hessian itself: forward mode over reverse mode.
 *
 * **Math** `(x, v) ↦ ∇²f(x)·v = d/dh ∇f(x + hv)`.
 */
export const hvp = <A, R extends readonly unknown[], Y>(f: ScalarFunction<A, R, Y, "hvp">) =>
  Effect.flatMap(
    // The result is a scalar: checked above, under this operation's name.
    grad<A, R, Y>(f as ((x: A, ...rest: R) => Y) & Scalar<Y, "grad">),
    (gradient) =>
      Effect.map(
        jvp(gradient),
        (push) =>
          (x: A, v: A, ...rest: R) =>
            push(x, v, ...rest)[1],
      ),
  );
