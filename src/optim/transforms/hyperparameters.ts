import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { lift } from "../../ir/ops/promote.ts";
import { scalar } from "../../tensor/constructors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { finite } from "../../tensor/validate.ts";
import type { Tree } from "../../tree.ts";
import { around, type GradientTransformation, transformation } from "../transformation.ts";

/** Hyper-parameters by name, as numbers. */
export interface HyperparametersIn {
  readonly [name: string]: number;
}

/** Hyper-parameters by name, as scalars of a program. */
type Scalars<H> = { readonly [Name in keyof H]: Expr<readonly []> };

type Injected = {
  readonly hyperparameters: { readonly [name: string]: Tensor<readonly []> };
  readonly inner: Tree<Tensor>;
};

/**
 * An optimizer whose hyper-parameters are part of its state: they are saved with the run, and {@link setHyperparameters}
 * changes them between steps, without another compilation.
 *
 * `make` gets each value as an f64 scalar. Learning rates take it as a schedule, `() => h.learningRate`; momentum, weight
 * decay and `scale` take it as it is. Its structure must not depend on the values.
 *
 * **Fails with** `InvalidArgument`, thrown, unless every value is finite.
 *
 * @example
 * ```ts
 * import { scalar, sgd } from "fluxion";
 * import { hyperparametersOf, injectHyperparameters, setHyperparameters } from "fluxion/optim";
 * const optimizer = injectHyperparameters({ learningRate: 0.1, momentum: 0.9 }, (h) =>
 *   sgd({ learningRate: () => h.learningRate, momentum: h.momentum }),
 * );
 * const state = optimizer.init(scalar(1));
 * hyperparametersOf(setHyperparameters(state, { learningRate: 0.01 })) // => { learningRate: 0.01, momentum: 0.9 }
 * ```
 */
export const injectHyperparameters = <const H extends HyperparametersIn>(
  values: H,
  make: (hyperparameters: Scalars<H>) => GradientTransformation,
): GradientTransformation => {
  finite("injectHyperparameters", values);
  // The same names, each as a constant: only the structure of this one is used.
  const constants = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, lift(value, "f64")]),
  ) as Scalars<H>;
  const model = make(constants);
  /** The optimizer with the values of a state, which has the same names. */
  const at = (hyperparameters: { readonly [name: string]: Expr<readonly []> }) =>
    make(hyperparameters as Scalars<H>);
  const own = transformation<Injected>({
    name: `injectHyperparameters(${model.name})`,
    init: (params) => ({
      hyperparameters: Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, scalar(value, "f64")]),
      ),
      inner: model.init(params),
    }),
    update: (gradients, state, params, scaled, minimized) => {
      const made = at(state.hyperparameters).update(
        gradients,
        state.inner,
        params,
        scaled,
        minimized,
      );
      return { ...made, state: { hyperparameters: state.hyperparameters, inner: made.state } };
    },
    ...(model.learningRate && {
      learningRate: ({ hyperparameters, inner }) =>
        // It has a learning rate for any values, since its structure does not depend on them.
        at(hyperparameters).learningRate?.(inner) ?? lift(Number.NaN, "f64"),
    }),
  });
  const { evaluated } = around(model, (other) => other);
  return { ...own, ...(evaluated && { evaluated }) };
};

/** The records of hyper-parameters within a tree, replaced by a function. */
const replaced = (
  tree: unknown,
  f: (of: { readonly [name: string]: Tensor }) => { readonly [name: string]: Tensor },
): unknown => {
  if (typeof tree !== "object" || tree === null || tree instanceof Tensor) return tree;
  if (Array.isArray(tree)) return tree.map((part) => replaced(part, f));
  return Object.fromEntries(
    Object.entries(tree).map(([field, part]) => [
      field,
      field === "hyperparameters" ? f(part) : replaced(part, f),
    ]),
  );
};

/** The hyper-parameters in a tree, such as an optimizer's state or what a run carries; empty if it has none. */
export const hyperparametersOf = (tree: unknown): HyperparametersIn => {
  const found = new Map<string, number>();
  replaced(tree, (of) => {
    for (const [name, value] of Object.entries(of)) found.set(name, value.item());
    return of;
  });
  return Object.fromEntries(found);
};

/**
 * A tree with other hyper-parameters: an optimizer's state, or what a run carries. Those of several optimizers that have
 * the same name change together.
 *
 * **Fails with** `InvalidArgument`, thrown, where a name is not in the tree, or a value is not finite.
 */
export const setHyperparameters = <T>(tree: T, values: HyperparametersIn): T => {
  finite("setHyperparameters", values);
  const known = Object.keys(hyperparametersOf(tree));
  for (const [name, value] of Object.entries(values))
    if (!known.includes(name))
      throw new InvalidArgument({
        op: "setHyperparameters",
        argument: name,
        expected: known.length === 0 ? "a tree with hyper-parameters" : known.join(" or "),
        actual: String(value),
      });
  // Only scalars were replaced, by scalars of the same dtype.
  return replaced(tree, (of) =>
    Object.fromEntries(
      Object.entries(of).map(([name, value]) => {
        const next = values[name];
        return [name, next === undefined ? value : scalar(next, value.dtype)];
      }),
    ),
  ) as T;
};
