import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { cast } from "../../../src/ir/ops/control.ts";
import { iota } from "../../../src/ir/ops/indexing.ts";
import { open } from "../../../src/nn/apply.ts";
import { repeat } from "../../../src/nn/combinators/containers.ts";
import * as adapters from "../../../src/nn/combinators/lora.ts";
import * as sequences from "../../../src/nn/combinators/overTime.ts";
import * as weights from "../../../src/nn/combinators/parametrize.ts";
import { identity } from "../../../src/nn/combinators/sequential.ts";
import { relu } from "../../../src/nn/functional/activation.ts";
import type { Layer } from "../../../src/nn/layer.ts";
import * as attentions from "../../../src/nn/layers/attention.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import * as drops from "../../../src/nn/layers/dropout.ts";
import * as embeddings from "../../../src/nn/layers/embedding.ts";
import * as feeds from "../../../src/nn/layers/feedForward.ts";
import * as gates from "../../../src/nn/layers/gating.ts";
import { lambda } from "../../../src/nn/layers/lambda.ts";
import * as experts from "../../../src/nn/layers/moe.ts";
import * as batches from "../../../src/nn/layers/normalization/batchNorm.ts";
import * as norms from "../../../src/nn/layers/normalization/norm.ts";
import { gruCell } from "../../../src/nn/layers/recurrent/cells.ts";
import * as recurrences from "../../../src/nn/layers/recurrent/recurrent.ts";
import * as transformers from "../../../src/nn/layers/transformerBlock.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import type { ByPath, KnownLayer, KnownLayers } from "../../networks/knownLayers.ts";
import {
  affinely,
  attended,
  elman,
  type Gates,
  gated,
  longShort,
  type Matrix,
  normalized,
  plus,
  type Vector,
} from "../../networks/plainly.ts";
import { knownNoise } from "../ported/noise.ts";
import { numbers as distinct } from "../ported/numbers.ts";
import { reference } from "../ported/reference.ts";

/** A row that is too long is shortened as it is read. */
const shortened = (order: keyof typeof orders): KnownLayer => ({
  source: "PyTorch 1.13",
  layer: embeddings.embedding(4, 3, { maxNorm: 0.65, normType: orders[order] }),
  params: { table: distinct([4, 3], 2) },
  x: tensor([0, 3, 1, 3], "i32"),
  y: reference[`embedding, maxNorm of order ${order}`],
});
const orders = { 1: 1, 2: 2, 3: 3, inf: Number.POSITIVE_INFINITY } as const;

const three = { scale: distinct([3], 2), offset: distinct([3], 5) };
const ofTorch = { source: "PyTorch 1.13", params: three, batched: true } as const;
const cumulative = batches.batchNorm(3, { momentum: "cumulative" });
const forgetful = batches.batchNorm(3, { runningStatistics: false });
const statistics = (n: 0 | 1 | 2) => ({
  batches: n + 1,
  mean: reference[`batchNorm mean ${n}`],
  variance: reference[`batchNorm variance ${n}`],
});
const begun = { batches: 0, mean: [0, 0, 0], variance: [1, 1, 1] };
/** Three batches, one after the other, and an evaluation. */
const inTurn: readonly KnownLayer[] = [
  ...([0, 1, 2] as const).flatMap((n): readonly KnownLayer[] => {
    const common = { ...ofTorch, mode: "train", x: distinct([4, 2, 3], 1 + 3 * n) } as const;
    return [
      {
        ...common,
        layer: cumulative,
        state: n === 0 ? begun : statistics((n - 1) as 0 | 1),
        y: reference[`batchNorm cumulative ${n}`],
        next: statistics(n),
      },
      { ...common, layer: forgetful, y: reference[`batchNorm forgotten ${n}`] },
    ];
  }),
  {
    ...ofTorch,
    layer: cumulative,
    state: statistics(2),
    x: distinct([4, 2, 3]),
    y: reference["batchNorm cumulative evaluated"],
  },
  {
    ...ofTorch,
    layer: forgetful,
    x: distinct([4, 2, 3]),
    y: reference["batchNorm forgotten evaluated"],
  },
];

