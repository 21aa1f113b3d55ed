import * as fc from "fast-check";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { logSoftmax } from "../../../src/ir/ops/reduction.ts";
import * as losses from "../../../src/nn/losses/regression.ts";
import { type Domain, real, tensorOf, tensors, truth, unkinked } from "../../domain.ts";
import type { SymbolicFunction } from "../../symbolic.ts";
import { particularLosses } from "./particularLosses.ts";

type Setting = Omit<SymbolicFunction, "name">;

const of = (f: (x: Expr, y: Expr) => Expr, ...operands: readonly Domain[]): Setting => ({
  operands,
  apply: ([x, y]) => [f(x as Expr, y as Expr)],
});

const predictions = tensors([3], unkinked);
const targets = tensors([3], real);
/** Numbers from ⅛ to ⅞. */
const probabilities = tensors(
  [3],
  fc.integer({ min: 1, max: 7 }).map((k) => k / 8),
);
const bits = tensors([3], truth);
const signs = tensors(
  [3],
  truth.map((b) => 2 * b - 1),
);
const labels = tensors([], fc.nat(2), "i32");

/** Numbers from 0 to 1, inclusive. */
const weights = tensors(
  [3],
  fc.integer({ min: 0, max: 4 }).map((k) => k / 4),
);

/** Classes of different weights, one of them 0, and a label to ignore. */
const weighing = { classWeights: constant(tensorOf([3], "f64", [2, 0, 0.5])), ignore: 2 };

/** A distribution with an impossible class, as a constant: `p ln p` has no derivative at 0. */
const impossible = constant(tensorOf([3], "f64", [0.75, 0, 0.25]));

/** Every loss, in several settings. A missing one does not compile. */
const settings: { readonly [Name in keyof typeof losses]: readonly Setting[] } = {
  meanSquaredError: [of(losses.meanSquaredError, predictions, targets)],
  meanAbsoluteError: [of(losses.meanAbsoluteError, predictions, targets)],
  huber: [
    of(losses.huber, predictions, targets),
    of((x, y) => losses.huber(x, y, 0.5), predictions, targets),
  ],
  pinball: [
    of(losses.pinball, predictions, targets),
    of((x, y) => losses.pinball(x, y, 0.9), predictions, targets),
  ],
  smoothL1: [
    of(losses.smoothL1, predictions, targets),
    of((x, y) => losses.smoothL1(x, y, 0.5), predictions, targets),
    of((x, y) => losses.smoothL1(x, y, 0), predictions, targets),
  ],
  binaryCrossEntropy: [
    of(losses.binaryCrossEntropy, probabilities, probabilities),
    of(losses.binaryCrossEntropy, probabilities, bits),
  ],
  binaryCrossEntropyWithLogits: [
    of(losses.binaryCrossEntropyWithLogits, predictions, probabilities),
    of(
      (x, y) => losses.binaryCrossEntropyWithLogits(x, y, { positiveWeight: 3 }),
      predictions,
      bits,
    ),
  ],
  softmaxCrossEntropy: [
    of(losses.softmaxCrossEntropy, predictions, labels),
    of(losses.softmaxCrossEntropy, predictions, probabilities),
    of(losses.softmaxCrossEntropy, predictions, weights),
    of((x, y) => losses.softmaxCrossEntropy(x, y, { labelSmoothing: 0.1 }), predictions, labels),
    of((x, y) => losses.softmaxCrossEntropy(x, y, weighing), predictions, labels),
    of(
      (x, y) => losses.softmaxCrossEntropy(x, y, { ...weighing, labelSmoothing: 0.25 }),
      predictions,
      weights,
    ),
  ],
  negativeLogLikelihood: [
    of((x, y) => losses.negativeLogLikelihood(logSoftmax(x), y), predictions, labels),
    of((x, y) => losses.negativeLogLikelihood(logSoftmax(x), y), predictions, weights),
    of((x, y) => losses.negativeLogLikelihood(logSoftmax(x), y, weighing), predictions, labels),
  ],
  distillation: [
    of((x, y) => losses.distillation(x, 1, y), predictions, targets),
    of(
      (x, y) => losses.distillation(x, y, impossible, { temperature: 1, alpha: 0.25 }),
      predictions,
      labels,
    ),
  ],
  hinge: [of(losses.hinge, predictions, signs)],
  klDivergence: [
    of(losses.klDivergence, predictions, probabilities),
    of((x) => losses.klDivergence(x, impossible), predictions),
  ],
  l1Penalty: [of((x, y) => losses.l1Penalty({ x, y }, 0.5), predictions, predictions)],
  l2Penalty: [of((x, y) => losses.l2Penalty([x, { y }], 0.5), predictions, targets)],
};

export const lossFunctions: readonly SymbolicFunction[] = Object.entries({
  ...settings,
  ...particularLosses,
}).flatMap(([name, all]) =>
  all.map((setting, i) => ({
    ...setting,
    name: i === 0 ? name : `${name}, setting ${i + 1}`,
  })),
);
