import { add, minimum, rsqrt } from "../../ir/ops/elementwise.ts";
import { notNegative, passedOn, share } from "../../tensor/validate.ts";
import { decay, descent } from "../descent.ts";
import type { LearningRate, Schedule } from "../learningRate.ts";
import { described } from "../options.ts";
import { chain, type GradientTransformation } from "../transformation.ts";
import { clipByBlockRms, scaleByParamRms, scaleByTrustRatio } from "../transforms/layerwise.ts";
import { type FactoredOptions, scaleByFactoredRms } from "../transforms/matrices.ts";
import { scaleByLearningRate, trace } from "../transforms/parts.ts";
import { type AdamScaling, scaleByAdam } from "../transforms/scaleBy.ts";

/** The options of {@link lars}. */
export interface LarsOptions {
  /** The learning rate per step: a number, or a schedule. */
  readonly learningRate: LearningRate;
  /** The fraction of the last velocity that is kept. Defaults to 0.9. */
  readonly momentum?: number;
  /** How far a tensor moves beside its own length. Defaults to 0.001. */
  readonly trustCoefficient?: number;
  /** Adds `weightDecay · p` to the gradients. Defaults to 0. */
  readonly weightDecay?: number;
}

/**
 * LARS: momentum with a rate of its own for every tensor, in proportion to its length. For large batches.
 *
 * Biases and scales are best left to another optimizer (`partition`).
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `λ = c‖p‖/(‖g‖ + β‖p‖)`, `v ← μv + ηλ(g + βp)`, `p ← p - v`.
 * **Source** You, Gitman and Ginsburg (2017), arXiv:1708.03888, algorithm 1.
 */
export const lars: (options: LarsOptions) => GradientTransformation = described(
  "lars",
  { learningRate: undefined, momentum: 0.9, trustCoefficient: 0.001, weightDecay: 0 },
  (options: LarsOptions) => {
    const { learningRate, momentum = 0.9, trustCoefficient = 0.001, weightDecay = 0 } = options;
    notNegative("lars", { learningRate, trustCoefficient, weightDecay });
    share("lars", { momentum });
    const ratio = scaleByTrustRatio({ coefficient: trustCoefficient, weightDecay });
    // The velocity holds steps, so that a new rate changes those to come and not those that were taken.
    return {
      ...chain(ratio, scaleByLearningRate(learningRate), trace(momentum)),
      name: "lars",
      atLearningRate: (other) => lars({ ...options, learningRate: other }),
    };
  },
);

/** The options of {@link lamb}. */
export interface LambOptions extends AdamScaling {
  /** The learning rate per step: a number, or a schedule. */
  readonly learningRate: LearningRate;
  /** The multiple of the params that decays. Defaults to 0. */
  readonly weightDecay?: number;
}

/**
 * LAMB: Adam whose step for every tensor is as long as its params. For large batches. ε defaults to 1e-6.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `r = m̂/(√v̂ + ε)`, `p ← p - η‖p‖/‖r + λp‖ · (r + λp)`.
 * **Source** You et al. (2019), arXiv:1904.00962, algorithm 2.
 */
export const lamb: (options: LambOptions) => GradientTransformation = described(
  "lamb",
  { learningRate: undefined, beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weightDecay: 0 },
  (options: LambOptions) => {
    const { learningRate, epsilon = 1e-6, weightDecay = 0, beta1, beta2 } = options;
    notNegative("lamb", { learningRate, epsilon, weightDecay });
    share("lamb", { beta1, beta2 });
    const adam = scaleByAdam({ ...options, epsilon });
    return descent("lamb", learningRate, adam, ...decay(weightDecay), scaleByTrustRatio());
  },
);

/** The options of {@link adafactor}. */
export interface AdafactorOptions extends FactoredOptions {
  /** The learning rate, relative to the params. Defaults to `min(0.01, 1/√t)`. */
  readonly learningRate?: LearningRate;
  /** The greatest root mean square of a tensor's update. Defaults to 1. */
  readonly clippingThreshold?: number;
  /** The least root mean square of params that the rate is relative to. Defaults to 1e-3. */
  readonly leastScale?: number;
  /** The multiple of the params that decays. Defaults to 0. */
  readonly weightDecay?: number;
}

const relativeStep: Schedule = (t) => minimum(rsqrt(add(t, 1)), 0.01);

/**
 * Adafactor: root mean squares in the memory of rows and columns, with steps relative to the params. For models whose
 * optimizer state must be small.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `U = g/√v̂`, `p ← p - ρ(max(ε₂, RMS(p)) · U/max(1, RMS(U)/d) + λp)`.
 * **Source** Shazeer and Stern (2018), arXiv:1804.04235, algorithms 4 and 5.
 */
export const adafactor: (options?: AdafactorOptions) => GradientTransformation = described(
  "adafactor",
  {
    learningRate: undefined,
    decayRate: 0.8,
    epsilon: 1e-30,
    clippingThreshold: 1,
    leastScale: 1e-3,
    weightDecay: 0,
  },
  (options: AdafactorOptions) => {
    const { learningRate = relativeStep, clippingThreshold = 1, leastScale = 1e-3 } = options;
    const { weightDecay = 0 } = options;
    notNegative("adafactor", { learningRate, weightDecay });
    return descent(
      "adafactor",
      learningRate,
      ...passedOn(
        "adafactor",
        () => [
          scaleByFactoredRms(options),
          clipByBlockRms(clippingThreshold),
          scaleByParamRms(leastScale),
        ],
        { limit: "clippingThreshold", least: "leastScale" },
      ),
      ...decay(weightDecay),
    );
  },
);
