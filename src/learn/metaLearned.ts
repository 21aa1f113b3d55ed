import { tape } from "../autodiff/reverseMode.ts";
import type { Expr } from "../ir/expr.ts";
import { axisMean, stopGradient } from "../ir/ops/control.ts";
import { mul, sub } from "../ir/ops/elementwise.ts";
import { foldInKey, type KeyExpr, splitKey } from "../ir/ops/random.ts";
import { isFloat } from "../tensor/dtype.ts";
import { nth } from "../tensor/list.ts";
import { finite, positive, present, whole } from "../tensor/validate.ts";
import { type Descending, everything } from "./descending.ts";
import { gradientOf } from "./gradient/rule.ts";
import { axis, type ExampleJudge, type Judged, judgedOf, notScalar, perExample } from "./judge.ts";
import { type Columns, type Learner, namedColumns, type Predicting } from "./learner.ts";
import { refuseMistakes } from "./mistakes.ts";
import {
  type AppliedToBatch,
  appliedToBatch,
  type Models,
  openAll,
  type ParamsByName,
  refuseUnknown,
  type StateByName,
} from "./models.ts";
import {
  asProgram,
  type LossContext,
  ofLoss,
  onlyThese,
  type Settings,
  withJudge,
} from "./objective.ts";
import { modelsPart, optimizerPart } from "./parts.ts";
import { bothLeaves, eachLeaf } from "./trees.ts";

/** The specification of {@link metaLearned}. */
export interface MetaLearned<R extends Columns, M extends Models> extends Settings<R, M> {
  /** The models, by name. Each is a layer, which the losses call as a function of a batch of a task's examples. */
  readonly models: M;
  /** The models that adapt to a task. Defaults to all. */
  readonly adapts?: readonly (keyof M & string)[];
  /** The loss that models descend to adapt to a task: that of its support examples. */
  readonly support: (models: AppliedToBatch<M>, task: R, context: LossContext) => Expr<readonly []>;
  /** The loss of the adapted models: that of the task's query examples. A step minimizes the mean over the tasks. */
  readonly query: (
    models: AppliedToBatch<M>,
    task: R,
    context: LossContext,
  ) => Expr<readonly []> | Judged;
  /** How models adapt: by gradient descent, of one step unless `steps` says otherwise. */
  readonly inner: {
    readonly learningRate: number;
    /** The number of steps. Defaults to 1. */
    readonly steps?: number;
    /** Whether to regard inner gradients as constants, for a cheaper and approximate outer one. Defaults to false. */
    readonly firstOrder?: boolean;
  };
  /**
   * The output of the adapted models for a task, for `predictor` and model files: from its support examples and what is
   * asked about. Defaults to none.
   */
  readonly predict?: (models: AppliedToBatch<M>, task: R) => Expr;
}

/**
 * Model-agnostic meta-learning (MAML): learns params from which a few steps of gradient descent learn a new task. A row
 * is a task, with columns of support examples to adapt to, and of query examples to judge the adapted models by.
 *
 * An evaluation adapts to each task too. The statistics of layers are those of the query examples, averaged over the
 * tasks.
 *
 * **Math** minimizes the mean over tasks of `Q(p')`, where `p' = p - α ∇S(p)`, repeated for several steps, by the
 * gradient through all of them; of first order: `∇Q` at `p'`.
 * **Fails with** `InvalidArgument`, thrown, where the inner learning rate is not a finite number above 0, `steps` is not a
 * whole number above 0, or a model is named that is not there; `CompileError` where a loss is not a scalar.
 * **Source** Finn et al., "Model-agnostic meta-learning for fast adaptation of deep networks" (2017), arXiv:1703.03400,
 * algorithm 1 and section 5.2; `adapts`: Raghu et al. (2020), arXiv:1909.09157.
 *
 * @example
 * ```ts
 * import { adam, dense, type Expr, meanSquaredError, sequential } from "fluxion";
 * import { metaLearned } from "fluxion/learn";
 * import { tanh } from "fluxion/ops";
 * type Curve = { readonly [column in "x" | "y" | "newX" | "newY"]: Expr<readonly [10, 1]> };
 * const curves = metaLearned({
 *   models: { curve: sequential(dense(1, 40), tanh, dense(40, 1)) },
 *   support: ({ curve }, { x, y }: Curve) => meanSquaredError(curve(x), y),
 *   query: ({ curve }, { newX, newY }: Curve) => meanSquaredError(curve(newX), newY),
 *   inner: { learningRate: 0.01 },
 *   optimizer: adam({ learningRate: 1e-3 }),
 * });
 * curves.name // => "metaLearned"
 * ```
 */
