import * as Effect from "effect/Effect";
import * as t from "io-ts/lib/index.js";
import { decodeJson, decodeWith } from "../../codec/decode.ts";
import { natural } from "../../codec/number.ts";
import { CheckpointMismatch, DecodeError, SafetensorsCorrupt } from "../../errors.ts";
import type { Safetensors, SafetensorsFile } from "../../io/safetensors/content.ts";
import { namedTree, treeFrom } from "../../io/safetensors/tree.ts";
import { tensorTree } from "../../ir/trees.ts";
import type { Key } from "../../tensor/key.ts";
import { showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { flatten, leafPaths, type Tree } from "../../tree.ts";
import type { AnyPipeline, Pipeline } from "../pipeline/pipeline.ts";
import { carriedMismatch } from "../pipeline/validate.ts";
import { initialState } from "./initial.ts";
import type { Memories } from "./memory.ts";
import type { TrainState } from "./state.ts";

/** The version of the format. Others are refused: 1 and 2 were JSON. */
const version = 3;

/** The key of the metadata that holds everything of a checkpoint but its tensors. */
export const checkpointKey = "fluxion.checkpoint";

const headerCodec = t.readonly(
  t.type({ version: t.literal(version), pipeline: t.string, state: t.unknown }),
);

const isKey = (value: unknown): value is Key =>
  value instanceof Tensor && value.dtype === "i32" && value.size === 2;

const keyCodec = new t.Type<Key>(
  "a key of two words of i32",
  isKey,
  (input, context) => (isKey(input) ? t.success(input) : t.failure(input, context)),
  t.identity,
);

const isMemories = (value: unknown): value is Memories =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Tensor);

const memoriesCodec = new t.Type<Memories>(
  "memories by operator",
  isMemories,
  (input, context) => (isMemories(input) ? t.success(input) : t.failure(input, context)),
  t.identity,
);

/** What every state has beside what its learner carries. */
const stateCodec = t.readonly(
  t.type({ key: keyCodec, epoch: natural, batch: natural, step: natural, memory: memoriesCodec }),
);

/** How a checkpoint is read. */
export interface LoadCheckpoint {
  /**
   * Whether a checkpoint of another pipeline is read too, where everything that is carried has the same shapes.
   * Defaults to false.
   */
  readonly anyPipeline?: boolean;
}

/**
 * A state of a pipeline as a safetensors file: a tensor for each leaf of what is carried and remembered, named by its
 * path, and the rest as JSON in the metadata.
 *
 * **Fails with** `InvalidArgument`, thrown, where a leaf of what is carried is no tensor.
 */
export const encodeState = <C, E>(of: Pipeline<C, E>, state: TrainState<C>): Safetensors => {
  // Everything of a state is a tensor, a number or a tree of them.
  const tree = { ...state, carried: tensorTree(state.carried) } as Tree<Tensor | number>;
  const { tensors, structure } = namedTree(tree);
  const header = { version, pipeline: of.name, state: structure };
  return { tensors, metadata: { [checkpointKey]: JSON.stringify(header) } };
};

const typeText = (leaf: unknown): string =>
  leaf instanceof Tensor ? `${leaf.dtype} ${showShape(leaf.shape)}` : `a ${typeof leaf}`;

/** The types of the leaves of a tree, by path. */
const leafTypes = (tree: unknown): ReadonlyMap<string, string> => {
  const { leaves, shape } = flatten<unknown>(tree);
  return new Map(leafPaths(shape).map((path, i) => [path.join("."), typeText(leaves[i])]));
};

/** Compares what a checkpoint carries with what a pipeline does, tensor by tensor. */
const compared = (
  of: AnyPipeline,
  given: unknown,
): Pick<CheckpointMismatch, "matching" | "differing"> => {
  const fresh = initialState(of).carried;
  const [wanted, found] = [leafTypes(fresh), leafTypes(given)];
  const paths = [...new Set([...wanted.keys(), ...found.keys()])];
  const typesAt = (path: string) => ({
    path,
    expected: wanted.get(path) ?? "nothing",
    actual: found.get(path) ?? "nothing",
  });
  const matching = paths.filter((path) => wanted.get(path) === found.get(path));
  const differing = paths.map(typesAt).filter(({ expected, actual }) => expected !== actual);
  // Equal leaves may still be put together in another way: in a list, or in an object with the keys 0 and 1.
  const other = differing.length === 0 ? carriedMismatch(of, given, fresh) : undefined;
  if (other === undefined) return { matching, differing };
  const path = [other.part, ...other.path].join(".");
  return { matching, differing: [{ path, expected: other.expected, actual: other.actual }] };
};

/**
 * The state of a pipeline that a safetensors file holds: the inverse of {@link encodeState}.
 *
 * The file must have a hash of itself, so that no changed bit is accepted, and must be a checkpoint of this pipeline
 * with everything that its learner carries, in the same shapes. `where` names the file in errors.
 *
 * **Fails with** `SafetensorsCorrupt` where there is no hash; `DecodeError` where the file is no checkpoint;
 * `CheckpointMismatch` where it is one of another pipeline, which says what matches and what does not.
 * **Laws** `laws.codec`: `decode ∘ encode = identity`; `laws.training`: a run resumes from a decoded state as from the
 * original.
 */
export const decodeState = Effect.fnUntraced(function* <C, E>(
  of: Pipeline<C, E>,
  { tensors, metadata, hash }: SafetensorsFile,
  where: string,
  { anyPipeline = false }: LoadCheckpoint = {},
) {
  const text = metadata[checkpointKey];
  if (text === undefined)
    return yield* new DecodeError({
      where,
      issues: [{ path: [checkpointKey], expected: "a checkpoint", actual: "no metadata of one" }],
    });
  if (hash === undefined)
    return yield* new SafetensorsCorrupt({
      file: where,
      problem: "hash",
      expected: "a hash of the file in its metadata",
      actual: "none",
    });
  const { pipeline: saved, state: structure } = yield* decodeJson(headerCodec, text, where);
  const tree = yield* treeFrom({ tensors, structure }, where);
  const state = yield* decodeWith(stateCodec, tree, where);
  const { carried } = tree as { readonly carried?: unknown };
  const told = compared(of, carried);
  if (told.differing.length > 0 || (saved !== of.name && !anyPipeline))
    return yield* new CheckpointMismatch({ file: where, pipeline: of.name, saved, ...told });
  // The trees were just compared leaf by leaf with those of this pipeline.
  return { ...state, carried } as TrainState as TrainState<C>;
});
