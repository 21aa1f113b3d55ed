import { map } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { Exprs } from "../../autodiff/index.ts";
import type { Reverse } from "../../autodiff/reverseMode.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { add, and, eq, ge, maximum, mul, reciprocal, sub } from "../../ir/ops/elementwise.ts";
import { lift } from "../../ir/ops/promote.ts";
import { isFinite, sum } from "../../ir/ops/reduction.ts";
import { topological } from "../../ir/program.ts";
import { exprsLike, flattenExprs, treeOf } from "../../ir/trees.ts";
import { monoidRatio, ratio } from "../../nn/metrics/metric.ts";
import { scalar } from "../../tensor/constructors.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { nth } from "../../tensor/list.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { holding, whole } from "../../tensor/validate.ts";
import { type Columns, type Learner, predictingAt } from "../learner.ts";
import type { SomeMetric } from "../scoring.ts";
import type { OverShards } from "../shards.ts";

/** The options of {@link lossScaled}. */
export interface LossScaling {
  /** The first scale. Defaults to 2¹⁵. */
  readonly initial?: number;
  /** The factor by which the scale grows. Defaults to 2; 1 keeps it. */
  readonly growth?: number;
  /** The factor by which the scale falls after a gradient that is not finite. Defaults to 0.5. */
  readonly backoff?: number;
  /** The number of steps in a row with finite gradients after which the scale grows. Defaults to 2000. */
  readonly every?: number;
}

/** The state of {@link lossScaled}: the tree of the learner, the scale, and the finite steps since it last changed. */
export interface LossScaled<C> {
  readonly learner: C;
  readonly scale: Tensor<readonly []>;
  readonly inRow: Tensor<readonly []>;
}

/** The scale in a report: the mean over the steps that it folds. */
const lossScale: SomeMetric = {
  name: "lossScale",
  better: "higher",
  monoid: monoidRatio,
  fromBatch: () => ({ total: lift(0, "f64"), count: lift(0, "i32") }),
  value: ratio,
};

const factor = holding(
  "a number of at least 1 that is finite as f32",
  (n) => n >= 1 && Number.isFinite(Math.fround(n)),
);
const least = 1;

/**
 * Multiplies the loss by a scale before its gradient is taken, and divides the gradient by it, so that cotangents which
 * are stored as `f16` do not vanish below its least number, 6e-8.
 *
 * After a step whose gradient is not finite, params and optimizer stay as they were, and the scale is multiplied by
 * `backoff`, down to 1. After `every` finite steps in a row it is multiplied by `growth`; where that exceeds f32, it
 * stays. The scale is part of the carried tree, saved and resumed with it, and is reported as the metric `lossScale`.
 * Powers of two scale without rounding.
 *
 * The loss itself is not scaled: one that is infinite in f16 ends the run as any other does.
 *
 * **Fails with** `InvalidArgument`, thrown, where `initial` or `growth` is below 1 or not finite as f32, `backoff` not
 * between 0 and 1, or `every` no whole number of at least 1.
 * **Source** Micikevicius et al. (2018), "Mixed precision training", §3.2; the schedule is that of PyTorch's GradScaler.
 */
