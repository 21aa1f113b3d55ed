import * as fc from "fast-check";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { logistic } from "../../../src/ir/ops/elementwise.ts";
import { logSoftmax } from "../../../src/ir/ops/reduction.ts";
import { reshape } from "../../../src/ir/ops/structural.ts";
import * as contrastive from "../../../src/nn/losses/contrastive.ts";
import * as alignment from "../../../src/nn/losses/ctc.ts";
import * as margins from "../../../src/nn/losses/margins.ts";
import * as likelihoods from "../../../src/nn/losses/probabilistic.ts";
import * as losses from "../../../src/nn/losses/regression.ts";
import * as balances from "../../../src/nn/losses/routing.ts";
import * as segmentations from "../../../src/nn/losses/segmentation.ts";
import { type Domain, tensorOf, tensors, truth } from "../../domain.ts";
import type { Labelled, MeanLoss } from "../../networks/losses.ts";
import type { SymbolicFunction } from "../../symbolic.ts";
import { allFloats, hostileDomain, logUniform, uniform } from "../../values/hostile.ts";

/** The range of every loss, and the invalid labels of some. */

type Setting = Omit<SymbolicFunction, "name">;
/** The reason why a loss may be negative. */
type MayBe = string;

const anywhere = fc.oneof(logUniform(1e-30, 1e30), uniform(-30, 30).map(Math.fround));
const wild = (...shape: readonly number[]): Domain =>
  hostileDomain(tensors(shape, anywhere, "f32"), allFloats);
const shares = (...shape: readonly number[]): Domain =>
  tensors(
    shape,
    fc.oneof(
      uniform(0, 1).map(Math.fround),
      logUniform(1e-30, 1).map(Math.abs),
      fc.constantFrom(0, 1, Number.NaN),
    ),
    "f32",
  );
const bits = tensors([3], truth, "f32");
const label = tensors([], fc.nat(2), "i32");

const of = (f: (x: Expr, y: Expr, z: Expr) => Expr, ...operands: readonly Domain[]): Setting => ({
  operands,
  apply: ([x, y, z]) => [f(x as Expr, y as Expr, z as Expr)],
});
const alike = (f: (x: Expr) => Expr): Setting => of(f, wild(3));

const settings: {
  readonly [Name in keyof (typeof losses &
    typeof likelihoods &
    typeof segmentations &
    typeof margins &
    typeof contrastive &
    typeof balances &
    typeof alignment)]: MayBe | readonly Setting[];
} = {
  meanSquaredError: [of((x, y) => losses.meanSquaredError(x, y), wild(3), wild(3))],
  meanAbsoluteError: [of((x, y) => losses.meanAbsoluteError(x, y), wild(3), wild(3))],
  huber: [of((x, y) => losses.huber(x, y), wild(3), wild(3))],
  pinball: [of((x, y) => losses.pinball(x, y, 0.9), wild(3), wild(3))],
  smoothL1: [of((x, y) => losses.smoothL1(x, y), wild(3), wild(3))],
  binaryCrossEntropy: [of((x, y) => losses.binaryCrossEntropy(x, y), shares(3), shares(3))],
  binaryCrossEntropyWithLogits: [
    of((x, y) => losses.binaryCrossEntropyWithLogits(x, y), wild(3), shares(3)),
    of(
      (x, y) => losses.binaryCrossEntropyWithLogits(x, y, { positiveWeight: 3 }),
      wild(3),
      shares(3),
    ),
  ],
  softmaxCrossEntropy: [
    of((x, y) => losses.softmaxCrossEntropy(x, y), wild(3), label),
    of((x, y) => losses.softmaxCrossEntropy(x, y), wild(3), shares(3)),
    of((x, y) => losses.softmaxCrossEntropy(x, y, { labelSmoothing: 0.1 }), wild(3), label),
  ],
  negativeLogLikelihood: [
    of((x, y) => losses.negativeLogLikelihood(logSoftmax(x), y), wild(3), label),
  ],
  distillation: "negative by rounding for a student that is nearly its teacher",
  hinge: [of((x, y) => losses.hinge(x, y), wild(3), wild(3))],
  klDivergence: "negative for unnormalized operands, and by rounding for equal ones",
  l1Penalty: [alike((x) => losses.l1Penalty([x], 0.5))],
  l2Penalty: [alike((x) => losses.l2Penalty([x], 0.5))],
  gaussianNegativeLogLikelihood: "a density may exceed 1",
  poissonNegativeLogLikelihood: "the term that depends only on the target is left out",
  focal: [
    of((x, y) => segmentations.focal(x, y), wild(3), bits),
    of((x, y) => segmentations.focal(x, y, { gamma: 0.5 }), wild(3), shares(3)),
  ],
  dice: [of((x, y) => segmentations.dice(x, y), shares(3), shares(3))],
  sequenceCrossEntropy: [
    of(
      (x, y) => likelihoods.sequenceCrossEntropy(x, y),
      wild(2, 3),
      tensors([2], fc.nat(2), "i32"),
    ),
  ],
  marginRanking: [of((x, y, z) => margins.marginRanking(x, y, z), wild(3), wild(3), wild(3))],
  softMargin: [of((x, y) => margins.softMargin(x, y), wild(3), wild(3))],
  hingeEmbedding: "a distance that it is given may be negative",
  multiMargin: [of((x, y) => margins.multiMargin(x, y), wild(3), label)],
  multiLabelMargin: [of((x, y) => margins.multiLabelMargin(x, y), wild(3), bits)],
  triplet: [of((x, y, z) => contrastive.triplet(x, y, z), wild(3), wild(3), wild(3))],
  cosineEmbedding: [
    of((x, y) => contrastive.cosineEmbedding(x, y, 1), wild(3), wild(3)),
    of((x) => contrastive.cosineEmbedding(x, x, 1), wild(3)),
    of((x, y) => contrastive.cosineEmbedding(x, y, -1), wild(3), wild(3)),
  ],
  infoNce: [of((x, y, z) => contrastive.infoNce(x, y, z), wild(3), wild(3, 3), label)],
  ntXent: [of((x, y) => contrastive.ntXent(x, y), wild(3, 2), wild(3, 2))],
  loadBalancingLoss: [of((x) => balances.loadBalancingLoss(x, 1), wild(3, 3))],
  ctc: [of((x, y) => alignment.ctc(logSoftmax(x), y), wild(3, 3), tensors([1], fc.nat(2), "i32"))],
  importanceLoss: [of((x) => balances.importanceLoss(x), wild(3, 2))],
};

