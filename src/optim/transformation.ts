import type { Monoid } from "fp-ts/lib/Monoid.js";
import { InvalidArgument } from "../errors.ts";
import type { Expr, TensorType } from "../ir/expr.ts";
import { add } from "../ir/ops/elementwise.ts";
import {
  type Exprs,
  exprsLike,
  exprTree,
  flattenExprs,
  type Symbolic,
  tensorTree,
  treeOf,
} from "../ir/trees.ts";
import { nth } from "../tensor/list.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Tree, zip } from "../tree.ts";
import type { LearningRate } from "./learningRate.ts";

export type { Exprs };

/** A tree of updates multiplied by an f64 scalar. */
export type Scaled = (factor: Expr) => Exprs;

/** The updates and the next state that one step of a transformation computes. */
export interface UpdateResult<S> {
  readonly updates: Exprs;
  readonly state: S;
  /**
   * The updates times a scalar, for a transformation that can multiply inside its own formula. That saves one
   * product and one rounding per parameter. Defaults to a product of every update.
   */
  readonly scaled?: Scaled;
}

/** The function that is minimized, for transformations that look at it away from the params. */
export interface Minimized {
  /** Its value at the params: the loss of the step. */
  readonly value: Expr;
  /** Its value and gradient at other params, on the same batch and with the same random draws. */
  readonly at: (params: Exprs) => { readonly value: Expr; readonly gradient: Exprs };
}

/** The params to evaluate and predict with, where they are others than those that learn: averages. */
export interface Evaluated {
  readonly get: <V extends TensorType>(params: Tree<V>, state: Tree<V>) => Tree<V>;
  /** The state that averages these params and nothing before them. */
  readonly set: <V extends TensorType>(state: Tree<V>, given: Tree<V>) => Tree<V>;
}

/** The options of a part of an optimizer, as data: what a configuration may change. */
export interface Options {
  /** The function that made the part, such as `adamw`. */
  readonly of: string;
  /** Each option with its value; `undefined` where it has none unless it is given. */
  readonly values: { readonly [option: string]: unknown };
  /** The optimizer with other values. **Fails with** `InvalidArgument`, thrown, by the same check as in code. */
  readonly with: (values: { readonly [option: string]: unknown }) => GradientTransformation;
}

/**
 * A pure pair of functions that turns gradients into updates, which are then added to the params.
 *
 * Optimizers, clipping, weight decay, schedules and averaging all have this type, and `chain` composes
 * them. The state is a tree of tensors; an i32 step count is part of it where one is needed.
 *
 * **Laws** `laws.optimizer`: `chain` and `identity` form a monoid; zero gradients without
 * decay move nothing.
 */
export interface GradientTransformation {
  readonly name: string;
  /** The state before the first step, for a tree of tensors of any type. */
  readonly init: (params: unknown) => Tree<Tensor>;
  /**
   * One step. A chain also passes the `scaled` of the transformation before, which may be ignored. A learner gives the
   * function that it minimizes, unless its gradient rule hides it.
   */
  readonly update: (
    gradients: Exprs,
    state: Exprs,
    params: Exprs,
    scaled?: Scaled,
    minimized?: Minimized,
  ) => UpdateResult<Exprs>;
  /** The params to evaluate with. Absent where they are those that learn. */
  readonly evaluated?: Evaluated;
  /** The learning rate of the next step: a scalar. Absent where there is none. */
  readonly learningRate?: (state: Exprs) => Expr;
  /** The same transformation with another learning rate. Absent where there is none. */
  readonly atLearningRate?: (learningRate: LearningRate) => GradientTransformation;
  /** The options of its parts as data, and how it is made with others. Absent where it says nothing of them. */
  readonly options?: readonly Options[];
}

/** The function that is minimized. **Fails with** `InvalidArgument`, thrown, where it is not known. */
export const known = (op: string, minimized: Minimized | undefined): Minimized => {
  if (minimized !== undefined) return minimized;
  throw new InvalidArgument({
    op,
    argument: "the function that is minimized",
    expected:
      "a function: from a learner with a plain gradient rule, or from `minimizes` of optimizerStep",
    actual: "none",
  });
};

