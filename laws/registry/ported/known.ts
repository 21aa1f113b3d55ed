import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { add, maximum, minimum, mul } from "../../../src/ir/ops/elementwise.ts";
import { slice } from "../../../src/ir/ops/structural.ts";
import { open } from "../../../src/nn/apply.ts";
import { relu } from "../../../src/nn/functional/activation.ts";
import { fractionalMaxPool } from "../../../src/nn/functional/fractionalPool.ts";
import type { Activation, Composable, OpenLayer } from "../../../src/nn/layer.ts";
import * as adaptives from "../../../src/nn/layers/adaptiveLogSoftmax.ts";
import * as bilinears from "../../../src/nn/layers/bilinear.ts";
import * as einsums from "../../../src/nn/layers/einsumDense.ts";
import * as bags from "../../../src/nn/layers/embeddingBag.ts";
import { lambda } from "../../../src/nn/layers/lambda.ts";
import * as convLstms from "../../../src/nn/layers/recurrent/convLstm.ts";
import * as fractions from "../../../src/nn/layers/spatial/fractionalPool.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { key, uniform } from "../../../src/tensor/key.ts";
import type { KnownLayer, KnownLayers } from "../../networks/knownLayers.ts";
import { numbers } from "./numbers.ts";
import { reference } from "./reference.ts";

const torch = "PyTorch 1.13";
const keras = "Keras's definition in NumPy";

/** A layer applied in another way than `apply`. */
const otherwise = (layer: Composable, apply: (params: never, x: Expr) => Expr): OpenLayer => ({
  ...open(layer),
  apply: (params, state, x) => [apply(params as never, x), state],
});

const tokens = tensor([0, 3, 1, 3], "i32");
const params = { table: numbers([4, 3], 2) };
const offsets = constant(tensor([0, 3, 3], "i32"));
const modes = ["sum", "mean", "max"] as const;
const further = { "": {}, ", padding": { padding: 3 }, ", maxNorm": { maxNorm: 0.65 } } as const;

const bagsOfTorch: readonly KnownLayer[] = modes.flatMap((mode) =>
  (["", ", padding", ", maxNorm"] as const).flatMap((name) => {
    const layer = bags.embeddingBag(4, 3, { mode, ...further[name] });
    const several = otherwise(layer, (p, x) => layer.bags(p, x, offsets));
    return [
      { source: torch, layer, params, x: tokens, y: reference[`embeddingBag ${mode}${name}`] },
      {
        source: torch,
        layer: several,
        params,
        x: tokens,
        y: reference[`embeddingBags ${mode}${name}`],
      },
    ];
  }),
);

const summing = bags.embeddingBag(4, 3, { mode: "sum", maxNorm: 0.65 });
const compared = bilinears.bilinear(2, 3, 2);
const heads = { weight: numbers([3, 2, 2], 4) };
const dense = (
  biasAxes: string,
  bias: KnownLayer["y"],
  name: keyof typeof reference,
): KnownLayer => ({
  source: keras,
  layer: einsums.einsumDense("td,dhk->thk", [-1, 3], [-1, 2, 2], { biasAxes }),
  params: { ...heads, bias },
  x: numbers([2, 3]),
  y: reference[name],
});
const biases = numbers([2, 2], 6);

const classes = adaptives.adaptiveLogSoftmax(8, 7, {
  ...{ cutoffs: [2, 4], divValue: 2, headBias: true },
});
const targets = constant(tensor([0, 3, 6, 1, 2], "i32"));
const rareX = numbers([5, 8], 6);
const rare = {
  source: torch,
  layer: classes,
  params: {
    "head.weight": numbers([8, 4], 1),
    "head.bias": numbers([4], 2),
    "tail.0.0.weight": numbers([8, 4], 3),
    "tail.0.1.weight": numbers([4, 2], 5),
    "tail.1.0.weight": numbers([8, 2], 4),
    "tail.1.1.weight": numbers([2, 3], 6),
  },
};

/** Samples for two channels, in the order of the axes. */
const samples = constant(
  tensor(
    [
      [0.3, 0.8],
      [0.95, 0.1],
    ],
    "f64",
  ),
);
const line = [3, 1, 4, 1.5, 9, 2, 6, 5];
/** Where windows of `k` begin, from Graham's formula. */
const startsFrom = (u: number, n: number, m: number, k: number): readonly number[] =>
  Array.from({ length: m }, (_, i) => {
    const alpha = (n - k) / (m - 1);
    return i === m - 1 ? n - k : Math.floor((i + u) * alpha) - Math.floor(u * alpha);
  });
/** The sample of the second axis: one channel, two axes. */
const own = uniform(key(5), [1, 2], { dtype: "f64" }).toTypedArray()[1] as number;

/** Two filters, over windows of an extent. */
const convLstm = (
  name: keyof typeof reference,
  window: readonly number[],
  inputs: number,
  x: readonly number[],
) => ({
  source: keras,
  params: {
    "0.0.inputWeight": numbers([...window, inputs, 8], 1),
    "0.0.hiddenWeight": numbers([...window, 2, 8], 3),
    "0.0.inputBias": numbers([8], 5),
  },
  x: numbers(x, 2),
  y: reference[name],
});
/** The gates of Keras 2. */
const keras2Sigmoid = ((x: Expr): Expr =>
  minimum(maximum(add(mul(x, 0.2), 0.5), 0), 1)) as Activation;

/** Known values of layers that users of PyTorch and Keras look for. */
export const knownPorted: KnownLayers<
  typeof adaptives &
    typeof bilinears &
    typeof bags &
    typeof convLstms &
    typeof einsums &
    typeof fractions
