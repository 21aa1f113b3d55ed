import * as Effect from "effect/Effect";
import { describe, expect, test } from "vitest";
import { Backend, compile } from "../../src/backend/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { add, mul } from "../../src/ir/ops/elementwise.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { compileDecoder } from "../../src/nn/generate/decoder.ts";
import { gpt } from "../../src/nn/models/gpt.ts";
import { tensor, zeros } from "../../src/tensor/constructors.ts";
import { key } from "../../src/tensor/key.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

// A type alias and not an interface, so that it is a tree of expressions.
type Params = { readonly layers: readonly { readonly weight: Expr; readonly bias: Expr }[] };

const layer = (weight: Tensor, bias: Tensor) => ({ weight, bias });
const params = { layers: [layer(zeros([2]), zeros([2])), layer(zeros([3]), zeros([3]))] };

/** A compiled function, of arguments that its types would forbid. */
const affine = Effect.runSync(
  Effect.provide(
    compile(
      function affine({ layers }: Params, x: Expr): Expr {
        return sum(add(mul(layers[0]?.weight as Expr, x), layers[0]?.bias as Expr)) as Expr;
      },
      [params, zeros([2])],
    ),
    Backend.layerReference,
  ),
) as (...args: readonly unknown[]) => Tensor;

describe("a wrong argument is named by its place in the tree of arguments", () => {
  const [first, second] = params.layers;
  test.each<readonly [mistake: string, args: readonly unknown[], message: string]>([
    ["shape", [params, zeros([5])], "argument 2 does not accept [5]\n  fix: give it [2]"],
    [
      "shape of a param",
      [{ layers: [first, { ...second, weight: zeros([4]) }] }, zeros([2])],
      "argument 1 at layers.1.weight does not accept [4]\n  fix: give it [3]",
    ],
    [
      "dtype of a param",
      [{ layers: [{ ...first, bias: tensor([1, 2], "i32") }, second] }, zeros([2])],
      "argument 1 at layers.0.bias does not accept i32\n  fix: give it f32",
    ],
    [
      "missing param",
      [{ layers: [first, { weight: zeros([3]) }] }, zeros([2])],
      "affine: argument 1 at layers.1 is {weight: ·}\n  fix: give it {bias: ·, weight: ·}, each · a tensor",
    ],
    [
      "number of arguments",
      [params],
      "affine: the list of arguments is [{layers: [{bias: ·, weight: ·}, {bias: ·, weight: ·}]}]",
    ],
    ["number for a tensor", [params, 3], "affine: argument 2 is 3\n  fix: give it a tensor"],
  ])("%s", (_, args, message) => {
    expect(() => affine(...args)).toThrow(message);
  });

  test("and so is an example that is no tensor", () => {
    const made = () => compile((x: Expr) => x, [3] as never);
    expect(made).toThrow("compile: example 1 is 3\n  fix: give it a tensor");
  });

  test("and a param that a decoder is given", () => {
    const model = gpt({ vocabulary: 3, positions: 4, width: 4, blocks: 1, heads: 2 });
    const { params: own } = model.init(key(1));
    const from = Effect.runSync(Effect.provide(compileDecoder(model), Backend.layerReference));
    expect(Effect.runSync(from(own))).toMatchObject({ vocabulary: 3 });
    const wide = gpt({ vocabulary: 3, positions: 4, width: 6, blocks: 1, heads: 2 }).init(key(1));
    expect(() => from(wide.params)).toThrow(/^params at [a-zA-Z0-9.]+ does not accept \[/);
  });
});
