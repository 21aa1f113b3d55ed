import * as Effect from "effect/Effect";
import { Dataset } from "../../../src/data/dataset.ts";
import { ReverseMode, type Tensor } from "../../../src/index.ts";
import { flattenTensors } from "../../../src/ir/trees.ts";
import { stepProgram, typesOf } from "../../../src/learn/program.ts";
import { oneShard } from "../../../src/learn/shards.ts";
import type { Storage } from "../../../src/tensor/dtype.ts";
import { initialState } from "../../../src/train/index.ts";
import { keptOf } from "../../../src/train/state/initial.ts";
import type { workloads } from "../../bench/workloads/index.ts";

/** The training step of a workload, in batches of `size` where that is given. */
export const trainingStepOf = async (of: (typeof workloads)[number], size?: number) => {
  const whole = await of.load();
  const pipeline = { ...whole, batchSize: size ?? whole.batchSize };
  const { train } = await Effect.runPromise(pipeline.source);
  if (!(train instanceof Dataset)) throw new Error("a workload learns from a dataset");
  const kept = keptOf(initialState(pipeline));
  const types = typesOf(train.columns, pipeline.batchSize);
  const step = await Effect.runPromise(
    Effect.provide(stepProgram(pipeline.learner, oneShard, kept, types), ReverseMode.layerTape),
  );
  const rows = Int32Array.from({ length: pipeline.batchSize }, (_, i) => (i * 7) % train.size);
  const gathered = train.gather(rows);
  /** The columns that the step reads, in the order of its inputs. */
  const batch = step.columns.map((column) => gathered[column] as Tensor);
  return {
    step,
    state: flattenTensors(kept).leaves,
    batch,
    types,
    /** Writes the batch into arrays for its columns. */
    fill: (into: { readonly [column: string]: Storage }) => train.gatherInto(into, rows),
  };
};
