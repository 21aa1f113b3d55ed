import { normalAxis } from "../../tensor/shape.ts";
import { integral } from "../../tensor/validate.ts";
import type { Expr } from "../expr.ts";
import { asOne } from "../types/diagnose.ts";
import { axesText, inside } from "../types/rule.ts";
import type { Operand } from "../types/shape.ts";
import { where } from "./control.ts";
import { eq, ge, le, sub } from "./elementwise.ts";
import { iota } from "./indexing.ts";
import { broadcastTo, lift, mistaken } from "./promote.ts";
import { sum } from "./reduction.ts";
import { expandDims, moveAxis, pad, sliceAxis } from "./structural.ts";

/** How far each element of an `[n, m]` matrix lies above the diagonal: column minus row. */
const above = (n: number, m: number): Expr => sub(iota([n, m], 1), iota([n, m], 0));

const masked = (
  op: string,
  offset: number,
  operand: Operand,
  keeps: (difference: Expr) => Expr,
): Expr => {
  integral(op, { offset });
  const x = lift(operand);
  const mask = keeps(above(x.shape.at(-2) ?? 1, x.shape.at(-1) ?? 1));
  return where(broadcastTo(mask, x.shape), x, 0);
};

/** The lower triangle of the last two axes, up to `offset` diagonals above the main one; 0 elsewhere. */
export const tril = (x: Operand, offset = 0): Expr =>
  masked("tril", offset, x, (d) => le(d, offset));

/** The upper triangle of the last two axes, from `offset` diagonals above the main one; 0 elsewhere. */
export const triu = (x: Operand, offset = 0): Expr =>
  masked("triu", offset, x, (d) => ge(d, offset));

/** Moves two axes to the end. */
const movedLast = (x: Expr, row: number, column: number): Expr => {
  const end = x.shape.length - 1;
  return moveAxis(moveAxis(x, row, end), column > row ? column - 1 : column, end);
};

/**
 * The diagonal of two axes, as a new last axis. `offset` counts diagonals above the main one, or below it if
 * negative.
 *
 * **Shapes** `[...b, n, m] → [...b, k]`, `k` the length of the diagonal.
 */
export const diagonal = (
  operand: Operand,
  offset = 0,
  axes: readonly [number, number] = [-2, -1],
): Expr => {
  const all = lift(operand);
  const rank = all.shape.length;
  const [row, column] = [normalAxis(axes[0], rank), normalAxis(axes[1], rank)];
  if (!inside([row, column], rank))
    return mistaken("diagonal", axesText([row, column], rank), all, all.shape.slice(1));
  const x = movedLast(all, row, column);
  const [n, m] = [x.shape.at(-2) ?? 0, x.shape.at(-1) ?? 0];
  const length = Math.max(0, offset >= 0 ? Math.min(n, m - offset) : Math.min(n + offset, m));
  // Each row has at most one element of the diagonal, so the sum of the masked row is that element.
  const of = sum(
    masked("diagonal", offset, x, (d) => eq(d, offset)),
    -1,
  );
  const first = Math.min(n, Math.max(0, -offset));
  return sliceAxis(of, -1, first, first + length);
};

/**
 * Puts the last axis on a diagonal of a matrix that is 0 elsewhere; `offset` is as for {@link diagonal}.
 *
 * **Shapes** `[...b, n] → [...b, n + |offset|, n + |offset|]`.
 */
export const diagonalMatrix = (operand: Operand, offset = 0): Expr => {
  integral("diagonalMatrix", { offset });
  const x = lift(operand);
  const n = (x.shape.at(-1) ?? 0) + Math.abs(offset);
  const widths = x.shape.map((_, i) =>
    i === x.shape.length - 1
      ? ([Math.max(0, -offset), Math.max(0, offset)] as const)
      : ([0, 0] as const),
  );
  const rows = expandDims(pad(x, widths), -1);
  return masked("diagonalMatrix", offset, broadcastTo(rows, [...rows.shape.slice(0, -1), n]), (d) =>
    eq(d, offset),
  );
};

/** The sum of the main diagonal of the last two axes. `[...b, n, n] → [...b]` */
export const trace = (operand: Operand): Expr => {
  const x = lift(operand);
  return asOne("trace", "matrices", [x], () => sum(diagonal(x), -1));
};
