import { flattenTensors, treeOf } from "../../ir/trees.ts";
import type { Kept } from "../../learn/program.ts";
import { scalar } from "../../tensor/constructors.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { key as keyOf, split } from "../../tensor/key.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { leafPaths, type TreeShape } from "../../tree.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { TrainState } from "./state.ts";

/** The initial state of a pipeline. It depends on the seed alone. */
export const initialState = <C>(of: Pipeline<C, unknown>): TrainState<C> => {
  const [forLearner, key] = split(keyOf(of.seed), 2);
  const carried = of.learner.init(forLearner);
  return { carried, key, epoch: 0, batch: 0, step: 0, memory: {} };
};

/** The part of a state that a step program takes and returns. */
export const keptOf = <C>({ carried, key, step }: TrainState<C>): Kept<C> => ({
  carried,
  key,
  step: scalar(step, "i32"),
});

/** Puts the leaves that a step program returned back into a state. */
export const withKept = <C>(
  state: TrainState<C>,
  shape: TreeShape<Kept<C>>,
  leaves: readonly Tensor[],
  at: Pick<TrainState, "epoch" | "batch" | "step">,
): TrainState<C> => {
  const { carried } = treeOf(shape, leaves);
  return { ...state, carried, ...at };
};

/** The path of the first leaf of what is kept that contains an infinity or NaN, within what is carried. */
export const firstNonFinite = (
  shape: TreeShape,
  leaves: readonly Tensor[],
): readonly string[] | undefined => {
  const at = leaves.findIndex(
    (leaf) => isFloat(leaf.dtype) && !Tensor.read(leaf).every(Number.isFinite),
  );
  // Only what is carried has floating-point numbers, beside the key and the step.
  return at < 0 ? undefined : leafPaths(shape)[at]?.slice(1);
};

/** The number of trained parameters. */
export const parameterCount = (params: unknown): number =>
  flattenTensors(params).leaves.reduce((n, leaf) => n + leaf.size, 0);