/** Losses that claim to be nonnegative. */
export const lossesFromZero: readonly SymbolicFunction[] = Object.entries(settings).flatMap(
  ([name, all]) =>
    typeof all === "string"
      ? []
      : all.map((setting, i) => ({
          ...setting,
          name: i === 0 ? name : `${name}, setting ${i + 1}`,
        })),
);

const candidates = constant(tensorOf([3, 2], "f32", [1, 2, 3, -5, 8, 13]));
const one = (y: Expr): Expr => reshape(y, [1]);

/** Losses of integer labels. */
export const labeledLosses: readonly Labelled[] = [
  {
    name: "softmaxCrossEntropy",
    scores: [4],
    classes: 4,
    loss: (x, y) => losses.softmaxCrossEntropy(x, y),
  },
  {
    name: "softmaxCrossEntropy, smoothed",
    scores: [4],
    classes: 4,
    loss: (x, y) => losses.softmaxCrossEntropy(x, y, { labelSmoothing: 0.1 }),
  },
  {
    name: "negativeLogLikelihood",
    scores: [4],
    classes: 4,
    loss: (x, y) => losses.negativeLogLikelihood(logSoftmax(x), y),
  },
  {
    name: "distillation",
    scores: [4],
    classes: 4,
    loss: (x, y) => losses.distillation(x, y, constant(tensorOf([4], "f32", [1, -2, 0, 3]))),
  },
  {
    name: "sequenceCrossEntropy",
    scores: [1, 4],
    classes: 4,
    loss: (x, y) => likelihoods.sequenceCrossEntropy(x, one(y)),
  },
  {
    name: "infoNce",
    scores: [2],
    classes: 3,
    loss: (x, y) => contrastive.infoNce(x, candidates, y),
  },
  {
    name: "ctc",
    scores: [2, 4],
    classes: 4,
    none: 0,
    loss: (x, y) => alignment.ctc(logSoftmax(x), one(y)),
  },
];

const shareOf = (x: Expr): Expr => logistic(x);

/** Losses that are means over elements. */
export const meanLosses: readonly MeanLoss[] = Object.entries({
  meanSquaredError: (x: Expr, y: Expr) => losses.meanSquaredError(x, y),
  meanAbsoluteError: (x: Expr, y: Expr) => losses.meanAbsoluteError(x, y),
  huber: (x: Expr, y: Expr) => losses.huber(x, y),
  pinball: (x: Expr, y: Expr) => losses.pinball(x, y, 0.9),
  smoothL1: (x: Expr, y: Expr) => losses.smoothL1(x, y),
  binaryCrossEntropy: (x: Expr, y: Expr) => losses.binaryCrossEntropy(shareOf(x), shareOf(y)),
  binaryCrossEntropyWithLogits: (x: Expr, y: Expr) =>
    losses.binaryCrossEntropyWithLogits(x, shareOf(y)),
  hinge: (x: Expr, y: Expr) => losses.hinge(x, y),
  gaussianNegativeLogLikelihood: (x: Expr, y: Expr) =>
    likelihoods.gaussianNegativeLogLikelihood(x, y, shareOf(y)),
  poissonNegativeLogLikelihood: (x: Expr, y: Expr) =>
    likelihoods.poissonNegativeLogLikelihood(x, y),
  focal: (x: Expr, y: Expr) => segmentations.focal(x, shareOf(y)),
}).map(([name, loss]) => ({ name, loss }));
