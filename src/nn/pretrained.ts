import { StructureMismatch } from "../errors.ts";
import { flattenTensors } from "../ir/trees.ts";
import { type Dtype, isHalf } from "../tensor/dtype.ts";
import { sameShape, showShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { leafPaths, unflatten } from "../tree.ts";
import { declared, open } from "./apply.ts";
import type { Composable, Initial, OpenLayer } from "./layer.ts";
import type { Like, ParamsOf, StateOf } from "./types/chain.ts";

/** The result of {@link loadInto}: the tree, and what became of each path, such as `"0.weight"`. */
export interface Loaded<P> {
  readonly params: P;
  /** The paths whose tensors were loaded. */
  readonly loaded: readonly string[];
  /** The paths that the source does not have. They keep their tensors. */
  readonly missing: readonly string[];
  /** The paths that only the source has. */
  readonly leftOver: readonly string[];
  /** The paths whose tensors are of another shape or dtype in the source. They keep their tensors. */
  readonly misfits: readonly Misfit[];
}

/** A tensor of another type than the one in its place. */
export interface Misfit {
  readonly path: string;
  /** Such as `f32 [3, 2]`. */
  readonly expected: string;
  readonly actual: string;
}

const typeOf = ({ dtype, shape }: Tensor): string => `${dtype} ${showShape(shape)}`;

/** Whether tensors of a dtype take the place of others: those stored as halves also where there are wider floats. */
const isLoadable = (own: Dtype, other: Dtype): boolean =>
  own === other || (isHalf(other) && (own === "f32" || own === "f64"));

const byPath = (tree: unknown) => {
  const { leaves, shape } = flattenTensors(tree);
  const paths = leafPaths(shape).map((path) => path.join("."));
  return { shape, each: paths.map((path, i) => [path, leaves[i] as Tensor] as const) };
};

/**
 * Loads the tensors of a tree into another one, at the same paths, and reports what was loaded. Neither tree changes.
 * Tensors that a file stores as f16 or bf16 become f32 where those are.
 *
 * The paths in a model file begin with `params`, and those of an objective go on with the name of a model. To load them,
 * nest your own in the same way: `loadInto({ params: own }, model.params).params.params`. Look at `missing`: where no path
 * is the same, nothing is loaded.
 *
 * @example
 * ```ts
 * import { tensor } from "fluxion";
 * import { loadInto } from "fluxion/nn";
 * const made = loadInto({ body: tensor([0, 0]), head: tensor([0]) }, { body: tensor([1, 2]), head: tensor([3, 4]) });
 * made.params.body.toArray() // => [1, 2]
 * made.params.head.toArray() // => [0]
 * made.misfits // => [{ path: "head", expected: "f32 [1]", actual: "f32 [2]" }]
 * ```
 */
export const loadInto = <P>(to: P, from: unknown): Loaded<P> => {
  const [places, given] = [byPath(to), new Map(byPath(from).each)];
  const known = new Set(places.each.map(([path]) => path));
  const found = places.each.map(([path, own]) => {
    const other = given.get(path);
    const fits = other && isLoadable(own.dtype, other.dtype) && sameShape(other.shape, own.shape);
    return { path, own, other, fits: fits === true };
  });
  return {
    // Each place has a tensor of its own type.
    params: unflatten(
      places.shape,
      found.map(({ own, other, fits }) => (fits ? other?.cast(own.dtype) : own)),
    ) as P,
    loaded: found.flatMap(({ path, fits }) => (fits ? [path] : [])),
    missing: found.flatMap(({ path, other }) => (other === undefined ? [path] : [])),
    leftOver: [...given.keys()].filter((path) => !known.has(path)),
    misfits: found.flatMap(({ path, own, other, fits }) =>
      other === undefined || fits ? [] : [{ path, expected: typeOf(own), actual: typeOf(other) }],
    ),
  };
};

/** A tree with every tensor of another one in its place. **Fails with** `StructureMismatch`, thrown. */
export const replacedBy = (op: string, own: unknown, given: unknown): unknown => {
  const { params, missing, leftOver, misfits } = loadInto(own, given);
  const [misfit] = [
    ...misfits,
    ...missing.map((path) => ({ path, expected: "a tensor", actual: "nothing" })),
    ...leftOver.map((path) => ({ path, expected: "nothing", actual: "a tensor" })),
  ];
  if (misfit === undefined) return params;
  const [expected, actual] = [misfit.expected, misfit.actual].map(
    (is) => `${is} at ${misfit.path}`,
  );
  throw new StructureMismatch({ op, expected: `${expected}`, actual: `${actual}` });
};

/**
 * A layer that begins with the given params, and state if it is given: those of a trained model. Training changes them,
 * unless the layer is `frozen` or no model of `trains`.
 *
 * **Fails with** `StructureMismatch`, thrown by `init`, where the tensors are not those of the layer.
 */
export const pretrained = <const L extends Composable>(
  layer: L,
  params: ParamsOf<L>,
  state?: StateOf<L>,
): Like<L> => declared(pretrainedOpen(open(layer), { params, state }));

const pretrainedOpen = (inner: OpenLayer, given: Initial<unknown, unknown>): OpenLayer => ({
  ...inner,
  name: `pretrained ${inner.name}`,
  init: (key) => {
    const own = inner.init(key);
    const op = `pretrained ${inner.name}`;
    return {
      params: replacedBy(op, own.params, given.params),
      state: given.state === undefined ? own.state : replacedBy(op, own.state, given.state),
    };
  },
  parts: {
    children: [inner],
    rebuild: ([child = inner]) => pretrainedOpen(open(child), given),
  },
});
