import type { Exprs } from "../../autodiff/index.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import {
  add,
  clip as clipElements,
  div,
  eq,
  minimum,
  mul,
  neg,
  sqrt,
  square,
} from "../../ir/ops/elementwise.ts";
import { lift } from "../../ir/ops/promote.ts";
import { sum } from "../../ir/ops/reduction.ts";
import { stack } from "../../ir/ops/structural.ts";
import { awayFromZero, lengthOf } from "../../linalg/scale.ts";
import { finite, notNegative, positive, probability, share } from "../../tensor/validate.ts";
import { leaves, map, zip } from "../../tree.ts";
import { accumulated, by, type Coefficient, zerosOf } from "../ema.ts";
import { type LearningRate, noSteps, oneMore, rateAt } from "../learningRate.ts";
import { describedBy } from "../options.ts";
import { type GradientTransformation, stateless, transformation } from "../transformation.ts";

/** Every leaf times an f64 scalar, which is first rounded to the leaf's dtype. */
const times = (tree: Exprs, factor: Expr): Exprs => map((d) => mul(d, cast(factor, d.dtype)), tree);

/**
 * Multiplies updates by a number.
 *
 * **Fails with** `InvalidArgument`, thrown, unless the number is finite.
 */
export const scale = (factor: Coefficient): GradientTransformation => {
  finite("scale", { factor });
  return stateless("scale", (g) => map((d) => by(d, factor), g));
};

/**
 * Multiplies updates by `-η`, which turns gradients into a descent. It is the last part of an optimizer.
 *
 * **Fails with** `InvalidArgument`, thrown, where the rate is negative.
 */
export const scaleByLearningRate = (learningRate: LearningRate): GradientTransformation => {
  notNegative("scaleByLearningRate", { learningRate });
  return transformation({
    name: "scaleByLearningRate",
    init: () => ({ step: noSteps() }),
    update: (gradients, { step }, _params, scaled) => {
      const factor = neg(rateAt(learningRate, step));
      return {
        updates: scaled === undefined ? times(gradients, factor) : scaled(factor),
        state: { step: oneMore(step) },
      };
    },
    learningRate: ({ step }) => rateAt(learningRate, step),
    atLearningRate: scaleByLearningRate,
  });
};

/** The options of {@link trace}. */
export interface TraceOptions {
  /** Whether to look one step ahead along the velocity. Defaults to `false`. */
  readonly nesterov?: boolean;
  /** The share of each gradient that does not enter the velocity; the first enters whole. Defaults to 0. */
  readonly dampening?: number;
}

/**
 * Replaces updates by their velocity, a sum of past updates that decays: momentum.
 *
 * **Fails with** `InvalidArgument`, thrown, unless `0 ≤ momentum < 1` and `0 ≤ dampening ≤ 1`.
 * **Math** `v ← μv + (1-τ)g` with dampening τ, and `v = g` at first; updates `v`; Nesterov's: updates `g + μv`.
 * **Source** Sutskever et al., "On the importance of initialization and momentum in deep learning" (2013), with
 * velocities in units of the gradient, as in PyTorch.
 */
export const trace = (
  momentum: Coefficient,
  { nesterov = false, dampening = 0 }: TraceOptions = {},
): GradientTransformation => {
  share("trace", { momentum });
  probability("trace", { dampening });
  const moves = (gradients: Exprs, velocity: Exprs): Exprs =>
    nesterov ? zip((g, v) => add(g, by(v, momentum)), gradients, velocity) : velocity;
  if (dampening === 0)
    return transformation({
      name: "trace",
      init: (params) => ({ velocity: zerosOf(params) }),
      update: (gradients, state) => {
        const velocity = zip((v, g) => accumulated(momentum, v, g), state.velocity, gradients);
        return { updates: moves(gradients, velocity), state: { velocity } };
      },
    });
  return transformation({
    name: "trace",
    init: (params) => ({ step: noSteps(), velocity: zerosOf(params) }),
    update: (gradients, state) => {
      const first = eq(state.step, 0);
      const enters = (g: Expr): Expr => where(first, g, mul(g, 1 - dampening));
      const velocity = zip(
        (v, g) => accumulated(momentum, v, enters(g)),
        state.velocity,
        gradients,
      );
      return {
        updates: moves(gradients, velocity),
        state: { step: oneMore(state.step), velocity },
      };
    },
  });
};

/**
 * Clips every element to the range from `-limit` to `limit`.
 *
 * **Fails with** `InvalidArgument`, thrown, unless `limit` is above 0.
 */
export const clip: (limit: number) => GradientTransformation = describedBy(
  "clip",
  "limit",
  (limit) => {
    positive("clip", { limit });
    return stateless("clip", (g) => map((d) => clipElements(d, -limit, limit), g));
  },
);

/** The Euclidean norm of all leaves together. It is computed in f64, since squares may overflow f32. */
export const globalNorm = (tree: Exprs): Expr => {
  const lengths = leaves(tree).map((d) =>
    d.dtype === "f64"
      ? lengthOf(d)
      : awayFromZero(sum(square(cast(d, "f64"))), (total) => sqrt(total)),
  );
  return lengths.length === 0 ? lift(0, "f64") : lengthOf(stack(lengths));
};

/**
 * Scales all updates down by one factor where their global norm is above `limit`.
 *
 * **Fails with** `InvalidArgument`, thrown, unless `limit` is above 0.
 * **Math** `g · min(1, limit/‖g‖)`. **Source** Pascanu, Mikolov and Bengio (2012), arXiv:1211.5063.
 */
export const clipByGlobalNorm: (limit: number) => GradientTransformation = describedBy(
  "clipByGlobalNorm",
  "limit",
  (limit) => {
    positive("clipByGlobalNorm", { limit });
    // A norm of 0 makes the ratio infinite, and the factor 1.
    return stateless("clipByGlobalNorm", (g) => times(g, minimum(div(limit, globalNorm(g)), 1)));
  },
);

/**
 * Adds `λp` to the gradients: weight decay.
 *
 * **Fails with** `InvalidArgument`, thrown, where λ is negative.
 * **Math** the gradient of `λ/2 ‖p‖²`.
 * **Source** Krogh and Hertz, "A Simple Weight Decay Can Improve Generalization" (1991).
 */
export const addDecayedWeights = (weightDecay: Coefficient): GradientTransformation => {
  notNegative("addDecayedWeights", { weightDecay });
  return {
    name: "addDecayedWeights",
    init: () => undefined,
    update: (gradients, state, params, scaled) => ({
      updates: zip((d, p) => add(d, by(p, weightDecay)), gradients, params),
      state,
      ...(scaled && {
        scaled: (factor: Expr) => {
          // One product per step and not one per parameter.
          const decay = mul(factor, weightDecay);
          const moved = (p: Expr, d: Expr): Expr => add(mul(p, cast(decay, p.dtype)), d);
          return zip(moved, params, scaled(factor));
        },
      }),
    }),
  };
};
