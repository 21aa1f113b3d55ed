import * as Effect from "effect/Effect";
import { ReverseMode } from "../autodiff/index.ts";
import type { Reverse } from "../autodiff/reverseMode.ts";
import { CompileError, InvalidArgument, StructureMismatch, UnknownColumn } from "../errors.ts";
import { constant, parameter } from "../ir/build.ts";
import type { Expr, Program, TensorType } from "../ir/expr.ts";
import { add } from "../ir/ops/elementwise.ts";
import { broadcastTo } from "../ir/ops/promote.ts";
import { foldInKey } from "../ir/ops/random.ts";
import { program, topological } from "../ir/program.ts";
import {
  type Concrete,
  exprsLike,
  flattenExprs,
  type Symbolic,
  shapeFor,
  symbolsOf,
  treeOf,
} from "../ir/trees.ts";
import { scalar } from "../tensor/constructors.ts";
import { type Key, key as keyOf } from "../tensor/key.ts";
import { nth } from "../tensor/list.ts";
import { sameShape, showShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { leafPaths, sameTreeShape, type TreeShape } from "../tree.ts";
import { type AnyLearner, namedColumns, type Predicting, type Report } from "./learner.ts";
import type { Summaries } from "./scoring.ts";
import type { OverShards } from "./shards.ts";

/** The tensors that a step takes and returns updated: the learner's tree, the key of the run, and the step count. */
export interface Kept<C = unknown> {
  readonly carried: C;
  readonly key: Key;
  readonly step: Tensor<readonly []>;
}

/** The types of the columns of a batch, each with the examples along its leading axis. */
export type ColumnTypes = { readonly [column: string]: TensorType };

/** The types of the columns of a batch, from those of one row. */
export const typesOf = (spec: ColumnTypes, size: number): ColumnTypes =>
  Object.fromEntries(
    Object.entries(spec).map(([column, { shape, dtype }]) => [
      column,
      { shape: [size, ...shape], dtype },
    ]),
  );

/** The numbers that a step reports about its batch. */
export interface StepReport {
  readonly loss: number;
  readonly learningRate: number | undefined;
  /** The summaries of each shard, one per metric. */
  readonly summaries: readonly Summaries[];
}

/** A step or an evaluation as one program. */
export interface StepProgram {
  readonly program: Program;
  /** The number of leading inputs and outputs that are carried from step to step. */
  readonly carried: number;
  /** Which leaves of the kept tensors the program takes, by index and in order. A step takes all of them. */
  readonly takes: readonly number[];
  /** The columns that the program reads, in the order of its inputs after the carried ones. */
  readonly columns: readonly string[];
  /** Whether the last input is the number of complete epochs, an i32 scalar. */
  readonly takesEpoch: boolean;
  /** Reads the outputs after the carried ones. */
  readonly report: (outputs: readonly Tensor[]) => StepReport;
}

const typeText = ({ shape, dtype }: TensorType): string => `${dtype} ${showShape(shape)}`;

/** The first difference between the tree that a step takes and the one it returns; their types must be equal. */
const changed = (
  learner: string,
  before: { readonly leaves: readonly Expr[]; readonly shape: TreeShape },
  after: { readonly leaves: readonly Expr[]; readonly shape: TreeShape },
): StructureMismatch | undefined => {
  // The carried tensors are the first part of the kept ones, and only the learner makes them.
  const mismatch = ([, ...path]: readonly string[], expected: string, actual: string) => {
    const op = `a step of the learner "${learner}"`;
    const [wanted, made] = [expected, actual].map((type) => `${type} at ${path.join(".")}`);
    return new StructureMismatch({ op, expected: wanted as string, actual: made as string });
  };
  const [paths, others] = [leafPaths(before.shape), leafPaths(after.shape)];
  const textAt = (leaf: Expr | undefined) => (leaf === undefined ? "nothing" : typeText(leaf));
  if (!sameTreeShape(before.shape, after.shape)) {
    const named = (all: typeof paths) => new Set(all.map((path) => path.join(".")));
    const [has, had] = [named(others), named(paths)];
    const at = paths.findIndex((path) => !has.has(path.join(".")));
    if (at >= 0) return mismatch(paths[at] ?? [], textAt(before.leaves[at]), "nothing");
    const extra = others.findIndex((path) => !had.has(path.join(".")));
    return mismatch(others[extra] ?? [], "nothing", textAt(after.leaves[extra]));
  }
  const at = before.leaves.findIndex((x, i) => {
    const y = after.leaves[i];
    return y === undefined || y.dtype !== x.dtype || !sameShape(x.shape, y.shape);
  });
  return at < 0
    ? undefined
    : mismatch(paths[at] ?? [], textAt(before.leaves[at]), textAt(after.leaves[at]));
};

/** The errors that a learner's own functions throw when they are traced. */
export type Thrown = CompileError | StructureMismatch | InvalidArgument | UnknownColumn;

/** Calls a learner's own functions. **Fails with** what they throw of {@link Thrown}. */
export const traced = <A, E>(build: () => Effect.Effect<A, E>): Effect.Effect<A, E | Thrown> =>
  Effect.suspend((): Effect.Effect<A, E | Thrown> => {
    try {
      return build();
    } catch (error) {
      if (
        error instanceof CompileError ||
        error instanceof StructureMismatch ||
        error instanceof InvalidArgument ||
        error instanceof UnknownColumn
      )
        return Effect.fail(error);
      throw error;
    }
  });

const readReport = ({ loss, learningRate, summaries }: Concrete<Report>): StepReport => ({
  // A loss of -0 (from a hinge whose margin is met) becomes 0: JSON has no -0.
  loss: loss.item() + 0,
  learningRate: learningRate?.item(),
  summaries,
});

/** The parameters of a batch and of the epoch. A program takes those that it uses. */
const batchOf = (types: ColumnTypes) => ({
  columns: Object.fromEntries(
    Object.entries(types).map(([name, type]) => [name, parameter(type)] as const),
  ),
  epoch: parameter({ shape: [], dtype: "i32" }),
});

const assemble = (
  kept: readonly Expr[],
  { columns, epoch }: ReturnType<typeof batchOf>,
  next: readonly Expr[],
  report: Report,
  takesAll: boolean,
): StepProgram => {
  const { loss, learningRate, summaries } = report;
  const said = flattenExprs<Report>({ loss, learningRate, summaries });
  const saidShape = shapeFor<Concrete<Report>>(said.shape);
  const outputs = [...next, ...said.leaves];
  const used = new Set(topological(outputs));
  const takes = kept.flatMap((leaf, i) => (takesAll || used.has(leaf.node) ? [i] : []));
  const read = Object.entries(columns).filter(([, column]) => used.has(column.node));
  const takesEpoch = used.has(epoch.node);
  const inputs = [
    ...takes.map((i) => nth(kept, i)),
    ...read.map(([, column]) => column),
    ...(takesEpoch ? [epoch] : []),
  ];
  return {
    program: program(inputs, outputs),
    carried: next.length,
    takes,
    columns: read.map(([name]) => name),
    takesEpoch,
    report: (tensors) => readReport(treeOf(saidShape, tensors)),
  };
};

/**
 * A whole training step of a learner as one program: forward, backward, the optimizer and the metrics.
 *
 * **Shapes** what is kept, and the columns that the learner reads, `[batch, ...]` → what is kept, loss, learning rate,
 * summaries.
 * **Fails with** `CompileError` for mistakes in the learner's functions; `StructureMismatch` where a step returns a
 * tree of other types than it took.
 */
export const stepProgram = Effect.fnUntraced(function* (
  learner: AnyLearner,
  overShards: OverShards,
  kept: Kept,
  types: ColumnTypes,
) {
  const reverse: Reverse = yield* ReverseMode;
  return yield* traced(() => {
    const before = symbolsOf(kept);
    const { carried, key, step } = before.tree;
    const batch = batchOf(types);
    const context = { key: foldInKey(key, step), step, epoch: batch.epoch, reverse, overShards };
    // The run has compared the columns with those of the learner.
    const { carried: made, report } = learner.step(carried, batch.columns as never, context);
    const next: Symbolic<Kept> = { carried: made, key, step: add(step, 1) };
    const after = flattenExprs(next);
    const mismatch = changed(learner.name, before, after);
    if (mismatch !== undefined) return Effect.fail(mismatch);
    return Effect.succeed(assemble(before.leaves, batch, after.leaves, report, true));
  });
});

/** The evaluation of a batch as one program. It carries nothing. */
export const evaluationProgram = (
  learner: AnyLearner,
  kept: Kept,
  types: ColumnTypes,
): Effect.Effect<StepProgram, Thrown> =>
  traced(() => {
    const before = symbolsOf(kept);
    const { carried, step } = before.tree;
    const batch = batchOf(types);
    // Evaluation is not random: a layer that draws anyway uses a fixed key.
    const moment = { key: constant(keyOf(0)), step, epoch: batch.epoch };
    const report = learner.evaluate(carried, batch.columns as never, moment);
    return Effect.succeed(assemble(before.leaves, batch, [], report, false));
  });

/** The output of a model for one row, as a program of its params and columns. */
export interface PredictionProgram {
  readonly program: Program;
  /** The leaves of the carried tree that it takes, in the order of its first inputs. */
  readonly takes: readonly number[];
  /** The columns that it reads, in the order of its inputs after the params. */
  readonly columns: readonly string[];
}

/**
 * The output of a learner's model for one row as a program. It is that of a moment: the step and the epoch are part of
 * it.
 *
 * **Shapes** the carried tensors that the model reads, and its columns → `[...out]`.
 * **Fails with** `CompileError` for mistakes in the learner's functions; `UnknownColumn`.
 */
export const predictionProgram = (
  predict: NonNullable<AnyLearner["predict"]>,
  carried: unknown,
  { step, epoch }: { readonly step: number; readonly epoch: number },
  row: ColumnTypes,
): Effect.Effect<PredictionProgram, Thrown> =>
  traced(() => {
    const { tree, leaves } = symbolsOf(carried);
    const { columns } = batchOf(row);
    const moment = {
      // As in an evaluation, a layer that draws anyway uses a fixed key.
      key: constant(keyOf(0)),
      step: constant(scalar(step, "i32")),
      epoch: constant(scalar(epoch, "i32")),
    };
    const output = predict(tree, namedColumns(columns), moment);
    const used = new Set(topological([output]));
    const takes = leaves.flatMap((leaf, i) => (used.has(leaf.node) ? [i] : []));
    const read = Object.entries(columns).filter(([, column]) => used.has(column.node));
    const inputs = [...takes.map((i) => nth(leaves, i)), ...read.map(([, column]) => column)];
    return Effect.succeed({
      program: program(inputs, [output]),
      takes,
      columns: read.map(([name]) => name),
    });
  });

/** How a model generates sequences, as programs of its params. */
export interface GenerationPrograms {
  /** From the params and the source, i32 `[length]`, to the carry before the first token. */
  readonly begin: PartProgram;
  /** From the params, a token and the carry to the logits of the next token, and the next carry. */
  readonly step: PartProgram;
}

/** A program, and the leaves of the carried tree that it takes, in the order of its first inputs. */
export interface PartProgram {
  readonly program: Program;
  readonly takes: readonly number[];
}

/**
 * How a learner's model generates sequences, as programs.
 *
 * **Fails with** `CompileError` for mistakes in the model.
 */
export const generationPrograms = (
  { vocabulary, source, begin, step }: NonNullable<Predicting["generates"]>,
  carried: unknown,
): Effect.Effect<GenerationPrograms, Thrown> =>
  traced(() => {
    const { tree, leaves } = symbolsOf(carried);
    const part = (inputs: readonly Expr[], outputs: readonly Expr[]): PartProgram => {
      const used = new Set(topological(outputs));
      const takes = leaves.flatMap((leaf, i) => (used.has(leaf.node) ? [i] : []));
      return { program: program([...takes.map((i) => nth(leaves, i)), ...inputs], outputs), takes };
    };
    const told = parameter({ shape: [source?.length ?? 0], dtype: "i32" });
    const begun = flattenExprs(begin(tree, told));
    const carry = begun.leaves.map(parameter);
    const token = parameter({ shape: [], dtype: "i32" }) as Expr<readonly []>; // of this shape
    const [logits, next] = step(tree, token, treeOf(begun.shape, carry));
    const after = exprsLike("a step of the model that generates", begun.shape, next);
    return Effect.succeed({
      begin: part([told], begun.leaves),
      step: part([token, ...carry], [broadcastTo(logits, [vocabulary]), ...after]),
    });
  });
