import { scan } from "../../../autodiff/index.ts";
import type { Expr } from "../../../ir/expr.ts";
import { where } from "../../../ir/ops/control.ts";
import { foldInKey } from "../../../ir/ops/random.ts";
import { concatenate } from "../../../ir/ops/structural.ts";
import { split } from "../../../tensor/key.ts";
import { each, nth } from "../../../tensor/list.ts";
import type { Shape } from "../../../tensor/shape.ts";
import { share } from "../../../tensor/validate.ts";
import { stateless, still } from "../../apply.ts";
import { lastAxisOf, requireSizes } from "../../functional/affine.ts";
import { maskOf, nonEmpty, zeroPadding } from "../../functional/sequenceChecks.ts";
import type { Context, Layer, Symbolic } from "../../layer.ts";
import { dropout } from "../lambda.ts";
import type { Carry, Cell, CellOf, CellParams } from "./cells.ts";

/** Stacks of cells that run along time, in one direction or both: what all recurrent layers have in common. */

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

/** Runs one cell over projected inputs, forwards or backwards in time. */
const over = (
  cell: Cell,
  params: Symbolic<CellParams>,
  projected: Expr,
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
    [projected, mask && maskOf(projected.shape[0] ?? 0, mask)] as const,
    { reverse, length: projected.shape[0] ?? 0 },
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
          const own = nth(nth(params, layer), direction);
          const projected = cell.project(own, lastAxisOf(input, cell.inputs));
          const start = initial?.[layer]?.[direction] ?? cell.start(projected);
          return over(cell, own, projected, start, mask, direction === 1);
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

/** The width of the outputs of a recurrent layer with `H` units in each direction. */
export type Width<H extends number, O> = O extends { readonly bidirectional: true }
  ? number
  : O extends { readonly bidirectional: boolean }
    ? number
    : H;

/** A layer that also runs from initial carries to final ones. */
export type Running<I extends Shape, O extends Shape> = Layer<I, O, RecurrentParams, undefined> & {
  readonly run: Run;
};

/** A stack of cells over sequences of the shape that `takes` says. */
export const stacked = <I extends Shape, O extends Shape>(
  cellOf: CellOf,
  inputs: number,
  hidden: number,
  options: RecurrenceOptions,
  takes: string,
): Running<I, O> => {
  const { layers = 1, bidirectional = false, output = "all", dropout: rate = 0 } = options;
  requireSizes("recurrent", { layers });
  share("recurrent", { dropout: rate });
  const directions = bidirectional ? 2 : 1;
  const { outputs } = cellOf(inputs, hidden);
  const cells = Array.from({ length: layers }, (_, layer) =>
    Array.from({ length: directions }, () =>
      cellOf(layer === 0 ? inputs : directions * outputs, hidden),
    ),
  );
  const run = runner(cells, rate);
  const kind = cells[0]?.[0]?.name ?? "recurrent";
  const extras = `${layers > 1 ? ` × ${layers}` : ""}${bidirectional ? ", both ways" : ""}`;
  const layer = stateless<I, O, RecurrentParams>(
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
    takes,
  );
  return { ...layer, run };
};
