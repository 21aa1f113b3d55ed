/**
 * Functions of four f32 that are computed as pairs of f64. There, a polynomial of moderate degree has an error far
 * below half a unit in the last place of the f32 result, and π has enough digits.
 */
import {
  type Code,
  call,
  f32,
  f32x4,
  f64,
  f64x2,
  i8x16,
  i64x2,
  type Local,
  type ModuleBuilder,
  v128,
} from "../../assembler/index.ts";
import { doubles, type Site, type Vector } from "./arithmetic.ts";

type Lanes = Local<"v128">;

const upperHalf = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];
const lowerHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/** Applies `f` to the four lanes, two at a time in double precision, and rounds once at the end. */
export const viaDouble = (
  { body }: Site,
  xs: readonly Lanes[],
  f: (...xs: readonly Lanes[]) => Vector,
): Vector => {
  const half = (part: (x: Lanes) => Vector): Vector =>
    f32x4.demote_f64x2_zero(f(...xs.map((x) => body.let(f64x2.promote_low_f32x4(part(x))))));
  const low = body.let(half((x) => x));
  const high = body.let(half((x) => i8x16.shuffle(upperHalf, x, x)));
  return i8x16.shuffle(lowerHalves, low, high);
};

/** Imports JavaScript's own `Math[name]`, for rare arguments. */
const host = (module: ModuleBuilder, name: string, arity: number) =>
  module.importFunction(
    "math",
    name,
    Array.from({ length: arity }, () => "f64" as const),
    "f64",
  );

/** `result` with the lanes in `rare` replaced by the host function's values. */
export const orHost = (
  site: Site,
  name: string,
  rare: Vector,
  xs: readonly Lanes[],
  result: Vector,
): Vector => {
  const { body, module } = site;
  const answer = body.let(result);
  const mask = body.let(rare);
  body.if(v128.any_true(mask), () => {
    const fn = host(module, name, xs.length);
    const lane = (i: number): Code<"f32"> =>
      f32.demote_f64(call(fn, ...xs.map((x) => f64.promote_f32(f32x4.extract_lane(i, x)))));
    const rest = [1, 2, 3].reduce<Vector>(
      (lanes, i) => f32x4.replace_lane(i, lanes, lane(i)),
      f32x4.splat(lane(0)),
    );
    body.set(answer, v128.bitselect(rest, answer, mask));
  });
  return answer;
};

// Trigonometric functions: x = q π/2 + r with |r| ≤ π/4.

/** `sin r = r (1 + r² S(r²))`, `cos r = 1 + r² C(r²)`; minimax, below 2⁻⁴³. */
const sineSeries = [
  -0.1666666666663159, 0.008333333325270913, -0.00019841263822311864, 2.7555357585035315e-6,
  -2.4761638284246957e-8,
];
const cosineSeries = [
  -0.499999999995447, 0.04166666656200261, -0.0013888881074441053, 2.4799040097927617e-5,
  -2.7180030536775024e-7,
];

/** π/2 in two parts; the first has 33 bits, so its product with a quadrant below 2²⁰ is exact. */
const halfPi = [1.5707963267341256, 6.077100506506192e-11] as const;

/** Larger arguments are left to the host function. */
const reductionBound = 2 ** 20;

/** Adding this rounds to a whole number and puts that number into the lowest bits. */
const rounder = 1.5 * 2 ** 52;

const quadrants = (
  site: Site,
  x: Lanes,
): { readonly q: Lanes; readonly sine: Lanes; readonly cosine: Lanes } => {
  const { k, name, madd, nmadd, horner } = doubles(site);
  const q = name(madd(x, k(2 / Math.PI), k(rounder)));
  const n = name(f64x2.sub(q, k(rounder)));
  const r = name(nmadd(n, k(halfPi[1]), nmadd(n, k(halfPi[0]), x)));
  const z = name(f64x2.mul(r, r));
  return {
    q,
    sine: name(f64x2.mul(r, madd(z, horner(z, sineSeries), k(1)))),
    cosine: name(madd(z, horner(z, cosineSeries), k(1))),
  };
};

