import { describe, expect, it, test } from "vitest";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { square } from "../../../src/ir/ops/elementwise.ts";
import { sum } from "../../../src/ir/ops/reduction.ts";
import { index, stack } from "../../../src/ir/ops/structural.ts";
import { adaptiveLogSoftmax } from "../../../src/nn/layers/adaptiveLogSoftmax.ts";
import { multiHeadAttention } from "../../../src/nn/layers/attention.ts";
import { einsumDense } from "../../../src/nn/layers/einsumDense.ts";
import { embedding } from "../../../src/nn/layers/embedding.ts";
import { embeddingBag } from "../../../src/nn/layers/embeddingBag.ts";
import { fractionalMaxPool2d } from "../../../src/nn/layers/spatial/fractionalPool.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { key, normal } from "../../../src/tensor/key.ts";
import { constants, contextOf, gradientOf, numbers, valueOf } from "../evaluated.ts";

/** What the message of a call that fails says: which argument, and what it is to be. */
const refused = (make: () => unknown): string => {
  try {
    make();
  } catch (error) {
    const { _tag, op, argument, expected } = error as { readonly [field: string]: string };
    return `${_tag} of ${op}: ${argument} is to be ${expected}`;
  }
  return "nothing";
};

describe("einsumDense refuses", () => {
  test.each([
    [
      "ab,bc",
      [-1, 2],
      [-1, 3],
      {},
      'equation is to be two terms and their result, such as "ab,bc->ac" or',
    ],
    ["aab,bc->ac", [2, 2, 2], [2, 3], {}, 'equation is to be each letter once in "aab"'],
    ["...b,bc->c", [2], [3], {}, 'equation is to be "..." first on both sides or on neither'],
    ["ab,bc->ad", [-1, 2], [-1, 3], {}, 'equation is to be "d" in a term, as in the result'],
    ["ab,bc->ac", [2], [-1, 3], {}, 'input is to be an extent for each letter of "ab"'],
    ["ab,bc->ac", [-1, 0], [-1, 3], {}, 'input is to be an extent for each letter of "ab"'],
    ["ab,bc->ac", [4, 2], [5, 3], {}, 'output is to be 4 for "a", as in the input'],
    [
      "ab,bc->ac",
      [-1, -1],
      [-1, 3],
      {},
      'output is to be an extent for "b", in the input or the output',
    ],
    ["ab,bc->ac", [-1, 2], [-1, 3], { biasAxes: "b" }, 'biasAxes is to be letters of "ac"'],
    ["ab,bc->ac", [-1, 2], [-1, 3], { biasAxes: "a" }, 'biasAxes is to be an extent for "a"'],
  ] as const)("%s of %j and %j with %j", (equation, input, output, options, says) => {
    expect(refused(() => einsumDense(equation, input, output, options))).toContain(
      `InvalidArgument of einsumDense: ${says}`,
    );
  });
});

describe("adaptiveLogSoftmax refuses", () => {
  test.each([[[]], [[0, 2]], [[3, 2]], [[2, 2]], [[2, 5]], [[1.5]], [[Number.NaN]]])(
    "cutoffs %j of 5 classes",
    (cutoffs) => {
      expect(refused(() => adaptiveLogSoftmax(8, 5, { cutoffs }))).toBe(
        "InvalidArgument of adaptiveLogSoftmax: cutoffs is to be one whole number or more, increasing, from 1 to 4",
      );
    },
  );
});

describe("fractionalMaxPool2d refuses", () => {
  const size =
    "InvalidArgument of fractionalMaxPool2d: options is to be either outputSize or outputRatio";
  test.each([[{}], [{ outputSize: 2, outputRatio: 0.5 }]])("%j", (options) => {
    expect(refused(() => fractionalMaxPool2d(2, options as never))).toBe(size);
  });
  it("a list of ratios that is too short", () => {
    expect(refused(() => fractionalMaxPool2d(2, { outputRatio: [0.5] }))).toContain("outputRatio");
  });
});

describe("embeddingBag", () => {
  it("takes weights of a sum only", () => {
    const layer = embeddingBag(3, 2);
    const [tokens, weights] = [constant(tensor([0, 1], "i32")), constant(tensor([1, 2]))];
    const table = constant(layer.init(key(0)).params.table);
    expect(refused(() => layer.bag({ table }, tokens, weights))).toBe(
      'InvalidArgument of embeddingBag: weights is to be none where the mode is not "sum"',
    );
  });
});

describe("attention with added keys and values", () => {
  it("gives step by step what it gives at once", () => {
    const layer = multiHeadAttention(4, {
      ...{ heads: 2, causal: true, rotary: true, alibi: true, addBiasKv: true, addZeroAttn: true },
    });
    const params = constants(layer.init(key(1)).params) as Parameters<typeof layer.step>[0];
    const x = normal(key(2), [3, 4]);
    const whole = valueOf((e: Expr) => layer.attend(params, e, e), x);
    const steps = valueOf((e: Expr) => {
      let cache = layer.emptyCache(3);
      return stack(
        [0, 1, 2].map((t) => {
          const [y, next] = layer.step(params, index(e, t), cache);
          cache = next;
          return y;
        }),
      );
    }, x);
    for (const [i, y] of numbers(steps).entries()) expect(y).toBeCloseTo(numbers(whole)[i] ?? 0, 5);
  });
});

describe("maxNorm", () => {
  it("leaves the table as it is, and shortens what is read", () => {
    const layer = embedding(2, 2, { maxNorm: 1 });
    const table = tensor([
      [3, 4],
      [0.5, 0],
    ]);
    const read = (t: Expr): Expr =>
      layer.apply(
        { table: t },
        undefined,
        constant(tensor([0, 1], "i32")) as never,
        contextOf("train"),
      )[0];
    const y = numbers(valueOf(read, table));
    for (const [i, wanted] of [0.6, 0.8, 0.5, 0].entries()) expect(y[i]).toBeCloseTo(wanted, 6);
    // The squared length of a shortened row is 1 whatever the row: no gradient. PyTorch's would be [1.2, 1.6].
    const slope = valueOf(
      gradientOf((t: Expr) => sum(square(read(t)))),
      table,
    );
    for (const [i, wanted] of [0, 0, 1, 0].entries())
      expect(numbers(slope)[i]).toBeCloseTo(wanted, 6);
  });
});
