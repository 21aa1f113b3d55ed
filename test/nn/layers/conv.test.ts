import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "../../../src/backend/compile.ts";
import { Backend } from "../../../src/backend/index.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { transpose } from "../../../src/ir/ops/structural.ts";
import { sequential } from "../../../src/nn/combinators/sequential.ts";
import { conv, convTranspose } from "../../../src/nn/functional/conv.ts";
import { axesUpTo, type Padding } from "../../../src/nn/functional/geometry.ts";
import type { AnyLayer } from "../../../src/nn/layer.ts";
import {
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  depthwiseConv2d,
  separableConv2d,
} from "../../../src/nn/layers/spatial/conv.ts";
import { summary as rowsOf } from "../../../src/nn/summary.ts";
import { zeros } from "../../../src/tensor/constructors.ts";
import { key, normal } from "../../../src/tensor/key.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { constants, contextOf, numbers, valueOf } from "../evaluated.ts";

const drawn = (shape: Shape, seed: number): Tensor => normal(key(seed), shape, { dtype: "f64" });
const dotOf = (a: Tensor, b: Tensor): number =>
  numbers(a).reduce((s, x, i) => s + x * (numbers(b)[i] as number), 0);
const refused = (argument: string) =>
  expect.objectContaining({ _tag: "InvalidArgument", argument });

const small = fc.integer({ min: 1, max: 3 });
const setting = fc.record({
  extents: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 }),
  size: small,
  stride: small,
  dilation: fc.integer({ min: 1, max: 2 }),
  groups: fc.integer({ min: 1, max: 2 }),
  inputs: fc.integer({ min: 1, max: 2 }),
  outputs: fc.integer({ min: 1, max: 2 }),
  padding: fc.constantFrom<Padding>("same", "valid", 1, 2),
});

/** The padding before the first axis. The test below has the definition of "same". */
const before = (padding: Padding, n: number, reach: number, stride: number): number =>
  padding === "same"
    ? Math.floor(Math.max(0, (Math.ceil(n / stride) - 1) * stride + reach - n) / 2)
    : padding === "valid"
      ? 0
      : (padding as number);

const indices = (shape: Shape): readonly (readonly number[])[] =>
  shape.reduce<readonly (readonly number[])[]>(
    (all, d) => all.flatMap((i) => Array.from({ length: d }, (_, j) => [...i, j])),
    [[]],
  );

