import type { Expr } from "../../../src/ir/expr.ts";
import { where } from "../../../src/ir/ops/control.ts";
import * as op from "../../../src/ir/ops/elementwise.ts";
import { fill, onesLike, zerosLike } from "../../../src/ir/ops/indexing.ts";
import { broadcastTo, lift } from "../../../src/ir/ops/promote.ts";
import * as special from "../../../src/special/index.ts";
import { broadcastShapes } from "../../../src/tensor/shape.ts";
import { arg, type Call, inputOf, scalarOf, type Table, tensorOf } from "../torch.ts";

/** The greatest finite numbers of the floats. */
const largest = { f32: (2 - 2 ** -23) * 2 ** 127, f64: Number.MAX_VALUE };

/** Element-wise operations: fluxion's own, and compositions of them. */

const unary =
  (f: (x: Expr) => Expr) =>
  (c: Call): Expr =>
    f(inputOf(c));
const binary =
  (f: (x: Expr, y: Expr) => Expr) =>
  (c: Call): Expr =>
    f(inputOf(c), tensorOf(arg(c, 0, "other")));
const reversed = (f: (x: Expr, y: Expr) => Expr) => binary((x, y) => f(y, x));

const add = (x: Expr, y: Expr | number): Expr => op.add(x, y);
const sub = (x: Expr, y: Expr | number): Expr => op.sub(x, y);
const mul = (x: Expr, y: Expr | number): Expr => op.mul(x, y);
const div = (x: Expr, y: Expr | number): Expr => op.div(x, y);
const pow = (x: Expr, y: Expr): Expr => op.pow(x, y);
const half = (x: Expr): Expr => mul(x, 0.5);
/** Truncation towards zero, with a gradient of zero. */
const truncated = (x: Expr): Expr => where(op.lt(x, 0), op.ceil(x) as Expr, op.floor(x) as Expr);
const remainder = (x: Expr, y: Expr): Expr => sub(x, mul(y, op.floor(div(x, y)) as Expr));
const xlogy = (x: Expr, y: Expr): Expr => {
  const shape = broadcastShapes(x.shape, y.shape) ?? [];
  const [a, b] = [broadcastTo(x, shape), broadcastTo(y, shape)];
  const zero = op.eq(a, 0);
  return where(zero, 0, mul(a, op.log(where(zero, onesLike(b), b))));
};
const identity = unary((x) => x);
/** `alpha` times the other operand. */
const scaledOther = (c: Call): Expr =>
  mul(tensorOf(arg(c, 0, "other")), scalarOf(arg(c, 1, "alpha", 1)));

/** The first argument is the order or the number of dimensions, whatever a variant is called. */
const polygamma = (c: Call): Expr => special.polygamma(scalarOf(arg(c, 0, "n")), inputOf(c));
const multivariate = (c: Call): Expr =>
  special.multivariateLogGamma(inputOf(c), scalarOf(arg(c, 0, "p")));

