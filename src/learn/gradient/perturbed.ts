import { DtypeMismatch } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, stopGradient, where } from "../../ir/ops/control.ts";
import { add, div, gt, maximum, minimum, mul, sign, sub } from "../../ir/ops/elementwise.ts";
import { refuse } from "../../ir/types/diagnose.ts";
import { globalNorm } from "../../optim/transforms/parts.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { nth } from "../../tensor/list.ts";
import { finite, positive, present, whole } from "../../tensor/validate.ts";
import { leaves } from "../../tree.ts";
import { columnOf } from "../learner.ts";
import { bothLeaves } from "../trees.ts";
import { type GradientRule, gradientOf } from "./rule.ts";

/**
 * Sharpness-aware minimization (SAM): uses the gradient at the worst nearby point, so that the loss becomes low in a
 * whole neighborhood. It costs two gradients per step. The reported loss is that of the params themselves.
 *
 * **Math** `g(p + ρ g(p) / ‖g(p)‖)`. With shards, each looks in its own direction.
 * **Fails with** `InvalidArgument`, thrown, where `rho` is not above 0.
 * **Source** Foret et al., "Sharpness-aware minimization for efficiently improving generalization" (2021),
 * arXiv:2010.01412, equation 2 and algorithm 1.
 */
export const sharpnessAware = (options: { readonly rho: number }): GradientRule => {
  present("sharpnessAware", options, { rho: "a number above 0" });
  const { rho } = options;
  positive("sharpnessAware", { rho });
  finite("sharpnessAware", { rho });
  return {
    name: "sharpnessAware",
    descend: ({ reverse, judge, params, state, shard, circumstances }) => {
      const at = (p: unknown) =>
        gradientOf(reverse, (q) => judge(q, state, shard, circumstances), p);
      const here = at(params);
      const length = globalNorm(here.gradient);
      // Where the gradient vanishes, no neighbor is worse to first order.
      const factor = where(gt(length, 0), div(rho, length), 0);
      const worst = bothLeaves(
        (p, g) => add(p, mul(g, cast(factor, g.dtype))),
        params,
        here.gradient,
      );
      const { gradient } = at(worst);
      return { ...here, gradient };
    },
  };
};

/** A column, or an issue where it does not hold floats. */
const floats = (column: string, x: Expr): Expr => {
  if (isFloat(x.dtype)) return x;
  const expected = `floats in the column "${column}"`;
  const issue = new DtypeMismatch({ op: "adversarially", expected, actual: [x.dtype], path: [] });
  return refuse(issue, [x], [{ shape: x.shape, dtype: "f32" }])[0];
};

/** The options of {@link adversarially}. */
export interface Adversary {
  /** The column to change. */
  readonly column: string;
  /** The largest change of any element. */
  readonly epsilon: number;
  /** The number of ascent steps. Defaults to 1, the fast gradient sign method. */
  readonly steps?: number;
  /** The size of each step. Defaults to `epsilon`, or `2.5·epsilon/steps` for several steps. */
  readonly stepSize?: number;
}

/**
 * Adversarial training: the gradient on inputs that were changed, within `epsilon`, to increase the loss. The reported
 * loss is that of the changed inputs.
 *
 * **Math** `x' = x + ε sign ∇ₓL(x)`, or several steps, each projected to `|x' - x| ≤ ε`.
 * **Fails with** `InvalidArgument`, thrown, where `epsilon` or `stepSize` is not above 0, or `steps` is not a whole
 * number above 0; `CompileError` where there is no such column, or it holds whole numbers.
 * **Source** Goodfellow et al. (2015), arXiv:1412.6572, equation in section 4; Madry et al. (2018), arXiv:1706.06083,
 * equation in section 2.1.
 */
export const adversarially = (options: Adversary): GradientRule => {
  present("adversarially", options, {
    column: "the name of a column of inputs",
    epsilon: "a number above 0",
  });
  const { column, epsilon, steps = 1 } = options;
  const { stepSize = steps === 1 ? epsilon : (2.5 * epsilon) / steps } = options;
  whole(1)("adversarially", { steps });
  positive("adversarially", { epsilon, stepSize });
  finite("adversarially", { epsilon, stepSize });
  return {
    name: "adversarially",
    descend: ({ reverse, judge, params, state, shard, circumstances }) => {
      const changedTo = (x: Expr) => ({ ...shard, rows: { ...shard.rows, [column]: x } });
      const original = floats(column, columnOf(shard.rows, column));
      let x = original;
      for (let i = 0; i < steps; i++) {
        const { gradient } = gradientOf(
          reverse,
          (input: Expr) => judge(params, state, changedTo(input), circumstances),
          x,
        );
        const uphill = add(x, mul(sign(nth(leaves(gradient), 0)), stepSize));
        x = minimum(maximum(uphill, sub(original, epsilon)), add(original, epsilon));
      }
      const worst = changedTo(stopGradient(x));
      return gradientOf(reverse, (p) => judge(p, state, worst, circumstances), params);
    },
  };
};
