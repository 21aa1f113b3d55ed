import { describe, expect, it } from "vitest";
import { within } from "../../../../laws/values/roundoff.ts";
import { vmap } from "../../../../src/autodiff/index.ts";
import { derive } from "../../../../src/interpreter/derive.ts";
import { run } from "../../../../src/interpreter/evaluate.ts";
import { parameter } from "../../../../src/ir/build.ts";
import type { Expr, Program } from "../../../../src/ir/expr.ts";
import { exp } from "../../../../src/ir/ops/elementwise.ts";
import { program } from "../../../../src/ir/program.ts";
import { type ConvolveOptions, conv } from "../../../../src/nn/functional/conv.ts";
import { key, normal } from "../../../../src/tensor/key.ts";
import type { Shape } from "../../../../src/tensor/shape.ts";
import { sizeOf } from "../../../../src/tensor/shape.ts";
import { Tensor } from "../../../../src/tensor/tensor.ts";
import {
  compiled,
  compiledFor,
  expectAgreement,
  expectSameOnThreads,
  programOf,
} from "../agreement.ts";

/** Checks the algorithm of each of the three passes of a convolution in its plan, and the results. */

const f32 = (shape: Shape) => ({ shape, dtype: "f32" }) as const;
const drawn = (shape: Shape, seed: number): Tensor => normal(key(seed), shape);

interface Case {
  /** Batch size, extents, channels. */
  readonly x: Shape;
  /** Extents of the kernel, input channels per group, output channels. */
  readonly kernel: Shape;
  readonly options?: ConvolveOptions;
}

interface Passes {
  readonly forward: Program;
  readonly byInput: Program;
  readonly byKernel: Program;
  readonly inputs: readonly Tensor[];
}

/** The convolution of a batch and its two pullbacks: three programs of `x`, kernel and cotangent. */
const passesOf = ({ x, kernel, options }: Case): Passes => {
  const of = (a: Expr, k: Expr) => vmap((one: Expr) => conv(one, k, options))(a);
  const y = of(parameter(f32(x)), parameter(f32(kernel))).shape;
  const types = [f32(x), f32(kernel), f32(y)];
  const made = (which: 0 | 1): Program => {
    const p = programOf(types.slice(0, 2), (a, k) => [of(a as Expr, k as Expr)]);
    const inputs = types.map((type) => parameter(type));
    const { pullback } = derive.vjp(p, inputs.slice(0, 2), [which === 0, which === 1]);
    return program(inputs, [pullback(inputs.slice(2))[which] as Expr]); // it is active
  };
  return {
    forward: programOf(types, (a, k) => [of(a as Expr, k as Expr)]),
    byInput: made(0),
    byKernel: made(1),
    inputs: types.map(({ shape }, i) => drawn(shape, i + 1)),
  };
};

const names = (p: Program): readonly string[] => compiled(p).plan.kernels.map(({ name }) => name);
const uses = (p: Program, part: string): boolean => names(p).some((name) => name.includes(part));

const same = { padding: "same" } as const;

/** Sizes that are not multiples of a tile, extents of 1, both paddings. */
const winograd: readonly Case[] = [
  { x: [2, 16, 16, 8], kernel: [3, 3, 8, 8], options: same },
  { x: [3, 14, 14, 16], kernel: [3, 3, 16, 32], options: same },
  { x: [7, 7, 7, 32], kernel: [3, 3, 32, 12], options: same },
  { x: [4, 9, 14, 8], kernel: [3, 3, 8, 20] },
  { x: [4, 14, 9, 12], kernel: [3, 3, 12, 8], options: same },
  {
    x: [1, 33, 17, 8],
    kernel: [3, 3, 8, 8],
    options: {
      padding: [
        [0, 1],
        [2, 0],
      ],
    },
  },
  { x: [66, 3, 5, 8], kernel: [3, 3, 8, 8], options: same },
  { x: [66, 5, 4, 8], kernel: [3, 3, 8, 8] },
];

