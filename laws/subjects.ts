import * as fc from "fast-check";
import { issuesOf } from "../src/backend/check.ts";
import { CompileError } from "../src/errors.ts";
import { derive } from "../src/interpreter/derive.ts";
import { constant, parameter } from "../src/ir/build.ts";
import { Expr } from "../src/ir/expr.ts";
import { broadcastTo } from "../src/ir/ops/promote.ts";
import { open } from "../src/nn/apply.ts";
import type { Composable, Context, OpenLayer } from "../src/nn/layer.ts";
import { isFloat } from "../src/tensor/dtype.ts";
import { key } from "../src/tensor/key.ts";
import type { Shape } from "../src/tensor/shape.ts";
import { Tensor } from "../src/tensor/tensor.ts";
import { flatten, type TreeShape, unflatten } from "../src/tree.ts";
import { type Domain, tensors, unkinked } from "./domain.ts";
import { programOf, type SymbolicFunction, typesOf } from "./symbolic.ts";

/** A function of one or several expressions, as users write it. */
export type UserFunction = (...xs: never[]) => Expr;

/** Returns the function if it fits its operands; throws all its issues otherwise. */
const sound = <F extends SymbolicFunction>(f: F): F => {
  const causes = issuesOf(programOf(typesOf(f), f.apply));
  if (causes.length > 0) throw new CompileError({ causes });
  return f;
};

/**
 * Makes a subject of the laws from a function of expressions, in f64.
 *
 * **Fails with** `CompileError`, thrown if the function does not take these shapes.
 */
export const functionFrom = (
  f: UserFunction,
  shapes: readonly Shape[],
  elements: fc.Arbitrary<number> = unkinked,
): SymbolicFunction =>
  sound({
    name: f.name === "" ? "the function" : f.name,
    operands: shapes.map((shape) => tensors(shape, elements)),
    // The shapes are those that the caller says the function takes.
    apply: (xs) => [f(...(xs as readonly Expr[] as never[]))],
  });

const tensorsOf = (
  tree: unknown,
): { readonly leaves: readonly Tensor[]; readonly shape: TreeShape } => {
  const { leaves, shape } = flatten(tree);
  return { leaves: leaves.filter((leaf) => leaf instanceof Tensor), shape };
};

const double = (x: Tensor): Tensor => (isFloat(x.dtype) ? x.cast("f64") : x);

/** Domains of a layer's params and state: what `init` returns for different keys. */
const initialDomains = (init: (seed: number) => unknown): readonly Domain[] => {
  const first = tensorsOf(init(0)).leaves.map(double);
  return first.map(({ shape, dtype }, i) => ({
    type: { shape, dtype },
    values: fc.nat(1000).map((seed) => double(tensorsOf(init(seed)).leaves[i] as Tensor)),
  }));
};

/** A layer with its params and state as lists of leaves, in f64. */
export interface OpenedLayer {
  readonly name: string;
  readonly params: readonly Domain[];
  readonly state: readonly Domain[];
  /** Applies the layer to one example. Returns the output and the leaves of the next state. */
  readonly apply: (
    params: readonly Expr[],
    state: readonly Expr[],
    x: Expr,
    context: Context,
  ) => { readonly y: Expr; readonly next: readonly Expr[] };
}

export const opened = (layer: Composable, name?: string): OpenedLayer => {
  const { init, apply, name: own } = open(layer);
  const first = init(key(0));
  const [params, state] = [flatten(first.params).shape, flatten(first.state).shape];
  return {
    name: name ?? own,
    params: initialDomains((seed) => init(key(seed)).params),
    state: initialDomains((seed) => init(key(seed)).state),
    apply: (ps, ss, x, context) => {
      const [y, next] = apply(unflatten(params, ps), unflatten(state, ss), x, context);
      return { y, next: flatten(next).leaves.filter((leaf): leaf is Expr => leaf instanceof Expr) };
    },
  };
};

const still: Context["key"] = constant(key(0));

/** A layer inside another, and the shape of the examples that it is given there. */
export interface LayerWithin {
  readonly layer: Composable;
  readonly shape: Shape;
}

