import { vmap } from "../../../src/autodiff/index.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { where } from "../../../src/ir/ops/control.ts";
import {
  abs,
  add,
  div,
  exp,
  gt,
  log,
  maximum,
  mul,
  neg,
  pow,
  sqrt,
  square,
  sub,
} from "../../../src/ir/ops/elementwise.ts";
import { oneHot } from "../../../src/ir/ops/indexing.ts";
import { broadcastTo, lift } from "../../../src/ir/ops/promote.ts";
import { keepDims, mean, sum, variance } from "../../../src/ir/ops/reduction.ts";
import { moveAxis, reshape as reshapeTo } from "../../../src/ir/ops/structural.ts";
import * as f from "../../../src/nn/functional/activation.ts";
import { softMargin } from "../../../src/nn/losses/margins.ts";
import * as loss from "../../../src/nn/losses/regression.ts";
import { broadcastShapes, type Shape, sizeOf } from "../../../src/tensor/shape.ts";
import {
  arg,
  type Call,
  inputOf,
  notHad,
  numbersOf,
  scalarOf,
  slopedAs,
  type Table,
  tensorOf,
} from "../torch.ts";

/** Activations, losses and normalizations. */

const reshape = (x: Expr, shape: Shape): Expr => reshapeTo(x, shape) as Expr;
const unary =
  (g: (x: Expr) => Expr) =>
  (c: Call): Expr =>
    g(inputOf(c));
const option = (c: Call, name: string, otherwise: number): number =>
  scalarOf(c.kw[name] ?? otherwise);

/** Applies PyTorch's reductions to a loss that is a mean over elements. */
const reduced = (c: Call, one: (x: Expr, y: Expr) => Expr): Expr => {
  const [x, y] = [inputOf(c), tensorOf(arg(c, 0, "target"))];
  if (c.kw.weight !== undefined && c.kw.weight !== null) return notHad("a weight for each element");
  switch (c.kw.reduction ?? "mean") {
    case "mean":
      return one(x, y);
    case "sum":
      return mul(one(x, y), sizeOf(x.shape));
    case "batchmean":
      return mul(one(x, y), sizeOf(x.shape) / (x.shape[0] ?? 1));
    default: {
      // Treats each element as an example.
      const each = vmap((a: Expr, b: Expr) => one(a, b))(reshape(x, [-1]), reshape(y, [-1]));
      return reshape(each as Expr, x.shape);
    }
  }
};

/**
 * The class axis comes after the batch axis: moving it to the end leaves one example per position. The mean is weighted
 * by the class weights of integer labels.
 */
const classified = (
  c: Call,
  one: (scores: Expr, label: Expr, options: loss.CrossEntropyOptions) => Expr,
): Expr => {
  const [x, y] = [inputOf(c), tensorOf(arg(c, 0, "target"))];
  const options = {
    ignore: option(c, "ignore_index", -100),
    ...(c.kw.weight === undefined || c.kw.weight === null
      ? {}
      : { classWeights: tensorOf(c.kw.weight) }),
  };
  if (x.shape.length === 1) {
    const alone = vmap((a: Expr, b: Expr) => one(a, b, { ...options, axis: "examples" }), {
      axis: "examples",
    });
    return c.kw.reduction === "none" || c.kw.reduction === "sum"
      ? one(x, y, options)
      : reshape(alone(reshape(x, [1, ...x.shape]), reshape(y, [1, ...y.shape])) as Expr, []);
  }
  const classesLast = (z: Expr): Expr => moveAxis(z, 1, -1);
  const scores = classesLast(x);
  const places = scores.shape.slice(0, -1);
  const labels =
    y.shape.length === x.shape.length
      ? reshape(classesLast(y), [-1, scores.shape.at(-1) ?? 1])
      : reshape(y, [-1]);
  const over = (own: loss.CrossEntropyOptions): Expr =>
    vmap((a: Expr, b: Expr) => one(a, b, own), { axis: "examples" })(
      reshape(scores, [-1, scores.shape.at(-1) ?? 1]),
      labels,
    ) as Expr;
  switch (c.kw.reduction ?? "mean") {
    case "none":
      return reshape(over(options), places);
    case "sum":
      return sum(over(options));
    default:
      return mean(over({ ...options, axis: "examples" }));
  }
};