/** The params of a cell with 3 hidden units and 2 outputs. */
const projected = (layer: 0 | 1, direction: 0 | 1): ByPath => {
  const [path, seed] = [`${layer}.${direction}`, 1 + 2 * layer + direction];
  return {
    [`${path}.inputWeight`]: distinct([2 + 2 * layer, 12], seed),
    [`${path}.hiddenWeight`]: distinct([2, 12], seed + 1),
    [`${path}.projection`]: distinct([3, 2], seed + 2),
    [`${path}.inputBias`]: distinct([12], seed + 3),
    [`${path}.hiddenBias`]: distinct([12], seed + 4),
  };
};

const attentive = {
  ...Object.fromEntries(
    ["query", "key", "value"].flatMap((name, i) => [
      [`${name}.weight`, distinct([4, 4], i + 1)],
      [`${name}.bias`, distinct([4], i + 4)],
    ]),
  ),
  "output.weight": distinct([4, 4], 7),
  "output.bias": distinct([4], 8),
};
const learned = { biasKey: distinct([4], 9), biasValue: distinct([4], 10) };
const addsBoth = attentions.multiHeadAttention(4, {
  ...{ heads: 2, addBiasKv: true, addZeroAttn: true },
});
const fourWide = { source: "PyTorch 1.13", x: distinct([3, 4], 3) } as const;
const onlyFirst = constant(tensor([true, false, false]));
/** Attention with keys and values that belong to no position. */
const withOthers: readonly KnownLayer[] = [
  {
    ...fourWide,
    layer: attentions.multiHeadAttention(4, { heads: 2, addBiasKv: true }),
    params: { ...attentive, ...learned },
    y: reference["attention bias"],
  },
  {
    ...fourWide,
    layer: attentions.multiHeadAttention(4, { heads: 2, addZeroAttn: true }),
    params: attentive,
    y: reference["attention zero"],
  },
  {
    ...fourWide,
    layer: addsBoth,
    params: { ...attentive, ...learned },
    y: reference["attention both"],
  },
  {
    ...fourWide,
    layer: {
      ...open(addsBoth),
      apply: (p, state, x) => [addsBoth.attend(p as never, x, x, { mask: onlyFirst }), state],
    },
    params: { ...attentive, ...learned },
    y: reference["attention both, masked"],
  },
];

const exact = { epsilon: 0 };
const loops = "loops over numbers, from the paper";

/** A matrix of distinct numbers of both signs. */
const numbers = (seed: number, rows: number, columns: number): Matrix =>
  Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (__, j) => ((7 * (seed + 3 * i + j) + i * j) % 11) / 8 - 0.6),
  );

const gatesOf = (inputs: number, hidden: number, n: number): Gates => ({
  inputWeight: numbers(1, inputs, n * hidden),
  hiddenWeight: numbers(2, hidden, n * hidden),
  inputBias: numbers(3, 1, n * hidden)[0] as Vector,
  hiddenBias: numbers(5, 1, n * hidden)[0] as Vector,
});
const underPath = (path: string, { inputWeight, hiddenWeight, inputBias, hiddenBias }: Gates) => ({
  [`${path}.inputWeight`]: inputWeight,
  [`${path}.hiddenWeight`]: hiddenWeight,
  [`${path}.inputBias`]: inputBias,
  [`${path}.hiddenBias`]: hiddenBias,
});
const moments = numbers(4, 3, 2);
const backwards = (x: Matrix): Matrix => [...x].reverse();

/** The affine maps of an attention layer. */
interface Maps {
  readonly [map: string]: { readonly weight: Matrix; readonly bias: Vector };
}
const mapsOf = (seed: number, width: number): Maps =>
  Object.fromEntries(
    ["query", "key", "value", "output"].map((name, i) => [
      name,
      {
        weight: numbers(seed + i, width, width),
        bias: numbers(seed + 5 + i, 1, width)[0] as Vector,
      },
    ]),
  );
