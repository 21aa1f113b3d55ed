/**
 * The exponential and related functions on four f32.
 *
 * **Math** `x = n ln 2 + r` with `n` whole and `|r| ≤ ln 2 / 2`; then `eˣ = 2ⁿ eʳ`, and `eʳ` is
 * `1 + r + r² Q(r)` with `Q` the minimax polynomial of degree 4 (relative error below 2⁻²⁷).
 */
import { f32x4, i32x4, type Local, v128 } from "../../assembler/index.ts";
import { bits, type Site, signBit, singles, type Vector } from "./arithmetic.ts";

const exponential = [0.5000000062, 0.1666654253, 0.04166628088, 0.008366645329, 0.001394653794];

/** Adding this to a small number rounds it to a whole number and puts that number into the lowest bits. */
const rounder = 1.5 * 2 ** 23;

/** Splits `x` into `n` (as integers) and the parts of `eʳ`. |x| must be below about 200. NaN gives NaN. */
const reduce = (
  site: Site,
  x: Vector,
): { readonly n: Vector; readonly r: Local<"v128">; readonly tail: Vector } => {
  const { k, name, madd, nmadd } = singles(site);
  const argument = name(x);
  const rounded = name(madd(argument, k(Math.LOG2E), k(rounder)));
  const n = name(f32x4.sub(rounded, k(rounder)));
  // ln 2 in two parts: the first has so few bits that its product with n is exact.
  const r = name(nmadd(n, k(-0.000212194440055), nmadd(n, k(0.693359375), argument)));
  const square = name(f32x4.mul(r, r));
  const [c0, c1, c2, c3, c4] = exponential.map(k) as [Vector, Vector, Vector, Vector, Vector];
  // Pairs of terms instead of Horner's rule: the latency of one element bounds the loop.
  const upper = madd(square, c4, madd(c3, r, c2));
  return {
    n: i32x4.sub(rounded, constant(site, rounder)),
    r,
    tail: f32x4.mul(square, madd(square, upper, madd(c1, r, c0))),
  };
};

const constant = (site: Site, value: number): Vector => site.body.hoist(f32x4.const(value));

/** `2ⁿ` for whole `n` in [−127, 128]: 0 at −127 and ∞ at 128. */
const powerOfTwo = (site: Site, n: Vector): Vector => i32x4.shl(i32x4.add(n, bits(site, 127)), 23);

/** `eˣ` where both the result and `2ⁿ` are normal numbers. */
export const expNormal = (site: Site, x: Vector): Vector => {
  const { n, r, tail } = reduce(site, x);
  const one = constant(site, 1);
  return f32x4.mul(f32x4.add(one, f32x4.add(r, tail)), powerOfTwo(site, n));
};

/** The smallest argument with a normal result, and the largest with a finite one. */
const leastNormal = -87.33654;
const largestFinite = 88.72283172607422;

/**
 * `eˣ` for NaN and for all `x` up to {@link largestFinite}, with subnormal results.
 *
 * A subnormal result is computed as a multiple of the smallest number, `2⁻¹⁴⁹`: that multiple, as an integer, is the
 * bit pattern of the result. So no multiplication underflows, which would be forty times as slow.
 */
const expGradual = (
  site: Site,
  x: Vector,
  power: (r: Local<"v128">, tail: Vector) => Vector,
): Vector => {
  const { k, name, madd, choose } = singles(site);
  const bounded = name(f32x4.pmax(x, k(-104.5)));
  const { n, r, tail } = reduce(site, bounded);
  const whole = name(n);
  const significand = name(power(r, tail));
  const unit = k(2 ** 23);
  const counted = madd(significand, powerOfTwo(site, i32x4.add(whole, bits(site, 149))), unit);
  return choose(
    f32x4.lt(bounded, k(leastNormal)),
    i32x4.sub(counted, unit),
    i32x4.add(significand, i32x4.shl(whole, 23)),
  );
};

export const exp = (site: Site, given: Vector): Vector => {
  const { k, name, choose } = singles(site);
  const x = name(given);
  const within = expGradual(site, x, (r, tail) => f32x4.add(k(1), f32x4.add(r, tail)));
  // Beyond, the product is infinite, or NaN for NaN.
  return choose(f32x4.le(x, k(largestFinite)), within, f32x4.mul(x, k(2 ** 127)));
};

