import { isFloat } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { TensorType, Windowing } from "../expr.ts";
import { type Typed, type, wrongDtype, wrongShape } from "./rule.ts";

/** The type rules of sliding windows. */

const all = ({ axes, size, stride, dilation }: Windowing): boolean =>
  [size, stride, dilation].every(
    (list) => list.length === axes.length && list.every((n) => Number.isSafeInteger(n) && n >= 1),
  );

const distinctInside = (axes: readonly number[], rank: number): boolean =>
  axes.every((a) => Number.isInteger(a) && a >= 0 && a < rank) &&
  new Set(axes).size === axes.length;

/** The extent of a dilated window: elements from its first to its last, both included. */
const reach = ({ size, dilation }: Windowing, i: number): number =>
  ((size[i] ?? 1) - 1) * (dilation[i] ?? 1) + 1;

/** The number of windows that fit within `extent` along the `i`-th of the axes. */
const countWithin = (windowing: Windowing, i: number, extent: number): number =>
  Math.max(0, Math.floor((extent - reach(windowing, i)) / (windowing.stride[i] ?? 1)) + 1);

/** The output shape of `window`: the number of windows along each axis, then the windows' own axes. */
export const windowShape = (windowing: Windowing, x: Shape): Shape => [
  ...x.map((extent, axis) => {
    const i = windowing.axes.indexOf(axis);
    return i < 0 ? extent : countWithin(windowing, i, extent);
  }),
  ...windowing.size,
];

const show = ({ size, dilation }: Windowing): string =>
  `[${size.join(", ")}]${dilation.every((d) => d === 1) ? "" : ` dilated by [${dilation.join(", ")}]`}`;

/** The error text for sizes, strides or dilations that are not whole numbers of 1 or more. */
const counts = ({ axes, size, stride, dilation }: Windowing): string =>
  `a whole size, stride and dilation of 1 or more for each of the axes ${axes.join(", ")}, not (${size.join(", ")}), (${stride.join(", ")}) and (${dilation.join(", ")})`;

export const windowTyping = {
  window: (params: Windowing, inputs: readonly [TensorType]): Typed => {
    const [x] = inputs;
    const op = "slidingWindow";
    const outputs = [type(windowShape(params, x.shape), x.dtype)];
    if (!all(params)) return wrongShape(op, counts(params), inputs, outputs);
    const fits =
      distinctInside(params.axes, x.shape.length) &&
      params.axes.every((a, i) => (x.shape[a] as number) >= reach(params, i));
    return fits
      ? { outputs }
      : wrongShape(
          op,
          `at least [${params.axes.map((_, i) => reach(params, i)).join(", ")}] along axes ${params.axes.join(", ")}, for a window ${show(params)}`,
          inputs,
          outputs,
        );
  },

  overlapAdd: (
    params: Windowing & { readonly extent: readonly number[] },
    inputs: readonly [TensorType],
    op: string,
  ): Typed => {
    const [y] = inputs;
    const rank = y.shape.length - params.axes.length;
    const shape = y.shape.slice(0, Math.max(0, rank)).map((d, axis) => {
      const i = params.axes.indexOf(axis);
      return i < 0 ? d : (params.extent[i] ?? 1);
    });
    const outputs = [type(shape, y.dtype)];
    const fits =
      all(params) &&
      params.extent.length === params.axes.length &&
      params.extent.every((n) => Number.isSafeInteger(n) && n >= 0) &&
      distinctInside(params.axes, rank) &&
      params.axes.every(
        (a, i) =>
          y.shape[a] === countWithin(params, i, params.extent[i] as number) &&
          y.shape[rank + i] === params.size[i],
      );
    if (!fits)
      return wrongShape(
        op,
        `the windows ${show(params)} of [${shape.join(", ")}] along axes ${params.axes.join(", ")}`,
        inputs,
        outputs,
      );
    return isFloat(y.dtype) || y.dtype === "i32"
      ? { outputs }
      : wrongDtype(op, "f32, f64 or i32", inputs, outputs);
  },
};
