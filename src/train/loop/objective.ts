import type { Exprs, ReverseMode } from "../../autodiff/index.ts";
import { vmap } from "../../autodiff/index.ts";
import type { Augmentation } from "../../data/augmentation/example.ts";
import type { Expr } from "../../ir/expr.ts";
import { onesLike, zerosLike } from "../../ir/ops/indexing.ts";
import { foldInKey, type KeyExpr, randomBits } from "../../ir/ops/random.ts";
import { index } from "../../ir/ops/structural.ts";
import { flattenExprs, mapExprs, traceTree, treeOf } from "../../ir/trees.ts";
import type { OpenLayer } from "../../nn/layer.ts";
import { average } from "../../nn/losses/reduction.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { type Tree, unflatten } from "../../tree.ts";

/** The two columns of a supervised step: the input of the model and the wanted output. */
export interface Pair<V> {
  readonly input: V;
  readonly target: V;
}

/** The model and the per-example loss to minimize. */
export interface Objective {
  readonly model: OpenLayer;
  readonly loss: (output: Expr, target: Expr) => Expr;
  /** A random change of inputs during training. */
  readonly augment: Augmentation | undefined;
}

/** The result of applying a model and its loss to a batch. */
export interface Outcome {
  /** The mean loss over the examples. */
  readonly loss: Expr;
  readonly outputs: Expr;
  readonly layerState: Exprs;
}

/** The name of the batch axis, along which layers see the other examples. */
export const axis = "batch";

/** Separates the key of the augmentation from the keys of the model. */
const augmenting = -1;

/** Applies the model and its loss to a batch, with a separate key per example. */
export const outcome = (
  { model, loss, augment }: Objective,
  mode: "train" | "eval",
  params: unknown,
  layerState: unknown,
  batch: Pair<Expr>,
  key: KeyExpr,
): Outcome => {
  const one = (input: Expr, target: Expr, own: KeyExpr) => {
    const seen =
      augment === undefined || mode === "eval" ? input : augment(input, foldInKey(own, augmenting));
    const [output, next] = model.apply(params, layerState, seen, { mode, key: own, axis });
    return [loss(output, target), output, next] as const;
  };
  const size = batch.input.shape[0] ?? 1;
  const keys = randomBits(key, [size, 2]);
  const [losses, outputs, states] = vmap(one, { axis })(batch.input, batch.target, keys);
  return {
    loss: average(losses),
    outputs,
    // Layer state is the same for each example, since layers compute it across the batch.
    layerState: mapExprs((leaf) => index(leaf, 0), states),
  };
};

/**
 * Computes an outcome, the gradient of its loss with respect to the params, and for each leaf of the params whether the
 * gradient reaches it. It does not reach frozen params; their gradient is zeros.
 */
export const outcomeAndGradient = (
  { vjp }: ReverseMode["Service"],
  f: (params: Exprs) => Outcome,
  params: Exprs,
): readonly [Outcome, gradient: Exprs, reached: Tree<boolean>] => {
  const inputs = flattenExprs(params);
  // The loss comes first: it alone has a cotangent. The other outputs are auxiliary.
  const { program, captured, output } = traceTree((p: Exprs) => {
    const made = f(p);
    return [made.loss, made] as const;
  }, inputs);
  const constants = captured.map(() => false);
  const primals = [...captured, ...inputs.leaves];
  const made = vjp(program, primals, [...constants, ...inputs.leaves.map((x) => isFloat(x.dtype))]);
  const seeds = made.outputs.map((y, i) => (i === 0 ? onesLike(y) : undefined));
  const gradient = made.pullback(seeds).slice(captured.length);
  const [, result] = treeOf(output, made.outputs);
  return [
    result,
    unflatten(
      inputs.shape,
      inputs.leaves.map((x, i) => gradient[i] ?? zerosLike(x)),
    ),
    unflatten(
      inputs.shape,
      inputs.leaves.map((_, i) => gradient[i] !== undefined),
    ),
  ];
};