describe.each(winograd)("3×3 of $x by $kernel", (given) => {
  const passes = passesOf(given);

  it.each(["forward", "byInput", "byKernel"] as const)("%s: by Winograd's algorithm", (pass) => {
    const p = passes[pass];
    expect(uses(p, "Winograd F(2×2)")).toBe(true);
    expectAgreement(p, passes.inputs, 3e-6);
  });
});

describe("Winograd's algorithm", () => {
  const given = winograd[0] as Case;

  it.each(["forward", "byInput", "byKernel"] as const)(
    "has no larger rounding errors than the definition may have: %s",
    (pass) => {
      const { [pass]: p, inputs } = passesOf(given);
      expect(within(p)(inputs, compiled(p).run(inputs))).toBeUndefined();
    },
  );

  it("keeps NaN within the windows that contain it", () => {
    const { forward, inputs } = passesOf(given);
    const [x, kernel, ct] = inputs as readonly [Tensor, Tensor, Tensor];
    const data = new Float32Array(x.toTypedArray());
    data[(5 * 16 + 6) * 8] = Number.NaN; // image 0, row 5, column 6
    const spoilt = Tensor.own(x.shape, "f32", data);
    const y = (compiled(forward).run([spoilt, kernel, ct])[0] as Tensor).toTypedArray();
    const places = new Set(
      Array.from(y, (v, i) => (Number.isNaN(v) ? Math.floor(i / 8) : -1)).filter((p) => p >= 0),
    );
    const around = [4, 5, 6].flatMap((row) => [5, 6, 7].map((column) => row * 16 + column));
    expect([...places]).toEqual(around);
  });

  describe.each([
    [9, 9],
    [9, 8],
    [8, 9],
  ])("on places of %i × %i", (height, width) => {
    const odd: Case = { x: [8, height, width, 8], kernel: [3, 3, 8, 8], options: same };
    const passes = passesOf(odd);

    it.each(["forward", "byInput", "byKernel"] as const)(
      "%s: memory behind the result is unchanged, on every number of threads",
      (pass) => {
        const p = passes[pass];
        const inputs = p.inputs.map(({ shape }) => shape);
        const result = sizeOf((p.outputs[0] as Expr).shape);
        // Made before the convolution, no larger than its result, and alive until the end, so that it is placed behind
        // it.
        const aside = parameter(f32([result - 64]));
        const both = program([...p.inputs, aside], [exp(aside) as Expr, ...p.outputs]);
        const values = [...inputs, aside.shape].map((shape, i) => drawn(shape, i + 1));
        expect(uses(both, "Winograd F(2×2)")).toBe(true);
        expectAgreement(both, values, 3e-6);
        expectSameOnThreads(both, values);
      },
    );

    it.each(["forward", "byInput", "byKernel"] as const)(
      "%s: gives the same bits on every number of threads without relaxed instructions",
      (pass) => {
        const { [pass]: p, inputs } = passes;
        const [one, ...more] = [1, 2, 3, 4].map((threads) =>
          compiledFor(threads, p, { deterministic: true }).run(inputs),
        );
        for (const many of more) expect(many).toEqual(one);
        expect(uses(p, "Winograd F(2×2)")).toBe(true);
      },
    );
  });

  it("is not used if its transforms cost more than they save, or do not fit", () => {
    const others: readonly Case[] = [
      { x: [2, 16, 16, 8], kernel: [3, 3, 8, 8], options: { ...same, stride: 2 } },
      { x: [2, 16, 16, 8], kernel: [3, 3, 8, 8], options: { ...same, dilation: 2 } },
      { x: [2, 16, 16, 8], kernel: [5, 3, 8, 8], options: same },
      { x: [2, 16, 16, 1], kernel: [3, 3, 1, 8], options: same },
      { x: [2, 16, 16, 6], kernel: [3, 3, 6, 8], options: same },
      { x: [2, 16, 16, 8], kernel: [3, 3, 8, 6], options: same },
      { x: [2, 16, 16, 4], kernel: [3, 3, 4, 8], options: same },
      { x: [1, 4, 4, 8], kernel: [3, 3, 8, 8], options: same },
    ];
    for (const other of others) {
      const passes = passesOf(other);
      for (const pass of ["forward", "byInput", "byKernel"] as const) {
        expect(uses(passes[pass], "Winograd")).toBe(false);
        expectAgreement(passes[pass], passes.inputs, 3e-6);
      }
    }
  });
});

