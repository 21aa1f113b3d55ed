import { type Shape, sizeOf } from "../../../tensor/shape.ts";
import { type Code, countable, i32, type Operand, select } from "../assembler/index.ts";
import type { Position, Site } from "../codegen/emitContext.ts";
import { fewNest, mostWritten, placesOf } from "../codegen/loopBody.ts";

/**
 * Sums of many terms as a tree of short sums: a total takes a few terms one after another, and is then itself a term of
 * the next total. So the rounding error of a sum of n terms grows like log n, while that of one running total grows
 * like n. The shapes alone determine the tree, so the bits are always the same.
 *
 * **Source** Higham, "The accuracy of floating point summation" (1993), SIAM J. Sci. Comput. 14(4).
 */

/** How the totals of a sum start, and how the totals of a part are added to them. */
export interface Totals<A> {
  readonly fresh: () => A;
  readonly fold: (into: A, part: A) => void;
  /** Whether the order of terms matters. For integers and extremes it does not: one total takes all terms. */
  readonly isRounded: boolean;
}

/**
 * Maximum terms that a total takes one after another. Four equal terms are added exactly, since rounding changes 3c by
 * less than half a unit of 4c. So the sum of equal numbers, a power of two of them, is exact, and their mean is that
 * number.
 */
const together = 4;

/** The number of terms in a part of a sum: the greatest power of {@link together} below `count`. */
const partOf = (count: number): number => {
  let size = 1;
  while (size * together < count) size *= together;
  return size;
};

/** Visits `from`, `from + step`, … below `to`. Each visit gets the totals to which it adds. */
export const cascade = <A>(
  { body }: Site,
  totals: Totals<A>,
  { from, to, step }: { readonly from: number; readonly to: number; readonly step: number },
  into: A,
  visit: (i: Code<"i32">, into: A) => void,
): void => {
  const count = Math.ceil((to - from) / step);
  if (from >= to) return;
  const outermost = totals.isRounded ? partOf(count) : 1;
  const level = (first: Operand<"i32">, end: Operand<"i32">, size: number, here: A): void => {
    if (size === 1) {
      body.for(first, end, step, (i) => visit(i, here));
      return;
    }
    const width = size * step;
    const parts = size === outermost ? Math.ceil(count / size) : together;
    body.for(0, parts, 1, (nth) => {
      const i = body.let(i32.add(first, i32.mul(nth, width)));
      const add = (): void => {
        const part = totals.fresh();
        const next = body.let(i32.add(i, width));
        const isWhole = count % size === 0;
        // Compared as unsigned: a position beyond the end may exceed a signed number.
        const last = isWhole ? next : select(next, i32.const(to), i32.lt_u(next, to));
        level(i, body.let(last), size / together, part);
        totals.fold(here, part);
      };
      if (size === outermost || count % (size * together) === 0) add();
      else body.if(i32.lt_u(i, to), add);
    });
  };
  level(from, countable(to, step), outermost, into);
};

/**
 * Visits every index of `extents`. Each visit gets the totals to which it adds; `isTerm` says that it adds one term to
 * each. A few indices are unrolled, as by `fewNest`.
 */
export const cascadeOver = <A>(
  site: Site,
  totals: Totals<A>,
  extents: Shape,
  into: A,
  isTerm: boolean,
  visit: (index: readonly Position[], into: A) => void,
): void => {
  if (!totals.isRounded) {
    fewNest(site, extents, (index) => visit(index, into));
    return;
  }
  const part = (add: (part: A) => void, here: A): void => {
    const some = totals.fresh();
    add(some);
    totals.fold(here, some);
  };
  const written = (places: readonly (readonly number[])[], here: A): void => {
    const [first] = places;
    if (places.length === 1 && first !== undefined) visit(first, here);
    else if (places.length <= together)
      for (const place of places)
        if (isTerm) visit(place, here);
        else part((some) => visit(place, some), here);
    else {
      const size = partOf(places.length);
      for (let i = 0; i < places.length; i += size)
        part((some) => written(places.slice(i, i + size), some), here);
    }
  };
  const loops = (index: readonly Code<"i32">[], here: A): void => {
    const [extent, ...inner] = extents.slice(index.length);
    if (extent === undefined) visit(index, here);
    else
      cascade(site, totals, { from: 0, to: extent, step: 1 }, here, (i, some) =>
        inner.length === 0 && isTerm
          ? loops([...index, i], some)
          : part((one) => loops([...index, i], one), some),
      );
  };
  if (sizeOf(extents) <= mostWritten) written(placesOf(extents), into);
  else loops([], into);
};
