import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import * as contrastive from "../../../src/nn/losses/contrastive.ts";
import * as alignment from "../../../src/nn/losses/ctc.ts";
import * as margins from "../../../src/nn/losses/margins.ts";
import * as likelihoods from "../../../src/nn/losses/probabilistic.ts";
import * as losses from "../../../src/nn/losses/regression.ts";
import * as balances from "../../../src/nn/losses/routing.ts";
import * as segmentations from "../../../src/nn/losses/segmentation.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import type { Known, KnownValues } from "../../values/known.ts";

/** Known values of losses, including edge cases: certainty, equality, ±∞, and invalid labels. */

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

type Given = Known["inputs"];
const knownFrom =
  (source: string) =>
  (f: (x: Expr, y: Expr) => Expr, inputs: Given, expected: number): Known => ({
    source,
    apply: (x, y) => f(x, y),
    inputs,
    expected: [expected],
  });
const hand = "by hand, from the definition";
const by = knownFrom(hand);
const torch = knownFrom("PyTorch 1.13");
/** Applies `f` to three operands. */
const of = (f: (x: Expr, y: Expr, z: Expr) => Expr, inputs: Given, expected: number): Known => ({
  source: hand,
  apply: (x, y, z) => f(x, y, z),
  inputs,
  expected: [expected],
});

const labels = (...of: readonly number[]) => tensor([...of], "i32");
const label = (of: number) => tensor(of, "i32");
const { LN2: ln2 } = Math;
const third = Math.log(1 / 3);
const uniform = [
  [third, third, third],
  [third, third, third],
  [third, third, third],
];

