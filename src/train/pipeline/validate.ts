import * as Effect from "effect/Effect";
import { Dataset, type Row } from "../../data/dataset.ts";
import type { RowSpec } from "../../data/source/epochs.ts";
import type { Source } from "../../data/source/source.ts";
import { validate } from "../../data/validate.ts";
import {
  InvalidPipeline,
  ShapeMismatch,
  StateMismatch,
  UnknownColumn,
  UnknownToken,
} from "../../errors.ts";
import type { AnyLearner } from "../../learn/learner.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { flatten, leafPaths, sameTreeShape } from "../../tree.ts";
import type { TrainState } from "../state/state.ts";
import type { AnyPipeline } from "./pipeline.ts";
import type { Sources } from "./splits.ts";

const wholeFrom = (least: number) => (value: unknown) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least;

/** Checks the settings of a pipeline that do not depend on its data. */
export const checkSettings = (of: AnyPipeline): Effect.Effect<void, InvalidPipeline> => {
  const fail = (field: string, value: unknown, expected: string) =>
    Effect.fail(new InvalidPipeline({ pipeline: of.name, field, value, expected }));
  const settings: readonly (readonly [
    field: keyof AnyPipeline,
    expected: string,
    holds: boolean,
  ])[] = [
    ["epochs", "a whole number, 1 or more", wholeFrom(1)(of.epochs)],
    ["seed", "a whole number", Number.isSafeInteger(of.seed)],
    ["shards", "a whole number, 1 or more", wholeFrom(1)(of.shards)],
    [
      "validationShare",
      "a number from 0 to less than 1",
      of.validationShare >= 0 && of.validationShare < 1,
    ],
  ];
  const names = of.learner.metrics.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    return fail("metrics", twice, "metrics with names of their own, none of them loss");
  if (of.refused !== undefined) {
    const { field, value, expected } = of.refused;
    return fail(field, value, expected);
  }
  const wrong = settings.find(([, , holds]) => !holds);
  return wrong === undefined ? Effect.void : fail(wrong[0], of[wrong[0]], wrong[1]);
};

/** The number of classes of the learner's label columns. */
export const labelsOf = ({ limits }: AnyLearner): { readonly [column: string]: number } =>
  Object.fromEntries(
    limits.filter(({ of }) => of === "classes").map(({ column, count }) => [column, count]),
  );

/** Checks that data has the columns that a program reads. */
export const checkColumns = (
  read: readonly string[],
  spec: RowSpec,
): Effect.Effect<void, UnknownColumn> => {
  const columns = Object.keys(spec);
  const missing = read.find((column) => !columns.includes(column));
  return missing === undefined
    ? Effect.void
    : Effect.fail(new UnknownColumn({ column: missing, columns }));
};

/** Checks that every token of the learner's token columns is in range. */
export const checkTokens = (
  limits: AnyLearner["limits"],
  examples: Dataset<Row>,
): Effect.Effect<void, UnknownToken> =>
  Effect.suspend(() => {
    for (const { column, of: what, count: known } of limits) {
      if (what !== "tokens" || !Object.hasOwn(examples.columns, column)) continue;
      const held = examples.column(column);
      const length = held.shape.slice(1).reduce((n, extent) => n * extent, 1);
      const tokens = held.toTypedArray();
      const at = tokens.findIndex(
        (token) => !(Number.isInteger(token) && token >= 0 && token < known),
      );
      if (at < 0) continue;
      const [token, position] = [String(tokens[at]), at % length];
      const row = Math.floor(at / length);
      return Effect.fail(new UnknownToken({ token, position, known, row, path: [column] }));
    }
    return Effect.void;
  });

/** Checks that held-out examples have the shapes of the training examples. */
export const checkShapes = (
  of: AnyPipeline,
  read: readonly string[],
  spec: RowSpec,
  held: { readonly [split: string]: RowSpec | undefined },
): Effect.Effect<void, ShapeMismatch> => {
  for (const [split, own] of Object.entries(held))
    for (const column of read) {
      const [wanted, given] = [spec[column]?.shape, own?.[column]?.shape];
      if (wanted !== undefined && given !== undefined && !sameShape(wanted, given))
        return Effect.fail(
          new ShapeMismatch({
            op: `${of.name}: column "${column}" of the ${split} data`,
            expected: `${showShape(wanted)}, as the training data has`,
            actual: [given],
            path: [],
          }),
        );
    }
  return Effect.void;
};

/** The dataset that a source draws from, for those that do. */
export const datasetOf = (source: Source): Dataset<Row> | undefined => {
  if (source instanceof Dataset) return source;
  return source._tag === "Sampled" ? source.dataset : undefined;
};

