import { vmap } from "../../../autodiff/index.ts";
import type { Expr } from "../../../ir/expr.ts";
import { add, mul, tanh } from "../../../ir/ops/elementwise.ts";
import { fill } from "../../../ir/ops/indexing.ts";
import { split } from "../../../tensor/key.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import { passedOn } from "../../../tensor/validate.ts";
import { sigmoid } from "../../functional/activation.ts";
import { requireSizes } from "../../functional/affine.ts";
import { conv } from "../../functional/conv.ts";
import {
  exampleOf,
  exampleShape,
  type Grid,
  type Padding,
  type PerAxis,
  perAxis,
  type Rank,
  requireSliding,
} from "../../functional/geometry.ts";
import { glorotUniform, type Initializer, orthogonal } from "../../initializers.ts";
import type { Activation } from "../../layer.ts";
import { type Cell, gatesOf } from "./cells.ts";
import { type RecurrenceOptions, type Running, stacked, type Width } from "./stacked.ts";

/** Options of a convolutional LSTM: its windows, its gates, and those of any recurrent layer. */
export interface ConvLstmOptions extends RecurrenceOptions {
  /** The step of the windows over the input. Defaults to 1. */
  readonly stride?: PerAxis;
  /** The padding around the input. Defaults to `"valid"`. */
  readonly padding?: Padding;
  /** The step between the elements of a window over the input. Defaults to 1. */
  readonly dilation?: PerAxis;
  /** Whether the cell has a bias. Defaults to `true`. */
  readonly bias?: boolean;
  /** Whether the bias of the forget gate begins as 1 and not as 0. Defaults to `true`. */
  readonly unitForgetBias?: boolean;
  /** What bounds candidates and outputs. Defaults to `tanh`. */
  readonly activation?: Activation;
  /** What the gates are. Defaults to `sigmoid`. */
  readonly recurrentActivation?: Activation;
  /** How the input kernel begins. Defaults to `glorotUniform`. */
  readonly weightInit?: Initializer;
  /** How the recurrent kernel begins. Defaults to `orthogonal()`. */
  readonly recurrentInit?: Initializer;
}

/** The LSTM cell whose products are convolutions; carries are `[...n, filters]`. */
const convLstmCell = (
  op: string,
  rank: Rank,
  inputs: number,
  hidden: number,
  size: PerAxis,
  options: ConvLstmOptions,
): Cell => {
  const { bias = true, unitForgetBias = true, activation = tanh } = options;
  const { recurrentActivation: gate = sigmoid, weightInit = glorotUniform } = options;
  const { recurrentInit = orthogonal() } = options;
  requireSizes(op, { inputs, hidden });
  requireSliding(op, rank, size, options);
  const window = perAxis(op, "size", size, rank);
  return {
    name: op,
    inputs,
    hidden,
    outputs: hidden,
    carries: 2,
    start: ({ shape, dtype }) => {
      const zeros = fill([...shape.slice(1, -1), hidden], 0, dtype);
      return [zeros, zeros];
    },
    init: (key) => {
      const [forInput, forHidden] = split(key, 2);
      const one = sizeOf(window);
      const fan = { in: one * inputs, out: one * 4 * hidden };
      const isForget = (i: number): boolean => Math.floor(i / hidden) === 1;
      const begun = Float32Array.from({ length: 4 * hidden }, (_, i) =>
        unitForgetBias && isForget(i) ? 1 : 0,
      );
      return {
        inputWeight: weightInit(forInput, [...window, inputs, 4 * hidden], fan),
        hiddenWeight: recurrentInit(forHidden, [...window, hidden, 4 * hidden]),
        ...(bias && { inputBias: Tensor.own([4 * hidden], "f32", begun) }),
      };
    },
    project: ({ inputWeight, inputBias }, x) =>
      vmap((frame: Expr) => {
        const y = conv(exampleOf(frame, rank, inputs), inputWeight, options);
        return inputBias === undefined ? y : add(y, inputBias);
      })(x),
    step: ({ hiddenWeight }, [h, memory = h], projected) => {
      const [i, f, g, o] = gatesOf(add(projected, conv(h, hiddenWeight, { padding: "same" })), 4);
      const next: Expr = add(mul(gate(f), memory), mul(gate(i), activation(g)));
      return [mul(gate(o), activation(next)), next];
    },
  };
};

