import * as Effect from "effect/Effect";
import { type Exprs, ReverseMode } from "../../autodiff/index.ts";
import { CompileError, StateMismatch } from "../../errors.ts";
import { constant, parameter } from "../../ir/build.ts";
import type { Expr, Program, TensorType } from "../../ir/expr.ts";
import { add } from "../../ir/ops/elementwise.ts";
import { foldInKey, type KeyExpr } from "../../ir/ops/random.ts";
import { program } from "../../ir/program.ts";
import type { Outcomes } from "../../nn/metrics/metric.ts";
import type { GradientTransformation } from "../../optim/transformation.ts";
import { key as keyOf } from "../../tensor/key.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { flatten, leafPaths, type TreeShape, unflatten } from "../../tree.ts";
import { mistakes } from "../pipeline/symbolicCheck.ts";
import { type Objective, outcome, outcomeAndGradient, type Pair } from "./objective.ts";

/** Computes the summary of a batch for one metric. */
export type Summarize = (batch: Outcomes) => Exprs;

/**
 * A step or an evaluation as one program. It takes carried leaves and a batch, and returns carried leaves and a
 * report.
 */
export interface StepProgram {
  readonly program: Program;
  /** The number of leading inputs and outputs that are carried from step to step. */
  readonly carried: number;
  /** Reads the outputs after the carried ones. */
  readonly report: (outputs: readonly Tensor[]) => Report;
}

/** The numbers that a step reports about its batch. */
export interface Report {
  readonly loss: number;
  readonly learningRate: number | undefined;
  /** One summary for each metric. */
  readonly summaries: readonly unknown[];
}

interface Symbols {
  readonly loss: Expr;
  readonly learningRate: Expr | undefined;
  readonly summaries: readonly Exprs[];
}

const assemble = (
  carried: readonly Expr[],
  batch: Pair<Expr>,
  next: readonly Expr[],
  symbols: Symbols,
): StepProgram => {
  const said = flatten<unknown>(symbols);
  return {
    // The leaves of `symbols` are the expressions that it was made of.
    program: program(
      [...carried, batch.input, batch.target],
      [...next, ...(said.leaves as readonly Expr[])],
    ),
    carried: next.length,
    report: (outputs) => readReport(said.shape, outputs),
  };
};

const readReport = (shape: TreeShape, outputs: readonly Tensor[]): Report => {
  // `shape` is that of `Symbols`, with tensors where there were expressions.
  const read = unflatten(shape, outputs) as {
    readonly loss: Tensor;
    readonly learningRate: Tensor | undefined;
    readonly summaries: readonly unknown[];
  };
  return {
    // A loss of -0 (from a hinge whose margin is met) becomes 0: JSON has no -0.
    loss: read.loss.item() + 0,
    learningRate: read.learningRate?.item(),
    summaries: read.summaries,
  };
};

/** Trees of tensors that a step takes and returns updated. */
export interface Carried<V = Tensor> {
  readonly params: unknown;
  readonly layerState: unknown;
  readonly optimizerState: unknown;
  readonly key: V;
  readonly step: V;
}

/** Replaces the leaves of a tree of tensors by parameters. */
const symbolic = <T>(
  tree: unknown,
): { readonly tree: T; readonly leaves: readonly Expr[]; readonly shape: TreeShape } => {
  const { leaves, shape } = flatten(tree);
  const parameters = leaves.map((leaf) => parameter(leaf as Tensor));
  return { tree: unflatten(shape, parameters) as T, leaves: parameters, shape };
};

const typeText = ({ shape, dtype }: TensorType): string => `${dtype} ${showShape(shape)}`;

/** Checks that carried outputs have the types of the carried inputs. */
const sameTypes = (
  pipeline: string,
  shape: TreeShape,
  before: readonly Expr[],
  after: readonly Expr[],
): Effect.Effect<void, StateMismatch> => {
  const paths = leafPaths(shape);
  const at = before.findIndex((x, i) => {
    const y = after[i];
    return y === undefined || y.dtype !== x.dtype || !sameShape(x.shape, y.shape);
  });
  const differs = at >= 0 ? at : before.length === after.length ? undefined : before.length;
  if (differs === undefined) return Effect.void;
  const [x, y] = [before[differs], after[differs]];
  return Effect.fail(
    new StateMismatch({
      pipeline,
      part: paths[differs]?.[0] ?? "state",
      path: paths[differs] ?? [],
      expected: x === undefined ? "nothing" : typeText(x),
      actual: y === undefined ? "nothing" : typeText(y),
    }),
  );
};

