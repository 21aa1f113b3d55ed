import { greatestOf } from "../../tensor/extremes.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { holding, whole } from "../../tensor/validate.ts";

/** The logits of one position, `[vocabulary]`. */
export type Logits = Tensor<readonly [number]>;

/** Options of sampling a token. They apply in this order: `temperature`, `topK`, `topP`. */
export interface Sampling {
  /** The divisor of the logits: below 1 likely tokens become likelier. Defaults to 1. */
  readonly temperature?: number;
  /** Sample only from the `topK` most likely tokens. Defaults to all. */
  readonly topK?: number;
  /** Sample only from the most likely tokens that together reach this probability. Defaults to all. */
  readonly topP?: number;
}

const temperatures = holding("a positive number", (n) => n > 0 && Number.isFinite(n));
const probabilities = holding("a probability above 0 and at most 1", (n) => n > 0 && n <= 1);

/** Checks the options of sampling. **Fails with** `InvalidArgument`, thrown. */
export const requireSampling = (op: string, { temperature, topK, topP }: Sampling): void => {
  temperatures(op, { temperature });
  whole(1)(op, { topK });
  probabilities(op, { topP });
};

/** Sets logits to `-∞` where `kept` is false, so that these tokens are never drawn. */
const without = (logits: Logits, kept: (place: number) => boolean): Logits => {
  const data = Float32Array.from(logits.toTypedArray(), (x, i) =>
    kept(i) ? x : Number.NEGATIVE_INFINITY,
  );
  return Tensor.own(logits.shape, "f32", data);
};

/** The most of the largest numbers that are found by inserting each among those so far, which is faster than sorting. */
const few = 32;

/** The indices of the `k` largest numbers in descending order; ties keep their order. */
export const likeliestOf = (x: ArrayLike<number>, k: number): readonly number[] => {
  const at = (i: number | undefined): number => x[i as number] as number;
  if (k > few)
    return Array.from(x, (_, i) => i)
      .sort((a, b) => at(b) - at(a) || a - b)
      .slice(0, k);
  const found: number[] = [];
  for (let i = 0; i < x.length; i++) {
    if (found.length === k && !(at(i) > at(found[k - 1]))) continue;
    let rank = found.length;
    while (rank > 0 && at(found[rank - 1]) < at(i)) rank--;
    found.splice(rank, 0, i);
    found.length = Math.min(found.length, k);
  }
  return found;
};

/** The indices of logits, most likely first. */
const ranked = (logits: Logits): readonly number[] =>
  likeliestOf(logits.toTypedArray(), Number.POSITIVE_INFINITY);

/**
 * Divides logits by a temperature. **Math** `x/T`; if that overflows `(x - max x)/T`, which has the same softmax.
 *
 * **Fails with** `InvalidArgument`, thrown, where the temperature is not a positive finite number.
 */
export const applyTemperature = (logits: Logits, temperature: number): Logits => {
  temperatures("applyTemperature", { temperature });
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
 * Keeps the `k` largest logits, and sets the others to `-∞`.
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
  whole(1)("topKLogits", { k });
  const chosen = new Set(ranked(logits).slice(0, k));
  return without(logits, (i) => chosen.has(i));
};

/**
 * Nucleus (top-p) filtering: keeps the fewest most likely logits whose probabilities sum to at least `p`, and sets the
 * others to `-∞`.
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
  probabilities("topPLogits", { p });
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

/** The logits to sample from, after temperature, top-k and top-p. */
export const sampleToken = (logits: Logits, options: Sampling): Logits => {
  requireSampling("sampleToken", options);
  const { temperature, topK, topP } = options;
  const warm = temperature === undefined ? logits : applyTemperature(logits, temperature);
  const few = topK === undefined ? warm : topKLogits(warm, topK);
  return topP === undefined ? few : topPLogits(few, topP);
};
