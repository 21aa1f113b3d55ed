import type { Binary, Bitwise, Comparison, Control, Unary } from "../../ir/expr.ts";
import type { Dtype } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { type Buffer, bufferOf, collapse, identityOf, type View } from "./view.ts";

/** Element-wise work as data: what one loop loads, computes and stores for each element. */

/** The primitives that work on each element alone, and so can share a loop. */
export type Pointwise =
  | keyof Unary
  | keyof Binary
  | keyof Bitwise
  | keyof Comparison
  | keyof Pick<Control, "select" | "cast">;

/**
 * One operation of a loop's body: a primitive, the dtype of its first value operand, the dtype of its result, and the
 * numbers of the earlier values that it takes.
 */
export interface Operation {
  readonly primitive: Pointwise;
  readonly operand: Dtype;
  readonly dtype: Dtype;
  readonly arguments: readonly number[];
}

/**
 * The values that a loop computes at each index of one index space. Values have numbers: first the loads, then the
 * result of each operation on earlier values.
 */
export interface Computed {
  readonly space: Shape;
  /** The operands to load, each a view of shape `space`. */
  readonly loads: readonly View[];
  readonly operations: readonly Operation[];
}

/** Element-wise work that stores some of its values. A loop runs it, or a product runs it on its own elements. */
export interface Fused extends Computed {
  readonly stores: readonly { readonly value: number; readonly to: View }[];
}

/** The work that copies one view to another of the same shape, in the other's dtype. */
export const copying = (from: View, to: View): Fused => {
  const isSame = from.dtype === to.dtype;
  const cast = { primitive: "cast", operand: from.dtype, dtype: to.dtype, arguments: [0] } as const;
  return {
    space: from.shape,
    loads: [from],
    operations: isSame ? [] : [cast],
    stores: [{ value: isSame ? 0 : 1, to }],
  };
};

/** The same work with the axes of its space in another order. */
export const permuted = (fused: Fused, order: readonly number[]): Fused => {
  const along = <A>(xs: readonly A[]): readonly A[] => order.map((a) => xs[a] as A);
  const turn = (view: View): View => ({
    ...view,
    shape: along(view.shape),
    strides: along(view.strides),
  });
  return {
    space: along(fused.space),
    loads: fused.loads.map(turn),
    operations: fused.operations,
    stores: fused.stores.map(({ value, to }) => ({ value, to: turn(to) })),
  };
};

/**
 * Joins axes of fused work so that as few as possible remain, none longer than `longest`. The first `leading` axes are
 * not joined to the others. Returns the work and how many leading axes remain.
 */
export const fewestAxes = (
  fused: Fused,
  leading: number,
  longest: number,
): { readonly fused: Fused; readonly leading: number } => {
  const { space, loads, operations, stores } = fused;
  const views = [...loads, ...stores.map((s) => s.to)];
  const joined = collapse(space, views, leading, longest);
  return {
    fused: {
      space: joined.shape,
      loads: joined.views.slice(0, loads.length),
      operations,
      stores: stores.map(({ value }, i) => ({
        value,
        to: joined.views[loads.length + i] as View, // there is one for each store
      })),
    },
    leading: joined.leading,
  };
};

export const dtypeOfValue = ({ loads, operations }: Computed, value: number): Dtype =>
  value < loads.length
    ? (loads[value] as View).dtype
    : (operations[value - loads.length] as Operation).dtype;

const distinct = <A>(xs: readonly A[]): readonly A[] => [...new Set(xs)];

/** The buffers under views, each once. */
export const buffersOf = (views: readonly View[]): readonly Buffer[] =>
  distinct(views.flatMap((v) => bufferOf(v) ?? []));

/** The buffers that work writes. */
export const writtenBy = ({ stores }: Fused): readonly Buffer[] =>
  buffersOf(stores.map((s) => s.to));

/** The names of the fused operations, each once, with its count. */
export const describe = ({ operations }: Computed): string => {
  const counts = new Map<string, number>();
  for (const { primitive } of operations) counts.set(primitive, (counts.get(primitive) ?? 0) + 1);
  return Array.from(counts, ([name, n]) => (n === 1 ? name : `${name}×${n}`)).join(" ");
};

/** The number of operations over the whole space. */
export const operationsIn = ({ operations, space }: Computed): number =>
  operations.length * sizeOf(space);

/** The pairs of buffers that may share memory: one that the work writes, and one that it reads. */
export const inPlaceOf = ({
  loads,
  stores,
}: Fused): readonly (readonly [write: Buffer, read: Buffer])[] =>
  stores.flatMap(({ to }) => {
    const write = identityOf(to);
    if (write === undefined) return [];
    return buffersOf(loads).flatMap((read) => {
      const everywhere = loads.every((v) => bufferOf(v) !== read || identityOf(v) === read);
      return everywhere && read.dtype === write.dtype ? [[write, read] as const] : [];
    });
  });
