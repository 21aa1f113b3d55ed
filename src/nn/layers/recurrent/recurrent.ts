import { passedOn } from "../../../tensor/validate.ts";
import type { Activation, Layer } from "../../layer.ts";
import {
  type CellOf,
  type CellOptions,
  gruCell,
  type LstmOptions,
  lstmCell,
  rnnCell,
} from "./cells.ts";
import {
  type RecurrenceOptions,
  type RecurrentParams,
  type Run,
  stacked,
  type Width,
} from "./stacked.ts";

/** Recurrent layers: stacks of cells that run along time, in one direction or both. */

/** The width of one direction's outputs, then of all, and below it their whole shape. */
type Out<H extends number, O> = O extends { readonly projSize: infer P extends number } ? P : H;
type Given<H extends number, O> = O extends { readonly output: "last" }
  ? readonly [Width<Out<H, O>, O>]
  : O extends { readonly output: "all" | "last" }
    ? readonly number[]
    : readonly [number, Width<Out<H, O>, O>];

/** A recurrent layer whose `run` also takes initial carries and returns the final ones. */
export interface RecurrentLayer<I extends number, H extends number, O>
  extends Layer<readonly [number, I], Given<H, O>, RecurrentParams, undefined> {
  readonly run: Run;
}

/**
 * Runs a cell along the time axis of a sequence.
 *
 * **Shapes** `x: [time, inputs] → y: [time, outputs]`, where a cell's outputs are its hidden units, or the projection of an
 * LSTM of `projSize`; `2·outputs` if bidirectional; without the time axis for
 * `output: "last"`. Under `context.mask` padded time steps leave the carry unchanged, so that padding does not change
 * the result.
 * **Fails with** `InvalidArgument`, thrown, where a size is not a positive whole number or dropout not a
 * probability below 1; when compiled, with the layer's path, `EmptySequence` where a sequence is empty, and
 * `ShapeMismatch` where a mask has another length.
 *
 * **Example**
 * ```ts
 * import { dense, lstm, sequential } from "fluxion";
 * import { summary } from "fluxion/nn";
 *
 * const classifier = sequential(lstm(3, 8, { layers: 2, output: "last" }), dense(8, 2));
 * summary(classifier, [20, 3]).map((row) => row.params); // => [1010, 992, 18]
 * ```
 */
export const recurrent = <
  const I extends number,
  const H extends number,
  const O extends RecurrenceOptions,
>(
  cellOf: CellOf,
  inputs: I,
  hidden: H,
  options: O,
): RecurrentLayer<I, H, O> =>
  // `Given` declares what the options do to shapes; the type tests check it.
  stacked<readonly [number, I], Given<H, O>>(cellOf, inputs, hidden, options, `[time, ${inputs}]`);

/**
 * A simple (Elman) recurrent layer: {@link recurrent} of {@link rnnCell}. **Shapes** and **Fails with** as {@link
 * recurrent}.
 */
export const rnn = <
  const I extends number,
  const H extends number,
  const O extends RecurrenceOptions & CellOptions & { readonly activation?: Activation } = object,
>(
  inputs: I,
  hidden: H,
  options?: O,
): RecurrentLayer<I, H, O> =>
  passedOn("rnn", () =>
    recurrent((i, h) => rnnCell(i, h, options), inputs, hidden, options ?? ({} as O)),
  );

/**
 * A long short-term memory (LSTM) layer: {@link recurrent} of {@link lstmCell}. **Shapes** and **Fails with** as {@link
 * recurrent}.
 */
export const lstm = <
  const I extends number,
  const H extends number,
  const O extends RecurrenceOptions & LstmOptions = object,
>(
  inputs: I,
  hidden: H,
  options?: O,
): RecurrentLayer<I, H, O> =>
  passedOn("lstm", () =>
    recurrent((i, h) => lstmCell(i, h, options), inputs, hidden, options ?? ({} as O)),
  );

/**
 * A gated recurrent unit (GRU) layer: {@link recurrent} of {@link gruCell}. **Shapes** and **Fails with** as {@link
 * recurrent}.
 */
export const gru = <
  const I extends number,
  const H extends number,
  const O extends RecurrenceOptions & CellOptions = object,
>(
  inputs: I,
  hidden: H,
  options?: O,
): RecurrentLayer<I, H, O> =>
  passedOn("gru", () =>
    recurrent((i, h) => gruCell(i, h, options), inputs, hidden, options ?? ({} as O)),
  );
