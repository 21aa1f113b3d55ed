import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Expr } from "../../../src/ir/expr.ts";
import { abs } from "../../../src/ir/ops/elementwise.ts";
import { sum } from "../../../src/ir/ops/reduction.ts";
import { reshape } from "../../../src/ir/ops/structural.ts";
import { named } from "../../../src/nn/combinators/containers.ts";
import { identity } from "../../../src/nn/combinators/sequential.ts";
import {
  adaptiveAvgPool,
  avgPool,
  lpPool,
  maxPool,
  maxPoolWithIndices,
  maxUnpool as unpooledBy,
} from "../../../src/nn/functional/pool.ts";
import { interpolate } from "../../../src/nn/functional/resample.ts";
import type { AnyLayer } from "../../../src/nn/layer.ts";
import { conv1d, conv2d } from "../../../src/nn/layers/spatial/conv.ts";
import {
  adaptiveAvgPool1d,
  adaptiveMaxPool1d,
  avgPool1d,
  globalAvgPool,
  globalMaxPool,
  lpPool1d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  maxUnpool,
} from "../../../src/nn/layers/spatial/pool.ts";
import {
  padCircular,
  padConstant,
  padReflect,
  padReplicate,
  pixelShuffle,
  pixelUnshuffle,
  upsample,
} from "../../../src/nn/layers/spatial/resize.ts";
import { summary as rowsOf } from "../../../src/nn/summary.ts";
import { tensor, zeros } from "../../../src/tensor/constructors.ts";
import { key, normal } from "../../../src/tensor/key.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { applied, gradientOf, numbers, valueOf } from "../evaluated.ts";

const line = (...xs: readonly number[]) => tensor(xs.map((x) => [x]));
const refused = (argument: string) =>
  expect.objectContaining({ _tag: "InvalidArgument", argument });
const output = (layer: Parameters<typeof rowsOf>[0], shape: Shape) =>
  rowsOf(layer, shape)[0]?.output;

const poolOf = (rank: number) => [maxPool1d, maxPool2d, maxPool3d][rank - 1] ?? maxPool1d;

const reshaped = (x: Tensor, shape: Shape): Tensor => valueOf((e: Expr) => reshape(e, shape), x);

/** All positions of a grid, in row-major order. */
const grid = (extents: Shape): readonly (readonly number[])[] =>
  extents.reduce<readonly (readonly number[])[]>(
    (all, n) => all.flatMap((p) => Array.from({ length: n }, (_, i) => [...p, i])),
    [[]],
  );