/** The layers directly inside a layer, with the examples that it gives them. */
export const layersWithin = (layer: Composable, shape: Shape): readonly LayerWithin[] => {
  const { children = [], rebuild } = open(layer).parts ?? {};
  const given: (Shape | undefined)[] = children.map(() => undefined);
  const probes = children.map((child, i) => {
    const { apply, ...rest } = open(child);
    const noting: OpenLayer["apply"] = (params, state, x, context) => {
      given[i] ??= x.shape;
      return apply(params, state, x, context);
    };
    return { ...rest, apply: noting };
  });
  if (rebuild === undefined) return [];
  const whole = rebuild(probes);
  const { params, state, apply } = opened(whole);
  const [p, s] = [params, state].map((all) => all.map(({ type }) => parameter(type)));
  apply(p as readonly Expr[], s as readonly Expr[], parameter({ shape, dtype: "f64" }), {
    ...{ mode: "train", key: still, axis: "batch" },
  });
  return children.flatMap((child, i) => {
    const own = given[i];
    return own === undefined ? [] : [{ layer: child, shape: own }];
  });
};

/** The function, where it can be made by itself: a layer may take what only the layer around it gives, such as indices. */
const takes = (make: () => LayerFunction): readonly LayerFunction[] => {
  try {
    return [make()];
  } catch (error) {
    if (error instanceof CompileError) return [];
    throw error;
  }
};

/** A layer as a function, and the layers inside it. */
export interface LayerFunction extends SymbolicFunction {
  readonly parts: () => readonly LayerFunction[];
}

/** The batch size of a layer under test: enough for statistics across examples. */
const examples = 2;

/**
 * A layer in training mode, as a function of a batch of examples and of its params. It starts from the initial state,
 * and draws random numbers from one key.
 *
 * **Fails with** `CompileError`, thrown, where the layer does not take examples of the shape.
 */
export const functionOfLayer = (
  layer: Composable,
  shape: Shape,
  elements: fc.Arbitrary<number> = unkinked,
  mode: Context["mode"] = "train",
): LayerFunction => {
  const { name, params, apply } = opened(layer);
  const state = tensorsOf(open(layer).init(key(0)).state).leaves.map(double);
  const types = [{ shape, dtype: "f64" }, ...params.map((p) => p.type)] as const;
  const one = programOf(types, ([x, ...ps]) => [
    apply(
      ps,
      state.map((s) => constant(s)),
      x as Expr,
      { mode, key: still, axis: "batch" },
    ).y,
  ]);
  return sound({
    name,
    parts: () =>
      layersWithin(layer, shape).flatMap((part) =>
        takes(() => functionOfLayer(part.layer, part.shape, elements, mode)),
      ),
    operands: [tensors([examples, ...shape], elements), ...params],
    apply: (xs) => {
      const flags = types.map((_, i) => i === 0);
      const made = derive.batch(one, xs, flags, { size: examples, name: "batch" });
      return made.outputs.map((y, i) =>
        made.batched[i] ? y : broadcastTo(y, [examples, ...y.shape]),
      );
    },
  });
};

/** A layer for one example, as a function of all it depends on, including its random key. */
export const exampleOfLayer = (
  layer: Composable,
  shape: Shape,
  mode: Context["mode"],
): LayerFunction => {
  const { name, params, state, apply } = opened(layer);
  const keys = tensors([2], fc.integer(), "i32");
  return sound({
    name: `${name}, ${mode}`,
    parts: () =>
      layersWithin(layer, shape).flatMap((part) =>
        takes(() => exampleOfLayer(part.layer, part.shape, mode)),
      ),
    operands: [tensors(shape, unkinked), keys, ...params, ...state],
    apply: ([x, k, ...rest]) => {
      const { y, next } = apply(
        rest.slice(0, params.length),
        rest.slice(params.length),
        x as Expr,
        // The second operand is a key: two words.
        { mode, key: k as Expr as Expr<readonly [2]>, axis: "batch" },
      );
      return [y, ...next];
    },
  });
};
