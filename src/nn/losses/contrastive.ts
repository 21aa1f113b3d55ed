import { ShapeMismatch } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { dot, matmul } from "../../ir/ops/contraction.ts";
import { where } from "../../ir/ops/control.ts";
import { abs, add, eq, gt, le, mul, square, sub } from "../../ir/ops/elementwise.ts";
import { iota } from "../../ir/ops/indexing.ts";
import { lift } from "../../ir/ops/promote.ts";
import { logSoftmax, sum } from "../../ir/ops/reduction.ts";
import { concatenate, transpose } from "../../ir/ops/structural.ts";
import { asOne, refuse } from "../../ir/types/diagnose.ts";
import type { Operand } from "../../ir/types/shape.ts";
import { directionOf, lengthOf } from "../../linalg/scale.ts";
import { sameShape } from "../../tensor/shape.ts";
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
  const given = [anchor, positive, negative].map((x) => lift(x));
  return asOne("triplet", "three vectors of one shape", given, () =>
    positivePart(add(sub(distance(positive), distance(negative)), margin)),
  );
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
  const first = lift(x);
  const [second, side] = [lift(y, first.dtype), lift(target, first.dtype)];
  const expected = "two vectors [width], and a target []";
  return asOne("cosineEmbedding", expected, [first, second, side], () => {
    const [a, b] = compared("cosineEmbedding", first, second, "a vector");
    const apart = positivePart(sub(cosine(a, b), margin));
    const loss = where(gt(side, 0), cosineDistance(a, b), apart);
    return scalarLoss(mul(loss, where(eq(abs(side), 1), lift(1, a.dtype), Number.NaN)));
  });
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
  const keys = lift(candidates, q.dtype);
  const expected = "a query [width] and candidates [n, width]";
  return asOne("infoNce", expected, [q, keys], () => {
    const similarities = dot(direction(keys), direction(q), [[1], [0]]);
    return softmaxCrossEntropy(mul(similarities, 1 / temperature), label);
  });
};

/** Two views of the same examples, or an issue where they are not vectors of one width, two by two. */
const viewsOf = (first: Expr, second: Expr): readonly [Expr, Expr] => {
  if (first.shape.length === 2 && sameShape(first.shape, second.shape)) return [first, second];
  const expected = "two views of the same examples, [examples, width] each";
  const actual = [first.shape, second.shape];
  const issue = new ShapeMismatch({ op: "ntXent", expected, actual, path: [] });
  const some = { shape: [1, 1], dtype: first.dtype } as const;
  const [a, b] = refuse(issue, [first, second], [some, some]);
  return [a as Expr, b as Expr];
};

/**
 * The NT-Xent loss of SimCLR: of all other views of a batch, each view should pick that of the same example, by cosine
 * similarity. The other examples are the negatives, so it belongs into a `batchObjective`.
 *
 * **Shapes** `first`, `second`: `[examples, width] → []`, two views of the same examples. **Units** nats.
 * **Math** the mean over all `2n` views of `-ln(exp(cos(zᵢ, zⱼ)/τ) / Σₖ≠ᵢ exp(cos(zᵢ, zₖ)/τ))`, where `j` is the other view
 * of example `i`; the temperature τ defaults to 0.5. Views that are all alike have `ln(2n - 1)`.
 * **Fails with** `InvalidArgument`, thrown, where the temperature is not a finite number above 0; `ShapeMismatch` when
 * compiled, where the views do not have the same shape of two axes.
 * **Source** Chen et al., "A simple framework for contrastive learning of visual representations" (2020),
 * arXiv:2002.05709, equation 1 and algorithm 1.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, type Expr, tensor } from "fluxion";
 * import { ntXent } from "fluxion/losses";
 * const views = tensor([[2, 0], [0, 3]]);
 * const program = compile((x: Expr) => ntXent(x, x, 1), [views]);
 * Effect.runSync(Effect.provide(program, Backend.layerReference))(views).item() // => 0.5514447
 * Math.log(Math.E + 2) - 1 // => 0.5514447
 * ```
 */
export const ntXent = (first: Operand, second: Operand, temperature = 0.5): Loss => {
  positive("ntXent", { temperature });
  finite("ntXent", { temperature });
  const a = lift(first);
  const views = direction(concatenate(viewsOf(a, lift(second, a.dtype))));
  const all = views.shape[0] ?? 1;
  const scores = mul(matmul(views, transpose(views)), 1 / temperature);
  const [i, j] = [iota([all, all], 0), iota([all, all], 1)];
  const others = logSoftmax(where(eq(i, j), Number.NEGATIVE_INFINITY, scores));
  const partners = eq(abs(sub(i, j)), all / 2);
  return scalarLoss(mul(sum(where(partners, others, 0)), -1 / all));
};
