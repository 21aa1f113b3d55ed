import { describe, expect, it } from "vitest";
import { InvalidArgument, StructureMismatch } from "../../src/errors.ts";
import { constant } from "../../src/ir/build.ts";
import { Expr } from "../../src/ir/expr.ts";
import { neg } from "../../src/ir/ops/elementwise.ts";
import {
  exprsLike,
  flattenExprs,
  flattenTensors,
  mapExprs,
  symbolsOf,
  tensorTree,
} from "../../src/ir/trees.ts";
import { tensor } from "../../src/tensor/constructors.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { flatten, leaves } from "../../src/tree.ts";

const params = { layers: [{ weight: tensor([[1, 2]]), bias: tensor([3]) }], scale: tensor(4) };

describe("trees of tensors and expressions", () => {
  it("take operands as expressions", () => {
    const made = flattenExprs([constant(tensor([1, 2])), tensor([3]), 4, undefined]);
    expect(made.leaves.every((x) => x instanceof Expr)).toBe(true);
    expect(made.leaves.map((x) => x.shape)).toEqual([[2], [1], []]);
  });

  it("have a parameter for each tensor", () => {
    const { tree, leaves: symbols } = symbolsOf(params);
    expect(tree.layers[0]?.weight.shape).toEqual([1, 2]);
    expect(leaves(tree)).toEqual(symbols);
    expect(symbols.map((x) => x.node.primitive)).toEqual(["parameter", "parameter", "parameter"]);
  });

  it("keep their structure when their expressions change", () => {
    const negated = mapExprs((x) => neg(x), params);
    expect(flatten(negated).shape).toEqual(flatten(params).shape);
    expect(leaves(negated).map((x) => x.node.primitive)).toEqual(["neg", "neg", "neg"]);
  });

  it("say where a leaf is of another kind", () => {
    const wrong = { layers: [{ weight: "heavy" }] };
    expect(() => flattenExprs(wrong)).toThrow(InvalidArgument);
    expect(() => flattenExprs(wrong)).toThrow("the leaf layers 0 weight is heavy");
    expect(() => flattenExprs(null)).toThrow("the leaf is null");
    expect(() => flattenTensors([tensor(1), 2])).toThrow("the leaf 1 is 2");
    expect(() => tensorTree({ a: true })).toThrow(InvalidArgument);
    expect(tensorTree(params)).toEqual(params);
    expect(leaves(tensorTree(params)).every((x) => x instanceof Tensor)).toBe(true);
  });

  it("are not taken for others of as many leaves", () => {
    const { shape } = flatten({ a: 1, b: 2 });
    expect(exprsLike("f", shape, { b: 2, a: 1 })).toHaveLength(2);
    expect(() => exprsLike("f", shape, [1, 2])).toThrow(StructureMismatch);
  });
});
