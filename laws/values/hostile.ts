import * as fc from "fast-check";
import { type Dtype, isFloat } from "../../src/tensor/dtype.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { type Domain, tensorOf } from "../domain.ts";
import type { SymbolicFunction } from "../symbolic.ts";

/**
 * 17: hostile ranges. A law of friendly numbers says nothing of where floats end; these are the numbers
 * there, by kind, so that a law can say on which kinds it holds.
 */
export type Hostility =
  /** From 1e-30 to 1e30, each power of ten as likely as any other: their squares are out of range. */
  | "magnitudes"
  | "zeros"
  | "subnormals"
  | "largest"
  | "infinities"
  | "nan"
  /** One element is another one's equal. */
  | "ties"
  /** The ends of i32 and u8. */
  | "ends";

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const largestSingle = (2 - 2 ** -23) * 2 ** 127;

const either = (x: number): readonly number[] => [x, -x];

/** Numbers drawn evenly, where doubles by themselves are nearly all of them next to 0. */
export const uniform = (min: number, max: number): fc.Arbitrary<number> =>
  fc.noBias(fc.nat(2 ** 30)).map((k) => min + (max - min) * (k / 2 ** 30));

/** Numbers of any sign whose logarithm is drawn evenly. */
export const logUniform = (low: number, high: number): fc.Arbitrary<number> =>
  fc
    .tuple(uniform(Math.log10(low), Math.log10(high)), fc.constantFrom(1, -1))
    .map(([exponent, sign]) => sign * Math.fround(10 ** exponent));

const numbers: { readonly [K in Exclude<Hostility, "ties" | "ends">]: fc.Arbitrary<number> } = {
  magnitudes: logUniform(1e-30, 1e30),
  zeros: fc.constantFrom(...either(0)),
  // The least of f32, the greatest below its normal range, and one of f64, which f32 rounds to 0.
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

/** Every kind of float that is finite. */
export const finiteFloats: readonly Hostility[] = allFloats.filter(
  (kind) => kind !== "infinities" && kind !== "nan",
);

/** What becomes of an element: it stays, is another number, or another element's equal. */
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
  // Of one kind or two at a time: where all of them meet, there is hardly a result but NaN.
  values: fc
    .tuple(values, fc.constantFrom(...kinds), fc.constantFrom(...kinds))
    .chain(([x, a, b]) =>
      fc
        .array(changes([a, b], type.dtype), { minLength: x.size, maxLength: x.size })
        .map((all) => changed(x, all)),
    ),
});

/** A function where some elements of what it is given are hostile. */
export const hostile = (f: SymbolicFunction, kinds?: readonly Hostility[]): SymbolicFunction => ({
  ...f,
  operands: f.operands.map((each) => hostileDomain(each, kinds)),
});
