import { SizeLimit } from "../errors.ts";
import { constant, parameter } from "../ir/build.ts";
import { Expr } from "../ir/expr.ts";
import { scoped } from "../ir/trace.ts";
import { asOne } from "../ir/types/diagnose.ts";
import { type Key, key as keyOf } from "../tensor/key.ts";
import type { Shape } from "../tensor/shape.ts";
import { flatten, unflatten } from "../tree.ts";
import type {
  Activation,
  AnyLayer,
  Composable,
  Context,
  Layer,
  OpenLayer,
  SameLayer,
  Symbolic,
} from "./layer.ts";

/** The context of evaluation, without randomness. */
export const still: Context = { mode: "eval", key: constant(keyOf(0)), axis: "batch" };

/** The expressions among the leaves of a tree. */
export const exprsOf = (tree: unknown): readonly Expr[] =>
  flatten(tree).leaves.filter((leaf): leaf is Expr => leaf instanceof Expr);

/** The `init` of a layer without params. */
export const noParams = (): undefined => undefined;

/** Reports an input that a layer does not take as the layer's, once, whichever of its operations does not fit. */
export const takingInput = <Y>(
  name: string,
  takes: string,
  x: Expr,
  { mask }: Context,
  f: () => Y,
): Y => {
  const op = name.split(" ")[0] as string;
  return mask === undefined
    ? asOne(op, takes, [x], f)
    : asOne(op, `${takes} and a mask [${x.shape[0] ?? "time"}]`, [x, mask], f);
};

/**
 * Builds a layer without state from a function of untyped expressions. The declared type of the layer gives its shapes;
 * the type rules of the program, the type tests and the law suite check them. `takes` says the shape of its input, for
 * {@link takingInput}; if missing, errors name the parts of the layer.
 */
export const stateless = <I extends Shape, O extends Shape, P>(
  name: string,
  init: (key: Key) => NoInfer<P>,
  f: (params: Symbolic<NoInfer<P>>, x: Expr, context: Context) => Expr,
  takes?: string,
): Layer<I, O, P, undefined> => ({
  name,
  init: (key) => ({ params: init(key), state: undefined }),
  apply: (params, state, x, context) => {
    const y = () => f(params, x, context);
    return [
      (takes === undefined ? y() : takingInput(name, takes, x, context, y)) as Expr<O>,
      state,
    ];
  },
});

/** Builds a layer without state that keeps the shape of its input: {@link stateless} for any shape. */
export const shapeKeeping = <P>(
  name: string,
  init: (key: Key) => NoInfer<P>,
  f: (params: Symbolic<NoInfer<P>>, x: Expr, context: Context) => Expr,
  takes?: string,
): SameLayer<P, undefined> => {
  const { apply, ...rest } = stateless<Shape, Shape, P>(name, init, f, takes);
  return {
    ...rest,
    apply: (params, state, x, context) => {
      const [y, next] = apply(params, state, x, context);
      return [y as typeof x, next];
    },
  };
};

/**
 * Wraps a shape-preserving function as a layer without params. Combinators accept the function itself; use this where
 * a layer is required, or to give it another name.
 */
export const activation = (f: Activation, name = nameOf(f)): SameLayer<undefined, undefined> => ({
  name,
  init: () => ({ params: undefined, state: undefined }),
  apply: (_, state, x) => [f(x), state],
});

/** The function's own name, or the name of its last primitive. */
const nameOf = (f: Activation): string =>
  f.name === "" ? f(parameter({ shape: [1], dtype: "f32" })).node.primitive : f.name;

/** The maximum depth of nested layers: each calls the one inside it, and the call stack is finite. */
const deepest = 512;

const depths = new WeakMap<OpenLayer, number>();

/** The depth of nesting of a layer: 1 if it has no children. */
const depthOf = (layer: OpenLayer): number => {
  const children = layer.parts?.children ?? [];
  const depth =
    depths.get(layer) ??
    1 + children.reduce((n, child) => Math.max(n, depthOf(child as OpenLayer)), 0);
  depths.set(layer, depth);
  return depth;
};

/**
 * Drops the static types of a layer, as described at {@link OpenLayer}.
 *
 * **Fails with** `SizeLimit`, thrown, where layers are nested too deep.
 */
export const open = (given: Composable): OpenLayer => {
  const layer = (typeof given === "function" ? activation(given) : given) as AnyLayer as OpenLayer;
  const size = depthOf(layer);
  if (size > deepest) {
    const of = "nested layers";
    throw new SizeLimit({ op: layer.name, of, size, limit: deepest, path: [] });
  }
  return layer;
};

/**
 * Declares the static type of a layer made of open ones: the way back from {@link open}. A combinator says in its
 * signature what it does to types; the type tests and the law suite of layers check that it does.
 */
export const declared = <L>(layer: AnyLayer): L => layer as L;

/**
 * Applies a layer under a name: every node that it makes has the name in its path, so that error messages say where a
 * mistake is.
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

/** Applies a stateless layer without its static types. */
export const through = (layer: AnyLayer, params: unknown, x: Expr, context: Context): Expr =>
  open(layer).apply(params, undefined, x, context)[0];
