import type { Expr } from "../../../src/index.ts";
import {
  cast,
  concatenate,
  eq,
  expandDims,
  fill,
  gt,
  index,
  iota,
  logSumExp,
  mean,
  mul,
  random,
  scatterAddAlongAxis,
  sub,
  takeAlongAxis,
  where,
} from "../../../src/ir/index.ts";
import type { LossContext } from "../../../src/learn/index.ts";
import type { Likeness } from "./scores.ts";

/** The mean cross-entropy of questions whose right answers have these scores among all. */
const surprise = (all: Expr, right: Expr): Expr<readonly []> =>
  mean(sub(logSumExp(all, 1), index(right, 0, 1))) as Expr<readonly []>; // a mean of all

/** A batch of questions: what their answers are like, the right ones as vectors and numbers, and others that are right. */
export interface Asked {
  readonly like: Expr;
  readonly to: Expr;
  readonly tail: Expr;
  readonly others: Expr;
}

/** Among what an answer is found: the number of entities, how many of them are drawn, and how vectors are compared. */
export interface Among {
  readonly vectors: (entities: Expr<readonly [1, number]>) => Expr;
  readonly entities: number;
  readonly drawn: number;
  readonly likeness: Likeness;
}

/**
 * Looks for the answers to a batch of questions: in training among entities that are drawn, the same ones for the whole
 * batch, and in the test among all.
 */
export const found = (
  { like, to, tail, others }: Asked,
  { vectors, entities, drawn, likeness }: Among,
  { key, mode }: LossContext,
) => {
  const among = (some: Expr<readonly [1, number]>) => likeness.all(like, index(vectors(some), 0));
  if (mode === "train") {
    const other = cast(random.uniform(key, [1, drawn], { high: entities }), "i32");
    const own = eq(other, expandDims(tail, 1));
    const wrong = where(own, Number.NEGATIVE_INFINITY, among(other));
    const right = expandDims(likeness.own(like, to), 1);
    // In training the right answer, the first, is ranked among those that were drawn.
    const output = concatenate([right, wrong], 1);
    return { loss: surprise(output, right), output, target: mul(tail, 0) };
  }
  const all = among(iota([1, entities], 1));
  const known = scatterAddAlongAxis(fill(all.shape, 0), others, fill(others.shape, 1));
  const output = where(gt(known, 0), Number.NEGATIVE_INFINITY, all);
  const right = takeAlongAxis(output, expandDims(tail, 1), 1);
  return { loss: surprise(output, right), output, target: tail };
};
