import type { Half } from "../../../tensor/half.ts";
import {
  type Body,
  type Code,
  f32,
  f32x4,
  i16x8,
  i32,
  i32x4,
  type Operand,
  select,
  v128,
} from "../assembler/index.ts";

/**
 * Halves as code. In registers a half is an f32 that the half has, so that a load is exact, a store only moves bits, and
 * `rounded` alone rounds: to nearest, ties to even, as IEEE 754 does, with infinities, subnormal numbers and NaN.
 */
type Address = Operand<"i32">;

/** The words of an f32: its sign, the exponents of infinity and of the least normal f16, and 2¹⁶. */
const [sign, infinity, least, beyond] = [-0x80000000, 0x7f800000, 113 << 23, 0x47800000] as const;
/** The exponent of f16 is 112 less than that of f32; and its least number. */
const [up, leastStep] = [112 << 23, 2 ** -24] as const;
/** The bits of the quiet NaN. */
const nan = { f16: 0x7e00, bf16: 0x7fc0 } as const;

/** The instructions of scalars or of vectors, under one name, so that each conversion is written once. */
interface Lanes<F extends "f32" | "v128", I extends "i32" | "v128"> {
  readonly name: (x: Code<F>) => Code<F>;
  readonly nameWord: (x: Code<I>) => Code<I>;
  readonly number: (value: number) => Code<F>;
  readonly word: (value: number) => Code<I>;
  readonly bits: (x: Code<F>) => Code<I>;
  readonly fromBits: (x: Code<I>) => Code<F>;
  /** Small whole numbers as numbers, and back: processors take many times as long for f32 that are subnormal. */
  readonly fromWhole: (x: Code<I>) => Code<F>;
  readonly toWhole: (x: Code<F>) => Code<I>;
  readonly abs: (x: Code<F>) => Code<F>;
  readonly add: (x: Code<F>, y: Code<F>) => Code<F>;
  readonly sub: (x: Code<F>, y: Code<F>) => Code<F>;
  readonly mul: (x: Code<F>, y: Code<F>) => Code<F>;
  readonly min: (x: Code<F>, y: Code<F>) => Code<F>;
  /** `where x is a number: y, else z`. */
  readonly ifNumber: (x: Code<F>, y: Code<I>, z: Code<I>) => Code<I>;
  /** `where x ≥ y, as signed words: z, else w`. */
  readonly ifAtLeast: (x: Code<I>, y: Code<I>, z: Code<I>, w: Code<I>) => Code<I>;
  readonly and: (x: Code<I>, y: Code<I>) => Code<I>;
  readonly or: (x: Code<I>, y: Code<I>) => Code<I>;
  readonly plus: (x: Code<I>, y: Code<I>) => Code<I>;
  readonly greater: (x: Code<I>, y: Code<I>) => Code<I>;
  readonly shl: (x: Code<I>, by: number) => Code<I>;
  readonly shr: (x: Code<I>, by: number) => Code<I>;
}

const scalars = (body: Body): Lanes<"f32", "i32"> => ({
  name: body.let,
  nameWord: body.let,
  number: f32.const,
  word: i32.const,
  bits: i32.reinterpret_f32,
  fromBits: f32.reinterpret_i32,
  ...{ fromWhole: f32.convert_i32_s, toWhole: i32.trunc_sat_f32_s },
  ...{ abs: f32.abs, add: f32.add, sub: f32.sub, mul: f32.mul, min: f32.min },
  ifNumber: (x, y, z) => select(y, z, f32.eq(x, x)),
  ifAtLeast: (x, y, z, w) => select(z, w, i32.ge_s(x, y)),
  ...{ and: i32.and, or: i32.or, plus: i32.add },
  greater: (x, y) => select(x, y, i32.gt_s(x, y)),
  ...{ shl: i32.shl, shr: i32.shr_u },
});

const same = (x: Code<"v128">): Code<"v128"> => x;

const vectors = (body: Body): Lanes<"v128", "v128"> => ({
  name: body.let,
  nameWord: body.let,
  number: (value) => body.hoist(f32x4.const(value)),
  word: (value) => body.hoist(i32x4.const(value)),
  ...{ bits: same, fromBits: same },
  ...{ fromWhole: f32x4.convert_i32x4_s, toWhole: i32x4.trunc_sat_f32x4_s },
  ...{ abs: f32x4.abs, add: f32x4.add, sub: f32x4.sub, mul: f32x4.mul, min: f32x4.min },
  ifNumber: (x, y, z) => v128.bitselect(y, z, f32x4.eq(x, x)),
  ifAtLeast: (x, y, z, w) => v128.bitselect(z, w, i32x4.ge_s(x, y)),
  ...{ and: v128.and, or: v128.or, plus: i32x4.add, greater: i32x4.max_s },
  ...{ shl: i32x4.shl, shr: i32x4.shr_u },
});