/** `(x - mean) / √(variance + ε)` over axes. */
const normalized = (x: Expr, axes: readonly number[], epsilon: number): Expr => {
  const centered: Expr = sub(x, keepDims(mean(x, axes), x, axes));
  return div(centered, sqrt(add(keepDims(variance(x, axes), x, axes), epsilon)) as Expr);
};
const scaled = (x: Expr, weight: Expr | undefined, bias: Expr | undefined): Expr => {
  const y: Expr = weight === undefined ? x : mul(x, weight);
  return bias === undefined ? y : add(y, bias);
};
const optional = (c: Call, position: number, name: string): Expr | undefined => {
  const given = arg(c, position, name);
  return given === null ? undefined : tensorOf(given);
};
/** Reshapes one number per channel to broadcast along the channel axis, which comes after the batch axis. */
const perChannel = (v: Expr | undefined, x: Expr): Expr | undefined =>
  v === undefined ? undefined : reshape(v, [-1, ...x.shape.slice(2).map(() => 1)]);

const softmaxed = (c: Call): Expr => {
  const [x, axis] = [inputOf(c), scalarOf(arg(c, 0, "dim", -1))];
  return x.shape.length === 0 ? reshape(f.softmin(reshape(x, [1])), []) : f.softmin(x, axis);
};
const margin = (z: Expr): Expr => where(gt(z, 0), z, 0);
const reduceElements = (c: Call, losses: Expr): Expr => {
  const how = c.kw.reduction ?? "mean";
  return how === "none" ? losses : how === "sum" ? sum(losses) : mean(losses);
};

