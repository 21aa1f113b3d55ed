import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import * as activations from "../../../src/nn/functional/activation.ts";
import * as contrastive from "../../../src/nn/losses/contrastive.ts";
import * as alignment from "../../../src/nn/losses/ctc.ts";
import * as margins from "../../../src/nn/losses/margins.ts";
import * as likelihoods from "../../../src/nn/losses/probabilistic.ts";
import * as losses from "../../../src/nn/losses/regression.ts";
import * as balances from "../../../src/nn/losses/routing.ts";
import * as segmentations from "../../../src/nn/losses/segmentation.ts";
import * as calibrations from "../../../src/nn/metrics/calibration.ts";
import * as metrics from "../../../src/nn/metrics/classification.ts";
import * as confusions from "../../../src/nn/metrics/confusion.ts";
import * as rankings from "../../../src/nn/metrics/ranking.ts";
import * as errors from "../../../src/nn/metrics/regression.ts";
import { ones, tensor } from "../../../src/tensor/constructors.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import {
  aboveZero,
  anyWhole,
  between,
  finiteNumber,
  fromZero,
  type Option,
  optionsOf,
  placeOf,
  wholeFrom,
} from "../../options.ts";
import type { EveryMetric } from "../networks/metrics.ts";
import type { OptionTable } from "./table.ts";

/** The numeric options of activations, losses and metrics. */

const none = {};
const x = constant(ones([4]) as Tensor) as Expr;
const scores = constant(ones([3, 4]) as Tensor);
const labels = constant(tensor([1, 2, 1], "i32"));
const share = between(0, 1, { high: true });

const activationOptions: OptionTable<typeof activations> = {
  sigmoid: none,
  logSigmoid: none,
  relu: none,
  relu6: none,
  leakyRelu: { slope: [finiteNumber, (n) => activations.leakyRelu(x, n)] },
  elu: { alpha: [finiteNumber, (n) => activations.elu(x, n)] },
  celu: { alpha: [aboveZero, (n) => activations.celu(x, n)] },
  selu: none,
  gelu: none,
  geluTanh: none,
  silu: none,
  softplus: { beta: [aboveZero, (n) => activations.softplus(x, n)] },
  softsign: none,
  mish: none,
  hardtanh: {
    low: [between(Number.NEGATIVE_INFINITY, 1), (n) => activations.hardtanh(x, n)],
    high: [between(-1, Number.POSITIVE_INFINITY), (n) => activations.hardtanh(x, -1, n)],
  },
  hardsigmoid: none,
  hardswish: none,
  hardshrink: { lambda: [fromZero, (n) => activations.hardshrink(x, n)] },
  softshrink: { lambda: [fromZero, (n) => activations.softshrink(x, n)] },
  tanhshrink: none,
  threshold: none,
  softmin: { axis: [placeOf(2), (n) => activations.softmin(scores, n)] },
  glu: { axis: [placeOf(1), (n) => activations.glu(x, n)] },
};

const lossOptions: OptionTable<
  typeof losses &
    typeof likelihoods &
    typeof segmentations &
    typeof margins &
    typeof contrastive &
    typeof balances &
    typeof alignment
