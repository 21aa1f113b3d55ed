import type { Expr } from "../../../src/ir/expr.ts";
import { mul } from "../../../src/ir/ops/elementwise.ts";
import * as combinators from "../../../src/nn/combinators/containers.ts";
import type * as composed from "../../../src/nn/combinators/sequential.ts";
import { andThen, identity, sequential } from "../../../src/nn/combinators/sequential.ts";
import * as connections from "../../../src/nn/combinators/skip.ts";
import { relu } from "../../../src/nn/functional/activation.ts";
import type * as affine from "../../../src/nn/layers/dense.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import * as plain from "../../../src/nn/layers/lambda.ts";
import * as convolutions from "../../../src/nn/layers/spatial/conv.ts";
import * as pools from "../../../src/nn/layers/spatial/pool.ts";
import * as resizes from "../../../src/nn/layers/spatial/resize.ts";
import type { KnownLayers } from "../../networks/knownLayers.ts";
import type { Numbers } from "../../values/known.ts";
import { knownNoise } from "../ported/noise.ts";
import { numbers } from "../ported/numbers.ts";
import { reference } from "../ported/reference.ts";

const double = plain.lambda("double", (x: Expr) => mul(x, 2));

/** The params of `2x + 1` and of `5x`. */
const first = { weight: 2, bias: 1 };
const second = { weight: 5, bias: 0 };
const both = {
  "0.weight": first.weight,
  "0.bias": first.bias,
  "1.weight": second.weight,
  "1.bias": second.bias,
};
const one = dense(1, 1);

/** Known values of plain layers and of combinators. */
export const knownLayers: KnownLayers<
  typeof affine & typeof plain & typeof composed & typeof combinators & typeof connections
> = {
  dense: [
    {
      layer: dense(3, 2),
      params: {
        weight: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        bias: [10, 20],
      },
      x: [1, 2, 3],
      y: [32, 48],
    },
    { layer: dense(2, 1, { bias: false }), params: { weight: [[1], [10]] }, x: [1, 2], y: [21] },
  ],
  lambda: [{ layer: double, x: [1, 2], y: [2, 4] }],
  flatten: [
    {
      layer: plain.flatten,
      x: [
        [1, 2],
        [3, 4],
      ],
      y: [1, 2, 3, 4],
    },
  ],
  reshape: [
    {
      layer: plain.reshape([3, -1]),
      x: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      y: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    },
  ],
  dropout: [{ layer: plain.dropout(0.5), x: [1, 2], y: [1, 2] }, ...knownNoise.dropout],
  identity: [{ layer: identity, x: [1, 2], y: [1, 2] }],
  sequential: [
    {
      layer: sequential(dense(1, 2), relu),
      params: { "0.weight": [[1, -1]], "0.bias": [0, 1] },
      x: [2],
      y: [2, 0],
    },
  ],
  andThen: [{ layer: andThen(one, one), params: both, x: [3], y: [35] }],
  named: [{ layer: combinators.named("other", one), params: first, x: [3], y: [7] }],
  frozen: [{ layer: combinators.frozen(one), params: first, x: [3], y: [7] }],
  remat: [{ layer: combinators.remat(one), params: first, x: [3], y: [7] }],
  residual: [
    { layer: connections.residual(one), params: first, x: [3], y: [10] },
    { layer: connections.residual(one, one), params: both, x: [3], y: [7 + 15] },
  ],
  skipConcat: [{ layer: connections.skipConcat(one), params: first, x: [3], y: [3, 7] }],
  repeat: [
    {
      layer: combinators.repeat(2, one),
      params: { weight: [[[2]], [[5]]], bias: [[1], [0]] },
      x: [3],
      y: [35],
    },
  ],
  shared: [{ layer: combinators.shared(2, one), params: first, x: [3], y: [15] }],
  scanLayer: [{ layer: combinators.scanLayer(one), params: first, x: [[3], [4]], y: [[7], [9]] }],
  parallel: [
    { layer: combinators.parallel(one, one), params: both, x: [[3], [4]], y: [[7], [20]] },
  ],
  fanout: [{ layer: combinators.fanout(one, one), params: both, x: [3], y: [7, 15] }],
};

