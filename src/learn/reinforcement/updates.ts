import { scan } from "../../autodiff/control.ts";
import type { Exprs } from "../../autodiff/index.ts";
import type { Reverse } from "../../autodiff/reverseMode.ts";
import { vmap } from "../../autodiff/vmap.ts";
import type { Expr } from "../../ir/expr.ts";
import { take } from "../../ir/ops/indexing.ts";
import { type KeyExpr, permutation, randomBits } from "../../ir/ops/random.ts";
import { mean } from "../../ir/ops/reduction.ts";
import { reshape } from "../../ir/ops/structural.ts";
import { exprTree } from "../../ir/trees.ts";
import type { GradientTransformation } from "../../optim/transformation.ts";
import { type Moving, moved } from "../descending.ts";
import { gradientOf } from "../gradient/rule.ts";
import { eachLeaf } from "../trees.ts";

/** A loss of some rows, and further scalars. */
export interface Judgment {
  readonly loss: Expr;
  readonly values: { readonly [name: string]: Expr };
}

/** What updates need. `Rows` is a tree whose leaves are `[rows, ...]`. */
export interface Updates<Rows> {
  readonly reverse: Reverse;
  readonly optimizer: GradientTransformation;
  readonly loss: (params: unknown, rows: Rows) => Judgment;
}

/** One update on all rows. */
export const update = <Rows>(
  { reverse, optimizer, loss }: Updates<Rows>,
  rows: Rows,
  before: Moving,
): Judgment & { readonly moving: Moving } => {
  const slope = gradientOf(
    reverse,
    (params: unknown) => ({
      ...loss(params, rows),
      outputs: undefined,
      targets: undefined,
      state: undefined,
    }),
    before.params,
  );
  const { loss: made, values } = slope.outcome;
  return { loss: made, values, moving: moved(optimizer, before, slope) };
};

/** Updates on minibatches of the rows, which each epoch shuffles anew, as one loop; losses and values are means. */
export const updates = <Rows>(
  of: Updates<Rows>,
  rows: Rows,
  start: Moving,
  {
    epochs,
    minibatches,
    examples,
    key,
  }: {
    readonly epochs: number;
    readonly minibatches: number;
    readonly examples: number;
    readonly key: KeyExpr;
  },
): Judgment & { readonly moving: Moving } => {
  const orders = vmap((own: KeyExpr) => permutation(own, examples) as Expr)(
    randomBits(key, [epochs, 2]) as Expr as never,
  );
  const batches = reshape(orders as Expr, [epochs * minibatches, examples / minibatches]);
  type State = { readonly params: Exprs; readonly optimizerState: Exprs };
  const [moving, made] = scan<State, Expr, Judgment>(
    (before, which) => {
      const part = eachLeaf((x) => take(x, which), rows);
      const { moving: next, ...judgment } = update(of, part, before);
      return [{ params: exprTree(next.params), optimizerState: next.optimizerState }, judgment];
    },
    { params: exprTree(start.params), optimizerState: start.optimizerState },
    batches as never,
  );
  const { loss, values } = eachLeaf((x) => mean(x), made as Judgment);
  return { moving, loss, values };
};
