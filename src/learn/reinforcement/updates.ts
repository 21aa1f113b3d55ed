import { cond, scan } from "../../autodiff/control.ts";
import type { Exprs } from "../../autodiff/index.ts";
import type { Reverse } from "../../autodiff/reverseMode.ts";
import { vmap } from "../../autodiff/vmap.ts";
import type { Expr } from "../../ir/expr.ts";
import { add, ge, mul } from "../../ir/ops/elementwise.ts";
import { fill, iota, take } from "../../ir/ops/indexing.ts";
import { foldInKey, type KeyExpr, permutation, randomBits } from "../../ir/ops/random.ts";
import { mean } from "../../ir/ops/reduction.ts";
import { index, reshape } from "../../ir/ops/structural.ts";
import { exprTree, flattenExprs, type Unshaped } from "../../ir/trees.ts";
import type { GradientTransformation } from "../../optim/transformation.ts";
import { type Moving, moved } from "../descending.ts";
import { gradientOf } from "../gradient/rule.ts";
import type { Learner, StepContext } from "../learner.ts";
import { eachLeaf } from "../trees.ts";
import type { ItemTypes, Memory, Parts, Replay } from "./replay.ts";

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

/** How often updates pass over their rows, and in how many minibatches. */
export interface Passes {
  readonly epochs: number;
  /** A divisor of the number of rows. */
  readonly minibatches: number;
  readonly key: KeyExpr;
}

/** The rows of each minibatch, `[epochs · minibatches, rows]`: each epoch has its own permutation of `0 … examples - 1`. */
export const ordersOf = ({ epochs, minibatches, key }: Passes, examples: number): Expr => {
  const keys = randomBits(key, [epochs, 2]) as Unshaped<KeyExpr>;
  const orders: Expr = vmap((own: KeyExpr) => permutation(own, examples))(keys);
  return reshape(orders, [epochs * minibatches, examples / minibatches]);
};

/** Updates on minibatches of the rows, which each epoch shuffles anew, as one loop. Losses and values are means. */
export const updates = <Rows>(
  of: Updates<Rows>,
  rows: Rows,
  start: Moving,
  passes: Passes,
): Judgment & { readonly moving: Moving } => {
  const examples = flattenExprs(rows).leaves[0]?.shape[0] ?? 1;
  type State = { readonly params: Exprs; readonly optimizerState: Exprs };
  const [moving, made] = scan<State, Expr, Judgment>(
    (before, which) => {
      const part = eachLeaf((x) => take(x, which), rows);
      const { moving: next, ...judgment } = update(of, part, before);
      return [{ params: exprTree(next.params), optimizerState: next.optimizerState }, judgment];
    },
    { params: exprTree(start.params), optimizerState: start.optimizerState },
    ordersOf(passes, examples),
  );
  return { moving, ...eachLeaf((x) => mean(x), made as Judgment) };
};

/** How often a learner learns from what is remembered, from how many items, and how many there must be first. */
export interface Remembering {
  readonly updates: number;
  readonly batchSize: number;
  readonly startAfter: number;
}

/** Separates the key that samples a batch from the other keys of an update. */
const sampling = -3;

/** Some steps of a learner, each on a batch of its own from a memory. Returns its tree, the mean loss, and the last rate. */
export const remembered =
  <T extends ItemTypes>(
    learner: Pick<Learner<Parts<T>, unknown>, "step">,
    memory: Replay<T>,
    { updates: count, batchSize, startAfter }: Remembering,
  ) =>
  (carried: unknown, held: Memory<T>, context: StepContext) => {
    const update = (own: unknown, i: Expr<readonly []>) => {
      const key = foldInKey(context.key, i);
      const step = add(mul(context.step, count), i);
      const batch = memory.sample(held, foldInKey(key, sampling), batchSize);
      const { carried: next, report } = learner.step(own, batch, { ...context, key, step });
      return [next, { loss: report.loss, learningRate: report.learningRate }] as const;
    };
    const [learned, reports] = cond(
      ge(reshape(held.size, []), startAfter),
      (own: unknown) => scan(update, own, iota([count])),
      (own: unknown) => {
        const none = (x: Expr) => fill([count, ...x.shape], 0, x.dtype);
        return [own, eachLeaf(none, update(own, fill([], 0, "i32"))[1])] as const;
      },
      carried,
    );
    return {
      carried: learned,
      loss: mean(reports.loss),
      learningRate: reports.learningRate && index(reports.learningRate, count - 1),
    };
  };
