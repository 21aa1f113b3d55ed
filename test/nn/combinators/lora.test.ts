import { describe, expect, it } from "vitest";
import type { Expr } from "../../../src/ir/expr.ts";
import { open } from "../../../src/nn/apply.ts";
import { repeat } from "../../../src/nn/combinators/containers.ts";
import { type LoraOptions, lora } from "../../../src/nn/combinators/lora.ts";
import { sequential } from "../../../src/nn/combinators/sequential.ts";
import type { Composable } from "../../../src/nn/layer.ts";
import { multiHeadAttention } from "../../../src/nn/layers/attention.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import { embedding } from "../../../src/nn/layers/embedding.ts";
import { flatten } from "../../../src/nn/layers/lambda.ts";
import { conv1d, conv2d } from "../../../src/nn/layers/spatial/conv.ts";
import { gpt } from "../../../src/nn/models/gpt.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { key, normal } from "../../../src/tensor/key.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { map } from "../../../src/tree.ts";
import { applied, constants, contextOf, numbers, valueOf } from "../evaluated.ts";

const tokens = tensor([0, 3, 1], "i32");
const small = { vocabulary: 7, positions: 5, width: 4, blocks: 2, heads: 2 } as const;
const cases: Readonly<Record<string, readonly [Composable, Tensor, LoraOptions]>> = {
  dense: [dense(5, 4), normal(key(1), [5]), { rank: 2 }],
  embedding: [embedding(6, 3), tokens, { rank: 3, alpha: 8 }],
  "attention projections": [
    multiHeadAttention(4, { heads: 2 }),
    normal(key(2), [3, 4]),
    { rank: 1, targets: ["query.weight", "value.weight"] },
  ],
  "one-dimensional convolution": [conv1d(2, 3, 3), normal(key(3), [5, 2]), { rank: 2 }],
  "grouped convolution": [conv2d(4, 6, 3, { groups: 2 }), normal(key(4), [4, 4, 4]), { rank: 3 }],
  "blocks of a model": [
    gpt(small),
    tokens,
    { rank: 2, targets: ["*.attention.*.weight"], stacked: 1 },
  ],
};

describe.each(Object.entries(cases))("adapters of a %s", (_, [layer, x, options]) => {
  const adapted = lora(layer, options);
  const made = open(adapted).init(key(5));

  it("begin without effect, to the bit", () => {
    expect(numbers(applied(adapted, x, "eval", 5))).toEqual(
      numbers(applied(open(layer), x, "eval", 5)),
    );
  });

  it("merge into params of the plain layer, which computes the same", () => {
    const params = map((leaf: unknown) => normal(key(6), (leaf as Tensor).shape), made.params);
    const run = (of: Composable, p: unknown, s: unknown) =>
      numbers(
        valueOf(
          (e: Expr) => open(of).apply(constants(p), constants(s), e, contextOf("eval"))[0],
          x,
        ),
      );
    const merged = adapted.merge({ params, state: made.state } as never);
    const y = run(layer, merged.params, merged.state);
    const plain = numbers(applied(open(layer), x, "eval", 5));
    expect(y.some((v, i) => Math.abs(v - (plain[i] as number)) > 0.01)).toBe(true);
    run(adapted, params, made.state).forEach((v, i) => {
      expect(v).toBeCloseTo(y[i] as number, 4);
    });
  });
});

describe("adapters are refused", () => {
  const small = sequential(dense(3, 4), dense(4, 2));
  it.each<readonly [string, Composable, LoraOptions, string]>([
    ["a pattern that matches no path", small, { rank: 1, targets: ["0.*", "2.*"] }, '"2.*"'],
    ["a pattern of a bias alone", small, { rank: 1, targets: ["0.bias"] }, "0.weight, 1.weight"],
    ["no pattern", small, { rank: 1, targets: [] }, "one of the weights"],
    ["a rank above the outputs", small, { rank: 3 }, "from 1 to 2, for 1.weight"],
    ["a layer without weights", flatten, { rank: 1 }, "a layer without any"],
    ["too many axes of copies", repeat(2, dense(2, 2)), { rank: 1, stacked: 2 }, "from 0 to 1"],
  ])("for %s", (_, layer, options, said) => {
    expect(() => open(lora(layer, options)).init(key(0))).toThrow(said);
  });
});
