import * as fc from "fast-check";
import { type Dtype, isFloat } from "../../src/tensor/dtype.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { type Domain, tensorOf } from "../domain.ts";
import type { SymbolicFunction } from "../symbolic.ts";

/** Hostile numbers by kind: those where floats end. A law tests them by kind, and says for which kinds it holds. */
export type Hostility =
  /** From 1e-30 to 1e30, all powers of ten equally likely: their squares leave the range of f32. */
  | "magnitudes"
  | "zeros"
  | "subnormals"
  | "largest"
  | "infinities"
  | "nan"
  /** One element equals another. */
  | "ties"
  /** The smallest and the largest integers of i32 and u8. */
  | "ends";

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const largestSingle = (2 - 2 ** -23) * 2 ** 127;

const either = (x: number): readonly number[] => [x, -x];

/** Uniformly distributed numbers. (Nearly all doubles that fast-check draws are next to 0.) */
export const uniform = (min: number, max: number): fc.Arbitrary<number> =>
  fc.noBias(fc.nat(2 ** 30)).map((k) => min + (max - min) * (k / 2 ** 30));

/** Numbers of either sign whose logarithm is uniformly distributed. */
export const logUniform = (low: number, high: number): fc.Arbitrary<number> =>
  fc
    .tuple(uniform(Math.log10(low), Math.log10(high)), fc.constantFrom(1, -1))
    .map(([exponent, sign]) => sign * Math.fround(10 ** exponent));

const numbers: { readonly [K in Exclude<Hostility, "ties" | "ends">]: fc.Arbitrary<number> } = {
  magnitudes: logUniform(1e-30, 1e30),
  zeros: fc.constantFrom(...either(0)),
  // The smallest f32, the largest f32 below the normal range, and an f64 that rounds to 0 in f32.
  subnormals: fc.constantFrom(
    ...either(2 ** -149),
    ...either(2 ** -126 - 2 ** -149),
    ...either(2 ** -1060),
  ),
  largest: fc.constantFrom(...either(largestSingle)),
  infinities: fc.constantFrom(...either(infinity)),
  nan: fc.constant(nan),
};

/** Every kind of hostile float. */
export const allFloats: readonly Hostility[] = [
  ...(["magnitudes", "zeros", "subnormals", "largest", "infinities", "nan", "ties"] as const),
];

/** Every kind of hostile finite float. */
export const finiteFloats: readonly Hostility[] = allFloats.filter(
  (kind) => kind !== "infinities" && kind !== "nan",
);

/** A replacement of an element: by a number, by another element, or none. */
type Change = { readonly to: number } | { readonly like: number } | undefined;

const changes = (kinds: readonly Hostility[], dtype: Dtype): fc.Arbitrary<Change> => {
  const float = isFloat(dtype);
  const drawn = float
    ? kinds.flatMap((kind) =>
        kind === "ties" || kind === "ends" ? [] : [numbers[kind].map((to) => ({ to }))],
      )
    : kinds.includes("ends") && dtype !== "bool"
      ? [fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 0, 255).map((to) => ({ to }))]
      : [];
  const ties = kinds.includes("ties") && float ? [fc.nat().map((like) => ({ like }))] : [];
  return fc.oneof(
    { weight: Math.max(1, drawn.length), arbitrary: fc.constant(undefined) },
    ...drawn.map((arbitrary) => ({ weight: 1, arbitrary })),
    ...ties.map((arbitrary) => ({ weight: 1, arbitrary })),
  );
};

const changed = (x: Tensor, all: readonly Change[]): Tensor => {
  const friendly = x.toTypedArray();
  return tensorOf(
    x.shape,
    x.dtype,
    all.map((change, i) => {
      if (change === undefined) return friendly[i] as number;
      return "to" in change ? change.to : (friendly[change.like % friendly.length] as number);
    }),
  );
};

/** The tensors of a domain with some of their elements replaced by hostile ones. */
export const hostileDomain = (
  { type, values }: Domain,
  kinds: readonly Hostility[] = allFloats,
): Domain => ({
  type,
  // One or two kinds at a time: where all kinds meet, nearly every result is NaN.
  values: fc
    .tuple(values, fc.constantFrom(...kinds), fc.constantFrom(...kinds))
    .chain(([x, a, b]) =>
      fc
        .array(changes([a, b], type.dtype), { minLength: x.size, maxLength: x.size })
        .map((all) => changed(x, all)),
    ),
});

/** The same function, with some hostile elements in its operands. */
export const hostile = (f: SymbolicFunction, kinds?: readonly Hostility[]): SymbolicFunction => ({
  ...f,
  operands: f.operands.map((each) => hostileDomain(each, kinds)),
});
