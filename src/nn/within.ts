import { flatten, unflatten } from "../algebra/tree.ts";
import { constant, parameter } from "../ir/build.ts";
import { Expr } from "../ir/expr.ts";
import { scoped } from "../ir/trace.ts";
import { key as keyOf } from "../tensor/key.ts";
import type { Activation, AnyLayer, Composable, Context, OpenLayer, SameLayer } from "./layer.ts";

/** The context of evaluation, in which nothing is random. */
export const still: Context = { mode: "eval", key: constant(keyOf(0)), axis: "batch" };

/** The expressions that a tree holds. */
export const exprsOf = (tree: unknown): readonly Expr[] =>
  flatten(tree).leaves.filter((leaf): leaf is Expr => leaf instanceof Expr);

/**
 * A function that keeps shapes as a layer without params. Combinators take the function itself; this is
 * for where a layer is asked for, or another name wanted.
 */
export const activation = (f: Activation, name = nameOf(f)): SameLayer<undefined, undefined> => ({
  name,
  init: () => ({ params: undefined, state: undefined }),
  apply: (_, state, x) => [f(x), state],
});

/** The function's own name, or that of the primitive that it ends in. */
const nameOf = (f: Activation): string =>
  f.name === "" ? f(parameter({ shape: [1], dtype: "f32" })).node.primitive : f.name;

/** A layer without its types: see {@link OpenLayer} for what that leaves to whom. */
export const open = (layer: Composable): OpenLayer =>
  (typeof layer === "function" ? activation(layer) : layer) as AnyLayer as OpenLayer;

/**
 * A layer applied under a name: every node that it makes carries the name in its path, so that what is
 * wrong inside is reported by where it is.
 */
export const within = (
  name: string,
  layer: OpenLayer,
  params: unknown,
  state: unknown,
  x: Expr,
  context: Context,
): readonly [y: Expr, state: unknown] => {
  const [y, next] = layer.apply(params, state, x, context);
  const { leaves, shape } = flatten(next);
  const inputs = [x, ...exprsOf([context.key, context.mask, params, state])];
  const [moved = y, ...rest] = scoped(name, inputs, [y, ...exprsOf(leaves)]);
  return [moved, unflatten(shape, rest)];
};
