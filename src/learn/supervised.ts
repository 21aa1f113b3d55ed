import { right } from "fp-ts/lib/Either.js";
import type { Augmentation } from "../data/augmentation/example.ts";
import type { Expr } from "../ir/expr.ts";
import { foldInKey } from "../ir/ops/random.ts";
import type { ShapeError, ShowShape } from "../ir/types/shape.ts";
import { still } from "../nn/apply.ts";
import type { Autoregressive } from "../nn/generate/decoder.ts";
import type { AnyLayer, Initial, Layer, OpenLayer } from "../nn/layer.ts";
import { partsIn } from "../nn/summary.ts";
import type { Meets, MoveOf, ParamsOf, StateOf } from "../nn/types/chain.ts";
import type { Moved } from "../nn/types/extent.ts";
import type { GradientTransformation } from "../optim/transformation.ts";
import type { Key } from "../tensor/key.ts";
import type { Shape } from "../tensor/shape.ts";
import { present } from "../tensor/validate.ts";
import { type Descending, type Descent, descending } from "./descending.ts";
import type { GradientRule } from "./gradient/rule.ts";
import { axis, type ExampleJudge, judgedOf, perExample } from "./judge.ts";
import { type Columns, columnOf, type Learner, type Limit } from "./learner.ts";
import { lossPart, modelPart, optimizerPart } from "./parts.ts";
import type { SomeMetric } from "./scoring.ts";

type Fits<I, M> =
  M extends Layer<infer Takes, infer O, infer _P, infer _S>
    ? I extends Shape
      ? Meets<I, Takes> extends true
        ? Moved<I, O, MoveOf<M>> extends infer Why extends string
          ? ShapeError<`the model has ${Why}, and the input column is ${ShowShape<I>}`>
          : unknown
        : ShapeError<`the model takes ${ShowShape<Takes>}, but the input column is ${ShowShape<I>}`>
      : unknown
    : unknown;

type ShapeOfColumn<T> = T extends Expr<infer S> ? S : Shape;

/** The output shape of a model, as far as its type tells. */
type Given<M> = M extends Layer<infer _I, infer O, infer _P, infer _S> ? O : Shape;

/** The specification of {@link supervised}. */
export interface Supervised<
  R extends Columns,
  I extends keyof R & string,
  T extends keyof R & string,
  M,
> {
  /** The column that the model is applied to. */
  readonly input: I;
  /** The column that the output is compared with. */
  readonly target: T;
  /** The number of classes, for a target that holds class numbers. Others are refused before the run. */
  readonly classes?: number;
  /** The number of tokens, for an input that holds token numbers. Others are refused before the run. */
  readonly tokens?: number;
  readonly model: M & Fits<ShapeOfColumn<R[I]>, M>;
  /** The loss of one example. A step minimizes the mean over a batch. */
  readonly loss: (
    output: Expr<Given<NoInfer<M>>>,
    target: Expr<ShapeOfColumn<R[T]>>,
  ) => Expr<readonly []>;
  /** For example `adam({ learningRate: 1e-3 })`. */
  readonly optimizer: GradientTransformation;
  /** The metrics besides the loss. Defaults to none. */
  readonly metrics?: readonly SomeMetric[];
  /** A random change of inputs during training. Defaults to none. */
  readonly augment?: Augmentation;
  /** The rule that computes the gradient. Defaults to {@link plainly}. */
  readonly gradient?: GradientRule;
}

/** Separates the key of the augmentation from the keys of the model. */
const augmenting = -1;

/** A model whose shapes were checked against the data, without their types. */
interface Model<P, S> extends OpenLayer {
  readonly init: (key: Key) => Initial<P, S>;
}

/** {@link Supervised} after its columns were checked, without their types. */
interface Open<P, S> {
  readonly input: string;
  readonly target: string;
  readonly model: Model<P, S>;
  readonly loss: (output: Expr, target: Expr) => Expr;
  readonly augment?: Augmentation | undefined;
}

