import { branch, call, loop } from "../ir/control.ts";
import type { CallRules, Expr } from "../ir/expr.ts";
import { lift } from "../ir/ops/promote.ts";
import type { Operand } from "../ir/types/shape.ts";
import type { TreeShape } from "../tree.ts";
import { leavesLike, leavesOf, treeOf } from "./tree.ts";
import type { Unshaped } from "./vmap.ts";

/**
 * A loop over the leading axis of `xs` that carries a value along: the last carry, and the stacked `ys`.
 *
 * A carry is rounded to its dtype in every round. Where a round only adds to a carry of `f32`, and there are more
 * than 256 rounds, the wasm backend keeps what rounding takes from it and adds it to the next term. The error of
 * any other recurrence (a product, a mean that is updated, a sum that is added up in two steps) may grow with the
 * number of rounds: carry `f64`, or stack the terms as `ys` and take their `sum`.
 *
 * **Shapes** each leaf of `xs` is `[length, ...]`; the carry keeps its shapes and dtypes.
 * **Fails with** `ShapeMismatch` when compiled, where a step changes the carry's type; `StructureMismatch`,
 * thrown, where it returns a carry of another structure.
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
      return { carry: leavesLike("a step of scan", carry.shape, next), ys: stacked.leaves };
    },
  );
  return [treeOf<C>(carry.shape, made.carry), treeOf<Unshaped<Y>>(output, made.ys)];
};

/**
 * One of two functions of the same operands, by a bool scalar; only the chosen one runs. Under `vmap` of the predicate
 * both do, each on the examples that chose it and, in place of the others, on the first of those: what an example did
 * not choose leaves nothing in its values or derivatives.
 *
 * **Fails with** `ShapeMismatch` when compiled, where the functions return other types; `StructureMismatch`,
 * thrown, where they return trees of other structures.
 */
export const cond = <A, B>(
  predicate: Operand<readonly []>,
  onTrue: (x: A) => B,
  onFalse: (x: A) => B,
  operand: A,
): B => {
  const inputs = leavesOf(operand);
  // That of the first branch that is traced, which the other must return too.
  let output: TreeShape | undefined;
  const side = (f: (x: A) => B) => (xs: readonly Expr[]) => {
    const made = f(treeOf<A>(inputs.shape, xs));
    output ??= leavesOf(made).shape;
    return leavesLike("the second branch of cond", output, made);
  };
  const outputs = branch(lift(predicate, "bool"), inputs.leaves, side(onTrue), side(onFalse));
  return treeOf<B>(output ?? { kind: "none" }, outputs);
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
 *
 * **Fails with** `StructureMismatch`, thrown when a derivative is taken, where a rule returns a tree of another
 * structure than the function's result (`jvp`) or operand (`vjp`).
 */
export const customDerivative = <A, B>(
  f: (x: A) => B,
  rules: {
    readonly name?: string;
    readonly jvp?: (primal: A, tangent: A) => B;
    readonly vjp?: (primal: A, result: B, cotangent: B) => A;
  },
): ((x: A) => B) => {
  const { name = "custom", jvp, vjp } = rules;
  const whole = (operand: A): B => {
    const { shape } = leavesOf(operand);
    // What the function returns, known once it has been traced, which is before any rule is asked.
    let result: TreeShape = { kind: "none" };
    return asCall(
      name,
      {
        kind: "custom",
        ...(jvp && {
          jvp: (primals, tangents) =>
            leavesLike(
              `the jvp of ${name}`,
              result,
              jvp(treeOf<A>(shape, primals), treeOf<A>(shape, tangents)),
            ),
        }),
        ...(vjp && {
          vjp: (primals) => {
            const primal = treeOf<A>(shape, primals);
            // The function with its rules, so that what is made of the result is differentiated by them too.
            const made = leavesOf(whole(primal));
            return {
              outputs: made.leaves,
              pullback: (cts) =>
                leavesLike(
                  `the vjp of ${name}`,
                  shape,
                  vjp(primal, treeOf<B>(made.shape, made.leaves), treeOf<B>(made.shape, cts)),
                ),
            };
          },
        }),
      },
      (x: A) => {
        const made = f(x);
        result = leavesOf(made).shape;
        return made;
      },
    )(operand);
  };
  return whole;
};
