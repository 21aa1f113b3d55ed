import * as fc from "fast-check";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { logSoftmax } from "../../../src/ir/ops/reduction.ts";
import { topKRouting } from "../../../src/nn/layers/moe.ts";
import * as contrastive from "../../../src/nn/losses/contrastive.ts";
import * as alignment from "../../../src/nn/losses/ctc.ts";
import * as margins from "../../../src/nn/losses/margins.ts";
import * as likelihoods from "../../../src/nn/losses/probabilistic.ts";
import * as balances from "../../../src/nn/losses/routing.ts";
import * as segmentations from "../../../src/nn/losses/segmentation.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { type Domain, distinct, positive, real, tensors, truth, unkinked } from "../../domain.ts";
import type { SymbolicFunction } from "../../symbolic.ts";

type Setting = Omit<SymbolicFunction, "name">;

const of = (f: (x: Expr, y: Expr, z: Expr) => Expr, ...operands: readonly Domain[]): Setting => ({
  operands,
  apply: ([x, y, z]) => [f(x as Expr, y as Expr, z as Expr)],
});

const vectors = tensors([3], unkinked);
const probabilities = tensors(
  [3],
  fc.integer({ min: 1, max: 7 }).map((k) => k / 8),
);
/** Vectors far from zero, whose direction is smooth. */
const directed = tensors([3], positive);
const classes = tensors([3], fc.nat(1), "i32");

/** Losses of particular distributions, distances and sequences. A missing one does not compile. */
export const particularLosses: {
  readonly [Name in keyof (typeof likelihoods &
    typeof segmentations &
    typeof margins &
    typeof contrastive &
    typeof balances &
    typeof alignment)]: readonly Setting[];
} = {
  gaussianNegativeLogLikelihood: [
    of(
      likelihoods.gaussianNegativeLogLikelihood,
      vectors,
      tensors([3], real),
      tensors([3], positive),
    ),
  ],
  poissonNegativeLogLikelihood: [
    of(likelihoods.poissonNegativeLogLikelihood, vectors, tensors([3], real)),
  ],
  focal: [
    of((x, y) => segmentations.focal(x, y), vectors, probabilities),
    of(
      (x, y) => segmentations.focal(x, y, { gamma: 3, alpha: 0.25 }),
      vectors,
      tensors([3], truth),
    ),
  ],
  dice: [of((x, y) => segmentations.dice(x, y), probabilities, probabilities)],
  sequenceCrossEntropy: [
    of((x, y) => likelihoods.sequenceCrossEntropy(x, y), tensors([3, 2], unkinked), classes),
    of(
      likelihoods.sequenceCrossEntropy,
      tensors([3, 2], unkinked),
      classes,
      tensors([3], truth, "bool"),
    ),
    of(
      (x, y, z) =>
        likelihoods.sequenceCrossEntropy(x, y, z, {
          labelSmoothing: 0.25,
          classWeights: constant(tensor([2, 0.5], "f64")),
        }),
      tensors([3, 2], unkinked),
      classes,
      tensors([3], truth, "bool"),
    ),
  ],
  // Where the margin is not met: two scores that are equal have a kink at a margin of 0.
  marginRanking: [
    of(
      (x, y) => margins.marginRanking(x, y, constant(tensor([1, -1, 1], "f64")), 9),
      vectors,
      vectors,
    ),
  ],
  softMargin: [of((x) => margins.softMargin(x, constant(tensor([1, -1, 1], "f64"))), vectors)],
  hingeEmbedding: [
    of((x) => margins.hingeEmbedding(x, constant(tensor([1, -1, 1], "f64")), 9), directed),
  ],
  multiMargin: [
    of((x) => margins.multiMargin(x, 1, { margin: 9 }), vectors),
    of((x) => margins.multiMargin(x, 0, { margin: 9, power: 2 }), vectors),
  ],
  multiLabelMargin: [
    of((x) => margins.multiLabelMargin(x, constant(tensor([1, 0, 0], "f64"))), distinct([3])),
  ],
  triplet: [
    of(
      (x, y, z) => contrastive.triplet(x, y, z, 9),
      directed,
      tensors(
        [3],
        unkinked.map((x) => x - 4),
      ),
      tensors(
        [3],
        unkinked.map((x) => x + 8),
      ),
    ),
  ],
  cosineEmbedding: [
    of((x, y) => contrastive.cosineEmbedding(x, y, 1), directed, directed),
    of((x, y) => contrastive.cosineEmbedding(x, y, -1, -0.5), directed, directed),
  ],
  infoNce: [of((x, y) => contrastive.infoNce(x, y, 1, 0.5), directed, tensors([2, 3], positive))],
  ntXent: [
    of((x, y) => contrastive.ntXent(x, y), tensors([3, 2], positive), tensors([3, 2], positive)),
    of((x) => contrastive.ntXent(x, x, 2), tensors([1, 2], positive)),
  ],
  loadBalancingLoss: [
    of((x) => balances.loadBalancingLoss(x, 1), distinct([3, 3])),
    of((x) => balances.loadBalancingLoss(x, 2), distinct([2, 4])),
  ],
  importanceLoss: [
    of((x) => balances.importanceLoss(x), tensors([3, 2], positive)),
    of((x) => balances.importanceLoss(topKRouting(x, 2)), distinct([2, 3])),
  ],
  ctc: [
    of(
      (x) => alignment.ctc(logSoftmax(x), constant(tensor([1, 1], "i32"))),
      tensors([4, 3], unkinked),
    ),
    of(
      (x) =>
        alignment.ctc(logSoftmax(x), constant(tensor([0, 1], "i32")), {
          blank: 2,
          inputLength: 3,
          labelLength: 1,
        }),
      tensors([4, 3], unkinked),
    ),
  ],
};
