import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { add, tanh } from "../../ir/ops/elementwise.ts";
import { type Key, split } from "../../tensor/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { onlySeen, softmaxOfSeen } from "../functional/seen.ts";
import { fanInUniform } from "../initializers.ts";
import type { Symbolic } from "../layer.ts";

/** How well the state of a decoder fits each place of what it decodes. */
export type Alignment = "luong" | "bahdanau";

/** What scores are made with: Luong's matrix; or Bahdanau's two, and the vector that sums up. */
export interface AlignmentParams {
  readonly state?: Tensor;
  readonly memory: Tensor;
  readonly sum?: Tensor;
}

/** The first params of scores between vectors of one width. */
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

/** The memory as scores take it: once for all states. `[places, width]`. */
export const keysOf = ({ memory }: Symbolic<AlignmentParams>, places: Expr): Expr =>
  dot(places, memory, [[1], [0]]);

/**
 * For each state the mean of the memory, weighted by how well its places fit.
 *
 * **Shapes** `states: [...time, width]`, `keys: [places, width]` of {@link keysOf}, `memory: [places, width]`,
 * `mask: [places]` of bool `→ [...time, width]`.
 * **Math** `softmax(score) M`, zeros where no place is seen, with Luong's general score `sᵀWm`, or Bahdanau's `vᵀ tanh(Us + Wm)`.
 */
export const aligned = (
  { state, sum }: Symbolic<AlignmentParams>,
  states: Expr,
  keys: Expr,
  memory: Expr,
  mask: Expr,
): Expr => {
  const last = states.shape.length - 1;
  const scores =
    state === undefined || sum === undefined
      ? dot(states, keys, [[last], [1]])
      : // One state at a time: its part is the same at all places.
        dot(tanh(add(keys, dot(states, state, [[last], [0]]))), sum, [[1], [0]]);
  return dot(softmaxOfSeen(scores, mask), onlySeen(memory, mask), [[last], [0]]);
};
