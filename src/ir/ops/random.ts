import { boundsOf, thresholdOf, wordsOf } from "../../tensor/key.ts";
import { type ListOf, listOf } from "../../tensor/list.ts";
import type { Shape } from "../../tensor/shape.ts";
import { extents, whole } from "../../tensor/validate.ts";
import { apply1 } from "../build.ts";
import type { Expr } from "../expr.ts";
import { cast, where } from "./control.ts";
import {
  add,
  and,
  cos,
  eq,
  exp,
  le,
  log1p,
  lt,
  minimum,
  mul,
  neg,
  or,
  shiftRight,
  sqrt,
  sub,
  xor,
} from "./elementwise.ts";
import { fill, iota } from "./indexing.ts";
import { broadcastTo, lift, mistaken } from "./promote.ts";
import { argsort, cumsum, isFinite, max, sum } from "./reduction.ts";
import { expandDims, index, reshape } from "./structural.ts";

/**
 * Random draws inside a program. They give the same bits as the functions of the same names on tensors, so that
 * moving a draw into a program changes nothing.
 */

/** A random key as an expression. */
export type KeyExpr = Expr<readonly [2]>;

/** Draws 32 random bits for each element, as i32. **Math** Threefry-2x32 of the key in counter mode. */
export const randomBits = <const S extends Shape>(key: KeyExpr, shape: S): Expr<S> =>
  apply1("randomBits", { shape }, key);

/** Splits a key into `n` independent keys: key `i` is the words `2i, 2i+1` of the key. */
export const splitKey = <const N extends number>(key: KeyExpr, n: N): ListOf<N, KeyExpr> => {
  whole(0)("splitKey", { n });
  const words = randomBits(key, [n, 2]);
  return listOf(n, (i) => broadcastTo(index(words, i), [2]));
};

/**
 * Derives a key from a key and a number, such as the step; `data` is an integer or an i32 scalar.
 *
 * **Fails with** `InvalidArgument`, thrown if it is not an integer.
 */
export const foldInKey = (key: KeyExpr, data: number | Expr<readonly []>): KeyExpr => {
  const [low, high] = typeof data === "number" ? wordsOf("foldInKey", data) : [data, 0];
  const first = reshape(lift(low, "i32"), [1]);
  const golden = fill([1], 0x9e3779b9 ^ high, "i32");
  const occasion = apply1("concatenate", { axis: 0 }, first, golden);
  return randomBits(broadcastTo(xor(randomBits(key, [2]), occasion), [2]), [2]);
};

/** Integers of 24 random bits, as i32. */
const bits24 = (key: KeyExpr, shape: Shape): Expr => shiftRight(randomBits(key, shape), 8);

/** Uniform numbers over [0, 1): 24 bits in f32, 53 bits in f64. */
const units = (op: string, key: KeyExpr, shape: Shape, dtype: "f32" | "f64"): Expr => {
  extents(op, shape);
  if (dtype === "f32") return mul(cast(bits24(key, shape), "f32"), 2 ** -24);
  const words = randomBits(key, [...shape, 2]);
  const high = cast(shiftRight(index(words, 0, -1), 5), "f64");
  const low = cast(shiftRight(index(words, 1, -1), 6), "f64");
  return mul(add(mul(high, 2 ** 26), low), 2 ** -53);
};

/**
 * Random numbers from the uniform distribution over [low, high). **Math** `low + (high - low)·u`, where `u` has 24
 * bits in f32 and 53 bits in f64. If `high - low` exceeds the range of the dtype, the draw is made between half the
 * bounds and doubled.
 *
 * **Fails with** `InvalidArgument`, thrown if a bound is not finite, or `low` is above `high`.
 */
export const uniform = <const S extends Shape>(
  key: KeyExpr,
  shape: S,
  options: { readonly low?: number; readonly high?: number; readonly dtype?: "f32" | "f64" } = {},
): Expr<S> => {
  const { dtype = "f32" } = options;
  const { low, high, scale } = boundsOf(options);
  const u = units("uniform", key, shape, dtype);
  const between = (from: number, to: number) => add(mul(u, to - from), from);
  if (scale === 2) return broadcastTo(mul(between(low / 2, high / 2), 2), shape);
  return broadcastTo(low === 0 && high === 1 ? u : between(low, high), shape);
};

