import { vmap } from "../../autodiff/index.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { div, maximum } from "../../ir/ops/elementwise.ts";
import { broadcastTo } from "../../ir/ops/promote.ts";
import { randomBits } from "../../ir/ops/random.ts";
import { mean, sum } from "../../ir/ops/reduction.ts";
import { expandDims, index } from "../../ir/ops/structural.ts";
import { mapExprs } from "../../ir/trees.ts";
import type { Shape } from "../../tensor/shape.ts";
import { declared, noParams, open, stateless, within } from "../apply.ts";
import { maskOf, nonEmpty, zeroPadding } from "../functional/sequenceChecks.ts";
import type { Composable, Context, Layer, OpenLayer, SameLayer } from "../layer.ts";
import type { Chain, ParamsOf, Span, Spanning, StateOf } from "../types/chain.ts";

/** The type of a layer on sequences, from its type on one time step. */
type Each<L extends Composable> =
  Chain<readonly [L]> extends Span<infer I extends Shape, infer O extends Shape>
    ? Layer<readonly [number, ...I], readonly [number, ...O], ParamsOf<L>, StateOf<L>>
    : SameLayer<ParamsOf<L>, StateOf<L>>;

/**
 * Applies a layer to all time steps of a sequence at once, with the same params and the same state. It treats the time
 * steps of all examples as one batch, so that a {@link batchNorm} inside normalizes over all of them. Use
 * {@link scanLayer} to pass state from one time step to the next.
 *
 * **Shapes** for a layer `[...i] → [...o]`: `x: [time, ...i] → y: [time, ...o]`.
 */
export const timeDistributed = <const L extends Composable>(layer: L): Each<L> =>
  declared(mapOpen(open(layer)));

const mapOpen = (inner: OpenLayer): OpenLayer => ({
  name: "timeDistributed",
  init: inner.init,
  apply: (params, state, xs, context) => {
    const size = xs.shape[0] ?? 0;
    const keys = randomBits(context.key, [size, 2]);
    // The mask belongs to the sequence and not to one time step.
    const { mask: _, ...own } = context;
    const name = `${typeof own.axis === "string" ? own.axis : own.axis.name}, moment`;
    const axis = { name, size, within: own.axis };
    const one = (x: Expr, key: Context["key"]) =>
      within(inner.name, inner, params, state, x, { ...own, axis, key });
    const [ys, states] = vmap(one, { axis: name })(xs, keys);
    // The next state is the same for all examples of an axis, so the first one is enough.
    return [ys, mapExprs((leaf) => index(leaf, 0), states)];
  },
  parts: { children: [inner], rebuild: ([child = inner]) => mapOpen(open(child)) },
});

/**
 * Sets the mask of a layer: `real` tells which time steps of the input are real and not padding. Recurrences keep their
 * carry at padded steps, and attention does not see them. Padded features are replaced by zeros; tokens stay.
 *
 * **Shapes** `real` returns bool `[time]`.
 *
 * **Example**
 * ```ts
 * import { embedding, gru, type Expr, sequential } from "fluxion";
 * import { ne } from "fluxion/ops";
 *
 * const words = sequential(embedding(50, 4), gru(4, 8, { output: "last" }));
 * masked((tokens: Expr) => ne(tokens, 0), words).name; // => 'masked'
 * ```
 */
export const masked = <const L extends Composable>(
  real: (x: Expr) => Expr,
  layer: L,
): Spanning<Chain<readonly [L]>, ParamsOf<L>, StateOf<L>> =>
  declared(maskedOpen(real, open(layer)));

const maskedOpen = (real: (x: Expr) => Expr, inner: OpenLayer): OpenLayer => ({
  name: "masked",
  init: inner.init,
  apply: (params, state, x, context) => {
    const mask = real(x);
    return within(inner.name, inner, params, state, zeroPadding(x, mask), { ...context, mask });
  },
  parts: { children: [inner], rebuild: ([child = inner]) => maskedOpen(real, open(child)) },
});

/**
 * The mean over the real time steps of a sequence. All are real unless {@link masked} says otherwise.
 *
 * **Shapes** `x: [time, width] → y: [width]`; zeros if no time step is real.
 * **Fails with** `EmptySequence` when compiled, with the layer's path, where there are no time steps.
 */
export const maskedMeanPool: Layer<
  readonly [number, number],
  readonly [number],
  undefined,
  undefined
> = stateless(
  "maskedMeanPool",
  noParams,
  (_, sequence, { mask }) => {
    const x = nonEmpty(sequence);
    if (mask === undefined) return mean(x, 0);
    const seen = maskOf(x.shape[0] ?? 0, mask);
    const real = broadcastTo(expandDims(seen, 1), x.shape);
    const count = maximum(sum(cast(seen, x.dtype)), 1);
    const total: Expr = sum(where(real, x, 0), 0);
    return div(total, count);
  },
  "[time, width]",
);