const integer = ({ body }: Site, value: number): Vector => body.hoist(i64x2.splat(value));

/** A mask of the lanes whose lowest bit is set. */
const odd = (site: Site, q: Vector): Vector =>
  i64x2.sub(integer(site, 0), v128.and(q, integer(site, 1)));

/** `sin(x + shift·π/2)` */
const sineOf =
  (name: string, shift: number) =>
  (site: Site, x: Lanes): Vector => {
    const smooth = viaDouble(site, [x], (half) => {
      const { choose, name: named } = doubles(site);
      const { q, sine, cosine } = quadrants(site, half!);
      const turned = named(i64x2.add(q, integer(site, shift)));
      const value = choose(odd(site, turned), cosine, sine);
      return v128.xor(value, i64x2.shl(v128.and(turned, integer(site, 2)), 62));
    });
    return orHost(site, name, isLarge(site, x), [x], smooth);
  };

const isLarge = (site: Site, x: Lanes): Vector =>
  f32x4.ge(f32x4.abs(x), site.body.hoist(f32x4.const(reductionBound)));

export const sin = sineOf("sin", 0);
export const cos = sineOf("cos", 1);

export const tan = (site: Site, x: Lanes): Vector => {
  const smooth = viaDouble(site, [x], (half) => {
    const { choose, name } = doubles(site);
    const { q, sine, cosine } = quadrants(site, half!);
    const swap = name(odd(site, q));
    const ratio = f64x2.div(choose(swap, cosine, sine), choose(swap, sine, cosine));
    return v128.xor(ratio, i64x2.shl(q, 63));
  });
  return orHost(site, "tan", isLarge(site, x), [x], smooth);
};

// Inverse trigonometric functions: each is the angle of a point (x, y).

/** `arctan t = t (1 + t² A(t²))` on [0, 1]; minimax, relative error 2⁻³⁶·⁷. */
const arctangentSeries = [
  -0.33333333130227366, 0.1999998533310177, -0.14285343334735306, 0.11106369520033511,
  -0.09054952130087379, 0.07515374564208148, -0.060686689945812194, 0.04436665958758725,
  -0.026745697937266, 0.01191087192002328, -0.00337717415983241, 0.0004491857187317013,
];

/** The angle of (x, y), by octants. */
const angle = (site: Site, y: Lanes, x: Lanes): Vector => {
  const { k, name, madd, horner, choose } = doubles(site);
  const [height, width] = [name(f64x2.abs(y)), name(f64x2.abs(x))];
  const [short, long] = [name(f64x2.min(height, width)), name(f64x2.max(height, width))];
  // The diagonal is treated separately, so that ∞/∞ is 1; so is the origin, so that 0/0 is 0.
  const slope = choose(f64x2.eq(short, long), k(1), f64x2.div(short, long));
  const t = name(choose(f64x2.eq(long, k(0)), k(0), slope));
  const z = name(f64x2.mul(t, t));
  const octant = name(f64x2.mul(t, madd(z, horner(z, arctangentSeries), k(1))));
  const steep = f64x2.gt(height, width);
  const quadrant = name(choose(steep, f64x2.sub(k(Math.PI / 2), octant), octant));
  const sign = k(-0);
  const left = i64x2.shr_s(x, 63);
  const half = choose(left, f64x2.sub(k(Math.PI), quadrant), quadrant);
  return v128.or(half, v128.and(y, sign));
};

export const atan2 = (site: Site, y: Lanes, x: Lanes): Vector =>
  viaDouble(site, [y, x], (top, right) => angle(site, top!, right!));

export const atan = (site: Site, x: Lanes): Vector =>
  viaDouble(site, [x], (y) => angle(site, y!, site.body.let(doubles(site).k(1))));

/** `√(1 − x²)`, NaN outside [−1, 1]. */
const leg = (site: Site, x: Lanes): Lanes => {
  const { k, name } = doubles(site);
  return name(f64x2.sqrt(f64x2.mul(f64x2.sub(k(1), x), f64x2.add(k(1), x))));
};

export const asin = (site: Site, x: Lanes): Vector =>
  viaDouble(site, [x], (y) => angle(site, y!, leg(site, y!)));