/**
 * Random numbers from the standard normal distribution, computed in f64 and rounded once.
 *
 * **Math** `√(-2 ln(1 - u₁)) cos(2π u₂)`, where `u₁` and `u₂` are the halves of a uniform draw of `[2, ...shape]`.
 * **Source** Box and Muller, "A Note on the Generation of Random Normal Deviates" (1958).
 */
export const normal = <const S extends Shape>(
  key: KeyExpr,
  shape: S,
  options: { readonly dtype?: "f32" | "f64" } = {},
): Expr<S> => {
  const { dtype = "f32" } = options;
  const u = cast(units("normal", key, [2, ...extents("normal", shape)], dtype), "f64");
  const radius = sqrt(mul(log1p(neg(index(u, 0))), -2));
  return broadcastTo(cast(mul(radius, cos(mul(index(u, 1), 2 * Math.PI))), dtype), shape);
};

/**
 * Random booleans that are true with probability `p`.
 *
 * **Fails with** `InvalidArgument`, thrown if `p` is not from 0 to 1.
 */
export const bernoulli = <const S extends Shape>(key: KeyExpr, p: number, shape: S): Expr<S> => {
  const { words, high, low } = thresholdOf(p);
  extents("bernoulli", shape);
  if (high === 0 && low === 0) return fill(shape, 0, "bool");
  // Unsigned words compare like signed ones with their sign bits flipped: `w < t` is `w ≤ t - 1`.
  const turned = (w: Expr): Expr => xor(w, -(2 ** 31));
  if (words === 1)
    return broadcastTo(le(turned(randomBits(key, shape)), high - 1 - 2 ** 31), shape);
  const pairs = randomBits(key, [...shape, 2]);
  const [first, second] = [turned(index(pairs, 0, -1)), turned(index(pairs, 1, -1))];
  const [above, beside] = [high - 2 ** 31, low - 1 - 2 ** 31];
  const less = low === 0 ? fill(shape, 0, "bool") : le(second, beside);
  return broadcastTo(or(lt(first, above), and(eq(first, above), less)), shape);
};

/**
 * Draws `n` classes, as i32, from the distribution with the given logits (unnormalized log-probabilities).
 *
 * **Math** The first class whose cumulative softmax exceeds a uniform number; `-∞` is never drawn. If the logits are
 * no distribution (NaN, `∞`, or all `-∞`) the result is -1.
 * **Shapes** `logits: [k] → [n]`.
 */
export const categorical = <const N extends number>(
  key: KeyExpr,
  logits: Expr<readonly [number]>,
  n: N,
): Expr<readonly [N]> => {
  whole(0)("categorical", { n });
  const classes = logits.shape[0];
  if (classes === 0)
    return broadcastTo(cast(mistaken("categorical", "one class or more", logits, [n]), "i32"), [n]);
  const scores = cast(logits, "f64");
  const weights = exp(sub(scores, max(scores)));
  const total: Expr = sum(weights);
  const threshold = mul(units("categorical", key, [n], "f64"), total);
  // Classes whose cumulative weight is not above the threshold come before the drawn one.
  const before = le(expandDims(cumsum(weights), 0), expandDims(threshold, 1));
  const drawn: Expr = sum(cast(before, "i32"), -1);
  const possible = cast(lt(0, weights), "i32");
  const last: Expr = max(mul(possible, iota([classes])));
  const isDistribution = isFinite(max(scores));
  return broadcastTo(where(isDistribution, minimum(drawn, last), -1), [n]);
};

/**
 * A random permutation of `0 … n-1`, as i32: the order that sorts n random numbers. (`permutation` of tensors
 * shuffles instead, and gives another order for the same key.)
 */
export const permutation = <const N extends number>(key: KeyExpr, n: N): Expr<readonly [N]> => {
  whole(0)("permutation", { n });
  return broadcastTo(argsort(units("permutation", key, [n], "f64")), [n]);
};
