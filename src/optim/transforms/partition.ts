import { InvalidArgument } from "../../errors.ts";
import type { Expr, TensorType } from "../../ir/expr.ts";
import { zerosLike } from "../../ir/ops/indexing.ts";
import { type Exprs, flattenExprs, flattenTensors } from "../../ir/trees.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { passedOn } from "../../tensor/validate.ts";
import { type Flat, flatten, leafPaths, type Tree, type TreeShape, unflatten } from "../../tree.ts";
import {
  type Evaluated,
  type GradientTransformation,
  identity,
  type Minimized,
  stateless,
} from "../transformation.ts";

/** Chooses the group of a leaf of the params by its path, such as `"layers.0.weight"`, its shape and dtype. */
export type GroupOf<Name extends string> = (path: string, leaf: TensorType) => Name;

/** The transformation whose updates are zero: it freezes params. */
export const freeze: GradientTransformation = stateless("freeze", (gradients) => {
  const { leaves, shape } = flattenExprs(gradients);
  return unflatten(shape, leaves.map(zerosLike));
});

/** The leaves of one group by path, a tree of its own. */
type Group<V> = { readonly [path: string]: V };

const grouped = <V extends TensorType>(
  names: readonly string[],
  groupOf: GroupOf<string>,
  shape: TreeShape,
  leaves: readonly V[],
): { readonly [name: string]: Group<V> } => {
  const paths = leafPaths(shape).map((path) => path.join("."));
  const groups = new Map<string, [string, V][]>(names.map((name) => [name, []]));
  for (const [i, path] of paths.entries()) {
    const leaf = leaves[i] as V;
    const name = groupOf(path, { shape: leaf.shape, dtype: leaf.dtype });
    const group = groups.get(name);
    if (group === undefined)
      throw new InvalidArgument({
        op: "partition",
        argument: `the group of ${path}`,
        expected: `one of ${names.map((known) => JSON.stringify(known)).join(", ")}`,
        actual: JSON.stringify(name) ?? String(name),
      });
    group.push([path, leaf]);
  }
  return Object.fromEntries([...groups].map(([name, group]) => [name, Object.fromEntries(group)]));
};

/**
 * Divides params into groups by path, each with a transformation of its own: another rate for the head of a network, no
 * weight decay for biases, {@link freeze} for layers that stay as they are.
 *
 * The state is an object with the state of each group. Clipping by a norm inside a group sees that group alone.
 *
 * A path belongs to one group, since `groupOf` is a function. A group without a path is refused, unless groups `mayBeEmpty`.
 *
 * **Fails with** `InvalidArgument`, thrown by `init`, where a path has a group without transformation, or a group has no
 * path.
 *
 * @example
 * ```ts
 * import { scalar, sgd } from "fluxion";
 * import { freeze, partition } from "fluxion/optim";
 * const optimizer = partition((path) => (path.startsWith("head") ? "head" : "body"), {
 *   head: sgd({ learningRate: 0.1 }),
 *   body: freeze,
 * });
 * optimizer.init({ body: scalar(1), head: scalar(2) }) !== undefined // => true
 * ```
 */
export const partition = <const Name extends string>(
  groupOf: GroupOf<Name>,
  groups: { readonly [K in Name]: GradientTransformation },
  options: { readonly mayBeEmpty?: boolean } = {},
): GradientTransformation =>
  partitioned(groupOf, groups, options.mayBeEmpty ? [] : Object.keys(groups));

/** The averaged params of the groups that have some, and the params of the others. */
const averages = (
  groupOf: GroupOf<string>,
  groups: readonly (readonly [name: string, of: GradientTransformation])[],
): Evaluated => {
  const names = groups.map(([name]) => name);
  const parts = <V extends TensorType>(tree: Tree<V>) => {
    // A tree of V has leaves of V.
    const { leaves, shape } = flatten(tree) as Flat<Tree<V>, V>;
    return { shape, groups: grouped<V>(names, groupOf, shape, leaves) };
  };
  type States<V> = { readonly [name: string]: Tree<V> };
  return {
    get: <V extends TensorType>(params: Tree<V>, state: Tree<V>) => {
      const own = parts(params);
      const read = groups.flatMap(([name, { evaluated }]) =>
        Object.entries(
          (evaluated === undefined
            ? own.groups[name]
            : evaluated.get<V>(own.groups[name], (state as States<V>)[name])) as Group<V>,
        ),
      );
      const at = new Map(read);
      const paths = leafPaths(own.shape).map((path) => path.join("."));
      // Every path belongs to one group. The structure is that of `params`.
      return unflatten(
        own.shape,
        paths.map((path) => at.get(path) as V),
      ) as Tree<V>;
    },
    set: <V extends TensorType>(state: Tree<V>, given: Tree<V>) => {
      const { groups: own } = parts(given);
      const states = state as States<V>;
      const next = groups.map(([name, { evaluated }]) => {
        const before = states[name];
        return [name, evaluated === undefined ? before : evaluated.set<V>(before, own[name])];
      });
      return Object.fromEntries(next) as States<V>;
    },
  };
};