/** Windows of every kind that the general algorithms must handle. */
const general: readonly Case[] = [
  { x: [3, 40, 5], kernel: [4, 5, 7] },
  { x: [3, 40, 5], kernel: [3, 5, 7], options: { ...same, stride: 2 } },
  { x: [3, 41, 6], kernel: [3, 3, 8], options: { ...same, dilation: 2, groups: 2 } },
  { x: [2, 15, 13, 4], kernel: [5, 4, 4, 6], options: same },
  { x: [2, 15, 13, 4], kernel: [3, 3, 4, 6], options: { ...same, stride: 2 } },
  { x: [2, 15, 13, 4], kernel: [3, 2, 4, 6], options: { dilation: [2, 3] } },
  { x: [2, 15, 13, 8], kernel: [3, 3, 2, 12], options: { ...same, groups: 4 } },
  { x: [2, 15, 13, 8], kernel: [3, 3, 1, 8], options: { ...same, groups: 8 } },
  { x: [2, 15, 13, 8], kernel: [3, 3, 1, 16], options: { groups: 8, stride: 2 } },
  { x: [1, 1, 9, 4], kernel: [1, 3, 1, 4], options: { ...same, groups: 4 } },
  { x: [2, 15, 13, 1], kernel: [3, 3, 1, 5], options: same },
  { x: [2, 15, 13, 3], kernel: [1, 1, 3, 5] },
  { x: [2, 7, 6, 3], kernel: [7, 6, 3, 5] },
  { x: [2, 5, 6, 4, 3], kernel: [3, 2, 3, 3, 4], options: same },
];

describe.each(general)("$kernel over $x, $options", (given) => {
  const passes = passesOf(given);

  it.each(["forward", "byInput", "byKernel"] as const)("%s", (pass) => {
    expectAgreement(passes[pass], passes.inputs, 3e-6);
  });
});

describe("products that read windows in place", () => {
  const inPlace = "windows read in place";
  /** Short sums are unrolled, long ones are loops, the longest are split. */
  const direct: readonly Case[] = [
    { x: [2, 9, 13, 1], kernel: [3, 3, 1, 5], options: same },
    { x: [2, 9, 13, 3], kernel: [3, 3, 3, 16], options: same },
    { x: [2, 9, 23, 4], kernel: [5, 3, 4, 9], options: { stride: [1, 2], dilation: [2, 1] } },
    { x: [2, 11, 19, 64], kernel: [5, 5, 64, 8], options: same },
    { x: [3, 50, 6], kernel: [5, 6, 7], options: { ...same, stride: 3 } },
    { x: [2, 9, 12, 8], kernel: [3, 3, 4, 12], options: { ...same, groups: 2 } },
  ];

  it.each(direct)("copy nothing: $kernel over $x", (given) => {
    const { forward, inputs } = passesOf(given);
    expectAgreement(forward, inputs, 3e-6);
    expect(uses(forward, inPlace)).toBe(true);
  });

  it("sum the gradient by the kernel image by image", () => {
    const passes = passesOf({ x: [9, 15, 16, 3], kernel: [3, 3, 3, 16], options: same });
    expectAgreement(passes.byKernel, passes.inputs, 3e-6);
    expect(uses(passes.byKernel, inPlace)).toBe(true);
  });

  it("are not used if rows are too short for tiles", () => {
    const passes = passesOf({ x: [40, 7, 7, 6], kernel: [5, 5, 6, 8], options: same });
    expectAgreement(passes.forward, passes.inputs, 3e-6);
    expect(uses(passes.forward, inPlace)).toBe(false);
  });
});

