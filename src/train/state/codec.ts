import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts/lib/index.js";
import { natural } from "../../codec/number.ts";
import { figuresCodec, tensorCodec, treeCodec } from "../../codec/tensor.ts";
import { tensorTree } from "../../ir/trees.ts";
import type { Key } from "../../tensor/key.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tree.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { carriedMismatch } from "../pipeline/validate.ts";
import { initialState } from "./initial.ts";
import type { Memories } from "./memory.ts";
import type { TrainState } from "./state.ts";

/** The version of the format. Other versions are refused. */
const version = 2;

const isMemories = (tree: Tree<Tensor | number>): tree is Memories =>
  typeof tree === "object" && !Array.isArray(tree) && !(tree instanceof Tensor);

/** The memories of operators. States written before there were any decode to none. */
const memories: t.Type<Memories, t.OutputOf<typeof figuresCodec>> = new t.Type(
  "the memory of each operator",
  (value): value is Memories => figuresCodec.is(value) && isMemories(value),
  (input, context) =>
    input === undefined
      ? t.success({})
      : pipe(
          figuresCodec.validate(input, context),
          E.chain((tree) => (isMemories(tree) ? t.success(tree) : t.failure(input, context))),
        ),
  figuresCodec.encode,
);

const written = t.strict({
  version: t.literal(version),
  pipeline: t.string,
  carried: treeCodec,
  key: tensorCodec,
  epoch: natural,
  batch: natural,
  step: natural,
  memory: memories,
});

/** A training state as JSON: trees with the bits of their numbers, and counters. */
export type StateJson = t.OutputOf<typeof written>;

const isKey = (tensor: Tensor): tensor is Key => tensor.dtype === "i32" && tensor.size === 2;

/**
 * Encodes the states of a pipeline as JSON and decodes them again, bit for bit: the format of checkpoints.
 *
 * The carried tensors of a decoded state must have the shapes that the pipeline's learner carries; other states are
 * refused.
 *
 * **Laws** `laws.codec`: `decode ∘ encode = identity`; `laws.training`: a run resumes from a decoded state as
 * from the original.
 */
export const stateCodec = <C, F>(of: Pipeline<C, F>): t.Type<TrainState<C>, StateJson, unknown> => {
  const decode = (input: unknown, context: t.Context): t.Validation<TrainState<C>> =>
    pipe(
      written.validate(input, context),
      E.chain(({ version: _, pipeline: __, key, ...rest }) => {
        const refuse = (message: string): t.Validation<TrainState<C>> =>
          t.failure(input, context, message);
        if (!isKey(key)) return refuse("a key of two words of i32");
        const read = { ...rest, key };
        const mismatch = carriedMismatch(of, read.carried, initialState(of).carried);
        if (mismatch !== undefined) {
          const { part, path, expected, actual } = mismatch;
          return refuse(`${[part, ...path].join(".")}: ${expected}, which ${actual} is not`);
        }
        // The trees were just compared leaf by leaf with those of this pipeline.
        return t.success(read as TrainState as TrainState<C>);
      }),
    );
  return new t.Type(
    `a state of ${of.name}`,
    (value): value is TrainState<C> =>
      written.is({ version, pipeline: of.name, ...(value as object) }) &&
      carriedMismatch(of, (value as TrainState).carried, initialState(of).carried) === undefined,
    decode,
    (state) => encode(of.name, state),
  );
};

const encode = (pipeline: string, state: TrainState): StateJson =>
  written.encode({
    version,
    pipeline,
    carried: tensorTree(state.carried),
    key: state.key,
    epoch: state.epoch,
    batch: state.batch,
    step: state.step,
    memory: state.memory,
  });
