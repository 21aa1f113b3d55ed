import type { DotParams } from "../../../../ir/expr.ts";
import { at, sizeOf, stridesOf } from "../../../../tensor/shape.ts";
import { extent, others, strideAlong } from "../../../plan/axisGroups.ts";
import type { Copy, Elementwise, Kernel } from "../../../plan/kernel.ts";
import { copyKernel } from "../../../plan/kernels/elementwise.ts";
import {
  type Buffer,
  bufferOf,
  makeBuffer,
  transposeView,
  type View,
  whole,
} from "../../../plan/view.ts";
import { type Epilogue, followed } from "../product/epilogue.ts";
import { countsOf, type Sliding, slidingOf } from "../slidingWindows.ts";
import {
  convolutionKernel,
  type KernelTransform,
  kernelTransformKernel,
  transformedKernel,
  type WinogradConvolution,
} from "./convolution.ts";
import { type GradientTransform, gradientKernels, type WinogradGradient } from "./weights.ts";

/**
 * Computes a dot product of windows as a convolution by Winograd's algorithm, or as the gradient of a convolution to
 * its kernel. A value that is not finite affects only the windows that contain it. But the transforms subtract, so an
 * infinite output becomes NaN.
 */

/** The kinds of work that can compute a product of windows. */
export type WinogradWork =
  | KernelTransform
  | WinogradConvolution
  | WinogradGradient
  | GradientTransform;

/** Minimum channels on both sides, and minimum tiles, for which the transforms save more time than they take. */
const [fewestChannels, fewestTiles] = [8, 64];

const pays = (windows: Sliding, outputs: number): boolean => {
  const { images, height, width, channels } = countsOf(windows);
  const whole = channels % 4 === 0 && outputs % 4 === 0;
  const tiles = images * Math.ceil(height / 2) * Math.ceil(width / 2);
  return whole && Math.min(channels, outputs) >= fewestChannels && tiles >= fewestTiles;
};

/** The stride of a result along some of its axes, if its first axes are `order` and the others have `rest` elements. */
const stridesIn = (view: View, order: readonly number[], rest: number) => {
  const shape = order.map((a) => at(view.shape, a));
  const strides = stridesOf([...shape, rest]);
  const step = (axes: readonly number[]): number | undefined =>
    strideAlong(
      { shape, strides },
      axes.map((a) => order.indexOf(a)),
    );
  return step;
};

/** The view with its axes in the given order, and the copy that reorders it, if one is needed. */
const inOrder = (
  view: View,
  order: readonly number[],
  isReady: (ordered: View) => boolean,
): { readonly view: View; readonly copies: readonly Kernel<Copy>[] } => {
  const ordered = transposeView(view, order);
  if (bufferOf(view) !== undefined && view.strides.every((s) => s >= 0) && isReady(ordered))
    return { view: ordered, copies: [] };
  const to = whole(makeBuffer(view.dtype, sizeOf(view.shape), "operand in order"), ordered.shape);
  return { view: to, copies: [copyKernel(ordered, to)] };
};

const convolution = (
  { contract }: DotParams,
  windows: Sliding,
  kernel: View,
  free: readonly number[],
  out: Buffer,
  epilogue: Epilogue | undefined,
): readonly Kernel<WinogradWork | Copy>[] | undefined => {
  const { view, places, inside, images, channel } = windows;
  const freeKernel = others(kernel, contract[1]);
  const outputs = extent(kernel, freeKernel);
  const step = stridesIn(view, free, outputs);
  const image = step(images);
  if (image === undefined || !pays(windows, outputs)) return undefined;
  const ofKernel = (a: number): number => at(contract[1], contract[0].indexOf(a));
  const lonely = contract[0].filter((a) => a !== channel && !inside.includes(a)).map(ofKernel);
  const order = [...inside.map(ofKernel), ...lonely, ofKernel(channel), ...freeKernel];
  const ready = inOrder(kernel, order, (ordered) => {
    const packed = stridesOf(ordered.shape);
    return ordered.shape.every((d, a) => d === 1 || ordered.strides[a] === packed[a]);
  });
  const elements = countsOf(windows).channels * outputs;
  const transformed = transformedKernel(elements);
  const steps = {
    image,
    row: step([places[0]]) as number,
    column: step([places[1]]) as number,
  };
  return [
    ...ready.copies,
    kernelTransformKernel(ready.view, elements, transformed),
    convolutionKernel(windows, transformed, outputs, out, steps, epilogue),
  ];
};

const gradient = (
  { contract }: DotParams,
  windows: Sliding,
  cotangents: View,
  free: readonly number[],
  out: Buffer,
): readonly Kernel<WinogradWork | Copy>[] | undefined => {
  const { view, places, inside, images, channel } = windows;
  const freeAxes = others(cotangents, contract[1]);
  const outputs = extent(cotangents, freeAxes);
  const step = stridesIn(view, free, outputs);
  if (!pays(windows, outputs)) return undefined;
  const of = (a: number): number => at(contract[1], contract[0].indexOf(a));
  const order = [...images.map(of), ...places.map(of), ...freeAxes];
  const count = images.length;
  const imageAxes = images.map((_, i) => i);
  const freeInOrder = freeAxes.map((_, i) => count + 2 + i);
  const ready = inOrder(
    cotangents,
    order,
    (ordered) =>
      strideAlong(ordered, freeInOrder) === 1 && strideAlong(ordered, imageAxes) !== undefined,
  );
  const given = {
    view: ready.view,
    outputs,
    image: strideAlong(ready.view, imageAxes) as number,
    row: at(ready.view.strides, count),
    column: at(ready.view.strides, count + 1),
  };
  const steps = {
    down: step([inside[0]]) as number,
    across: step([inside[1]]) as number,
    input: step([channel]) as number,
  };
  return [...ready.copies, ...gradientKernels(windows, given, out, steps)];
};

/** The kernels that compute a product with windows by Winograd's algorithm; `undefined` if another way is better. */
export const winogradKernels = (
  params: DotParams,
  x: View,
  y: View,
  out: Buffer,
  epilogue: Epilogue | undefined,
): readonly Kernel<WinogradWork | Copy | Elementwise>[] | undefined => {
  const { batch, contract } = params;
  if (out.dtype !== "f32" || batch[0].length > 0) return undefined;
  const free = others(x, contract[0]);
  const forward = slidingOf(x, free, contract[0]);
  // A kernel is a param, which is f32; images and cotangents may be halves.
  if (forward !== undefined && y.dtype !== "f32") return undefined;
  if (forward !== undefined) return convolution(params, forward, y, free, out, epilogue);
  const backward = slidingOf(x, contract[0], free);
  const kernels = backward && gradient(params, backward, y, free, out);
  return kernels && followed(kernels, epilogue);
};