const common: KnownValues<typeof losses> = {
  meanSquaredError: [
    by(
      losses.meanSquaredError,
      [
        [0, 1, 4],
        [0, 3, 1],
      ],
      13 / 3,
    ),
  ],
  meanAbsoluteError: [
    by(
      losses.meanAbsoluteError,
      [
        [0, 1, 4],
        [0, 3, 1],
      ],
      5 / 3,
    ),
    by(
      losses.meanAbsoluteError,
      [
        [infinity, 1],
        [0, 3],
      ],
      infinity,
    ),
  ],
  huber: [
    by(
      (x, y) => losses.huber(x, y, 2),
      [
        [0, 1, 4],
        [0, 3, 1],
      ],
      2,
    ),
    by(losses.huber, [[infinity], [0]], infinity),
  ],
  // (0.9 · 2 + 0.1 · 3 + 0) / 3
  pinball: [
    by(
      (x, y) => losses.pinball(x, y, 0.9),
      [
        [1, 4, 5],
        [3, 1, 5],
      ],
      0.7,
    ),
    by(losses.pinball, [[infinity], [0]], infinity),
  ],
  smoothL1: [
    by(
      (x, y) => losses.smoothL1(x, y, 2),
      [
        [0, 1, 4],
        [0, 3, 1],
      ],
      1,
    ),
    by((x, y) => losses.smoothL1(x, y, 1e200), [[1e190], [0]], 5e179),
  ],
  binaryCrossEntropy: [
    by(
      losses.binaryCrossEntropy,
      [
        [0.9, 0.2, 0.5],
        [1, 0, 0.25],
      ],
      0.34055041584399376,
    ),
    torch(
      losses.binaryCrossEntropy,
      [
        [0, 1],
        [1, 0],
      ],
      100,
    ),
    torch(
      losses.binaryCrossEntropy,
      [
        [0, 1],
        [0, 1],
      ],
      0,
    ),
    by(losses.binaryCrossEntropy, [[1e-300], [0]], 1e-300),
    by(losses.binaryCrossEntropy, [[1.5], [1]], nan),
    by(losses.binaryCrossEntropy, [[-0.5], [0]], nan),
    by(losses.binaryCrossEntropy, [[nan], [1]], nan),
  ],
  binaryCrossEntropyWithLogits: [
    by(
      losses.binaryCrossEntropyWithLogits,
      [
        [1, -2, 0.5],
        [1, 0, 0.25],
      ],
      0.4297555609137673,
    ),
    by(
      (x, y) => losses.binaryCrossEntropyWithLogits(x, y, { positiveWeight: 3 }),
      [
        [1, -2, 0.5],
        [1, 0, 0.25],
      ],
      0.7176095166226003,
    ),
    by(
      losses.binaryCrossEntropyWithLogits,
      [
        [1e8, -1e8],
        [1, 0],
      ],
      0,
    ),
    by(
      losses.binaryCrossEntropyWithLogits,
      [
        [1e8, -1e8],
        [0, 1],
      ],
      1e8,
    ),
  ],
  softmaxCrossEntropy: [
    by(losses.softmaxCrossEntropy, [[1, 2, 3], label(1)], 1.4076059644443801),
    by(
      losses.softmaxCrossEntropy,
      [
        [1, 2, 3],
        [0, 0.5, 0.5],
      ],
      0.9076059644443801,
    ),
    by(
      (x, y) => losses.softmaxCrossEntropy(x, y, { labelSmoothing: 0.1 }),
      [[1, 2, 3], label(0)],
      2.30760596444438,
    ),
    by(losses.softmaxCrossEntropy, [[1e8, 1e8], label(1)], ln2),
    by(losses.softmaxCrossEntropy, [[1e300, 1e300, 1e300], label(1)], -third),
    by(losses.softmaxCrossEntropy, [[0, -infinity], label(0)], 0),
    by(losses.softmaxCrossEntropy, [[0, -infinity], label(1)], infinity),
    by(losses.softmaxCrossEntropy, [[1, 2], label(2)], nan),
    by(losses.softmaxCrossEntropy, [[1, 2], label(-1)], nan),
  ],
  negativeLogLikelihood: [
    by(losses.negativeLogLikelihood, [[-1, -2, -3], label(2)], 3),
    by(losses.negativeLogLikelihood, [[0, -infinity], label(1)], infinity),
    by(losses.negativeLogLikelihood, [[-1, -2, -3], label(3)], nan),
  ],
  hinge: [
    by(
      losses.hinge,
      [
        [0.5, -2, 3],
        [1, -1, -1],
      ],
      1.5,
    ),
    by(losses.hinge, [[nan], [1]], nan),
  ],
  klDivergence: [
    by(
      losses.klDivergence,
      [
        [-1, -2],
        [0.5, 0.25],
      ],
      0.3068528194400547,
    ),
    by(
      losses.klDivergence,
      [
        [-ln2, -ln2, -infinity],
        [0.5, 0.5, 0],
      ],
      0,
    ),
    by(
      losses.klDivergence,
      [
        [-ln2, -infinity],
        [0.5, 0.5],
      ],
      infinity,
    ),
    by(
      losses.klDivergence,
      [
        [-1, -1],
        [0.5, -0.5],
      ],
      nan,
    ),
    by(
      losses.klDivergence,
      [
        [-1, -1],
        [0.5, nan],
      ],
      nan,
    ),
  ],
  // The student's shares are 1/4 and 3/4, the teacher's 1/2 each, and the label's cross entropy is ln 4. At a temperature
  // of 2, of logits twice as large, the divergence is the same, and counts four times.
  distillation: [
    of(
      (s, t, y) => losses.distillation(s, y, t, { temperature: 1 }),
      [[0, Math.log(3)], [0, 0], label(0)],
      (Math.log(4 / 3) / 2 + Math.log(4)) / 2,
    ),
    of(
      (s, t, y) => losses.distillation(s, y, t, { temperature: 2, alpha: 1 }),
      [[0, 2 * Math.log(3)], [0, 0], label(0)],
      2 * Math.log(4 / 3),
    ),
    of(
      (s, t, y) => losses.distillation(s, y, t, { alpha: 0 }),
      [[0, Math.log(3)], [5, -5], label(1)],
      Math.log(4 / 3),
    ),
    of((s, t, y) => losses.distillation(s, y, t), [[0, -infinity], [0, -infinity], label(0)], 0),
    of((s, t, y) => losses.distillation(s, y, t), [[0, 0], [0, nan], label(0)], nan),
  ],
  l1Penalty: [by((x) => losses.l1Penalty([x], 0.5), [[1, -2, 3]], 3)],
  l2Penalty: [by((x) => losses.l2Penalty([x], 0.5), [[1, -2, 3]], 7)],
};

const particular: KnownValues<
  typeof likelihoods &
    typeof segmentations &
    typeof margins &
    typeof contrastive &
    typeof balances &
    typeof alignment