export const lossScaled = (options: LossScaling = {}) => {
  const { initial = 2 ** 15, growth = 2, backoff = 0.5, every = 2000 } = options;
  factor("lossScaled", { initial, growth });
  holding("a number between 0 and 1", (n) => n > 0 && n < 1)("lossScaled", { backoff });
  whole(1)("lossScaled", { every });
  return <R extends Columns, C>(learner: Learner<R, C>): Learner<R, LossScaled<C>> => {
    const { trained } = learner;
    const opened = (carried: unknown) => carried as LossScaled<unknown>;
    const inner = (carried: unknown): unknown => opened(carried).learner;
    const exprOf = (scale: unknown): Expr => scale as Expr; // a program has expressions in the place of tensors
    const summary = (scale: Expr): Exprs => ({ total: cast(scale, "f64"), count: lift(1, "i32") });
    return {
      ...learner,
      name: `loss-scaled ${learner.name}`,
      metrics: [...learner.metrics, lossScale],
      init: (key) => ({
        learner: learner.init(key),
        scale: scalar(initial),
        inRow: scalar(0, "i32"),
      }),
      step: (carried, batch, context) => {
        const own = opened(carried);
        const [scale, inRow] = [exprOf(own.scale), exprOf(own.inRow)];
        const seen: Expr[] = [];
        const next = learner.step(own.learner, batch, {
          ...context,
          reverse: scaledBy(scale, context.reverse),
          overShards: watched(context.overShards, seen),
        });
        const known = [carried, batch, context.key, context.step, context.epoch];
        const finite = seen.find((x) => dependsOnlyOn(x, known)) ?? allFinite(next.carried);
        const { leaves, shape } = flattenExprs(own.learner);
        const moved = exprsLike("a step", shape, next.carried);
        const kept = leaves.map((old, i) => where(finite, nth(moved, i), old));
        const row = where(finite, add(inRow, 1), 0);
        const isDue = ge(row, every);
        const grown = mul(scale, growth);
        const after = where(
          finite,
          where(and(isDue, isFinite(grown)), grown, scale),
          maximum(mul(scale, backoff), least),
        );
        return {
          report: {
            ...next.report,
            summaries: next.report.summaries.map((each) => [...each, summary(scale)]),
          },
          carried: {
            learner: treeOf(shape, kept),
            scale: after,
            inRow: where(isDue, 0, row),
          },
        };
      },
      evaluate: (carried, batch, moment) => {
        const report = learner.evaluate(inner(carried), batch, moment);
        const scale = exprOf(opened(carried).scale);
        return {
          ...report,
          summaries: report.summaries.map((each) => [...each, summary(scale)]),
        };
      },
      ...predictingAt(learner, inner),
      trained: {
        get: (carried) => trained.get(inner(carried)),
        set: (carried, given) => ({
          ...opened(carried),
          learner: trained.set(inner(carried), given),
        }),
      },
      adjust: (change) => pipe(learner.adjust(change), map(lossScaled(options))),
    };
  };
};

/** Takes gradients of scaled values, and divides them by the scale. */
const scaledBy = (scale: Expr, reverse: Reverse): Reverse => ({
  around: (inner) => scaledBy(scale, reverse.around?.(inner) ?? inner),
  vjp: (program, primals, active) => {
    const made = reverse.vjp(program, primals, active);
    const inverse = reciprocal(scale);
    const times = (x: Expr | undefined, by: Expr): Expr | undefined =>
      x && cast(mul(cast(x, "f32"), by), x.dtype);
    return {
      outputs: made.outputs,
      pullback: (cts) =>
        made.pullback(cts.map((ct) => times(ct, scale))).map((ct) => times(ct, inverse)),
    };
  },
});

/** Whether every float of a tree is finite: `x - x` is 0 for these alone. */
const allFinite = (tree: unknown): Expr => {
  const floats = flattenExprs(tree).leaves.filter((x) => isFloat(x.dtype));
  return floats
    .map((x) => eq(sum(sub(x, x)), 0))
    .reduce<Expr>((a, b) => and(a, b), lift(1, "bool"));
};

/** Computes over shards, and remembers whether the means are finite, with the gradients among them. */
const watched =
  (overShards: OverShards, seen: Expr[]): OverShards =>
  (batch, share) => {
    const made = overShards(batch, share);
    seen.push(allFinite(made.mean));
    return made;
  };

/**
 * Whether an expression is made of these values alone. One that was made inside a loop, as by a line search, depends on
 * what the loop carries.
 */
const dependsOnlyOn = (x: Expr, values: unknown): boolean => {
  const parameters = (outputs: readonly Expr[]) =>
    topological(outputs).filter(({ primitive }) => primitive === "parameter");
  const known = new Set(parameters(flattenExprs(values).leaves));
  return parameters([x]).every((node) => known.has(node));
};
