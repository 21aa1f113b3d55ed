import { customDerivative } from "../../autodiff/index.ts";
import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import * as op from "../../ir/ops/elementwise.ts";
import { fill } from "../../ir/ops/indexing.ts";
import { axisIn, floating, keepingShape, lift, mistaken } from "../../ir/ops/promote.ts";
import * as reduction from "../../ir/ops/reduction.ts";
import { sliceAxis } from "../../ir/ops/structural.ts";
import { asOne } from "../../ir/types/diagnose.ts";
import type { Operand, ShapeOf } from "../../ir/types/shape.ts";
import { ndtr } from "../../special/normal.ts";
import { sameShape } from "../../tensor/shape.ts";
import { finite, holding, notNegative } from "../../tensor/validate.ts";
import type { Activation } from "../layer.ts";

/**
 * The nonlinear activation functions of neural networks. Each keeps the shape of its operand, and works as a layer without
 * params in any combinator.
 *
 * At a kink the derivative is PyTorch's: that of the flat side for `relu`, `relu6`, `hardtanh` and the shrinks. Branches
 * that are not taken are still computed, at an argument where they are finite, since 0 times an infinite derivative would
 * be NaN.
 */
const keeping = <X extends Operand>(x: X, f: (x: Expr) => Expr): Expr<ShapeOf<X>> =>
  keepingShape(f)(x);

const aNumber = holding("a number", (n) => !Number.isNaN(n));
const above = holding("a finite number above 0", (n) => n > 0 && Number.isFinite(n));

const times = (x: Expr, factor: number): Expr => (factor === 1 ? x : op.mul(x, factor));
const plus = (x: Expr, offset: number): Expr => op.add(x, offset);
const either = (condition: Expr, x: Expr | number, y: Expr | number): Expr =>
  where(condition, x, y);

/** The sigmoid with a derivative that does not vanish where the value rounds to 1. */
const sigmoidOf: (x: Expr) => Expr = customDerivative((x: Expr): Expr => op.logistic(x), {
  name: "sigmoid",
  jvp: (x: Expr, t: Expr): Expr => op.mul(op.mul(t, sigmoidOf(op.neg(x))), sigmoidOf(x)),
  vjp: (x: Expr, _: Expr, w: Expr): Expr => op.mul(w, op.mul(sigmoidOf(x), sigmoidOf(op.neg(x)))),
});

/** The logistic sigmoid `1 / (1 + e⁻ˣ)`. **Math** derivative `σ(x)σ(-x)`. */
export const sigmoid: Activation = (x) => keeping(x, sigmoidOf);

/** The logarithm of the sigmoid, `ln σ(x)`, without overflow. **Math** derivative `σ(-x)`. */
export const logSigmoid: Activation = (x) => keeping(x, (e) => op.neg(logOnePlusExp(op.neg(e))));

/**
 * The rectified linear unit `max(x, 0)`; NaN stays NaN.
 *
 * **Math** derivative 1 above 0, 0 elsewhere.
 * **Source** Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines" (2010).
 */
export const relu: Activation = (x) => keeping(x, (e) => either(op.le(e, 0), 0, e));

/** The ReLU clamped at 6: `min(max(x, 0), 6)`. **Source** Krizhevsky, "Convolutional Deep Belief Networks on CIFAR-10" (2010). */
export const relu6: Activation = (x) => keeping(x, (e) => clamped(e, 0, 6));

/**
 * The leaky ReLU: `x` above 0, `slope·x` below. `slope` defaults to 0.01.
 *
 * **Fails with** `InvalidArgument`, thrown, where the slope is not finite.
 * **Source** Maas et al., "Rectifier Nonlinearities" (2013).
 */
export const leakyRelu = <const X extends Operand>(x: X, slope = 0.01): Expr<ShapeOf<X>> => {
  finite("leakyRelu", { slope });
  return keeping(x, (e) => either(op.gt(e, 0), e, times(e, slope)));
};

/** `scale·x` above 0, `scale·α(e^(βx) - 1)` below. */
const exponentialBelow = (x: Expr, alpha: number, scale: number, beta: number): Expr => {
  const positive = op.gt(x, 0);
  const below = op.expm1(times(either(positive, 0, x), beta));
  return either(positive, times(x, scale), times(below, alpha * scale));
};

/**
 * The exponential linear unit: `x` above 0, `α(eˣ - 1)` below. α defaults to 1.
 *
 * **Fails with** `InvalidArgument`, thrown, where α is not finite.
 * **Source** Clevert et al. (2015), arXiv:1511.07289.
 */
export const elu = <const X extends Operand>(x: X, alpha = 1): Expr<ShapeOf<X>> => {
  finite("elu", { alpha });
  return keeping(x, (e) => exponentialBelow(e, alpha, 1, 1));
};

/**
 * The continuously differentiable ELU: `x` above 0, `α(e^(x/α) - 1)` below. α defaults to 1.
 *
 * **Fails with** `InvalidArgument`, thrown, where α is not a finite number above 0.
 * **Source** Barron (2017), arXiv:1704.07483.
 */