describe("convolve", () => {
  it("is the sum over windows and channels of a group, by definition, in 1 to 3 dimensions", () => {
    fc.assert(
      fc.property(
        setting,
        ({ extents, size, stride, dilation, groups, inputs, outputs, padding }) => {
          const reach = (size - 1) * dilation + 1;
          const most =
            padding === "same"
              ? Number.POSITIVE_INFINITY
              : typeof padding === "number"
                ? 2 * padding
                : 0;
          fc.pre(extents.every((n) => n + most >= reach));
          const x = drawn([...extents, inputs * groups], 1);
          const kernel = drawn([...extents.map(() => size), inputs, outputs * groups], 2);
          const options = { stride, dilation, groups, padding };
          const y = valueOf((a: Expr, k: Expr) => conv(a, k, options), x, kernel);
          if (padding === "same")
            expect(y.shape.slice(0, -1)).toEqual(extents.map((n) => Math.ceil(n / stride)));
          const lead = extents.map((n) => before(padding, n, reach, stride));
          for (const out of indices(y.shape)) {
            const o = out.at(-1) as number;
            const group = Math.floor(o / outputs);
            let total = 0;
            for (const j of indices(extents.map(() => size)))
              for (let c = 0; c < inputs; c++) {
                const p = j.map(
                  (k, a) => (out[a] as number) * stride - (lead[a] as number) + k * dilation,
                );
                if (p.some((i, a) => i < 0 || i >= (extents[a] as number))) continue;
                total +=
                  (x.at(...p, group * inputs + c) as number) * (kernel.at(...j, c, o) as number);
              }
            expect(y.at(...out)).toBeCloseTo(total, 10);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("has convTranspose for its adjoint: ⟨convolve x, y⟩ = ⟨x, convTranspose y⟩", () => {
    fc.assert(
      fc.property(
        setting,
        ({ extents, size, stride, dilation, groups, inputs, outputs, padding }) => {
          fc.pre(padding !== "same");
          const reach = (size - 1) * dilation + 1;
          const around = padding === "valid" ? 0 : 2 * (padding as number);
          fc.pre(extents.every((n) => n + around >= reach));
          const x = drawn([...extents, inputs * groups], 3);
          const kernel = drawn([...extents.map(() => size), inputs, outputs * groups], 4);
          const options = { stride, dilation, groups, padding };
          const y = valueOf((a: Expr, k: Expr) => conv(a, k, options), x, kernel);
          const w = drawn(y.shape, 5);
          // The output padding adds back elements at the end that no window reached.
          const outputPadding = extents.map((n) => (n + around - reach) % stride);
          // The channels of the kernel change places within their group.
          const swapped = valueOf((k: Expr) => swapChannels(k), kernel);
          const back = valueOf(
            (a: Expr, k: Expr) => convTranspose(a, k, { ...options, outputPadding }),
            w,
            swapped,
          );
          expect(back.shape).toEqual(x.shape);
          expect(dotOf(back, x)).toBeCloseTo(dotOf(y, w), 8);
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** Converts `[...k, in / groups, groups · out]` to `[...k, groups · out, in / groups]`, the kernel of the adjoint. */
const swapChannels = (kernel: Expr): Expr => {
  const rank = kernel.shape.length;
  return transpose(kernel, [...axesUpTo(rank - 2), rank - 1, rank - 2]);
};

describe("convolution layers", () => {
  it("have kernels of the documented shapes, and biases by default", () => {
    const shapeOf = (layer: {
      readonly init: (k: ReturnType<typeof key>) => { readonly params: object };
    }) =>
      Object.fromEntries(
        Object.entries(layer.init(key(0)).params).map(([name, t]) => [name, (t as Tensor).shape]),
      );
    expect(shapeOf(conv1d(4, 6, 3, { groups: 2 }))).toEqual({ weight: [3, 2, 6], bias: [6] });
    expect(shapeOf(conv2d(3, 8, [5, 3], { bias: false }))).toEqual({ weight: [5, 3, 3, 8] });
    expect(shapeOf(conv3d(1, 2, 3))).toEqual({ weight: [3, 3, 3, 1, 2], bias: [2] });
    expect(shapeOf(convTranspose2d(4, 6, 2, { groups: 2 }))).toEqual({
      weight: [2, 2, 4, 3],
      bias: [6],
    });
    expect(shapeOf(depthwiseConv2d(3, 3, { multiplier: 2 }))).toEqual({
      weight: [3, 3, 1, 6],
      bias: [6],
    });
  });

  it("give the extents of convolution arithmetic", () => {
    const output = (layer: AnyLayer, shape: Shape) => rowsOf(layer as never, shape)[0]?.output;
    expect(output(conv2d(1, 8, 3), [28, 28, 1])).toEqual([26, 26, 8]);
    expect(output(conv2d(1, 8, 3, { padding: "same" }), [28, 27, 1])).toEqual([28, 27, 8]);
    expect(output(conv2d(1, 8, 3, { padding: "same", stride: 2 }), [28, 27, 1])).toEqual([
      14, 14, 8,
    ]);
    expect(output(conv2d(3, 64, 7, { stride: 2, padding: 3 }), [224, 224, 3])).toEqual([
      112, 112, 64,
    ]);
    expect(output(conv1d(2, 2, 2, { padding: [[1, 0]] }), [5, 2])).toEqual([5, 2]);
    expect(output(convTranspose2d(8, 3, 4, { stride: 2, padding: "same" }), [7, 8, 8])).toEqual([
      14, 16, 3,
    ]);
    expect(output(convTranspose1d(1, 1, 1, { stride: 3, padding: "same" }), [4, 1])).toEqual([
      12, 1,
    ]);
    expect(output(separableConv2d(8, 16, 3), [6, 6, 8])).toEqual([4, 4, 16]);
  });

  it("initialize kernel and bias within ±1/√fan", () => {
    const { params } = conv2d(16, 32, 3).init(key(3));
    const limit = 1 / Math.sqrt(16 * 9);
    for (const t of [params.weight, params.bias]) {
      const greatest = Math.max(...numbers(t as Tensor).map(Math.abs));
      expect(greatest).toBeLessThanOrEqual(limit);
      expect(greatest).toBeGreaterThan(0.9 * limit);
    }
    const { params: transposed } = convTranspose1d(2, 50, 2).init(key(3));
    expect(Math.max(...numbers(transposed.weight as Tensor).map(Math.abs))).toBeLessThanOrEqual(
      0.1,
    );
  });

  it("refuse invalid sizes, strides and groups", () => {
    for (const n of [0, -1, 1.5, Number.NaN]) {
      expect(() => conv2d(n, 2, 3)).toThrow(refused("inputs"));
      expect(() => conv2d(2, n, 3)).toThrow(refused("outputs"));
      expect(() => conv2d(2, 2, n)).toThrow(refused("size"));
      expect(() => depthwiseConv2d(2, 3, { multiplier: n })).toThrow(refused("multiplier"));
    }
    expect(() => conv2d(2, 2, [3, 3, 3])).toThrow(refused("size"));
    expect(() => conv2d(4, 6, 3, { groups: 4 })).toThrow(refused("groups"));
    expect(() => conv1d(4, 6, 3, { groups: 0 })).toThrow(refused("groups"));
  });

  it("report a kernel that is larger than its example", () => {
    const layer = sequential(conv2d(1, 2, 3), conv2d(2, 2, 4));
    const { params } = layer.init(key(0));
    const failure = Effect.runSync(
      Effect.result(
        Effect.provide(
          compile(
            (x: Expr) =>
              layer.apply(
                constants(params) as never,
                [undefined, undefined],
                x as never,
                contextOf("eval"),
              )[0],
            [zeros([5, 5, 1])],
          ),
          Backend.layerReference,
        ),
      ),
    );
    const error = Result.isFailure(failure) ? failure.failure : undefined;
    expect(error).toMatchObject({
      _tag: "CompileError",
      causes: [{ _tag: "ShapeMismatch", op: "conv2d", actual: [[3, 3, 2]] }],
    });
    expect(JSON.stringify(error)).toContain("2:conv2d 4×4, 2 → 2");
  });
});
