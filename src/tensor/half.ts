/**
 * The two dtypes of half width, which store numbers and do not compute: arithmetic on them is done in f32.
 *
 * On the JavaScript heap their elements are a `Float32Array` of numbers that the dtype has; in files and in the memory
 * of a compiled program they are words of 16 bits.
 *
 * **Source** IEEE 754-2019 §3.6 (binary16); Kalamkar et al. (2019), "A Study of BFLOAT16 for Deep Learning Training".
 */
export type Half = "f16" | "bf16";

/** The layout of a half: the bits of its fraction, the exponent of its least normal number, and its largest number. */
interface Layout {
  readonly fraction: number;
  readonly least: number;
  readonly greatest: number;
  readonly nan: number;
}

const layouts: { readonly [H in Half]: Layout } = {
  f16: { fraction: 10, least: -14, greatest: 65504, nan: 0x7e00 },
  bf16: { fraction: 7, least: -126, greatest: 255 * 2 ** 120, nan: 0x7fc0 },
};

const word = new DataView(new ArrayBuffer(4));

/** The exponent of a finite f32: -127 for subnormal numbers and 0. */
const exponentOf = (single: number): number => {
  word.setFloat32(0, single);
  return ((word.getUint32(0) >>> 23) & 255) - 127;
};

/** The bits of a finite number that a half has, without its sign. */
const magnitudeBits = ({ fraction, least }: Layout, magnitude: number): number => {
  const exponent = Math.max(least, exponentOf(magnitude));
  // The fraction of a normal number begins with a 1, which counts as one more step of the exponent.
  return magnitude / 2 ** (exponent - fraction) + (exponent - least) * 2 ** fraction;
};

/**
 * Rounds a number to the nearest of a half, ties to even, by way of f32. Beyond the largest it is an infinity, as in
 * IEEE 754: from 65520 on for f16.
 */
export const toHalf = (half: Half, value: number): number => {
  const single = Math.fround(value);
  if (!Number.isFinite(single) || single === 0) return single;
  const { fraction, least, greatest } = layouts[half];
  const step = 2 ** (Math.max(least, exponentOf(single)) - fraction);
  // At most 2²⁴ steps, exactly; a sum with 2⁵² has no fractional bits, and is rounded half to even.
  const rounded = (Math.abs(single) / step + 2 ** 52 - 2 ** 52) * step;
  const magnitude = rounded > greatest ? Number.POSITIVE_INFINITY : rounded;
  return single < 0 ? -magnitude : magnitude;
};

/** The 16 bits of a number that a half has. All NaNs become the quiet one without a sign. */
export const halfBits = (half: Half, value: number): number => {
  const layout = layouts[half];
  if (Number.isNaN(value)) return layout.nan;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  const infinity = 0x7fff - 2 ** layout.fraction + 1;
  return sign + (Number.isFinite(value) ? magnitudeBits(layout, magnitude) : infinity);
};

/** The number with these 16 bits. */
export const fromHalfBits = (half: Half, bits: number): number => {
  const { fraction, least } = layouts[half];
  const sign = bits < 0x8000 ? 1 : -1;
  const magnitude = bits & 0x7fff;
  const digits = magnitude & (2 ** fraction - 1);
  const exponent = magnitude >> fraction;
  if (exponent === 0x7fff >> fraction)
    return digits === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0
    ? sign * digits * 2 ** (least - fraction)
    : sign * (digits + 2 ** fraction) * 2 ** (exponent - 1 + least - fraction);
};

/** The bits of every element, into an array of as many words. */
export const writeHalves = (
  half: Half,
  from: ArrayLike<number>,
  into: Uint16Array,
): Uint16Array => {
  for (let i = 0; i < from.length; i++) into[i] = halfBits(half, from[i] as number);
  return into;
};

/** The numbers of bits, into an array of as many elements. */
export const readHalves = <A extends { [at: number]: number }>(
  half: Half,
  from: Uint16Array,
  into: A,
): A => {
  for (let i = 0; i < from.length; i++) into[i] = fromHalfBits(half, from[i] as number);
  return into;
};
