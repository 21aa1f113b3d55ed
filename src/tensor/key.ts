import { InvalidArgument } from "../errors.ts";
import { allocate, store } from "./dtype.ts";
import { greatestOf } from "./extremes.ts";
import { type ListOf, listOf, nth } from "./list.ts";
import { type Shape, sizeOf } from "./shape.ts";
import { Tensor } from "./tensor.ts";
import { randomBits } from "./threefry.ts";
import { element, extents, holding, integral } from "./validate.ts";

/**
 * An immutable, splittable random key: the whole state of a random number generator, as an i32 tensor of two words.
 * It passes through programs like any tensor.
 *
 * A key is used once: for one draw, or to be split. The same key gives the same bits everywhere, on any
 * backend and any number of threads.
 */
export type Key = Tensor<readonly [2]>;

/**
 * The key of a seed. Different integers of magnitude up to 2⁵³ give different keys.
 *
 * **Fails with** `InvalidArgument`, thrown, for any other number.
 *
 * @example
 * ```ts
 * import { key, split } from "fluxion";
 * import { uniform } from "fluxion/tensor";
 * const [first, second] = split(key(42), 2);
 * uniform(first, [3]).shape // => [3]
 * ```
 */
export const key = (seed: number): Key => {
  integral("key", { seed });
  return makeKey(Math.floor(seed / 2 ** 32), seed);
};

const makeKey = (word0: number, word1: number): Key =>
  Tensor.own([2], "i32", Int32Array.of(word0, word1));

const words = (key: Key, n: number): Int32Array => {
  const [word0 = 0, word1 = 0] = Tensor.read(key);
  return randomBits(word0, word1, n);
};

/** Splits a key into `n` independent keys. **Math** Key `i` is the words `2i, 2i+1` of the key. */
export const split = <const N extends number>(key: Key, n: N): ListOf<N, Key> => {
  const bits = words(key, 2 * whole("split", "n", n));
  return listOf(n, (i) => makeKey(nth(bits, 2 * i), nth(bits, 2 * i + 1)));
};

/** Makes `foldIn` differ from `split`: the fractional part of the golden ratio in 32 bits. */
const foldWord = 0x9e3779b9 | 0;

/** The two 32-bit words of an integer, `high · 2³² + low`; `low` is signed, so that `high` is 0 for every i32. */
export const wordsOf = (op: string, data: number): readonly [low: number, high: number] => {
  integral(op, { data });
  return [data | 0, Math.round((data - (data | 0)) / 2 ** 32)];
};

/**
 * Derives a key from a key and a number: for step 17, epoch 3 or example 5.
 *
 * **Math** `bits₂(bits₂(key) xor (low, high xor 0x9e3779b9))` for `data = high·2³² + low`, where `bits₂` takes the
 * first two words of a key.
 * **Fails with** `InvalidArgument`, thrown if `data` is not a non-negative integer.
 */
export const foldIn = (key: Key, data: number): Key => {
  const [low, high] = wordsOf("foldIn", data);
  const [a = 0, b = 0] = words(key, 2);
  const [c = 0, d = 0] = randomBits(a ^ low, b ^ foldWord ^ high, 2);
  return makeKey(c, d);
};

const whole = (op: string, argument: string, n: number): number => {
  if (!Number.isSafeInteger(n) || n < 0)
    throw new InvalidArgument({
      op,
      argument,
      expected: "a whole number that is not negative",
      actual: String(n),
    });
  return n;
};

const sizeChecked = (op: string, shape: Shape): number => sizeOf(extents(op, shape));

/** `n` uniform numbers in [0, 1) with 24 bits each, exact in f32. */
const units24 = (key: Key, n: number): Float32Array => {
  const bits = words(key, n);
  const out = new Float32Array(n);
  for (let i = 0; i < n; i++) out[i] = ((bits[i] as number) >>> 8) * 2 ** -24;
  return out;
};

