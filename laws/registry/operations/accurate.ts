import * as fc from "fast-check";
import type { Expr } from "../../../src/ir/expr.ts";
import { logAddExp } from "../../../src/ir/ops/cumulative.ts";
import { onesLike } from "../../../src/ir/ops/indexing.ts";
import { logSoftmax, logSumExp, softmax } from "../../../src/ir/ops/reduction.ts";
import * as activation from "../../../src/nn/functional/activation.ts";
import * as losses from "../../../src/nn/losses/regression.ts";
import * as special from "../../../src/special/index.ts";
import { exact } from "../../derivatives/derivatives.ts";
import { type Domain, tensors } from "../../domain.ts";
import { cotangentMap } from "../../symbolic.ts";
import type { Accurate } from "../../values/accuracy.ts";
import { hostileDomain, logUniform, uniform } from "../../values/hostile.ts";

type Claim = Omit<Accurate, "name">;
type Claims<Module> = { readonly [Name in keyof Module]: Claim };

const single = (x: number): number => Math.fround(x);

/** Numbers of every magnitude, most often between -20 and 20. */
const anywhere = fc.oneof(
  logUniform(2 ** -149, 2 ** 127),
  uniform(-20, 20).map(single),
  uniform(-1000, 1000).map(single),
  fc.constantFrom(0, -0),
);
const above = anywhere.map((x) => (x === 0 ? 1 : Math.abs(x)));
const shares = fc
  .oneof(logUniform(1e-30, 1), uniform(0, 1))
  .map((x) => Math.min(single(Math.abs(x)), 1));

/** Tensors in which some elements are equal. */
const of = (elements: fc.Arbitrary<number>): Domain =>
  hostileDomain(tensors([4], elements, "f32"), ["ties"]);

const claim = (
  f: (x: Expr, y: Expr) => Expr,
  ulps = 4,
  rest: { readonly floor?: number; readonly operands?: readonly Domain[] } = {},
): Claim => ({
  ulps,
  ...(rest.floor === undefined ? {} : { floor: rest.floor }),
  operands: rest.operands ?? [of(anywhere)],
  apply: ([x, y]) => [f(x as Expr, y as Expr)],
});

/** Sums of exponentials of numbers that are each already rounded: errors near 0 are absolute. */
const nearZero = { floor: 1 };

/** The claims of every activation. A missing one does not compile. */
const activations: Claims<typeof activation> = {
  sigmoid: claim(activation.sigmoid),
  logSigmoid: claim(activation.logSigmoid),
  relu: claim(activation.relu, 0),
  relu6: claim(activation.relu6, 0),
  leakyRelu: claim((x) => activation.leakyRelu(x)),
  elu: claim((x) => activation.elu(x)),
  celu: claim((x) => activation.celu(x, 2)),
  selu: claim(activation.selu),
  gelu: claim(activation.gelu, 16),
  // The exponent, up to 88, is rounded.
  geluTanh: claim(activation.geluTanh, 256),
  // The logistic value may be subnormal.
  silu: claim(activation.silu, 4, { floor: 2 ** -119 }),
  softplus: claim((x) => activation.softplus(x)),
  softsign: claim(activation.softsign),
  mish: claim(activation.mish, 8, { floor: 2 ** -119 }),
  hardtanh: claim((x) => activation.hardtanh(x), 0),
  // Adds 3 to numbers near -3.
  hardsigmoid: claim(activation.hardsigmoid, 4, nearZero),
  hardswish: claim(activation.hardswish, 4, nearZero),
  hardshrink: claim((x) => activation.hardshrink(x), 0),
  softshrink: claim((x) => activation.softshrink(x)),
  tanhshrink: claim(activation.tanhshrink, 8),
  threshold: claim((x) => activation.threshold(x, 0.5, 2), 0),
  softmin: claim((x) => activation.softmin(x), 64),
  // The gate may be subnormal while its factor is large.
  glu: claim((x) => activation.glu(x), 4, { floor: 2 ** -80 }),
};

/** The claims of every special function. A missing one does not compile. */
const specials: Claims<typeof special> = {
  i0: claim(special.i0, 16),
  i1: claim(special.i1, 16),
  i0e: claim(special.i0e),
  i1e: claim(special.i1e),
  erfc: claim(special.erfc),
  erfcx: claim(special.erfcx, 8),
  ndtr: claim(special.ndtr),
  logNdtr: claim(special.logNdtr),
  // Near its zero, at ½, its arguments are half as dense.
  ndtri: claim(special.ndtri, 8, { floor: 1, operands: [of(shares)] }),
  // It has zeros at 1 and 2, and many below 0.
  logGamma: claim(special.logGamma, 16, { floor: 1, operands: [of(above)] }),
  digamma: claim(special.digamma, 16, { floor: 1, operands: [of(above)] }),
  polygamma: claim((x) => special.polygamma(1, x), 16, { operands: [of(above)] }),
  multivariateLogGamma: claim((x) => special.multivariateLogGamma(x, 1), 16, {
    floor: 1,
    operands: [of(above)],
  }),
};

/** Numbers so large that adding the logarithm of a count does not change them. */
const large = fc.constantFrom(1e8, 1e8 + 8, -1e8, 1e20);
const labels = tensors([], fc.nat(3), "i32");
const bits = tensors([4], fc.nat(1), "f32");

const others = {
  softmax: claim((x) => softmax(x), 64),
  logSoftmax: claim((x) => logSoftmax(x), 16, nearZero),
  logSumExp: claim((x) => logSumExp(x), 16, nearZero),
  logAddExp: claim(logAddExp, 16, { ...nearZero, operands: [of(anywhere), of(anywhere)] }),
  "logSoftmax of large numbers": claim((x) => logSoftmax(x), 16, {
    ...nearZero,
    operands: [of(large)],
  }),
  softmaxCrossEntropy: claim(losses.softmaxCrossEntropy, 16, {
    ...nearZero,
    operands: [of(fc.oneof(anywhere, large)), labels],
  }),
  binaryCrossEntropyWithLogits: claim((x, y) => losses.binaryCrossEntropyWithLogits(x, y), 16, {
    ...nearZero,
    operands: [of(anywhere), bits],
  }),
} satisfies { readonly [name: string]: Claim };

/** Functions that claim to be accurate on their whole domain. */
export const accurateFunctions: readonly Accurate[] = Object.entries({
  ...activations,
  ...specials,
  ...others,
}).map(([name, each]) => ({ ...each, name }));

/** Functions whose slopes are differences of probabilities; small ones vanish beside the largest. */
const sharing = ["softmin", "softmax", "logSoftmax", "softmaxCrossEntropy"];

const slopeOf = (f: Accurate): Accurate => ({
  ...f,
  name: `slope of ${f.name}`,
  ulps: Math.max(64, 2 * f.ulps),
  floor: sharing.includes(f.name.split(" ")[0] ?? "") ? 1 : Math.max((f.floor ?? 0) % 1, 2 ** -110),
  apply: (xs) => {
    const operands = f.operands.map(({ type, values }, i) => ({
      type: { ...type, dtype: xs[i]?.dtype ?? type.dtype },
      values,
    }));
    const ys = f.apply(xs);
    const map = cotangentMap({ ...f, operands }, exact.reverse);
    return map.apply([...xs, ...ys.map((y) => onesLike(y))]).slice(ys.length, ys.length + 1);
  },
});

/** The derivatives of these functions by the first operand, which are equally accurate. */
export const accurateSlopes: readonly Accurate[] = accurateFunctions.map(slopeOf);
