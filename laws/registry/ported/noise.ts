import { run } from "../../../src/interpreter/evaluate.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import type { KeyExpr } from "../../../src/ir/ops/random.ts";
import { selu } from "../../../src/nn/functional/activation.ts";
import type { Composable } from "../../../src/nn/layer.ts";
import * as drops from "../../../src/nn/layers/dropout.ts";
import { dropout } from "../../../src/nn/layers/lambda.ts";
import { bernoulli, foldIn, key, normal, uniform } from "../../../src/tensor/key.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { tensorOf } from "../../domain.ts";
import type { KnownLayer } from "../../networks/knownLayers.ts";
import type { Sampler } from "../../randomness/keys.ts";
import { opened } from "../../subjects.ts";
import { programOf } from "../../symbolic.ts";
import { reference } from "./reference.ts";

/** Layers that draw in training: their exact values from the key's own draws, and the moments of many. */

const seed = 3;
const own = key(seed);
const x = [1.5, -2, 0, -0.5, 3, -4];
const f64 = { dtype: "f64" } as const;
const listed = (t: Tensor): readonly number[] => [...t.toTypedArray()];
const normals = listed(normal(own, [6], f64));
/** Which of some draws are true with probability `p`. */
const stays = (p: number, n = 6): readonly boolean[] =>
  listed(bernoulli(own, p, [n])).map((bit) => bit !== 0);

const trained = (
  layer: Composable,
  y: readonly number[],
  source = "a hand, from the draws of the key",
): KnownLayer => ({ source, layer, x, y, mode: "train", seed });

const slopes = listed(uniform(own, [6], { low: 0.25, high: 0.5, ...f64 }));
const alphasOf = (rate: 0.3 | 0.5, n: number): readonly number[] => {
  const [dropped = 0, kept = 0] = reference[`alphaDropout ${rate} of 1.5: dropped, kept`];
  return stays(1 - rate, n).map((stay) => (stay ? kept : dropped));
};
const alphas = (rate: 0.3 | 0.5): KnownLayer => {
  const y = alphasOf(rate, 6);
  return { ...trained(drops.alphaDropout(rate), y, "PyTorch 1.13"), x: y.map(() => 1.5) };
};

/** The values of one example in training. */
export const knownNoise: { readonly [Name in keyof typeof drops]: readonly KnownLayer[] } & {
  readonly dropout: readonly KnownLayer[];
} = {
  dropout: [
    trained(
      dropout(0.2),
      stays(0.8).map((stay, i) => (stay ? (x[i] ?? 0) / 0.8 : 0)),
    ),
  ],
  spatialDropout: [
    {
      ...trained(drops.spatialDropout(0.5), []),
      x: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      y: [1, 4].map((from) => stays(0.5, 3).map((stay, i) => (stay ? 2 * (from + i) : 0))),
    },
  ],
  dropPath: [
    trained(
      drops.dropPath(0.75),
      x.map((v) => (stays(0.25, 1)[0] ? 4 * v : 0)),
    ),
  ],
  gaussianNoise: [
    trained(
      drops.gaussianNoise(0.5),
      x.map((v, i) => v + 0.5 * (normals[i] ?? 0)),
    ),
  ],
  // A rate of 1/5 has the standard deviation √(0.2/0.8) = 1/2.
  gaussianDropout: [
    trained(
      drops.gaussianDropout(0.2),
      x.map((v, i) => v * (1 + (normals[i] ?? 0) / 2)),
    ),
  ],
  alphaDropout: [alphas(0.3), alphas(0.5)],
  featureAlphaDropout: [
    {
      ...trained(drops.featureAlphaDropout(0.3), [], "PyTorch 1.13"),
      x: [0, 1].map(() => [1.5, 1.5, 1.5]),
      y: [0, 1].map(() => alphasOf(0.3, 3)),
    },
  ],
  rrelu: [
    trained(
      drops.rrelu({ low: 0.25, high: 0.5 }),
      x.map((v, i) => (v >= 0 ? v : v * (slopes[i] ?? 0))),
    ),
  ],
};

/** Draws from a layer in training, which is given the same numbers every time, or numbers of its own. */
const sampling =
  (layer: Composable, given: number | "selu"): Sampler["draw"] =>
  (k, count) => {
    const { apply } = opened(layer);
    const made = programOf(
      [
        { shape: [count], dtype: "f64" },
        { shape: [2], dtype: "i32" },
      ],
      ([input, drawn]) => {
        const e = given === "selu" ? selu(input as Expr) : (input as Expr);
        return [apply([], [], e, { mode: "train", key: drawn as KeyExpr, axis: "batch" }).y];
      },
    );
    const inputs =
      given === "selu"
        ? normal(foldIn(k, 1), [count], f64)
        : tensorOf([count], "f64", new Array<number>(count).fill(given));
    return listed(run(made, [inputs, k])[0] as Tensor);
  };

const everywhere = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;

/** Layers with a draw for every element, and the mean and variance that they are documented to have. */
export const noises: readonly Sampler[] = [
  // x with probability 1 - r, divided by it: variance x² r/(1 - r).
  { name: "dropout of 2", draw: sampling(dropout(0.2), 2), mean: 2, variance: 1, range: [0, 2.5] },
  {
    name: "gaussianNoise at 2",
    draw: sampling(drops.gaussianNoise(0.5), 2),
    ...{ mean: 2, variance: 0.25, range: everywhere },
  },
  {
    name: "gaussianDropout of 2",
    draw: sampling(drops.gaussianDropout(0.2), 2),
    ...{ mean: 2, variance: 1, range: everywhere },
  },
  // A uniform slope: variance x² (high - low)²/12.
  {
    name: "rrelu of -3",
    draw: sampling(drops.rrelu({ low: 0.25, high: 0.5 }), -3),
    ...{ mean: -1.125, variance: (9 * 0.0625) / 12, range: [-1.5, -0.75] },
  },
  ...[0.05, 0.3, 0.8].map((rate) => ({
    name: `alphaDropout ${rate} of SELU activations`,
    draw: sampling(drops.alphaDropout(rate), "selu"),
    ...{ mean: 0, variance: 1, range: everywhere },
  })),
];