> = {
  adaptiveLogSoftmax: [
    { ...rare, x: rareX, y: reference.adaptiveLogSoftmax },
    {
      ...rare,
      layer: otherwise(classes, (p, x) => classes.logLikelihood(p, x, targets)),
      x: rareX,
      y: reference["adaptiveLogSoftmax, likelihood"],
    },
    {
      ...rare,
      layer: otherwise(classes, (p, x) => classes.loss(p, x, targets)),
      x: rareX,
      y: reference["adaptiveLogSoftmax, loss"],
    },
    {
      ...rare,
      layer: otherwise(classes, (p, x) => classes.predict(p, x)),
      x: rareX,
      y: reference["adaptiveLogSoftmax, predicted"],
    },
    {
      ...rare,
      source: "the documentation: a number that is no class has no probability",
      layer: otherwise(classes, (p, x) =>
        classes.logLikelihood(p, x, constant(tensor([-1, 7, 8, 100, -7], "i32"))),
      ),
      x: rareX,
      y: [Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN],
    },
  ],
  fractionalMaxPool2d: [
    {
      source: torch,
      layer: fractions.fractionalMaxPool2d(2, { outputSize: [4, 3] }),
      x: numbers([7, 6, 2], 2),
      y: reference["fractionalMaxPool2d, evaluated"],
    },
    {
      source: torch,
      layer: lambda("given samples", (x: Expr) => fractionalMaxPool(x, 2, [4, 3], samples)),
      x: numbers([7, 6, 2], 2),
      y: reference.fractionalMaxPool2d,
    },
    {
      source: torch,
      layer: lambda("given samples", (x: Expr) => fractionalMaxPool(x, [3, 2], [4, 3], samples)),
      x: numbers([7, 6, 2], 2),
      y: reference["fractionalMaxPool2d, ratio"],
    },
    {
      source: "a hand, from the key's own sample",
      layer: fractions.fractionalMaxPool2d([1, 1], { outputSize: [1, 4] }),
      ...{ mode: "train", seed: 5 },
      x: [line.map((v) => [v])],
      y: [startsFrom(own, 8, 4, 1).map((at) => [line[at] as number])],
    },
  ],
  fractionalMaxPool3d: [
    {
      source: torch,
      layer: lambda("given samples", (x: Expr) =>
        fractionalMaxPool(x, 2, [3, 2, 4], constant(tensor([[0.7, 0.2, 0.45]], "f64"))),
      ),
      x: numbers([5, 4, 6, 1], 4),
      y: reference.fractionalMaxPool3d,
    },
  ],
  bilinear: [
    {
      layer: bilinears.bilinear(1, 2, 1),
      params: { weight: [5, 7], bias: [100] },
      x: [2, 3, 10],
      y: [2 * 3 * 5 + 2 * 10 * 7 + 100],
    },
    {
      source: torch,
      layer: otherwise(compared, (p, x) =>
        compared.between(p, slice(x, [0], [2]), slice(x, [2], [5])),
      ),
      params: { weight: numbers([2, 3, 2]), bias: numbers([2], 5) },
      x: [...numbers([2], 2), ...numbers([3], 3)],
      y: reference.bilinear,
    },
  ],
  convLstm1d: [
    {
      ...convLstm("convLstm1d", [2], 1, [2, 4, 1]),
      layer: convLstms.convLstm1d(1, 2, 2, { padding: "same" }),
    },
  ],
  convLstm2d: [
    {
      ...convLstm("convLstm2d", [3, 2], 2, [3, 3, 2, 2]),
      layer: convLstms.convLstm2d(2, 2, [3, 2], { padding: "same" }),
    },
    {
      ...convLstm("convLstm2d, strided", [2, 2], 1, [2, 5, 4, 1]),
      layer: convLstms.convLstm2d(1, 2, 2, {
        ...{ stride: 2, output: "last", activation: relu, recurrentActivation: keras2Sigmoid },
      }),
    },
  ],
  convLstm3d: [
    {
      ...convLstm("convLstm3d", [1, 2, 2], 1, [2, 2, 3, 2, 1]),
      layer: convLstms.convLstm3d(1, 2, [1, 2, 2], { padding: "same" }),
    },
  ],
  einsumDense: [
    dense("hk", biases, "einsumDense"),
    dense("k", biases[0] as KnownLayer["y"], "einsumDense, bias of k"),
    dense("h", biases[0] as KnownLayer["y"], "einsumDense, bias of h"),
    {
      source: keras,
      layer: einsums.einsumDense("...td,tde->...e", [2, 3], [2]),
      params: { weight: numbers([2, 3, 2], 4) },
      x: [numbers([2, 3])],
      y: [reference["einsumDense, two axes to one"]],
    },
    {
      // The axis t is in the input alone: it is summed over.
      layer: einsums.einsumDense("td,de->e", [-1, 1], [2]),
      params: { weight: [10, 100] },
      x: [[1], [2], [3]],
      y: [60, 600],
    },
  ],
  embeddingBag: [
    {
      source: torch,
      layer: otherwise(summing, (p, x) =>
        summing.bag(p, x, constant(tensor(numbers([4], 7) as number[], "f64"))),
      ),
      params,
      x: tokens,
      y: reference["embeddingBag, weighted"],
    },
    { layer: bags.embeddingBag(4, 3), params, x: tensor([], "i32"), y: [0, 0, 0] },
    {
      source: "the documentation: what is not in the vocabulary does not count",
      layer: bags.embeddingBag(4, 1),
      params: { table: [1, 2, 3, 4] },
      x: tensor([3, -1, 4, 1], "i32"),
      y: [3],
    },
    ...bagsOfTorch,
  ],
};
