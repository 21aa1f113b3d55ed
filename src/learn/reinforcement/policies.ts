import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { add, div, exp, mul, neg, square, sub } from "../../ir/ops/elementwise.ts";
import { oneHot } from "../../ir/ops/indexing.ts";
import { categorical, type KeyExpr, normal } from "../../ir/ops/random.ts";
import { argmax, logSoftmax, sum } from "../../ir/ops/reduction.ts";
import { reshape } from "../../ir/ops/structural.ts";

/** A distribution of actions, for one observation. */
export interface ActionDistribution {
  /** Draws an action. */
  readonly sample: (key: KeyExpr) => Expr;
  /** The most probable action. */
  readonly mode: Expr;
  /** The logarithm of the probability, or of its density, of an action: a scalar. */
  readonly logProbability: (action: Expr) => Expr;
  /** In nats, a scalar. */
  readonly entropy: Expr;
}

/** Low enough that nothing of it is left in a softmax, and finite, so that 0 times it is 0. */
const impossible = -1e9;

/**
 * Discrete actions with these logits. Actions that are not `legal` are never drawn.
 *
 * **Shapes** `logits: [count]`, `legal` bool `[count]`; actions are i32 scalars.
 * **Math** `log p = log softmax(logits)`, `H = -Σ p log p`.
 */
export const categoricalPolicy = (logits: Expr, legal?: Expr): ActionDistribution => {
  const scores = legal === undefined ? logits : where(legal, logits, impossible);
  const logs = logSoftmax(scores);
  return {
    sample: (key) => reshape(categorical(key, scores as Expr<readonly [number]>, 1), []),
    mode: argmax(scores),
    logProbability: (action) => sum(mul(oneHot(action, logits.shape[0] ?? 1, logits.dtype), logs)),
    entropy: neg(sum(mul(exp(logs), logs))),
  };
};

/**
 * Independent normal numbers with these means and logarithms of standard deviations.
 *
 * **Shapes** all of one shape, that of an action.
 * **Math** `log p(a) = -Σ ((a - μ)² / 2σ² + log σ + ½ log 2π)`, `H = Σ (log σ + ½ log 2πe)`.
 */
export const gaussianPolicy = (mean: Expr, logDeviation: Expr): ActionDistribution => {
  const deviation = exp(logDeviation);
  return {
    sample: (key) => add(mean, mul(deviation, normal(key, mean.shape))),
    mode: mean,
    logProbability: (action) => {
      const off = div(sub(action, mean), deviation);
      return neg(sum(add(add(mul(0.5, square(off)), logDeviation), 0.5 * Math.log(2 * Math.PI))));
    },
    entropy: sum(add(logDeviation, 0.5 * Math.log(2 * Math.PI * Math.E))),
  };
};
