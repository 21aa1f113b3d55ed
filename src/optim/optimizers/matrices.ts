import { notNegative, passedOn, share } from "../../tensor/validate.ts";
import { decay, descent } from "../descent.ts";
import type { LearningRate } from "../learningRate.ts";
import { described } from "../options.ts";
import { chain, type GradientTransformation } from "../transformation.ts";
import {
  type OrthogonalizeOptions,
  orthogonalize,
  type ShampooScaling,
  scaleByShampoo,
} from "../transforms/matrices.ts";
import { partition } from "../transforms/partition.ts";
import { trace } from "../transforms/parts.ts";
import { scaleByAdam } from "../transforms/scaleBy.ts";

/** The options of {@link muon}. */
export interface MuonOptions extends OrthogonalizeOptions {
  /** The learning rate per step: a number, or a schedule. */
  readonly learningRate: LearningRate;
  /** The fraction of the last velocity that is kept. Defaults to 0.95. */
  readonly momentum?: number;
  /** Whether the step looks ahead along the velocity. Defaults to `true`. */
  readonly nesterov?: boolean;
  /** The multiple of the params that decays. Defaults to 0. */
  readonly weightDecay?: number;
}

/**
 * Muon: momentum, orthogonalized, for weights; Adam's scaling, with its defaults, for vectors and scalars.
 *
 * Embeddings and the last layer are best left to Adam too (`partition`).
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `v ← μv + g`, `p ← p - η(√max(1, out/in) · NS(g + μv) + λp)` with NewtonSchulz's iteration of
 * {@link orthogonalize}.
 * **Source** Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024).
 */
export const muon: (options: MuonOptions) => GradientTransformation = described(
  "muon",
  {
    learningRate: undefined,
    momentum: 0.95,
    nesterov: true,
    weightDecay: 0,
    steps: 5,
    epsilon: 1e-7,
  },
  (options: MuonOptions) => {
    const { learningRate, momentum = 0.95, nesterov = true, weightDecay = 0 } = options;
    notNegative("muon", { learningRate, weightDecay });
    share("muon", { momentum });
    const byRank = partition(
      (_path, { shape }) => (shape.length < 2 ? "vectors" : "weights"),
      {
        weights: chain(
          trace(momentum, { nesterov }),
          passedOn("muon", () => orthogonalize(options)),
        ),
        vectors: scaleByAdam(),
      },
      { mayBeEmpty: true },
    );
    return descent("muon", learningRate, byRank, ...decay(weightDecay));
  },
);

/** The options of {@link shampoo}. */
export type ShampooOptions = ShampooScaling & {
  /** The learning rate per step: a number, or a schedule. */
  readonly learningRate: LearningRate;
  /** The fraction of the last velocity that is kept. Defaults to 0. */
  readonly momentum?: number;
  /** Adds `weightDecay · p` to the gradients. Defaults to 0. */
  readonly weightDecay?: number;
};

/**
 * Shampoo: gradients times inverse roots of their products along every axis, with momentum.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** of a matrix `L ← L + GGᵀ`, `R ← R + GᵀG`, `p ← p - η L^(-1/4) G R^(-1/4)`.
 * **Source** Gupta, Koren and Singer (2018), arXiv:1802.09568, algorithms 1 and 2.
 */
export const shampoo: (options: ShampooOptions) => GradientTransformation = described(
  "shampoo",
  { learningRate: undefined, momentum: 0, weightDecay: 0, epsilon: 1e-4, every: 1, maxSize: 1024 },
  (options: ShampooOptions) => {
    const { learningRate, momentum = 0, weightDecay = 0 } = options;
    notNegative("shampoo", { learningRate, weightDecay });
    share("shampoo", { momentum });
    const velocity = momentum === 0 ? [] : [trace(momentum)];
    const scaled = passedOn("shampoo", () => scaleByShampoo(options));
    return descent("shampoo", learningRate, ...decay(weightDecay), scaled, ...velocity);
  },
);
