import { apply, apply1 } from "../ir/build.ts";
import type { Structural, Windowing } from "../ir/expr.ts";
import { sum } from "../ir/ops/reduction.ts";
import { pad, reshape, reverse, slice, sliceAxis, transpose } from "../ir/ops/structural.ts";
import { nth } from "../tensor/list.ts";
import { cotangents, orZero, shifted, spread, tangents } from "./make.ts";
import type { BatchRules, JvpRules, VjpRules } from "./rule.ts";

/**
 * Rules of rearrangements, which are linear: a tangent is rearranged as its primal, a cotangent is rearranged back.
 */

const inverse = (permutation: readonly number[]): readonly number[] =>
  permutation.map((_, i) => permutation.indexOf(i));

const later = (axes: readonly number[]): readonly number[] => axes.map((a) => a + 1);

export const jvp: JvpRules<keyof Structural> = {
  reshape: tangents("reshape", (t, _, __, params) => apply1("reshape", params, t)),
  transpose: tangents("transpose", (t, _, __, params) => apply1("transpose", params, t)),
  broadcast: tangents("broadcast", (t, _, __, params) => apply1("broadcast", params, t)),
  slice: tangents("slice", (t, _, __, params) => apply1("slice", params, t)),
  pad: tangents("pad", (t, _, __, params) => apply1("pad", { ...params, value: 0 }, t)),
  reverse: tangents("reverse", (t, _, __, params) => apply1("reverse", params, t)),
  window: tangents("window", (t, _, __, params) => apply1("window", params, t)),
  overlapAdd: tangents("overlapAdd", (t, _, __, params) => apply1("overlapAdd", params, t)),
  concatenate: (params, primals, ts) => ({
    outputs: apply("concatenate", params, primals),
    tangents: ts.every((t) => t === undefined)
      ? [undefined]
      : apply(
          "concatenate",
          params,
          primals.map((x, i) => orZero(ts[i], x)),
        ),
  }),
};

export const vjp: VjpRules<keyof Structural> = {
  reshape: cotangents("reshape", (ct, [x]) => reshape(ct, x.shape)),
  transpose: cotangents("transpose", (ct, _, __, { permutation }) =>
    transpose(ct, inverse(permutation)),
  ),
  broadcast: cotangents("broadcast", (ct, _, y, { axes }) =>
    sum(
      ct,
      y.shape.map((_, i) => i).filter((i) => !axes.includes(i)),
    ),
  ),
  slice: cotangents("slice", (ct, [x], y, { start, stride }) =>
    pad(
      ct,
      y.shape.map((n, i) => {
        const [low, step] = [nth(start, i), nth(stride, i)];
        const end = n === 0 ? low : low + (n - 1) * step + 1;
        return [low, nth(x.shape, i) - end, step - 1] as const;
      }),
    ),
  ),
  pad: cotangents("pad", (ct, [x], y, { low, high, interior }) =>
    slice(
      ct,
      low,
      y.shape.map((n, i) => Math.max(nth(low, i), n - nth(high, i))),
      x.shape.map((_, i) => nth(interior, i) + 1),
    ),
  ),
  reverse: cotangents("reverse", (ct, _, __, { axes }) => reverse(ct, axes)),
  window: cotangents("window", (ct, [x], _, params) =>
    apply1("overlapAdd", { ...params, extent: params.axes.map((a) => nth(x.shape, a)) }, ct),
  ),
  overlapAdd: cotangents("overlapAdd", (ct, _, __, { axes, size, stride, dilation }) =>
    apply1("window", { axes, size, stride, dilation }, ct),
  ),
  concatenate: ({ axis }, primals, active) => ({
    outputs: apply("concatenate", { axis }, primals),
    pullback: ([ct]) => {
      const ends = primals.reduce<readonly number[]>(
        (at, x) => [...at, (at.at(-1) ?? 0) + nth(x.shape, axis)],
        [],
      );
      return primals.map((x, i) =>
        ct && active[i]
          ? sliceAxis(ct, axis, nth(ends, i) - nth(x.shape, axis), nth(ends, i))
          : undefined,
      );
    },
  }),
};

const slid = <W extends Windowing>(windowing: W): W => ({
  ...windowing,
  axes: later(windowing.axes),
});

export const batch: BatchRules<keyof Structural> = {
  reshape: shifted("reshape", ({ shape }, size) => ({ shape: [size, ...shape] })),
  transpose: shifted("transpose", ({ permutation }) => ({
    permutation: [0, ...later(permutation)],
  })),
  broadcast: shifted("broadcast", ({ shape, axes }, size) => ({
    shape: [size, ...shape],
    axes: [0, ...later(axes)],
  })),
  slice: shifted("slice", ({ start, limit, stride }, size) => ({
    start: [0, ...start],
    limit: [size, ...limit],
    stride: [1, ...stride],
  })),
  pad: shifted("pad", ({ low, high, interior, value }) => ({
    low: [0, ...low],
    high: [0, ...high],
    interior: [0, ...interior],
    value,
  })),
  reverse: shifted("reverse", ({ axes }) => ({ axes: later(axes) })),
  window: shifted("window", slid),
  overlapAdd: shifted("overlapAdd", slid),
  concatenate: ({ axis }, inputs, batched, mapped) => ({
    outputs: apply(
      "concatenate",
      { axis: axis + 1 },
      inputs.map((x, i) => spread(x, batched[i], mapped)),
    ),
    batched: [true],
  }),
};
