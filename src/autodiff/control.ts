import type { TreeShape } from "../algebra/tree.ts";
import type { CallRules, Expr } from "../ir/expr.ts";
import { branch, call, loop } from "../ir/loop.ts";
import { lift } from "../ir/ops/operand.ts";
import type { Operand } from "../ir/shapeTypes.ts";
import { leavesOf, treeOf } from "./tree.ts";
import type { Unshaped } from "./vmap.ts";

/**
 * A loop over the leading axis of `xs` that carries a value along: the last carry, and the stacked `ys`.
 *
 * **Shapes** each leaf of `xs` is `[length, ...]`; the carry keeps its shapes and dtypes.
 * **Fails with** `ShapeMismatch` when compiled, where a step changes the carry's type.
 */
export const scan = <C, X, Y>(
  step: (carry: C, x: X) => readonly [carry: C, y: Y],
  start: C,
  xs: Unshaped<X>,
  options: { readonly reverse?: boolean; readonly length?: number } = {},
): readonly [carry: C, ys: Unshaped<Y>] => {
  const carry = leavesOf(start);
  const slices = leavesOf(xs);
  let output: TreeShape = { kind: "none" };
  const made = loop(
    {
      carry: carry.leaves,
      xs: slices.leaves,
      length: options.length ?? slices.leaves[0]?.shape[0] ?? 0,
      reverse: options.reverse ?? false,
    },
    (c, x) => {
      const [next, y] = step(treeOf<C>(carry.shape, c), treeOf<X>(slices.shape, x));
      const stacked = leavesOf(y);
      output = stacked.shape;
      return { carry: leavesOf(next).leaves, ys: stacked.leaves };
    },
  );
  return [treeOf<C>(carry.shape, made.carry), treeOf<Unshaped<Y>>(output, made.ys)];
};

/**
 * One of two functions of the same operands, by a bool scalar; only the chosen one runs (under `vmap` of the
 * predicate both do).
 */
export const cond = <A, B>(
  predicate: Operand<readonly []>,
  onTrue: (x: A) => B,
  onFalse: (x: A) => B,
  operand: A,
): B => {
  const inputs = leavesOf(operand);
  let output: TreeShape = { kind: "none" };
  const side = (f: (x: A) => B) => (xs: readonly Expr[]) => {
    const made = leavesOf(f(treeOf<A>(inputs.shape, xs)));
    output = made.shape;
    return made.leaves;
  };
  const outputs = branch(lift(predicate, "bool"), inputs.leaves, side(onTrue), side(onFalse));
  return treeOf<B>(output, outputs);
};

const asCall =
  <A, B>(name: string, rules: CallRules, f: (x: A) => B) =>
  (operand: A): B => {
    const inputs = leavesOf(operand);
    let output: TreeShape = { kind: "none" };
    const outputs = call(name, rules, inputs.leaves, (xs) => {
      const made = leavesOf(f(treeOf<A>(inputs.shape, xs)));
      output = made.shape;
      return made.leaves;
    });
    return treeOf<B>(output, outputs);
  };

/**
 * The same function, whose intermediate values a backward pass computes again instead of keeping.
 *
 * **Source** Griewank (1992); Chen et al., "Training deep nets with sublinear memory cost" (2016).
 */
export const checkpoint = <A, B>(f: (x: A) => B, name = "checkpoint"): ((x: A) => B) =>
  asCall(name, { kind: "checkpoint" }, f);

/**
 * A function with derivative rules of its own; a rule that is left out is derived from the function.
 *
 * `jvp` gives the tangent from primal and tangent; `vjp` the cotangent from primal, result and the
 * result's cotangent. The two must be adjoint: `laws.vjp` checks it.
 */
export const custom = <A, B>(
  f: (x: A) => B,
  rules: {
    readonly name?: string;
    readonly jvp?: (primal: A, tangent: A) => B;
    readonly vjp?: (primal: A, result: B, cotangent: B) => A;
  },
): ((x: A) => B) => {
  const { jvp, vjp } = rules;
  const whole = (operand: A): B => {
    const { shape } = leavesOf(operand);
    return asCall(
      rules.name ?? "custom",
      {
        kind: "custom",
        ...(jvp && {
          jvp: (primals, tangents) =>
            leavesOf(jvp(treeOf<A>(shape, primals), treeOf<A>(shape, tangents))).leaves,
        }),
        ...(vjp && {
          vjp: (primals) => {
            const primal = treeOf<A>(shape, primals);
            // The function with its rules, so that what is made of the result is differentiated by them too.
            const result = leavesOf(whole(primal));
            return {
              outputs: result.leaves,
              pullback: (cts) =>
                leavesOf(
                  vjp(primal, treeOf<B>(result.shape, result.leaves), treeOf<B>(result.shape, cts)),
                ).leaves,
            };
          },
        }),
      },
      f,
    )(operand);
  };
  return whole;
};
