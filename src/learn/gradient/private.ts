import { vmap } from "../../autodiff/index.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast } from "../../ir/ops/control.ts";
import { add, div, minimum, mul } from "../../ir/ops/elementwise.ts";
import { foldInKey, type KeyExpr, normal, splitKey } from "../../ir/ops/random.ts";
import { mean } from "../../ir/ops/reduction.ts";
import { expandDims, index } from "../../ir/ops/structural.ts";
import { flattenExprs, treeOf } from "../../ir/trees.ts";
import { globalNorm } from "../../optim/transforms/parts.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { nth } from "../../tensor/list.ts";
import { finite, notNegative, positive, present } from "../../tensor/validate.ts";
import type { Outcome } from "../judge.ts";
import type { Columns } from "../learner.ts";
import { eachLeaf } from "../trees.ts";
import { type Descent, type GradientRule, gradientOf } from "./rule.ts";

/** The options of {@link privately}: they bound and hide the influence of each example. */
export interface Privacy {
  /** The largest norm of one example's gradient, above 0: longer gradients are scaled down to it. */
  readonly clip: number;
  /** The standard deviation of the noise, in multiples of `clip`. */
  readonly noise: number;
}

/** Separates the key of the noise from the keys of the examples. */
const ofNoise = -1;

/**
 * Differentially private gradient descent (DP-SGD): clips the gradient of each example, and adds noise to their mean.
 *
 * The guarantee holds for layers that see only one example. Batch statistics (batch norm) leak. `privacySpent` computes
 * the privacy loss from these options, the sampling rate and the number of steps.
 *
 * **Math** `g = (1/n) (Σᵢ gᵢ · min(1, C / ‖gᵢ‖) + C σ N(0, 1))`.
 * **Fails with** `InvalidArgument`, thrown, where `clip` is not a finite number above 0, or `noise` is negative or not
 * finite.
 * **Source** Abadi et al., "Deep learning with differential privacy" (2016), arXiv:1607.00133, algorithm 1.
 */
export const privately = (options: Privacy): GradientRule => {
  present("privately", options, { clip: "a number above 0", noise: "0 or more" });
  const { clip, noise } = options;
  positive("privately", { clip });
  finite("privately", { clip });
  notNegative("privately", { noise });
  return {
    name: "privately",
    descend: ({ reverse, judge, params, state, shard, circumstances }) => {
      let reached: readonly boolean[] = [];
      const one = (row: Columns, key: KeyExpr): Pick<Descent, "gradient" | "outcome"> => {
        const alone = eachLeaf((x) => expandDims(x, 0), { rows: row, keys: key });
        const made = gradientOf(reverse, (p) => judge(p, state, alone, circumstances), params);
        ({ reached } = made);
        const shortened = minimum(div(clip, globalNorm(made.gradient)), 1);
        return {
          gradient: eachLeaf((g) => mul(g, cast(shortened, g.dtype)), made.gradient),
          outcome: made.outcome,
        };
      };
      // The tree that `one` returns, with one more axis.
      const { gradient, outcome } = vmap<readonly [Columns, KeyExpr], unknown>(one)(
        shard.rows,
        shard.keys,
      ) as ReturnType<typeof one>;
      const averaged = <T>(tree: T): T =>
        eachLeaf((x) => (isFloat(x.dtype) ? mean(x, 0) : index(x, 0)), tree);
      // Each example was judged as a batch of one: removes that axis.
      const single = (x: Expr | undefined): Expr | undefined =>
        x === undefined ? undefined : index(x, 0, 1);
      const together: Outcome = {
        loss: averaged(outcome.loss),
        outputs: single(outcome.outputs),
        targets: single(outcome.targets),
        values: eachLeaf((x) => index(x, 0, 1), outcome.values),
        state: averaged(outcome.state),
      };
      return { outcome: together, gradient: averaged(gradient), reached };
    },
    finish: (gradient, key, examples) => {
      const { leaves, shape } = flattenExprs(gradient);
      const keys = splitKey(foldInKey(key, ofNoise), leaves.length);
      const deviation = (clip * noise) / examples;
      return treeOf(
        shape,
        leaves.map((g, i) =>
          isFloat(g.dtype)
            ? add(g, mul(cast(normal(nth(keys, i), g.shape), g.dtype), deviation))
            : g,
        ),
      );
    },
  };
};
