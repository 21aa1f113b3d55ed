import * as Effect from "effect/Effect";
import type { Dataset, Row } from "../../data/dataset.ts";
import { validate } from "../../data/validate.ts";
import {
  InvalidPipeline,
  ShapeMismatch,
  StateMismatch,
  UnknownColumn,
  UnknownToken,
} from "../../errors.ts";
import { type Shape, sameShape, showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { flatten, leafPaths, sameTreeShape } from "../../tree.ts";
import type { TrainState } from "../state/state.ts";
import type { AnyPipeline } from "./pipeline.ts";
import type { Splits } from "./splits.ts";

const wholeFrom = (least: number) => (value: unknown) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least;

/** Checks the settings of a pipeline that do not depend on its data. */
export const checkSettings = (of: AnyPipeline): Effect.Effect<void, InvalidPipeline> => {
  const settings: readonly (readonly [
    field: keyof AnyPipeline,
    expected: string,
    holds: boolean,
  ])[] = [
    ["epochs", "a whole number, 1 or more", wholeFrom(1)(of.epochs)],
    ["seed", "a whole number", Number.isSafeInteger(of.seed)],
    [
      "learningRate",
      "a number that is not negative, or a schedule",
      typeof of.learningRate !== "number" ||
        (Number.isFinite(of.learningRate) && of.learningRate >= 0),
    ],
    [
      "learningRate",
      `no learning rate: its optimizer, ${of.optimizer.name}, has none to replace`,
      of.learningRate === undefined || of.optimizer.atLearningRate !== undefined,
    ],
    [
      "validationShare",
      "a number from 0 to less than 1",
      of.validationShare >= 0 && of.validationShare < 1,
    ],
  ];
  const names = ["loss", ...of.metrics.map(({ name }) => name)];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    return Effect.fail(
      new InvalidPipeline({
        pipeline: of.name,
        field: "metrics",
        value: twice,
        expected: "metrics with names of their own, none of them loss",
      }),
    );
  const wrong = settings.find(([, , holds]) => !holds);
  if (wrong === undefined) return Effect.void;
  const [field, expected] = wrong;
  return Effect.fail(new InvalidPipeline({ pipeline: of.name, field, value: of[field], expected }));
};

/** Checks that a dataset has the columns of a pipeline. */
export const checkColumns = (
  of: AnyPipeline,
  examples: Dataset<Row>,
): Effect.Effect<void, UnknownColumn> => {
  const columns = Object.keys(examples.columns);
  const missing = [of.input, of.target].find((column) => !columns.includes(column));
  return missing === undefined
    ? Effect.void
    : Effect.fail(new UnknownColumn({ column: missing, columns }));
};

/** Checks that every token of the input is in range, where the pipeline states the number of tokens. */
const checkTokens = (of: AnyPipeline, examples: Dataset<Row>): Effect.Effect<void, UnknownToken> =>
  Effect.suspend(() => {
    const { tokens: known, input } = of;
    if (known === undefined) return Effect.void;
    const column = examples.column(input);
    const length = column.shape.slice(1).reduce((n, extent) => n * extent, 1);
    const at = column
      .toTypedArray()
      .findIndex((token) => !(Number.isInteger(token) && token >= 0 && token < known));
    if (at < 0) return Effect.void;
    const [token, position] = [String(column.toTypedArray()[at]), at % length];
    const row = Math.floor(at / length);
    return Effect.fail(new UnknownToken({ token, position, known, row, path: [of.model.name] }));
  });

/** The shape of one example in a column, which is there. */
const shapeOf = (examples: Dataset<Row>, column: string): Shape =>
  examples.columns[column]?.shape ?? [];

/** Checks that held-out examples have the shapes of the training examples, where all have the columns. */
const checkShapes = (
  of: AnyPipeline,
  { train, ...held }: Splits<Row>,
): Effect.Effect<void, ShapeMismatch> => {
  for (const [split, examples] of Object.entries<Dataset<Row> | undefined>(held)) {
    if (examples === undefined) continue;
    for (const column of [of.input, of.target]) {
      const [wanted, given] = [shapeOf(train, column), shapeOf(examples, column)];
      if (!sameShape(wanted, given))
        return Effect.fail(
          new ShapeMismatch({
            op: `${of.name}: column "${column}" of the ${split} data`,
            expected: `${showShape(wanted)}, as the training data has`,
            actual: [given],
            path: [],
          }),
        );
    }
  }
  return Effect.void;
};

/** Checks every example of every split: finite numbers, labels in range, enough for a batch. */
export const checkData = Effect.fnUntraced(function* (of: AnyPipeline, splits: Splits<Row>) {
  const labels = of.classes === undefined ? {} : { [of.target]: of.classes };
  const { train, validation, test } = splits;
  for (const examples of [train, validation, test])
    if (examples !== undefined) {
      yield* checkColumns(of, examples);
      yield* checkTokens(of, examples);
    }
  yield* checkShapes(of, splits);
  yield* validate(train, { where: `${of.name}: training data`, batchSize: of.batchSize, labels });
  if (validation !== undefined)
    yield* validate(validation, { where: `${of.name}: validation data`, labels });
  if (test !== undefined) yield* validate(test, { where: `${of.name}: test data`, labels });
});

const typeText = (leaf: unknown): string => {
  if (leaf instanceof Tensor) return `${leaf.dtype} ${showShape(leaf.shape)}`;
  return leaf === undefined ? "nothing" : `a ${typeof leaf}`;
};

type Part = "params" | "layerState" | "optimizerState";

/**
 * The reason why a state does not belong to a pipeline, if any. The trees in `parts` must match those of the
 * pipeline's initial state.
 */
export const stateMismatch = <K extends Part>(
  of: AnyPipeline,
  state: Pick<TrainState, K>,
  fresh: TrainState,
  parts: readonly K[],
): StateMismatch | undefined => {
  for (const part of parts) {
    const [wanted, given] = [flatten<unknown>(fresh[part]), flatten<unknown>(state[part])];
    const mismatch = (path: readonly string[], expected: string, actual: string) =>
      new StateMismatch({ pipeline: of.name, part, path, expected, actual });
    const [paths, actual] = [leafPaths(wanted.shape), leafPaths(given.shape)];
    const shown = (all: typeof paths) =>
      all.map((path) => path.join(".")).join(", ") || "no leaves";
    if (!sameTreeShape(wanted.shape, given.shape)) return mismatch([], shown(paths), shown(actual));
    const [xs, ys] = [wanted.leaves, given.leaves];
    const at = xs.findIndex((x, i) => typeText(x) !== typeText(ys[i]));
    if (at >= 0) return mismatch(paths[at] ?? [], typeText(xs[at]), typeText(ys[at]));
  }
  return undefined;
};

/** The reason why a run cannot resume at the position of `state`, if any. */
export const positionMismatch = (
  of: AnyPipeline,
  { key, epoch, batch, step }: Pick<TrainState, "key" | "epoch" | "batch" | "step">,
  stepsPerEpoch: number,
): StateMismatch | undefined => {
  const mismatch = (part: string, expected: string, actual: string) =>
    new StateMismatch({ pipeline: of.name, part, path: [], expected, actual });
  const keyType = typeText(key);
  if (keyType !== "i32 [2]") return mismatch("key", "i32 [2]", keyType);
  const natural = wholeFrom(0);
  for (const [part, count] of Object.entries({ epoch, step, batch }))
    if (!natural(count)) return mismatch(part, "a whole number, 0 or more", String(count));
  return batch < stepsPerEpoch
    ? undefined
    : mismatch("batch", `a whole number below ${stepsPerEpoch}`, String(batch));
};
