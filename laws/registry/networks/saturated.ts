import * as fc from "fast-check";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { logSoftmax } from "../../../src/ir/ops/reduction.ts";
import { pairwiseDistances, vectorNorm } from "../../../src/linalg/norms.ts";
import * as activations from "../../../src/nn/functional/activation.ts";
import { lpPool } from "../../../src/nn/functional/pool.ts";
import { topKRouting } from "../../../src/nn/layers/moe.ts";
import * as contrastive from "../../../src/nn/losses/contrastive.ts";
import * as alignment from "../../../src/nn/losses/ctc.ts";
import * as margins from "../../../src/nn/losses/margins.ts";
import * as likelihoods from "../../../src/nn/losses/probabilistic.ts";
import * as losses from "../../../src/nn/losses/regression.ts";
import * as balances from "../../../src/nn/losses/routing.ts";
import * as segmentations from "../../../src/nn/losses/segmentation.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { type Domain, record, tensors, truth } from "../../domain.ts";
import type { Family } from "../../law.ts";
import type { Saturated } from "../../networks/saturation.ts";
import { logUniform, uniform } from "../../values/hostile.ts";

/** The largest magnitude of operands, and their dtype. */
interface Reach {
  readonly most: number;
  readonly dtype: "f32" | "f64";
}

type Apply = (x: Expr, y: Expr, z: Expr) => Expr;
/** A function with drawn options, and its operands. */
interface Setting {
  readonly members: fc.Arbitrary<{ readonly options: unknown; readonly apply: Apply }>;
  readonly operands: (reach: Reach) => readonly Domain[];
  readonly variables?: number;
}
/** The reason why a function is not finite where it saturates. */
type Because = string;

const sized = ({ most, dtype }: Reach, ...shape: readonly number[]): Domain =>
  tensors(
    shape,
    fc.oneof(
      logUniform(1e-30, most),
      uniform(-200, 200).map(Math.fround),
      fc.constantFrom(0, -0, 110, -110, most, -most),
    ),
    dtype,
  );
const shares = ({ dtype }: Reach, ...shape: readonly number[]): Domain =>
  tensors(shape, fc.oneof(uniform(0, 1).map(Math.fround), truth), dtype);
const classes = (count: number, ...shape: readonly number[]): Domain =>
  tensors(shape, fc.nat(count - 1), "i32");

const fromZero = fc.oneof(fc.constantFrom(0, 0.5, 1, 2, 5), uniform(0, 1), uniform(0, 9));
const aboveZero = fc.oneof(fc.constantFrom(0.5, 1, 2), uniform(0.01, 9));
const share = fc.oneof(fc.constantFrom(0, 1), uniform(0, 1));
const lessThanOne = fc.oneof(fc.constant(0), uniform(0, 0.99));
const number = uniform(-3, 3);

const ofLogits = (reach: Reach) => [sized(reach, 3)];
const ofTwo = (reach: Reach) => [sized(reach, 3), sized(reach, 3)];
const ofShares = (reach: Reach) => [sized(reach, 3), shares(reach, 3)];

const plain = (apply: Apply, operands: Setting["operands"] = ofLogits): Setting => ({
  members: fc.constant({ options: {}, apply }),
  operands,
});
const drawn = <O>(
  options: fc.Arbitrary<O>,
  apply: (options: O) => Apply,
  operands: Setting["operands"] = ofLogits,
): Setting => ({
  members: options.map((each) => ({ options: each, apply: apply(each) })),
  operands,
});
const both = (setting: Setting): Setting => ({ ...setting, variables: 2 });

const smoothing = record({ labelSmoothing: lessThanOne, classWeights: fromZero });
const label = constant(tensor([1, 0], "i32"));

