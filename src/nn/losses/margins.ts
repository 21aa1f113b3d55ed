import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { add, and, eq, gt, le, mul, neg, not, square, sub } from "../../ir/ops/elementwise.ts";
import { iota } from "../../ir/ops/indexing.ts";
import { lift } from "../../ir/ops/promote.ts";
import { sum } from "../../ir/ops/reduction.ts";
import { expandDims } from "../../ir/ops/structural.ts";
import { asOne } from "../../ir/types/diagnose.ts";
import type { Operand } from "../../ir/types/shape.ts";
import { finite, holding, notNegative } from "../../tensor/validate.ts";
import { softplus } from "../functional/activation.ts";
import { isKnown, oneLabel } from "./classification.ts";
import { type Comparison, compared } from "./pairing.ts";
import { average, type Loss, scalarLoss, total } from "./reduction.ts";

/** Margin losses: they are 0, or nearly so, once a score is on the right side by a margin. */

/** `max(x, 0)` with derivative 0 at 0; NaN stays NaN. */
const excess = (x: Expr): Expr => where(le(x, 0), 0, x);

/** 1 for targets that are 1 or -1, and NaN for others. */
const sided = (y: Expr): Expr =>
  where(eq(square(y), 1), lift(1, y.dtype), lift(Number.NaN, y.dtype));

/**
 * The margin ranking loss: of two scores the first should be greater where the target is 1, and the second where it is -1, by
 * a margin. `margin` defaults to 0.
 *
 * **Shapes** `first`, `second` and `target` of one shape, or ones that broadcast, `→ []`; NaN for a target that is neither 1
 * nor -1.
 * **Math** the mean over the elements of `max(0, -y (x₁ - x₂) + m)`.
 * **Fails with** `InvalidArgument`, thrown, where the margin is negative or not finite; `ShapeMismatch` when compiled.
 */
export const marginRanking = (
  first: Operand,
  second: Operand,
  target: Operand,
  margin = 0,
): Loss => {
  notNegative("marginRanking", { margin });
  const op = "marginRanking";
  const a = lift(first);
  const [b, side] = [lift(second, a.dtype), lift(target, a.dtype)];
  return asOne(op, "two scores and a target that broadcast to one of them", [a, b, side], () => {
    const [x, z] = compared(op, a, b, "a score");
    const [apart, y] = compared(op, sub(x, z), side);
    return average(mul(excess(sub(margin, mul(y, apart))), sided(y)));
  });
};

/**
 * The soft margin loss: the mean over the elements of `ln(1 + e^(-yx))`, for targets of -1 and 1: a binary cross entropy with
 * logits for these targets.
 *
 * **Shapes** and **Fails with** as `meanSquaredError`. **Units** nats.
 */
export const softMargin: Comparison<"softMargin", [], Loss> = (prediction, target) => {
  const [x, y] = compared("softMargin", prediction, target);
  return average(softplus(neg(mul(x, y)), 1, Number.POSITIVE_INFINITY));
};

/**
 * The hinge embedding loss of distances: the distance itself where two things belong together (target 1), and how far it is
 * below the margin where they do not (target -1). `margin` defaults to 1.
 *
 * **Shapes** `distance` and `target` of one shape `→ []`; NaN for a target that is neither 1 nor -1.
 * **Math** the mean over the elements of `x`, or of `max(0, m - x)`.
 * **Fails with** `InvalidArgument`, thrown, where the margin is not finite; `ShapeMismatch` when compiled.
 */
export const hingeEmbedding: Comparison<"hingeEmbedding", [margin?: number], Loss> = (
  distance,
  target,
  margin = 1,
) => {
  finite("hingeEmbedding", { margin });
  const [x, y] = compared("hingeEmbedding", distance, target);
  return average(mul(where(gt(y, 0), x, excess(sub(margin, x))), sided(y)));
};

/** The options of {@link multiMargin}. */
export interface MultiMarginOptions {
  /** By how much the score of the label should be greatest. Defaults to 1. */
  readonly margin?: number;
  /** The power of what is lacking: 1 or 2. Defaults to 1. */
  readonly power?: 1 | 2;
}

const powers = holding("1 or 2", (n) => n === 1 || n === 2);

/**
 * The multi-class margin loss: the score of the label should be greater than that of every other class, by a margin.
 *
 * **Shapes** `scores: [classes]`, `label: []` of i32 `→ []`; NaN for a label that is not a class.
 * **Math** `Σᵢ max(0, m - x_y + xᵢ)ᵖ / classes` over the classes other than `y`.
 * **Fails with** `InvalidArgument`, thrown, where the margin is not finite or the power is neither 1 nor 2; `ShapeMismatch`
 * when compiled, where there are several labels.
 * **Source** Crammer and Singer, "On the algorithmic implementation of multiclass kernel-based vector machines" (2001).
 */
export const multiMargin = (
  scores: Operand,
  label: Operand,
  { margin = 1, power = 1 }: MultiMarginOptions = {},
): Loss => {
  finite("multiMargin", { margin });
  powers("multiMargin", { power });
  const [x, said] = [lift(scores), lift(label, "i32")];
  const classes = x.shape.at(-1) ?? 0;
  return asOne("multiMargin", "scores [classes] and a label", [x, said], () => {
    const chosen = cast(oneLabel("multiMargin", said), "i32");
    const own = eq(iota(x.shape, -1), chosen);
    const score = sum(where(own, x, 0));
    const lacking = excess(add(sub(x, score), margin));
    const cost = where(own, 0, power === 2 ? square(lacking) : lacking);
    const known = where(isKnown(chosen, classes), lift(1 / classes, x.dtype), Number.NaN);
    return scalarLoss(mul(total(cost), known));
  });
};

/**
 * The multi-label margin loss: the scores of all labels should be greater than those of all other classes, by 1.
 *
 * **Shapes** `scores` and `labels` of one shape `[classes]`, labels 1 for the classes of the example and 0 for others `→ []`.
 * NaN where a label is neither.
 * **Math** `Σⱼᵢ max(0, 1 - (xⱼ - xᵢ)) / classes` over labels `j` and other classes `i`.
 * **Fails with** `ShapeMismatch` when compiled, where the shapes differ.
 */
export const multiLabelMargin: Comparison<"multiLabelMargin", [], Loss> = (scores, labels) => {
  const a = lift(scores);
  const b = lift(labels, a.dtype);
  return asOne("multiLabelMargin", "scores and labels [classes]", [a, b], () => {
    const [x, y] = compared("multiLabelMargin", a, b);
    const [yes, no] = [eq(y, 1), eq(y, 0)];
    const lacking = excess(sub(1, sub(expandDims(x, 1), expandDims(x, 0))));
    const counts = and(expandDims(yes, 1), expandDims(no, 0));
    const wrong = sum(cast(not(eq(add(cast(yes, "i32"), cast(no, "i32")), 1)), "i32"));
    const classes = x.shape[0] ?? 1;
    const known = where(eq(wrong, 0), lift(1 / classes, x.dtype), Number.NaN);
    return scalarLoss(mul(total(where(counts, lacking, 0)), known));
  });
};
