import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { where } from "../../ir/ops/control.ts";
import { abs, add, eq, gt, le, mul, square, sub } from "../../ir/ops/elementwise.ts";
import { lift } from "../../ir/ops/promote.ts";
import { sum } from "../../ir/ops/reduction.ts";
import type { Operand } from "../../ir/types/shape.ts";
import { directionOf, lengthOf } from "../../linalg/scale.ts";
import { finite, holding, notNegative, positive } from "../../tensor/validate.ts";
import { softmaxCrossEntropy } from "./classification.ts";
import { compared } from "./pairing.ts";
import { type Loss, scalarLoss } from "./reduction.ts";

/** Contrastive losses: they pull vectors together or push them apart. One example has vectors `[width]`. */

/** The unit vector along the last axis; 0 for the zero vector. */
const direction = (x: Expr): Expr => directionOf(x, -1);

const cosine = (x: Expr, y: Expr): Expr => sum(mul(direction(x), direction(y)), -1);

/** `max(x, 0)` with derivative 0 at 0; NaN stays NaN. */
const positivePart = (x: Expr): Loss => scalarLoss(where(le(x, 0), 0, x));

/** `1 - cos(x, y)`; for nearby vectors from the difference of their directions, which does not cancel. */
const cosineDistance = (x: Expr, y: Expr): Loss => {
  const similarity = cosine(x, y);
  const between = mul(sum(square(sub(direction(x), direction(y))), -1), 0.5);
  const near = gt(similarity, 0.5);
  return scalarLoss(where(near, between, sub(1, similarity)));
};

/**
 * The triplet loss: an anchor should be closer to the positive than to the negative, by a margin.
 *
 * **Shapes** `anchor`, `positive`, `negative` `[width] → []`.
 * **Math** `max(0, d₊ - d₋ + m)`, where `m` defaults to 1 and `d = √Σ (x - y + ε)²` with ε = 1e-6 as in PyTorch, which
 * keeps the root differentiable.
 * **Fails with** `InvalidArgument`, thrown, where the margin is negative or not finite.
 * **Source** Schroff et al. (2015), arXiv:1503.03832, equation 3, with distances not squared.
 */
export const triplet = (
  anchor: Operand,
  positive: Operand,
  negative: Operand,
  margin = 1,
): Loss => {
  notNegative("triplet", { margin });
  const distance = (other: Operand): Expr => {
    const [x, y] = compared("triplet", anchor, other, "a vector");
    const apart = add(sub(x, y), 1e-6);
    return lengthOf(apart);
  };
  return positivePart(add(sub(distance(positive), distance(negative)), margin));
};

/**
 * The cosine embedding loss: `1 - cos(x, y)` for vectors that belong together (`target` 1), and
 * `max(0, cos(x, y) - margin)` for those that do not (`target` -1). `margin` defaults to 0.
 *
 * **Shapes** `x`, `y`: `[width]`, `target: [] → []`; NaN for a target that is neither 1 nor -1.
 * **Fails with** `InvalidArgument`, thrown, where the margin is not from -1 to 1.
 */
export const cosineEmbedding = (x: Operand, y: Operand, target: Operand, margin = 0): Loss => {
  holding("a number from -1 to 1", (n) => n >= -1 && n <= 1)("cosineEmbedding", { margin });
  const [a, b] = compared("cosineEmbedding", x, y, "a vector");
  const side = lift(target, a.dtype);
  const apart = positivePart(sub(cosine(a, b), margin));
  const loss = where(gt(side, 0), cosineDistance(a, b), apart);
  return scalarLoss(mul(loss, where(eq(abs(side), 1), lift(1, a.dtype), Number.NaN)));
};

/**
 * The InfoNCE loss: the cross entropy of picking the right candidate by its cosine similarity with a query.
 *
 * **Shapes** `query: [width]`, `candidates: [n, width]`, `label: []` of i32 `→ []`. **Units** nats.
 * **Math** `-ln softmax(cos(q, kᵢ)/τ)[label]`; the temperature τ defaults to 0.1.
 * **Fails with** `InvalidArgument`, thrown, where the temperature is not a finite number above 0.
 * **Source** van den Oord et al. (2018), arXiv:1807.03748, equation 4; the cosine and its temperature:
 * Chen et al. (2020), arXiv:2002.05709.
 */
export const infoNce = (
  query: Operand,
  candidates: Operand,
  label: Operand,
  temperature = 0.1,
): Loss => {
  positive("infoNce", { temperature });
  finite("infoNce", { temperature });
  const q = lift(query);
  const keys = direction(lift(candidates, q.dtype));
  const similarities = dot(keys, direction(q), [[1], [0]]);
  return softmaxCrossEntropy(mul(similarities, 1 / temperature), label);
};