/** Adds updates to params. Params that no gradient reaches stay as they are: an optimizer may still decay weights. */
const plus = (params: unknown, updates: unknown, reached: readonly boolean[]): unknown => {
  const { leaves, shape } = flatten(params);
  const moves = flatten(updates).leaves;
  return unflatten(
    shape,
    leaves.map((p, i) => (reached[i] ? add(p as Expr, moves[i] as Expr) : p)),
  );
};

/**
 * A whole training step as one program: forward, backward, the optimizer and the metrics.
 *
 * **Shapes** carried leaves, `input: [batch, ...]`, `target: [batch, ...]` → carried leaves, loss, learning
 * rate, summaries.
 * **Math** `g = ∇ₚ mean L(p)`, `(u, s') = update(g, s, p)`, `p' = p + u`; the keys of step `n` are derived
 * from `foldIn(key, n)`.
 */
export const trainProgram = Effect.fnUntraced(function* (
  objective: Objective & { readonly name: string },
  optimizer: GradientTransformation,
  summarize: readonly Summarize[],
  carried: Carried,
  batch: Pair<TensorType>,
) {
  const mode = yield* ReverseMode;
  const one = ({ shape, dtype }: TensorType): TensorType => ({ shape: shape.slice(1), dtype });
  const example = { input: one(batch.input), target: one(batch.target) };
  const causes = mistakes(
    objective,
    carried.params,
    carried.layerState,
    example,
    batch.input.shape[0] ?? 1,
  );
  if (causes.length > 0) return yield* new CompileError({ causes });
  const state = symbolic<Carried<Expr>>(carried);
  const { params, layerState, key, step } = state.tree;
  const optimizerState = state.tree.optimizerState as Exprs;
  const pair = { input: parameter(batch.input), target: parameter(batch.target) };
  // `carriedOf` makes a key of two words and a scalar step.
  const own = foldInKey(key as KeyExpr, step as Expr<readonly []>);

  const [made, gradient, reached] = outcomeAndGradient(
    mode,
    (p) => outcome(objective, "train", p, layerState, pair, own),
    params,
  );
  const { updates, state: nextOptimizerState } = optimizer.update(
    gradient,
    optimizerState,
    params as Exprs,
  );
  const next: Carried<Expr> = {
    params: plus(params, updates, reached),
    layerState: made.layerState,
    optimizerState: nextOptimizerState,
    key,
    step: add(step, 1),
  };
  const nextLeaves = flatten<unknown>(next).leaves as readonly Expr[];
  yield* sameTypes(objective.name, state.shape, state.leaves, nextLeaves);
  return assemble(state.leaves, pair, nextLeaves, {
    loss: made.loss,
    learningRate: optimizer.learningRate?.(optimizerState),
    summaries: summarize.map((of) =>
      of({ loss: made.loss, outputs: made.outputs, targets: pair.target }),
    ),
  });
});

/** The evaluation of a batch as one program of params and layer state. It carries nothing. */
export const evaluationProgram = (
  objective: Objective,
  summarize: readonly Summarize[],
  { params, layerState }: { readonly params: unknown; readonly layerState: unknown },
  batch: Pair<TensorType>,
): StepProgram => {
  const state = symbolic<{ readonly params: unknown; readonly layerState: unknown }>({
    params,
    layerState,
  });
  const pair = { input: parameter(batch.input), target: parameter(batch.target) };
  // Evaluation is not random: a layer that draws anyway uses a fixed key.
  const fixed = constant(keyOf(0));
  const { tree } = state;
  const made = outcome(objective, "eval", tree.params, tree.layerState, pair, fixed);
  return assemble(state.leaves, pair, [], {
    loss: made.loss,
    learningRate: undefined,
    summaries: summarize.map((of) =>
      of({ loss: made.loss, outputs: made.outputs, targets: pair.target }),
    ),
  });
};
