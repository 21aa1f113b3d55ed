import { SizeLimit } from "../errors.ts";
import { constant, parameter } from "../ir/build.ts";
import { Expr } from "../ir/expr.ts";
import { scoped } from "../ir/trace.ts";
import { key as keyOf } from "../tensor/key.ts";
import { flatten, unflatten } from "../tree.ts";
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

/** The most layers within one another: each calls the one inside it, and calls cannot go arbitrarily deep. */
const deepest = 512;

const depths = new WeakMap<OpenLayer, number>();

/** How many layers are within one another, this one included. */
const depthOf = (layer: OpenLayer): number => {
  const children = layer.parts?.children ?? [];
  const depth =
    depths.get(layer) ??
    1 + children.reduce((n, child) => Math.max(n, depthOf(child as OpenLayer)), 0);
  depths.set(layer, depth);
  return depth;
};

/**
 * A layer without its types: see {@link OpenLayer} for what that leaves to whom.
 *
 * **Fails with** `SizeLimit`, thrown, where too many layers are within one another.
 */
export const open = (given: Composable): OpenLayer => {
  const layer = (typeof given === "function" ? activation(given) : given) as AnyLayer as OpenLayer;
  const size = depthOf(layer);
  if (size > deepest) {
    const of = "layers within one another";
    throw new SizeLimit({ op: layer.name, of, size, limit: deepest, path: [] });
  }
  return layer;
};

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