const pathsOf = (prefix: string, maps: Maps): ByPath =>
  Object.fromEntries(
    Object.entries(maps).flatMap(([name, { weight, bias }]) => [
      [`${prefix}${name}.weight`, weight],
      [`${prefix}${name}.bias`, bias],
    ]),
  );
const mapped = (maps: Maps, name: string, x: Matrix): Matrix =>
  x.map((row) => affinely(row, maps[name]?.weight as Matrix, maps[name]?.bias as Vector));
const columns = (x: Matrix, from: number, to: number): Matrix =>
  x.map((row) => row.slice(from, to));

/** Attention with two heads, each on half of the features. */
const twoHeads = (
  maps: Maps,
  x: Matrix,
  memory: Matrix,
  sees?: (query: number, place: number) => boolean,
): Matrix => {
  const [q, k, v] = [
    mapped(maps, "query", x),
    mapped(maps, "key", memory),
    mapped(maps, "value", memory),
  ];
  const width = x[0]?.length ?? 0;
  const [left, right] = [0, 1].map((h) => {
    const own = (m: Matrix): Matrix => columns(m, (h * width) / 2, ((h + 1) * width) / 2);
    return attended(own(q), own(k), own(v), sees);
  }) as [Matrix, Matrix];
  return mapped(
    maps,
    "output",
    left.map((row, t) => [...row, ...(right[t] as Vector)]),
  );
};
const causally = (t: number, s: number): boolean => s <= t;

const two = numbers(6, 3, 2);
const self = mapsOf(1, 2);
const other = mapsOf(4, 2);
const fed = {
  up: numbers(8, 2, 3),
  upBias: [0.1, -0.2, 0.3],
  down: numbers(9, 3, 2),
  downBias: [0.5, -0.5],
};
const feed = (row: Vector): Vector =>
  affinely(
    affinely(row, fed.up, fed.upBias).map((v) => Math.max(0, v)),
    fed.down,
    fed.downBias,
  );
const feeding: ByPath = {
  "feedForward.up.weight": fed.up,
  "feedForward.up.bias": fed.upBias,
  "feedForward.down.weight": fed.down,
  "feedForward.down.bias": fed.downBias,
};
const scales = { scale: [2, 0.5], offset: [0.25, -1] };
const normAt = (name: string): ByPath => ({
  [`${name}.scale`]: scales.scale,
  [`${name}.offset`]: scales.offset,
});
const norm = (x: Matrix): Matrix =>
  x.map((row) => normalized(row, scales.scale, scales.offset, 0.5));
const added = (x: Matrix, y: Matrix): Matrix => x.map((row, i) => plus(row, y[i] as Vector));
const encoderParams = {
  ...pathsOf("attention.", self),
  ...normAt("attentionNorm"),
  ...feeding,
  ...normAt("feedForwardNorm"),
};
const calm = { heads: 2, hidden: 3, activation: relu, epsilon: 0.5 };

const memory = numbers(11, 2, 2);
const decoder = transformers.transformerDecoderBlock(2, calm);
const decoding: Layer<
  readonly [number, 2],
  readonly [number, 2],
  transformers.DecoderParams,
  undefined
> = {
  name: "decoding",
  init: decoder.init,
  apply: (params, state, x, context) =>
    decoder
      .over(cast(constant(tensor(memory as number[][], "f64")), "f64"))
      .apply(params, state, x, context),
};

/** Known values of layers along sequences, and of their parts. */
export const knownSequences: KnownLayers<
  typeof attentions &
    typeof batches &
    typeof drops &
    typeof embeddings &
    typeof experts &
    typeof feeds &
    typeof gates &
    typeof norms &
    typeof recurrences &
    typeof sequences &
    typeof weights &
    typeof adapters &
    typeof transformers