export const celu = <const X extends Operand>(x: X, alpha = 1): Expr<ShapeOf<X>> => {
  above("celu", { alpha });
  return keeping(x, (e) => exponentialBelow(e, alpha, 1, 1 / alpha));
};

/** The scaled ELU, which preserves mean 0 and variance 1. **Source** Klambauer et al. (2017), arXiv:1706.02515. */
export const selu: Activation = (x) =>
  keeping(x, (e) => exponentialBelow(e, 1.6732632423543772, 1.0507009873554805, 1));

/**
 * The Gaussian error linear unit `xΦ(x)`, where Φ is the standard normal distribution. It is accurate in the left tail too.
 *
 * **Source** Hendrycks and Gimpel (2016), arXiv:1606.08415.
 */
export const gelu: Activation = (x) => keeping(x, (e) => op.mul(e, ndtr(e)));

/** Beyond this the sigmoid in {@link geluTanh} is 0 or 1 in every dtype; clipping keeps the cube from overflowing. */
const saturated = 32;

/**
 * The tanh approximation of GELU, `x/2 (1 + tanh(√(2/π)(x + 0.044715x³)))`. It is computed by the sigmoid, since
 * `(1 + tanh z)/2 = σ(2z)` avoids cancellation. **Source** as {@link gelu}.
 */
export const geluTanh: Activation = (x) =>
  keeping(x, (e) => {
    const near = op.clip(e, -saturated, saturated);
    const inner = op.mul(near, plus(times(op.square(near), 0.044715), 1));
    return op.mul(e, op.logistic(times(inner, Math.sqrt(8 / Math.PI))));
  });

/** The sigmoid linear unit `xσ(x)`, also called swish. **Source** Elfwing et al. (2017), arXiv:1702.03118. */
export const silu: Activation = (x) => keeping(x, (e) => op.mul(e, op.logistic(e)));

/**
 * `ln(1 + eˣ)`, computed as `max(x, 0) + ln(1 + e^-|x|)`. At 0 the derivative is right: that of the maximum is a half
 * there, and that of |x| is 0.
 */
const logOnePlusExp = (x: Expr): Expr =>
  op.add(op.maximum(x, 0), op.log1p(op.exp(op.neg(op.abs(x)))));

/**
 * The softplus function `ln(1 + e^(βx)) / β`, without overflow. It is `x` itself where `βx > threshold`, as in PyTorch.
 * β defaults to 1 and `threshold` to 20.
 *
 * **Math** derivative `σ(βx)`.
 * **Fails with** `InvalidArgument`, thrown, where β is not a finite number above 0, or the threshold is NaN.
 * **Source** Dugas et al., "Incorporating second-order functional knowledge for better option pricing" (2001).
 */
export const softplus = <const X extends Operand>(
  x: X,
  beta = 1,
  threshold = 20,
): Expr<ShapeOf<X>> => {
  above("softplus", { beta });
  aNumber("softplus", { threshold });
  return keeping(x, (e) => {
    const scaled = times(e, beta);
    return either(op.gt(scaled, threshold), e, times(logOnePlusExp(scaled), 1 / beta));
  });
};

/** `1 + |x|`. */
const onePlusSize = (x: Expr): Expr => plus(op.abs(x), 1);

/** Softsign with its own derivative; the quotient rule would subtract nearly equal numbers. */
const softsignOf = customDerivative((x: Expr): Expr => op.div(x, onePlusSize(x)), {
  name: "softsign",
  jvp: (x: Expr, tangent: Expr): Expr => op.div(op.div(tangent, onePlusSize(x)), onePlusSize(x)),
  vjp: (x: Expr, _: Expr, w: Expr): Expr => op.mul(w, op.square(op.reciprocal(onePlusSize(x)))),
});

/**
 * The softsign function `x / (1 + |x|)`. **Math** derivative `1 / (1 + |x|)²`.
 *
 * **Source** Turian et al., "Quadratic Features and Deep Architectures" (2009).
 */
export const softsign: Activation = (x) => keeping(x, (e) => softsignOf(floating("softsign", e)));

/** The Mish function `x tanh(ln(1 + eˣ))`. **Source** Misra (2019), arXiv:1908.08681. */
export const mish: Activation = (x) => keeping(x, (e) => op.mul(e, op.tanh(logOnePlusExp(e))));

const clamped = (x: Expr, low: number, high: number): Expr =>
  either(op.le(x, low), low, either(op.ge(x, high), high, x));

/** The hard tanh: `x` clamped between `low` (defaults to -1) and `high` (defaults to 1). **Fails with** `InvalidArgument`, thrown, where `high` is below `low`. */
export const hardtanh = <const X extends Operand>(x: X, low = -1, high = 1): Expr<ShapeOf<X>> => {
  aNumber("hardtanh", { low });
  holding(`a number from low, ${low}, on`, (n) => n >= low)("hardtanh", { high });
  return keeping(x, (e) => clamped(e, low, high));
};