export const elementwise: Table = {
  lgamma: unary(special.logGamma),
  digamma: unary(special.digamma),
  "polygamma.polygamma_n_0": polygamma,
  "polygamma.polygamma_n_1": polygamma,
  "polygamma.polygamma_n_2": polygamma,
  "polygamma.polygamma_n_3": polygamma,
  "polygamma.polygamma_n_4": polygamma,
  "special.polygamma.special_polygamma_n_0": polygamma,
  "mvlgamma.mvlgamma_p_1": multivariate,
  "mvlgamma.mvlgamma_p_3": multivariate,
  "mvlgamma.mvlgamma_p_5": multivariate,

  acos: unary(op.acos),
  acosh: unary((x) => op.log(add(x, op.sqrt(sub(mul(x, x), 1)) as Expr))),
  cos: unary(op.cos),
  cosh: unary((x) => half(add(op.exp(x), op.exp(op.neg(x)) as Expr))),
  deg2rad: unary((x) => mul(x, Math.PI / 180)),
  rad2deg: unary((x) => mul(x, 180 / Math.PI)),
  erfc: unary(special.erfc),
  "special.erfcx": unary(special.erfcx),
  i0: unary(special.i0),
  "special.i0e": unary(special.i0e),
  "special.i1": unary(special.i1),
  "special.i1e": unary(special.i1e),
  exp: unary(op.exp),
  exp2: unary((x) => op.exp(mul(x, Math.LN2))),
  frac: unary((x) => sub(x, truncated(x))),
  log: unary(op.log),
  log10: unary((x) => mul(op.log(x), Math.LOG10E)),
  log2: unary((x) => mul(op.log(x), Math.LOG2E)),
  logit: (c) => {
    const eps = arg(c, 0, "eps");
    const x = inputOf(c);
    const p = eps === null ? x : op.clip(x, scalarOf(eps), 1 - scalarOf(eps));
    return sub(op.log(p), op.log1p(op.neg(p)) as Expr);
  },
  nan_to_num: unary((x) =>
    where(
      op.ne(x, x),
      0,
      op.clip(
        x,
        -largest[x.dtype as keyof typeof largest],
        largest[x.dtype as keyof typeof largest],
      ) as Expr,
    ),
  ),
  reciprocal: unary(op.reciprocal),
  "round.decimals_0": unary(op.round),
  "round.decimals_3": unary((x) => div(op.round(mul(x, 1000)), 1000)),
  "round.decimals_neg_3": unary((x) => mul(op.round(div(x, 1000)), 1000)),
  rsqrt: unary(op.rsqrt),
  sigmoid: unary(op.logistic),
  sinc: unary((x) => {
    const zero = op.eq(x, 0);
    const angle = mul(where(zero, onesLike(x), x), Math.PI);
    return where(zero, 1, div(op.sin(angle), angle));
  }),
  square: unary(op.square),
  "special.entr": unary((x) => op.neg(xlogy(x, x))),
  "special.ndtr": unary(special.ndtr),
  "special.log_ndtr": unary(special.logNdtr),
  "special.ndtri": unary(special.ndtri),
  positive: identity,
  clone: identity,
  contiguous: identity,
  conj: identity,
  real: identity,
  resolve_conj: identity,
  resolve_neg: identity,
  double: identity,
  zero_: unary(zerosLike),
  fill: (c) => fill(inputOf(c).shape, scalarOf(arg(c, 0, "value")), inputOf(c).dtype),

  add: (c) => add(inputOf(c), scaledOther(c)),
  sub: (c) => sub(inputOf(c), scaledOther(c)),
  rsub: (c) => sub(tensorOf(arg(c, 0, "other")), mul(inputOf(c), scalarOf(arg(c, 1, "alpha", 1)))),
  mul: binary(mul),
  "div.no_rounding_mode": binary(div),
  "div.floor_rounding": binary((x, y) => op.floor(div(x, y))),
  "div.trunc_rounding": binary((x, y) => truncated(div(x, y))),
  true_divide: binary(div),
  fmod: binary((x, y) => op.rem(x, y)),
  remainder: binary(remainder),
  pow: binary(pow),
  float_power: binary(pow),
  atan2: binary((x, y) => op.atan2(x, y)),
  maximum: binary((x, y) => op.maximum(x, y)),
  minimum: binary((x, y) => op.minimum(x, y)),
  fmax: binary((x, y) => op.maximum(x, y)),
  fmin: binary((x, y) => op.minimum(x, y)),
  "max.binary": binary((x, y) => op.maximum(x, y)),
  "min.binary": binary((x, y) => op.minimum(x, y)),
  hypot: binary((x, y) => op.sqrt(add(mul(x, x), mul(y, y)))),
  copysign: binary((x, y) =>
    mul(op.abs(x), where(op.lt(y, 0), lift(-1, y.dtype), onesLike(y)) as Expr),
  ),
  ldexp: binary((x, y) => mul(x, op.exp(mul(y, Math.LN2)))),
  xlogy: binary(xlogy),
  "special.xlog1py": binary((x, y) => mul(x, op.log1p(y))),
  __radd__: reversed(add),
  __rsub__: reversed(sub),
  __rmul__: reversed(mul),
  __rdiv__: reversed(div),
  __rmod__: reversed(remainder),
  __rpow__: reversed(pow),

  addcmul: (c) =>
    add(
      inputOf(c),
      mul(
        mul(tensorOf(arg(c, 0, "tensor1")), scalarOf(arg(c, 2, "value", 1))),
        tensorOf(arg(c, 1, "tensor2")),
      ),
    ),
  addcdiv: (c) =>
    add(
      inputOf(c),
      div(
        mul(tensorOf(arg(c, 0, "tensor1")), scalarOf(arg(c, 2, "value", 1))),
        tensorOf(arg(c, 1, "tensor2")),
      ),
    ),
  lerp: (c) => {
    const [x, end, weight] = [inputOf(c), tensorOf(arg(c, 0, "end")), arg(c, 1, "weight")];
    return add(x, mul(sub(end, x), typeof weight === "number" ? weight : tensorOf(weight)));
  },
  clamp: (c) => {
    const [low, high] = [arg(c, 0, "min"), arg(c, 1, "max")];
    const above: Expr = low === null ? inputOf(c) : op.maximum(inputOf(c), tensorOf(low));
    return high === null ? above : op.minimum(above, tensorOf(high));
  },
  clamp_min: binary((x, y) => op.maximum(x, y)),
  clamp_max: binary((x, y) => op.minimum(x, y)),
  where: (c) => where(tensorOf(arg(c, 0, "condition")), inputOf(c), tensorOf(arg(c, 1, "other"))),
  masked_fill: (c) => {
    const value = arg(c, 1, "value");
    const filled = typeof value === "number" ? lift(value, inputOf(c).dtype) : tensorOf(value);
    return where(tensorOf(arg(c, 0, "mask")), filled, inputOf(c));
  },
};
