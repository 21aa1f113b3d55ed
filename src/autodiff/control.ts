import { branch, call, loop, repeated } from "../ir/control.ts";
import type { CallRules, Expr } from "../ir/expr.ts";
import { lift } from "../ir/ops/promote.ts";
import { exprsLike, flattenExprs, shapeFor, treeOf, type Unshaped } from "../ir/trees.ts";
import type { Operand } from "../ir/types/shape.ts";
import { whole } from "../tensor/validate.ts";
import type { TreeShape } from "../tree.ts";

/**
 * Loops over the leading axis of `xs` and carries a value from step to step. Returns the last carry and the stacked
 * `ys`.
 *
 * The carry is rounded to its dtype in every step. If each step only adds to an `f32` carry, and there are more than
 * 256 steps, the wasm backend compensates the rounding errors (compensated summation). The error of any other recurrence (a
 * product, an updated mean, a sum in two stages) may grow with the number of steps: carry `f64`, or stack the terms
 * as `ys` and take their `sum`.
 *
 * **Shapes** each leaf of `xs` is `[length, ...]`; the carry keeps its shapes and dtypes.
 * **Fails with** `ShapeMismatch` when compiled, if a step changes the carry's type; `StructureMismatch`, thrown if it
 * returns a carry of another structure.
 */
export const scan = <C, X, Y>(
  step: (carry: C, x: X) => readonly [carry: C, y: Y],
  start: C,
  xs: Unshaped<X>,
  options: { readonly reverse?: boolean; readonly length?: number } = {},
): readonly [carry: C, ys: Unshaped<Y>] => {
  const carry = flattenExprs(start);
  const slices = flattenExprs(xs);
  const each = shapeFor<X>(slices.shape);
  let output: TreeShape<Y> = { kind: "none" };
  const made = loop(
    {
      carry: carry.leaves,
      xs: slices.leaves,
      length: options.length ?? slices.leaves[0]?.shape[0] ?? 0,
      reverse: options.reverse ?? false,
    },
    (c, x) => {
      const [next, y] = step(treeOf(carry.shape, c), treeOf(each, x));
      const stacked = flattenExprs(y);
      output = stacked.shape;
      return { carry: exprsLike("a step of scan", carry.shape, next), ys: stacked.leaves };
    },
  );
  return [treeOf(carry.shape, made.carry), treeOf(shapeFor<Unshaped<Y>>(output), made.ys)];
};

/**
 * Repeats `step` as long as `condition` holds for the carry: a loop whose length the data decide. Returns the last carry.
 *
 * Under `vmap`, the loop goes on until the condition is false for every example; one that has ended keeps its carry, and
 * affects no value or derivative. A condition that never becomes false never ends, unless there is a `bound`: the loop
 * then ends after so many rounds, and `condition` is still true for what it returns. Reverse mode needs a `bound`, and
 * keeps the carry of as many rounds.
 *
 * **Shapes** the carry keeps its shapes and dtypes; the condition is a bool scalar.
 * **Fails with** `ShapeMismatch` or `DtypeMismatch` when compiled, if a step changes the carry's type or the condition is
 * no bool scalar; `UnboundedLoop` when compiled, if reverse mode reaches a loop without a bound; `StructureMismatch`,
 * thrown if a step returns a carry of another structure; `InvalidArgument`, thrown if the bound is not a whole number.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, type Expr, scalar } from "fluxion";
 * import { whileLoop } from "fluxion/autodiff";
 * import { add, eq, ne, rem, div, mul, where } from "fluxion/ops";
 *
 * // The rounds after which a number reaches 1, if it is halved where it is even and else becomes 3n + 1.
 * const collatz = (n: Expr) =>
 *   whileLoop(
 *     ({ n }) => ne(n, 1),
 *     ({ n, rounds }) => ({ n: where(eq(rem(n, 2), 0), div(n, 2), add(mul(n, 3), 1)), rounds: add(rounds, 1) }),
 *     { n, rounds: mul(n, 0) },
 *   ).rounds;
 * const program = Effect.map(compile(collatz, [scalar(27, "i32")]), (run) => run(scalar(27, "i32")).item());
 * Effect.runSync(Effect.provide(Effect.scoped(program), Backend.layerWasm)) // => 111
 * ```
 */