export const metaLearned = <R extends Columns, const M extends Models>(
  spec: MetaLearned<R, M>,
): Learner<R, Descending<ParamsByName<M>, StateByName<M>>> => {
  present("metaLearned", spec, {
    ...modelsPart,
    support: "a function that makes the loss of a task's support examples",
    query: "a function that makes the loss of its query examples",
    inner: "how models adapt, such as { learningRate: 0.01 }",
    ...optimizerPart,
  });
  present("metaLearned: inner", spec.inner, { learningRate: "a number above 0" });
  const { learningRate, steps = 1, firstOrder = false } = spec.inner;
  positive("metaLearned", { learningRate });
  finite("metaLearned", { learningRate });
  whole(1)("metaLearned", { steps });
  const models = openAll(spec.models);
  refuseUnknown("metaLearned", "adapts", models, spec.adapts);
  const part = spec.adapts === undefined ? everything : onlyThese(spec.adapts);
  // The functions come from `models`, and the task has the columns of R.
  type Loss = (models: never, task: never, context: LossContext) => Expr | Judged;
  const meeting: (...args: Parameters<ExampleJudge>) => {
    readonly adapted: unknown;
    readonly judged: (loss: Loss, at: unknown) => readonly [Judged, unknown];
  } = (params, state, task, { key, reverse, ...circumstances }) => {
    const keys = splitKey(key, steps + 1) as readonly KeyExpr[];
    const judged = (loss: Loss, at: unknown, own: KeyExpr = nth(keys, 0)) => {
      const calls = appliedToBatch(models, at, state, { ...circumstances, key: own });
      const context = { ...circumstances, key: foldInKey(own, ofLoss) };
      const made = judgedOf(loss(calls.functions as never, namedColumns(task) as never, context));
      return [made, calls.state()] as const;
    };
    const adapted = keys.slice(1).reduce((at: unknown, own) => {
      const { gradient } = gradientOf(
        reverse,
        (p: unknown) => {
          const [{ loss }] = judged(spec.support as Loss, part.replaced(at, p), own);
          refuseMistakes(asProgram(loss), { [axis]: 1 }, notScalar(loss));
          return { loss, outputs: undefined, targets: undefined, values: {}, state: undefined };
        },
        part.of(at),
      );
      const slope = firstOrder ? eachLeaf(stopGradient, gradient) : gradient;
      const moved = bothLeaves<unknown>((g, p) => sub(p, mul(g, learningRate)), slope, part.of(at));
      return part.replaced(at, moved);
    }, params);
    return { adapted, judged };
  };
  const judge = perExample((...given) => {
    const { adapted, judged } = meeting(...given);
    const [made, next] = judged(spec.query as Loss, adapted);
    const overTasks = (leaf: Expr) => (isFloat(leaf.dtype) ? axisMean(leaf, axis) : leaf);
    return [made, eachLeaf(overTasks, next)];
  });
  const { predict } = spec;
  const answer: Predicting["predict"] =
    predict &&
    ((carried, task, { key, ...moment }) => {
      // The learner's own `init` made the tree, and what is left out of the task says its name.
      const { params, layerState } = carried as Descending<unknown, unknown>;
      const how = { ...moment, key, mode: "eval", reverse: tape } as const;
      const { adapted } = meeting(params, layerState, task, how);
      const calls = appliedToBatch(models, adapted, layerState, how);
      return predict(calls.functions as never, namedColumns(task) as never);
    });
  return withJudge("metaLearned", models, spec, judge, answer);
};