const judging =
  ({ model, input, target, loss, augment }: Open<unknown, unknown>): ExampleJudge =>
  (params, state, row, { mode, key }) => {
    const [x, wanted] = [columnOf(row, input), columnOf(row, target)];
    const changed = augment !== undefined && mode === "train";
    const seen = changed ? augment(x, foldInKey(key, augmenting)) : x;
    const [output, next] = model.apply(params, state, seen, { mode, key, axis });
    return [judgedOf({ loss: loss(output, wanted), output, target: wanted }), next];
  };

/** A model as one that generates sequences, where it is one, such as `gpt`. */
const generatorOf = (model: object): Autoregressive<unknown> | undefined =>
  "begin" in model && "step" in model && "positions" in model && "vocabulary" in model
    ? (model as Autoregressive<unknown>) // what has these fields is one
    : undefined;

const limitsOf = (spec: {
  readonly input: string;
  readonly target: string;
  readonly classes?: number | undefined;
  readonly tokens?: number | undefined;
}): readonly Limit[] => [
  ...(spec.classes === undefined
    ? []
    : [{ column: spec.target, of: "classes", count: spec.classes } as const]),
  ...(spec.tokens === undefined
    ? []
    : [{ column: spec.input, of: "tokens", count: spec.tokens } as const]),
];

/**
 * Learns a column `target` from a column `input` by one model, one loss and one optimizer: the everyday learner.
 *
 * **Math** minimizes the mean over a batch of `loss(model(input), target)`.
 * **Fails with** `InvalidArgument`, thrown, where one of these parts is missing.
 *
 * @example
 * ```ts
 * import { adam, dense, meanSquaredError } from "fluxion";
 * import { supervised } from "fluxion/learn";
 * const line = supervised({
 *   input: "x",
 *   target: "y",
 *   model: dense(1, 1),
 *   loss: meanSquaredError,
 *   optimizer: adam({ learningRate: 0.1 }),
 * });
 * line.name // => "supervised"
 * ```
 */
export const supervised = <
  R extends Columns,
  const I extends keyof R & string,
  const T extends keyof R & string,
  M extends AnyLayer,
>(
  spec: Supervised<R, I, T, M>,
): Learner<R, Descending<ParamsOf<M>, StateOf<M>>> => {
  present("supervised", spec, {
    input: "the name of a column, which the model is applied to",
    target: "the name of a column, which the output is compared with",
    ...{ ...modelPart, ...lossPart, ...optimizerPart },
  });
  // The same layer under another type: its shapes were checked above, its params and state are P and S.
  const model = spec.model as AnyLayer as Model<ParamsOf<M>, StateOf<M>>;
  // Its argument shapes were compared with the model and the data, and a step passes it nothing else.
  const loss = spec.loss as (output: never, target: never) => Expr as Open<never, never>["loss"];
  const { input, target, augment, optimizer, gradient, metrics = [] } = spec;
  const limits = limitsOf(spec);
  const generator = generatorOf(model);
  /** The params within what is carried, as the learner's own `init` made it. */
  const paramsOf = (carried: unknown) => (carried as Descending<unknown, unknown>).params;

  const of = (open: Open<ParamsOf<M>, StateOf<M>>): Descent<R, ParamsOf<M>, StateOf<M>> => ({
    name: "supervised",
    limits,
    init: open.model.init,
    judge: perExample(judging(open)),
    optimizer,
    metrics,
    gradient,
    describe: (columns) => partsIn(model, columns[input]?.shape ?? []),
    predict: (carried, row, { key }) => {
      // The learner's own `init` made the tree.
      const { params, layerState } = carried as Descending<unknown, unknown>;
      const context = { ...still, mode: "eval", key } as const;
      return model.apply(params, layerState, columnOf(row, input), context)[0];
    },
    ...(generator && {
      generates: {
        ...generator,
        begin: (carried, source) => generator.begin(paramsOf(carried), source),
        step: (carried, token, carry) => generator.step(paramsOf(carried), token, carry),
      },
    }),
    withLoss: (change) => right(of({ ...open, ...change })),
  });
  return descending(of({ input, target, model, loss, augment }));
};