/** Makes a transformation whose state is an object with named fields. */
export const transformation = <S extends { readonly [field: string]: Tree<Tensor> }>(own: {
  readonly name: string;
  readonly init: (params: Tree<Tensor>) => S;
  readonly update: (
    gradients: Exprs,
    state: Symbolic<S>,
    params: Exprs,
    scaled?: Scaled,
    minimized?: Minimized,
  ) => UpdateResult<Symbolic<S>>;
  /** The fields of the state with averaged params: the first is evaluated, and all are replaced together. */
  readonly evaluated?: readonly (keyof S & string)[];
  readonly learningRate?: (state: Symbolic<S>) => Expr;
  readonly atLearningRate?: (learningRate: LearningRate) => GradientTransformation;
}): GradientTransformation => {
  const { name, init, update, evaluated, learningRate, atLearningRate } = own;
  // `init` or `update` returned this state, so it has S's fields.
  const fields = (state: Exprs): Symbolic<S> => state as Symbolic<S>;
  return {
    name,
    init: (params) => init(tensorTree(params)),
    update: (gradients, state, params, scaled, minimized) => {
      const { state: next, ...rest } = update(gradients, fields(state), params, scaled, minimized);
      return { ...rest, state: exprTree(next) };
    },
    ...(evaluated && { evaluated: inFields(evaluated) }),
    ...(learningRate && { learningRate: (state: Exprs) => learningRate(fields(state)) }),
    ...(atLearningRate && { atLearningRate }),
  };
};

/** Averages in fields of a state, which is an object. */
const inFields = (names: readonly string[]): Evaluated => {
  type Fields<V> = { readonly [field: string]: Tree<V> };
  return {
    get: <V extends TensorType>(_params: Tree<V>, state: Tree<V>) =>
      (state as Fields<V>)[names[0] ?? ""],
    set: <V extends TensorType>(state: Tree<V>, given: Tree<V>) => ({
      ...(state as Fields<V>),
      ...Object.fromEntries(names.map((name) => [name, given])),
    }),
  };
};

/** Averages in one of the states of a list. */
const inPart = ({ get, set }: Evaluated, i: number): Evaluated => ({
  get: <V extends TensorType>(params: Tree<V>, states: Tree<V>) =>
    get(params, (states as readonly Tree<V>[])[i]),
  set: <V extends TensorType>(states: Tree<V>, given: Tree<V>) => {
    const all = states as readonly Tree<V>[];
    return all.with(i, set(all[i], given));
  },
});

/** Averages in a field of a state. */
const inField = ({ get, set }: Evaluated, field: string): Evaluated => {
  type Fields<V> = { readonly [field: string]: Tree<V> };
  return {
    get: <V extends TensorType>(params: Tree<V>, state: Tree<V>) =>
      get(params, (state as Fields<V>)[field]),
    set: <V extends TensorType>(state: Tree<V>, given: Tree<V>) => {
      const fields = state as Fields<V>;
      return { ...fields, [field]: set(fields[field], given) };
    },
  };
};

/** The options of parts as those of a whole, made again around another part. */
export const optionsWithin = (
  parts: readonly (readonly Options[] | undefined)[],
  whole: (part: GradientTransformation, at: number) => GradientTransformation,
): readonly Options[] =>
  parts.flatMap((options = [], at) =>
    options.map((one) => ({ ...one, with: (values) => whole(one.with(values), at) })),
  );

/**
 * The learning rate and the averages of a transformation around another, whose state it holds in a field, by default
 * `inner`. `again` puts it around the same with another learning rate.
 */
export const around = (
  { learningRate, atLearningRate, evaluated, options }: GradientTransformation,
  again: (inner: GradientTransformation) => GradientTransformation,
  field = "inner",
): Pick<GradientTransformation, "learningRate" | "atLearningRate" | "evaluated" | "options"> => {
  // The state has the field, since it is that of a transformation around another.
  const within = (state: Exprs): Exprs => (state as { readonly [field: string]: Exprs })[field];
  return {
    ...(learningRate && { learningRate: (state) => learningRate(within(state)) }),
    ...(atLearningRate && { atLearningRate: (rate) => again(atLearningRate(rate)) }),
    ...(evaluated && { evaluated: inField(evaluated, field) }),
    ...(options && { options: optionsWithin([options], again) }),
  };
};

/** Makes a transformation that keeps no state. */
export const stateless = (
  name: string,
  f: (gradients: Exprs, params: Exprs) => Exprs,
): GradientTransformation => ({
  name,
  init: () => undefined,
  update: (gradients, state, params) => ({ updates: f(gradients, params), state }),
});

/** A result with its `scaled`, or without the field where there is none. */
const result = (updates: Exprs, state: Exprs, scaled: Scaled | undefined): UpdateResult<Exprs> =>
  scaled === undefined ? { updates, state } : { updates, state, scaled };