> = {
  layerNorm: [
    {
      layer: norms.layerNorm(2, exact),
      params: { scale: [2, 10], offset: [1, 100] },
      x: [1, 3],
      y: [-1, 110],
    },
    {
      layer: norms.layerNorm(2, { epsilon: 3 }),
      params: { scale: [1, 1], offset: [0, 0] },
      x: [1, 3],
      y: [-0.5, 0.5],
    },
  ],
  groupNorm: [
    {
      layer: norms.groupNorm(2, 4, exact),
      params: { scale: [1, 2, 3, 4], offset: [0, 0, 0, 1] },
      x: [[1, 3, 10, 14]],
      y: [[-1, 2, -3, 5]],
    },
  ],
  instanceNorm: [
    {
      layer: norms.instanceNorm(2, exact),
      params: { scale: [1, 2], offset: [0, 1] },
      x: [
        [1, 10],
        [3, 14],
      ],
      y: [
        [-1, -1],
        [1, 3],
      ],
    },
  ],
  rmsNorm: [{ layer: norms.rmsNorm(2, exact), params: { scale: [5, 10] }, x: [1, 7], y: [1, 14] }],
  localResponseNorm: [
    {
      layer: norms.localResponseNorm({ size: 3, alpha: 3, beta: 1, k: 1 }),
      x: [1, 2, 3],
      y: [1 / 6, 2 / 15, 3 / 14],
    },
    {
      layer: norms.localResponseNorm({ size: 1, alpha: 2, beta: 0.5, k: 7 }),
      x: [3],
      y: [3 / 5],
    },
  ],
  batchNorm: [
    {
      layer: batches.batchNorm(1, exact),
      params: { scale: [2], offset: [5] },
      state: { mean: [1], variance: [4] },
      x: [[3], [-1]],
      y: [[7], [3]],
    },
    ...inTurn,
  ],

  embedding: [
    shortened(2),
    shortened(1),
    shortened(3),
    shortened("inf"),
    {
      layer: embeddings.embedding(3, 2),
      params: {
        table: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      },
      x: tensor([2, 0], "i32"),
      y: [
        [5, 6],
        [1, 2],
      ],
    },
    {
      layer: embeddings.embedding(3, 2, { padding: 0 }),
      params: {
        table: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      },
      x: tensor([2, 0], "i32"),
      y: [
        [5, 6],
        [0, 0],
      ],
    },
  ],
  tiedEmbedding: [
    {
      layer: embeddings.tiedEmbedding(2, 2, identity),
      params: {
        table: [
          [1, 2],
          [3, 4],
        ],
      },
      x: tensor([1], "i32"),
      y: [[11, 25]],
    },
  ],
  positionEmbedding: [
    {
      layer: embeddings.positionEmbedding(3, 2),
      params: {
        positions: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      },
      x: [
        [10, 20],
        [30, 40],
      ],
      y: [
        [11, 22],
        [33, 44],
      ],
    },
  ],
  sinusoidalEncoding: [
    {
      layer: embeddings.sinusoidalEncoding,
      x: [
        [0, 0, 0, 0],
        [0, 0, 0, 0],
      ],
      y: [
        [0, 1, 0, 1],
        [Math.sin(1), Math.cos(1), Math.sin(0.01), Math.cos(0.01)],
      ],
    },
    {
      // An odd width has a sine last.
      layer: embeddings.sinusoidalEncoding,
      x: [
        [0, 0, 0],
        [0, 0, 0],
      ],
      y: [
        [0, 1, 0],
        [Math.sin(1), Math.cos(1), Math.sin(10000 ** (-2 / 3))],
      ],
    },
  ],
  rotaryEmbedding: [
    {
      layer: lambda("rotary", (x: Expr) => embeddings.rotaryEmbedding(x, iota([2]))),
      x: [
        [1, 2, 0, 3],
        [1, 2, 0, 3],
      ],
      y: [
        [1, 2, 0, 3],
        [
          ...[Math.cos(1), 2 * Math.cos(0.01) - 3 * Math.sin(0.01)],
          ...[Math.sin(1), 2 * Math.sin(0.01) + 3 * Math.cos(0.01)],
        ],
      ],
    },
  ],

  rnn: [
    {
      source: loops,
      layer: recurrences.rnn(2, 2),
      params: underPath("0.0", gatesOf(2, 2, 1)),
      x: moments,
      y: elman(moments, gatesOf(2, 2, 1)),
    },
    {
      source: loops,
      layer: recurrences.rnn(2, 2, { activation: relu, output: "last" }),
      params: underPath("0.0", gatesOf(2, 2, 1)),
      x: moments,
      y: elman(moments, gatesOf(2, 2, 1), (v) => Math.max(0, v)).at(-1) as Vector,
    },
  ],
  lstm: [
    {
      source: loops,
      layer: recurrences.lstm(2, 2),
      params: underPath("0.0", gatesOf(2, 2, 4)),
      x: moments,
      y: longShort(moments, gatesOf(2, 2, 4)),
    },
    {
      source: "PyTorch 1.13",
      layer: recurrences.lstm(2, 3, { projSize: 2, layers: 2, bidirectional: true }),
      params: { ...projected(0, 0), ...projected(0, 1), ...projected(1, 0), ...projected(1, 1) },
      x: distinct([3, 2], 6),
      y: reference["lstm, projected"],
    },
  ],
  gru: [
    {
      source: loops,
      layer: recurrences.gru(2, 2, { bidirectional: true }),
      params: {
        ...underPath("0.0", gatesOf(2, 2, 3)),
        ...underPath("0.1", { ...gatesOf(2, 2, 3), inputWeight: numbers(8, 2, 6) }),
      },
      x: moments,
      y: gated(moments, gatesOf(2, 2, 3)).map((row, t) => [
        ...row,
        ...(backwards(
          gated(backwards(moments), { ...gatesOf(2, 2, 3), inputWeight: numbers(8, 2, 6) }),
        )[t] as Vector),
      ]),
    },
  ],
  recurrent: [
    {
      source: loops,
      layer: recurrences.recurrent(gruCell, 2, 2, { layers: 2 }),
      params: {
        ...underPath("0.0", gatesOf(2, 2, 3)),
        ...underPath("1.0", { ...gatesOf(2, 2, 3), inputWeight: numbers(8, 2, 6) }),
      },
      x: moments,
      y: gated(gated(moments, gatesOf(2, 2, 3)), {
        ...gatesOf(2, 2, 3),
        inputWeight: numbers(8, 2, 6),
      }),
    },
  ],
  timeDistributed: [
    {
      layer: sequences.timeDistributed(dense(1, 1)),
      params: { weight: [[2]], bias: [1] },
      x: [[3], [4]],
      y: [[7], [9]],
    },
  ],
  masked: [
    {
      layer: sequences.masked(
        () => constant(tensor([true, true, false])),
        sequences.maskedMeanPool,
      ),
      x: [[1], [3], [100]],
      y: [2],
    },
  ],
  maskedMeanPool: [
    {
      layer: sequences.maskedMeanPool,
      x: [
        [1, 10],
        [3, 30],
      ],
      y: [2, 20],
    },
  ],

  multiHeadAttention: [
    {
      source: loops,
      layer: attentions.multiHeadAttention(2, { heads: 2 }),
      params: pathsOf("", self),
      x: two,
      y: twoHeads(self, two, two),
    },
    {
      source: loops,
      layer: attentions.multiHeadAttention(4, { heads: 2, causal: true }),
      params: pathsOf("", mapsOf(3, 4)),
      x: numbers(6, 3, 4),
      y: twoHeads(mapsOf(3, 4), numbers(6, 3, 4), numbers(6, 3, 4), causally),
    },
    ...[
      [
        [1, 0],
        [0.48438008427698437, 0.7318259004548958],
        [1.8646493036721077, -0.5768624849652743],
      ],
      [
        [1.5483517585331525, 0.0012995369001659873],
        [0.9789542909010076, 0.5763135263835462],
        [1.8646493036721077, -0.5768624849652743],
      ],
    ].map((y, i) => ({
      source: "NumPy, from section 3 of the paper of ALiBi: slopes of 1/16 and 1/256",
      layer: attentions.multiHeadAttention(2, {
        heads: 2,
        alibi: true,
        causal: i === 0,
        bias: false,
      }),
      params: Object.fromEntries(
        ["query", "key", "value", "output"].map((map) => [
          `${map}.weight`,
          [
            [1, 0],
            [0, 1],
          ],
        ]),
      ),
      x: [
        [1, 0],
        [0, 1],
        [2, -1],
      ],
      y,
    })),
    ...withOthers,
  ],
  feedForward: [
    {
      source: "erf(1/√2) of a table",
      layer: feeds.feedForward(1, 1),
      params: { "up.weight": 1, "up.bias": 0, "down.weight": 2, "down.bias": 1 },
      x: [[1]],
      y: [[1 + 2 * 0.841344746068543]],
    },
    {
      layer: feeds.feedForward(1, 1, { activation: relu }),
      params: { "up.weight": 2, "up.bias": 1, "down.weight": 3, "down.bias": -1 },
      x: [[1], [-1]],
      y: [[8], [-1]],
    },
  ],
  gatedFeedForward: [
    {
      layer: feeds.gatedFeedForward(1, 1),
      params: { "gate.weight": 1, "up.weight": 2, "down.weight": 3 },
      x: [[1]],
      y: [[6 / (1 + Math.exp(-1))]],
    },
  ],
  transformerEncoderBlock: [
    {
      source: loops,
      layer: transformers.transformerEncoderBlock(2, calm),
      params: encoderParams,
      x: two,
      y: (() => {
        const h = added(two, twoHeads(self, norm(two), norm(two)));
        return added(h, norm(h).map(feed));
      })(),
    },
    {
      source: loops,
      layer: transformers.transformerEncoderBlock(2, { ...calm, norm: "post", causal: true }),
      params: encoderParams,
      x: two,
      y: (() => {
        const h = norm(added(two, twoHeads(self, two, two, causally)));
        return norm(added(h, h.map(feed)));
      })(),
    },
  ],
  transformerDecoderBlock: [
    {
      source: loops,
      layer: decoding,
      params: { ...encoderParams, ...pathsOf("cross.", other), ...normAt("crossNorm") },
      x: two,
      y: (() => {
        const seen = added(two, twoHeads(self, norm(two), norm(two), causally));
        const told = added(seen, twoHeads(other, norm(seen), memory));
        return added(told, norm(told).map(feed));
      })(),
    },
  ],

  prelu: [
    { layer: gates.prelu(), params: { slope: [0.25] }, x: [-4, 2], y: [-1, 2] },
    { layer: gates.prelu(2), params: { slope: [0.25, 3] }, x: [-4, -2], y: [-1, -6] },
  ],
  maxout: [
    {
      layer: gates.maxout(1, 2, 2),
      params: { weight: [[1, 2, 3, -4]], bias: [0, 0, 0, 1] },
      x: [2],
      y: [4, 6],
    },
  ],
  squeezeExcite: [
    {
      layer: gates.squeezeExcite(2, 2),
      params: {
        "squeeze.weight": [[1], [1]],
        "squeeze.bias": [0],
        "excite.weight": [[0, Math.log(3)]],
        "excite.bias": [0, 0],
      },
      x: [
        [1, 10],
        [3, -10],
      ],
      y: [
        [0.5, 9],
        [1.5, -9],
      ],
    },
  ],
  spatialDropout: [
    { layer: drops.spatialDropout(0.5), x: [[1, 2]], y: [[1, 2]] },
    ...knownNoise.spatialDropout,
  ],
  dropPath: [{ layer: drops.dropPath(0.5), x: [[1, 2]], y: [[1, 2]] }, ...knownNoise.dropPath],
  gaussianNoise: [
    { layer: drops.gaussianNoise(0.5), x: [1, 2], y: [1, 2] },
    ...knownNoise.gaussianNoise,
  ],
  gaussianDropout: [
    { layer: drops.gaussianDropout(0.5), x: [1, 2], y: [1, 2] },
    ...knownNoise.gaussianDropout,
  ],
  alphaDropout: [
    { layer: drops.alphaDropout(0.5), x: [1, 2], y: [1, 2] },
    ...knownNoise.alphaDropout,
  ],
  featureAlphaDropout: [
    { layer: drops.featureAlphaDropout(0.5), x: [[1, 2]], y: [[1, 2]] },
    ...knownNoise.featureAlphaDropout,
  ],
  rrelu: [
    { layer: drops.rrelu(), x: [-24, 0, 2], y: [-5.5, 0, 2] },
    { layer: drops.rrelu({ low: 0.5, high: 1 }), x: [-4, 2], y: [-3, 2] },
    ...knownNoise.rrelu,
  ],
  unitNorm: [
    {
      layer: norms.unitNorm,
      x: [
        [3, 4],
        [0, 0],
        [0, -2],
      ],
      y: [
        [0.6, 0.8],
        [0, 0],
        [0, -1],
      ],
    },
  ],
  topKRouting: [
    {
      layer: lambda("routing", (x: Expr) => experts.topKRouting(x, 2)),
      x: [-5, 0, Math.log(3)],
      y: [0, 0.25, 0.75],
    },
  ],
  mixtureOfExperts: [
    {
      layer: experts.mixtureOfExperts(1, dense(1, 1), { experts: 2, k: 1 }),
      params: { router: [[1, -1]], "experts.weight": [2, 5], "experts.bias": [1, 0] },
      x: [3],
      y: [7],
    },
    {
      layer: experts.mixtureOfExperts(1, dense(1, 1), { experts: 2, k: 2 }),
      params: { router: [[0, 0]], "experts.weight": [2, 5], "experts.bias": [1, 0] },
      x: [3],
      y: [11],
    },
  ],
  weightNorm: [
    {
      layer: weights.weightNorm(dense(2, 1)),
      params: { "direction.weight": [[3], [4]], "direction.bias": [1], "magnitude.0": [10] },
      x: [1, 1],
      y: [15],
    },
    {
      layer: weights.weightNorm(dense(2, 1)),
      params: { "direction.weight": [[0], [0]], "direction.bias": [1], "magnitude.0": [0] },
      x: [1, 1],
      y: [1],
    },
  ],
  lora: [
    {
      // The weights are [[3], [4]] + 6/1 · [[1], [2]] [[1/2]].
      layer: adapters.lora(dense(2, 1), { rank: 1, alpha: 6 }),
      params: { "weight.a": [[1], [2]], "weight.b": [[0.5]] },
      state: { "base.weight": [[3], [4]], "base.bias": [1] },
      x: [1, 1],
      y: [17],
    },
    {
      // Each copy has a product of its own: 2 + 3 · 1 = 5, and 5 + 7 · 1 = 12.
      layer: adapters.lora(repeat(2, dense(1, 1)), { rank: 1, stacked: 1 }),
      params: { "weight.a": [[[3]], [[7]]], "weight.b": [[[1]], [[1]]] },
      state: { "base.weight": [[[2]], [[5]]], "base.bias": [[1], [0]] },
      x: [3],
      y: [12 * 16],
    },
  ],
  spectralNorm: [
    {
      layer: weights.spectralNorm(dense(2, 1)),
      params: { weight: [[3], [4]], bias: [1] },
      state: { "directions.0": [1] },
      x: [5, 10],
      y: [12],
    },
  ],
};
