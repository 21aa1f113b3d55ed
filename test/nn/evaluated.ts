import * as Effect from "effect/Effect";
import { grad, ReverseMode } from "../../src/autodiff/index.ts";
import { compile } from "../../src/backend/compile.ts";
import { Backend } from "../../src/backend/index.ts";
import { constant } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import type { Concrete } from "../../src/ir/trees.ts";
import { open } from "../../src/nn/apply.ts";
import type { AnyLayer, Context } from "../../src/nn/layer.ts";
import { key } from "../../src/tensor/key.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { flatten, unflatten } from "../../src/tree.ts";

/** Evaluates a symbolic function at tensors, on the reference backend. */
export const valueOf = <A extends readonly unknown[], B>(
  f: (...args: A) => B,
  ...args: { readonly [K in keyof A]: Concrete<A[K]> }
): Concrete<B> => Effect.runSync(Effect.provide(compile(f, args), Backend.layerReference))(...args);

/** The gradient of a scalar function, as a plain function. */
export const gradientOf = <A>(f: (x: A) => Expr<readonly []>): ((x: A) => A) =>
  Effect.runSync(Effect.provide(grad<A, readonly [], Expr<readonly []>>(f), ReverseMode.layerTape));

/** The context of a layer, for tests in which nothing about the run matters. */
export const contextOf = (mode: "train" | "eval", seed = 0): Context => ({
  mode,
  key: constant(key(seed)),
  axis: "batch",
});

/** Converts the tensors of a tree to constants of a program. */
export const constants = (tree: unknown): unknown => {
  const { leaves, shape } = flatten(tree);
  return unflatten(
    shape,
    leaves.map((leaf) => (leaf instanceof Tensor ? constant(leaf) : leaf)),
  );
};

/** Applies a layer, with the params of a seed, to one example. */
export const applied = (
  layer: AnyLayer,
  x: Tensor,
  mode: "train" | "eval" = "eval",
  seed = 0,
): Tensor => {
  const inner = open(layer);
  const { params, state } = inner.init(key(seed));
  return valueOf(
    (e: Expr) => inner.apply(constants(params), constants(state), e, contextOf(mode, seed))[0],
    x,
  );
};

/** The numbers of a tensor, row-major. */
export const numbers = (t: Tensor): readonly number[] => [...t.toTypedArray()];
