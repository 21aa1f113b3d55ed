import { vmap } from "../autodiff/index.ts";
import { constant } from "../ir/build.ts";
import type { Expr, Program } from "../ir/expr.ts";
import { type KeyExpr, randomBits } from "../ir/ops/random.ts";
import { index } from "../ir/ops/structural.ts";
import { type Exprs, mapExprs } from "../ir/trees.ts";
import { key as keyOf } from "../tensor/key.ts";
import { open } from "./apply.ts";
import type { AnyLayer, Context, Symbolic } from "./layer.ts";
import type { ParamsOf, StateOf } from "./types/chain.ts";

/** How a layer is applied to a batch. */
export interface BatchContext extends Partial<Pick<Context, "mode">> {
  /** The name of the batch axis, for layers that look across examples. Defaults to "batch". */
  readonly axis?: string;
  /** The key from which each example gets its own. Defaults to a fixed key, for layers that draw nothing. */
  readonly key?: KeyExpr;
}

/**
 * Applies a function of one example and a key to a batch, with a key of its own for each example. The state that it
 * returns must be the same for each example, and is returned once.
 */
export const overBatch = (
  one: (x: Expr, key: KeyExpr) => readonly [y: Expr, state: unknown],
  xs: Expr,
  key: KeyExpr,
  options: { readonly axis: string; readonly inspect?: (program: Program) => void },
): readonly [ys: Expr, state: Exprs] => {
  const [ys, states] = vmap(one, options)(xs, randomBits(key, [xs.shape[0] ?? 1, 2]));
  return [ys, mapExprs((leaf) => index(leaf, 0), states)];
};

/**
 * Applies a layer to a batch of examples, in place of `vmap` with keys and a named axis: `[ys, next state]`.
 *
 * **Shapes** for a layer `[...i] → [...o]`: `xs: [batch, ...i] → ys: [batch, ...o]`.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, dense, type Expr, initializers, key, tensor } from "fluxion";
 * import { applyToBatch, type Symbolic } from "fluxion/nn";
 *
 * const layer = dense(2, 1, { weightInit: initializers.constant(2), biasInit: initializers.constant(5) });
 * const { params } = layer.init(key(0));
 * const f = (p: Symbolic<typeof params>, xs: Expr<readonly [2, 2]>) => applyToBatch(layer, p, undefined, xs)[0];
 * const xs = tensor([[1, 2], [3, 4]]);
 * const run = Effect.runSync(Effect.provide(compile(f, [params, xs]), Backend.layerReference));
 * run(params, xs).toArray() // => [[11], [19]]
 * ```
 */
export const applyToBatch = <L extends AnyLayer>(
  layer: L,
  params: Symbolic<ParamsOf<L>>,
  state: Symbolic<StateOf<L>>,
  xs: Expr,
  { mode = "eval", key = constant(keyOf(0)), axis = "batch" }: BatchContext = {},
): readonly [ys: Expr, state: Symbolic<StateOf<L>>] => {
  const [ys, next] = overBatch(
    (x, own) => open(layer).apply(params, state, x, { mode, key: own, axis }),
    xs,
    key,
    { axis },
  );
  // The layer returns a state of the type that it takes.
  return [ys, next as Symbolic<StateOf<L>>];
};