describe("pooling", () => {
  it("computes the maximum, the mean and the norm of each window", () => {
    const x = line(1, -3, 2, 5, 4, 0);
    expect(numbers(applied(maxPool1d(2), x))).toEqual([1, 5, 4]);
    expect(numbers(applied(maxPool1d(3, { stride: 1 }), x))).toEqual([2, 5, 5, 5]);
    expect(numbers(applied(avgPool1d(2), x))).toEqual([-1, 3.5, 2]);
    expect(numbers(applied(lpPool1d(1, 3), x))).toEqual([6, 9]);
    expect(numbers(applied(lpPool1d(2, 2), line(3, -4, 0, 0)))).toEqual([5, 0]);
    expect(numbers(applied(globalMaxPool, x))).toEqual([5]);
    expect(numbers(applied(globalAvgPool, x))).toEqual([1.5]);
  });

  it.each([
    [0.5, [0, 4], [0, 0, 2, 2]],
    [1, [0, 2], [0, 0, 1, 1]],
    [2, [0, Math.SQRT2], [0, 0, Math.SQRT1_2, Math.SQRT1_2]],
  ])("a norm of power %d has the derivative 0 where the window is 0", (p, values, derivatives) => {
    const x = line(0, 0, 1, 1);
    const norms = (e: Expr): Expr => lpPool(e, p, 2);
    numbers(valueOf(norms, x)).forEach((y, i) => {
      expect(y).toBeCloseTo(values[i] as number, 6);
    });
    const total = gradientOf<Expr>((e) => sum(norms(e)) as Expr as Expr<readonly []>);
    numbers(valueOf(total, x)).forEach((y, i) => {
      expect(y).toBeCloseTo(derivatives[i] as number, 6);
    });
  });

  it("never chooses padding as the maximum, and counts it in means only if requested", () => {
    const x = line(-1, -2, -3);
    expect(numbers(applied(maxPool1d(2, { padding: 1 }), x))).toEqual([-1, -2]);
    expect(numbers(applied(avgPool1d(2, { padding: 1 }), x))).toEqual([-0.5, -2.5]);
    expect(numbers(applied(avgPool1d(2, { padding: 1, countPadding: false }), x))).toEqual([
      -1, -2.5,
    ]);
    expect(numbers(applied(avgPool1d(2, { ceil: true }), x))).toEqual([-1.5, -3]);
  });

  it("returns the index of each maximum, and unpools it there", () => {
    const extents = fc.array(fc.integer({ min: 2, max: 5 }), { minLength: 1, maxLength: 3 });
    const setting = fc.record({
      extents,
      stride: fc.integer({ min: 1, max: 3 }),
      padding: fc.constantFrom<0 | 1 | "same">(0, 1, "same"),
      ceil: fc.boolean(),
    });
    fc.assert(
      fc.property(setting, ({ extents: n, ...options }) => {
        const x = normal(key(n.length), [...n, 2]);
        const [greatest, indices] = valueOf((e: Expr) => maxPoolWithIndices(e, 2, options), x);
        expect(numbers(greatest)).toEqual(numbers(applied(poolOf(n.length)(2, options), x)));
        expect(indices.dtype).toBe("i32");
        const found = numbers(indices).map((at, i) => x.toTypedArray()[2 * at + (i % 2)]);
        expect(found).toEqual(numbers(greatest));
        const back = valueOf((y: Expr, i: Expr) => unpooledBy(y, i, n), greatest, indices);
        expect(back.shape).toEqual(x.shape);
        // By definition: an element counts as often as it is in a window.
        const sums = new Array<number>(numbers(x).length).fill(0);
        numbers(indices).forEach((at, i) => {
          sums[2 * at + (i % 2)] = (sums[2 * at + (i % 2)] ?? 0) + (numbers(greatest)[i] ?? 0);
        });
        numbers(back).forEach((y, i) => {
          expect(y).toBeCloseTo(sums[i] ?? Number.NaN, 4);
        });
      }),
    );
  });

  it("says the first of the greatest where there are several, by looking at each window", () => {
    const extents = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 2 });
    const setting = fc.record({
      extents,
      stride: fc.integer({ min: 1, max: 2 }),
      padding: fc.constantFrom<0 | 1 | "same">(1, "same", 0),
      values: fc.infiniteStream(fc.constantFrom(-Infinity, -Infinity, -1, 2)),
    });
    fc.assert(
      fc.property(setting, ({ extents: n, stride, padding, values }) => {
        fc.pre(padding !== 0 || n.every((m) => m > 1));
        const size = n.reduce((a, b) => a * b);
        const xs = [...values.take(size)];
        const x = reshaped(line(...xs), [...n, 1]);
        const [greatest, indices] = valueOf(
          (e: Expr) => maxPoolWithIndices(e, 2, { stride, padding }),
          x,
        );
        const before = n.map((m) =>
          padding === "same"
            ? Math.floor(Math.max(0, (Math.ceil(m / stride) - 1) * stride + 2 - m) / 2)
            : padding,
        );
        const windows = grid(greatest.shape.slice(0, -1)).map((at) =>
          grid(n.map(() => 2))
            .map((k) => k.map((ki, i) => (at[i] ?? 0) * stride - (before[i] ?? 0) + ki))
            .filter((p) => p.every((pi, i) => pi >= 0 && pi < (n[i] ?? 0)))
            .map((p) => p.reduce((place, pi, i) => place * (n[i] ?? 0) + pi, 0)),
        );
        const most = windows.map((places) => Math.max(...places.map((p) => xs[p] ?? Number.NaN)));
        expect(numbers(greatest)).toEqual(most);
        expect(numbers(indices)).toEqual(
          windows.map((places, i) => places.find((p) => xs[p] === most[i])),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("around a layer is undone but for what it forgot, and says where the layer does not keep its shape", () => {
    const x = line(1, -3, 2, 5, 4, 7);
    expect(numbers(applied(maxUnpool(2, identity), x))).toEqual([1, 0, 0, 5, 0, 7]);
    expect(numbers(applied(maxUnpool(2, maxUnpool(3, identity)), x))).toEqual([0, 0, 0, 0, 0, 7]);
    const shorter = maxUnpool(2, maxPool1d(1, { stride: 2 }));
    expect(() => applied(named("here", shorter), x)).toThrow(
      expect.objectContaining({
        causes: [
          expect.objectContaining({ _tag: "ShapeMismatch", op: "maxUnpool", path: ["here"] }),
        ],
      }),
    );
  });

  it("gives the extents of pooling arithmetic, and keeps the channels", () => {
    expect(output(maxPool2d(2), [28, 28, 16])).toEqual([14, 14, 16]);
    expect(output(maxPool2d(2), [7, 7, 32])).toEqual([3, 3, 32]);
    expect(output(maxPool2d(2, { ceil: true }), [7, 7, 32])).toEqual([4, 4, 32]);
    expect(output(maxPool2d(3, { stride: 2, padding: 1 }), [112, 112, 64])).toEqual([56, 56, 64]);
    expect(output(maxPool3d([1, 2, 2]), [3, 4, 4, 2])).toEqual([3, 2, 2, 2]);
  });

  it("equals adaptive pooling if regions are equal", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), (size, m) => {
        const x = normal(key(size), [size * m, 2]);
        expect(numbers(applied(adaptiveMaxPool1d(m), x))).toEqual(
          numbers(applied(maxPool1d(size), x)),
        );
        const means = numbers(applied(avgPool1d(size), x));
        numbers(applied(adaptiveAvgPool1d(m), x)).forEach((y, i) => {
          expect(y).toBeCloseTo(means[i] as number, 6);
        });
      }),
    );
  });

  it("approaches the maximum as the norm's exponent grows", () => {
    const x = normal(key(5), [6, 2], { dtype: "f64" });
    const norms = valueOf((e: Expr) => lpPool(e, 200, 2), x);
    const greatest = numbers(
      valueOf(
        (e: Expr) => maxPool(e, 2),
        valueOf((e: Expr) => abs(e) as Expr, x),
      ),
    );
    numbers(norms).forEach((y, i) => {
      expect(y).toBeCloseTo(greatest[i] as number, 1);
    });
  });

  it("refuses invalid sizes, and more sizes than axes", () => {
    for (const size of [0, -1, 1.5, [2, 2, 2]])
      expect(() => maxPool2d(size)).toThrow(refused("size"));
    expect(() => applied(maxPool1d(2, { stride: 0 }), line(1, 2))).toThrow(refused("stride"));
    expect(() => applied(maxPool1d(2, { padding: -1 }), line(1, 2))).toThrow(refused("padding"));
    expect(() => applied(maxPool1d(3), line(1, 2))).toThrow();
    expect(valueOf((e: Expr) => avgPool(e, 2), zeros([2, 1])).shape).toEqual([1, 1]);
  });
});