type Sequence<R extends Rank, C extends number> = readonly [number, ...Grid<R, C>];
type Given<R extends Rank, F extends number, O> = O extends { readonly output: "last" }
  ? Grid<R, Width<F, O>>
  : O extends { readonly output: "all" | "last" }
    ? readonly number[]
    : Sequence<R, Width<F, O>>;

/** The type of a constructor of convolutional LSTMs over sequences of lines, images or volumes. */
export type ConvLstm<R extends Rank> = <
  const I extends number,
  const F extends number,
  const O extends ConvLstmOptions = object,
>(
  inputs: I,
  filters: F,
  size: PerAxis,
  options?: O,
) => Running<Sequence<R, I>, Given<R, F, O>>;

const convLstm =
  <R extends Rank>(op: string, rank: R): ConvLstm<R> =>
  (inputs, filters, size, given) => {
    const options: ConvLstmOptions = given ?? {};
    const sequence = exampleShape(rank, inputs).replace("[", "[time, ");
    const takes = `${sequence} with room for ${[size].flat().join("×")}`;
    // `Given` declares what the options do to shapes; the type tests check it.
    return passedOn(
      op,
      () =>
        stacked(
          (i, f) => convLstmCell(op, rank, i, f, size, options),
          inputs,
          filters,
          options,
          takes,
        ),
      { hidden: "filters" },
    );
  };

/**
 * A convolutional LSTM over sequences of lines: {@link convLstm2d} along one axis.
 *
 * **Shapes** `x: [time, n, inputs] → y: [time, m, filters]`. **Fails with** as {@link convLstm2d}.
 */
export const convLstm1d: ConvLstm<1> = convLstm("convLstm1d", 1);

/**
 * A convolutional LSTM over sequences of images: an {@link lstm} whose hidden units are images, and whose products are
 * convolutions.
 *
 * **Shapes** `x: [time, h, w, inputs] → y: [time, h′, w′, filters]`, one example, where windows of `size` slide over each
 * image as in a convolution; those over the hidden units have padding `"same"`. `2·filters` if bidirectional; without the
 * time axis for `output: "last"`. Params in the order i, f, g, o: `inputWeight: [...size, inputs, 4·filters]`,
 * `hiddenWeight: [...size, filters, 4·filters]`, `inputBias: [4·filters]`.
 * **Math** with `z = x ∗ W + b + h ∗ U`: `c' = σ(z_f) c + σ(z_i) tanh(z_g)`, `h' = σ(z_o) tanh(c')`, as in Keras: without
 * the paper's products with the memory inside the gates. Keras 2 has `hardSigmoid` in place of σ.
 * **Fails with** `InvalidArgument`, thrown, where a size or an option is invalid; when compiled, with the layer's path,
 * `EmptySequence` where a sequence is empty, and `ShapeMismatch` where a window is larger than the padded image.
 * **Source** Shi et al. (2015), arXiv:1506.04214, equation 3.
 *
 * @example
 * ```ts
 * import { convLstm2d, summary } from "fluxion/nn";
 * const radar = convLstm2d(1, 8, 3, { padding: "same", output: "last" });
 * summary(radar, [10, 32, 32, 1])[0] // => { name: "convLstm2d 1 → 8", depth: 0, input: [10, 32, 32, 1], output: [32, 32, 8], params: 2624 }
 * ```
 */
export const convLstm2d: ConvLstm<2> = convLstm("convLstm2d", 2);

/**
 * A convolutional LSTM over sequences of volumes: {@link convLstm2d} along three axes.
 *
 * **Shapes** `x: [time, d, h, w, inputs] → y: [time, d′, h′, w′, filters]`. **Fails with** as {@link convLstm2d}.
 */
export const convLstm3d: ConvLstm<3> = convLstm("convLstm3d", 3);