> = {
  meanSquaredError: none,
  meanAbsoluteError: none,
  huber: { delta: [aboveZero, (n) => losses.huber(x, x, n)] },
  pinball: { quantile: [between(0, 1, { low: true, high: true }), (n) => losses.pinball(x, x, n)] },
  smoothL1: { beta: [fromZero, (n) => losses.smoothL1(x, x, n)] },
  binaryCrossEntropy: none,
  binaryCrossEntropyWithLogits: {
    positiveWeight: [
      fromZero,
      (positiveWeight) => losses.binaryCrossEntropyWithLogits(x, x, { positiveWeight }),
    ],
  },
  softmaxCrossEntropy: {
    label: [anyWhole, (n) => losses.softmaxCrossEntropy(x, n)],
    labelSmoothing: [
      share,
      (labelSmoothing) => losses.softmaxCrossEntropy(x, 1, { labelSmoothing }),
    ],
    classWeights: [fromZero, (classWeights) => losses.softmaxCrossEntropy(x, 1, { classWeights })],
    ignore: [anyWhole, (ignore) => losses.softmaxCrossEntropy(x, 1, { ignore })],
  },
  negativeLogLikelihood: {
    label: [anyWhole, (n) => losses.negativeLogLikelihood(x, n)],
    classWeights: [
      fromZero,
      (classWeights) => losses.negativeLogLikelihood(x, 1, { classWeights }),
    ],
    ignore: [anyWhole, (ignore) => losses.negativeLogLikelihood(x, 1, { ignore })],
  },
  distillation: {
    label: [anyWhole, (n) => losses.distillation(x, n, x)],
    temperature: [aboveZero, (temperature) => losses.distillation(x, 1, x, { temperature })],
    alpha: [between(0, 1), (alpha) => losses.distillation(x, 1, x, { alpha })],
  },
  hinge: none,
  klDivergence: none,
  l1Penalty: { coefficient: [fromZero, (n) => losses.l1Penalty([x], n)] },
  l2Penalty: { coefficient: [fromZero, (n) => losses.l2Penalty([x], n)] },
  gaussianNegativeLogLikelihood: {
    epsilon: [aboveZero, (n) => likelihoods.gaussianNegativeLogLikelihood(x, x, x, n)],
  },
  poissonNegativeLogLikelihood: none,
  focal: {
    gamma: [fromZero, (gamma) => segmentations.focal(x, x, { gamma })],
    alpha: [between(0, 1), (alpha) => segmentations.focal(x, x, { alpha })],
  },
  dice: { smooth: [fromZero, (n) => segmentations.dice(x, x, n)] },
  sequenceCrossEntropy: {
    labelSmoothing: [
      share,
      (labelSmoothing) =>
        likelihoods.sequenceCrossEntropy(scores, labels, undefined, { labelSmoothing }),
    ],
    classWeights: [
      fromZero,
      (n) => likelihoods.sequenceCrossEntropy(scores, labels, undefined, { classWeights: n }),
    ],
  },
  marginRanking: { margin: [fromZero, (n) => margins.marginRanking(x, x, x, n)] },
  softMargin: none,
  hingeEmbedding: { margin: [finiteNumber, (n) => margins.hingeEmbedding(x, x, n)] },
  multiMargin: {
    margin: [finiteNumber, (margin) => margins.multiMargin(x, 1, { margin })],
    power: [
      wholeFrom(1, 2),
      // Numbers beyond the type are what is tried.
      (power) => margins.multiMargin(x, 1, { power: power as 1 }),
    ],
  },
  multiLabelMargin: none,
  triplet: { margin: [fromZero, (n) => contrastive.triplet(x, x, x, n)] },
  cosineEmbedding: { margin: [between(-1, 1), (n) => contrastive.cosineEmbedding(x, x, 1, n)] },
  ntXent: { temperature: [aboveZero, (n) => contrastive.ntXent(scores, scores, n)] },
  infoNce: { temperature: [aboveZero, (n) => contrastive.infoNce(x, scores, 1, n)] },
  loadBalancingLoss: { k: [wholeFrom(1, 4), (n) => balances.loadBalancingLoss(scores, n)] },
  importanceLoss: none,
  ctc: {
    blank: [wholeFrom(0, 3), (blank) => alignment.ctc(scores, labels, { blank })],
    inputLength: [wholeFrom(0, 3), (n) => alignment.ctc(scores, labels, { inputLength: n })],
    labelLength: [wholeFrom(0, 3), (n) => alignment.ctc(scores, labels, { labelLength: n })],
  },
};

const metricOptions: OptionTable<EveryMetric> = {
  meanLoss: none,
  meanOf: none,
  accuracy: none,
  binaryAccuracy: { threshold: [finiteNumber, (n) => metrics.binaryAccuracy(n)] },
  exactMatch: { padding: [anyWhole, (padding) => metrics.exactMatch({ padding })] },
  topKAccuracy: { k: [wholeFrom(1), (n) => metrics.topKAccuracy(n)] },
  rootMeanSquaredError: none,
  confusionMatrix: { classes: [wholeFrom(1), (n) => confusions.confusionMatrix(n)] },
  precision: {
    classes: [wholeFrom(1), (n) => confusions.precision(n)],
    of: [wholeFrom(0, 2), (n) => confusions.precision(3, n)],
  },
  recall: {
    classes: [wholeFrom(1), (n) => confusions.recall(n)],
    of: [wholeFrom(0, 2), (n) => confusions.recall(3, n)],
  },
  f1: {
    classes: [wholeFrom(1), (n) => confusions.f1(n)],
    of: [wholeFrom(0, 2), (n) => confusions.f1(3, n)],
  },
  intersectionOverUnion: {
    classes: [wholeFrom(1), (n) => confusions.intersectionOverUnion(n)],
    of: [wholeFrom(0, 2), (n) => confusions.intersectionOverUnion(3, n)],
  },
  dice: {
    classes: [wholeFrom(1), (n) => confusions.dice(n)],
    of: [wholeFrom(0, 2), (n) => confusions.dice(3, n)],
  },
  meanAbsoluteError: none,
  meanSquaredError: none,
  meanAbsolutePercentageError: none,
  perplexity: none,
  prognosticScore: {
    early: [aboveZero, (early) => errors.prognosticScore({ early })],
    late: [aboveZero, (late) => errors.prognosticScore({ late })],
  },
  r2: none,
  meanReciprocalRank: none,
  recallAt: { k: [wholeFrom(1), (n) => metrics.recallAt(n)] },
  rocAuc: { of: [wholeFrom(0), (of) => rankings.rocAuc({ of })] },
  averagePrecision: { of: [wholeFrom(0), (of) => rankings.averagePrecision({ of })] },
  calibrationError: { bins: [wholeFrom(1), (bins) => calibrations.calibrationError({ bins })] },
};

export const lossOptionCases: readonly Option[] = Object.entries({
  ...activationOptions,
  ...lossOptions,
  ...metricOptions,
}).flatMap(([op, options]) => optionsOf(op, options));
