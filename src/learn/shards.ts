import { scan } from "../autodiff/control.ts";
import type { Exprs } from "../autodiff/index.ts";
import type { Expr } from "../ir/expr.ts";
import { add, div } from "../ir/ops/elementwise.ts";
import { expandDims, index, reshape } from "../ir/ops/structural.ts";
import type { Unshaped } from "../ir/trees.ts";
import { flattenExprs } from "../ir/trees.ts";
import { isFloat } from "../tensor/dtype.ts";
import { eachLeaf } from "./trees.ts";

/** What is computed from one shard of a batch. */
export interface Share<A> {
  /**
   * A tree that is averaged over the shards: gradients, losses, statistics. Leaves that are not floating-point numbers,
   * such as counters, must be the same in every shard.
   */
  readonly mean: A;
  /** A tree that is kept for each shard: summaries of metrics. */
  readonly each: Exprs;
}

/** What is computed from all shards of a batch. */
export interface Shares<A> {
  readonly mean: A;
  readonly each: readonly Exprs[];
}

/** Computes a function of every shard of a batch, which is a tree of tensors with one leading axis of examples. */
export type OverShards = <B, A>(batch: B, share: (shard: B) => Share<A>) => Shares<A>;

/** The whole batch as one shard. */
export const oneShard: OverShards = (batch, share) => {
  const { mean, each } = share(batch);
  return { mean, each: [each] };
};

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));

/** The factors by which a number of shards is divided, the outermost first: as many twos as it has. */
const factorsOf = (n: number): readonly number[] => {
  if (n <= 1) return [];
  return n % 2 === 0 ? [2, ...factorsOf(n / 2)] : [n];
};

/** The sum of a stacked leaf along its leading axis, one term after the other; the first of integers. */
const summed = (stacked: Expr): Expr => {
  const terms = Array.from({ length: stacked.shape[0] ?? 1 }, (_, i) => index(stacked, i) as Expr);
  return isFloat(stacked.dtype) ? terms.reduce((a, b) => add(a, b)) : index(stacked, 0);
};

/** Sums of `mean`, and `each` with a leading axis of shards, over a batch divided by nested loops. */
const dividedBy = <B, A>(
  [first, ...rest]: readonly number[],
  batch: B,
  share: (shard: B) => Share<A>,
): Share<A> => {
  if (first === undefined) {
    const made = share(batch);
    return { mean: made.mean, each: eachLeaf((x) => expandDims(x, 0), made.each) };
  }
  const parts = eachLeaf((x) => {
    const [examples = 1, ...shape] = x.shape;
    return reshape(x, [first, examples / first, ...shape]);
  }, batch);
  const [, made] = scan<undefined, B, Share<A>>(
    (carry, part) => [carry, dividedBy(rest, part, share)],
    undefined,
    // The leaves of `parts` have the leading axis that the loop takes off.
    parts as Unshaped<B>,
  );
  const { mean, each: stacked } = made as Share<A>;
  return {
    mean: eachLeaf(summed, mean),
    each: eachLeaf((x) => {
      const [times = 1, shards = 1, ...shape] = x.shape;
      return reshape(x, [times * shards, ...shape]);
    }, stacked),
  };
};

/**
 * Divides batches into `shards` equal parts and computes them one after the other, in memory for one part. Means are
 * taken by a fixed tree of sums: pairs of neighbors, then pairs of pairs. So machines that hold the same shards get
 * the same bits, whatever their number.
 *
 * A batch that is not a multiple of `shards` is divided into as many parts as divide it evenly.
 */
export const inShards =
  (shards: number): OverShards =>
  (batch, share) => {
    const examples = flattenExprs(batch).leaves[0]?.shape[0] ?? 1;
    const parts = commonDivisor(shards, examples);
    if (parts === 1) return oneShard(batch, share);
    const made = dividedBy(factorsOf(parts), batch, share);
    return {
      mean: eachLeaf((x) => (isFloat(x.dtype) ? div(x, parts) : x), made.mean),
      each: Array.from({ length: parts }, (_, i) => eachLeaf((x) => index(x, i), made.each)),
    };
  };