export const neural: Table = {
  "nn.functional.relu": unary(f.relu),
  "nn.functional.relu6": unary(f.relu6),
  "nn.functional.leaky_relu": (c) =>
    f.leakyRelu(inputOf(c), scalarOf(arg(c, 0, "negative_slope", 0.01))),
  "nn.functional.elu": (c) => f.elu(inputOf(c), scalarOf(arg(c, 0, "alpha", 1))),
  "nn.functional.celu": (c) => f.celu(inputOf(c), scalarOf(arg(c, 0, "alpha", 1))),
  "nn.functional.selu": unary(f.selu),
  "nn.functional.gelu": (c) =>
    c.kw.approximate === "tanh" ? f.geluTanh(inputOf(c)) : f.gelu(inputOf(c)),
  "nn.functional.silu": unary(f.silu),
  "nn.functional.softplus": (c) =>
    f.softplus(inputOf(c), option(c, "beta", 1), option(c, "threshold", 20)),
  "nn.functional.softsign": unary(f.softsign),
  "nn.functional.mish": unary(f.mish),
  "nn.functional.hardtanh": (c) =>
    f.hardtanh(inputOf(c), option(c, "min_val", -1), option(c, "max_val", 1)),
  // In f32, PyTorch 1.13 uses its own rounding of 1/6 in the derivative.
  "nn.functional.hardsigmoid": unary((x) =>
    slopedAs(f.hardsigmoid(x), mul(f.hardsigmoid(x), 6 * Math.fround(1 / 6)) as Expr),
  ),
  "nn.functional.hardswish": unary(f.hardswish),
  "nn.functional.hardshrink": (c) => f.hardshrink(inputOf(c), option(c, "lambd", 0.5)),
  "nn.functional.softshrink": (c) => f.softshrink(inputOf(c), option(c, "lambd", 0.5)),
  "nn.functional.tanhshrink": unary(f.tanhshrink),
  "nn.functional.logsigmoid": unary(f.logSigmoid),
  "nn.functional.threshold": (c) =>
    f.threshold(inputOf(c), scalarOf(arg(c, 0, "threshold")), scalarOf(arg(c, 1, "value"))),
  "nn.functional.softmin": softmaxed,
  "nn.functional.softmin.with_dtype": softmaxed,
  "nn.functional.glu": (c) => f.glu(inputOf(c), scalarOf(arg(c, 0, "dim", -1))),
  "nn.functional.prelu": (c) => {
    const [x, slope] = [inputOf(c), tensorOf(arg(c, 0, "weight"))];
    const wide = x.shape.length > 1 ? perChannel(reshape(slope, [-1]), x) : slope;
    return where(gt(x, 0), x, mul(x, wide ?? slope)) as Expr;
  },

  "nn.functional.mse_loss": (c) => reduced(c, loss.meanSquaredError),
  "nn.functional.l1_loss": (c) => reduced(c, loss.meanAbsoluteError),
  "nn.functional.huber_loss": (c) => reduced(c, (x, y) => loss.huber(x, y, option(c, "delta", 1))),
  "nn.functional.smooth_l1_loss": (c) =>
    reduced(c, (x, y) => loss.smoothL1(x, y, option(c, "beta", 1))),
  "nn.functional.binary_cross_entropy": (c) => reduced(c, loss.binaryCrossEntropy),
  "nn.functional.binary_cross_entropy_with_logits": (c) => {
    const positiveWeight = c.kw.pos_weight;
    if (positiveWeight === undefined || positiveWeight === null)
      return reduced(c, (x, y) => loss.binaryCrossEntropyWithLogits(x, y));
    if (c.kw.reduction === "none") return notHad("weights of classes without a reduction");
    const weights = tensorOf(positiveWeight);
    return reduced(c, (x, y) =>
      loss.binaryCrossEntropyWithLogits(x, y, { positiveWeight: weights }),
    );
  },
  "nn.functional.kl_div": (c) => {
    const known = c.kw.log_target === true;
    const [x, y] = [inputOf(c), tensorOf(arg(c, 0, "target"))];
    const p = known ? (exp(y) as Expr) : y;
    const sized: Call = { ...c, input: x, args: [p] };
    return reduced(sized, (a, b) => div(loss.klDivergence(a, b), sizeOf(a.shape)));
  },
  "nn.functional.cross_entropy": (c) => {
    const labelSmoothing = option(c, "label_smoothing", 0);
    return classified(c, (x, y, options) =>
      loss.softmaxCrossEntropy(x, y, { ...options, labelSmoothing }),
    );
  },
  "nn.functional.nll_loss": (c) => classified(c, loss.negativeLogLikelihood),
  "nn.functional.soft_margin_loss": (c) => reduced(c, softMargin),
  "nn.functional.margin_ranking_loss": (c) => {
    const [x, y, target] = [inputOf(c), tensorOf(c.args[0] ?? null), tensorOf(c.args[1] ?? null)];
    const signed = mul(neg(target), sub(x, y) as Expr);
    return reduceElements(c, margin(add(signed as Expr, option(c, "margin", 0))));
  },
  "nn.functional.poisson_nll_loss": (c) => {
    const [x, y] = [inputOf(c), tensorOf(arg(c, 0, "target"))];
    if (c.kw.full === true) return notHad("Stirling's term");
    const logged = c.kw.log_input !== false;
    const epsilon = option(c, "eps", 1e-8);
    return reduceElements(
      c,
      logged
        ? sub(exp(x), mul(y, x) as Expr)
        : sub(x, mul(y, log(add(x, epsilon)) as Expr) as Expr),
    );
  },
  "nn.functional.gaussian_nll_loss": (c) => {
    const [x, y, v] = [inputOf(c), tensorOf(c.args[0] ?? null), tensorOf(c.args[1] ?? null)];
    const shape = x.shape;
    const spread = v.shape.length === shape.length ? v : reshape(v, [...v.shape, 1]);
    const held = maximum(spread, option(c, "eps", 1e-6));
    const full = c.kw.full === true ? 0.5 * Math.log(2 * Math.PI) : 0;
    const each = mul(add(log(held), div(square(sub(x, y)) as Expr, held)) as Expr, 0.5);
    return reduceElements(c, add(each, full));
  },
  "nn.functional.multilabel_soft_margin_loss": (c) => {
    const [x, y] = [inputOf(c), tensorOf(arg(c, 0, "target"))];
    const each = add(mul(y, f.logSigmoid(x)), mul(sub(1, y) as Expr, f.logSigmoid(neg(x))));
    const weight = c.kw.weight;
    const weighted = weight === undefined || weight === null ? each : mul(each, tensorOf(weight));
    return reduceElements(c, mean(neg(weighted as Expr), -1));
  },
  "nn.functional.pairwise_distance": (c) => {
    const [x, y] = [inputOf(c), tensorOf(arg(c, 0, "x2"))];
    const p = option(c, "p", 2);
    const d = abs(add(sub(x, y) as Expr, option(c, "eps", 1e-6)));
    const total: Expr = sum(pow(d, lift(p, x.dtype)), -1);
    const norm: Expr = pow(total, lift(1 / p, x.dtype));
    return c.kw.keepdim === true ? keepDims(norm, x, -1) : norm;
  },
  "nn.functional.cosine_similarity": (c) => {
    const [a, b] = [inputOf(c), tensorOf(arg(c, 0, "x2"))];
    const shape = broadcastShapes(a.shape, b.shape) ?? a.shape;
    const [x, y] = [broadcastTo(a, shape), broadcastTo(b, shape)];
    const [axis, epsilon] = [option(c, "dim", 1), option(c, "eps", 1e-8)];
    const norm = (v: Expr): Expr => maximum(sqrt(sum(square(v), axis)), epsilon);
    return div(sum(mul(x, y), axis), mul(norm(x), norm(y)) as Expr);
  },
  "nn.functional.layer_norm": (c) => {
    const x = inputOf(c);
    const axes = numbersOf(arg(c, 0, "shape")).map((_, i) => x.shape.length - 1 - i);
    return scaled(
      normalized(x, axes, scalarOf(arg(c, 3, "eps", 1e-5))),
      optional(c, 1, "weight"),
      optional(c, 2, "bias"),
    );
  },
  native_layer_norm: (c) => {
    const x = inputOf(c);
    const axes = numbersOf(arg(c, 0, "shape")).map((_, i) => x.shape.length - 1 - i);
    const epsilon = scalarOf(arg(c, 3, "eps"));
    const y = scaled(
      normalized(x, axes, epsilon),
      optional(c, 1, "weight"),
      optional(c, 2, "bias"),
    );
    const spread = sqrt(add(keepDims(variance(x, axes), x, axes), epsilon));
    return [y, keepDims(mean(x, axes), x, axes), div(1, spread as Expr) as Expr];
  },
  "nn.functional.instance_norm": (c) => {
    const x = inputOf(c);
    const axes = x.shape.flatMap((_, i) => (i < 2 ? [] : [i]));
    return scaled(
      normalized(x, axes, option(c, "eps", 1e-5)),
      perChannel(optional(c, 9, "weight"), x),
      perChannel(optional(c, 9, "bias"), x),
    );
  },
  "nn.functional.multi_margin_loss": (c) => {
    const given = inputOf(c);
    const x = given.shape.length === 1 ? reshape(given, [1, -1]) : given;
    const classes = x.shape[1] ?? 1;
    const target = reshape(tensorOf(arg(c, 0, "target")), [-1]);
    const own = oneHot(target, classes, x.dtype);
    const score = keepDims(sum(mul(x, own) as Expr, 1), x, 1);
    const over = margin(add(sub(x, score) as Expr, option(c, "margin", 1)) as Expr);
    const each = div(
      sum(mul(pow(over, lift(option(c, "p", 1), x.dtype)) as Expr, sub(1, own) as Expr) as Expr, 1),
      classes,
    );
    return reduceElements(c, each as Expr);
  },
  "nn.functional.group_norm": (c) => {
    const [x, groups] = [inputOf(c), scalarOf(arg(c, 0, "groups"))];
    const [n = 1, ...rest] = x.shape;
    const parts = reshape(x, [n, groups, sizeOf(rest) / groups]);
    const y = reshape(normalized(parts, [2], option(c, "eps", 1e-5)), x.shape);
    return scaled(
      y,
      perChannel(optional(c, 9, "weight"), x),
      perChannel(optional(c, 9, "bias"), x),
    );
  },
  "nn.functional.batch_norm": (c) => {
    const x = inputOf(c);
    const epsilon = scalarOf(arg(c, 6, "eps", 1e-5));
    const axes = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
    const [moving, spread] = [optional(c, 0, "mean"), optional(c, 1, "var")];
    const running = c.kw.training !== true;
    if (x.shape.length < 2) return notHad("a batch without channels");
    const y = running
      ? div(
          sub(x, perChannel(moving, x) ?? 0) as Expr,
          sqrt(add(perChannel(spread, x) ?? 1, epsilon)) as Expr,
        )
      : normalized(x, axes, epsilon);
    return scaled(
      y as Expr,
      perChannel(optional(c, 2, "weight"), x),
      perChannel(optional(c, 3, "bias"), x),
    );
  },
};
