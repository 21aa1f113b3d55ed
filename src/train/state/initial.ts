import { scalar } from "../../tensor/constructors.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { key as keyOf, split } from "../../tensor/key.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tree.ts";
import { flatten, leafPaths, type TreeShape, unflatten } from "../../tree.ts";
import type { Carried } from "../loop/program.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { TrainState } from "./state.ts";

/** The state with which a pipeline begins: everything in it follows from the seed. */
export const initialState = <P, S>(of: Pipeline<P, S, unknown>): TrainState<P, S> => {
  const [forModel, key] = split(keyOf(of.seed), 2);
  const { params, state } = of.model.init(forModel);
  const optimizer = of.optimizer({ learningRate: of.learningRate });
  return {
    params,
    layerState: state,
    // Params are a tree of tensors: a layer's `init` makes nothing else.
    optimizerState: optimizer.init(params as Tree<Tensor>),
    key,
    epoch: 0,
    batch: 0,
    step: 0,
    memory: {},
  };
};

/** The part of a state that a step program carries. */
export const carriedOf = (state: TrainState): Carried => ({
  params: state.params,
  layerState: state.layerState,
  optimizerState: state.optimizerState,
  key: state.key,
  step: scalar(state.step, "i32"),
});

/** A state with what a step program carried put back. */
export const withCarried = <P, S>(
  state: TrainState<P, S>,
  shape: TreeShape,
  leaves: readonly Tensor[],
  at: Pick<TrainState, "epoch" | "batch" | "step">,
): TrainState<P, S> => {
  // `shape` was taken from the carried part of this state.
  const carried = unflatten<unknown>(shape, leaves) as TrainState<P, S>;
  const { params, layerState, optimizerState } = carried;
  return { ...state, params, layerState, optimizerState, ...at };
};

/** The path of the first leaf that holds an infinity or a NaN. */
export const firstNonFinite = (
  shape: TreeShape,
  leaves: readonly Tensor[],
): readonly string[] | undefined => {
  const at = leaves.findIndex(
    (leaf) => isFloat(leaf.dtype) && !Tensor.read(leaf).every(Number.isFinite),
  );
  return at < 0 ? undefined : leafPaths(shape)[at];
};

/** The number of trained parameters. */
export const parameterCount = (params: unknown): number =>
  (flatten(params).leaves as readonly Tensor[]).reduce((n, leaf) => n + leaf.size, 0);