/** An example with one channel, along a line or over an image. */
const line = (...xs: readonly number[]): Numbers => xs.map((v) => [v]);
const image = (...rows: readonly (readonly number[])[]): Numbers =>
  rows.map((row) => row.map((v) => [v]));

const cross = image([1, 0, 2], [0, 1, 0], [3, 0, 1]);
const nine = image([1, 2, 3], [4, 5, 6], [7, 8, 9]);
const linear = { weight: [1, 10] };

/** Known values of layers that slide windows over examples with channels last. */
export const knownSpatial: KnownLayers<typeof convolutions & typeof pools & typeof resizes> = {
  conv1d: [
    {
      layer: convolutions.conv1d(1, 1, 2),
      params: { ...linear, bias: [100] },
      x: line(1, 2, 3),
      y: line(121, 132),
    },
    {
      layer: convolutions.conv1d(1, 1, 2, { padding: 1, stride: 2, dilation: 2, bias: false }),
      params: linear,
      x: line(1, 2, 3),
      y: line(20, 2),
    },
    {
      layer: convolutions.conv1d(2, 2, 1, { groups: 2, bias: false }),
      params: { weight: [2, 3] },
      x: [[5, 7]],
      y: [[10, 21]],
    },
    {
      // An odd amount of "same" padding is at the end.
      layer: convolutions.conv1d(1, 1, 2, { padding: "same", bias: false }),
      params: linear,
      x: line(1, 2, 3),
      y: line(21, 32, 3),
    },
  ],
  conv2d: [
    {
      layer: convolutions.conv2d(1, 1, 2),
      params: { weight: [1, 2, 3, 4], bias: [0.5] },
      x: cross,
      y: image([5.5, 7.5], [11.5, 5.5]),
    },
  ],
  conv3d: [
    {
      layer: convolutions.conv3d(1, 1, [1, 1, 2]),
      params: { ...linear, bias: [100] },
      x: [[[[1], [2]]]],
      y: [[[[121]]]],
    },
  ],
  convTranspose1d: [
    {
      layer: convolutions.convTranspose1d(1, 1, 2),
      params: { ...linear, bias: [100] },
      x: line(1, 2),
      y: line(101, 112, 120),
    },
    {
      layer: convolutions.convTranspose1d(1, 1, 2, { stride: 2, outputPadding: 1, bias: false }),
      params: linear,
      x: line(1, 2),
      y: line(1, 10, 2, 20, 0),
    },
    {
      // "same" makes the output stride times as long: an extra element is dropped at the end, and a missing one is
      // added there.
      layer: convolutions.convTranspose1d(1, 1, 3, { stride: 2, padding: "same", bias: false }),
      params: { weight: [1, 10, 100] },
      x: line(1, 2),
      y: line(1, 10, 102, 20),
    },
    {
      layer: convolutions.convTranspose1d(1, 1, 2, { stride: 3, padding: "same", bias: false }),
      params: linear,
      x: line(1, 2),
      y: line(1, 10, 0, 2, 20, 0),
    },
  ],
  convTranspose2d: [
    {
      layer: convolutions.convTranspose2d(1, 1, 2),
      params: { weight: [1, 2, 3, 4], bias: [0] },
      x: image([1, 0], [0, 2]),
      y: image([1, 2, 0], [3, 6, 4], [0, 6, 8]),
    },
  ],
  convTranspose3d: [
    {
      layer: convolutions.convTranspose3d(1, 1, [1, 1, 2]),
      params: { ...linear, bias: [100] },
      x: [[[[1], [2]]]],
      y: [[[[101], [112], [120]]]],
    },
  ],
  depthwiseConv1d: [
    {
      layer: convolutions.depthwiseConv1d(2, 2),
      params: { weight: [1, 3, 2, 4], bias: [0, 100] },
      x: [
        [5, 7],
        [50, 70],
      ],
      y: [[5 + 100, 21 + 280 + 100]],
    },
    {
      source: "PyTorch 1.13",
      layer: convolutions.depthwiseConv1d(2, 2, { multiplier: 2, stride: 2, padding: 1 }),
      params: { weight: numbers([2, 1, 4]), bias: numbers([4], 5) },
      x: numbers([5, 2], 3),
      y: reference.depthwiseConv1d,
    },
  ],
  depthwiseConv2d: [
    {
      layer: convolutions.depthwiseConv2d(2, 1),
      params: { weight: [2, 3], bias: [0, 100] },
      x: [[[5, 7]]],
      y: [[[10, 121]]],
    },
    {
      // The outputs of each channel are adjacent.
      layer: convolutions.depthwiseConv2d(2, 1, { multiplier: 2 }),
      params: { weight: [2, 3, 4, 5], bias: [0, 0, 0, 1] },
      x: [[[5, 7]]],
      y: [[[10, 15, 28, 36]]],
    },
  ],
  separableConv1d: [
    {
      source: "PyTorch 1.13: a convolution with one group for each channel, then one of size 1",
      layer: convolutions.separableConv1d(2, 3, 2, { dilation: 2 }),
      params: {
        "0.weight": numbers([2, 1, 2]),
        "0.bias": numbers([2], 5),
        "1.weight": numbers([1, 2, 3], 2),
        "1.bias": numbers([3], 7),
      },
      x: numbers([5, 2], 3),
      y: reference.separableConv1d,
    },
  ],
  separableConv2d: [
    {
      layer: convolutions.separableConv2d(2, 1, 1),
      params: {
        "0.weight": [2, 3],
        "0.bias": [0, 1],
        "1.weight": [10, 100],
        "1.bias": [0.5],
      },
      x: [[[5, 7]]],
      y: [[[100 + 2200 + 0.5]]],
    },
  ],
  maxPool1d: [{ layer: pools.maxPool1d(2), x: line(1, 3, 2, 0), y: line(3, 2) }],
  maxPool2d: [
    { layer: pools.maxPool2d(2), x: image([1, 4], [3, 2]), y: image([4]) },
    {
      layer: pools.maxPool2d(2, { stride: 1, padding: 1 }),
      x: image([-1, -4], [-3, -2]),
      y: image([-1, -1, -4], [-1, -1, -2], [-3, -2, -2]),
    },
  ],
  maxPool3d: [{ layer: pools.maxPool3d([1, 1, 2]), x: [[[[1], [4]]]], y: [[[[4]]]] }],
  avgPool1d: [
    { layer: pools.avgPool1d(2), x: line(1, 3, 2, 0), y: line(2, 1) },
    { layer: pools.avgPool1d(2, { padding: 1 }), x: line(2, 4), y: line(1, 2) },
    {
      layer: pools.avgPool1d(2, { padding: 1, countPadding: false }),
      x: line(2, 4),
      y: line(2, 4),
    },
  ],
  avgPool2d: [{ layer: pools.avgPool2d(2), x: image([1, 4], [3, 2]), y: image([2.5]) }],
  avgPool3d: [{ layer: pools.avgPool3d([1, 1, 2]), x: [[[[1], [4]]]], y: [[[[2.5]]]] }],
  lpPool1d: [
    { layer: pools.lpPool1d(2, 2), x: line(3, -4), y: line(5) },
    { layer: pools.lpPool1d(1, 2), x: line(3, -4), y: line(7) },
  ],
  lpPool2d: [{ layer: pools.lpPool2d(2, 2), x: image([1, 4], [2, 2]), y: image([5]) }],
  lpPool3d: [{ layer: pools.lpPool3d(2, [1, 1, 2]), x: [[[[3], [4]]]], y: [[[[5]]]] }],
  adaptiveAvgPool1d: [{ layer: pools.adaptiveAvgPool1d(2), x: line(1, 2, 3), y: line(1.5, 2.5) }],
  adaptiveAvgPool2d: [{ layer: pools.adaptiveAvgPool2d(2), x: nine, y: image([3, 4], [6, 7]) }],
  adaptiveAvgPool3d: [{ layer: pools.adaptiveAvgPool3d(1), x: [[[[1], [4]]]], y: [[[[2.5]]]] }],
  adaptiveMaxPool1d: [{ layer: pools.adaptiveMaxPool1d(2), x: line(1, 2, 3), y: line(2, 3) }],
  adaptiveMaxPool2d: [{ layer: pools.adaptiveMaxPool2d(2), x: nine, y: image([5, 6], [8, 9]) }],
  adaptiveMaxPool3d: [{ layer: pools.adaptiveMaxPool3d(1), x: [[[[1], [4]]]], y: [[[[4]]]] }],
  globalAvgPool: [
    {
      layer: pools.globalAvgPool,
      x: [
        [1, 10],
        [3, 20],
      ],
      y: [2, 15],
    },
  ],
  globalMaxPool: [
    {
      layer: pools.globalMaxPool,
      x: [
        [1, 20],
        [3, 10],
      ],
      y: [3, 20],
    },
  ],
  maxUnpool: [{ layer: pools.maxUnpool(2, double), x: line(1, 4, 3, 2), y: line(0, 8, 6, 0) }],

  upsample: [
    { layer: resizes.upsample({ scale: 2 }), x: line(1, 3), y: line(1, 1, 3, 3) },
    {
      layer: resizes.upsample({ scale: 2, method: "linear" }),
      x: line(1, 3),
      y: line(1, 1.5, 2.5, 3),
    },
    {
      layer: resizes.upsample({ size: [3], method: "linear", alignCorners: true }),
      x: line(1, 3),
      y: line(1, 2, 3),
    },
    {
      // 4.5 elements become 4, and their positions use the requested scale: (i + 1/2) / 1.5 - 1/2.
      layer: resizes.upsample({ scale: 1.5, method: "linear" }),
      x: line(1, 2, 4),
      y: line(1, 1.5, 2 + 1 / 3, 3 + 2 / 3),
    },
    { layer: resizes.upsample({ scale: 1.3 }), x: line(1, 2, 3), y: line(1, 1, 2) },
    {
      source: "PyTorch: a single output element is the first corner",
      layer: resizes.upsample({ size: [1], method: "linear", alignCorners: true }),
      x: line(1, 3),
      y: line(1),
    },
    {
      source: "Keys's kernel with a = -3/4 at 1/4, 3/4, 5/4 and 7/4, by hand",
      layer: resizes.upsample({ scale: 2, method: "cubic" }),
      x: line(0, 1),
      y: line(-0.10546875, 0.2265625, 0.7734375, 1.10546875),
    },
    {
      layer: resizes.upsample({ size: [2], method: "area" }),
      x: line(1, 2, 3, 4),
      y: line(1.5, 3.5),
    },
  ],
  pixelShuffle: [{ layer: resizes.pixelShuffle(2), x: [[[1, 2, 3, 4]]], y: image([1, 2], [3, 4]) }],
  pixelUnshuffle: [
    { layer: resizes.pixelUnshuffle(2), x: image([1, 2], [3, 4]), y: [[[1, 2, 3, 4]]] },
  ],
  channelShuffle: [
    { layer: resizes.channelShuffle(2), x: [[1, 2, 3, 4]], y: [[1, 3, 2, 4]] },
    { layer: resizes.channelShuffle(3), x: [1, 2, 3, 4, 5, 6], y: [1, 3, 5, 2, 4, 6] },
  ],
  crop: [
    { layer: resizes.crop([[1, 2]]), x: line(9, 1, 2, 9, 9), y: line(1, 2) },
    { layer: resizes.crop(1), x: line(9, 1, 2, 9), y: line(1, 2) },
  ],
  permute: [
    {
      layer: resizes.permute([1, 0]),
      x: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      y: [
        [1, 4],
        [2, 5],
        [3, 6],
      ],
    },
  ],
  repeatVector: [
    {
      layer: resizes.repeatVector(2),
      x: [1, 2],
      y: [
        [1, 2],
        [1, 2],
      ],
    },
  ],
  padConstant: [
    { layer: resizes.padConstant([[1, 2]], 9), x: line(1, 2), y: line(9, 1, 2, 9, 9) },
    { layer: resizes.padConstant(1), x: line(1, 2), y: line(0, 1, 2, 0) },
  ],
  padReflect: [{ layer: resizes.padReflect(2), x: line(1, 2, 3), y: line(3, 2, 1, 2, 3, 2, 1) }],
  padReplicate: [{ layer: resizes.padReplicate(1), x: line(1, 2, 3), y: line(1, 1, 2, 3, 3) }],
  padCircular: [{ layer: resizes.padCircular(1), x: line(1, 2, 3), y: line(3, 1, 2, 3, 1) }],
};
