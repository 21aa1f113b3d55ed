import { checkpoint, scan } from "../../autodiff/index.ts";
import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { stopGradient } from "../../ir/ops/control.ts";
import { randomBits, splitKey } from "../../ir/ops/random.ts";
import { concatenate, index, stack } from "../../ir/ops/structural.ts";
import { mapExprs } from "../../ir/trees.ts";
import { type Key, split } from "../../tensor/key.ts";
import { nth } from "../../tensor/list.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { declared, open, within } from "../apply.ts";
import type { Composable, Context, Layer, OpenLayer } from "../layer.ts";
import type {
  Endo,
  Like,
  ParamsEach,
  ParamsOf,
  Span,
  SpanOf,
  StateEach,
  StateOf,
} from "../types/chain.ts";
import { stackTrees } from "./stack.ts";

/**
 * Combinators that make layers from layers. Each works on untyped layers, and declares what it does to types in its
 * signature; the law suite of layers checks that both agree.
 */

/** Names a layer, in summaries and in the paths of errors. */
export const named = <const L extends Composable>(name: string, layer: L): Like<L> =>
  declared(namedOpen(name, open(layer)));

const namedOpen = (name: string, inner: OpenLayer): OpenLayer => ({
  name,
  init: inner.init,
  apply: (params, state, x, context) => within(name, inner, params, state, x, context),
  parts: { children: [inner], rebuild: ([child = inner]) => namedOpen(name, open(child)) },
});

/**
 * Freezes a layer: training changes neither its params nor its state. Params have no gradient, and no update either, not
 * even by weight decay or momentum; a `batchNorm` inside uses its running statistics. Dropout inside stays active.
 *
 * Put it around `repeat`, `shared` or `scanLayer` and not inside: in a loop frozen params have zero gradients, but weight
 * decay still moves them.
 */
export const frozen = <const L extends Composable>(layer: L): Like<L> =>
  declared(frozenOpen(open(layer)));

const frozenOpen = (inner: OpenLayer): OpenLayer => ({
  name: `frozen ${inner.name}`,
  init: inner.init,
  apply: (params, state, x, context) => {
    const [y] = inner.apply(mapExprs(stopGradient, params), state, x, { ...context, frozen: true });
    return [y, state];
  },
  parts: { children: [inner], rebuild: ([child = inner]) => frozenOpen(open(child)) },
});

/**
 * Rematerialization (gradient checkpointing): recomputes the intermediate values of a layer in the backward pass instead
 * of keeping them. Values and gradients stay the same; it uses less memory and more time.
 *
 * **Source** Chen et al. (2016), arXiv:1604.06174.
 */
export const remat = <const L extends Composable>(layer: L): Like<L> =>
  declared(rematOpen(open(layer)));

const rematOpen = (inner: OpenLayer): OpenLayer => ({
  name: `remat ${inner.name}`,
  init: inner.init,
  apply: (params, state, x, { key, mask, ...context }) => {
    const again = checkpoint((all: CheckpointOperands) =>
      within(inner.name, inner, all.params, all.state, all.x, {
        ...context,
        key: all.key,
        ...(all.mask === undefined ? {} : { mask: all.mask }),
      }),
    );
    return again({ params, state, x, key, mask });
  },
  parts: { children: [inner], rebuild: ([child = inner]) => rematOpen(open(child)) },
});

/** Everything that the output of a layer depends on. */
interface CheckpointOperands {
  readonly params: unknown;
  readonly state: unknown;
  readonly x: Expr;
  readonly key: Context["key"];
  readonly mask: Expr | undefined;
}

type Stacked<N extends number, T> =
  T extends Tensor<infer S>
    ? Tensor<readonly [N, ...S]>
    : T extends object
      ? { readonly [K in keyof T]: Stacked<N, T[K]> }
      : T;

const positive = (op: string, n: number): number => {
  if (!(Number.isSafeInteger(n) && n > 0))
    throw new InvalidArgument({
      op,
      argument: "times",
      expected: "a positive whole number",
      actual: String(n),
    });
  return n;
};

/**
 * Repeats a layer `times` times in sequence, each time with its own params and state, which are stacked along a new first
 * axis. The program contains the layer once, in a loop.
 *
 * **Shapes** `x: [...s] → y: [...s]`; params `[times, ...]`.
 * **Fails with** `InvalidArgument`, thrown, where `times` is not a positive whole number.
 *
 * @example
 * ```ts
 * import { dense, key } from "fluxion";
 * import { repeat } from "fluxion/nn";
 * repeat(6, dense(4, 4)).init(key(0)).params.weight.shape // => [6, 4, 4]
 * ```
 */
export const repeat = <const N extends number, const L extends Composable>(
  times: N,
  layer: L & Endo<L, "repeat">,
): Like<L, Stacked<N, ParamsOf<L>>, Stacked<N, StateOf<L>>> =>
  declared(repeatOpen(positive("repeat", times), open(layer)));

