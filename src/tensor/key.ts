import { greatestOf } from "../algebra/extremes.ts";
import { InvalidArgument } from "../errors.ts";
import { allocate } from "./dtype.ts";
import { type Shape, sizeOf } from "./shape.ts";
import { Tensor } from "./tensor.ts";
import { randomBits } from "./threefry.ts";

/**
 * An immutable splittable key: the whole state of randomness, as an i32 tensor of two words, so that it
 * travels through programs like any tensor.
 *
 * A key is used once: for one draw, or to be split. The same key gives the same bits everywhere, on any
 * backend and any number of threads.
 */
export type Key = Tensor<readonly [2]>;

/**
 * The key of a seed. Whole numbers up to 2⁵³ in size give different keys; of any other number the 64 bits
 * of its IEEE double are the key.
 *
 * @example
 * ```ts
 * import { key, split, uniform } from "fluxion";
 * const [first, second] = split(key(42), 2);
 * uniform(first, [3]).shape // => [3]
 * ```
 */
export const key = (seed: number): Key => {
  if (Number.isSafeInteger(seed)) return makeKey(Math.floor(seed / 2 ** 32), seed);
  const [low = 0, high = 0] = new Int32Array(Float64Array.of(seed).buffer);
  return makeKey(high, low);
};

const makeKey = (word0: number, word1: number): Key =>
  Tensor.own([2], "i32", Int32Array.of(word0, word1));

const words = (key: Key, n: number): Int32Array => {
  const [word0 = 0, word1 = 0] = Tensor.read(key);
  return randomBits(word0, word1, n);
};

type Keys<N extends number> = number extends N
  ? readonly Key[]
  : N extends 2
    ? readonly [Key, Key]
    : N extends 3
      ? readonly [Key, Key, Key]
      : N extends 4
        ? readonly [Key, Key, Key, Key]
        : readonly Key[];

/** `n` keys, independent of one another. **Math** Key `i` is the words `2i, 2i+1` of the key. */
export const split = <const N extends number>(key: Key, n: N): Keys<N> => {
  const bits = words(key, 2 * whole("split", "n", n));
  const keys = Array.from({ length: n }, (_, i) =>
    makeKey(bits[2 * i] as number, bits[2 * i + 1] as number),
  );
  // The array has n keys, which its type says for small literal n.
  return keys as readonly Key[] as Keys<N>;
};

/** Sets `foldIn` apart from `split`: the fractional part of the golden ratio in 32 bits. */
const foldWord = 0x9e3779b9 | 0;

/**
 * The key of a numbered occasion: step 17's, epoch 3's, example 5's.
 *
 * **Math** `bits₂(bits₂(key) xor (data, 0x9e3779b9))`, where `bits₂` takes the first two words of a key.
 */
export const foldIn = (key: Key, data: number): Key => {
  const [a = 0, b = 0] = words(key, 2);
  const [c = 0, d = 0] = randomBits(a ^ data, b ^ foldWord, 2);
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

const sizeChecked = (op: string, shape: Shape): number => {
  for (const extent of shape) whole(op, "shape", extent);
  return sizeOf(shape);
};

/** `n` uniform numbers of [0, 1) with 24 bits each, exact in f32. */
const units24 = (key: Key, n: number): Float32Array => {
  const bits = words(key, n);
  const out = new Float32Array(n);
  for (let i = 0; i < n; i++) out[i] = ((bits[i] as number) >>> 8) * 2 ** -24;
  return out;
};

/** `n` uniform numbers of [0, 1) with 53 bits each, of the words `2i` and `2i+1`. */
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

/** What {@link uniform} draws. */
export interface UniformOptions {
  /** 0 where not given. */
  readonly low?: number;
  /** 1 where not given. */
  readonly high?: number;
  /** `f32` where not given. */
  readonly dtype?: "f32" | "f64";
}

/**
 * Numbers spread evenly over [low, high).
 *
 * **Math** `low + (high - low)·u`; in f32 `u = (bits >>> 8)·2⁻²⁴` and each operation rounds to f32; in f64
 * `u` has 53 bits of two words. Where the span is not a power of two, rounding may give `high` itself.
 */
export const uniform = <const S extends Shape>(
  key: Key,
  shape: S,
  { low = 0, high = 1, dtype = "f32" }: UniformOptions = {},
): Tensor<S> => {
  const n = sizeChecked("uniform", shape);
  const make = (): Float32Array | Float64Array => {
    const whole = low === 0 && high === 1;
    if (dtype === "f64") {
      const data = units53(key, n);
      if (!whole) for (let i = 0; i < n; i++) data[i] = low + (high - low) * (data[i] as number);
      return data;
    }
    const data = units24(key, n);
    const [from, span] = [Math.fround(low), Math.fround(high - low)];
    if (!whole)
      for (let i = 0; i < n; i++) data[i] = from + Math.fround(span * (data[i] as number));
    return data;
  };
  return Tensor.lazily(shape, dtype, make);
};

/**
 * Numbers of the standard normal distribution.
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

/** Booleans that are true with probability `p`. **Math** `u < p`, `u` as of {@link uniform} in f32. */
export const bernoulli = <const S extends Shape>(key: Key, p: number, shape: S): Tensor<S> => {
  if (!(p >= 0 && p <= 1))
    throw new InvalidArgument({
      op: "bernoulli",
      argument: "p",
      expected: "a probability, from 0 to 1",
      actual: String(p),
    });
  const u = units24(key, sizeChecked("bernoulli", shape));
  const data = new Uint8Array(u.length);
  for (let i = 0; i < data.length; i++) data[i] = (u[i] as number) < p ? 1 : 0;
  return Tensor.own(shape, "bool", data);
};

/**
 * The numbers `0 … n-1` in a random order, every order as likely as any other, as i32.
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
 * `n` draws of a class from unnormalised log-probabilities, as i32.
 *
 * **Math** The first class whose cumulative softmax exceeds a uniform number; `-∞` is never drawn.
 *
 * **Shapes** `logits: [k] → [n]`.
 *
 * **Fails with** `InvalidArgument`, thrown, where no class has a probability (none, all `-∞`, or NaN).
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

/** The first index whose value is above `x`, by bisection of an ascending array. */
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