describe("examples of a wrong rank", () => {
  it.each([
    ["maxPool2d", maxPool2d(2), [28, 28]],
    ["maxPool1d", maxPool1d(2), [4, 4, 2]],
    ["conv2d", conv2d(28, 4, 3), [28, 28]],
    ["conv1d", conv1d(2, 4, 3), [4, 4, 2]],
  ] as const)("%s names the mistake", (name, layer, shape) => {
    expect(() => applied(named(name, layer as AnyLayer) as AnyLayer, zeros(shape))).toThrow(
      expect.objectContaining({
        causes: expect.arrayContaining([
          expect.objectContaining({ _tag: "ShapeMismatch", actual: [shape] }),
        ]),
      }),
    );
  });
});

describe("padding", () => {
  const x = line(1, 2, 3);

  it("pads with a constant, by reflection, by replication, and circularly", () => {
    expect(numbers(applied(padConstant([[1, 2]], 9), x))).toEqual([9, 1, 2, 3, 9, 9]);
    expect(numbers(applied(padReflect([[2, 1]]), x))).toEqual([3, 2, 1, 2, 3, 2]);
    expect(numbers(applied(padReplicate(2), x))).toEqual([1, 1, 1, 2, 3, 3, 3]);
    expect(numbers(applied(padCircular([[2, 1]]), x))).toEqual([2, 3, 1, 2, 3, 1]);
  });

  it("refuses to reflect or repeat more elements than exist, and invalid widths", () => {
    expect(() => applied(padReflect(3), x)).toThrow(refused("widths"));
    expect(() => applied(padCircular(4), x)).toThrow(refused("widths"));
    const image = zeros([3, 3, 1]) as Tensor;
    for (const widths of [
      [[1, 3]],
      [[3, 1]],
      [[1, 1]],
      [
        [1, 1],
        [3, 1],
      ],
      [
        [1, 3],
        [1, 1],
      ],
      [
        [1, 1],
        [1, -1],
      ],
    ] as readonly (readonly (readonly [number, number])[])[])
      expect(() => applied(padReflect(widths), image)).toThrow(refused("widths"));
    expect(
      applied(
        padReflect([
          [2, 2],
          [0, 2],
        ]),
        image,
      ).shape,
    ).toEqual([7, 5, 1]);
    for (const width of [-1, 0.5])
      expect(() => applied(padReplicate(width), x)).toThrow(refused("widths"));
    expect(() =>
      applied(
        padConstant([
          [1, 1],
          [1, 1],
        ]),
        x,
      ),
    ).toThrow(refused("widths"));
  });
});