const settings: {
  readonly [Name in keyof (typeof activations &
    typeof losses &
    typeof likelihoods &
    typeof segmentations &
    typeof margins &
    typeof contrastive &
    typeof balances &
    typeof alignment)]: Because | readonly Setting[];
} = {
  sigmoid: [plain(activations.sigmoid)],
  logSigmoid: [plain(activations.logSigmoid)],
  relu: [plain(activations.relu)],
  relu6: [plain(activations.relu6)],
  leakyRelu: [drawn(number, (n) => (x) => activations.leakyRelu(x, n))],
  elu: [drawn(number, (n) => (x) => activations.elu(x, n))],
  celu: [drawn(aboveZero, (n) => (x) => activations.celu(x, n))],
  selu: [plain(activations.selu)],
  gelu: [plain(activations.gelu)],
  geluTanh: [plain(activations.geluTanh)],
  silu: [plain(activations.silu)],
  softplus: [
    drawn(
      fc.tuple(aboveZero, uniform(-9, 99)),
      ([beta, threshold]) =>
        (x) =>
          activations.softplus(x, beta, threshold),
    ),
  ],
  softsign: [plain(activations.softsign)],
  mish: [plain(activations.mish)],
  hardtanh: [
    drawn(
      fc.tuple(number, fromZero),
      ([low, n]) =>
        (x) =>
          activations.hardtanh(x, low, low + n),
    ),
  ],
  hardsigmoid: [plain(activations.hardsigmoid)],
  hardswish: [plain(activations.hardswish)],
  hardshrink: [drawn(fromZero, (n) => (x) => activations.hardshrink(x, n))],
  softshrink: [drawn(fromZero, (n) => (x) => activations.softshrink(x, n))],
  tanhshrink: [plain(activations.tanhshrink)],
  threshold: [
    drawn(
      fc.tuple(number, number),
      ([at, value]) =>
        (x) =>
          activations.threshold(x, at, value),
    ),
  ],
  softmin: [plain((x) => activations.softmin(x))],
  glu: [
    plain(
      (x) => activations.glu(x),
      (reach) => [sized(reach, 4)],
    ),
  ],

  meanSquaredError: [both(plain((x, y) => losses.meanSquaredError(x, y), ofTwo))],
  meanAbsoluteError: [both(plain((x, y) => losses.meanAbsoluteError(x, y), ofTwo))],
  huber: [both(drawn(aboveZero, (n) => (x, y) => losses.huber(x, y, n), ofTwo))],
  pinball: [both(drawn(uniform(0.01, 0.99), (q) => (x, y) => losses.pinball(x, y, q), ofTwo))],
  smoothL1: [both(drawn(fromZero, (n) => (x, y) => losses.smoothL1(x, y, n), ofTwo))],
  binaryCrossEntropy: [
    plain(
      (x, y) => losses.binaryCrossEntropy(x, y),
      (reach) => [shares(reach, 3), shares(reach, 3)],
    ),
    plain((x, y) => losses.binaryCrossEntropy(activations.sigmoid(x), y), ofShares),
  ],
  binaryCrossEntropyWithLogits: [
    plain((x, y) => losses.binaryCrossEntropyWithLogits(x, y), ofShares),
    drawn(
      fromZero,
      (positiveWeight) => (x, y) => losses.binaryCrossEntropyWithLogits(x, y, { positiveWeight }),
      ofShares,
    ),
  ],
  softmaxCrossEntropy: [
    drawn(
      smoothing,
      (options) => (x, y) => losses.softmaxCrossEntropy(x, y, options),
      (reach) => [sized(reach, 3), classes(3)],
    ),
    plain((x, y) => losses.softmaxCrossEntropy(x, y), ofShares),
  ],
  negativeLogLikelihood: [
    drawn(
      fromZero,
      (classWeights) => (x, y) => losses.negativeLogLikelihood(logSoftmax(x), y, { classWeights }),
      (reach) => [sized(reach, 3), classes(3)],
    ),
  ],
  distillation: [
    drawn(
      record({ temperature: aboveZero, alpha: share }),
      (options) => (x, y, z) => losses.distillation(x, z, y, options),
      (reach) => [sized(reach, 3), sized(reach, 3), classes(3)],
    ),
  ],
  hinge: [both(plain((x, y) => losses.hinge(x, y), ofTwo))],
  klDivergence: [plain((x, y) => losses.klDivergence(logSoftmax(x), y), ofShares)],
  l1Penalty: [drawn(fromZero, (n) => (x) => losses.l1Penalty([x], n))],
  l2Penalty: [drawn(fromZero, (n) => (x) => losses.l2Penalty([x], n))],
  gaussianNegativeLogLikelihood: [
    {
      ...drawn(
        uniform(1e-6, 1),
        (n) => (x, v, y) => likelihoods.gaussianNegativeLogLikelihood(x, y, v, n),
        (reach) => [sized(reach, 3), shares(reach, 3), sized(reach, 3)],
      ),
      variables: 2,
    },
  ],
  poissonNegativeLogLikelihood: "a rate is the exponential of what it is given",
  focal: [
    drawn(fromZero, (gamma) => (x, y) => segmentations.focal(x, y, { gamma }), ofShares),
    drawn(
      record({ gamma: fromZero, alpha: share }),
      (options) => (x, y) => segmentations.focal(x, y, options),
      ofShares,
    ),
  ],
  dice: [
    drawn(aboveZero, (n) => (x, y) => segmentations.dice(activations.sigmoid(x), y, n), ofShares),
  ],
  sequenceCrossEntropy: [
    drawn(
      smoothing,
      (options) => (x, y, m) => likelihoods.sequenceCrossEntropy(x, y, m, options),
      (reach) => [sized(reach, 2, 3), classes(3, 2), tensors([2], truth, "bool")],
    ),
  ],
  marginRanking: ([-1, 1] as const).map((target) =>
    both(drawn(fromZero, (n) => (x, y) => margins.marginRanking(x, y, target, n), ofTwo)),
  ),
  softMargin: [both(plain((x, y) => margins.softMargin(x, y), ofTwo))],
  hingeEmbedding: ([-1, 1] as const).map((target) =>
    drawn(number, (n) => (x) => margins.hingeEmbedding(x, target, n)),
  ),
  multiMargin: ([1, 2] as const).map((power) =>
    drawn(
      number,
      (margin) => (x, y) => margins.multiMargin(x, y, { margin, power }),
      (reach) => [sized(reach, 3), classes(3)],
    ),
  ),
  multiLabelMargin: [plain((x) => margins.multiLabelMargin(x, constant(tensor([1, 0, 0]))))],
  triplet: [
    {
      ...drawn(
        fromZero,
        (n) => (x, y, z) => contrastive.triplet(x, y, z, n),
        (reach) => [sized(reach, 3), sized(reach, 3), sized(reach, 3)],
      ),
      variables: 3,
    },
  ],
  cosineEmbedding: ([-1, 1] as const).map((target) =>
    both(
      drawn(uniform(-1, 1), (n) => (x, y) => contrastive.cosineEmbedding(x, y, target, n), ofTwo),
    ),
  ),
  infoNce: [
    both(
      drawn(
        aboveZero,
        (n) => (x, y, z) => contrastive.infoNce(x, y, z, n),
        (reach) => [sized(reach, 2), sized(reach, 3, 2), classes(3)],
      ),
    ),
  ],
  ntXent: [
    both(
      drawn(
        aboveZero,
        (n) => (x, y) => contrastive.ntXent(x, y, n),
        (reach) => [sized(reach, 3, 2), sized(reach, 3, 2)],
      ),
    ),
  ],
  loadBalancingLoss: [
    drawn(
      fc.integer({ min: 1, max: 3 }),
      (k) => (x) => balances.loadBalancingLoss(x, k),
      (reach) => [sized(reach, 2, 3)],
    ),
  ],
  importanceLoss: [
    drawn(
      fc.integer({ min: 1, max: 3 }),
      (k) => (x) => balances.importanceLoss(topKRouting(x, k)),
      (reach) => [sized(reach, 2, 3)],
    ),
  ],
  ctc: [
    plain(
      (x) => alignment.ctc(logSoftmax(x), label, { blank: 2 }),
      (reach) => [sized(reach, 3, 3)],
    ),
  ],
};

