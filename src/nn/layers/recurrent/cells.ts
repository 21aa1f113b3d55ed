import type { Expr } from "../../../ir/expr.ts";
import { dot } from "../../../ir/ops/contraction.ts";
import { add, logistic, mul, sub, tanh } from "../../../ir/ops/elementwise.ts";
import { fill } from "../../../ir/ops/indexing.ts";
import { sliceAxis } from "../../../ir/ops/structural.ts";
import { type Key, split } from "../../../tensor/key.ts";
import { type ListOf, listOf } from "../../../tensor/list.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { wholeTo } from "../../../tensor/validate.ts";
import { affine, requireSizes } from "../../functional/affine.ts";
import { fanInUniform, type Initializer } from "../../initializers.ts";
import type { Activation, Symbolic } from "../../layer.ts";

/**
 * Recurrent cells: one time step of a recurrence. `project` computes the part that depends on the input alone, so that a
 * layer can project the whole sequence in one product before its loop.
 */

/** The params of a cell, with its gates concatenated: PyTorch's matrices, transposed. */
export interface CellParams {
  readonly inputWeight: Tensor;
  readonly hiddenWeight: Tensor;
  readonly inputBias?: Tensor;
  readonly hiddenBias?: Tensor;
  /** What makes outputs of the hidden units, `[hidden, projSize]`, where the cell has a projection. */
  readonly projection?: Tensor;
}

/** Options of a recurrent cell: whether it has biases, and how its weights begin. */
export interface CellOptions {
  /** Whether the cell has biases. Defaults to `true`. */
  readonly bias?: boolean;
  /** How the input weights begin. Defaults to uniform over ±1/√hidden. */
  readonly weightInit?: Initializer;
  /** How the recurrent weights begin. Defaults to uniform over ±1/√hidden. */
  readonly recurrentInit?: Initializer;
}

/** Options of an LSTM cell. */
export interface LstmOptions extends CellOptions {
  /** The width of the outputs, a projection of the hidden units; less than their number. Defaults to no projection. */
  readonly projSize?: number;
}

/** The carry of a cell: a list of vectors. The first is the output, `[outputs]`, the others are `[hidden]`. */
export type Carry = readonly [output: Expr, ...memories: Expr[]];

/** One time step of a recurrence. */
export interface Cell {
  readonly name: string;
  readonly inputs: number;
  readonly hidden: number;
  /** The width of the output: `hidden`, or that of its projection. */
  readonly outputs: number;
  /** The number of carried vectors: 1, or 2 with a memory cell. */
  readonly carries: number;
  /** The carry before the first step: zeros. `projected` are the inputs of all time steps, as `project` gives them. */
  readonly start: (projected: Expr) => Carry;
  readonly init: (key: Key) => CellParams;
  /** The affine map of the inputs, for all time steps at once. **Shapes** `x: [...s, inputs] → [...s, gates·hidden]`. */
  readonly project: (params: Symbolic<CellParams>, x: Expr) => Expr;
  readonly step: (params: Symbolic<CellParams>, carry: Carry, projected: Expr) => Carry;
}

/** A constructor of cells, such as {@link gruCell}. */
export type CellOf = (inputs: number, hidden: number) => Cell;

/** Computes the next carry from the projected input, the projected output, and the carry. */
type Gating = (input: Expr, hidden: Expr, carry: Carry) => Carry;

const cell = (
  name: string,
  { inputs, hidden }: { readonly inputs: number; readonly hidden: number },
  { gates, carries }: { readonly gates: number; readonly carries: number },
  options: LstmOptions,
  gating: Gating,
): Cell => {
  const { bias = true, weightInit = fanInUniform, recurrentInit = fanInUniform } = options;
  const { projSize } = options;
  requireSizes(name, { inputs, hidden });
  wholeTo(1, hidden - 1)(name, { projSize });
  const outputs = projSize ?? hidden;
  const fan = { in: hidden, out: gates * hidden };
  return {
    name,
    inputs,
    hidden,
    outputs,
    carries,
    start: ({ dtype }) => [
      fill([outputs], 0, dtype),
      ...Array.from({ length: carries - 1 }, () => fill([hidden], 0, dtype)),
    ],
    init: (key) => {
      const keys: readonly Key[] = split(key, projSize === undefined ? 4 : 5);
      const [forInput, forHidden, forInputBias, forHiddenBias, forOutput = key] = keys as ListOf<
        4,
        Key
      >;
      const weights = {
        inputWeight: weightInit(forInput, [inputs, gates * hidden], fan),
        hiddenWeight: recurrentInit(forHidden, [outputs, gates * hidden], fan),
        ...(projSize && { projection: recurrentInit(forOutput, [hidden, projSize], fan) }),
      };
      if (!bias) return weights;
      const offset = (own: Key) => fanInUniform(own, [gates * hidden], fan);
      return { ...weights, inputBias: offset(forInputBias), hiddenBias: offset(forHiddenBias) };
    },
    project: ({ inputWeight, inputBias }, x) =>
      affine({ weight: inputWeight, ...(inputBias && { bias: inputBias }) }, x),
    step: ({ hiddenWeight, hiddenBias, projection }, carry, projected) => {
      const [output, ...memories] = gating(
        projected,
        affine({ weight: hiddenWeight, ...(hiddenBias && { bias: hiddenBias }) }, carry[0]),
        carry,
      );
      return [projection ? dot(output, projection, [[0], [0]]) : output, ...memories];
    },
  };
};