/** `n` uniform numbers in [0, 1) with 53 bits each, from the words `2i` and `2i+1`. */
const units53 = (key: Key, n: number): Float64Array => {
  const bits = words(key, 2 * n);
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const high = (bits[2 * i] as number) >>> 5;
    const low = (bits[2 * i + 1] as number) >>> 6;
    out[i] = (high * 2 ** 26 + low) * 2 ** -53;
  }
  return out;
};

/** The checked bounds of `uniform`; `scale` is 2 if their difference exceeds the dtype's range. */
export const boundsOf = ({
  low = 0,
  high = 1,
  dtype = "f32",
}: UniformOptions): { readonly low: number; readonly high: number; readonly scale: 1 | 2 } => {
  holding("a finite number", Number.isFinite)("uniform", { low, high });
  holding(`a number not above high, ${high}`, (n) => n <= high)("uniform", { low });
  const [from, to] = [
    element("uniform", "low", dtype, low),
    element("uniform", "high", dtype, high),
  ];
  return { low, high, scale: Number.isFinite(store(dtype, to - from)) ? 1 : 2 };
};

/** Options of {@link uniform}. */
export interface UniformOptions {
  /** The lower bound, included. Defaults to 0. */
  readonly low?: number;
  /** The upper bound, excluded. Defaults to 1. */
  readonly high?: number;
  /** The dtype of the numbers. Defaults to `f32`. */
  readonly dtype?: "f32" | "f64";
}

/**
 * Random numbers from the uniform distribution over [low, high).
 *
 * **Math** `low + (high - low)·u`; in f32 `u = (bits >>> 8)·2⁻²⁴` and each operation rounds to f32; in f64 `u` has 53
 * bits of two words. If the span is not a power of two, rounding may give `high` itself. If the span exceeds the
 * range of the dtype, the draw is made between the halves of the bounds and doubled.
 * **Fails with** `InvalidArgument`, thrown if a bound is not finite, or `low` is above `high`.
 */
export const uniform = <const S extends Shape>(
  key: Key,
  shape: S,
  options: UniformOptions = {},
): Tensor<S> => {
  const { dtype = "f32" } = options;
  const bounds = boundsOf(options);
  const [low, high, scale] = [bounds.low / bounds.scale, bounds.high / bounds.scale, bounds.scale];
  const n = sizeChecked("uniform", shape);
  const make = (): Float32Array | Float64Array => {
    const whole = low === 0 && high === 1;
    if (dtype === "f64") {
      const data = units53(key, n);
      if (!whole)
        for (let i = 0; i < n; i++) data[i] = scale * (low + (high - low) * (data[i] as number));
      return data;
    }
    const data = units24(key, n);
    const [from, span] = [Math.fround(low), Math.fround(high - low)];
    if (!whole)
      for (let i = 0; i < n; i++)
        data[i] = scale * Math.fround(from + Math.fround(span * (data[i] as number)));
    return data;
  };
  return Tensor.lazily(shape, dtype, make);
};

/**
 * Random numbers from the standard normal distribution.
 *
 * **Math** Box and Muller's `√(-2 ln(1 - u₁)) cos(2π u₂)`, computed in f64 and rounded once; `u₁` is the
 * first half of a uniform draw of `[2, ...shape]` and `u₂` the second.
 *
 * **Source** Box and Muller, "A Note on the Generation of Random Normal Deviates" (1958).
 */
export const normal = <const S extends Shape>(
  key: Key,
  shape: S,
  { dtype = "f32" }: { readonly dtype?: "f32" | "f64" } = {},
): Tensor<S> => {
  const n = sizeChecked("normal", shape);
  return Tensor.lazily(shape, dtype, () => {
    const u = dtype === "f64" ? units53(key, 2 * n) : units24(key, 2 * n);
    const data = allocate(dtype, n);
    for (let i = 0; i < n; i++) {
      const radius = Math.sqrt(-2 * Math.log1p(-(u[i] as number)));
      data[i] = radius * Math.cos(2 * Math.PI * (u[n + i] as number));
    }
    return data;
  });
};

