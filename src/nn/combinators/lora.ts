import { InvalidArgument } from "../../errors.ts";
import { run } from "../../interpreter/evaluate.ts";
import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { stopGradient } from "../../ir/ops/control.ts";
import { add, mul } from "../../ir/ops/elementwise.ts";
import { reshape } from "../../ir/ops/structural.ts";
import { program } from "../../ir/program.ts";
import { flattenExprs, flattenTensors, type Symbolic, symbolsOf } from "../../ir/trees.ts";
import { foldIn, type Key } from "../../tensor/key.ts";
import { type Shape, showShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { finite, whole } from "../../tensor/validate.ts";
import { leafPaths, type TreeShape, unflatten } from "../../tree.ts";
import { declared, open, within } from "../apply.ts";
import { fanInUniform, zeros } from "../initializers.ts";
import type { Composable, Initial, OpenLayer } from "../layer.ts";
import type { Like, ParamsOf, StateOf } from "../types/chain.ts";

/** Low-rank adaptation: a trained layer keeps its weights, and small factors learn what to add to them. */

/** The two factors of what is added to one weight: `a` of `[..., in, rank]`, and `b` of `[..., rank, out]`. */
export interface Adapter {
  readonly a: Tensor;
  readonly b: Tensor;
}

/** The params of {@link lora}: the adapter of each weight, by the path of the weight, such as `"0.weight"`. */
export interface LoraParams {
  readonly [path: string]: Adapter;
}

/** The state of {@link lora}: the params of the layer, which stay as they are, and its own state. */
export interface LoraState<P, S> {
  readonly base: P;
  readonly inner: S;
}

/** Options of {@link lora}. */
export interface LoraOptions {
  /** The number of columns of `a` and rows of `b`: at most the inputs and the outputs of each weight. */
  readonly rank: number;
  /** The scale of what is added is `alpha/rank`. Defaults to `rank`, so a scale of 1. */
  readonly alpha?: number;
  /**
   * The paths of the weights to adapt, in which `*` stands for any text: `["*.query.weight", "*.value.weight"]`. Defaults
   * to all weights, which are the params of two or more axes besides `stacked`, outputs last.
   */
  readonly targets?: readonly string[];
  /** The number of leading axes that count copies of a layer: 1 for the blocks of a `repeat`. Defaults to 0. */
  readonly stacked?: number;
}

/** A layer with adapters. */
export type Lora<L extends Composable> = Like<L, LoraParams, LoraState<ParamsOf<L>, StateOf<L>>> & {
  /** The params and state of the plain layer that computes the same: the adapters are added to its weights. */
  readonly merge: (
    adapted: Initial<LoraParams, LoraState<ParamsOf<L>, StateOf<L>>>,
  ) => Initial<ParamsOf<L>, StateOf<L>>;
};

/** {@link LoraOptions} with defaults filled in. */
interface Settings {
  readonly rank: number;
  readonly scale: number;
  readonly targets: readonly string[] | undefined;
  readonly stacked: number;
}

/**
 * Low-rank adaptation (LoRA): fine-tunes a layer by a product of two small matrices for each weight. The weights
 * themselves are state, so an optimizer sees the adapters alone, and its state is as small as they are. Put it around a
 * `pretrained` layer, and inside `repeat` or around it with `stacked: 1`.
 *
 * **Shapes** those of the layer; a weight of `[...copies, ...in, out]` is seen as a matrix `[in, out]` for each copy.
 * **Math** `W + alpha/rank · A B`. `B` begins as 0, so the layer begins as it was; `A` begins uniform over ±1/√in.
 * **Fails with** `InvalidArgument`, thrown, where the rank is not a positive whole number or `alpha` is not finite; thrown
 * by `init`, where a pattern matches no weight, `stacked` leaves none, or the rank is above its inputs or
 * outputs.
 * **Source** Hu et al. (2021), arXiv:2106.09685, equation 3 and section 4.1.
 *
 * @example
 * ```ts
 * import { dense, key } from "fluxion";
 * import { lora } from "fluxion/nn";
 * const adapted = lora(dense(8, 4), { rank: 2, alpha: 4 });
 * const made = adapted.init(key(0));
 * made.params.weight?.b.shape // => [2, 4]
 * adapted.merge(made).params.weight.shape // => [8, 4]
 * ```
 */
export const lora = <const L extends Composable>(layer: L, options: LoraOptions): Lora<L> => {
  const { rank, alpha = rank, targets, stacked = 0 } = options;
  whole(1)("lora", { rank });
  finite("lora", { alpha });
  whole(0)("lora", { stacked });
  const inner = open(layer);
  const settings = { rank, scale: alpha / rank, targets, stacked };
  const merge: (adapted: Initial<LoraParams, LoraState<unknown, unknown>>) => unknown = ({
    params,
    state: { base, inner: state },
  }) => ({ params: mergedOf({ params, base }, settings), state });
  return declared<Lora<L>>({ ...loraOpen(inner, settings), ...{ merge } });
};

/** The weight as a matrix, inputs by outputs, for each copy. */
const matrixShape = (shape: Shape, stacked: number): Shape => {
  const outputs = shape.at(-1) ?? 1;
  const copies = shape.slice(0, stacked);
  return [...copies, sizeOf(shape.slice(stacked, -1)), outputs];
};

const matcherOf = (pattern: string): ((path: string) => boolean) => {
  const escaped = pattern.split("*").map((text) => text.replace(/[\\^$.+?()[\]{}|]/g, "\\$&"));
  const expression = new RegExp(`^${escaped.join(".*")}$`, "s");
  return (path) => expression.test(path);
};

const pathsOf = (shape: TreeShape): readonly string[] =>
  leafPaths(shape).map((path) => path.join("."));

/** The weights to adapt, by path. **Fails with** `InvalidArgument`, thrown. */
const targetsIn = (params: unknown, { rank, targets, stacked }: Settings) => {
  const { leaves, shape } = flattenTensors(params);
  const weights = pathsOf(shape)
    .map((path, i) => ({ path, weight: leaves[i] as Tensor }))
    .filter(({ weight }) => weight.shape.length >= stacked + 2);
  const refuse = (argument: string, expected: string, actual: string): never => {
    throw new InvalidArgument({ op: "lora", argument, expected, actual });
  };
  const all = weights.map(({ path }) => path).join(", ");
  const most = leaves.reduce((axes, leaf) => Math.max(axes, leaf.shape.length), 0) - 2;
  if (most < 0)
    refuse("layer", "a layer with weights, params of two or more axes", "a layer without any");
  if (stacked > most) refuse("stacked", `a whole number from 0 to ${most}`, String(stacked));
  const matchers = (targets ?? ["*"]).map((pattern) => ({ pattern, accepts: matcherOf(pattern) }));
  for (const { pattern, accepts } of matchers)
    if (!weights.some(({ path }) => accepts(path)))
      refuse("targets", `patterns that match some of the weights: ${all}`, JSON.stringify(pattern));
  const chosen = weights.filter(({ path }) => matchers.some(({ accepts }) => accepts(path)));
  if (chosen.length === 0)
    refuse("targets", `a pattern that matches one of the weights: ${all}`, "[]");
  for (const { path, weight } of chosen) {
    const [inputs = 0, outputs = 0] = matrixShape(weight.shape, stacked).slice(-2);
    const most = Math.min(inputs, outputs);
    if (rank > most)
      refuse(
        "rank",
        `a whole number from 1 to ${most}, for ${path} of ${showShape(weight.shape)}`,
        String(rank),
      );
  }
  return chosen;
};

const adapterOf = (key: Key, weight: Tensor, { rank, stacked }: Settings): Adapter => {
  const copies = weight.shape.slice(0, stacked);
  const [inputs = 0, outputs = 0] = matrixShape(weight.shape, stacked).slice(-2);
  const a = fanInUniform(key, [...copies, inputs, rank], { in: inputs, out: rank });
  const b = zeros(key, [...copies, rank, outputs]);
  return { a: a.cast(weight.dtype), b: b.cast(weight.dtype) };
};

/** The params of the layer with what the adapters add. */
const adapted = (base: unknown, adapters: Symbolic<LoraParams>, { scale, stacked }: Settings) => {
  const { leaves, shape } = flattenExprs(base);
  const copies = Array.from({ length: stacked }, (_, axis) => axis);
  const paths = pathsOf(shape);
  const added = leaves.map((leaf, i): Expr => {
    const adapter = adapters[paths[i] as string];
    const fixed = stopGradient(leaf);
    if (adapter === undefined) return fixed;
    const product = dot(adapter.a, adapter.b, [[stacked + 1], [stacked]], [copies, copies]);
    return add(fixed, reshape(mul<Expr, number>(product, scale), leaf.shape));
  });
  return unflatten<unknown, Expr>(shape, added);
};

const mergedOf = (
  given: { readonly params: LoraParams; readonly base: unknown },
  settings: Settings,
): unknown => {
  const { tree, leaves } = symbolsOf(given);
  const merged = flattenExprs(adapted(tree.base, tree.params, settings));
  const made = program(leaves, merged.leaves);
  return unflatten(merged.shape, run(made, flattenTensors(given).leaves));
};

const loraOpen = (inner: OpenLayer, settings: Settings): OpenLayer => ({
  name: `lora ${inner.name}`,
  init: (key) => {
    const { params: base, state } = inner.init(key);
    const params: LoraParams = Object.fromEntries(
      targetsIn(base, settings).map(({ path, weight }, i) => [
        path,
        adapterOf(foldIn(key, i), weight, settings),
      ]),
    );
    return { params, state: { base, inner: state } };
  },
  apply: (params, state, x, context) => {
    // Their types, as `init` makes them.
    const adapters = params as Symbolic<LoraParams>;
    const { base, inner: own } = state as Symbolic<LoraState<unknown, unknown>>;
    const weights = adapted(base, adapters, settings);
    const [y, next] = within(inner.name, inner, weights, own, x, context);
    return [y, { base, inner: next }];
  },
  parts: { children: [inner], rebuild: ([child = inner]) => loraOpen(open(child), settings) },
});
