import { scan } from "../autodiff/control.ts";
import type { Exprs } from "../autodiff/index.ts";
import type { Expr } from "../ir/expr.ts";
import { add, div } from "../ir/ops/elementwise.ts";
import { expandDims, index, reshape } from "../ir/ops/structural.ts";
import type { Unshaped } from "../ir/trees.ts";
import { flattenExprs } from "../ir/trees.ts";
import { isFloat } from "../tensor/dtype.ts";
import { eachLeaf } from "./trees.ts";

/** The results for one shard of a batch. */
export interface Share<A> {
  /**
   * A tree to average over the shards: gradients, losses, statistics. Leaves that are not floats, such as counters,
   * must be the same in every shard.
   */
  readonly mean: A;
  /** A tree to keep for each shard: summaries of metrics. */
  readonly each: Exprs;
}

/** The results for all shards of a batch. */
export interface Shares<A> {
  readonly mean: A;
  readonly each: readonly Exprs[];
}

/** Computes a function of every shard of a batch. A batch is a tree of tensors with a leading axis of examples. */
export type OverShards = <B, A>(batch: B, share: (shard: B) => Share<A>) => Shares<A>;

/** The whole batch as one shard. */
export const oneShard: OverShards = (batch, share) => {
  const { mean, each } = share(batch);
  return { mean, each: [each] };
};

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));

/** Factors of a number of shards, the outermost first: a 2 for each factor of two, then the rest. */
const factorsOf = (n: number): readonly number[] => {
  if (n <= 1) return [];
  return n % 2 === 0 ? [2, ...factorsOf(n / 2)] : [n];
};

/** The sum of a stacked leaf along its leading axis, in sequence; for integers, the first element. */
const summed = (stacked: Expr): Expr => {
  const terms = Array.from({ length: stacked.shape[0] ?? 1 }, (_, i) => index(stacked, i));
  return isFloat(stacked.dtype) ? terms.reduce((a, b) => add(a, b)) : index(stacked, 0);
};

/**
 * The sum of `mean` over the shards of a batch, and `each` with a leading axis of shards. The batch is divided by nested
 * loops, in pairs as long as the number of shards is even.
 */
export const sumOver = <B, A>(shards: number, batch: B, share: (shard: B) => Share<A>): Share<A> =>
  dividedBy(factorsOf(shards), batch, share);

/** {@link sumOver} by factors of the number of shards. */
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
    // The loop removes the leading axis of the leaves of `parts`.
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
 * Divides batches into `shards` equal parts and computes them in sequence, in the memory of one part. Means use a fixed
 * tree of sums: pairs of neighbors, then pairs of pairs. So any number of machines that share the shards get the same
 * bits.
 *
 * A batch that is not a multiple of `shards` is divided into the largest number of parts that divides it evenly.
 */
export const inShards =
  (shards: number): OverShards =>
  (batch, share) => {
    const examples = flattenExprs(batch).leaves[0]?.shape[0] ?? 1;
    const parts = commonDivisor(shards, examples);
    if (parts === 1) return oneShard(batch, share);
    const made = sumOver(parts, batch, share);
    return {
      mean: eachLeaf((x) => (isFloat(x.dtype) ? div(x, parts) : x), made.mean),
      each: Array.from({ length: parts }, (_, i) => eachLeaf((x) => index(x, i), made.each)),
    };
  };