const repeatOpen = (times: number, inner: OpenLayer): OpenLayer => ({
  name: `repeat ${times}`,
  init: (key) => {
    const made = split(key, times).map((own) => inner.init(own));
    return {
      params: stackTrees(made.map((m) => m.params)),
      state: stackTrees(made.map((m) => m.state)),
    };
  },
  apply: (params, state, x, context) => {
    const keys = randomBits(context.key, [times, 2]);
    const [y, states] = scan(
      (
        input: Expr,
        each: { readonly params: unknown; readonly state: unknown; readonly key: Context["key"] },
      ) => within(inner.name, inner, each.params, each.state, input, { ...context, key: each.key }),
      x,
      { params, state, key: keys },
      { length: times },
    );
    return [y, states];
  },
  parts: { children: [inner], rebuild: ([child = inner]) => repeatOpen(times, open(child)) },
});

/**
 * Repeats a layer `times` times in sequence with shared params. State passes from each repetition to the next.
 *
 * **Fails with** `InvalidArgument`, thrown, where `times` is not a positive whole number.
 */
export const shared = <const L extends Composable>(
  times: number,
  layer: L & Endo<L, "shared">,
): Like<L> => declared(sharedOpen(positive("shared", times), open(layer)));

const sharedOpen = (times: number, inner: OpenLayer): OpenLayer => ({
  name: `shared ${times}`,
  init: inner.init,
  apply: (params, state, x, context) => {
    const keys = randomBits(context.key, [times, 2]);
    const [[y, next]] = scan(
      ([input, current]: readonly [Expr, unknown], key: Context["key"]) =>
        [
          within(inner.name, inner, params, current, input, { ...context, key }),
          undefined,
        ] as const,
      [x, state] as const,
      keys,
      { length: times },
    );
    return [y, next];
  },
  parts: { children: [inner], rebuild: ([child = inner]) => sharedOpen(times, open(child)) },
});

type Sequenced<L extends Composable> =
  SpanOf<L> extends Span<infer I extends Shape, infer O extends Shape>
    ? Layer<readonly [number, ...I], readonly [number, ...O], ParamsOf<L>, StateOf<L>>
    : Like<L>;

/**
 * Applies a layer to each time step of a sequence in order, with shared params. State passes from one time step to the
 * next. Use {@link timeDistributed} if time steps are independent.
 *
 * **Shapes** for a layer `[...i] → [...o]`: `x: [time, ...i] → y: [time, ...o]`.
 */
export const scanLayer = <const L extends Composable>(layer: L): Sequenced<L> =>
  declared(scanOpen(open(layer)));

const scanOpen = (inner: OpenLayer): OpenLayer => ({
  name: "scanLayer",
  init: inner.init,
  // The mask belongs to the sequence and not to one time step.
  apply: (params, state, xs, { mask: _, ...context }) => {
    const keys = randomBits(context.key, [xs.shape[0] ?? 0, 2]);
    const [last, ys] = scan(
      (current: unknown, [x, key]: readonly [Expr, Context["key"]]) => {
        const [y, next] = within(inner.name, inner, params, current, x, { ...context, key });
        return [next, y] as const;
      },
      state,
      [xs, keys] as const,
      { length: xs.shape[0] ?? 0 },
    );
    return [ys, last];
  },
  parts: { children: [inner], rebuild: ([child = inner]) => scanOpen(open(child)) },
});

/** Applies layers in parallel: `input` selects the input of each, and `join` combines their outputs. */
const sideBySide = (
  name: string,
  layers: readonly OpenLayer[],
  input: (x: Expr, i: number) => Expr,
  join: (outputs: readonly Expr[]) => Expr,
): OpenLayer => ({
  name,
  init: (key: Key) => {
    const keys = split(key, layers.length);
    const made = layers.map((layer, i) => layer.init(nth(keys, i)));
    return { params: made.map((m) => m.params), state: made.map((m) => m.state) };
  },
  apply: (params, state, x, context) => {
    // Arrays with one item for each layer, as `init` makes them.
    const [ps, ss] = [params as readonly unknown[], state as readonly unknown[]];
    const keys = splitKey(context.key, layers.length);
    const made = layers.map((layer, i) =>
      within(`${i + 1}:${layer.name}`, layer, ps[i], ss[i], input(x, i), {
        ...context,
        key: nth(keys, i),
      }),
    );
    return [join(made.map(([y]) => y)), made.map(([, next]) => next)];
  },
  parts: {
    children: layers,
    rebuild: (children) => sideBySide(name, children.map(open), input, join),
  },
});

/**
 * Applies layers in parallel, each to its own slice of the input, with its own params and state.
 *
 * **Shapes** for n layers `[...i] → [...o]`: `x: [n, ...i] → y: [n, ...o]`.
 */
export const parallel = <const Ls extends readonly Composable[]>(
  ...layers: Ls
): Layer<Shape, Shape, ParamsEach<Ls>, StateEach<Ls>> =>
  declared(
    sideBySide(
      "parallel",
      layers.map(open),
      (x, i) => index(x, i),
      (ys) => stack(ys),
    ),
  );

/**
 * Applies layers in parallel to the same input, and concatenates their outputs along the last axis. Each has its own
 * params and state.
 *
 * **Shapes** for layers `[...i] → [..., oₖ]`: `x: [...i] → y: [..., o₁ + … + oₙ]`.
 */
export const fanout = <const Ls extends readonly Composable[]>(
  ...layers: Ls
): Layer<Shape, Shape, ParamsEach<Ls>, StateEach<Ls>> =>
  declared(
    sideBySide(
      "fanout",
      layers.map(open),
      (x) => x,
      (ys) => concatenate(ys, -1),
    ),
  );
