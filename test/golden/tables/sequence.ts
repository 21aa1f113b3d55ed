import { vmap } from "../../../src/autodiff/index.ts";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { mul } from "../../../src/ir/ops/elementwise.ts";
import { mean } from "../../../src/ir/ops/reduction.ts";
import { moveAxis, reshape } from "../../../src/ir/ops/structural.ts";
import type { Context } from "../../../src/nn/layer.ts";
import { prelu } from "../../../src/nn/layers/gating.ts";
import { localResponseNorm } from "../../../src/nn/layers/normalization/norm.ts";
import { triplet } from "../../../src/nn/losses/contrastive.ts";
import {
  gaussianNegativeLogLikelihood,
  poissonNegativeLogLikelihood,
} from "../../../src/nn/losses/probabilistic.ts";
import { key } from "../../../src/tensor/key.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";
import { arg, type Call, inputOf, notHad, scalarOf, type Table, tensorOf } from "../torch.ts";
import { neural } from "./neural.ts";

/** fluxion's layers and losses, as PyTorch's functions. */

const context: Context = { mode: "train", key: constant(key(0)), axis: "batch" };
const option = (c: Call, name: string, otherwise: number): number =>
  scalarOf(c.kw[name] ?? otherwise);

/** The mean or the sum of a loss, as PyTorch reduces it. */
const reduced = (c: Call, loss: Expr, x: Expr): Expr =>
  c.kw.reduction === "sum" ? (mul(loss, sizeOf(x.shape)) as Expr) : loss;

/** Whether a call needs something that fluxion's loss lacks: PyTorch's constants, rates, or no reduction. */
const beyond = (c: Call): boolean =>
  c.kw.full === true || c.kw.log_input === false || c.kw.reduction === "none";
const composed = (op: string, c: Call) => neural[op]?.(c, []) ?? notHad(op);

export const sequence: Table = {
  "nn.functional.local_response_norm": (c) => {
    const layer = localResponseNorm({
      size: scalarOf(arg(c, 0, "size")),
      alpha: option(c, "alpha", 1e-4),
      beta: option(c, "beta", 0.75),
      k: option(c, "k", 1),
    });
    const x = moveAxis(inputOf(c), 1, -1);
    return moveAxis(layer.apply(undefined, undefined, x, context)[0] as Expr, -1, 1);
  },
  "nn.functional.prelu": (c) => {
    const slope = reshape(tensorOf(arg(c, 0, "weight")), [1]) as Expr;
    return prelu().apply({ slope }, undefined, inputOf(c), context)[0] as Expr;
  },
  "nn.functional.triplet_margin_loss": (c) => {
    if (c.kw.swap === true) return notHad("anchors swapped with positives");
    const margin = option(c, "margin", 1);
    const each = vmap((x: Expr, y: Expr, z: Expr) => triplet(x, y, z, margin) as Expr)(
      inputOf(c),
      tensorOf(arg(c, 0, "positive")),
      tensorOf(arg(c, 1, "negative")),
    );
    return c.kw.reduction === "none" ? each : (mean(each) as Expr);
  },
  "nn.functional.poisson_nll_loss": (c) => {
    if (beyond(c)) return composed("nn.functional.poisson_nll_loss", c);
    const x = inputOf(c);
    const loss = poissonNegativeLogLikelihood(x, tensorOf(arg(c, 0, "target")));
    return reduced(c, loss, x);
  },
  "nn.functional.gaussian_nll_loss": (c) => {
    if (beyond(c)) return composed("nn.functional.gaussian_nll_loss", c);
    const x = inputOf(c);
    const given = tensorOf(arg(c, 1, "var"));
    // PyTorch allows a variance with one axis fewer, which then applies to the whole last axis.
    const variance =
      given.shape.length === x.shape.length - 1 && x.shape.length > 1
        ? (reshape(given, [...given.shape, 1]) as Expr)
        : given;
    const loss = gaussianNegativeLogLikelihood(
      x,
      tensorOf(arg(c, 0, "target")),
      variance,
      option(c, "eps", 1e-6),
    );
    return reduced(c, loss, x);
  },
};
