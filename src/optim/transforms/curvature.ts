import { cond } from "../../autodiff/control.ts";
import { derive } from "../../interpreter/derive.ts";
import { constant } from "../../ir/build.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast } from "../../ir/ops/control.ts";
import { clip, div, eq, maximum, mul, rem } from "../../ir/ops/elementwise.ts";
import { zerosLike } from "../../ir/ops/indexing.ts";
import { foldInKey, normal } from "../../ir/ops/random.ts";
import { flattenExprs, traceTree } from "../../ir/trees.ts";
import { key } from "../../tensor/key.ts";
import { holding, notNegative, share, whole } from "../../tensor/validate.ts";
import { unflatten, zip } from "../../tree.ts";
import { averaged, zerosOf } from "../ema.ts";
import { noSteps, oneMore } from "../learningRate.ts";
import {
  type Exprs,
  type GradientTransformation,
  known,
  type Minimized,
  transformation,
} from "../transformation.ts";

/** The Hessian of a function times a vector: the tangent of its gradient. */
const hessianTimes = (f: Minimized, params: Exprs, vector: Exprs): Exprs => {
  const inputs = flattenExprs(params);
  const { program, captured } = traceTree((p: Exprs) => f.at(p).gradient, {
    shape: inputs.shape,
    leaves: inputs.leaves,
  });
  const made = derive.jvp(
    program,
    [...captured, ...inputs.leaves],
    [...captured.map(() => undefined), ...flattenExprs(vector).leaves],
  );
  return unflatten(
    inputs.shape,
    inputs.leaves.map((x, i) => made.tangents[i] ?? zerosLike(x)),
  );
};

/** The options of {@link scaleBySophia}. */
export interface SophiaScaling {
  /** The decay of the mean gradient per step. Defaults to 0.96. */
  readonly beta1?: number;
  /** The decay of the mean curvature per estimate. Defaults to 0.99. */
  readonly beta2?: number;
  /** The factor of the curvature: the smaller, the more elements are clipped. Defaults to 0.01. */
  readonly gamma?: number;
  /** The least divisor. Defaults to 1e-12. */
  readonly epsilon?: number;
  /** The number of steps from one estimate of the curvature to the next. Defaults to 10. */
  readonly every?: number;
  /** The seed of the random vectors. Defaults to 0. */
  readonly seed?: number;
}

/**
 * Divides the mean gradient by the mean curvature and clips every element to 1. The curvature along the axes is estimated
 * every few steps, beginning with the first, by `u ∘ Hu` for a random vector `u`.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range; when a step is built, where the function
 * is not known.
 * **Math** `m ← β₁m + (1-β₁)g`, `h ← β₂h + (1-β₂) u ∘ ∇²L·u`, updates `clip(m/max(γh, ε), 1)`.
 * **Source** Liu et al. (2023), arXiv:2305.14342, algorithms 1 (Hutchinson's estimate) and 3.
 */
export const scaleBySophia = (options: SophiaScaling = {}): GradientTransformation => {
  const {
    beta1 = 0.96,
    beta2 = 0.99,
    gamma = 0.01,
    epsilon = 1e-12,
    every = 10,
    seed = 0,
  } = options;
  notNegative("scaleBySophia", { gamma });
  holding("a finite number above 0", (n) => n > 0 && Number.isFinite(n))("scaleBySophia", {
    epsilon,
  });
  share("scaleBySophia", { beta1, beta2 });
  whole(1)("scaleBySophia", { every });
  whole(0)("scaleBySophia", { seed });
  return transformation({
    name: "scaleBySophia",
    init: (params) => ({ step: noSteps(), mean: zerosOf(params), curvature: zerosOf(params) }),
    update: (g, state, params, _scaled, minimized) => {
      const f = known("scaleBySophia", minimized);
      const random = foldInKey(constant(key(seed)), state.step);
      const { leaves, shape } = flattenExprs(params);
      const estimate = (before: Exprs): Exprs => {
        const u = unflatten(
          shape,
          leaves.map((x, i) =>
            cast(normal(foldInKey(random, i), x.shape, { dtype: "f64" }), x.dtype),
          ),
        );
        const along = zip((v, hv) => mul(v, hv), u, hessianTimes(f, params, u));
        return zip((h, now) => averaged(beta2, h, now), before, along);
      };
      const due = eq(rem(state.step, every), 0);
      const curvature = cond(due, estimate, (same: Exprs) => same, state.curvature);
      const mean = zip((m, d) => averaged(beta1, m, d), state.mean, g);
      const over = (m: Expr, h: Expr): Expr => clip(div(m, maximum(mul(h, gamma), epsilon)), -1, 1);
      return {
        updates: zip(over, mean, curvature),
        state: { step: oneMore(state.step), mean, curvature },
      };
    },
  });
};