describe("the gradient of a convolution by its input", () => {
  it("is gathered, with groups too", () => {
    const { byInput, inputs } = passesOf({
      x: [2, 9, 8, 8],
      kernel: [3, 2, 4, 6],
      options: { ...same, groups: 2 },
    });
    expectAgreement(byInput, inputs, 3e-6);
    expect(uses(byInput, "overlapAdd")).toBe(false);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    "of a kernel with %s equals the definition except near borders, where it may be NaN",
    (wild) => {
      const [height, width, channels, reach] = [9, 8, 6, 2];
      const passes = passesOf({ x: [2, height, width, channels], kernel: [3, 3, channels, 5] });
      const [x, kernel, ct] = passes.inputs as readonly [Tensor, Tensor, Tensor];
      const data = new Float32Array(kernel.toTypedArray());
      data[0] = wild; // row 0, column 0
      const spoilt = [x, Tensor.own(kernel.shape, "f32", data), ct];
      const [want, got] = [
        run,
        (p: Program, given: readonly Tensor[]) => compiled(p).run(given),
      ].map((by) => (by(passes.byInput, spoilt)[0] as Tensor).toTypedArray()) as [
        Float32Array,
        Float32Array,
      ];
      const near = (i: number, n: number): boolean => i < reach || i >= n - reach;
      const unlike = Array.from(got, (_, i) => i).filter((i) => {
        const [v, w] = [got[i] as number, want[i] as number];
        return !(Object.is(v, w) || Math.abs(v - w) <= 1e-4);
      });
      expect(uses(passes.byInput, "overlapAdd")).toBe(false);
      expect(unlike.length).toBeGreaterThan(0);
      for (const i of unlike) {
        const place = Math.floor(i / channels);
        expect(got[i]).toBeNaN();
        expect(near(place % width, width) || near(Math.floor(place / width) % height, height)).toBe(
          true,
        );
      }
    },
  );

  it("is gathered for stride 1, and spread for other strides", () => {
    const [gathered, strided, narrow] = (
      [
        { x: [2, 9, 8, 6], kernel: [3, 2, 6, 5], options: { ...same, dilation: 2 } },
        { x: [2, 9, 8, 6], kernel: [3, 2, 6, 5], options: { ...same, stride: 2 } },
        { x: [2, 9, 8, 2], kernel: [3, 2, 2, 5], options: same },
      ] satisfies readonly Case[]
    ).map(passesOf) as [Passes, Passes, Passes];
    for (const { byInput, inputs } of [gathered, strided, narrow])
      expectAgreement(byInput, inputs, 3e-6);
    expect(uses(gathered.byInput, "overlapAdd")).toBe(false);
    expect(uses(strided.byInput, "overlapAdd")).toBe(true);
    expect(uses(narrow.byInput, "overlapAdd")).toBe(true);
  });

  it("uses no more memory than its operands and one kernel", () => {
    const { byInput, inputs } = passesOf({
      x: [4, 32, 32, 8],
      kernel: [5, 5, 8, 8],
      options: same,
    });
    const windows = 25 * sizeOf((inputs[2] as Tensor).shape) * 4;
    expect(compiled(byInput).plan.bytes.temporaries).toBeLessThan(windows / 2);
  });
});

describe("the gradient of a depthwise convolution by its input", () => {
  const cases: readonly Case[] = [
    { x: [2, 9, 8, 8], kernel: [3, 3, 1, 8], options: { ...same, groups: 8 } },
    { x: [2, 9, 8, 6], kernel: [3, 2, 1, 12], options: { groups: 6, dilation: [1, 2] } },
    { x: [2, 19, 6], kernel: [4, 1, 6], options: { ...same, groups: 6 } },
  ];

  it.each(cases)("is one sum without stored windows: $x by $kernel", (given) => {
    const { byInput, inputs } = passesOf(given);
    expectAgreement(byInput, inputs, 3e-6);
    expect(uses(byInput, "overlapAdd")).toBe(false);
    expect(names(byInput).filter((name) => name.startsWith("sum over"))).toHaveLength(1);
  });

  it("is spread for strides above 1", () => {
    const { byInput, inputs } = passesOf({
      x: [2, 9, 8, 8],
      kernel: [3, 3, 1, 8],
      options: { ...same, groups: 8, stride: 2 },
    });
    expectAgreement(byInput, inputs, 3e-6);
    expect(uses(byInput, "overlapAdd")).toBe(true);
  });
});
