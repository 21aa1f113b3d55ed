import * as Effect from "effect/Effect";
import { ReverseMode } from "../../autodiff/index.ts";
import { CompileError, StateMismatch } from "../../errors.ts";
import { constant, parameter } from "../../ir/build.ts";
import type { Expr, Program, TensorType } from "../../ir/expr.ts";
import { add } from "../../ir/ops/elementwise.ts";
import { foldInKey } from "../../ir/ops/random.ts";
import { program } from "../../ir/program.ts";
import {
  type Concrete,
  type Exprs,
  flattenExprs,
  type Symbolic,
  shapeFor,
  symbolsOf,
  tensorTree,
  treeOf,
} from "../../ir/trees.ts";
import type { Outcomes } from "../../nn/metrics/metric.ts";
import type { GradientTransformation } from "../../optim/transformation.ts";
import { type Key, key as keyOf } from "../../tensor/key.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { leafPaths, type Tree, type TreeShape, zip } from "../../tree.ts";
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
  const { leaves, shape } = flattenExprs(symbols);
  return {
    program: program([...carried, batch.input, batch.target], [...next, ...leaves]),
    carried: next.length,
    report: (outputs) => readReport(treeOf(shapeFor<Concrete<Symbols>>(shape), outputs)),
  };
};

const readReport = ({ loss, learningRate, summaries }: Concrete<Symbols>): Report => ({
  // A loss of -0 (from a hinge whose margin is met) becomes 0: JSON has no -0.
  loss: loss.item() + 0,
  learningRate: learningRate?.item(),
  summaries,
});

/** Trees of tensors that a step takes and returns updated. */
export interface Carried {
  readonly params: Tree<Tensor>;
  readonly layerState: Tree<Tensor>;
  readonly optimizerState: Tree<Tensor>;
  readonly key: Key;
  readonly step: Tensor<readonly []>;
}

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
const plus = (params: Exprs, updates: Exprs, reached: Tree<boolean>): Exprs =>
  zip((p, u, moves) => (moves ? add(p, u) : p), params, updates, reached);

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
  const state = symbolsOf(carried);
  const { params, layerState, optimizerState, key, step } = state.tree;
  const pair = { input: parameter(batch.input), target: parameter(batch.target) };
  const own = foldInKey(key, step);

  const [made, gradient, reached] = outcomeAndGradient(
    mode,
    (p) => outcome(objective, "train", p, layerState, pair, own),
    params,
  );
  const updated = optimizer.update(gradient, optimizerState, params);
  const next: Symbolic<Carried> = {
    params: plus(params, updated.updates, reached),
    layerState: made.layerState,
    optimizerState: updated.state,
    key,
    step: add(step, 1),
  };
  const nextLeaves = flattenExprs(next).leaves;
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
  const state = symbolsOf({ params: tensorTree(params), layerState: tensorTree(layerState) });
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
