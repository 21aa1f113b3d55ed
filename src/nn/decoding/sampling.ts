import { InvalidArgument } from "../../errors.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** Logits of one place. `[vocabulary]`. */
export type Logits = Tensor<readonly [number]>;

/** How a token is drawn. All of it together: first the temperature, then the `topK`, of these the `topP`. */
export interface Sampling {
  /** What logits are divided by: below 1 likely tokens become likelier; 1 where not given. */
  readonly temperature?: number;
  /** How many of the likeliest tokens may be drawn; all where not given. */
  readonly topK?: number;
  /** Only the likeliest tokens that together have this probability may be drawn; all where not given. */
  readonly topP?: number;
}

const refused = (argument: string, expected: string, actual: number) =>
  new InvalidArgument({ op: "sampling", argument, expected, actual: String(actual) });

/** Logits with those at some places made `-∞`: what is never drawn. */
const without = (logits: Logits, kept: (place: number) => boolean): Logits => {
  const data = Float32Array.from(logits.toTypedArray(), (x, i) =>
    kept(i) ? x : Number.NEGATIVE_INFINITY,
  );
  return Tensor.own(logits.shape, "f32", data);
};

/** The places of logits, likeliest first; of equal ones the first comes first. */
const ranked = (logits: Logits): readonly number[] => {
  const x = logits.toTypedArray();
  return Array.from(x.keys()).sort((a, b) => (x[b] as number) - (x[a] as number) || a - b);
};

/**
 * Logits divided by a temperature. **Math** `x/T`.
 *
 * **Fails with** `InvalidArgument`, thrown, where it is not a positive number.
 */
export const tempered = (logits: Logits, temperature: number): Logits => {
  if (!(temperature > 0 && Number.isFinite(temperature)))
    throw refused("temperature", "a positive number", temperature);
  const data = Float32Array.from(logits.toTypedArray(), (x) => x / temperature);
  return Tensor.own(logits.shape, "f32", data);
};

/**
 * The `k` greatest logits; the others become `-∞`.
 *
 * **Fails with** `InvalidArgument`, thrown, where `k` is not a positive whole number.
 * **Source** Fan et al. (2018), arXiv:1805.04833.
 *
 * **Example**
 * ```ts
 * import { tensor, topKLogits } from "fluxion";
 *
 * topKLogits(tensor([1, 3, 2]), 2).toArray(); // => [-Infinity, 3, 2]
 * ```
 */
export const topKLogits = (logits: Logits, k: number): Logits => {
  if (!(Number.isSafeInteger(k) && k > 0)) throw refused("topK", "a positive whole number", k);
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
 * import { tensor, topPLogits } from "fluxion";
 *
 * const logits = tensor([0.5, 0.3, 0.2].map(Math.log));
 * topPLogits(logits, 0.7).toArray(); // => [-0.6931472, -1.2039728, -Infinity]
 * ```
 */
export const topPLogits = (logits: Logits, p: number): Logits => {
  if (!(p > 0 && p <= 1)) throw refused("topP", "a probability above 0 and at most 1", p);
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
export const sampledFrom = (logits: Logits, { temperature, topK, topP }: Sampling): Logits => {
  const warm = temperature === undefined ? logits : tempered(logits, temperature);
  const few = topK === undefined ? warm : topKLogits(warm, topK);
  return topP === undefined ? few : topPLogits(few, topP);
};
