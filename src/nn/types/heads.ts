import type { ShapeError } from "../../ir/types/shape.ts";
import type { Counted, Divided, Division, Units } from "./digits.ts";

/** Checks in types that the number of heads divides a width. */

/** A number of one or two digits, small enough for tuples. */
type Small = `${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}`;

/** `false` if types know that `H` does not divide `N`, else `true`. */
type Divides<H extends number, N extends number> = number extends H | N
  ? true
  : H extends 0
    ? true
    : `${H}` extends Small | `${Small}${Small}`
      ? Counted<H> extends infer U extends Units
        ? Division<`${N}`, U> extends Divided<string, readonly [unknown, ...Units]>
          ? false
          : true
        : true
      : true;

/** `unknown` if the heads in the options may divide the width, and a `ShapeError` if types know that they do not. */
export type HeadsFit<W extends number, O> = O extends { readonly heads: infer H extends number }
  ? Divides<H, W> extends false
    ? ShapeError<`${H} heads do not divide the width ${W}`>
    : unknown
  : unknown;