describe("infinities and NaN do not spread", () => {
  it("in means of regions", () => {
    const pooled = (...xs: readonly number[]) =>
      numbers(valueOf((x: Expr) => adaptiveAvgPool(x, 2), line(...xs)));
    expect(pooled(1, 2, Infinity, 3)).toEqual([1.5, Infinity]);
    expect(pooled(NaN, 2, 3, 4, 5)).toEqual([NaN, 4]);
  });

  it.each([
    ["linear", 9],
    ["cubic", 25],
    ["area", 4],
    ["nearest", 4],
  ] as const)(
    "under %s interpolation: the corner of 4×4 reaches %i positions of 8×8",
    (method, count) => {
      const image = tensor(
        Array.from({ length: 4 }, (_, i) =>
          Array.from({ length: 4 }, (__, j) => [i + j === 0 ? NaN : 1]),
        ),
      );
      const y = numbers(valueOf((x: Expr) => interpolate(x, { scale: 2, method }), image));
      expect(y.filter(Number.isNaN)).toHaveLength(count);
    },
  );
});

describe("the maximum of a padded window", () => {
  it("is an element of the example, even if all are -∞ or NaN", () => {
    const at = (...xs: readonly number[]) =>
      valueOf((x: Expr) => maxPoolWithIndices(x, 2, { padding: 1 }), line(...xs)).map(numbers);
    expect(at(-Infinity, -Infinity, -Infinity)).toEqual([
      [-Infinity, -Infinity],
      [0, 1],
    ]);
    expect(at(NaN, 1, 1)[1]).toEqual([0, 1]);
  });

  it("is refused if a window sees only padding", () => {
    for (const padding of [2, [[0, 3]]] as const) {
      const pools = [maxPool, avgPool] as const;
      for (const pool of pools)
        expect(() => valueOf((x: Expr) => pool(x, 2, { padding }), line(1, 2, 3))).toThrow(
          refused("padding"),
        );
    }
  });
});

describe("resizing", () => {
  it("computes the nearest element in exact integers", () => {
    for (const options of [{ size: [98] }, { scale: 49 }]) {
      const y = numbers(valueOf((x: Expr) => interpolate(x, options), line(0, 1)));
      expect(y.indexOf(1)).toBe(49);
    }
    // ⌊i·n/m⌋ for every pair of few.
    for (let n = 1; n < 12; n++)
      for (let m = 1; m < 120; m += 7) {
        const x = line(...Array.from({ length: n }, (_, i) => i));
        const y = numbers(valueOf((e: Expr) => interpolate(e, { size: [m] }), x));
        expect(y).toEqual(Array.from({ length: m }, (_, i) => (i * n - ((i * n) % m)) / m));
      }
  });

  it("repeats elements, interpolates linearly, and averages", () => {
    expect(numbers(applied(upsample({ scale: 2 }), line(1, 3)))).toEqual([1, 1, 3, 3]);
    expect(numbers(applied(upsample({ scale: 2, method: "linear" }), line(1, 3)))).toEqual([
      1, 1.5, 2.5, 3,
    ]);
    expect(
      numbers(applied(upsample({ size: [5], method: "linear", alignCorners: true }), line(0, 4))),
    ).toEqual([0, 1, 2, 3, 4]);
    expect(numbers(applied(upsample({ size: [2], method: "area" }), line(1, 2, 3, 4)))).toEqual([
      1.5, 3.5,
    ]);
  });

  it("keeps constants under cubic interpolation", () => {
    expect(numbers(applied(upsample({ scale: 3, method: "cubic" }), line(2, 2, 2)))).toEqual(
      new Array(9).fill(2),
    );
  });

  it("shuffles pixels one way, and back", () => {
    const x = normal(key(1), [2, 3, 8]);
    expect(output(pixelShuffle(2), [2, 3, 8])).toEqual([4, 6, 2]);
    const there = applied(pixelShuffle(2), x);
    expect(numbers(applied(pixelUnshuffle(2), there))).toEqual(numbers(x));
    expect(() => applied(pixelShuffle(3), x)).toThrow(refused("factor"));
    expect(() => applied(pixelUnshuffle(2), x)).toThrow(refused("factor"));
  });

  it("refuses sizes and scales without output elements", () => {
    for (const scale of [0, -1, 0.2, Number.NaN])
      expect(() => applied(upsample({ scale }), line(1, 2))).toThrow(refused("scale"));
    for (const size of [[0], [1.5], [2, 2]])
      expect(() => applied(upsample({ size }), line(1, 2))).toThrow(refused("size"));
  });
});