/** The hard sigmoid: `x/6 + 1/2` clamped between 0 and 1. **Source** Courbariaux et al. (2015), arXiv:1511.00363. */
export const hardsigmoid: Activation = (x) =>
  keeping(x, (e) => op.div(clamped(plus(floating("hardsigmoid", e), 3), 0, 6), 6));

/** The hard swish `x · hardsigmoid(x)`. **Source** Howard et al. (2019), arXiv:1905.02244. */
export const hardswish: Activation = (x) =>
  keeping(x, (e) => {
    const y = floating("hardswish", e);
    return op.mul(y, hardsigmoid(y));
  });

/** Hard shrinkage: 0 where `|x| ≤ λ`, else `x`. λ defaults to 0.5. **Fails with** `InvalidArgument`, thrown, where λ is negative or not finite. */
export const hardshrink = <const X extends Operand>(x: X, lambda = 0.5): Expr<ShapeOf<X>> => {
  notNegative("hardshrink", { lambda });
  return keeping(x, (e) => either(op.le(op.abs(e), lambda), 0, e));
};

/**
 * Soft shrinkage: moves `x` towards 0 by λ, and is 0 where `|x| ≤ λ`. λ defaults to 0.5.
 *
 * **Fails with** `InvalidArgument`, thrown, where λ is negative or not finite.
 */
export const softshrink = <const X extends Operand>(x: X, lambda = 0.5): Expr<ShapeOf<X>> => {
  notNegative("softshrink", { lambda });
  return keeping(x, (e) =>
    either(
      op.gt(e, lambda),
      plus(e, -lambda),
      either(op.lt(e, -lambda), plus(e, lambda), times(e, 0)),
    ),
  );
};

/**
 * `x - tanh x` for `|x| ≤ 1` without cancellation: `x³/(3 + x² + x²/(5 + x²/(7 + …)))`, from Lambert's continued fraction
 * of the tangent.
 */
const tanhshrinkNear = (x: Expr): Expr => {
  const square = op.square(x);
  const rest = [19, 17, 15, 13, 11, 9, 7, 5].reduce<Expr>(
    (below, odd) => op.div(square, plus(below, odd)),
    fill(x.shape, 0, x.dtype),
  );
  return op.div(op.mul(square, x), plus(op.add(square, rest), 3));
};

const tanhshrinkOf = customDerivative(
  (x: Expr): Expr => {
    const near = op.le(op.abs(x), 1);
    return either(near, tanhshrinkNear(either(near, x, 0)), op.sub(x, op.tanh(x)));
  },
  {
    name: "tanhshrink",
    jvp: (x: Expr, tangent: Expr): Expr => op.mul(tangent, op.square(op.tanh(x))),
    vjp: (x: Expr, _: Expr, w: Expr): Expr => op.mul(op.mul(w, op.tanh(x)), op.tanh(x)),
  },
);

/** The shrinkage `x - tanh x`. **Math** derivative `tanh² x`. */
export const tanhshrink: Activation = (x) => keeping(x, tanhshrinkOf);

/**
 * Replaces elements at or below `at` by `value`. NaN stays NaN.
 *
 * **Fails with** `InvalidArgument`, thrown, where `at` or `value` is NaN.
 */
export const threshold = <const X extends Operand>(
  x: X,
  at: number,
  value: number,
): Expr<ShapeOf<X>> => {
  aNumber("threshold", { at, value });
  return keeping(x, (e) => either(op.le(e, at), value, e));
};

/** The softmin: `softmax(-x)` along `axis`. Defaults to the last axis. */
export const softmin = <const X extends Operand>(x: X, axis = -1): Expr<ShapeOf<X>> =>
  keeping(x, (e) => {
    const [along, a] = axisIn("softmin", e, axis);
    return reduction.softmax(op.neg(along), a);
  });

/**
 * The gated linear unit: the first half along `axis` times the sigmoid of the second half. `axis` defaults to the last.
 *
 * **Shapes** `x: [..., 2n] → [..., n]` for the last axis.
 * **Source** Dauphin et al. (2016), arXiv:1612.08083.
 */
export const glu = (operand: Operand, axis = -1): Expr => {
  const all = lift(operand);
  return asOne("glu", `an even number of elements along axis ${axis}`, [all], () =>
    gated(...axisIn("glu", all, axis)),
  );
};

const gated = (given: Expr, a: number): Expr => {
  const half = Math.floor((given.shape[a] ?? 0) / 2);
  const even = given.shape.map((d, i) => (i === a ? 2 * half : d));
  const x = sameShape(even, given.shape)
    ? given
    : mistaken("an odd axis", "an even number of elements", given, even);
  return op.mul(sliceAxis(x, a, 0, half), sigmoidOf(sliceAxis(x, a, half, 2 * half)));
};
