import { isLeft, map } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { mapping, type Vmap } from "../../laws/derivatives/batching.ts";
import { checkGradients, LawBroken } from "../../laws/index.ts";
import { check, type Law } from "../../laws/law.ts";
import {
  type Codec,
  type Compose,
  type LayerSubject,
  layerAssociativity,
  layerIdentity,
  layerSerialization,
  layerSubject,
} from "../../laws/networks/layers.ts";
import { exampleOfLayer } from "../../laws/subjects.ts";
import { batched } from "../../laws/symbolic.ts";
import { customDerivative } from "../../src/autodiff/index.ts";
import { treeCodec } from "../../src/codec/tensor.ts";
import { CompileError } from "../../src/errors.ts";
import {
  dense,
  type Expr,
  type Layer,
  lambda,
  relu,
  sequential,
  type Tensor,
  tanh,
} from "../../src/index.ts";
import { add, index, mul, sin } from "../../src/ir/index.ts";
import { open } from "../../src/nn/apply.ts";
import { repeat } from "../../src/nn/combinators/containers.ts";
import { andThen } from "../../src/nn/combinators/sequential.ts";
import { residual } from "../../src/nn/combinators/skip.ts";
import type { Composable } from "../../src/nn/layer.ts";
import { key } from "../../src/tensor/key.ts";
import { flatten, type Tree, unflatten } from "../../src/tree.ts";

const subject: LayerSubject = {
  name: "an affine layer",
  layer: sequential(dense(2, 3), tanh),
  shape: [2],
};
const breaks = <S extends { readonly name: string }>(law: Law<S>, s: S): string => {
  const verdict = check(law, s);
  return isLeft(verdict) ? verdict.left.reason : "";
};
const double = lambda("double", (x: Expr) => mul(x, 2) as Expr);
const then = andThen as (...layers: readonly Composable[]) => Composable;

const rounded = (tree: Tree<Tensor>): Tree<Tensor> => {
  const { leaves, shape } = flatten(tree);
  // A tree of tensors stays one if each of them is rounded.
  const whole = leaves.map((x) => (x as Tensor).cast("i32").cast("f32"));
  return unflatten(shape, whole);
};

describe("planted mistakes in composition are caught", () => {
  test("identity: a composition that always doubles", () => {
    const doubling: Compose = (f, g) => then(then(f, g), double);
    expect(breaks(layerIdentity(doubling), subject)).toContain("id then f, output");
  });

  test("associativity: a composition that doubles the input of its second layer after a pair", () => {
    const uneven: Compose = (f, g) =>
      open(f).name === "andThen" ? then(f, g) : then(f, then(double, g));
    expect(breaks(layerAssociativity(uneven), subject)).toContain("sin then (f then cos), output");
  });

  test("batch invariance: a map that gives every example the first one's result", () => {
    const careless: Vmap = (f, mapped, size, axis) => {
      const right = batched(f, mapped, size, axis);
      const first = (y: Expr): Expr => add(mul(y, 0), index(y, 0)) as Expr;
      return { ...right, apply: (xs) => right.apply(xs).map(first) };
    };
    const example = exampleOfLayer(subject.layer, subject.shape, "train");
    expect(breaks(mapping(), example)).toBe("");
    expect(breaks(mapping(careless), example)).toContain("vmap f");
  });

  test("serialization: a codec that rounds to whole numbers", () => {
    const rounding: Codec = {
      encode: treeCodec.encode,
      decode: (input) => map(rounded)(treeCodec.decode(input)),
    };
    expect(breaks(layerSerialization(rounding), subject)).toContain("leaf 0");
  });

  test("the smallest layer that breaks a law is named", () => {
    let made = 0;
    const fickle: Composable = {
      ...open(dense(2, 2)),
      name: "fickle",
      // Its params do not follow from the key.
      init: () => dense(2, 2).init(key(made++)),
    };
    const chain = sequential as (...layers: readonly Composable[]) => Composable;
    const whole = layerSubject(chain(dense(2, 2), chain(tanh, fickle)), [2]);
    const verdict = check(layerSerialization(), whole);
    expect(isLeft(verdict) && verdict.left.subject).toBe("fickle in sequential in sequential");
  });

  test("a mistake of the whole that no part makes is that of the whole", () => {
    const doubling: Compose = (f, g) => then(then(f, g), double);
    const whole = layerSubject(sequential(dense(2, 3), tanh), [2], "a whole");
    const parts = whole.parts?.() ?? [];
    expect(parts.map(({ name, shape }) => [name, shape])).toEqual([
      ["dense 2 → 3", [2]],
      ["tanh", [3]],
    ]);
    const verdict = check(layerIdentity(doubling), { ...whole, parts: () => [] });
    expect(isLeft(verdict) && verdict.left.subject).toBe("a whole");
  });
});

describe("a user's own gradients", () => {
  const wrong = customDerivative((x: Expr) => sin(x) as Expr, {
    vjp: (x, _, w) => mul(sin(x), w) as Expr,
  });

  test("a right function and a right layer pass", () => {
    expect(checkGradients((x: Expr) => mul(x, x), [[2]])).toHaveLength(5);
    expect(checkGradients(sequential(dense(2, 3), relu, dense(3, 1)), [[2]])).toHaveLength(5);
    expect(checkGradients(tanh, [[2]])).toHaveLength(5);
  });

  test("a wrong pullback is reported with seed, path and the simplest input", () => {
    expect(() => checkGradients(wrong, [[2]])).toThrow(LawBroken);
    expect(() => checkGradients(wrong, [[2]])).toThrow(/adjoint[\s\S]*seed: 1, path: "/);
  });

  test("a wrong pullback inside a layer is found", () => {
    const layer: Layer<readonly [2], readonly [2], undefined, undefined> = {
      name: "wrong",
      init: () => ({ params: undefined, state: undefined }),
      apply: (_, state, x) => [wrong(x) as Expr<readonly [2]>, state],
    };
    expect(() => checkGradients(sequential(dense(2, 2), layer), [[2]])).toThrow(/adjoint/);
  });

  test("of a layer made of layers the smallest one that is wrong is named", () => {
    const wronged = lambda("wronged", (x: Expr) => wrong(x));
    const inner = residual(sequential(dense(2, 2), wronged));
    expect(() => checkGradients(sequential(dense(2, 2), inner), [[2]])).toThrow(
      'wronged in sequential in residual in sequential breaks the law "adjoint"',
    );
    expect(() => checkGradients(repeat(2, sequential(dense(2, 2), wronged)), [[2]])).toThrow(
      'wronged in sequential in repeat 2 breaks the law "adjoint"',
    );
  });

  test("mismatched shapes are reported as such", () => {
    expect(() => checkGradients(dense(3, 2), [[4]])).toThrow(CompileError);
  });
});