export const acos = (site: Site, x: Lanes): Vector =>
  viaDouble(site, [x], (right) => angle(site, leg(site, right!), right!));

// Powers: xʸ = 2^(y log₂ x).

/** `ln((1+s)/(1−s)) = 2s + s³ L(s²)` for |s| ≤ 0.1716; minimax, relative error 2⁻⁴⁴·⁹. */
const logarithmSeries = [
  0.6666666667579936, 0.3999999562273259, 0.28572109032075876, 0.22176195080822486,
  0.19584045645339834,
];

/** `2ᵗ` on [−½, ½]; minimax, relative error 2⁻³⁴·⁵. */
const exponentialSeries = [
  0.9999999999616102, 0.6931471807287178, 0.24022651198779285, 0.055504103528558904,
  0.009618027171298638, 0.0013333922821731415, 0.00015469317608382983, 1.520191098871058e-5,
];

/** The bits of √½ in double precision. */
const rootHalf = 0x3fe6a09e667f3bcdn;

/** `log₂ x` of positive normal numbers. */
const binaryLogarithm = (site: Site, x: Lanes): Vector => {
  const { k, name, madd, horner } = doubles(site);
  const { body } = site;
  const root = body.hoist(i64x2.splat(rootHalf));
  const above = name(i64x2.sub(x, root));
  // Converts the exponent to a double: writes it into the low bits of 1.5·2⁵² and subtracts 1.5·2⁵².
  const exponent = f64x2.sub(i64x2.add(i64x2.shr_s(above, 52), k(rounder)), k(rounder));
  const mantissa = body.hoist(i64x2.splat(0xfffffffffffffn));
  const m = name(i64x2.add(v128.and(above, mantissa), root));
  const s = name(f64x2.div(f64x2.sub(m, k(1)), f64x2.add(m, k(1))));
  const z = name(f64x2.mul(s, s));
  const natural = f64x2.mul(s, madd(z, horner(z, logarithmSeries), k(2)));
  return madd(natural, k(Math.LOG2E), exponent);
};

/** `2ᵗ`, for `t` clamped to ±1000, where an f32 has long become ∞ or 0. */
const binaryExponential = (site: Site, t: Vector): Vector => {
  const { k, name, horner } = doubles(site);
  const bounded = name(f64x2.pmax(f64x2.pmin(t, k(1000)), k(-1000)));
  const rounded = name(f64x2.add(bounded, k(rounder)));
  const fraction = name(f64x2.sub(bounded, f64x2.sub(rounded, k(rounder))));
  const power = i64x2.shl(i64x2.add(rounded, integer(site, 1023)), 52);
  return f64x2.mul(horner(fraction, exponentialSeries), power);
};

/** `xʸ` as `Math.pow` defines it. The host function handles zeros, infinities and NaNs. */
export const pow = (site: Site, x: Lanes, y: Lanes): Vector => {
  const { body } = site;
  const smooth = viaDouble(site, [x, y], (base, exponent) => {
    const { k, name } = doubles(site);
    const magnitude = name(f64x2.abs(base!));
    const power = binaryExponential(site, f64x2.mul(exponent!, binaryLogarithm(site, magnitude)));
    const negative = name(f64x2.lt(base!, k(0)));
    const whole = (value: Vector): Vector => f64x2.eq(f64x2.nearest(value), value);
    const isWhole = name(whole(exponent!));
    const isOdd = v128.andnot(isWhole, whole(f64x2.mul(exponent!, k(0.5))));
    const flip = v128.and(v128.and(negative, isOdd), k(-0));
    // All ones is NaN: a negative base has no real power with a fractional exponent.
    return v128.or(v128.xor(power, flip), v128.andnot(negative, isWhole));
  });
  const k = (value: number): Vector => body.hoist(f32x4.const(value));
  const proper = (value: Vector): Vector => f32x4.lt(f32x4.abs(value), k(Number.POSITIVE_INFINITY));
  const plain = v128.and(v128.and(proper(x), proper(y)), f32x4.ne(x, k(0)));
  return orHost(site, "pow", v128.not(plain), [x, y], smooth);
};
