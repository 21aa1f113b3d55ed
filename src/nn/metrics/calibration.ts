import { type Monoid, struct } from "fp-ts/lib/Monoid.js";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { and, ceil, div, eq, ge, maximum, mul, round, sub } from "../../ir/ops/elementwise.ts";
import { oneHot } from "../../ir/ops/indexing.ts";
import { max, softmax, sum } from "../../ir/ops/reduction.ts";
import { expandDims } from "../../ir/ops/structural.ts";
import type { Nested } from "../../tensor/tensor.ts";
import { whole } from "../../tensor/validate.ts";
import { added, classified, greatest, type Metric } from "./metric.ts";

/** How sure a classifier was and how often it was right, in bins of equal width of confidence from 0 to 1. */
export interface Calibration {
  readonly [field: string]: Nested;
  /** The number of examples in each bin. */
  readonly count: readonly number[];
  /** The sum of their confidences. */
  readonly confidence: readonly number[];
  /** The number of those that were right. */
  readonly right: readonly number[];
}

/** Confidences are rounded to multiples of 1/`parts`, so that their sums are exact and do not depend on the order. */
const parts = 2 ** 26;

const vectors: Monoid<readonly number[]> = { empty: [], concat: added };

/** The options of {@link calibrationError}. */
export interface CalibrationOptions {
  /** The number of bins. Defaults to 15. */
  readonly bins?: number;
  /** Whether outputs are probabilities rather than logits, which go through softmax first. Defaults to false. */
  readonly probabilities?: boolean;
}

/**
 * The expected calibration error (ECE): the difference between how sure a classifier is and how often it is right, averaged
 * over examples in bins of confidence. The confidence is the probability of the predicted class. It is 0 if among all
 * examples predicted with 80 % confidence, 80 % are right. An example with outputs of NaN does not count.
 *
 * **Shapes** as for `accuracy`. **Units** a share, from 0 to 1.
 * **Fails with** `InvalidArgument`, thrown, where `bins` is not a whole number of at least 1; `ShapeMismatch` when compiled.
 * **Source** Guo et al. (2017), arXiv 1706.04599, equation 3.
 *
 * @example
 * ```ts
 * import { calibrationError } from "fluxion/metrics";
 * // Ten examples predicted with 80 % confidence, of which six are right.
 * calibrationError({ bins: 1 }).value({ count: [10], confidence: [8], right: [6] }) // => 0.2
 * ```
 */
export const calibrationError = ({
  bins = 15,
  probabilities = false,
}: CalibrationOptions = {}): Metric<Calibration> => {
  whole(1)("calibrationError", { bins });
  return {
    name: "calibrationError",
    better: "lower",
    monoid: struct({ count: vectors, confidence: vectors, right: vectors }),
    fromBatch: ({ outputs, targets }) => {
      const { outputs: scores, labels } = classified("calibrationError", outputs, targets);
      const predicted = greatest(scores);
      const shares = cast(probabilities ? scores : softmax(scores), "f64");
      const sure = max(shares, -1);
      const known = and(ge(predicted, 0), eq(sure, sure));
      // The bins are closed above, as in the paper: (0, 1/15], (1/15, 2/15], …
      const bin = maximum(sub(ceil(mul(where(known, sure, 0), bins)), 1), 0);
      const within = oneHot(where(known, cast(bin, "i32"), -1), bins, "f64");
      const total = (of: Expr): Expr => sum(mul(within, expandDims(where(known, of, 0), 1)), 0);
      return {
        count: sum(within, 0),
        confidence: total(div(round(mul(sure, parts)), parts)),
        right: total(cast(eq(predicted, labels), "f64")),
      };
    },
    value: ({ count, confidence, right }) => {
      const examples = count.reduce((a, b) => a + b, 0);
      const apart = confidence.reduce((all, sure, i) => all + Math.abs(sure - (right[i] ?? 0)), 0);
      return apart / examples;
    },
  };
};
