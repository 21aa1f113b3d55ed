import { at } from "../../tensor/shape.ts";
import type { View } from "./view.ts";

/** Measures groups of axes of a view, each of which a loop walks as if it were one axis. */

/** The one stride that walks `axes`, in order, as a single axis; `undefined` if there is none. */
export const strideAlong = (
  view: Pick<View, "shape" | "strides">,
  axes: readonly number[],
): number | undefined => {
  const real = axes.filter((a) => at(view.shape, a) !== 1);
  const joined = real.every((a, i) => {
    const next = real[i + 1];
    return (
      next === undefined || at(view.strides, a) === at(view.strides, next) * at(view.shape, next)
    );
  });
  const last = real.at(-1);
  return joined ? (last === undefined ? 1 : at(view.strides, last)) : undefined;
};

export const extent = (view: View, axes: readonly number[]): number =>
  axes.reduce((n, a) => n * at(view.shape, a), 1);

/** The axes of a view that are in none of the lists. */
export const others = (view: View, ...lists: readonly (readonly number[])[]): readonly number[] =>
  view.shape.map((_, a) => a).filter((a) => !lists.some((list) => list.includes(a)));
