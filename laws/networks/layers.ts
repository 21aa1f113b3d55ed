import * as fc from "fast-check";
import { isLeft } from "fp-ts/lib/Either.js";
import { treeCodec } from "../../src/codec/tensor.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { cos, sin } from "../../src/ir/ops/elementwise.ts";
import { flattenTensors, tensorTree } from "../../src/ir/trees.ts";
import { open } from "../../src/nn/apply.ts";
import { andThen, identity } from "../../src/nn/combinators/sequential.ts";
import type { Composable, OpenLayer } from "../../src/nn/layer.ts";
import { key } from "../../src/tensor/key.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import type { Tree } from "../../src/tree.ts";
import { type Domain, samplesOf, tensors, unkinked } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { layersWithin, opened } from "../subjects.ts";
import { programOf } from "../symbolic.ts";
import { sameBits } from "../values/compare.ts";

/** A layer, with the shape of the examples that it takes. */
export interface LayerSubject {
  readonly name: string;
  readonly layer: Composable;
  readonly shape: Shape;
  readonly parts?: () => readonly LayerSubject[];
}

/** A layer as a subject: the layers inside it are its parts. */
export const layerSubject = (
  layer: Composable,
  shape: Shape,
  name: string = open(layer).name,
): LayerSubject => ({
  ...{ name, layer, shape },
  parts: () => layersWithin(layer, shape).map((part) => layerSubject(part.layer, part.shape)),
});

/** How two layers are composed. */
export type Compose = (f: Composable, g: Composable) => Composable;

/** Composes two layers by the framework's `andThen`, without its types. */
const then: Compose = (f, g) => (andThen as (...layers: readonly Composable[]) => Composable)(f, g);

const keys = tensors([2], fc.integer(), "i32");

/**
 * Evaluates a layer on an example and the leaves of params and state. Returns the outputs and the next state. Two
 * groupings of the same layers have the same leaves in the same order.
 */
const evaluatorOf = (layer: Composable, { params, state }: Leaves, x: Domain) => {
  const { apply } = opened(layer);
  const types = [x, keys, ...params, ...state].map((d) => d.type);
  const made = programOf(types, ([input, k, ...rest]) => {
    const context = { mode: "eval", key: k as Expr as Expr<readonly [2]>, axis: "batch" } as const;
    const [ps, ss] = [rest.slice(0, params.length), rest.slice(params.length)];
    const { y, next } = apply(ps, ss, input as Expr, context);
    return [y, ...next];
  });
  return (inputs: readonly Tensor[]) => run(made, inputs);
};

interface Leaves {
  readonly params: readonly Domain[];
  readonly state: readonly Domain[];
}

/** All these layers give the result of the first, from the same leaves. */
const sameLayer = (
  layers: readonly (readonly [name: string, layer: Composable])[],
  shape: Shape,
) => {
  const [[, first] = ["", identity], ...others] = layers;
  const leaves = opened(first);
  const x = tensors(shape, unkinked);
  const expected = evaluatorOf(first, leaves, x);
  const evaluators = others.map(([name, layer]) => ({
    name,
    evaluate: evaluatorOf(layer, leaves, x),
  }));
  return {
    given: samplesOf([x, keys, ...leaves.params, ...leaves.state]),
    breach: (inputs: readonly Tensor[]) => {
      const wanted = expected(inputs);
      for (const { name, evaluate } of evaluators) {
        const difference = sameBits(`${name}, output`, evaluate(inputs), wanted);
        if (difference !== undefined) return difference;
      }
      return undefined;
    },
  };
};

/** The identity before or after a layer changes nothing. */
export const layerIdentity = (compose: Compose = then): Law<LayerSubject> =>
  law("identity", "f ∘ id = f = id ∘ f, bit for bit", ({ layer, shape }: LayerSubject) =>
    sameLayer(
      [
        ["f", layer],
        ["id then f", compose(identity, layer)],
        ["f then id", compose(layer, identity)],
      ],
      shape,
    ),
  );

/** Layers compose in any grouping. */
export const layerAssociativity = (compose: Compose = then): Law<LayerSubject> =>
  law(
    "associativity",
    "(h ∘ g) ∘ f = h ∘ (g ∘ f), up to the grouping of params, bit for bit",
    ({ layer, shape }: LayerSubject) =>
      sameLayer(
        [
          ["(sin then f) then cos", compose(compose(sin, layer), cos)],
          ["sin then (f then cos)", compose(sin, compose(layer, cos))],
        ],
        shape,
      ),
  );

/** `init` gives the same params and state for the same key, and they survive writing and reading. */
export const layerSerialization = (codec: Codec = treeCodec): Law<LayerSubject> =>
  law(
    "serialization",
    "parse (serialize (init key)) = init key, bit for bit",
    ({ layer }: LayerSubject) => {
      const { init }: OpenLayer = open(layer);
      return {
        given: fc.nat(),
        breach: (seed) => {
          const made = init(key(seed));
          const read = codec.decode(JSON.parse(JSON.stringify(codec.encode(treeOf(made)))));
          if (isLeft(read)) return `the written params of key ${seed} are refused`;
          return sameBits("leaf", leavesOf(read.right), leavesOf(init(key(seed))));
        },
      };
    },
  );

/** Writes trees of tensors, and reads them back. */
export type Codec = Pick<typeof treeCodec, "encode" | "decode">;

const treeOf = ({ params, state }: ReturnType<OpenLayer["init"]>): Tree<Tensor> =>
  tensorTree({ params, state });

const leavesOf = (tree: unknown): readonly Tensor[] => flattenTensors(tree).leaves;

/** The laws of composition and of params. Batch invariance is the `mapping` law of the layer's example. */
export const layerLaws: readonly Law<LayerSubject>[] = [
  layerIdentity(),
  layerAssociativity(),
  layerSerialization(),
];
