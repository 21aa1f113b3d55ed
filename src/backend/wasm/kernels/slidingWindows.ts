import { at } from "../../../tensor/shape.ts";
import { extent, strideAlong } from "../../plan/axisGroups.ts";
import { bufferOf, type View } from "../../plan/view.ts";

/**
 * Recognizes windows that slide over an image, by their strides: a step to the next window and a step within a window
 * have the same stride. It does not matter by which operations a program made them.
 */
export interface Sliding {
  readonly view: View;
  /** The axes that count images, and the elements from one image to the next. */
  readonly images: readonly number[];
  readonly imageStep: number;
  /** The two axes along which windows slide, the slower first, and the two axes within a window. */
  readonly places: readonly [number, number];
  readonly inside: readonly [number, number];
  /** The axis of the channels, which are adjacent in memory. */
  readonly channel: number;
}

/**
 * `view` as 3×3 windows, each of which begins one element after the last. The axes `places` count windows, and the axes
 * `inside` are those within one. `undefined` if the view is anything else.
 */
export const slidingOf = (
  view: View,
  places: readonly number[],
  inside: readonly number[],
): Sliding | undefined => {
  if (bufferOf(view) === undefined || view.strides.some((s) => s < 0)) return undefined;
  const step = (a: number): number => at(view.strides, a);
  const real = inside.filter((a) => at(view.shape, a) !== 1);
  const channel = real.find((a) => step(a) === 1);
  const within = real.filter((a) => a !== channel).toSorted((a, b) => step(b) - step(a));
  if (channel === undefined || within.length !== 2) return undefined;
  if (within.some((a) => at(view.shape, a) !== 3)) return undefined;
  const along = within.map((a) =>
    places.find((p) => at(view.shape, p) !== 1 && step(p) === step(a)),
  );
  const [down, across] = along;
  if (down === undefined || across === undefined || down === across) return undefined;
  const images = places.filter((p) => p !== down && p !== across);
  const imageStep = strideAlong(view, images);
  if (imageStep === undefined) return undefined;
  return {
    view,
    images,
    imageStep,
    places: [down, across],
    inside: [at(within, 0), at(within, 1)],
    channel,
  };
};

/** The extents of the axes, by the things that they count. */
export const countsOf = ({ view, images, places: [down, across], channel }: Sliding) => ({
  images: extent(view, images),
  height: at(view.shape, down),
  width: at(view.shape, across),
  channels: at(view.shape, channel),
});
