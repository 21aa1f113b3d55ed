import type { Expr } from "../ir/expr.ts";
import type { Tree } from "../algebra/tree.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A tree of expressions shaped like the params. */
export type Exprs = Tree<Expr>;

/**
 * A step of an optimizer: a pure pair that turns gradients into updates, which are added to params.
 *
 * Optimizers, clipping, weight decay, schedules and averaging are all of this type, and compose with
 * `chain`. State is a tree of tensors (it holds, for one, the i32 step count where one is needed).
 *
 * **Laws** `laws.optimizer`: `chain` and `identityTransformation` form a monoid; zero gradients without
 * decay move nothing.
 */
export interface GradientTransformation {
  readonly name: string;
  readonly init: (params: Tree<Tensor>) => Tree<Tensor>;
  readonly update: (
    gradients: Exprs,
    state: Exprs,
    params: Exprs,
  ) => { readonly updates: Exprs; readonly state: Exprs };
  /** The learning rate of the step to come, where there is one: a scalar. */
  readonly learningRate?: (state: Exprs) => Expr;
}
