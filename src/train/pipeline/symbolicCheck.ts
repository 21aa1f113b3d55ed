import { issuesOf } from "../../backend/check.ts";
import { type Issue, ShapeMismatch } from "../../errors.ts";
import { parameter } from "../../ir/build.ts";
import type { Expr, TensorType } from "../../ir/expr.ts";
import type { KeyExpr } from "../../ir/ops/random.ts";
import { program } from "../../ir/program.ts";
import { flattenExprs, symbolsOf, tensorTree } from "../../ir/trees.ts";
import { axis, type Objective, type Pair } from "../loop/objective.ts";

const notScalar = (loss: Expr): readonly Issue[] =>
  loss.shape.length === 0
    ? []
    : [
        new ShapeMismatch({
          op: "loss",
          expected: "a loss that makes a scalar of each example",
          actual: [loss.shape],
          path: [],
        }),
      ];

/**
 * Finds the mistakes in a model and its loss, applied to one example of a batch.
 *
 * Derived programs would repeat each mistake in the derivative, and no longer name the layer that made it.
 */
export const mistakes = (
  { model, loss, augment }: Objective,
  params: unknown,
  layerState: unknown,
  example: Pair<TensorType>,
  examples: number,
): readonly Issue[] => {
  const symbols = symbolsOf([tensorTree(params), tensorTree(layerState)] as const);
  const [p, s] = symbols.tree;
  const key = parameter({ shape: [2], dtype: "i32" }) as Expr as KeyExpr;
  const [input, target] = [parameter(example.input), parameter(example.target)];
  const [output, next] = model.apply(p, s, augment?.(input, key) ?? input, {
    mode: "train",
    key,
    axis,
  });
  const made = loss(output, target);
  const whole = program(
    [...symbols.leaves, key, input, target],
    [made, ...flattenExprs(next).leaves],
  );
  // The batch axis is bound by a vmap outside of this function.
  return [...issuesOf(whole, 0, { [axis]: examples }), ...notScalar(made)];
};
