import { InvalidArgument } from "../../errors.ts";
import { nth } from "../../tensor/list.ts";
import { residual } from "../combinators/skip.ts";
import { relu } from "../functional/activation.ts";
import { requireSizes } from "../functional/affine.ts";
import { heNormal } from "../initializers.ts";
import type { Composable } from "../layer.ts";
import { dense } from "../layers/dense.ts";
import { batchNorm } from "../layers/normalization/batchNorm.ts";
import { type ConvolutionOptions, conv2d } from "../layers/spatial/conv.ts";
import { globalAvgPool, maxPool2d } from "../layers/spatial/pool.ts";
import { type Image, type Network, network, stages } from "./build.ts";

/** A convolution and its normalization. It has no bias, since the normalization would cancel it. */
const normalized = (
  inputs: number,
  outputs: number,
  size: number,
  { stride = 1, padding = (size - 1) / 2 }: Pick<ConvolutionOptions, "stride" | "padding"> = {},
): readonly Composable[] => [
  conv2d(inputs, outputs, size, { stride, padding, bias: false, weightInit: heNormal }),
  batchNorm(outputs),
];

/** A kind of residual block: its layers, and the ratio of its output channels to its width. */
interface Block {
  readonly expansion: number;
  readonly path: (inputs: number, width: number, stride: number) => readonly Composable[];
}

const basic: Block = {
  expansion: 1,
  path: (inputs, width, stride) => [
    ...normalized(inputs, width, 3, { stride }),
    relu,
    ...normalized(width, width, 3),
  ],
};

/** The 3×3 convolution has the stride, as in every implementation since the paper's. */
const bottleneck: Block = {
  expansion: 4,
  path: (inputs, width, stride) => [
    ...normalized(inputs, width, 1),
    relu,
    ...normalized(width, width, 3, { stride }),
    relu,
    ...normalized(width, 4 * width, 1),
  ],
};

const joined = residual as (layer: Composable, shortcut?: Composable) => Composable;

/** A stage of blocks. The first has the stride, and its shortcut projects if shapes change (option B). */
const stage = (
  { expansion, path }: Block,
  inputs: number,
  width: number,
  stride: number,
  count: number,
): readonly Composable[] =>
  Array.from({ length: count }, (_, i) => {
    const [from, step] = i === 0 ? [inputs, stride] : [expansion * width, 1];
    const body = stages(...path(from, width, step));
    const changes = from !== expansion * width || step !== 1;
    const project = stages(...normalized(from, expansion * width, 1, { stride: step }));
    return stages(changes ? joined(body, project) : joined(body), relu);
  });

/** All stages: each after the first doubles the width and halves the extents. */
const trunk = (
  block: Block,
  inputs: number,
  width: number,
  counts: readonly number[],
): { readonly layers: readonly Composable[]; readonly channels: number } => {
  const widths = counts.map((_, i) => width * 2 ** i);
  const layers = counts.flatMap((count, i) => {
    const from = i === 0 ? inputs : block.expansion * nth(widths, i - 1);
    return stage(block, from, nth(widths, i), i === 0 ? 1 : 2, count);
  });
  return { layers, channels: block.expansion * (widths.at(-1) ?? width) };
};

/** The blocks of each published depth, from table 1 of the paper. */
const published = {
  18: { block: basic, counts: [2, 2, 2, 2] },
  34: { block: basic, counts: [3, 4, 6, 3] },
  50: { block: bottleneck, counts: [3, 4, 6, 3] },
} as const;

/** Options of a residual network: channels and width. */
export interface ResnetOptions<C extends number = 3> {
  /** The number of channels of an image. Defaults to 3. */
  readonly channels?: C;
  /** The channels of the first stage. Defaults to 64, or 16 in {@link cifarResnet}. */
  readonly width?: number;
}

/**
 * A residual network (ResNet) for large images: a 7×7 convolution and pooling, four stages of blocks, global average
 * pooling and a linear layer. Its projection shortcuts are option B of the paper.
 *
 * **Shapes** `x: [h, w, channels] → y: [classes]`, one example.
 * **Math** Kernels begin normal with variance 2/fan-in (He et al., 2015, arXiv:1502.01852).
 * **Fails with** `InvalidArgument`, thrown, where the depth is not 18, 34 or 50.
 * **Source** He et al. (2015), arXiv:1512.03385, table 1. For 1000 classes 11,689,512, 21,797,672 and
 * 25,557,032 params, as in torchvision.
 */
export const resnet = <const O extends number, const C extends number = 3>(
  depth: keyof typeof published,
  classes: O,
  { channels = 3 as C, width = 64 }: ResnetOptions<C> = {},
): Network<Image<C>, readonly [O]> => {
  requireSizes("resnet", { classes, channels, width });
  const plan = Object.hasOwn(published, depth) ? published[depth] : undefined;
  if (plan === undefined)
    throw new InvalidArgument({
      op: "resnet",
      argument: "depth",
      expected: "18, 34 or 50",
      actual: String(depth),
    });
  const { layers, channels: last } = trunk(plan.block, width, width, plan.counts);
  return network(
    `resnet ${depth}`,
    ...normalized(channels, width, 7, { stride: 2 }),
    relu,
    maxPool2d(3, { stride: 2, padding: 1 }),
    ...layers,
    globalAvgPool,
    dense(last, classes),
  );
};

/**
 * A residual network (ResNet) for small images: a 3×3 convolution, three stages of basic blocks, global average pooling and
 * a linear layer. Its depth is `6n + 2`. Shortcuts project where the paper pads with zeros.
 *
 * **Shapes** `x: [h, w, channels] → y: [classes]`, one example.
 * **Fails with** `InvalidArgument`, thrown, where the depth is not 8, 14, 20, …
 * **Source** He et al. (2015), arXiv:1512.03385, section 4.2.
 *
 * @example
 * ```ts
 * import { cifarResnet } from "fluxion/models";
 * import { summary } from "fluxion/nn";
 * summary(cifarResnet(8, 10, { channels: 1, width: 4 }), [28, 28, 1])[0]?.output // => [10]
 * ```
 */
export const cifarResnet = <const O extends number, const C extends number = 3>(
  depth: number,
  classes: O,
  { channels = 3 as C, width = 16 }: ResnetOptions<C> = {},
): Network<Image<C>, readonly [O]> => {
  requireSizes("cifarResnet", { classes, channels, width });
  const count = (depth - 2) / 6;
  if (!(Number.isSafeInteger(count) && count > 0))
    throw new InvalidArgument({
      op: "cifarResnet",
      argument: "depth",
      expected: "6n + 2 for a whole n: 8, 14, 20, …",
      actual: String(depth),
    });
  const { layers, channels: last } = trunk(basic, width, width, [count, count, count]);
  return network(
    `cifarResnet ${depth}`,
    ...normalized(channels, width, 3),
    relu,
    ...layers,
    globalAvgPool,
    dense(last, classes),
  );
};
