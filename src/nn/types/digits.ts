/** Arithmetic on literal numbers in types: long numbers as strings of digits, short ones as tuples. */

/** A number as a tuple of that length. */
export type Units = readonly unknown[];

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

type TenTimes<T extends Units> = readonly [
  ...[...T, ...T, ...T, ...T, ...T],
  ...[...T, ...T, ...T, ...T, ...T],
];

type UnitsOf<S extends string, T extends Units = readonly []> = S extends `${infer D}${infer Tail}`
  ? Digit[D] extends infer U extends Units
    ? UnitsOf<Tail, readonly [...TenTimes<T>, ...U]>
    : undefined
  : T;

/** The tuple of length `N`, for a literal number of at most four digits; `undefined` for every other number. */
export type Counted<N extends number> = number extends N
  ? undefined
  : `${N}` extends `${infer _A}${infer _B}${infer _C}${infer _D}${infer E}`
    ? E extends ""
      ? UnitsOf<`${N}`>
      : undefined
    : UnitsOf<`${N}`>;

/** A quotient as digits, and the remainder. */
export interface Divided<Q extends string, R extends Units> {
  readonly quotient: Q;
  readonly rest: R;
}

/** The quotient of `T` by `H`, which must be less than ten, and the remainder. */
type Digits<T extends Units, H extends Units, Q extends Units = readonly []> = T extends readonly [
  ...H,
  ...infer Rest,
]
  ? Digits<Rest, H, readonly [...Q, 0]>
  : Divided<`${Q["length"]}`, T>;

/** Long division of a number, given as digits, by a nonzero tuple; `undefined` if `S` is not made of digits. */
export type Division<
  S extends string,
  H extends Units,
  R extends Units = readonly [],
  Q extends string = "",
> = S extends `${infer D}${infer Tail}`
  ? Digit[D] extends infer U extends Units
    ? Digits<readonly [...TenTimes<R>, ...U], H> extends Divided<infer Next, infer Rest>
      ? Division<Tail, H, Rest, Q extends "" | "0" ? Next : `${Q}${Next}`>
      : undefined
    : undefined
  : Divided<Q, R>;