/** {@link partition}, but groups may have no path. */
const partitioned = (
  groupOf: GroupOf<string>,
  groups: { readonly [name: string]: GradientTransformation },
  required: readonly string[],
): GradientTransformation => {
  const all = Object.entries(groups);
  const names = all.map(([name]) => name);
  return {
    name: `partition(${all.map(([name, of]) => `${name}: ${of.name}`).join(", ")})`,
    init: (params) => {
      const { leaves, shape } = flattenTensors(params);
      const parts = grouped<Tensor>(names, groupOf, shape, leaves);
      for (const name of required)
        if (Object.keys(parts[name] ?? {}).length === 0)
          throw new InvalidArgument({
            op: "partition",
            argument: `the group ${JSON.stringify(name)}`,
            expected: `a group of one of the params ${leafPaths(shape)
              .map((path) => path.join("."))
              .join(", ")}`,
            actual: "a group of none",
          });
      return Object.fromEntries(all.map(([name, of]) => [name, of.init(parts[name])]));
    },
    ...(all.some(([, of]) => of.evaluated) && { evaluated: averages(groupOf, all) }),
    update: (gradients, state, params, _scaled, minimized) => {
      const given = flattenExprs(gradients);
      const own = grouped<Expr>(names, groupOf, given.shape, given.leaves);
      const at = grouped<Expr>(names, groupOf, given.shape, flattenExprs(params).leaves);
      // `init` made an object with a state for each group.
      const states = state as { readonly [name: string]: Exprs };
      const paths = leafPaths(given.shape).map((path) => path.join("."));
      const every = flattenExprs(params).leaves;
      /** The function of one group alone: the others stay. */
      const within = (name: string): Minimized | undefined =>
        minimized && {
          value: minimized.value,
          at: (part) => {
            const moved = new Map(Object.entries(part as Group<Expr>));
            const all = paths.map((path, i) => moved.get(path) ?? (every[i] as Expr));
            const { value, gradient } = minimized.at(unflatten(given.shape, all));
            const slopes = grouped<Expr>(
              names,
              groupOf,
              given.shape,
              flattenExprs(gradient).leaves,
            );
            return { value, gradient: slopes[name] ?? {} };
          },
        };
      const made = all.map(
        ([name, of]) =>
          [
            name,
            of.update(own[name] ?? {}, states[name], at[name] ?? {}, undefined, within(name)),
          ] as const,
      );
      const moves = new Map(
        made.flatMap(([, { updates }]) => Object.entries(updates as Group<Expr>)),
      );
      return {
        updates: unflatten(
          given.shape,
          // Every path belongs to one group, and the updates of that group have it.
          paths.map((path) => moves.get(path) as Expr),
        ),
        state: Object.fromEntries(made.map(([name, { state: next }]) => [name, next])),
      };
    },
  };
};

/**
 * Applies a transformation to the params whose path is accepted. The gradients of the others pass unchanged.
 *
 * **Fails with** `InvalidArgument`, thrown by `init`, where no path is accepted.
 *
 * @example
 * ```ts
 * import { addDecayedWeights, masked } from "fluxion/optim";
 * masked((path) => path.endsWith("weight"), addDecayedWeights(0.01)).name // => "masked(addDecayedWeights)"
 * ```
 */
export const masked = (
  accepts: (path: string) => boolean,
  inner: GradientTransformation,
): GradientTransformation => {
  const both = partitioned(
    (path) => (accepts(path) ? "accepted" : "others"),
    { accepted: inner, others: identity },
    ["accepted"],
  );
  const names = { 'the group "accepted"': "accepts" };
  return {
    ...both,
    name: `masked(${inner.name})`,
    init: (params) => passedOn("masked", () => both.init(params), names),
  };
};
