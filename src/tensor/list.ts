/** Access to lists whose length the type does not know. */

/**
 * The item at a position that the list has: for parallel lists, and for positions found by a search.
 *
 * **Fails with** `RangeError`, thrown, where the list has no such position.
 */
export const nth = <A>(list: ArrayLike<A>, position: number): A => {
  if (!(position >= 0 && position < list.length))
    throw new RangeError(`position ${position} of a list of ${list.length}`);
  // It is within the list, whose items are A.
  return list[position] as A;
};

/**
 * Takes the next value of an iterator.
 *
 * **Fails with** `RangeError`, thrown, where there are no more.
 */
export const following = <A>(values: Iterator<A>): A => {
  const { done, value } = values.next();
  if (done) throw new RangeError("there are no more values");
  return value;
};

/** A `B` for each item of a list. */
export type Each<Xs extends readonly unknown[], B> = { readonly [K in keyof Xs]: B };

/** Applies a function to each item of a list. The type of the result has the same length. */
export const each = <const Xs extends readonly unknown[], B>(
  list: Xs,
  f: (item: Xs[number], position: number) => B,
): Each<Xs, B> => list.map((item, i) => f(item, i)) as readonly B[] as Each<Xs, B>;

/** A list of `N` items; of any length if `N` is not a literal. */
export type ListOf<N extends number, A> = number extends N
  ? readonly A[]
  : Grown<N, A, readonly []>;
type Grown<N extends number, A, Made extends readonly A[]> = Made["length"] extends N
  ? Made
  : Made["length"] extends 64
    ? readonly A[]
    : Grown<N, A, readonly [...Made, A]>;

/** `N` items, each made from its position. */
export const listOf = <const N extends number, A>(
  length: N,
  itemAt: (position: number) => A,
): ListOf<N, A> => Array.from({ length }, (_, i) => itemAt(i)) as readonly A[] as ListOf<N, A>;
