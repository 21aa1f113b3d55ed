import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { add, log, mul, sub } from "../../ir/ops/elementwise.ts";
import { fill, scatterAdd } from "../../ir/ops/indexing.ts";
import { softmax } from "../../ir/ops/reduction.ts";
import { type Key, split } from "../../tensor/key.ts";
import { sigmoid } from "../functional/activation.ts";
import { type AffineParams, affine, initAffine } from "../functional/affine.ts";
import { onlySeen, softmaxOfSeen } from "../functional/seen.ts";
import { glorotUniform, zeros } from "../initializers.ts";
import type { Symbolic } from "../layer.ts";

/**
 * The logarithms of a mixture: of the probabilities of logits, as much as the gate says, and of the tokens of a source, as
 * much as each place is attended to.
 *
 * **Shapes** `logits: [...time, vocabulary]`, `gate: [...time, 1]`, `attention: [...time, places]`, `tokens: [places]` of i32
 * `→ [...time, vocabulary]`.
 * **Math** `log(g softmax(logits) + (1 - g) Σ_i a_i [x_i])`, of at least 1e-9.
 * **Source** See, Liu and Manning (2017), arXiv:1704.04368, equation 9.
 */
export const withCopies = (logits: Expr, gate: Expr, attention: Expr, tokens: Expr): Expr => {
  const copied = scatterAdd(fill(logits.shape, 0, logits.dtype), tokens, attention, -1);
  return log(add(add(mul(gate, softmax(logits)), mul(sub(1, gate), copied)), 1e-9));
};

/** The params of a head that copies: the maps of its queries and keys, and the map to how much is generated. */
export interface CopyParams {
  readonly query: AffineParams;
  readonly key: AffineParams;
  readonly gate: AffineParams;
}

/** Initializes a head that copies, as an attention's. */
export const initCopying = (key: Key, width: number): CopyParams => {
  const [forQuery, forKey, forGate] = split(key, 3);
  const begun = { weightInit: glorotUniform, biasInit: zeros };
  return {
    query: initAffine(forQuery, width, width, begun),
    key: initAffine(forKey, width, width, begun),
    gate: initAffine(forGate, width, 1, begun),
  };
};

/** A source that may be copied: its memory `[places, width]`, its tokens `[places]`, and which of them are real (all by default). */
export interface Copied {
  readonly memory: Expr;
  readonly tokens: Expr;
  readonly mask?: Expr | undefined;
}

/**
 * Mixes the logits of features with copies of the source, by an attention with one head of its own.
 *
 * **Shapes** `h: [...time, width]`, `logits: [...time, vocabulary] → [...time, vocabulary]`.
 * **Math** {@link withCopies} with `a = softmax((hW_q + b_q)(MW_k + b_k)ᵀ/√width)` over real places, and `g = σ(v h + c)`.
 */
export const copying = (
  { query, key, gate }: Symbolic<CopyParams>,
  h: Expr,
  logits: Expr,
  { memory, tokens, mask }: Copied,
): Expr => {
  const width = h.shape.at(-1) ?? 1;
  const [q, k] = [affine(query, h), affine(key, onlySeen(memory, mask))];
  const scores = dot(mul<Expr, number>(q, 1 / Math.sqrt(width)), k, [[h.shape.length - 1], [1]]);
  const attention = mask === undefined ? softmax(scores) : softmaxOfSeen(scores, mask);
  return withCopies(logits, sigmoid(affine(gate, h)), attention, tokens);
};