/** The transformation that returns the gradients unchanged: the unit of {@link chain}. */
export const identity: GradientTransformation = {
  name: "identity",
  init: () => undefined,
  update: (gradients, state, _params, scaled) => result(gradients, state, scaled),
};

/**
 * Composes transformations: each takes the updates of the one before.
 *
 * The state is an array with the state of each. The learning rate is that of the last part that has one, and
 * `atLearningRate` replaces it there; averaged params are those of the last part that has them.
 *
 * **Laws** `laws.optimizer`: associative with unit {@link identity}, up to regrouping of state.
 *
 * @example
 * ```ts
 * import { adam, chain, clipByGlobalNorm } from "fluxion";
 * chain(clipByGlobalNorm(1), adam({ learningRate: 1e-3 })).name // => "clipByGlobalNorm, then adam"
 * ```
 */
export const chain = (...parts: readonly GradientTransformation[]): GradientTransformation => {
  // `init` or `update` returned this state, so it is an array with one state per part.
  const states = (state: Exprs): readonly Exprs[] => state as readonly Exprs[];
  const last = parts.findLastIndex((part) => part.learningRate !== undefined);
  const average = parts.findLastIndex((part) => part.evaluated !== undefined);
  const rate = parts[last]?.learningRate;
  const evaluated = parts[average]?.evaluated;
  const atRate = parts[last]?.atLearningRate;
  return {
    name: parts.map((part) => part.name).join(", then "),
    init: (params) => parts.map((part) => part.init(params)),
    update: (gradients, state, params, scaled, minimized) => {
      let before = result(gradients, undefined, scaled);
      const next = parts.map((part, i) => {
        before = part.update(before.updates, states(state)[i], params, before.scaled, minimized);
        return before.state;
      });
      return result(before.updates, next, before.scaled);
    },
    ...(evaluated && { evaluated: inPart(evaluated, average) }),
    ...(rate && { learningRate: (state: Exprs) => rate(states(state)[last]) }),
    ...(atRate && {
      atLearningRate: (learningRate: LearningRate) =>
        chain(...parts.with(last, atRate(learningRate))),
    }),
    options: optionsWithin(
      parts.map(({ options }) => options),
      (part, at) => chain(...parts.with(at, part)),
    ),
  };
};

/** The monoid of {@link chain} and {@link identity}. */
export const MonoidGradientTransformation: Monoid<GradientTransformation> = {
  concat: (first, second) => chain(first, second),
  empty: identity,
};

/** Adds updates to params, leaf by leaf: `p + u`. */
export const applyUpdates = (params: Exprs, updates: Exprs): Exprs =>
  zip((p, u) => add(p, u), params, updates);

/**
 * Takes one step of an optimizer, for a custom training loop. Returns the new params and the next state.
 *
 * Optimizers that search along a line or estimate curvature need `minimizes`, the function of the params whose gradient
 * is given, with its gradient.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, type Expr, scalar, sgd } from "fluxion";
 * import { optimizerStep } from "fluxion/optim";
 *
 * const half = sgd({ learningRate: 0.5 });
 * const f = (w: Expr<readonly []>) => optimizerStep(half, { params: w, gradient: w, state: half.init(scalar(0)) }).params;
 * const step = Effect.runSync(Effect.provide(compile(f, [scalar(8)]), Backend.layerReference));
 * step(scalar(8)).item() // => 4
 * ```
 */
export const optimizerStep = <P>(
  optimizer: GradientTransformation,
  at: {
    readonly params: P;
    readonly gradient: P;
    readonly state: unknown;
    readonly minimizes?: (params: P) => { readonly value: Expr; readonly gradient: P };
  },
): { readonly params: P; readonly state: Exprs } => {
  const { leaves, shape } = flattenExprs(at.params);
  const params = exprTree(at.params);
  const { minimizes } = at;
  const made = (other: Exprs, f: NonNullable<typeof minimizes>) => {
    const { value, gradient } = f(treeOf(shape, flattenExprs(other).leaves));
    return { value, gradient: exprTree(gradient) };
  };
  const minimized: Minimized | undefined = minimizes && {
    value: made(params, minimizes).value,
    at: (other) => made(other, minimizes),
  };
  const state = exprTree(at.state);
  const next = optimizer.update(exprTree(at.gradient), state, params, undefined, minimized);
  const moves = exprsLike("the optimizer", shape, next.updates);
  const moved = leaves.map((p, i) => add(p, nth(moves, i)));
  return { params: treeOf(shape, moved), state: next.state };
};
