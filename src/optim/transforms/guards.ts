import { constant } from "../../ir/build.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { add, and, div, eq, gt, mul, or, pow, sqrt } from "../../ir/ops/elementwise.ts";
import { fill } from "../../ir/ops/indexing.ts";
import { broadcastTo } from "../../ir/ops/promote.ts";
import { foldInKey, normal } from "../../ir/ops/random.ts";
import { isFinite, min } from "../../ir/ops/reduction.ts";
import { flattenExprs } from "../../ir/trees.ts";
import { scalar } from "../../tensor/constructors.ts";
import { key } from "../../tensor/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { notNegative, whole } from "../../tensor/validate.ts";
import { leaves, map, type Tree, unflatten } from "../../tree.ts";
import { choose } from "../ema.ts";
import { counted, noSteps, oneMore } from "../learningRate.ts";
import { around, type GradientTransformation, transformation } from "../transformation.ts";

/** The options of {@link addNoise}. */
export interface NoiseOptions {
  /** The variance of the first step. */
  readonly eta: number;
  /** The power by which the variance falls. Defaults to 0.55. */
  readonly gamma?: number;
  /** The seed of the noise. Defaults to 0. */
  readonly seed?: number;
}

/**
 * Adds normal noise to gradients, less from step to step: it leaves flat regions and poor minima.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `g + N(0, η/(1 + t)^γ)` after `t` steps.
 * **Source** Neelakantan et al. (2015), arXiv:1511.06807, equation 1.
 */
export const addNoise = (options: NoiseOptions): GradientTransformation => {
  const { eta, gamma = 0.55, seed = 0 } = options;
  notNegative("addNoise", { eta, gamma });
  whole(0)("addNoise", { seed });
  return transformation({
    name: "addNoise",
    init: () => ({ step: noSteps() }),
    update: (g, { step }) => {
      const deviation = sqrt(div(eta, pow(add(counted(step), 1), gamma)));
      const random = foldInKey(constant(key(seed)), step);
      const given = flattenExprs(g);
      const noisy = given.leaves.map((d, i) => {
        const noise = normal(foldInKey(random, i), d.shape, { dtype: "f64" });
        return add(d, cast(mul(noise, deviation), d.dtype));
      });
      return { updates: unflatten(given.shape, noisy), state: { step: oneMore(step) } };
    },
  });
};

type Guarded = {
  readonly inRow: Tensor<readonly []>;
  readonly total: Tensor<readonly []>;
  readonly inner: Tree<Tensor>;
};

/**
 * Takes no step where a gradient is not finite: params and the inner state stay as they are. After `maxInRow` such steps
 * in a row the next one is taken all the same, so that a run that is lost ends with its error. The state counts them, in
 * a row and in total.
 *
 * **Fails with** `InvalidArgument`, thrown, where `maxInRow` is no whole number.
 */
export const applyIfFinite = (
  inner: GradientTransformation,
  maxInRow: number,
): GradientTransformation => {
  whole(0)("applyIfFinite", { maxInRow });
  const own = transformation<Guarded>({
    name: `applyIfFinite(${inner.name})`,
    init: (params) => ({
      inRow: scalar(0, "i32"),
      total: scalar(0, "i32"),
      inner: inner.init(params),
    }),
    update: (gradients, state, params, _scaled, minimized) => {
      const all = leaves(gradients).reduce<Expr>(
        (finite, g) => and(finite, allOf(isFinite(g))),
        fill([], 1, "bool"),
      );
      const inRow = where(all, 0, add(state.inRow, 1));
      const taken = or(all, gt(inRow, maxInRow));
      const made = inner.update(gradients, state.inner, params, undefined, minimized);
      return {
        updates: map((u) => where(taken, u, 0), made.updates),
        state: {
          inRow: broadcastTo(inRow, []),
          total: broadcastTo(where(all, state.total, add(state.total, 1)), []),
          inner: choose(taken, made.state, state.inner),
        },
      };
    },
  });
  return { ...around(inner, (other) => applyIfFinite(other, maxInRow)), ...own };
};

const allOf = (x: Expr): Expr => eq(min(where(x, 1, 0)), 1);
