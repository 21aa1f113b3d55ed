import { scan } from "../../../autodiff/index.ts";
import type { Expr } from "../../../ir/expr.ts";
import { where } from "../../../ir/ops/control.ts";
import { fill } from "../../../ir/ops/indexing.ts";
import { foldInKey } from "../../../ir/ops/random.ts";
import { concatenate } from "../../../ir/ops/structural.ts";
import { split } from "../../../tensor/key.ts";
import { each, nth } from "../../../tensor/list.ts";
import { passedOn, share } from "../../../tensor/validate.ts";
import { stateless, still } from "../../apply.ts";
import { lastAxisOf, requireSizes } from "../../functional/affine.ts";
import { maskOf, nonEmpty, zeroPadding } from "../../functional/sequenceChecks.ts";
import type { Activation, Context, Layer, Symbolic } from "../../layer.ts";
import { dropout } from "../lambda.ts";
import {
  type Carry,
  type Cell,
  type CellOf,
  type CellOptions,
  type CellParams,
  gruCell,
  lstmCell,
  rnnCell,
} from "./cells.ts";

/** Recurrent layers: stacks of cells that run along time, in one direction or both. */

/** Options of a recurrent layer: its depth, directions, dropout and output. */
export interface RecurrenceOptions {
  /** The number of stacked recurrences. Defaults to 1. */
  readonly layers?: number;
  /** Whether to run forwards and backwards in time, and concatenate both outputs. Defaults to `false`. */
  readonly bidirectional?: boolean;
  /** Dropout rate between stacked recurrences. Defaults to 0. */
  readonly dropout?: number;
  /** Whether to return the outputs of all time steps, or only after the `"last"` real one. Defaults to `"all"`. */
  readonly output?: "all" | "last";
}

/** The params of each cell, by layer and direction. */
export type RecurrentParams = readonly (readonly CellParams[])[];

/** The carry of each cell, by layer and direction: a list of vectors. */
export type Carries = readonly (readonly Carry[])[];

/** The result of running a recurrence over a sequence. */
export interface Recurred {
  /** The outputs of the top layer at every time step. `[time, directions·hidden]`. */
  readonly outputs: Expr;
  /** The final carry of each cell; a backward cell ends at the first time step. */
  readonly last: Carries;
}

/**
 * Runs a recurrence over a sequence from given carries. `initial` defaults to zeros. Time steps where `mask` (bool
 * `[time]`) is false leave the carry unchanged. Without `context` nothing is dropped.
 */
export type Run = (
  params: Symbolic<RecurrentParams>,
  x: Expr,
  given?: { readonly initial?: Carries; readonly mask?: Expr; readonly context?: Context },
) => Recurred;

/** Runs one cell over a sequence, forwards or backwards in time. */
const over = (
  cell: Cell,
  params: Symbolic<CellParams>,
  x: Expr,
  start: Carry,
  mask: Expr | undefined,
  reverse: boolean,
): { readonly outputs: Expr; readonly last: Carry } => {
  const [last, outputs] = scan(
    (carry: Carry, [moment, real]: readonly [Expr, Expr | undefined]) => {
      const stepped = cell.step(params, carry, moment);
      const next =
        real === undefined
          ? stepped
          : each(stepped, (made, i): Expr => where(real, made, carry[i] ?? made));
      return [next, next[0]];
    },
    start,
    [cell.project(params, x), mask && maskOf(x.shape[0] ?? 0, mask)] as const,
    { reverse, length: x.shape[0] ?? 0 },
  );
  return { outputs, last };
};

const runner =
  (cells: readonly (readonly Cell[])[], rate: number): Run =>
  (params, x, { initial, mask, context = still } = {}) => {
    const drop = dropout(rate);
    /** Dropout between one recurrence and the next. */
    const between = (y: Expr, layer: number): Expr =>
      drop.apply(undefined, undefined, y, {
        ...context,
        key: foldInKey(context.key, layer),
      })[0];
    const carried: (readonly Carry[])[] = [];
    const outputs = cells.reduce(
      (below, directions, layer) => {
        const input = layer === 0 ? below : between(below, layer);
        const made = directions.map((cell, direction) => {
          const zeros = () => fill([cell.hidden], 0, input.dtype);
          const none: Carry = [zeros(), ...Array.from({ length: cell.carries - 1 }, zeros)];
          const start = initial?.[layer]?.[direction] ?? none;
          const own = nth(nth(params, layer), direction);
          return over(cell, own, lastAxisOf(input, cell.inputs), start, mask, direction === 1);
        });
        carried.push(made.map((m) => m.last));
        return concatenate(
          made.map((m) => m.outputs),
          -1,
        );
      },
      zeroPadding(nonEmpty(x), mask),
    );
    return { outputs, last: carried };
  };

/** The width of the outputs, and below it their whole shape. */
type Width<H extends number, O> = O extends { readonly bidirectional: true }
  ? number
  : O extends { readonly bidirectional: boolean }
    ? number
    : H;
type Given<H extends number, O> = O extends { readonly output: "last" }
  ? readonly [Width<H, O>]
  : O extends { readonly output: "all" | "last" }
    ? readonly number[]
    : readonly [number, Width<H, O>];

/** A recurrent layer whose `run` also takes initial carries and returns the final ones. */
export interface RecurrentLayer<I extends number, H extends number, O>
  extends Layer<readonly [number, I], Given<H, O>, RecurrentParams, undefined> {
  readonly run: Run;
}

/**
 * Runs a cell along the time axis of a sequence.
 *
 * **Shapes** `x: [time, inputs] → y: [time, hidden]`; `2·hidden` if bidirectional; without the time axis for
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
): RecurrentLayer<I, H, O> => {
  const { layers = 1, bidirectional = false, output = "all", dropout: rate = 0 } = options;
  requireSizes("recurrent", { layers });
  share("recurrent", { dropout: rate });
  const directions = bidirectional ? 2 : 1;
  const cells = Array.from({ length: layers }, (_, layer) =>
    Array.from({ length: directions }, () =>
      cellOf(layer === 0 ? inputs : directions * hidden, hidden),
    ),
  );
  const run = runner(cells, rate);
  const kind = cells[0]?.[0]?.name ?? "recurrent";
  const extras = `${layers > 1 ? ` × ${layers}` : ""}${bidirectional ? ", both ways" : ""}`;
  // `Given` declares what the options do to shapes; the type tests check it.
  const layer = stateless<readonly [number, I], Given<H, O>, RecurrentParams>(
    `${kind} ${inputs} → ${hidden}${extras}`,
    (key) => {
      const keys = split(key, layers * directions);
      return cells.map((pair, layer) =>
        pair.map((cell, direction) => cell.init(nth(keys, layer * directions + direction))),
      );
    },
    (params, x, context) => {
      const { mask } = context;
      const given = mask === undefined ? { context } : { context, mask };
      const { outputs, last } = run(params, x, given);
      const ends = last.at(-1)?.map(([end]) => end) ?? [];
      return output === "all" ? outputs : concatenate(ends, -1);
    },
    `[time, ${inputs}]`,
  );
  return { ...layer, run };
};

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
  const O extends RecurrenceOptions & CellOptions = object,
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