/**
 * Checks every example of every dataset: finite numbers, labels and tokens in range, enough for a batch. The rows of
 * streams are checked as they are read.
 */
export const checkData = Effect.fnUntraced(function* (of: AnyPipeline, splits: Sources<Row>) {
  const labels = labelsOf(of.learner);
  const train = datasetOf(splits.train);
  const [validation, test] = [splits.validation, splits.test].map(
    (held) => held && datasetOf(held),
  );
  const limited = of.learner.limits.map(({ column }) => column);
  for (const examples of [train, validation, test])
    if (examples !== undefined) {
      yield* checkColumns(limited, examples.columns);
      yield* checkTokens(of.learner.limits, examples);
    }
  if (train !== undefined)
    yield* validate(train, { where: `${of.name}: training data`, batchSize: of.batchSize, labels });
  if (validation !== undefined)
    yield* validate(validation, { where: `${of.name}: validation data`, labels });
  if (test !== undefined) yield* validate(test, { where: `${of.name}: test data`, labels });
});

const typeText = (leaf: unknown): string => {
  if (leaf instanceof Tensor) return `${leaf.dtype} ${showShape(leaf.shape)}`;
  return leaf === undefined ? "nothing" : `a ${typeof leaf}`;
};

/** The mismatch of two trees of tensors, if there is one: another structure, or the first leaf of another type. */
const treeMismatch = (
  pipeline: string,
  part: string,
  wanted: unknown,
  given: unknown,
): StateMismatch | undefined => {
  const [fresh, own] = [flatten<unknown>(wanted), flatten<unknown>(given)];
  const mismatch = (path: readonly string[], expected: string, actual: string) =>
    new StateMismatch({ pipeline, part, path, expected, actual });
  const [paths, actual] = [leafPaths(fresh.shape), leafPaths(own.shape)];
  const shown = (all: typeof paths) => all.map((path) => path.join(".")).join(", ") || "no leaves";
  if (!sameTreeShape(fresh.shape, own.shape)) return mismatch([], shown(paths), shown(actual));
  const [xs, ys] = [fresh.leaves, own.leaves];
  const at = xs.findIndex((x, i) => typeText(x) !== typeText(ys[i]));
  return at < 0 ? undefined : mismatch(paths[at] ?? [], typeText(xs[at]), typeText(ys[at]));
};

/** The field of an object by name; `undefined` for what is no object. */
const fieldOf = (tree: unknown, name: string): unknown =>
  typeof tree === "object" && tree !== null
    ? (tree as { [key: string]: unknown })[name]
    : undefined;

/**
 * The mismatch of a state's carry with a pipeline, if there is one: it must match what the pipeline's learner
 * carries at first.
 */
export const carriedMismatch = (
  of: AnyPipeline,
  given: unknown,
  fresh: unknown,
): StateMismatch | undefined => {
  // Parts are compared one by one, so that the mismatch names the part and its leaves alone.
  if (typeof fresh === "object" && fresh !== null && !Array.isArray(fresh))
    for (const part of Object.keys(fresh)) {
      const wrong = treeMismatch(of.name, part, fieldOf(fresh, part), fieldOf(given, part));
      if (wrong !== undefined) return wrong;
    }
  return treeMismatch(of.name, "carried", fresh, given);
};

/** The reason why the trained model within a state does not belong to a pipeline, if any. */
export const trainedMismatch = (
  of: AnyPipeline,
  given: unknown,
  fresh: unknown,
): StateMismatch | undefined => {
  const { get } = of.learner.trained;
  const [{ params, state }, own] = [get(fresh), get(given)];
  return carriedMismatch(
    of,
    { params: own.params, layerState: own.state },
    { params, layerState: state },
  );
};

/** The reason why a run cannot resume at the position of `state`, if any. */
export const positionMismatch = (
  of: AnyPipeline,
  { key, epoch, batch, step }: Pick<TrainState, "key" | "epoch" | "batch" | "step">,
  stepsPerEpoch: number | undefined,
): StateMismatch | undefined => {
  const mismatch = (part: string, expected: string, actual: string) =>
    new StateMismatch({ pipeline: of.name, part, path: [], expected, actual });
  const keyType = typeText(key);
  if (keyType !== "i32 [2]") return mismatch("key", "i32 [2]", keyType);
  const natural = wholeFrom(0);
  for (const [part, count] of Object.entries({ epoch, step, batch }))
    if (!natural(count)) return mismatch(part, "a whole number, 0 or more", String(count));
  // After its last batch, an epoch is still to be evaluated.
  return stepsPerEpoch === undefined || batch <= stepsPerEpoch
    ? undefined
    : mismatch("batch", `a whole number up to ${stepsPerEpoch}`, String(batch));
};
