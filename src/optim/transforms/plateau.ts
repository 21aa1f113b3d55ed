import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { add, div, eq, gt, lt, maximum, mul, or, rem, sub } from "../../ir/ops/elementwise.ts";
import { lift } from "../../ir/ops/promote.ts";
import { scalar } from "../../tensor/constructors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { holding, probability, whole } from "../../tensor/validate.ts";
import { map, type Tree } from "../../tree.ts";
import { choose } from "../ema.ts";
import { noSteps, oneMore } from "../learningRate.ts";
import { around, type GradientTransformation, known, transformation } from "../transformation.ts";

/** The options of {@link reduceOnPlateau}. */
export interface PlateauOptions {
  /** The factor of the rate after a plateau. Defaults to 0.1. */
  readonly factor?: number;
  /** The number of comparisons without progress that are borne. Defaults to 10. */
  readonly patience?: number;
  /** The least progress, as a share of the best loss. Defaults to 1e-4. */
  readonly threshold?: number;
  /** The number of comparisons after a reduction that do not count. Defaults to 0. */
  readonly cooldown?: number;
  /** The number of steps whose mean loss is compared: those of an epoch, for example. Defaults to 1. */
  readonly every?: number;
  /** The least factor of the inner rate. Defaults to 0. */
  readonly minScale?: number;
}

type Reducing = {
  readonly step: Tensor<readonly []>;
  readonly sum: Tensor<readonly []>;
  readonly best: Tensor<readonly []>;
  readonly bad: Tensor<readonly []>;
  readonly cooling: Tensor<readonly []>;
  readonly scale: Tensor<readonly []>;
  readonly inner: Tree<Tensor>;
};

/**
 * Scales an optimizer's updates down where the training loss makes no progress. The factor is part of the state, and of
 * the reported learning rate.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range; when a step is built, where the loss is
 * not known.
 * **Math** progress is `L < best · (1 - threshold)` for the mean loss `L` of `every` steps; after more than `patience`
 * comparisons without it `scale ← max(factor · scale, minScale)`.
 * **Source** PyTorch's ReduceLROnPlateau, with its order of counting.
 */
export const reduceOnPlateau = (
  inner: GradientTransformation,
  options: PlateauOptions = {},
): GradientTransformation => {
  const { factor = 0.1, patience = 10, threshold = 1e-4 } = options;
  const { cooldown = 0, every = 1, minScale = 0 } = options;
  holding("a number from 0 to less than 1", (n) => n >= 0 && n < 1)("reduceOnPlateau", { factor });
  probability("reduceOnPlateau", { threshold, minScale });
  whole(0)("reduceOnPlateau", { patience, cooldown });
  whole(1)("reduceOnPlateau", { every });
  const own = transformation<Reducing>({
    name: `reduceOnPlateau(${inner.name})`,
    init: (params) => ({
      step: noSteps(),
      sum: scalar(0, "f64"),
      best: scalar(Number.POSITIVE_INFINITY, "f64"),
      bad: scalar(0, "i32"),
      cooling: scalar(0, "i32"),
      scale: scalar(1, "f64"),
      inner: inner.init(params),
    }),
    update: (gradients, state, params, _scaled, minimized) => {
      const { value } = known("reduceOnPlateau", minimized);
      const made = inner.update(gradients, state.inner, params, undefined, minimized);
      const step = oneMore(state.step);
      const due = eq(rem(step, every), 0);
      const sum = add(state.sum, cast(value, "f64"));
      const loss = div(sum, every);
      const better = lt(loss, mul(state.best, 1 - threshold));
      const cooled = gt(state.cooling, 0);
      const bad = where(or(better, cooled), 0, add(state.bad, 1));
      const reduce = gt(bad, patience);
      const next = {
        sum: lift(0, "f64"),
        best: where(better, loss, state.best),
        bad: where(reduce, 0, bad),
        cooling: where(reduce, cooldown, maximum(sub(state.cooling, 1), 0)),
        scale: where(reduce, maximum(mul(state.scale, factor), minScale), state.scale),
      };
      const { sum: _sum, best, bad: before, cooling, scale } = state;
      const kept = { sum, best, bad: before, cooling, scale };
      const now = choose(due, next, kept) as typeof kept;
      const scaled = (u: Expr): Expr => mul(u, cast(scale, u.dtype));
      return {
        updates: map(scaled, made.updates),
        // The same scalars, chosen one by one.
        state: {
          ...(now as { readonly [K in keyof typeof kept]: Expr<readonly []> }),
          step,
          inner: made.state,
        },
      };
    },
  });
  const { learningRate, ...rest } = around(inner, (other) => reduceOnPlateau(other, options));
  return {
    ...rest,
    ...own,
    ...(learningRate && {
      learningRate: (state) =>
        // `init` made the field.
        mul(learningRate(state), (state as { readonly scale: Expr }).scale),
    }),
  };
};