export const expm1 = (site: Site, x: Local<"v128">): Vector => {
  const { k, name, madd, choose } = singles(site);
  const { n, r, tail } = reduce(site, f32x4.pmax(f32x4.pmin(x, k(89)), k(-20)));
  // Half of the result first, because 2ⁿ itself overflows for the largest arguments.
  const scale = name(i32x4.shl(i32x4.add(n, bits(site, 126)), 23));
  const half = madd(f32x4.add(r, tail), scale, f32x4.sub(scale, k(0.5)));
  const tiny = f32x4.lt(f32x4.abs(x), k(2 ** -24));
  return choose(tiny, x, f32x4.add(name(half), half));
};

/** `x` with the sign of `like`; `x` must not be negative. */
export const withSign = (site: Site, x: Vector, like: Vector): Vector =>
  v128.or(x, v128.and(like, bits(site, signBit)));

/**
 * `tanh |x|`. It uses `e = e^{−2|x|}`, which never overflows: `(1 − e) / (1 + e)` for small `|x|`, with an accurate `1
 * − e`, and `1 − 2e / (1 + e)` otherwise.
 */
export const tanh = (site: Site, x: Local<"v128">): Vector => {
  const { k, name, madd, choose } = singles(site);
  const a = name(f32x4.pmin(f32x4.abs(x), k(10)));
  const { n, r, tail } = reduce(site, f32x4.mul(a, k(-2)));
  const scale = name(powerOfTwo(site, n));
  const rest = name(f32x4.add(r, tail));
  const e = name(madd(rest, scale, scale));
  const small = name(f32x4.lt(a, k(0.6)));
  const difference = madd(rest, scale, f32x4.sub(scale, k(1)));
  const quotient = name(f32x4.div(choose(small, difference, f32x4.add(e, e)), f32x4.add(e, k(1))));
  const value = choose(small, f32x4.abs(quotient), f32x4.sub(k(1), quotient));
  return withSign(site, value, x);
};

/** `1 / (1 + e⁻ˣ)`. It uses `e^{−|x|}`, so that nothing overflows and the lower tail stays accurate. */
export const logistic = (site: Site, x: Local<"v128">): Vector => {
  const { k, name, nmadd, choose } = singles(site);
  const tail = name(
    expGradual(site, v128.or(x, bits(site, signBit)), (r, rest) => {
      // Adds back the rounding errors of 1 + r and of 1 + e⁻ˣ: the quotient would double both.
      const sum = name(f32x4.add(k(1), r));
      const lost = f32x4.add(f32x4.sub(k(1), sum), r);
      return f32x4.add(sum, f32x4.add(lost, rest));
    }),
  );
  // A tail this small is itself the result, or does not change it; a larger value keeps products from underflowing.
  const decay = name(f32x4.pmax(tail, k(2 ** -40)));
  const below = name(f32x4.lt(x, k(0)));
  const denominator = name(f32x4.add(decay, k(1)));
  const quotient = name(f32x4.div(choose(below, decay, k(1)), denominator));
  const lost = f32x4.add(f32x4.sub(k(1), denominator), decay);
  // 1/(1 + e) is the quotient on one side of 0, and 1 minus the quotient on the other.
  const reciprocal = choose(below, f32x4.sub(k(1), quotient), quotient);
  const result = nmadd(f32x4.mul(quotient, lost), reciprocal, quotient);
  const isNumber = f32x4.eq(x, x);
  return choose(isNumber, choose(f32x4.lt(x, k(-20)), tail, result), x);
};

/** `erf x = x + x (c₀ + x² P)` on |x| ≤ 1; minimax, relative error 2⁻²⁹·⁶. */
const errorSmall = [
  0.1283791657, -0.3761262583, 0.1128358515, -0.02685381185, 0.00518832732, -0.0008010189247,
  7.853844046e-5,
];

/** `−ln erfc x` on [1, 4]; minimax weighted with erfc, absolute error in erf 2⁻²⁹·⁸. */
const errorLarge = [
  0.0003326859255, 1.12712251, 0.6380935531, 0.1031479735, -0.0218563104, 0.002951875384,
  -0.0001867767303,
];

export const erf = (site: Site, x: Local<"v128">): Vector => {
  const { k, name, madd, horner, choose } = singles(site);
  const a = name(f32x4.abs(x));
  const square = name(f32x4.mul(a, a));
  const small = madd(horner(square, errorSmall), a, a);
  const clamped = name(f32x4.pmin(a, k(4)));
  const large = f32x4.sub(k(1), expNormal(site, f32x4.neg(horner(clamped, errorLarge))));
  return withSign(site, choose(f32x4.lt(a, k(1)), small, large), x);
};
