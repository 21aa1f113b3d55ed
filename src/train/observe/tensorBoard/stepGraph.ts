import * as Effect from "effect/Effect";
import { epochsOf } from "../../../data/source/read.ts";
import { flattenTensors } from "../../../ir/trees.ts";
import { stepProgram, typesOf } from "../../../learn/program.ts";
import { inShards } from "../../../learn/shards.ts";
import { leafPaths } from "../../../tree.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";
import { defaultServices } from "../../services.ts";
import { initialState, keptOf } from "../../state/initial.ts";
import { graphOf } from "./graph.ts";

/**
 * The graph of a pipeline's training step: forward, backward and update, as it is before it is optimized.
 *
 * **Fails with** the errors of the data and of making the program.
 */
export const stepGraph = <C, E>(of: Pipeline<C, E>) =>
  Effect.gen(function* () {
    const sources = yield* of.source;
    const state = initialState(of);
    const { spec } = yield* epochsOf(sources.train, { batchSize: of.batchSize, key: state.key });
    const types = typesOf(spec, of.batchSize);
    const made = yield* stepProgram(of.learner, inShards(of.shards), keptOf(state), types);
    const { shape } = flattenTensors(state.carried);
    const carried = leafPaths(shape).map((path) => ["state", ...path].join("/"));
    return graphOf(made.program, [...carried, "state/key", "state/step"]);
  }).pipe(Effect.scoped, Effect.provide(defaultServices));
