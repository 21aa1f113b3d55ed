import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { clip, gt, lt, mul, sign } from "../../ir/ops/elementwise.ts";
import { full } from "../../tensor/constructors.ts";
import { holding, positive, share } from "../../tensor/validate.ts";
import { map, zip } from "../../tree.ts";
import { averaged, zerosOf } from "../ema.ts";
import { type GradientTransformation, transformation } from "../transformation.ts";

/** The options of {@link scaleByLion}. */
export interface LionScaling {
  /** How much of the momentum the direction takes. Defaults to 0.9. */
  readonly beta1?: number;
  /** The decay of the momentum per step. Defaults to 0.99. */
  readonly beta2?: number;
}

/**
 * The signs of momentum and gradient together: every param moves by the same amount.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** updates `sign(β₁m + (1-β₁)g)`, `m ← β₂m + (1-β₂)g`.
 * **Source** Chen et al. (2023), arXiv:2302.06675, algorithm 2.
 */
export const scaleByLion = (options: LionScaling = {}): GradientTransformation => {
  const { beta1 = 0.9, beta2 = 0.99 } = options;
  share("scaleByLion", { beta1, beta2 });
  return transformation({
    name: "scaleByLion",
    init: (params) => ({ mean: zerosOf(params) }),
    update: (g, state) => ({
      updates: map(
        sign,
        zip((m, d) => averaged(beta1, m, d), state.mean, g),
      ),
      state: { mean: zip((m, d) => averaged(beta2, m, d), state.mean, g) },
    }),
  });
};

/** The options of {@link scaleByRprop}. */
export interface RpropScaling {
  /** The first step size of every param. Defaults to 0.01. */
  readonly initialStep?: number;
  /** The factor of a step size after a change of sign. Defaults to 0.5. */
  readonly etaMinus?: number;
  /** The factor of a step size after equal signs. Defaults to 1.2. */
  readonly etaPlus?: number;
  /** The smallest step size. Defaults to 1e-6. */
  readonly minStep?: number;
  /** The largest step size. Defaults to 50. */
  readonly maxStep?: number;
}

/**
 * The sign of each gradient times a step size of its own, which grows while the sign stays and shrinks when it changes.
 * A param whose sign changed rests for a step. For gradients of the whole data set: noise changes signs.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `s ← clip(s·η⁺)` where `g·g₋₁ > 0`; `s ← clip(s·η⁻)` and `g ← 0` where `g·g₋₁ < 0`; updates `s·sign(g)`.
 * **Source** Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning" (1993), without
 * taking steps back (Igel and Hüsken's iRprop-, as in PyTorch).
 */
export const scaleByRprop = (options: RpropScaling = {}): GradientTransformation => {
  const {
    initialStep = 0.01,
    etaMinus = 0.5,
    etaPlus = 1.2,
    minStep = 1e-6,
    maxStep = 50,
  } = options;
  positive("scaleByRprop", { initialStep, minStep });
  holding("a number between 0 and 1", (n) => n > 0 && n < 1)("scaleByRprop", { etaMinus });
  holding("a finite number above 1", (n) => n > 1 && Number.isFinite(n))("scaleByRprop", {
    etaPlus,
  });
  holding(`a number from minStep, ${minStep}`, (n) => n >= minStep)("scaleByRprop", { maxStep });
  const grown = (s: Expr, agreement: Expr): Expr => {
    const next = where(lt(agreement, 0), mul(s, etaMinus), s);
    return clip(where(gt(agreement, 0), mul(s, etaPlus), next), minStep, maxStep);
  };
  return transformation({
    name: "scaleByRprop",
    init: (params) => ({
      before: zerosOf(params),
      stepSize: map((p) => full(p.shape, initialStep, p.dtype), params),
    }),
    update: (g, state) => {
      const agreement = zip((d, b) => mul(sign(d), sign(b)), g, state.before);
      const stepSize = zip(grown, state.stepSize, agreement);
      const before = zip((d, a) => where(lt(a, 0), 0, d), g, agreement);
      return {
        updates: zip((s, d) => mul(s, sign(d)), stepSize, before),
        state: { before, stepSize },
      };
    },
  });
};