> = {
  gaussianNegativeLogLikelihood: [
    of(
      likelihoods.gaussianNegativeLogLikelihood,
      [
        [0, 1],
        [1, 4],
        [1, 4],
      ],
      1.1590735902799727,
    ),
    of(likelihoods.gaussianNegativeLogLikelihood, [[0], [1e160], [1e160]], 5e159),
    of(likelihoods.gaussianNegativeLogLikelihood, [[0], [1], [-1]], nan),
  ],
  poissonNegativeLogLikelihood: [
    by(
      likelihoods.poissonNegativeLogLikelihood,
      [
        [0, 1],
        [2, 3],
      ],
      0.35914091422952255,
    ),
  ],
  focal: [
    by(
      (x, y) => segmentations.focal(x, y),
      [
        [1, 2],
        [1, 1],
      ],
      0.012230810171853854,
    ),
    by(
      (x, y) => segmentations.focal(x, y, { gamma: 3, alpha: 0.25 }),
      [[1], [1]],
      0.001523422547952573,
    ),
    // A negative example has the weight 1 - α: for p = 1/2 and 3/4 its loss is (3/4)(p²)(-ln(1 - p)).
    by(
      (x, y) => segmentations.focal(x, y, { alpha: 0.25 }),
      [
        [0, Math.log(3)],
        [0, 0],
      ],
      0.515625 * Math.LN2,
    ),
    by(
      (x, y) => segmentations.focal(x, y, { gamma: 0.5 }),
      [
        [800, -800],
        [1, 0],
      ],
      0,
    ),
  ],
  dice: [
    by(
      (x, y) => segmentations.dice(x, y),
      [
        [0.5, 1],
        [0, 1],
      ],
      1 - 3 / 3.5,
    ),
    by(
      (x, y) => segmentations.dice(x, y),
      [
        [0, 0],
        [0, 0],
      ],
      0,
    ),
    by(
      (x, y) => segmentations.dice(x, y, 0),
      [
        [1, 0],
        [0, 1],
      ],
      1,
    ),
    by(
      (x, y) => segmentations.dice(x, y, 0),
      [
        [0, 0],
        [0, 0],
      ],
      nan,
    ),
    // (1 - p)/(2 + p), which 1 minus a quotient would compute with hardly a correct digit.
    {
      ...by((x, y) => segmentations.dice(x, y), [[1 - 2 ** -50], [1]], 2 ** -50 / (3 - 2 ** -50)),
      within: 1e-30,
    },
  ],
  sequenceCrossEntropy: [
    by(
      (x, y) => likelihoods.sequenceCrossEntropy(x, y),
      [
        [
          [1, 2],
          [3, 1],
        ],
        labels(1, 0),
      ],
      0.22009484928059764,
    ),
    by(
      (x, y) =>
        likelihoods.sequenceCrossEntropy(x, y, undefined, {
          classWeights: tensor([0.5, 2], "f64"),
        }),
      [
        [
          [1, 2],
          [3, 1],
        ],
        labels(1, 0),
      ],
      0.2759949522231726,
    ),
    by(
      (x, y) => likelihoods.sequenceCrossEntropy(x, y),
      [
        [
          [1, 2],
          [3, 1],
        ],
        labels(1, 2),
      ],
      nan,
    ),
    by(
      (x, y) => likelihoods.sequenceCrossEntropy(x, y),
      [
        [
          [1, 2],
          [3, 1],
        ],
        labels(1, -1),
      ],
      nan,
    ),
    of(
      likelihoods.sequenceCrossEntropy,
      [
        [
          [1, 1],
          [nan, 1],
        ],
        labels(1, 2),
        tensor([true, false]),
      ],
      ln2,
    ),
  ],
  marginRanking: [
    of(
      margins.marginRanking,
      [
        [1, 4],
        [3, 1],
        [1, 1],
      ],
      (2 + 0) / 2,
    ),
    of(
      (x, y, z) => margins.marginRanking(x, y, z, 0.5),
      [
        [1, 4],
        [3, 1],
        [1, -1],
      ],
      (2.5 + 3.5) / 2,
    ),
    of(margins.marginRanking, [[1], [3], [0]], nan),
  ],
  softMargin: [
    by(
      margins.softMargin,
      [
        [0, 0],
        [1, -1],
      ],
      ln2,
    ),
    by(margins.softMargin, [[800], [-1]], 800),
    by(margins.softMargin, [[800], [1]], 0),
  ],
  hingeEmbedding: [
    by(
      margins.hingeEmbedding,
      [
        [0.25, 0.25, 3],
        [1, -1, -1],
      ],
      (0.25 + 0.75 + 0) / 3,
    ),
    by((x, y) => margins.hingeEmbedding(x, y, 4), [[3], [-1]], 1),
    by(margins.hingeEmbedding, [[3], [0.5]], nan),
  ],
  multiMargin: [
    // Of class 1: 1 - 2 + 1.5 of class 0, and nothing of class 2.
    by(margins.multiMargin, [[1.5, 2, 0], label(1)], 0.5 / 3),
    by(
      (x, y) => margins.multiMargin(x, y, { power: 2, margin: 3 }),
      [[1.5, 2, 0], label(1)],
      (2.5 ** 2 + 1) / 3,
    ),
    by(margins.multiMargin, [[1.5, 2, 0], label(3)], nan),
  ],
  multiLabelMargin: [
    // The example of PyTorch's documentation: labels 3 and 0 of four classes.
    by(
      margins.multiLabelMargin,
      [
        [0.1, 0.2, 0.4, 0.8],
        [1, 0, 0, 1],
      ],
      0.85,
    ),
    by(
      margins.multiLabelMargin,
      [
        [0.1, 0.2],
        [0.5, 0],
      ],
      nan,
    ),
  ],
  triplet: [
    of(
      (x, y, z) => contrastive.triplet(x, y, z),
      [
        [0, 0],
        [3, 4],
        [0, 1],
      ],
      4.999999599999504,
    ),
    of(
      (x, y, z) => contrastive.triplet(x, y, z),
      [
        [0, 0],
        [0, 1],
        [30, 40],
      ],
      0,
    ),
    of(
      (x, y, z) => contrastive.triplet(x, y, z),
      [
        [0, nan],
        [0, 1],
        [30, 40],
      ],
      nan,
    ),
  ],
  cosineEmbedding: [
    by(
      (x, y) => contrastive.cosineEmbedding(x, y, 1),
      [
        [1, 0],
        [0, 3],
      ],
      1,
    ),
    by(
      (x, y) => contrastive.cosineEmbedding(x, y, 1),
      [
        [3, 4],
        [6, 8],
      ],
      0,
    ),
    by(
      (x, y) => contrastive.cosineEmbedding(x, y, -1),
      [
        [3, 4],
        [6, 8],
      ],
      1,
    ),
    by(
      (x, y) => contrastive.cosineEmbedding(x, y, -1, 0.5),
      [
        [1, 0],
        [0, 3],
      ],
      0,
    ),
    by(
      (x, y) => contrastive.cosineEmbedding(x, y, 0),
      [
        [1, 0],
        [0, 3],
      ],
      nan,
    ),
    by(
      (x, y) => contrastive.cosineEmbedding(x, y, 1),
      [
        [1, nan],
        [0, 3],
      ],
      nan,
    ),
  ],
  infoNce: [
    of(
      (x, y, z) => contrastive.infoNce(x, y, z, 0.5),
      [
        [3, 4],
        [
          [3, 4],
          [4, -3],
          [6, 8],
        ],
        label(1),
      ],
      2.7586236756795133,
    ),
    of(
      (x, y, z) => contrastive.infoNce(x, y, z, 0.5),
      [
        [3, 4],
        [
          [3, 4],
          [4, -3],
          [6, 8],
        ],
        label(3),
      ],
      nan,
    ),
  ],
  ntXent: [
    // Equal views at right angles to all others: ln(e² + 2(n - 1)) - 2, with n = 2 and a temperature of ½.
    of(
      (x, y) => contrastive.ntXent(x, y),
      [
        [
          [2, 0],
          [0, 3],
        ],
        [
          [1, 0],
          [0, 5],
        ],
      ],
      Math.log(Math.E ** 2 + 2) - 2,
    ),
    // Views that are all alike: ln(2n - 1).
    of(
      (x, y) => contrastive.ntXent(x, y, 0.1),
      [
        [
          [1, 2],
          [2, 4],
          [3, 6],
        ],
        [
          [1, 2],
          [1, 2],
          [2, 4],
        ],
      ],
      Math.log(5),
    ),
    of(
      (x, y) => contrastive.ntXent(x, y),
      [
        [
          [1, nan],
          [0, 3],
        ],
        [
          [1, 0],
          [0, 5],
        ],
      ],
      nan,
    ),
  ],
  loadBalancingLoss: [
    by(
      (x) => balances.loadBalancingLoss(x, 1),
      [
        [
          [9, 0],
          [0, 9],
        ],
      ],
      1,
    ),
    by(
      (x) => balances.loadBalancingLoss(x, 1),
      [
        [
          [9, 0],
          [9, 0],
        ],
      ],
      1.9997532108480274,
    ),
  ],
  importanceLoss: [
    by(
      (x) => balances.importanceLoss(x),
      [
        [
          [1, 0],
          [0, 3],
        ],
      ],
      0.25,
    ),
    by(
      (x) => balances.importanceLoss(x),
      [
        [
          [1e200, 0],
          [0, 3e200],
        ],
      ],
      0.25,
    ),
  ],
  ctc: [
    by(
      (x, y) => alignment.ctc(x, y),
      [
        [
          [-ln2, -ln2],
          [-ln2, -ln2],
        ],
        labels(1),
      ],
      0.2876820724517809,
    ),
    by((x, y) => alignment.ctc(x, y), [uniform, labels(7)], nan),
    by((x, y) => alignment.ctc(x, y), [uniform, labels(0)], nan),
    by((x, y) => alignment.ctc(x, y, { inputLength: 0 }), [uniform, labels(1)], infinity),
    by((x, y) => alignment.ctc(x, y, { inputLength: 0, labelLength: 0 }), [uniform, labels(7)], 0),
    by(
      (x, y) => alignment.ctc(x, y, { inputLength: constant(label(4)) }),
      [uniform, labels(1)],
      nan,
    ),
    by((x, y) => alignment.ctc(x, y), [uniform, labels(1, 1, 1)], infinity),
    by((x, y) => alignment.ctc(x, y), [[[0, -infinity]], tensor([], "i32")], 0),
  ],
};

export const knownLosses = { ...common, ...particular };