const familyOf = (
  name: string,
  { members, operands, variables = 1 }: Setting,
  reach: Reach,
): Family<Saturated> => ({
  name,
  members: members.map(({ options, apply }) => ({
    ...{ name, options, variables },
    operands: operands(reach),
    apply: ([x, y, z]) => [apply(x as Expr, y as Expr, z as Expr)],
  })),
  show: ({ options }) => `${name} with ${fc.stringify(options)}`,
});

/** Every activation and loss with drawn options, of numbers up to `most`. */
export const saturatedFunctions = (most: number, dtype: "f32" | "f64" = "f32") =>
  Object.entries<Because | readonly Setting[]>(settings).flatMap(([name, all]) =>
    typeof all === "string"
      ? []
      : all.map((setting, i) =>
          familyOf(i === 0 ? name : `${name}, setting ${i + 1}`, setting, { most, dtype }),
        ),
  );

/** Zeros, tiny and ordinary numbers: a power below 1 has no slope at 0. */
const nearZero = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0, -0) },
  { weight: 1, arbitrary: fc.constantFrom(1e-30, -1e-10, 1, -1, 3).map(Math.fround) },
);
const exponent = fc.oneof(fc.constantFrom(0.1, 0.5, 1, 1.5, 2, 3), uniform(0.05, 9));
const signed = fc.tuple(exponent, fc.constantFrom(1, -1)).map(([p, sign]) => sign * p);

const withExponent = (
  name: string,
  exponents: fc.Arbitrary<number>,
  shapes: readonly (readonly number[])[],
  f: (p: number, x: Expr, y: Expr) => Expr,
): Family<Saturated> => ({
  name,
  members: exponents.map((p) => ({
    ...{ name, options: p, variables: shapes.length },
    operands: shapes.map((shape) => tensors(shape, nearZero, "f32")),
    apply: ([x, y]) => [f(p, x as Expr, y as Expr)],
  })),
  show: ({ options }) => `${name} with the exponent ${options}`,
});

/** Functions with a random exponent, at numbers at or near 0. */
export const powerFunctions: readonly Family<Saturated>[] = [
  withExponent("lpPool", exponent, [[4, 1]], (p, x) => lpPool(x, p, 2)),
  withExponent("vectorNorm", signed, [[3]], (p, x) => vectorNorm(x, p)),
  withExponent(
    "pairwiseDistances",
    signed,
    [
      [2, 2],
      [1, 2],
    ],
    (p, x, y) => pairwiseDistances(x, y, p),
  ),
];
