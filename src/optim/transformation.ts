import type { Monoid } from "fp-ts/lib/Monoid.js";
import type { Exprs } from "../autodiff/index.ts";
import type { Expr } from "../ir/expr.ts";
import { add } from "../ir/ops/elementwise.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Tree, zip } from "../tree.ts";

export type { Exprs };

/** What one step of a transformation makes. */
export interface UpdateResult<S> {
  readonly updates: Exprs;
  readonly state: S;
}

/**
 * A step of an optimizer: a pure pair that turns gradients into updates, which are added to params.
 *
 * Optimizers, clipping, weight decay, schedules and averaging are all of this type, and compose with
 * `chain`. State is a tree of tensors (it holds, for one, the i32 step count where one is needed).
 *
 * **Laws** `laws.optimizer`: `chain` and `identity` form a monoid; zero gradients without
 * decay move nothing.
 */
export interface GradientTransformation {
  readonly name: string;
  readonly init: (params: Tree<Tensor>) => Tree<Tensor>;
  readonly update: (gradients: Exprs, state: Exprs, params: Exprs) => UpdateResult<Exprs>;
  /** The learning rate of the step to come, where there is one: a scalar. */
  readonly learningRate?: (state: Exprs) => Expr;
}

type Fields<S> = { readonly [K in keyof S]: Exprs };

/** A transformation written with the fields of its own state. */
export const transformation = <S extends { readonly [field: string]: Tree<Tensor> }>(own: {
  readonly name: string;
  readonly init: (params: Tree<Tensor>) => S;
  readonly update: (gradients: Exprs, state: Fields<S>, params: Exprs) => UpdateResult<Fields<S>>;
  readonly learningRate?: (state: Fields<S>) => Expr;
}): GradientTransformation => {
  const { name, init, update, learningRate } = own;
  // The state that comes in is what `init` or `update` gave out, so it has S's fields.
  const fields = (state: Exprs): Fields<S> => state as Fields<S>;
  return {
    name,
    init,
    update: (gradients, state, params) => update(gradients, fields(state), params),
    ...(learningRate === undefined
      ? {}
      : { learningRate: (state: Exprs) => learningRate(fields(state)) }),
  };
};

/** A transformation that keeps no state. */
export const stateless = (
  name: string,
  f: (gradients: Exprs, params: Exprs) => Exprs,
): GradientTransformation => ({
  name,
  init: () => undefined,
  update: (gradients, state, params) => ({ updates: f(gradients, params), state }),
});

/** The transformation that leaves gradients as they are: the unit of {@link chain}. */
export const identity: GradientTransformation = stateless("identity", (g) => g);

/**
 * Transformations one after the other, each taking the updates of the one before.
 *
 * Its state is an array with the state of each; its learning rate that of the last that has one.
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
  // The state that comes in is the array that `init` or `update` gave out.
  const states = (state: Exprs): readonly Exprs[] => state as readonly Exprs[];
  const last = parts.findLastIndex((part) => part.learningRate !== undefined);
  const rate = parts[last]?.learningRate;
  return {
    name: parts.map((part) => part.name).join(", then "),
    init: (params) => parts.map((part) => part.init(params)),
    update: (gradients, state, params) =>
      parts.reduce<{ readonly updates: Exprs; readonly state: readonly Exprs[] }>(
        (done, part, i) => {
          const next = part.update(done.updates, states(state)[i], params);
          return { updates: next.updates, state: [...done.state, next.state] };
        },
        { updates: gradients, state: [] },
      ),
    ...(rate === undefined ? {} : { learningRate: (state: Exprs) => rate(states(state)[last]) }),
  };
};

/** {@link chain} and its unit. */
export const MonoidGradientTransformation: Monoid<GradientTransformation> = {
  concat: (first, second) => chain(first, second),
  empty: identity,
};

/** Params moved by updates: `p + u`, leaf by leaf. */
export const applyUpdates = (params: Exprs, updates: Exprs): Exprs =>
  zip((p, u) => add(p, u), params, updates);
