import * as Effect from "effect/Effect";
import { ReverseMode } from "../../../src/index.ts";
import { flattenTensors } from "../../../src/ir/trees.ts";
import { initialState } from "../../../src/train/index.ts";
import { pairsOf } from "../../../src/train/loop/batches.ts";
import { trainProgram } from "../../../src/train/loop/program.ts";
import { scoring } from "../../../src/train/loop/scoring.ts";
import { optimizerOf } from "../../../src/train/pipeline/pipeline.ts";
import { carriedOf } from "../../../src/train/state/initial.ts";
import type { workloads } from "../../bench/workloads/index.ts";

/** The training step of a workload, in batches of `size` if it is given. */
export const trainingStepOf = async (of: (typeof workloads)[number], size?: number) => {
  const whole = await of.load();
  const pipeline = { ...whole, batchSize: size ?? whole.batchSize };
  const { train } = await Effect.runPromise(pipeline.data);
  const pairs = pairsOf(train, pipeline);
  const carried = carriedOf(initialState(pipeline));
  const optimizer = optimizerOf(pipeline);
  const { summarize } = scoring(pipeline.metrics);
  const types = pairs.types(pipeline.batchSize);
  const step = await Effect.runPromise(
    Effect.provide(
      trainProgram(pipeline, optimizer, summarize, carried, types),
      ReverseMode.layerTape,
    ),
  );
  const rows = Int32Array.from({ length: pipeline.batchSize }, (_, i) => (i * 7) % pairs.examples);
  return {
    step,
    /** The leaves of the carried values. */
    state: flattenTensors(carried).leaves,
    pairs,
    rows,
    batch: pairs.gather(rows),
  };
};
