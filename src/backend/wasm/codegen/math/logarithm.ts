/**
 * The natural logarithm on four f32.
 *
 * **Math** `x = 2ᵏ (1 + f)` with `1 + f` in [√½, √2); with `s = f / (2 + f)`,
 * `ln(1 + f) = 2s + s³ R(s²) = f − f²/2 + s (f²/2 + s² R(s²))`, the last form losing least.
 * **Source** the arrangement is that of FDLIBM (Sun Microsystems, 1993); `R` is a minimax
 * polynomial, relative error 2⁻³⁷·⁶.
 */
import { f32x4, i32x4, type Local, v128 } from "../../assembler/index.ts";
import { bits, type Site, singles, type Vector } from "./arithmetic.ts";

const series = [0.6666666565, 0.4000033517, 0.285373097, 0.2358212956];

/** The bits of √½. */
const rootHalf = 0x3f3504f3;

/** `ln(y) + correction + adjust·ln 2` for positive normal `y`. */
const core = (site: Site, y: Vector, adjust: Vector, correction?: Vector): Vector => {
  const { k, name, madd, nmadd, horner } = singles(site);
  const above = name(i32x4.sub(y, bits(site, rootHalf)));
  const exponent = f32x4.convert_i32x4_s(i32x4.shr_s(above, 23));
  const n = name(f32x4.add(exponent, adjust));
  const fraction = v128.and(above, bits(site, 0x7fffff));
  const f = name(f32x4.sub(i32x4.add(fraction, bits(site, rootHalf)), k(1)));
  const s = name(f32x4.div(f, f32x4.add(f, k(2))));
  const z = name(f32x4.mul(s, s));
  const half = name(f32x4.mul(f32x4.mul(f, f), k(0.5)));
  // ln 2 in two parts: the first has so few bits that its product with n is exact.
  const low = f32x4.mul(n, k(-0.000212194440055));
  const rest = correction === undefined ? low : f32x4.add(low, correction);
  const small = madd(s, madd(z, horner(z, series), half), rest);
  return nmadd(n, k(-0.693359375), f32x4.add(f, f32x4.sub(small, half)));
};

/** Special values: ln 0 = −∞, a negative argument gives NaN, ∞ and NaN give themselves. */
const ends = (site: Site, y: Vector, result: Vector): Vector => {
  const { k, choose } = singles(site);
  const finite = choose(f32x4.lt(y, k(Number.POSITIVE_INFINITY)), result, y);
  const real = v128.or(finite, f32x4.lt(y, k(0))); // all ones is a NaN
  return choose(f32x4.eq(y, k(0)), k(Number.NEGATIVE_INFINITY), real);
};

export const log = (site: Site, x: Local<"v128">): Vector => {
  const { k, name, choose } = singles(site);
  const subnormal = name(f32x4.lt(x, k(2 ** -126)));
  const normal = choose(subnormal, f32x4.mul(x, k(2 ** 23)), x);
  return ends(site, x, core(site, normal, v128.and(subnormal, k(-23))));
};

/** `ln(1 + x)`. It rounds `1 + x`, and adds the rounding error back as `lost / (1 + x)`. */
export const log1p = (site: Site, x: Local<"v128">): Vector => {
  const { k, name, choose } = singles(site);
  const large = name(f32x4.pmax(x, k(1)));
  const sum = name(f32x4.add(x, k(1)));
  const lost = f32x4.sub(f32x4.pmin(x, k(1)), f32x4.sub(sum, large));
  const result = ends(site, sum, core(site, sum, k(0), f32x4.div(lost, sum)));
  return choose(f32x4.lt(f32x4.abs(x), k(2 ** -24)), x, result);
};
