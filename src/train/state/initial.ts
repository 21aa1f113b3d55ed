import { flattenTensors, shapeFor, tensorTree, treeOf } from "../../ir/trees.ts";
import { scalar } from "../../tensor/constructors.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { key as keyOf, split } from "../../tensor/key.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { leafPaths, type TreeShape } from "../../tree.ts";
import type { Carried } from "../loop/program.ts";
import { optimizerOf, type Pipeline } from "../pipeline/pipeline.ts";
import type { TrainState } from "./state.ts";

/** The initial state of a pipeline. It depends on the seed alone. */
export const initialState = <P, S>(of: Pipeline<P, S, unknown>): TrainState<P, S> => {
  const [forModel, key] = split(keyOf(of.seed), 2);
  const { params, state } = of.model.init(forModel);
  const optimizer = optimizerOf(of);
  return {
    params,
    layerState: state,
    optimizerState: optimizer.init(params),
    key,
    epoch: 0,
    batch: 0,
    step: 0,
    memory: {},
  };
};

/** The part of a state that a step program takes and returns. */
export const carriedOf = (state: TrainState): Carried => ({
  params: tensorTree(state.params),
  layerState: tensorTree(state.layerState),
  optimizerState: state.optimizerState,
  key: state.key,
  step: scalar(state.step, "i32"),
});

/** Puts the leaves that a step program returned back into a state. */
export const withCarried = <P, S>(
  state: TrainState<P, S>,
  shape: TreeShape,
  leaves: readonly Tensor[],
  at: Pick<TrainState, "epoch" | "batch" | "step">,
): TrainState<P, S> => {
  // `shape` is the structure of the carried part of this state.
  const { params, layerState, optimizerState } = treeOf(
    shapeFor<Pick<TrainState<P, S>, "params" | "layerState" | "optimizerState">>(shape),
    leaves,
  );
  return { ...state, params, layerState, optimizerState, ...at };
};

/** The path of the first leaf that contains an infinity or NaN. */
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
  flattenTensors(params).leaves.reduce((n, leaf) => n + leaf.size, 0);