/**
 * The threshold below which a random word lies with probability `p`: one word of 32 bits, or two if one would
 * represent `p` to fewer than 24 bits. `high · 2³² + low` is `p · 2⁶⁴`, rounded up.
 */
export const thresholdOf = (
  p: number,
): { readonly words: 1 | 2; readonly high: number; readonly low: number } => {
  holding("a probability, from 0 to 1", (n) => n >= 0 && n <= 1)("bernoulli", { p });
  const scaled = p * 2 ** 32;
  if (p >= 2 ** -8 || Number.isInteger(scaled))
    return { words: 1, high: Math.ceil(scaled), low: 0 };
  const high = Math.floor(scaled);
  return { words: 2, high, low: Math.ceil((scaled - high) * 2 ** 32) };
};

/**
 * Random booleans that are true with probability `p`.
 *
 * **Math** `word < p·2³²` for an unsigned word of 32 bits; of 64 bits where `p` is below 2⁻⁸ and no multiple of 2⁻³².
 * **Fails with** `InvalidArgument`, thrown if `p` is not from 0 to 1.
 */
export const bernoulli = <const S extends Shape>(key: Key, p: number, shape: S): Tensor<S> => {
  const { words: count, high, low } = thresholdOf(p);
  const data = new Uint8Array(sizeChecked("bernoulli", shape));
  const bits = words(key, count * data.length);
  for (let i = 0; i < data.length; i++) {
    const [first, second] = [
      (bits[count * i] as number) >>> 0,
      (bits[count * i + count - 1] as number) >>> 0,
    ];
    data[i] = first < high || (count === 2 && first === high && second < low) ? 1 : 0;
  }
  return Tensor.own(shape, "bool", data);
};

/**
 * A random permutation of `0 … n-1`, as i32; all orders are equally likely.
 *
 * **Source** Fisher and Yates's shuffle; Durstenfeld, "Algorithm 235" (1964).
 */
export const permutation = <const N extends number>(key: Key, n: N): Tensor<readonly [N]> => {
  const order = Int32Array.from({ length: whole("permutation", "n", n) }, (_, i) => i);
  const u = units53(key, n);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor((u[i] as number) * (i + 1));
    const moved = order[i] as number;
    order[i] = order[j] as number;
    order[j] = moved;
  }
  return Tensor.own([n], "i32", order);
};

/**
 * Draws `n` classes, as i32, from the distribution with the given logits (unnormalized log-probabilities).
 *
 * **Math** The first class whose cumulative softmax exceeds a uniform number; `-∞` is never drawn.
 *
 * **Shapes** `logits: [k] → [n]`.
 *
 * **Fails with** `InvalidArgument`, thrown if the logits are no distribution (empty, all `-∞`, or with NaN or `∞`).
 */
export const categorical = <const N extends number>(
  key: Key,
  logits: Tensor<readonly [number]>,
  n: N,
): Tensor<readonly [N]> => {
  const values = Array.from(Tensor.read(logits));
  const greatest = greatestOf(values);
  const weights = values.map((v) => Math.exp(v - greatest));
  const total = weights.reduce((a, b) => a + b, 0);
  if (!(total > 0 && Number.isFinite(greatest)))
    throw new InvalidArgument({
      op: "categorical",
      argument: "logits",
      expected: "at least one finite number, and neither NaN nor +∞",
      actual: logits.toString(),
    });
  const cumulative = new Float64Array(weights.length);
  for (const [i, w] of weights.entries()) cumulative[i] = (cumulative[i - 1] ?? 0) + w;
  const last = weights.findLastIndex((w) => w > 0);
  const u = units53(key, whole("categorical", "n", n));
  const out = new Int32Array(n);
  for (let i = 0; i < n; i++)
    out[i] = Math.min(firstAbove(cumulative, (u[i] as number) * total), last);
  return Tensor.own([n], "i32", out);
};

/** The first index whose value is above `x`, by binary search in an ascending array. */
const firstAbove = (ascending: Float64Array, x: number): number => {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) > x) high = middle;
    else low = middle + 1;
  }
  return low;
};
