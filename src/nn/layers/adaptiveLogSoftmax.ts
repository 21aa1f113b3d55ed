import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { add, and, ge, lt, neg, sub } from "../../ir/ops/elementwise.ts";
import { fill, takeAlongAxis } from "../../ir/ops/indexing.ts";
import { argmax, logSoftmax, mean } from "../../ir/ops/reduction.ts";
import { concatenate, expandDims, index, sliceAxis } from "../../ir/ops/structural.ts";
import { asOne } from "../../ir/types/diagnose.ts";
import { split } from "../../tensor/key.ts";
import { nth } from "../../tensor/list.ts";
import { holding, shown } from "../../tensor/validate.ts";
import { stateless } from "../apply.ts";
import {
  type AffineParams,
  affine,
  initAffine,
  lastAxisOf,
  requireSizes,
} from "../functional/affine.ts";
import type { Layer, Symbolic } from "../layer.ts";

/** Options of {@link adaptiveLogSoftmax}. */
export interface AdaptiveLogSoftmaxOptions {
  /** Where each cluster of rarer classes begins: increasing whole numbers from 1 to below the number of classes. */
  readonly cutoffs: readonly number[];
  /** By how much each cluster has fewer hidden units than the one before. Defaults to 4. */
  readonly divValue?: number;
  /** Whether the map to the common classes and the clusters has a bias. Defaults to `false`. */
  readonly headBias?: boolean;
}

/** The params of {@link adaptiveLogSoftmax}: the head, and for each cluster a projection and its map to the classes. */
export interface AdaptiveLogSoftmaxParams {
  readonly head: AffineParams;
  readonly tail: readonly (readonly [project: AffineParams, classify: AffineParams])[];
}

type Params = Symbolic<AdaptiveLogSoftmaxParams>;

/** {@link adaptiveLogSoftmax} as a layer that gives all log-probabilities, with its loss and its choice of a class. */
export interface AdaptiveLogSoftmax<I extends number, C extends number>
  extends Layer<readonly [I], readonly [C], AdaptiveLogSoftmaxParams, undefined> {
  /** The log-probability of each class. **Shapes** `x: [...s, inputs] → [...s, classes]`. */
  readonly logProb: (params: Params, x: Expr) => Expr;
  /**
   * The log-probability of the given class alone; NaN for a number that is no class.
   *
   * **Shapes** `x: [...s, inputs]`, `target: [...s]` of i32 or u8 `→ [...s]`.
   */
  readonly logLikelihood: (params: Params, x: Expr, target: Expr) => Expr;
  /** The mean of `-logLikelihood`, in nats: a loss. **Shapes** as `logLikelihood`, `→ []`. */
  readonly loss: (params: Params, x: Expr, target: Expr) => Expr<readonly []>;
  /** The likeliest class, of i32. **Shapes** `x: [...s, inputs] → [...s]`. */
  readonly predict: (params: Params, x: Expr) => Expr;
}

/**
 * The log-softmax over very many classes, most of them rare: common classes have a map of their own, and rarer ones share
 * clusters with ever fewer hidden units.
 *
 * **Shapes** `x: [inputs] → y: [classes]`, one example; classes are in order of their frequency, the most frequent first.
 * **Math** the head's softmax is over the `cutoffs[0]` common classes and the clusters. `log p(class)` is the head's for a
 * common class, and for another `log p(cluster) + log p(class | cluster)`, from `⌊inputs / divValueⁱ⌋` hidden units in
 * cluster `i`, from 1. Maps begin uniform over ±1/√in. To keep shapes static, every cluster is computed for every
 * example: what is saved is params, and the products of wide layers.
 * **Fails with** `InvalidArgument`, thrown, where a size is not a positive whole number, cutoffs do not increase from 1 to
 * below `classes`, or `divValue` leaves a cluster without hidden units.
 * **Source** Grave et al. (2016), arXiv:1609.04309.
 *
 * @example
 * ```ts
 * import { adaptiveLogSoftmax, summary } from "fluxion/nn";
 * const words = adaptiveLogSoftmax(64, 10000, { cutoffs: [100, 1000] });
 * summary(words, [64])[0]?.params // => 58208
 * ```
 */
