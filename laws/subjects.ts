import * as fc from "fast-check";
import { issuesOf } from "../src/backend/check.ts";
import { CompileError } from "../src/errors.ts";
import { derive } from "../src/interpreter/derive.ts";
import { constant } from "../src/ir/build.ts";
import { Expr } from "../src/ir/expr.ts";
import { broadcastTo } from "../src/ir/ops/promote.ts";
import { open } from "../src/nn/apply.ts";
import type { Composable, Context } from "../src/nn/layer.ts";
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
const sound = (f: SymbolicFunction): SymbolicFunction => {
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
): SymbolicFunction => {
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
): SymbolicFunction => {
  const { name, params, state, apply } = opened(layer);
  const keys = tensors([2], fc.integer(), "i32");
  return sound({
    name: `${name}, ${mode}`,
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
