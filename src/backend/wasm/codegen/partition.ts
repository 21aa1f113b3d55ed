import { greatestOf } from "../../../tensor/extremes.ts";
import type { Shape } from "../../../tensor/shape.ts";
import { type Body, type Code, countable, i32, type Operand, select } from "../assembler/index.ts";

/** Splits loops into the pieces that threads share. */

/** The pieces `from`, …, `to - 1`, known when the code runs. Both are named, and may be equal. */
export interface Range {
  readonly from: Code<"i32">;
  readonly to: Code<"i32">;
}

/** How a loop nest is split into pieces. */
export interface Cut {
  readonly axis: number;
  /** The indices of the axis in each piece. */
  readonly size: number;
  readonly pieces: number;
}

/** Neighbors that one thread computes together: whole vectors, and a cache line of four-byte numbers. */
const neighbors = 16;

/** Enough pieces for a few threads to get about equal shares. */
const enough = 16;

/**
 * Chooses how to split a loop nest over `space`. Only the first `leading` axes may be split. The choice is the
 * outermost axis that gives enough pieces, or else the one that gives most. The innermost axis is split between cache
 * lines.
 */
export const cutOf = (space: Shape, leading = space.length): Cut | undefined => {
  const cuts = space.slice(0, leading).map((extent, axis): Cut => {
    const size = axis === space.length - 1 ? neighbors : 1;
    return { axis, size, pieces: Math.ceil(extent / size) };
  });
  const most = Math.max(1, greatestOf(cuts.map((c) => c.pieces)));
  return most === 1 ? undefined : cuts.find((c) => c.pieces >= Math.min(enough, most));
};

/** The bounds of a loop. */
export interface Span {
  readonly from: Operand<"i32">;
  readonly to: Operand<"i32">;
}

const bounded = (
  body: Body,
  value: Code<"i32">,
  bound: number,
  isBeyond: (x: Operand<"i32">, y: Operand<"i32">) => Code<"i32">,
): Code<"i32"> => {
  const named = body.let(value);
  return body.let(select(i32.const(bound), named, isBeyond(named, bound)));
};

const times = (x: Code<"i32">, size: number): Code<"i32"> => (size === 1 ? x : i32.mul(x, size));

/** The part of `from`, …, `to - 1` in a range of pieces of `size` indices each, counted from 0. It may be empty. */
export const spanOf = (
  body: Body,
  range: Range | undefined,
  size: number,
  from: number,
  to: number,
): Span =>
  range === undefined
    ? { from, to }
    : {
        from:
          from === 0
            ? times(range.from, size)
            : bounded(body, times(range.from, size), from, i32.lt_s),
        to: bounded(body, times(range.to, size), countable(to, size), i32.gt_s),
      };
