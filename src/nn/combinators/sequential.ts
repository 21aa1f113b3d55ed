import { splitKey } from "../../ir/ops/random.ts";
import { split } from "../../tensor/key.ts";
import { nth } from "../../tensor/list.ts";
import { declared, open, within } from "../apply.ts";
import type { Composable, OpenLayer, SameLayer } from "../layer.ts";
import type { Meeting, Sequential } from "../types/chain.ts";

/** The identity layer: returns its input. */
export const identity: SameLayer<undefined, undefined> = {
  name: "identity",
  init: () => ({ params: undefined, state: undefined }),
  apply: (_, state, x) => [x, state],
};

const chain = (name: string, layers: readonly OpenLayer[]): OpenLayer => ({
  name,
  init: (key) => {
    const keys = split(key, layers.length);
    const initials = layers.map((layer, i) => layer.init(nth(keys, i)));
    return { params: initials.map((p) => p.params), state: initials.map((p) => p.state) };
  },
  apply: (params, state, x, context) => {
    // Arrays with one item for each layer, as `init` makes them.
    const [ps, ss] = [params as readonly unknown[], state as readonly unknown[]];
    const keys = splitKey(context.key, layers.length);
    const states: unknown[] = [];
    const y = layers.reduce((input, layer, i) => {
      const own = { ...context, key: nth(keys, i) };
      const [output, next] = within(`${i + 1}:${layer.name}`, layer, ps[i], ss[i], input, own);
      states.push(next);
      return output;
    }, x);
    return [y, states];
  },
  parts: { children: layers, rebuild: (children) => chain(name, children.map(open)) },
});

/**
 * Composes layers in sequence: each takes the output of the one before.
 *
 * Params and state are tuples with one item for each layer. If the shapes of two layers do not fit, it is a type error
 * that names both; for dynamic shapes it is a `ShapeMismatch` with the path of the second when compiled.
 *
 * **Math** `sequential(f, g, h)(x) = h(g(f(x)))`.
 * **Laws** `laws.layer`: associative with unit {@link identity}, up to regrouping of params.
 *
 * @example
 * ```ts
 * import { dense, relu, sequential } from "fluxion";
 * import { summary } from "fluxion/nn";
 * const network = sequential(dense(784, 128), relu, dense(128, 10));
 * summary(network, [784]).map((row) => row.params) // => [101770, 100480, 0, 1290]
 * ```
 */
export const sequential = <const Ls extends readonly Composable[]>(
  ...layers: Meeting<Ls>
): Sequential<Ls> =>
  declared(
    // `Sequential` declares what `chain` does to types; the type tests and the law suite check it.
    chain("sequential", (layers as readonly Composable[]).map(open)),
  );

/** Composes two layers in sequence: {@link sequential} as a binary operation. */
export const andThen = <const F extends Composable, const G extends Composable>(
  ...layers: Meeting<readonly [F, G]>
): Sequential<readonly [F, G]> =>
  declared(
    // As for `sequential`.
    chain("andThen", (layers as readonly Composable[]).map(open)),
  );
