import { describe, expect, test } from "vitest";
import { tensorsByPath } from "../../laws/networks/knownLayers.ts";
import { defaultCases } from "../../laws/registry/options/defaults.ts";
import { programOf } from "../../laws/symbolic.ts";
import type { Expr, TensorType } from "../../src/ir/expr.ts";
import { hash } from "../../src/ir/hash/hash.ts";
import type { KeyExpr } from "../../src/ir/ops/random.ts";
import { exprsOf, open } from "../../src/nn/apply.ts";
import type { Composable } from "../../src/nn/layer.ts";
import { batchNorm } from "../../src/nn/layers/normalization/batchNorm.ts";
import { key } from "../../src/tensor/key.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { flatten, unflatten } from "../../src/tree.ts";

/** A hash of the programs of a layer in both modes, with all their inputs. */
const programOfLayer = (layer: Composable, shape: Shape, mode: "train" | "eval"): string => {
  const inner = open(layer);
  // No leaf is drawn: programs only know shapes.
  const { leaves, shape: tree } = flatten(inner.init(key(0)));
  const types: readonly TensorType[] = [
    { shape, dtype: "f32" },
    { shape: [2], dtype: "i32" },
    ...leaves
      .filter((leaf) => leaf instanceof Tensor)
      .map(({ shape: own, dtype }) => ({ shape: own, dtype })),
  ];
  const made = programOf(types, ([x, own, ...rest]) => {
    const next = [...rest];
    // `init` made both.
    const { params, state } = unflatten(
      tree,
      leaves.map((leaf) => (leaf instanceof Tensor ? next.shift() : leaf)),
    ) as { readonly params: unknown; readonly state: unknown };
    const context = { mode, key: own as KeyExpr, axis: "batch" };
    const [y, after] = inner.apply(params, state, x as Expr, context);
    return [y, ...exprsOf(after)];
  });
  return String(hash(made));
};

/** The first values of leaves that are cheap to draw. */
const begun = (layer: Composable): readonly (readonly [string, string])[] => {
  const { params, state } = open(layer).init(key(1));
  return tensorsByPath([params, state]).map(([path, leaf]) => [
    path,
    sizeOf(leaf.shape) > 5000 ? `[${leaf.shape}]` : String(leaf.toTypedArray()),
  ]);
};

describe.each(defaultCases)("$name", ({ without, given, shape }) => {
  test("without options it equals the layer with its documented defaults", () => {
    expect(begun(without)).toEqual(begun(given));
    for (const mode of ["train", "eval"] as const)
      expect(programOfLayer(without, shape, mode)).toBe(programOfLayer(given, shape, mode));
  });
});

test("a different default is caught", () => {
  const [usual, other] = [batchNorm(2), batchNorm(2, { momentum: 0.2 })];
  expect(programOfLayer(usual, [3, 2], "train")).not.toBe(programOfLayer(other, [3, 2], "train"));
});