export const adaptiveLogSoftmax = <const I extends number, const C extends number>(
  inputs: I,
  classes: C,
  { cutoffs, divValue = 4, headBias = false }: AdaptiveLogSoftmaxOptions,
): AdaptiveLogSoftmax<I, C> => {
  const op = "adaptiveLogSoftmax";
  requireSizes(op, { inputs, classes });
  const [common = 0] = cutoffs;
  const follows = (n: number, i: number): boolean =>
    Number.isSafeInteger(n) && n > (cutoffs[i - 1] ?? 0) && n < classes;
  if (cutoffs.length === 0 || !cutoffs.every(follows))
    throw new InvalidArgument({
      op,
      argument: "cutoffs",
      expected: `one whole number or more, increasing, from 1 to ${classes - 1}`,
      actual: shown(cutoffs),
    });
  const most = inputs ** (1 / cutoffs.length);
  holding(`a number above 0 and at most ${most}`, (n) => n > 0 && n <= most)(op, { divValue });
  const clusters = cutoffs.map((low, i) => ({
    low,
    high: cutoffs[i + 1] ?? classes,
    // Rounding must not take the last unit.
    units: Math.max(1, Math.floor(inputs / divValue ** (i + 1))),
  }));

  /** The log-probabilities of common classes and clusters, and of the classes within each cluster. */
  const parts = ({ head, tail }: Params, given: Expr) => {
    const x = lastAxisOf(given, inputs);
    const within = ([project, classify]: Params["tail"][number]): Expr =>
      logSoftmax(affine(classify, affine(project, x)));
    return { ofHead: logSoftmax(affine(head, x)) as Expr, ofTail: tail.map(within) };
  };
  const logProb: AdaptiveLogSoftmax<I, C>["logProb"] = (params, x) => {
    const { ofHead, ofTail } = parts(params, x);
    const ofCluster = (i: number): Expr => sliceAxis(ofHead, -1, common + i, common + i + 1);
    const rare = ofTail.map((within, i) => add(within, ofCluster(i)));
    return concatenate([sliceAxis(ofHead, -1, 0, common), ...rare], -1);
  };
  const logLikelihood: AdaptiveLogSoftmax<I, C>["logLikelihood"] = (params, x, target) =>
    asOne(op, `[..., ${inputs}] and a class for each`, [x, target], () => {
      const { ofHead, ofTail } = parts(params, x);
      const label = cast(target, "i32");
      const isIn = (low: number, high: number): Expr => and(ge(label, low), lt(label, high));
      /** The log-probability at an index; 0 out of range, which is never chosen. */
      const at = (scores: Expr, i: Expr): Expr =>
        index(takeAlongAxis(scores, expandDims(i, -1)), 0, -1);
      const unknown: Expr = fill(label.shape, Number.NaN, ofHead.dtype);
      return clusters.reduce<Expr>(
        (y, { low, high }, i) => {
          const rare = add(index(ofHead, common + i, -1), at(nth(ofTail, i), sub(label, low)));
          return where(isIn(low, high), rare, y);
        },
        where(isIn(0, common), at(ofHead, label), unknown),
      );
    });
  const layer = stateless<readonly [I], readonly [C], AdaptiveLogSoftmaxParams>(
    `${op} ${inputs} → ${classes}`,
    (key) => {
      const keys = split(key, 1 + 2 * clusters.length);
      const map = (i: number, from: number, to: number, bias = false): AffineParams =>
        initAffine(nth(keys, i), from, to, { bias });
      return {
        head: map(0, inputs, common + clusters.length, headBias),
        tail: clusters.map(
          ({ low, high, units }, i) =>
            [map(2 * i + 1, inputs, units), map(2 * i + 2, units, high - low)] as const,
        ),
      };
    },
    logProb,
    `[..., ${inputs}]`,
  );
  return {
    ...layer,
    logProb,
    logLikelihood,
    loss: (params, x, target) => neg(mean(logLikelihood(params, x, target))) as Expr<readonly []>,
    predict: (params, x) => argmax(logProb(params, x)),
  };
};
