import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { run } from "../../../src/interpreter/evaluate.ts";
import { apply, constant } from "../../../src/ir/build.ts";
import type { Windowing } from "../../../src/ir/expr.ts";
import { slidingWindow } from "../../../src/ir/ops/window.ts";
import { program } from "../../../src/ir/program.ts";
import { type Shape, sizeOf } from "../../../src/tensor/shape.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";

/** Windows by their definition, element by element. */

const counting = (shape: Shape): Tensor =>
  Tensor.own(
    shape,
    "f64",
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => i + 1),
  );

const at = (xs: readonly number[], i: number): number => xs[i] as number;

const indicesOf = (shape: Shape): readonly (readonly number[])[] =>
  shape.reduce<readonly (readonly number[])[]>(
    (all, d) => all.flatMap((i) => Array.from({ length: d }, (_, j) => [...i, j])),
    [[]],
  );

const step = fc.integer({ min: 1, max: 3 });

/** A shape, and windows that fit into it along some of its axes, in any order. */
const cases = fc
  .array(fc.tuple(step, step, step, fc.nat(4)), { minLength: 1, maxLength: 3 })
  .chain((all) => {
    const shape = all.map(([size, , dilation, spare]) => (size - 1) * dilation + 1 + spare);
    return fc.tuple(fc.constant({ all, shape }), fc.shuffledSubarray(all.map((_, i) => i)));
  })
  .map(([{ all, shape }, axes]) => {
    const of = (k: 0 | 1 | 2): readonly number[] => axes.map((a) => all[a]?.[k] as number);
    return { shape, windowing: { axes, size: of(0), stride: of(1), dilation: of(2) } };
  });

/** The position in the tensor of an element of a window. */
const place = ({ axes, stride, dilation }: Windowing, rank: number, i: readonly number[]) =>
  Array.from({ length: rank }, (_, a) => {
    const w = axes.indexOf(a);
    return w < 0 ? at(i, a) : at(i, a) * at(stride, w) + at(i, rank + w) * at(dilation, w);
  });

describe("windows by definition", () => {
  it("window: out[i, k] = x[i · stride + k · dilation], for all windows that fit", () => {
    fc.assert(
      fc.property(cases, ({ shape, windowing }) => {
        const x = counting(shape);
        const [y] = apply("window", windowing, [constant(x)]);
        expect(y?.node.issue).toBeUndefined();
        const out = run(program([], [y as NonNullable<typeof y>]), [])[0] as Tensor;
        for (const i of indicesOf(out.shape))
          expect(out.at(...i)).toBe(x.at(...place(windowing, shape.length, i)));
        windowing.axes.forEach((a, w) => {
          const next =
            at(out.shape, a) * at(windowing.stride, w) +
            (at(windowing.size, w) - 1) * at(windowing.dilation, w);
          expect(next).toBeGreaterThanOrEqual(at(shape, a));
        });
      }),
    );
  });

  it("overlapAdd: out[p] = Σ y[i, k] over i · stride + k · dilation = p", () => {
    fc.assert(
      fc.property(cases, ({ shape, windowing }) => {
        const windows = slidingWindow(constant(counting(shape)), windowing).shape;
        const y = counting(windows);
        const extent = windowing.axes.map((a) => at(shape, a));
        const [x] = apply("overlapAdd", { ...windowing, extent }, [constant(y)]);
        expect(x?.node.issue).toBeUndefined();
        const out = run(program([], [x as NonNullable<typeof x>]), [])[0] as Tensor;
        expect(out.shape).toEqual(shape);
        const totals = new Map<string, number>();
        for (const i of indicesOf(windows)) {
          const p = place(windowing, shape.length, i).join();
          totals.set(p, (totals.get(p) ?? 0) + (y.at(...i) as number));
        }
        for (const p of indicesOf(shape)) expect(out.at(...p)).toBe(totals.get(p.join()) ?? 0);
      }),
    );
  });

  it("a window larger than the tensor is reported by name", () => {
    const issue = slidingWindow(constant(counting([2, 4])), { axes: [1], size: [3], dilation: [2] })
      .node.issue;
    expect(issue?._tag).toBe("ShapeMismatch");
    expect(issue).toMatchObject({ op: "slidingWindow", actual: [[2, 4]] });
  });

  it("strides and sizes of zero, repeated axes and wrong extents are reported", () => {
    const x = constant(counting([4, 4]));
    const plain = { axes: [0], size: [2], stride: [1], dilation: [1] };
    const wrong = [
      { size: [0] },
      { stride: [0] },
      { dilation: [0] },
      { axes: [0, 0] },
      { axes: [2] },
    ];
    for (const part of wrong)
      expect(apply("window", { ...plain, ...part }, [x])[0]?.node.issue?._tag).toBe(
        "ShapeMismatch",
      );
    const y = slidingWindow(x, plain);
    for (const extent of [[3], [5], []])
      expect(apply("overlapAdd", { ...plain, extent }, [y])[0]?.node.issue?._tag).toBe(
        "ShapeMismatch",
      );
  });
});
