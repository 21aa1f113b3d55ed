import type { ShapeError } from "../ir/shapeTypes.ts";

/** Whether heads divide a width, in types: long division of its digits, with tuples for remainders. */

type Units = readonly unknown[];

interface Digit {
  readonly [digit: string]: Units | undefined;
  readonly 0: readonly [];
  readonly 1: readonly [0];
  readonly 2: readonly [0, 0];
  readonly 3: readonly [0, 0, 0];
  readonly 4: readonly [0, 0, 0, 0];
  readonly 5: readonly [0, 0, 0, 0, 0];
  readonly 6: readonly [0, 0, 0, 0, 0, 0];
  readonly 7: readonly [0, 0, 0, 0, 0, 0, 0];
  readonly 8: readonly [0, 0, 0, 0, 0, 0, 0, 0];
  readonly 9: readonly [0, 0, 0, 0, 0, 0, 0, 0, 0];
}

type Count<N extends number, T extends Units = readonly []> = T["length"] extends N
  ? T
  : Count<N, readonly [...T, 0]>;

type TenTimes<T extends Units> = readonly [
  ...[...T, ...T, ...T, ...T, ...T],
  ...[...T, ...T, ...T, ...T, ...T],
];

type Less<T extends Units, H extends Units> = T extends readonly [...H, ...infer Rest]
  ? Less<Rest, H>
  : T;

/** What is left of a number, by its digits; `undefined` where it is none of digits alone. */
type Remainder<
  S extends string,
  H extends Units,
  R extends Units = readonly [],
> = S extends `${infer D}${infer Tail}`
  ? Digit[D] extends infer U extends Units
    ? Remainder<Tail, H, Less<readonly [...TenTimes<R>, ...U], H>>
    : undefined
  : R;

/** A number of one or two digits, which are all that are counted in tuples. */
type Small = `${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}`;

/** `false` where `H` is known not to divide `N`. */
type Divides<H extends number, N extends number> = number extends H | N
  ? true
  : H extends 0
    ? true
    : `${H}` extends Small | `${Small}${Small}`
      ? Remainder<`${N}`, Count<H>> extends readonly [unknown, ...Units]
        ? false
        : true
      : true;

/** `unknown` where the heads among some options may divide a width, and an error where they do not. */
export type HeadsFit<W extends number, O> = O extends { readonly heads: infer H extends number }
  ? Divides<H, W> extends false
    ? ShapeError<`${H} heads do not divide the width ${W}`>
    : unknown
  : unknown;
