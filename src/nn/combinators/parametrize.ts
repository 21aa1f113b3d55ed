import type { Expr, TensorType } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { stopGradient, where } from "../../ir/ops/control.ts";
import { div, eq, mul } from "../../ir/ops/elementwise.ts";
import { reshape } from "../../ir/ops/structural.ts";
import { flattenTensors, mapExprs, type Symbolic } from "../../ir/trees.ts";
import { directionOf } from "../../linalg/scale.ts";
import { foldIn, normal } from "../../tensor/key.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { declared, open, within } from "../apply.ts";
import type { Composable, OpenLayer } from "../layer.ts";
import type { Chain, ParamsOf, Spanning, StateOf } from "../types/chain.ts";

/** Reparametrization: layers whose weights (params of two or more axes, outputs last) are computed from other params. */

type Reparameterized<L extends Composable, P, S> = Spanning<Chain<readonly [L]>, P, S>;

/** Reshapes a weight to a matrix, inputs by outputs. */
const matrixOf = (weight: Expr): Expr => {
  const outputs = weight.shape.at(-1) ?? 1;
  return reshape(weight, [sizeOf(weight.shape) / outputs, outputs]);
};

const isWeight = ({ shape }: TensorType): boolean => shape.length >= 2;

/** The Euclidean norm of each column of a weight, over all axes but the last. */
const lengths = (weight: Tensor): Tensor => {
  const outputs = weight.shape.at(-1) ?? 1;
  const total = new Float64Array(outputs);
  Tensor.read(weight).forEach((x, i) => {
    total[i % outputs] = (total[i % outputs] as number) + x * x;
  });
  return Tensor.own([outputs], "f64", total.map(Math.sqrt)).cast(weight.dtype);
};

/** The params of {@link weightNorm}: directions in the tree of the layer, and the column norms of each weight. */
export interface WeightNormParams<P> {
  readonly direction: P;
  readonly magnitude: readonly Tensor[];
}

/**
 * Weight normalization: learns the norm of the weights of each output separately from their direction.
 *
 * **Math** `W = g V/‖V‖`, column by column. `g` begins as `‖V‖`, so that the initial layer is unchanged. A column of zeros
 * stays zero.
 * **Source** Salimans and Kingma (2016), arXiv:1602.07868, equation 2.
 */
export const weightNorm = <const L extends Composable>(
  layer: L,
): Reparameterized<L, WeightNormParams<ParamsOf<L>>, StateOf<L>> =>
  declared(weightNormOpen(open(layer)));

const weightNormOpen = (inner: OpenLayer): OpenLayer => ({
  name: `weightNorm ${inner.name}`,
  init: (key) => {
    const { params, state } = inner.init(key);
    const weights = flattenTensors(params).leaves.filter(isWeight);
    return { params: { direction: params, magnitude: weights.map(lengths) }, state };
  },
  apply: (params, state, x, context) => {
    // Their types, as `init` makes them.
    const { direction, magnitude } = params as Symbolic<WeightNormParams<unknown>>;
    const own = magnitude.values();
    const weights = mapExprs((v) => {
      const { value: length } = isWeight(v) ? own.next() : { value: undefined };
      if (length === undefined) return v;
      return mul(reshape(directionOf(matrixOf(v), 0), v.shape), length);
    }, direction);
    return within(inner.name, inner, weights, state, x, context);
  },
  parts: { children: [inner], rebuild: ([child = inner]) => weightNormOpen(open(child)) },
});

/** The state of {@link spectralNorm}: that of the layer, and the estimated right singular vector of each weight. */
export interface SpectralNormState<S> {
  readonly inner: S;
  readonly directions: readonly Tensor[];
}

/**
 * Spectral normalization: divides each weight by an estimate of its largest singular value. Each training step runs one
 * iteration of the power method.
 *
 * **Math** `W = V/σ`, `u ← Vv/‖Vv‖`, `v ← Vᵀu/‖Vᵀu‖`, `σ = uᵀVv`; the gradient flows through V in σ, but not
 * through u and v.
 * **Source** Miyato et al. (2018), arXiv:1802.05957, algorithm 1.
 */
export const spectralNorm = <const L extends Composable>(
  layer: L,
): Reparameterized<L, ParamsOf<L>, SpectralNormState<StateOf<L>>> =>
  declared(spectralNormOpen(open(layer)));

const spectralNormOpen = (inner: OpenLayer): OpenLayer => ({
  name: `spectralNorm ${inner.name}`,
  init: (key) => {
    const { params, state } = inner.init(key);
    const weights = flattenTensors(params).leaves.filter(isWeight);
    const directions = weights.map((w, i) => normal(foldIn(key, i), [w.shape.at(-1) ?? 1]));
    return { params, state: { inner: state, directions } };
  },
  apply: (params, state, x, context) => {
    // Its type, as `init` makes it.
    const { inner: own, directions } = state as Symbolic<SpectralNormState<unknown>>;
    const still = context.mode === "eval" || context.frozen === true;
    const found = directions.values();
    const next: Expr[] = [];
    const normalized = mapExprs((weight) => {
      const { value } = isWeight(weight) ? found.next() : { value: undefined };
      if (value === undefined) return weight;
      const matrix = matrixOf(weight);
      const fixed = stopGradient(matrix);
      const given = directionOf(value);
      const left = directionOf(dot(fixed, given, [[1], [0]]));
      const right = still ? given : directionOf(dot(left, fixed, [[0], [0]]));
      next.push(stopGradient(right));
      const sigma = dot(dot(stopGradient(left), matrix, [[0], [0]]), stopGradient(right), [
        [0],
        [0],
      ]);
      // Weights that are all zero stay zero.
      const none = eq(sigma, 0);
      return div(weight, where(none, 1, sigma));
    }, params);
    const [y, after] = within(inner.name, inner, normalized, own, x, context);
    return [y, { inner: after, directions: still ? directions : next }];
  },
  parts: { children: [inner], rebuild: ([child = inner]) => spectralNormOpen(open(child)) },
});
