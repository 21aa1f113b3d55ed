import { sameShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { whole } from "../../tensor/validate.ts";
import { constant } from "../build.ts";
import type { Expr } from "../expr.ts";
import { asOne } from "../types/diagnose.ts";
import type { Operand } from "../types/shape.ts";
import { dot } from "./contraction.ts";
import { add, mul, neg, sub } from "./elementwise.ts";
import { zerosLike } from "./indexing.ts";
import { axisIn, floating, lift, mistaken } from "./promote.ts";
import { concatenate, moveAxis, pad, reshape, reverse, sliceAxis } from "./structural.ts";

/** Complex numbers, as real and imaginary parts of one shape. */
export type Complex = { readonly re: Expr; readonly im: Expr };

/**
 * Which transform is scaled by `1/n`: the inverse (`"backward"`), both by `1/√n` (`"orthonormal"`), or the forward
 * one.
 */
export type FourierNorm = "backward" | "orthonormal" | "forward";

/** Options of a Fourier transform along one axis. `norm` defaults to `"backward"`. */
export interface FourierOptions {
  /** The axis to transform along. Defaults to the last. */
  readonly axis?: number;
  /**
   * How many elements to transform: the axis is cut off, or padded with zeros, to this size. Defaults to its extent.
   */
  readonly size?: number;
  readonly norm?: FourierNorm;
}

/** Complex numbers whose imaginary part is `undefined` if it is zero. */
type Half = { readonly re: Expr; readonly im: Expr | undefined };

/** `cos` and `±sin` of `2π·k/n` for integers `k`, exactly periodic. */
const turn = (k: number, n: number, sign: number): readonly [number, number] => {
  const angle = (2 * Math.PI * (k % n)) / n;
  return [Math.cos(angle), sign * Math.sin(angle)];
};

/** A tensor of roots of unity; the exponent of each depends on its position. */
const roots = (
  like: Expr,
  shape: readonly number[],
  exponent: (i: number) => number,
  n: number,
  sign: number,
): Complex => {
  const size = shape.reduce((p, d) => p * d, 1);
  const pairs = Array.from({ length: size }, (_, i) => turn(exponent(i), n, sign));
  const part = (which: 0 | 1): Expr =>
    constant(
      Tensor.own(
        shape,
        "f64",
        Float64Array.from(pairs, (z) => z[which]),
      ).cast(like.dtype),
    );
  return { re: part(0), im: part(1) };
};

const times = (x: Half, y: Complex): Complex =>
  x.im === undefined
    ? { re: mul(x.re, y.re), im: mul(x.re, y.im) }
    : {
        re: sub(mul(x.re, y.re), mul(x.im, y.im)),
        im: add(mul(x.re, y.im), mul(x.im, y.re)),
      };

const both = (x: Half, f: (part: Expr) => Expr): Half => ({
  re: f(x.re),
  im: x.im === undefined ? undefined : f(x.im),
});

/** The Fourier transform along an axis, as a product with the transform's matrix. */
const byMatrix = (x: Half, axis: number, sign: number): Complex => {
  const n = x.re.shape[axis] ?? 0;
  const matrix = roots(x.re, [n, n], (i) => Math.floor(i / n) * (i % n), n, sign);
  const along = (m: Expr, part: Expr): Expr => moveAxis(dot(m, part, [[1], [axis]]), 0, axis);
  const [re, im] = [along(matrix.re, x.re), along(matrix.im, x.re)];
  return x.im === undefined
    ? { re, im }
    : {
        re: sub(re, along(matrix.im, x.im)),
        im: add(im, along(matrix.re, x.im)),
      };
};

/** The largest size for which a product with the transform's matrix is fastest. */
const direct = 32;

/** The Fourier transform along the last axis, without scaling. */
const transform = (x: Half, sign: number): Complex => {
  const last = x.re.shape.length - 1;
  const n = x.re.shape[last] ?? 0;
  if (n <= direct) return byMatrix(x, last, sign);
  const divisors = Array.from({ length: direct - 1 }, (_, i) => direct - i);
  const p = divisors.find((d) => n % d === 0);
  return p === undefined ? byChirps(x, sign) : byFactors(x, p, n / p, sign);
};

/**
 * The transform of length `n = p·q`: transforms of length `p`, a product with roots of unity, transforms of length
 * `q`.
 *
 * **Source** Cooley and Tukey, "An algorithm for the machine calculation of complex Fourier series" (1965).
 */
const byFactors = (x: Half, p: number, q: number, sign: number): Complex => {
  const leading = x.re.shape.slice(0, -1);
  const rank = leading.length;
  const parts = both(x, (e) => reshape(e, [...leading, p, q]));
  const across = byMatrix(parts, rank, sign);
  const twiddles = roots(x.re, [p, q], (i) => Math.floor(i / q) * (i % q), p * q, sign);
  const along = transform(times(across, twiddles), sign);
  const ordered = (e: Expr): Expr => reshape(moveAxis(e, rank, rank + 1), [...leading, p * q]);
  return { re: ordered(along.re), im: ordered(along.im) };
};

/** Checks a transform size: an integer of at least 1. */
const sizeChecked = (op: string, size: number): number => {
  whole(1)(op, { size });
  return size;
};

const lastTo = (x: Expr, n: number): Expr => {
  const have = x.shape.at(-1) ?? 0;
  if (have >= n) return sliceAxis(x, -1, 0, n);
  return pad(
    x,
    x.shape.map((_, i) => [0, i === x.shape.length - 1 ? n - have : 0] as const),
  );
};

/**
 * The transform of a length without small factors, as a convolution with a chirp whose length is a power of two.
 *
 * **Source** Bluestein, "A linear filtering approach to the computation of the discrete Fourier transform" (1970).
 */
const byChirps = (x: Half, sign: number): Complex => {
  const n = x.re.shape.at(-1) ?? 0;
  const size = 2 ** Math.ceil(Math.log2(2 * n - 1));
  // Squares modulo 2n stay exact integers.
  const chirp = roots(x.re, [n], (i) => (i * i) % (2 * n), 2 * n, sign);
  const filter = roots(x.re, [size], (i) => Math.min(i, size - i) ** 2 % (2 * n), 2 * n, -sign);
  const start = times(x, chirp);
  const padded = { re: lastTo(start.re, size), im: lastTo(start.im, size) };
  const product = times(transform(padded, -1), transform(filter, -1));
  const convolved = transform(product, 1);
  const inverse = (e: Expr): Expr => mul(lastTo(e, n), 1 / size);
  return times({ re: inverse(convolved.re), im: inverse(convolved.im) }, chirp);
};

const factor = (n: number, norm: FourierNorm, inverse: boolean): number => {
  if (norm === "orthonormal") return 1 / Math.sqrt(n);
  return (norm === "backward") === inverse ? 1 / n : 1;
};

/** The scaled transform along the axis that the options name. */
const along = (
  op: string,
  x: Half,
  inverse: boolean,
  { axis = -1, size, norm = "backward" }: FourierOptions,
): Complex => {
  const [re, a] = axisIn(op, x.re, axis);
  const im = x.im && (sameShape(x.im.shape, re.shape) ? x.im : zerosLike(re));
  const front = both({ re, im }, (e) => {
    const moved = moveAxis(e, a, -1);
    return size === undefined ? moved : lastTo(moved, sizeChecked(op, size));
  });
  const k = factor(front.re.shape.at(-1) ?? 1, norm, inverse);
  const made = transform(front, inverse ? 1 : -1);
  const back = (e: Expr): Expr => moveAxis(k === 1 ? e : mul(e, k), -1, a);
  return { re: back(made.re), im: back(made.im) };
};

/** A transform of real or complex numbers, which `op` takes apart. Whatever is wrong with them is one mistake of `op`. */
const transformed = <Y>(op: string, x: Operand | Complex, make: (x: Half) => Y): Y => {
  if (!(typeof x === "object" && "re" in x)) {
    const re = lift(x);
    return asOne(op, "a tensor with axes", [re], () =>
      make({ re: floating(op, re), im: undefined }),
    );
  }
  const expected = "a real and an imaginary part of one shape, with axes";
  return asOne(op, expected, [x.re, x.im], () => {
    const [re, im] = [floating(op, x.re), floating(op, x.im)];
    // Of two shapes, the real part's is taken as the one that was meant.
    return make(
      sameShape(re.shape, im.shape)
        ? { re, im }
        : { re: mistaken(op, expected, re, re.shape), im: zerosLike(re) },
    );
  });
};

/**
 * The discrete Fourier transform along an axis, of real or complex numbers.
 *
 * **Shapes** `[..., n] → re and im [..., n]`.
 * **Fails with** `InvalidArgument`, thrown if `size` is not an integer of at least 1; `DtypeMismatch` when compiled,
 * for integers.
 * **Math** `Xₖ = Σⱼ xⱼ e^(-2πi·jk/n)`; linear. Takes `O(n log n)` operations for every length: products with small
 * matrices for small factors, and Bluestein's chirps for others.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`; `ifft ∘ fft` is the identity, Parseval's equation holds.
 *
 * @example
 * ```ts
 * import { Backend, compile, type Expr, tensor } from "fluxion";
 * import { fft } from "fluxion/ops";
 * import * as Effect from "effect/Effect";
 * const x = tensor([1, 2, 3, 4]);
 * const program = compile((a: Expr) => fft(a).re, [x]);
 * Effect.runSync(program.pipe(Effect.provide(Backend.layerReference)))(x).toArray() // => [10, -2, -2, -2]
 * ```
 */
export const fft = (x: Operand | Complex, options: FourierOptions = {}): Complex =>
  transformed("fft", x, (half) => along("fft", half, false, options));

/** The inverse of {@link fft}. **Math** `xⱼ = 1/n Σₖ Xₖ e^(2πi·jk/n)`. */
export const ifft = (x: Operand | Complex, options: FourierOptions = {}): Complex =>
  transformed("ifft", x, (half) => along("ifft", half, true, options));

/**
 * The first half of the Fourier transform of real numbers; the other half is its conjugate.
 *
 * **Shapes** `[..., n] → re and im [..., ⌊n/2⌋ + 1]`.
 */
export const rfft = (operand: Operand, options: FourierOptions = {}): Complex =>
  firstHalf("rfft", operand, options);

const firstHalf = (op: string, operand: Operand, options: FourierOptions): Complex => {
  const [given, axis] = axisIn(op, floating(op, lift(operand)), options.axis ?? -1);
  const some = given.shape.map((d, i) => (i === axis ? Math.max(1, d) : d));
  const x =
    given.shape[axis] === 0 && options.size === undefined
      ? mistaken(op, "one element or more along its axis", given, some)
      : given;
  const { re, im } = along(op, { re: x, im: undefined }, false, { ...options, axis });
  const half = Math.floor((re.shape[axis] ?? 0) / 2) + 1;
  return { re: sliceAxis(re, axis, 0, half), im: sliceAxis(im, axis, 0, half) };
};

/**
 * The inverse of {@link rfft}: real numbers from the first half of their transform. `size` is how many; it defaults
 * to `2(m - 1)`.
 *
 * **Shapes** `re and im [..., m] → [..., size]`.
 */
export const irfft = (x: Complex, options: FourierOptions = {}): Expr =>
  transformed("irfft", x, (half) => fromHalf("irfft", half, options));

const fromHalf = (op: string, x: Half, { axis = -1, size, norm }: FourierOptions): Expr => {
  const [re, a] = axisIn(op, x.re, axis);
  const im = x.im && sameShape(x.im.shape, re.shape) ? x.im : zerosLike(re);
  const n = sizeChecked(op, size ?? 2 * ((re.shape[a] ?? 2) - 1));
  const half = Math.floor(n / 2) + 1;
  const whole = (e: Expr, mirrored: (part: Expr) => Expr): Expr => {
    const first = lastTo(moveAxis(e, a, -1), half);
    const second = reverse(sliceAxis(first, -1, 1, 1 + n - half), [-1]);
    return moveAxis(concatenate([first, mirrored(second)], -1), -1, a);
  };
  const full = { re: whole(re, (e) => e), im: whole(im, (e) => neg(e)) };
  return along(op, full, true, { axis: a, ...(norm === undefined ? {} : { norm }) }).re;
};

/** Options of a Fourier transform along several axes. `norm` defaults to `"backward"`. */
export interface FourierAxes {
  /** The axes to transform along. Defaults to all. */
  readonly axes?: readonly number[];
  readonly norm?: FourierNorm;
}

const overAxes = (
  op: string,
  x: Half,
  inverse: boolean,
  { axes, norm = "backward" }: FourierAxes,
): Complex => {
  const [first, ...rest] = axes ?? x.re.shape.map((_, i) => i);
  if (first === undefined) return { re: x.re, im: x.im ?? zerosLike(x.re) };
  const start = along(op, x, inverse, { axis: first, norm });
  return rest.reduce((z, axis) => along(op, z, inverse, { axis, norm }), start);
};

/** {@link fft} along several axes. Defaults to all. */
export const fftn = (x: Operand | Complex, options: FourierAxes = {}): Complex =>
  transformed("fftn", x, (half) => overAxes("fftn", half, false, options));
/** The inverse of {@link fftn}. */
export const ifftn = (x: Operand | Complex, options: FourierAxes = {}): Complex =>
  transformed("ifftn", x, (half) => overAxes("ifftn", half, true, options));

/** {@link rfft} along the last of several axes, and {@link fft} along the others. */
export const rfftn = (operand: Operand, { axes, norm = "backward" }: FourierAxes = {}): Complex => {
  const x = lift(operand);
  const all = axes ?? x.shape.map((_, i) => i);
  const half = firstHalf("rfftn", x, { axis: all.at(-1) ?? -1, norm });
  return overAxes("rfftn", half, false, { axes: all.slice(0, -1), norm });
};

/** The inverse of {@link rfftn}, with `size` elements along the last of the axes. */
export const irfftn = (
  x: Complex,
  { axes, norm = "backward", size }: FourierAxes & { readonly size?: number } = {},
): Expr =>
  transformed("irfftn", x, (half) => {
    const all = axes ?? half.re.shape.map((_, i) => i);
    const inner = overAxes("irfftn", half, true, { axes: all.slice(0, -1), norm });
    const options = { axis: all.at(-1) ?? -1, norm };
    return fromHalf("irfftn", inner, size === undefined ? options : { ...options, size });
  });
