import * as fc from "fast-check";
import * as convolutions from "../../../src/nn/layers/spatial/conv.ts";
import * as pools from "../../../src/nn/layers/spatial/pool.ts";
import * as resizes from "../../../src/nn/layers/spatial/resize.ts";
import type { Settings } from "./settings.ts";

const { conv1d, conv2d, conv3d } = convolutions;

/** Values of so large a set that three in a window are rarely equal: three-way ties have no difference quotient. */
const fine = fc.integer({ min: -64, max: 64 }).map((k) => k / 16 + 1 / 32);

/** Every layer that slides over examples with channels last. A missing one does not compile. */
export const spatial: Settings<typeof convolutions & typeof pools & typeof resizes> = {
  conv1d: [
    { layer: conv1d(2, 3, 2), shape: [4, 2] },
    { layer: conv1d(2, 2, 3, { padding: "same", stride: 2, dilation: 2 }), shape: [5, 2] },
    { layer: conv1d(2, 4, 2, { groups: 2, bias: false }), shape: [3, 2] },
  ],
  conv2d: [
    { layer: conv2d(1, 2, 2), shape: [3, 3, 1] },
    { layer: conv2d(2, 1, [3, 1], { padding: "same" }), shape: [2, 3, 2] },
  ],
  conv3d: [{ layer: conv3d(1, 2, [1, 2, 2]), shape: [2, 2, 3, 1] }],
  convTranspose1d: [
    { layer: convolutions.convTranspose1d(2, 1, 2), shape: [3, 2] },
    { layer: convolutions.convTranspose1d(1, 2, 3, { stride: 2 }), shape: [2, 1] },
  ],
  convTranspose2d: [{ layer: convolutions.convTranspose2d(1, 2, 2), shape: [2, 2, 1] }],
  convTranspose3d: [{ layer: convolutions.convTranspose3d(1, 1, [1, 2, 1]), shape: [1, 2, 2, 1] }],
  depthwiseConv1d: [
    { layer: convolutions.depthwiseConv1d(2, 2, { multiplier: 2, stride: 2 }), shape: [5, 2] },
  ],
  depthwiseConv2d: [
    { layer: convolutions.depthwiseConv2d(2, 2), shape: [3, 2, 2] },
    { layer: convolutions.depthwiseConv2d(2, 2, { multiplier: 2 }), shape: [2, 2, 2] },
  ],
  separableConv1d: [
    { layer: convolutions.separableConv1d(2, 3, 2, { padding: "same" }), shape: [3, 2] },
  ],
  separableConv2d: [{ layer: convolutions.separableConv2d(2, 3, 2), shape: [2, 3, 2] }],

  maxPool1d: [
    { layer: pools.maxPool1d(2), shape: [4, 2], elements: fine },
    { layer: pools.maxPool1d(3, { stride: 1 }), shape: [4, 1], elements: fine },
  ],
  maxPool2d: [{ layer: pools.maxPool2d(2), shape: [2, 4, 1], elements: fine }],
  maxPool3d: [{ layer: pools.maxPool3d([1, 2, 2]), shape: [2, 2, 2, 1], elements: fine }],
  avgPool1d: [{ layer: pools.avgPool1d(2, { stride: 1 }), shape: [4, 2] }],
  avgPool2d: [{ layer: pools.avgPool2d(2), shape: [2, 4, 1] }],
  avgPool3d: [{ layer: pools.avgPool3d([1, 2, 2]), shape: [2, 2, 2, 1] }],
  lpPool1d: [
    { layer: pools.lpPool1d(2, 2), shape: [4, 1] },
    { layer: pools.lpPool1d(3, 2), shape: [4, 1] },
  ],
  lpPool2d: [{ layer: pools.lpPool2d(2, 2), shape: [2, 4, 1] }],
  lpPool3d: [{ layer: pools.lpPool3d(2, [1, 2, 2]), shape: [2, 2, 2, 1] }],
  adaptiveAvgPool1d: [{ layer: pools.adaptiveAvgPool1d(2), shape: [3, 2] }],
  adaptiveAvgPool2d: [{ layer: pools.adaptiveAvgPool2d(2), shape: [3, 4, 1] }],
  adaptiveAvgPool3d: [{ layer: pools.adaptiveAvgPool3d(1), shape: [2, 2, 2, 1] }],
  adaptiveMaxPool1d: [{ layer: pools.adaptiveMaxPool1d(2), shape: [3, 2], elements: fine }],
  adaptiveMaxPool2d: [{ layer: pools.adaptiveMaxPool2d(2), shape: [3, 4, 1], elements: fine }],
  adaptiveMaxPool3d: [{ layer: pools.adaptiveMaxPool3d(1), shape: [1, 2, 2, 1], elements: fine }],
  globalAvgPool: [{ layer: pools.globalAvgPool, shape: [2, 3, 2] }],
  globalMaxPool: [{ layer: pools.globalMaxPool, shape: [2, 3, 2], elements: fine }],
  maxUnpool: [
    { layer: pools.maxUnpool(2, conv1d(2, 2, 1)), shape: [4, 2], elements: fine },
    {
      layer: pools.maxUnpool(2, conv2d(1, 1, 1), {
        stride: 1,
        padding: [
          [1, 0],
          [0, 0],
        ],
      }),
      shape: [2, 3, 1],
      elements: fine,
    },
  ],

  upsample: [
    { layer: resizes.upsample({ scale: 2 }), shape: [2, 3, 1] },
    { layer: resizes.upsample({ scale: 2, method: "linear" }), shape: [2, 3, 1] },
    { layer: resizes.upsample({ scale: 2, method: "cubic" }), shape: [2, 2, 1] },
  ],
  pixelShuffle: [{ layer: resizes.pixelShuffle(2), shape: [1, 2, 4] }],
  pixelUnshuffle: [{ layer: resizes.pixelUnshuffle(2), shape: [2, 4, 1] }],
  channelShuffle: [{ layer: resizes.channelShuffle(2), shape: [2, 4] }],
  crop: [
    { layer: resizes.crop(1), shape: [3, 4, 2] },
    { layer: resizes.crop([[0, 2]]), shape: [3, 2] },
  ],
  permute: [{ layer: resizes.permute([1, 2, 0]), shape: [2, 3, 1] }],
  repeatVector: [{ layer: resizes.repeatVector(3), shape: [2] }],
  padConstant: [{ layer: resizes.padConstant(1, 0.5), shape: [2, 2, 1] }],
  padReflect: [{ layer: resizes.padReflect(1), shape: [2, 3, 1] }],
  padReplicate: [{ layer: resizes.padReplicate([[1, 0]]), shape: [3, 2] }],
  padCircular: [{ layer: resizes.padCircular([[1, 2]]), shape: [3, 2] }],
};
