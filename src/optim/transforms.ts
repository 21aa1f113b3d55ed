import type { Exprs } from "../autodiff/index.ts";
import type { Expr } from "../ir/expr.ts";
import { cast } from "../ir/ops/control.ts";
import { add, div, clip as held, minimum, mul, neg, sqrt, square } from "../ir/ops/elementwise.ts";
import { lift } from "../ir/ops/promote.ts";
import { sum } from "../ir/ops/reduction.ts";
import { stack } from "../ir/ops/structural.ts";
import { awayFromZero, lengthOf } from "../linalg/scale.ts";
import { finite, notNegative, positive } from "../tensor/validate.ts";
import { leaves, map, zip } from "../tree.ts";
import { type LearningRate, noSteps, oneMore, rateAt } from "./learningRate.ts";
import { type GradientTransformation, stateless, transformation } from "./transformation.ts";

/**
 * Updates times a number.
 *
 * **Fails with** `InvalidArgument`, thrown, unless it is finite.
 */
export const scale = (factor: number): GradientTransformation => {
  finite("scale", { factor });
  return stateless("scale", (g) => map((d) => mul(d, factor), g));
};

/**
 * Updates times `-η`: what turns gradients into a descent. The last part of a chain of one's own.
 *
 * **Fails with** `InvalidArgument`, thrown, where the rate is negative.
 */
export const scaleByLearningRate = (learningRate: LearningRate): GradientTransformation => {
  notNegative("scaleByLearningRate", { learningRate });
  return transformation({
    name: "scaleByLearningRate",
    init: () => ({ step: noSteps() }),
    update: (gradients, { step }) => {
      const back = neg(rateAt(learningRate, step));
      return {
        updates: map((d) => mul(d, cast(back, d.dtype)), gradients),
        state: { step: oneMore(step) },
      };
    },
    learningRate: ({ step }) => rateAt(learningRate, step),
  });
};

/**
 * Every element held between `-limit` and `limit`.
 *
 * **Fails with** `InvalidArgument`, thrown, unless `limit` is above 0.
 */
export const clip = (limit: number): GradientTransformation => {
  positive("clip", { limit });
  return stateless("clip", (g) => map((d) => held(d, -limit, limit), g));
};

/** The Euclidean norm of all leaves together, as f64, and in f64: squares of f32 may be out of its range. */
export const globalNorm = (tree: Exprs): Expr => {
  const lengths = leaves(tree).map((d) =>
    d.dtype === "f64"
      ? lengthOf(d)
      : awayFromZero(sum(square(cast(d, "f64"))), (total) => sqrt(total)),
  );
  return lengths.length === 0 ? lift(0, "f64") : lengthOf(stack(lengths));
};

/**
 * All updates shortened by one factor where their global norm is above `limit`.
 *
 * **Fails with** `InvalidArgument`, thrown, unless `limit` is above 0.
 * **Math** `g · min(1, limit/‖g‖)`. **Source** Pascanu, Mikolov and Bengio (2012), arXiv:1211.5063.
 */
export const clipByGlobalNorm = (limit: number): GradientTransformation => {
  positive("clipByGlobalNorm", { limit });
  return stateless("clipByGlobalNorm", (g) => {
    // A norm of 0 makes the ratio infinite, and the factor 1.
    const factor = minimum(div(limit, globalNorm(g)), 1);
    return map((d) => mul(d, cast(factor, d.dtype)), g);
  });
};

/**
 * `λp` added to the gradients.
 *
 * **Fails with** `InvalidArgument`, thrown, where λ is negative.
 * **Math** the gradient of `λ/2 ‖p‖²`.
 */
export const addDecayedWeights = (weightDecay: number): GradientTransformation => {
  notNegative("addDecayedWeights", { weightDecay });
  return stateless("addDecayedWeights", (g, params) =>
    zip((d, p) => add(d, mul(p, weightDecay)), g, params),
  );
};
