import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { add, tanh } from "../../ir/ops/elementwise.ts";
import { type Key, split } from "../../tensor/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { onlySeen, softmaxOfSeen } from "../functional/seen.ts";
import { fanInUniform } from "../initializers.ts";
import type { Symbolic } from "../layer.ts";

/** The kind of attention score between the state of a decoder and each position of the source. */
export type Alignment = "luong" | "bahdanau";

/** The params of attention scores: Luong's matrix, or Bahdanau's two matrices and vector. */
export interface AlignmentParams {
  readonly state?: Tensor;
  readonly memory: Tensor;
  readonly sum?: Tensor;
}

/** Initializes the params of attention scores. */
export const initAlignment = (key: Key, kind: Alignment, width: number): AlignmentParams => {
  const [forMemory, forState, forSum] = split(key, 3);
  const memory = fanInUniform(forMemory, [width, width]);
  return kind === "luong"
    ? { memory }
    : {
        memory,
        state: fanInUniform(forState, [width, width]),
        sum: fanInUniform(forSum, [width], { in: width, out: 1 }),
      };
};

/** Projects the memory to keys, once for all states. `[places, width]`. */
export const keysOf = ({ memory }: Symbolic<AlignmentParams>, places: Expr): Expr =>
  dot(places, memory, [[1], [0]]);

/** The attention scores of each state for each key. `[...time, places]`. */
const scoresOf = ({ state, sum }: Symbolic<AlignmentParams>, states: Expr, keys: Expr): Expr => {
  const last = states.shape.length - 1;
  return state === undefined || sum === undefined
    ? dot(states, keys, [[last], [1]])
    : // One state at a time: its projection is the same at all positions.
      dot(tanh(add(keys, dot(states, state, [[last], [0]]))), sum, [[1], [0]]);
};

/** How much each state attends to each place: sums to 1 where a place is visible. `[...time, places]`. */
export const attentionTo = (
  params: Symbolic<AlignmentParams>,
  states: Expr,
  keys: Expr,
  mask: Expr,
): Expr => softmaxOfSeen(scoresOf(params, states, keys), mask);

/**
 * Attends from each state to a memory: the mean of its positions, weighted by attention scores.
 *
 * **Shapes** `states: [...time, width]` (a single one, `[width]`, for Bahdanau's score), `keys: [places, width]` of
 * {@link keysOf}, `memory: [places, width]`, `mask: [places]` of bool `→ [...time, width]`.
 * **Math** `softmax(score) M`, zeros where no position is visible, with Luong's general score `sᵀWm`, or Bahdanau's `vᵀ tanh(Us + Wm)`.
 */
export const aligned = (
  params: Symbolic<AlignmentParams>,
  states: Expr,
  keys: Expr,
  memory: Expr,
  mask: Expr,
): Expr =>
  dot(attentionTo(params, states, keys, mask), onlySeen(memory, mask), [
    [states.shape.length - 1],
    [0],
  ]);
