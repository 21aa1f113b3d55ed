import { expect, it } from "vitest";
import { named } from "../../../src/nn/combinators/containers.ts";
import { sequential } from "../../../src/nn/combinators/sequential.ts";
import { residual } from "../../../src/nn/combinators/skip.ts";
import { relu } from "../../../src/nn/functional/activation.ts";
import type { Composable, Layer } from "../../../src/nn/layer.ts";
import { reshape } from "../../../src/nn/layers/lambda.ts";
import { batchNorm } from "../../../src/nn/layers/normalization/batchNorm.ts";
import {
  conv1d,
  conv2d,
  depthwiseConv2d,
  separableConv2d,
} from "../../../src/nn/layers/spatial/conv.ts";
import {
  adaptiveAvgPool2d,
  avgPool1d,
  globalMaxPool,
  lpPool2d,
  maxPool2d,
} from "../../../src/nn/layers/spatial/pool.ts";
import { summary } from "../../../src/nn/summary.ts";
import type { Shape } from "../../../src/tensor/shape.ts";

type Given<L> = L extends Layer<infer _I, infer O, infer _P, infer _S> ? O : never;

/** A network that starts with a reshape to `input`, and the output shape that its type gives. */
const network = <L extends Composable>(input: Shape, layer: L, output: Given<L>) => ({
  input,
  layer: layer as Composable,
  output: output as Shape,
});
const image = reshape([28, 28, 1]);
const photo = reshape([225, 224, 3]);
const [small, large] = [
  [28, 28, 1],
  [225, 224, 3],
];
const same = { padding: "same" } as const;
const block = residual(sequential(conv2d(4, 4, 3, same), batchNorm(4), relu));
const twice = sequential(conv2d(1, 4, 3, same), block, named("b", block));
const both = sequential(separableConv2d(1, 4, 3), depthwiseConv2d(4, 3, same));
const line = sequential(reshape([1001, 2]), conv1d(2, 3, 2), avgPool1d(7));
const whole = sequential(reshape([9999, 1]), conv1d(1, 1, 9999));

it.each([
  network(small, sequential(image, conv2d(1, 4, 3)), [26, 26, 4]),
  network(small, sequential(image, conv2d(1, 4, [5, 1], same), relu), [28, 28, 4]),
  network(small, sequential(image, conv2d(1, 4, 3, { ...same, stride: 3 })), [10, 10, 4]),
  network(small, sequential(image, conv2d(1, 4, 5, { padding: 2 }), maxPool2d(2)), [14, 14, 4]),
  network(small, sequential(image, twice), [28, 28, 4]),
  network(small, sequential(image, both), [26, 26, 4]),
  network(small, sequential(image, conv2d(1, 4, 3), adaptiveAvgPool2d([2, 3])), [2, 3, 4]),
  network(small, sequential(image, conv2d(1, 4, 3), globalMaxPool), [4]),
  network(large, sequential(photo, conv2d(3, 8, 7, { stride: 2, padding: 3 })), [113, 112, 8]),
  network(large, sequential(photo, conv2d(3, 8, [11, 4], { stride: 4 })), [54, 56, 8]),
  network(large, sequential(photo, lpPool2d(2, [3, 10])), [75, 22, 3]),
  network([1001, 2], line, [142, 3]),
  network([9999, 1], whole, [1, 1]),
])("the extents in types are the real ones: $output", ({ input, layer, output }) => {
  expect(summary(layer, input)[0]?.output).toEqual(output);
});
