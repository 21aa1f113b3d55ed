import { greatestOf } from "../../tensor/extremes.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { holding, whole } from "../../tensor/validate.ts";

/** Logits of one place. `[vocabulary]`. */
export type Logits = Tensor<readonly [number]>;

/** How a token is drawn. All of it together: first the temperature, then the `topKAccuracy`, of these the `topP`. */
export interface Sampling {
  /** What logits are divided by: below 1 likely tokens become likelier; 1 where not given. */
  readonly temperature?: number;
  /** How many of the likeliest tokens may be drawn; all where not given. */
  readonly topK?: number;
  /** Only the likeliest tokens that together have this probability may be drawn; all where not given. */
  readonly topP?: number;
}

const temperatures = holding("a positive number", (n) => n > 0 && Number.isFinite(n));
const probabilities = holding("a probability above 0 and at most 1", (n) => n > 0 && n <= 1);

/** **Fails with** `InvalidArgument`, thrown, where nothing can be drawn so. */
export const requireSampling = ({ temperature, topK, topP }: Sampling): void => {
  temperatures("sampling", { temperature });
  whole(1)("sampling", { topK });
  probabilities("sampling", { topP });
};

/** Logits with those at some places made `-∞`: what is never drawn. */
const without = (logits: Logits, kept: (place: number) => boolean): Logits => {
  const data = Float32Array.from(logits.toTypedArray(), (x, i) =>
    kept(i) ? x : Number.NEGATIVE_INFINITY,
  );
  return Tensor.own(logits.shape, "f32", data);
};

/** The places of the `k` greatest of some numbers, likeliest first; of equal ones the first comes first. */
export const likeliestOf = (x: ArrayLike<number>, k: number): readonly number[] =>
  Array.from(x, (_, i) => i)
    .sort((a, b) => (x[b] as number) - (x[a] as number) || a - b)
    .slice(0, k);

/** The places of logits, likeliest first. */
const ranked = (logits: Logits): readonly number[] =>
  likeliestOf(logits.toTypedArray(), Number.POSITIVE_INFINITY);

/**
 * Logits divided by a temperature. **Math** `x/T`; where that is beyond the greatest float `(x - max x)/T`, of which the
 * softmax is the same.
 *
 * **Fails with** `InvalidArgument`, thrown, where it is not a positive number.
 */
export const applyTemperature = (logits: Logits, temperature: number): Logits => {
  requireSampling({ temperature });
  const scaled = (from: number) =>
    Float32Array.from(logits.toTypedArray(), (x) => (x - from) / temperature);
  const data = scaled(0);
  const beyond = data.some(
    (x, i) => x === Number.POSITIVE_INFINITY && logits.toTypedArray()[i] !== x,
  );
  return Tensor.own(
    logits.shape,
    "f32",
    beyond ? scaled(greatestOf(Array.from(logits.toTypedArray()))) : data,
  );
};

/**
 * The `k` greatest logits; the others become `-∞`.
 *
 * **Fails with** `InvalidArgument`, thrown, where `k` is not a positive whole number.
 * **Source** Fan et al. (2018), arXiv:1805.04833.
 *
 * **Example**
 * ```ts
 * import { tensor } from "fluxion";
 * import { topKLogits } from "fluxion/generate";
 *
 * topKLogits(tensor([1, 3, 2]), 2).toArray(); // => [-Infinity, 3, 2]
 * ```
 */
export const topKLogits = (logits: Logits, k: number): Logits => {
  requireSampling({ topK: k });
  const chosen = new Set(ranked(logits).slice(0, k));
  return without(logits, (i) => chosen.has(i));
};

/**
 * The fewest of the greatest logits whose probabilities add up to `p` or more; the others become `-∞`.
 *
 * **Fails with** `InvalidArgument`, thrown, where `p` is not above 0 and at most 1.
 * **Source** Holtzman et al. (2019), arXiv:1904.09751, section 3.1.
 *
 * **Example**
 * ```ts
 * import { tensor } from "fluxion";
 * import { topPLogits } from "fluxion/generate";
 *
 * const logits = tensor([0.5, 0.3, 0.2].map(Math.log));
 * topPLogits(logits, 0.7).toArray(); // => [-0.6931472, -1.2039728, -Infinity]
 * ```
 */
export const topPLogits = (logits: Logits, p: number): Logits => {
  requireSampling({ topP: p });
  const x = logits.toTypedArray();
  const order = ranked(logits);
  const weights = order.map((i) => Math.exp((x[i] as number) - (x[order[0] ?? 0] as number)));
  const total = weights.reduce((a, b) => a + b, 0);
  const chosen = new Set<number>();
  let before = 0;
  for (const [rank, i] of order.entries()) {
    if (before >= p * total) break;
    chosen.add(i);
    before += weights[rank] as number;
  }
  return without(logits, (i) => chosen.has(i));
};

/** The logits from which a {@link Sampling} draws. */
export const sampleToken = (logits: Logits, { temperature, topK, topP }: Sampling): Logits => {
  const warm = temperature === undefined ? logits : applyTemperature(logits, temperature);
  const few = topK === undefined ? warm : topKLogits(warm, topK);
  return topP === undefined ? few : topPLogits(few, topP);
};
