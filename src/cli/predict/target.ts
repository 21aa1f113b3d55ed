import { existsSync, statSync } from "node:fs";
import { extname } from "node:path";
import * as Effect from "effect/Effect";
import * as t from "io-ts/lib/index.js";
import { decodeJson } from "../../codec/decode.ts";
import { DataSourceError, InvalidFlag, StateMismatch } from "../../errors.ts";
import { readSafetensors } from "../../io/index.ts";
import { flattenTensors, treeOf } from "../../ir/trees.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";
import { isRun } from "../../train/folder/recorded.ts";
import { configIn } from "../../train/folder/run.ts";
import type { AnyPipeline } from "../../train/pipeline/pipeline.ts";
import { type Model, modelOf } from "../../train/predict/model.ts";
import { loadModel, modelKey } from "../../train/predict/modelFile.ts";
import { checkpointsIn } from "../../train/state/checkpointFolder.ts";
import { checkpointKey, decodeState } from "../../train/state/codec.ts";
import { initialState } from "../../train/state/initial.ts";
import type { TrainState } from "../../train/state/state.ts";
import { leafPaths } from "../../tree.ts";
import { pipelineNamed } from "../library.ts";

/** What a command is about: a model in a file, or a pipeline with a state. */
export type Target =
  | { readonly _tag: "Model"; readonly model: Model }
  | { readonly _tag: "State"; readonly of: AnyPipeline; readonly state: TrainState };

const isModule = (name: string): boolean => [".ts", ".js", ".mjs"].includes(extname(name));

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** The last checkpoint of a run, in its folder or in the folder `checkpoints` of that. */
const lastIn = Effect.fnUntraced(function* (folder: string) {
  for (const place of [folder, `${folder}/checkpoints`]) {
    const [last] = yield* checkpointsIn(place);
    if (last !== undefined) return last;
  }
  if (yield* isRun(folder)) {
    const { pipeline: name = "NAME" } = yield* configIn(folder);
    return yield* new DataSourceError({
      source: folder,
      reason: `the run in ${folder} has no checkpoint yet`,
      help: `train it to the end: fluxion train ${name} --run-dir ${folder} --resume`,
    });
  }
  return yield* new DataSourceError({
    source: folder,
    reason: "no checkpoint of a run is in it",
    help: "name the folder of a run, as given to --run-dir, or a file that was exported",
  });
});

const named = t.type({ pipeline: t.string });

/** A model or a checkpoint in a file. A checkpoint is one of the given pipeline, or else of the one that it names. */
const inFile = Effect.fnUntraced(function* (path: string, of?: AnyPipeline) {
  const file = yield* readSafetensors(path);
  const header = file.metadata[checkpointKey];
  if (header === undefined || file.metadata[modelKey] !== undefined) {
    const model = yield* loadModel(path);
    return { _tag: "Model", model } satisfies Target;
  }
  const own = of ?? (yield* pipelineNamed((yield* decodeJson(named, header, path)).pipeline));
  const state = yield* decodeState(own, file, path);
  return { _tag: "State", of: own, state } satisfies Target;
});

/**
 * Finds what a name stands for: a model or a checkpoint in a file, the last checkpoint in the folder of a run, a model at
 * a URL, or a pipeline, whose state is then in the file or folder `state`.
 */
export const targetOf = Effect.fnUntraced(function* (name: string, state: string | undefined) {
  const fileOf = (path: string) => (isFolder(path) ? lastIn(path) : Effect.succeed(path));
  if (/^https?:/.test(name)) {
    const model = yield* loadModel(name);
    return { _tag: "Model", model } satisfies Target;
  }
  const isFile = existsSync(name) || extname(name) === ".safetensors";
  if (isFile && !isModule(name)) return yield* inFile(yield* fileOf(name));
  if (/[/\\]/.test(name) && !isModule(name))
    return yield* new DataSourceError({
      source: name,
      reason: "there is no such file or folder",
      help: "name the folder of a run, as given to --run-dir, a file that was exported, or a pipeline",
    });
  const of = yield* pipelineNamed(name);
  if (state !== undefined) return yield* inFile(yield* fileOf(state), of);
  return yield* new InvalidFlag({
    flag: "--state",
    value: undefined,
    absent: true,
    expected: `a checkpoint of ${of.name}, or the folder of its run`,
  });
});

/** A target as a model. A pipeline's data is loaded for it. */
export const asModel = (target: Target) =>
  target._tag === "Model" ? Effect.succeed(target.model) : modelOf(target.of, target.state);

/** A target as a state of its pipeline. Of a model, only what it predicts with is its own. */
export const asState = Effect.fnUntraced(function* (target: Target) {
  if (target._tag === "State") return target;
  const { name, params } = target.model;
  const of = yield* pipelineNamed(name);
  const fresh = initialState(of);
  const { leaves, shape } = flattenTensors(fresh.carried);
  const paths = leafPaths(shape).map((path) => path.join("."));
  for (const [path, { dtype, shape: own }] of Object.entries(params)) {
    const leaf = leaves[paths.indexOf(path)];
    if (leaf === undefined || leaf.dtype !== dtype || !sameShape(leaf.shape, own))
      return yield* new StateMismatch({
        pipeline: name,
        part: "params",
        path: [path],
        expected: leaf === undefined ? "nothing" : `${leaf.dtype} ${showShape(leaf.shape)}`,
        actual: `${dtype} ${showShape(own)}`,
      });
  }
  const replaced = leaves.map((leaf, i) => params[paths[i] as string] ?? leaf);
  return { of, state: { ...fresh, carried: treeOf(shape, replaced) } };
});
