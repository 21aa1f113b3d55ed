import { apply1 } from "../../ir/build.ts";
import type { Expr } from "../../ir/expr.ts";
import { splitKey } from "../../ir/ops/random.ts";
import { concatenate } from "../../ir/ops/structural.ts";
import type { ShapeError, ShowShape } from "../../ir/types/shape.ts";
import { split } from "../../tensor/key.ts";
import type { Shape } from "../../tensor/shape.ts";
import { declared, open, within } from "../apply.ts";
import type { AnyLayer, Composable, Layer, OpenLayer } from "../layer.ts";
import type {
  Chain,
  Endo,
  Like,
  Meets,
  ParamsOf,
  Span,
  Spanning,
  StateOf,
} from "../types/chain.ts";

/** Skip connections: combine the input of a layer with its output. */

/** `unknown` if two layers take the same shape and give the same shape, else a `ShapeError`. */
type Beside<L extends Composable, K extends Composable> =
  Chain<readonly [L]> extends Span<infer I extends Shape, infer O extends Shape>
    ? Chain<readonly [K]> extends Span<infer J extends Shape, infer Q extends Shape>
      ? Meets<I, J> extends true
        ? Meets<O, Q> extends true
          ? unknown
          : ShapeError<`residual: the layer gives ${ShowShape<O>}, but the shortcut gives ${ShowShape<Q>}`>
        : ShapeError<`residual: the layer takes ${ShowShape<I>}, but the shortcut takes ${ShowShape<J>}`>
      : unknown
    : unknown;

/**
 * A residual connection: adds the input of a layer to its output. With a `shortcut` it adds the output of that second
 * layer instead, for example a projection where the shapes differ.
 *
 * **Shapes** `x: [...s] → y: [...s]`; with a shortcut `x: [...i] → y: [...o]`, and params and state are
 * those of the layer and of the shortcut.
 * **Math** `y = x + f(x)`, or `y = s(x) + f(x)`.
 * **Fails with** `ShapeMismatch` when compiled, where the two summands differ in shape.
 * **Source** He et al. (2015), arXiv:1512.03385, equations 1 and 2.
 *
 * @example
 * ```ts
 * import { conv2d, residual } from "fluxion";
 * import { summary } from "fluxion/nn";
 * const halving = { stride: 2, padding: "same" } as const;
 * const block = residual(conv2d(4, 8, 3, halving), conv2d(4, 8, 1, halving));
 * summary(block, [6, 6, 4])[0]?.output // => [3, 3, 8]
 * ```
 */
export function residual<const L extends Composable>(layer: L & Endo<L, "residual">): Like<L>;
export function residual<const L extends Composable, const K extends Composable>(
  layer: L,
  shortcut: K & Beside<L, K>,
): Spanning<
  Chain<readonly [L]>,
  readonly [ParamsOf<L>, ParamsOf<K>],
  readonly [StateOf<L>, StateOf<K>]
>;
export function residual(layer: Composable, shortcut?: Composable): AnyLayer {
  return shortcut === undefined
    ? residualOpen(open(layer))
    : projectedOpen(open(layer), open(shortcut));
}

/** A sum without broadcasting, which would hide that a layer changes the shape. */
const sum = (x: Expr, y: Expr): Expr => apply1("add", {}, x, y);

const residualOpen = (inner: OpenLayer): OpenLayer => ({
  name: "residual",
  init: inner.init,
  apply: (params, state, x, context) => {
    const [y, next] = within(inner.name, inner, params, state, x, context);
    return [sum(x, y), next];
  },
  parts: { children: [inner], rebuild: ([child = inner]) => residualOpen(open(child)) },
});

const projectedOpen = (inner: OpenLayer, shortcut: OpenLayer): OpenLayer => ({
  name: "residual",
  init: (key) => {
    const [forInner, forShortcut] = split(key, 2);
    const [f, s] = [inner.init(forInner), shortcut.init(forShortcut)];
    return { params: [f.params, s.params], state: [f.state, s.state] };
  },
  apply: (params, state, x, context) => {
    // Pairs, as `init` makes them.
    const [[ps, qs], [ss, ts]] = [params, state] as [[unknown, unknown], [unknown, unknown]];
    const [key, other] = splitKey(context.key, 2) as [typeof context.key, typeof context.key];
    const [y, next] = within(inner.name, inner, ps, ss, x, { ...context, key });
    const own = { ...context, key: other };
    const [brought, after] = within(`shortcut:${shortcut.name}`, shortcut, qs, ts, x, own);
    return [sum(brought, y), [next, after]];
  },
  parts: {
    children: [inner, shortcut],
    rebuild: ([f = inner, s = shortcut]) => projectedOpen(open(f), open(s)),
  },
});

type Widened<I> =
  I extends Span<infer S extends Shape, infer _O>
    ? S extends readonly [...infer Places extends readonly number[], number]
      ? readonly [...Places, number]
      : Shape
    : Shape;

/**
 * A skip connection by concatenation: joins the input and the output of a layer along the channels (the last axis). A
 * chain of them is a DenseNet block; around the inner levels it is the copy path of U-Net.
 *
 * **Shapes** for a layer `[...s, c] → [...s, o]`: `x: [...s, c] → y: [...s, c + o]`.
 * **Math** `y = [x, f(x)]`.
 * **Fails with** `ShapeMismatch` when compiled, where the layer changes the axes before the channels.
 * **Source** Huang et al. (2016), arXiv:1608.06993, equation 2.
 *
 * @example
 * ```ts
 * import { conv2d } from "fluxion";
 * import { skipConcat, summary } from "fluxion/nn";
 * summary(skipConcat(conv2d(4, 12, 3, { padding: "same" })), [6, 6, 4])[0]?.output // => [6, 6, 16]
 * ```
 */
export const skipConcat = <const L extends Composable>(
  layer: L,
): Layer<
  Chain<readonly [L]> extends Span<infer I extends Shape, infer _O> ? I : Shape,
  Widened<Chain<readonly [L]>>,
  ParamsOf<L>,
  StateOf<L>
> => declared(denseOpen(open(layer)));

const denseOpen = (inner: OpenLayer): OpenLayer => ({
  name: "skipConcat",
  init: inner.init,
  apply: (params, state, x, context) => {
    const [y, next] = within(inner.name, inner, params, state, x, context);
    return [concatenate([x, y], -1), next];
  },
  parts: { children: [inner], rebuild: ([child = inner]) => denseOpen(open(child)) },
});
