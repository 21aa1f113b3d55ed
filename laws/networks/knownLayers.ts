import { constant } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import type { KeyExpr } from "../../src/ir/ops/random.ts";
import { exprsOf, open } from "../../src/nn/apply.ts";
import { overBatch } from "../../src/nn/batch.ts";
import type { Composable } from "../../src/nn/layer.ts";
import { isFloat } from "../../src/tensor/dtype.ts";
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
  /** The expected next state, by the paths of its leaves in their order. */
  readonly next?: ByPath;
  /** Whether the layer trains. Defaults to evaluation. */
  readonly mode?: "train" | "eval";
  /** The seed of the key of the example. Defaults to 0. */
  readonly seed?: number;
  /** Whether the first axis of `x` and of `y` is a batch of examples, each with a key of its own. Defaults to `false`. */
  readonly batched?: boolean;
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
    return tensorOf(leaf.shape, isFloat(leaf.dtype) ? "f64" : leaf.dtype, flat(numbers));
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
  next: after = {},
  mode = "eval",
  seed = 0,
  batched = false,
}: KnownLayer): Known => {
  const inner = open(layer);
  const made = inner.init(key(0));
  const own = filled("params", made.params, params);
  const carried = filled("state", made.state, state);
  const { leaves, shape } = flatten<unknown>([own, carried]);
  const drawn = constant(key(seed));
  const applied = (ps: unknown, ss: unknown, input: Expr) => {
    const one = (example: Expr, own: KeyExpr) =>
      inner.apply(ps, ss, example, { mode, key: own, axis: "batch" });
    return batched ? overBatch(one, input, drawn, { axis: "batch" }) : one(input, drawn);
  };
  return {
    source,
    inputs: [x, ...leaves.filter((leaf) => leaf instanceof Tensor)],
    apply: (input, ...rest) => {
      const next = [...rest];
      const [ps, ss] = unflatten(
        shape,
        leaves.map((leaf) => (leaf instanceof Tensor ? next.shift() : leaf)),
      ) as readonly [unknown, unknown];
      const [output, state] = applied(ps, ss, input as Expr);
      return [output, ...(Object.keys(after).length === 0 ? [] : exprsOf(state))];
    },
    expected: [y, ...Object.values(after)],
  };
};

/** Converts a table of known values of layers into subjects of the law. */
export const knownLayersOf = <Module>(table: KnownLayers<Module>): readonly KnownValue[] =>
  Object.entries<readonly KnownLayer[]>(table).flatMap(([name, all]) =>
    all.map((each, i) => ({ ...knownOf(each), name: i === 0 ? name : `${name}, value ${i + 1}` })),
  );
