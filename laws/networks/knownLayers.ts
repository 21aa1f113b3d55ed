import type { Expr } from "../../src/ir/expr.ts";
import { open, still } from "../../src/nn/apply.ts";
import type { Composable } from "../../src/nn/layer.ts";
import { key } from "../../src/tensor/key.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { flatten, leafPaths, unflatten } from "../../src/tree.ts";
import { tensorOf } from "../domain.ts";
import type { Known, KnownValue, Numbers } from "../values/known.ts";

/** Params or state by the paths of their leaves, such as `"0.weight"`. The layer gives the shapes. */
export interface ByPath {
  readonly [path: string]: Numbers;
}

/** A layer's output for an example and given params, from an independent source. */
export interface KnownLayer {
  /** The source of the value. Defaults to `a hand`: a calculation by hand. */
  readonly source?: string;
  readonly layer: Composable;
  /** All params, if the layer has any. */
  readonly params?: ByPath;
  readonly state?: ByPath;
  readonly x: Numbers | Tensor;
  readonly y: Numbers;
}

/** Known values for every layer of a module. A layer without any does not compile. */
export type KnownLayers<Module> = {
  readonly [Name in keyof Module]: readonly [KnownLayer, ...(readonly KnownLayer[])];
};

const flat = (x: Numbers): readonly number[] =>
  typeof x === "object" ? x.flatMap(flat) : [Number(x)];

/** The tensors of a tree by their paths. */
export const tensorsByPath = (tree: unknown): readonly (readonly [path: string, Tensor])[] => {
  const { leaves, shape } = flatten(tree);
  const paths = leafPaths(shape);
  return leaves.flatMap((leaf, i) =>
    leaf instanceof Tensor ? [[(paths[i] ?? []).join("."), leaf] as const] : [],
  );
};

/** The tree from `init` with its leaves replaced by the given ones. */
const filled = (what: string, made: unknown, given: ByPath): unknown => {
  const { leaves, shape } = flatten(made);
  const own = tensorsByPath(made);
  const paths = own.map(([path]) => path);
  const strange = Object.keys(given).filter((path) => !paths.includes(path));
  if (strange.length > 0) throw new Error(`${what} has the leaves ${paths}, and no ${strange}`);
  const next = own.map(([path, leaf]) => {
    const numbers = given[path];
    if (numbers === undefined) throw new Error(`no ${what} is given for ${path}`);
    if (flat(numbers).length !== sizeOf(leaf.shape)) throw new Error(`${path} is [${leaf.shape}]`);
    return tensorOf(leaf.shape, "f64", flat(numbers));
  });
  return unflatten(
    shape,
    leaves.map((leaf) => (leaf instanceof Tensor ? next.shift() : leaf)),
  );
};

/** Converts a layer's known value into one of a function of the example and the params. */
const knownOf = ({
  source = "a hand",
  layer,
  params = {},
  state = {},
  x,
  y,
}: KnownLayer): Known => {
  const inner = open(layer);
  const made = inner.init(key(0));
  const own = filled("params", made.params, params);
  const carried = filled("state", made.state, state);
  const { leaves, shape } = flatten<unknown>([own, carried]);
  return {
    source,
    inputs: [x, ...leaves.filter((leaf) => leaf instanceof Tensor)],
    apply: (input, ...rest) => {
      const next = [...rest];
      const [ps, ss] = unflatten(
        shape,
        leaves.map((leaf) => (leaf instanceof Tensor ? next.shift() : leaf)),
      ) as readonly [unknown, unknown];
      return inner.apply(ps, ss, input as Expr, still)[0];
    },
    expected: [y],
  };
};

/** Converts a table of known values of layers into subjects of the law. */
export const knownLayersOf = <Module>(table: KnownLayers<Module>): readonly KnownValue[] =>
  Object.entries<readonly KnownLayer[]>(table).flatMap(([name, all]) =>
    all.map((each, i) => ({ ...knownOf(each), name: i === 0 ? name : `${name}, value ${i + 1}` })),
  );