/** The numbers of 16 bits in the lower halves of words. */
const decoded = <F extends "f32" | "v128", I extends "i32" | "v128">(
  half: Half,
  on: Lanes<F, I>,
  words: Code<I>,
): Code<F> => {
  if (half === "bf16") return on.fromBits(on.shl(words, 16));
  const given = on.nameWord(words);
  const magnitude = on.nameWord(on.and(given, on.word(0x7fff)));
  const shifted = on.plus(on.shl(magnitude, 13), on.word(up));
  // The exponent of an infinity or NaN becomes 143, and all ones by the mask.
  const normal = on.or(
    shifted,
    on.ifAtLeast(magnitude, on.word(31 << 10), on.word(infinity), on.word(0)),
  );
  const tiny = on.bits(on.mul(on.fromWhole(magnitude), on.number(leastStep)));
  const value = on.ifAtLeast(magnitude, on.word(1 << 10), normal, tiny);
  return on.fromBits(on.or(value, on.shl(on.and(given, on.word(0x8000)), 16)));
};

/** The 16 bits of f32 that the half has, in the lower halves of words. */
const encoded = <F extends "f32" | "v128", I extends "i32" | "v128">(
  half: Half,
  on: Lanes<F, I>,
  value: Code<F>,
): Code<I> => {
  const x = on.name(value);
  const high = on.shr(on.bits(x), 16);
  if (half === "bf16") return on.ifNumber(x, high, on.word(nan.bf16));
  const size = on.name(on.abs(x));
  const bits = on.nameWord(on.bits(size));
  const normal = on.shr(on.plus(bits, on.word(-up)), 13);
  const finite = on.ifAtLeast(bits, on.word(infinity), on.word(31 << 10), normal);
  const tiny = on.toWhole(on.mul(size, on.number(1 / leastStep)));
  const magnitude = on.ifAtLeast(bits, on.word(least), finite, tiny);
  const signed = on.or(magnitude, on.and(high, on.word(0x8000)));
  return on.ifNumber(x, signed, on.word(nan.f16));
};

/**
 * Rounds f32 to the numbers of a half. For f16, a sum with the power of two whose last place is that of the half has
 * no digits behind it, and is rounded by the machine.
 */
const rounded = <F extends "f32" | "v128", I extends "i32" | "v128">(
  half: Half,
  on: Lanes<F, I>,
  value: Code<F>,
): Code<F> => {
  const x = on.name(value);
  const bits = on.nameWord(on.bits(x));
  if (half === "bf16") {
    const odd = on.and(on.shr(bits, 16), on.word(1));
    const nearest = on.and(on.plus(on.plus(bits, on.word(0x7fff)), odd), on.word(-0x10000));
    return on.fromBits(on.ifNumber(x, nearest, bits));
  }
  const size = on.name(on.min(on.abs(x), on.number(2 ** 16)));
  const exponent = on.and(on.bits(size), on.word(infinity));
  const power = on.name(
    on.fromBits(on.plus(on.greater(exponent, on.word(least)), on.word(13 << 23))),
  );
  const nearest = on.nameWord(on.bits(on.sub(on.add(size, power), power)));
  const finite = on.ifAtLeast(nearest, on.word(beyond), on.word(infinity), nearest);
  const signed = on.or(finite, on.and(bits, on.word(sign)));
  return on.fromBits(on.ifNumber(x, signed, bits));
};

export const roundScalar = (body: Body, half: Half, x: Code<"f32">): Code<"f32"> =>
  rounded(half, scalars(body), x);

export const roundVector = (body: Body, half: Half, x: Code<"v128">): Code<"v128"> =>
  rounded(half, vectors(body), x);

export const loadHalf = (body: Body, half: Half, address: Address, offset = 0): Code<"f32"> =>
  decoded(half, scalars(body), i32.load16_u(address, offset));

export const storeHalf = (
  body: Body,
  half: Half,
  address: Address,
  x: Code<"f32">,
  offset = 0,
): Code<"void"> => i32.store16(address, encoded(half, scalars(body), x), offset);

/** Four adjacent halves. */
export const loadHalves = (body: Body, half: Half, address: Address, offset = 0): Code<"v128"> =>
  decoded(half, vectors(body), v128.load16x4_u(address, offset));

/** Four halves with `step` bytes between them. */
export const gatherHalves = (
  body: Body,
  half: Half,
  lane: (i: number) => Code<"i32">,
  offset = 0,
): Code<"v128"> =>
  decoded(
    half,
    vectors(body),
    [1, 2, 3].reduce<Code<"v128">>(
      (lanes, i) => i32x4.replace_lane(i, lanes, i32.load16_u(lane(i), offset)),
      i32x4.splat(i32.load16_u(lane(0), offset)),
    ),
  );

/** Stores four adjacent halves. */
export const storeHalves = (
  body: Body,
  half: Half,
  address: Address,
  x: Code<"v128">,
  offset = 0,
): Code<"void"> => {
  const words = body.let(encoded(half, vectors(body), x));
  return v128.store64_lane(0, i16x8.narrow_i32x4_u(words, words), address, offset);
};
