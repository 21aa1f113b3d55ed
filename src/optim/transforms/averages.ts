import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { add, div, eq, gt, maximum, mul, rem, square, sub } from "../../ir/ops/elementwise.ts";
import { broadcastTo, lift } from "../../ir/ops/promote.ts";
import { scalar } from "../../tensor/constructors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { probability, share, whole } from "../../tensor/validate.ts";
import { type Tree, zip } from "../../tree.ts";
import { counted, noSteps, oneMore } from "../learningRate.ts";
import {
  applyUpdates,
  around,
  type Exprs,
  type GradientTransformation,
  transformation,
} from "../transformation.ts";

/** `a + c(b - a)`, leaf by leaf; `c` is an f64 scalar. */
const towards = (a: Exprs, b: Exprs, c: Expr): Exprs =>
  zip((x, y) => add(x, mul(sub(y, x), cast(c, x.dtype))), a, b);

const difference = (a: Exprs, b: Exprs): Exprs => zip((x, y) => sub(x, y), a, b);

/**
 * Passes updates on and averages the params that they lead to, all steps alike, from step `from` on. Learners evaluate
 * and predict with the average. It is the last part of a chain. `from` defaults to 0.
 *
 * **Fails with** `InvalidArgument`, thrown, where `from` is no whole number.
 * **Math** `a ← a + (p - a)/max(1, t - from)` after step `t` counted from 0; until then `a = p`.
 * **Source** Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992).
 */
export const averageParams = (from = 0): GradientTransformation => {
  whole(0)("averageParams", { from });
  return transformation({
    name: "averageParams",
    init: (params) => ({ step: noSteps(), average: params }),
    evaluated: ["average"],
    update: (updates, { step, average }, params) => {
      const next = applyUpdates(params, updates);
      const weight = div(1, maximum(sub(counted(step), from), 1));
      const moved = towards(average, next, weight);
      const plain = eq(weight, 1);
      return {
        updates,
        state: { step: oneMore(step), average: zip((p, a) => where(plain, p, a), next, moved) },
      };
    },
  });
};

/** The options of {@link lookahead}. */
export interface LookaheadOptions {
  /** The number of steps after which the slow params follow. Defaults to 6. */
  readonly syncPeriod?: number;
  /** The part of the way that they follow. Defaults to 0.5. */
  readonly slowStep?: number;
}

type Following = {
  readonly step: Tensor<readonly []>;
  readonly slow: Tree<Tensor>;
  readonly inner: Tree<Tensor>;
};

/**
 * Lets slow params follow an optimizer every few steps, part of the way, and sets the optimizer back to them. Learners
 * evaluate and predict with the slow params.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** after every `k` steps of the inner optimizer, `φ ← φ + α(p - φ)` and `p ← φ`.
 * **Source** Zhang et al. (2019), arXiv:1907.08610, algorithm 1.
 */
export const lookahead = (
  inner: GradientTransformation,
  options: LookaheadOptions = {},
): GradientTransformation => {
  const { syncPeriod = 6, slowStep = 0.5 } = options;
  whole(1)("lookahead", { syncPeriod });
  probability("lookahead", { slowStep });
  const own = transformation<Following>({
    name: `lookahead(${inner.name})`,
    init: (params) => ({ step: noSteps(), slow: params, inner: inner.init(params) }),
    evaluated: ["slow"],
    update: (gradients, state, params, _scaled, minimized) => {
      const made = inner.update(gradients, state.inner, params, undefined, minimized);
      const step = oneMore(state.step);
      const due = eq(rem(step, syncPeriod), 0);
      const fast = applyUpdates(params, made.updates);
      const slow = towards(state.slow, fast, lift(slowStep, "f64"));
      const back = difference(slow, params);
      return {
        updates: zip((s, u) => where(due, s, u), back, made.updates),
        state: {
          step,
          slow: zip((now, before) => where(due, now, before), slow, state.slow),
          inner: made.state,
        },
      };
    },
  });
  return { ...around(inner, (other) => lookahead(other, options)), ...own };
};

type Freed = {
  readonly weights: Tensor<readonly []>;
  readonly average: Tree<Tensor>;
  readonly base: Tree<Tensor>;
  readonly inner: Tree<Tensor>;
};

/**
 * Frees an optimizer from a schedule: it takes its steps from a point `z`, gradients are taken between `z` and the
 * average `x` of its points, and learners evaluate and predict with `x`. The inner optimizer must not have momentum:
 * `beta`, by default 0.9, takes its place.
 *
 * **Fails with** `InvalidArgument`, thrown, unless `0 ≤ beta < 1`.
 * **Math** gradients at `y = (1-β)z + βx`; `z ← z + u(∇f(y))`, `x ← (1-c)x + cz` with `c = γₜ²/Σγᵢ²`, where γ is the
 * inner learning rate.
 * **Source** Defazio et al. (2024), arXiv:2405.15682, algorithm 1.
 */
export const scheduleFree = (
  inner: GradientTransformation,
  options: { readonly beta?: number } = {},
): GradientTransformation => {
  const { beta = 0.9 } = options;
  share("scheduleFree", { beta });
  const { learningRate } = inner;
  const own = transformation<Freed>({
    name: `scheduleFree(${inner.name})`,
    init: (params) => ({
      weights: scalar(0, "f64"),
      average: params,
      base: params,
      inner: inner.init(params),
    }),
    evaluated: ["average", "base"],
    update: (gradients, state, params, _scaled, minimized) => {
      const weight =
        learningRate === undefined ? lift(1, "f64") : square(learningRate(state.inner));
      const made = inner.update(gradients, state.inner, params, undefined, minimized);
      const weights = broadcastTo(add(state.weights, weight), []);
      // While a warmup has a rate of 0, nothing has moved.
      const part = where(gt(weights, 0), div(weight, maximum(weights, Number.MIN_VALUE)), 0);
      const base = applyUpdates(state.base, made.updates);
      const average = towards(state.average, base, part);
      const next = towards(base, average, lift(beta, "f64"));
      return {
        updates: difference(next, params),
        state: { weights, average, base, inner: made.state },
      };
    },
  });
  return { ...around(inner, (other) => scheduleFree(other, options)), ...own };
};
