import { at } from "../../../tensor/shape.ts";
import { extent, strideAlong } from "../../plan/axisGroups.ts";
import { bufferOf, type View } from "../../plan/view.ts";

/**
 * Recognizes windows that slide over an image by the way they are read: a step to the next window and a step within a
 * window move the same way through memory. It does not matter by which operations a program made them.
 */
export interface Sliding {
  readonly view: View;
  /** The axes that count images, and the elements from one to the next. */
  readonly images: readonly number[];
  readonly imageStep: number;
  /** The axes along which windows slide, slower first, and the axes within a window along each. */
  readonly places: readonly [number, number];
  readonly inside: readonly [number, number];
  /** The axis of the channels, which lie side by side. */
  readonly channel: number;
}

/**
 * `view` as windows of 3×3 of which each begins one element after the last, where `places` are the axes
 * that say which window and `inside` those within one; `undefined` if it is something else.
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

/** The extents, by the axes that count them. */
export const countsOf = ({ view, images, places: [down, across], channel }: Sliding) => ({
  images: extent(view, images),
  height: at(view.shape, down),
  width: at(view.shape, across),
  channels: at(view.shape, channel),
});