/** Splits a vector, or the channels of an image, into its `gates` gates. */
export const gatesOf = <const N extends number>(x: Expr, gates: N): ListOf<N, Expr> => {
  const size = (x.shape.at(-1) ?? 0) / gates;
  return listOf(gates, (i) => sliceAxis(x, -1, i * size, (i + 1) * size));
};

/**
 * The cell of a simple (Elman) recurrent network.
 *
 * **Shapes** `x: [inputs]`, carry `h: [hidden]`.
 * **Math** `h' = tanh(xW + b + hU + c)`.
 * **Fails with** `InvalidArgument`, thrown, where a size is not a positive whole number.
 * **Source** Elman, "Finding Structure in Time" (1990).
 */
export const rnnCell = (
  inputs: number,
  hidden: number,
  { activation = tanh, ...options }: CellOptions & { readonly activation?: Activation } = {},
): Cell =>
  cell("rnn", { inputs, hidden }, { gates: 1, carries: 1 }, options, (x, h) => [
    activation(add(x, h)),
  ]);

/**
 * The long short-term memory (LSTM) cell: gates control what a memory keeps, takes in and gives out.
 *
 * **Shapes** `x: [inputs]`, carry `h: [hidden]`, or `[projSize]`, and `c: [hidden]`; params in the order i, f, g, o.
 * **Math** with `z = xW + b + hU + b'`: `c' = σ(z_f) c + σ(z_i) tanh(z_g)`, `h' = σ(z_o) tanh(c')`; with a projection
 * `h' = (σ(z_o) tanh(c')) V`.
 * **Fails with** as {@link rnnCell}; `InvalidArgument`, thrown, where `projSize` is not from 1 to `hidden - 1`.
 * **Source** Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997); the forget gate: Gers,
 * Schmidhuber and Cummins, "Learning to Forget" (2000); the projection: Sak, Senior and Beaufays (2014),
 * arXiv:1402.1128.
 */
export const lstmCell = (inputs: number, hidden: number, options: LstmOptions = {}): Cell =>
  cell("lstm", { inputs, hidden }, { gates: 4, carries: 2 }, options, (x, h, [, memory = h]) => {
    const [i, f, g, o] = gatesOf(add(x, h), 4);
    const kept = mul(logistic(f), memory);
    const next = add(kept, mul(logistic(i), tanh(g)));
    return [mul(logistic(o), tanh(next)), next];
  });

/**
 * The gated recurrent unit (GRU) cell: a gate mixes the last output with a candidate.
 *
 * **Shapes** `x: [inputs]`, carry `h: [hidden]`; params in the order r, z, n.
 * **Math** `r = σ(x_r + h_r)`, `z = σ(x_z + h_z)`, `n = tanh(x_n + r h_n)`, `h' = (1 - z) n + z h`, where
 * `x_· = xW + b` and `h_· = hU + b'`.
 * **Fails with** as {@link rnnCell}.
 * **Source** Cho et al. (2014), arXiv:1406.1078, with the reset gate after the product, as in PyTorch.
 */
export const gruCell = (inputs: number, hidden: number, options: CellOptions = {}): Cell =>
  cell("gru", { inputs, hidden }, { gates: 3, carries: 1 }, options, (x, h, carry) => {
    const [xr, xz, xn] = gatesOf(x, 3);
    const [hr, hz, hn] = gatesOf(h, 3);
    const z = logistic(add(xz, hz));
    const candidate = tanh(add(xn, mul(logistic(add(xr, hr)), hn)));
    // n + z (h - n) with one product fewer.
    return [add(candidate, mul(z, sub(carry[0], candidate)))];
  });
