import type { ShapeError } from "../../ir/types/shape.ts";
import type { Counted, Divided, Division, Units } from "./digits.ts";

/** Whether heads divide a width, in types. */

/** A number of one or two digits, which are all that are counted in tuples. */
type Small = `${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}`;

/** `false` where `H` is known not to divide `N`. */
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

/** `unknown` where the heads among some options may divide a width, and an error where they do not. */
export type HeadsFit<W extends number, O> = O extends { readonly heads: infer H extends number }
  ? Divides<H, W> extends false
    ? ShapeError<`${H} heads do not divide the width ${W}`>
    : unknown
  : unknown;