export const whileLoop = <C>(
  condition: (carry: C) => Operand<readonly []> | Expr,
  step: (carry: C) => C,
  start: C,
  { bound }: { readonly bound?: number } = {},
): C => {
  whole(0)("whileLoop", { bound });
  const { shape, leaves } = flattenExprs(start);
  const asked = (carry: readonly Expr[]): Expr => lift(condition(treeOf(shape, carry)), "bool");
  const next = (carry: readonly Expr[]): readonly Expr[] =>
    exprsLike("a step of whileLoop", shape, step(treeOf(shape, carry)));
  const going = (carry: readonly Expr[]) => [asked(carry), ...carry];
  const made = repeated(going(leaves), bound, ([, ...carry]) => going(next(carry)));
  return treeOf(shape, made.slice(1));
};

/**
 * Chooses between two functions of the same operands by a bool scalar; only the chosen one runs. Under a `vmap` that
 * maps the predicate both run, each on the examples that chose it, with the first of those in place of the others: a
 * branch that an example did not choose affects neither its values nor its derivatives.
 *
 * **Fails with** `ShapeMismatch` when compiled, if the functions return different types; `StructureMismatch`, thrown
 * if they return trees of different structures.
 */
export const cond = <A, B>(
  predicate: Operand<readonly []>,
  onTrue: (x: A) => B,
  onFalse: (x: A) => B,
  operand: A,
): B => {
  const inputs = flattenExprs(operand);
  // The structure that the first traced branch returns; the other must return the same.
  let output: TreeShape<B> | undefined;
  const side = (f: (x: A) => B) => (xs: readonly Expr[]) => {
    const made = f(treeOf(inputs.shape, xs));
    output ??= flattenExprs(made).shape;
    return exprsLike("the second branch of cond", output, made);
  };
  const outputs = branch(lift(predicate, "bool"), inputs.leaves, side(onTrue), side(onFalse));
  return treeOf(output ?? { kind: "none" }, outputs);
};

const asCall =
  <A, B>(name: string, rules: CallRules, f: (x: A) => B) =>
  (operand: A): B => {
    const inputs = flattenExprs(operand);
    let output: TreeShape<B> = { kind: "none" };
    const outputs = call(name, rules, inputs.leaves, (xs) => {
      const made = flattenExprs(f(treeOf(inputs.shape, xs)));
      output = made.shape;
      return made.leaves;
    });
    return treeOf(output, outputs);
  };

/**
 * Rematerialization: the same function, but a backward pass recomputes its intermediate values instead of storing
 * them.
 *
 * **Source** Griewank (1992); Chen et al., "Training deep nets with sublinear memory cost" (2016).
 */
export const checkpoint = <A, B>(f: (x: A) => B, name = "checkpoint"): ((x: A) => B) =>
  asCall(name, { kind: "checkpoint" }, f);

/**
 * A function with custom derivative rules; a missing rule is derived from the function.
 *
 * `jvp` maps primal and tangent to the result's tangent; `vjp` maps primal, result and the result's cotangent to the
 * operand's cotangent. The two must be adjoint: `laws.vjp` checks it.
 *
 * **Fails with** `StructureMismatch`, thrown when a derivative is taken, if a rule's tree differs in structure from
 * the function's result (`jvp`) or operand (`vjp`).
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
    const { shape } = flattenExprs(operand);
    // The structure of the function's result, known after tracing, which comes before any rule is called.
    let result: TreeShape<B> = { kind: "none" };
    return asCall(
      name,
      {
        kind: "custom",
        ...(jvp && {
          jvp: (primals, tangents) =>
            exprsLike(
              `the jvp of ${name}`,
              result,
              jvp(treeOf(shape, primals), treeOf(shape, tangents)),
            ),
        }),
        ...(vjp && {
          vjp: (primals) => {
            const primal = treeOf(shape, primals);
            // The function with its rules, so that derivatives of the result use them too.
            const made = flattenExprs(whole(primal));
            return {
              outputs: made.leaves,
              pullback: (cts) =>
                exprsLike(
                  `the vjp of ${name}`,
                  shape,
                  vjp(primal, treeOf(made.shape, made.leaves), treeOf(made.shape, cts)),
                ),
            };
          },
        }),
      },
      (x: A) => {
        const made = f(x);
        result = flattenExprs(made).shape;
        return made;
      },
    )(operand);
  };
  return whole;
};
