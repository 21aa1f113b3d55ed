import { add, minimum, rsqrt } from "../../../src/ir/ops/elementwise.ts";
import * as optim from "../../../src/optim/index.ts";
import {
  constantSchedule,
  cosineDecay,
  cosineWarmRestarts,
  linearWarmup,
  oneCycle,
} from "../../../src/optim/index.ts";
import type { Schedule } from "../../../src/optim/learningRate.ts";
import { adam, adamw } from "../../../src/optim/optimizers/adam.ts";
import { adadelta, adagrad, adamax, rmsprop } from "../../../src/optim/optimizers/adaptive.ts";
import { sgd } from "../../../src/optim/optimizers/sgd.ts";
import type { GradientTransformation } from "../../../src/optim/transformation.ts";
import { scaleByLearningRate, trace } from "../../../src/optim/transforms/parts.ts";
import {
  scaleByAdadelta,
  scaleByAdam,
  scaleByAdamax,
  scaleByRms,
  scaleByRss,
} from "../../../src/optim/transforms/scaleBy.ts";
import type { DefaultsSubject } from "../../training/optimizers.ts";
import type { Optimizers } from "../training/optimizers.ts";
import type { Schedules } from "../training/schedules.ts";

/** An optimizer without options, and with its documented defaults; `undefined` if it has no options. */
type Pair<A> = readonly [without: A, documented: A] | undefined;

const learningRate = 0.125;
const adams = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const sophias = { beta1: 0.96, beta2: 0.99, gamma: 0.01, epsilon: 1e-12, every: 10, seed: 0 };
const plain = sgd({ learningRate });
const rprops = { initialStep: 0.01, etaMinus: 0.5, etaPlus: 1.2, minStep: 1e-6, maxStep: 50 };

/** Every optimizer and transform. A missing one does not compile. */
const optimizers: { readonly [Name in Optimizers]: Pair<GradientTransformation> } = {
  sgd: [
    sgd({ learningRate }),
    sgd({ learningRate, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0 }),
  ],
  adam: [
    adam({ learningRate }),
    adam({ learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, amsgrad: false }),
  ],
  adamw: [
    adamw({ learningRate }),
    adamw({ learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 }),
  ],
  rmsprop: [
    rmsprop({ learningRate }),
    rmsprop({
      learningRate,
      alpha: 0.99,
      epsilon: 1e-8,
      momentum: 0,
      weightDecay: 0,
      centered: false,
    }),
  ],
  adagrad: [
    adagrad({ learningRate }),
    adagrad({ learningRate, epsilon: 1e-10, weightDecay: 0, learningRateDecay: 0, initialSum: 0 }),
  ],
  adadelta: [adadelta(), adadelta({ learningRate: 1, rho: 0.9, epsilon: 1e-6, weightDecay: 0 })],
  adamax: [
    adamax({ learningRate }),
    adamax({ learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 }),
  ],
  nadam: [
    optim.nadam({ learningRate }),
    optim.nadam({
      learningRate,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0,
      momentumDecay: 4e-3,
    }),
  ],
  radam: [
    optim.radam({ learningRate }),
    optim.radam({ learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 }),
  ],
  lion: [
    optim.lion({ learningRate }),
    optim.lion({ learningRate, beta1: 0.9, beta2: 0.99, weightDecay: 0 }),
  ],
  rprop: [optim.rprop(), optim.rprop(rprops)],
  trace: [trace(0.5), trace(0.5, { nesterov: false, dampening: 0 })],
  scaleByStddev: [optim.scaleByStddev(), optim.scaleByStddev({ alpha: 0.99, epsilon: 1e-8 })],
  scaleByAmsgrad: [optim.scaleByAmsgrad(), optim.scaleByAmsgrad(adams)],
  scaleByNadam: [optim.scaleByNadam(), optim.scaleByNadam({ ...adams, momentumDecay: 4e-3 })],
  scaleByRadam: [optim.scaleByRadam(), optim.scaleByRadam(adams)],
  scaleByBelief: [optim.scaleByBelief(), optim.scaleByBelief({ ...adams, epsilon: 1e-16 })],
  scaleByYogi: [optim.scaleByYogi(), optim.scaleByYogi({ ...adams, epsilon: 1e-3 })],
  scaleByAdan: [
    optim.scaleByAdan(),
    optim.scaleByAdan({ beta1: 0.98, beta2: 0.92, beta3: 0.99, epsilon: 1e-8 }),
  ],
  scaleByLion: [optim.scaleByLion(), optim.scaleByLion({ beta1: 0.9, beta2: 0.99 })],
  scaleByRprop: [optim.scaleByRprop(), optim.scaleByRprop(rprops)],
  scaleByAdam: [scaleByAdam(), scaleByAdam({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 })],
  scaleByAdamax: [scaleByAdamax(), scaleByAdamax({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 })],
  scaleByRms: [scaleByRms(), scaleByRms({ alpha: 0.99, epsilon: 1e-8 })],
  scaleByRss: [scaleByRss(), scaleByRss({ epsilon: 1e-10, initialSum: 0 })],
  scaleByAdadelta: [scaleByAdadelta(), scaleByAdadelta({ rho: 0.9, epsilon: 1e-6 })],
  adabelief: [
    optim.adabelief({ learningRate }),
    optim.adabelief({ learningRate, ...adams, epsilon: 1e-16, weightDecay: 0 }),
  ],
  yogi: [
    optim.yogi({ learningRate }),
    optim.yogi({ learningRate, ...adams, epsilon: 1e-3, weightDecay: 0 }),
  ],
  adan: [
    optim.adan({ learningRate }),
    optim.adan({
      learningRate,
      beta1: 0.98,
      beta2: 0.92,
      beta3: 0.99,
      epsilon: 1e-8,
      weightDecay: 0,
    }),
  ],
  sophia: [
    optim.sophia({ learningRate }),
    optim.sophia({ learningRate, ...sophias, weightDecay: 0 }),
  ],
  scaleBySophia: [optim.scaleBySophia(), optim.scaleBySophia(sophias)],
  lars: [
    optim.lars({ learningRate }),
    optim.lars({ learningRate, momentum: 0.9, trustCoefficient: 0.001, weightDecay: 0 }),
  ],
  lamb: [
    optim.lamb({ learningRate }),
    optim.lamb({ learningRate, ...adams, epsilon: 1e-6, weightDecay: 0 }),
  ],
  adafactor: [
    optim.adafactor(),
    optim.adafactor({
      learningRate: (t) => minimum(rsqrt(add(t, 1)), 0.01),
      clippingThreshold: 1,
      leastScale: 1e-3,
      decayRate: 0.8,
      epsilon: 1e-30,
      weightDecay: 0,
    }),
  ],
  prodigy: [
    optim.prodigy(),
    optim.prodigy({ learningRate: 1, ...adams, weightDecay: 0, initialDistance: 1e-6 }),
  ],
  scheduleFreeSgd: [
    optim.scheduleFreeSgd({ learningRate }),
    optim.scheduleFreeSgd({ learningRate, beta: 0.9, weightDecay: 0 }),
  ],
  scheduleFreeAdamw: [
    optim.scheduleFreeAdamw({ learningRate }),
    optim.scheduleFreeAdamw({ learningRate, ...adams, weightDecay: 0 }),
  ],
  asgd: [
    optim.asgd({ learningRate }),
    optim.asgd({ learningRate, lambda: 1e-4, alpha: 0.75, t0: 1e6, weightDecay: 0 }),
  ],
  muon: [
    optim.muon({ learningRate }),
    optim.muon({
      learningRate,
      momentum: 0.95,
      nesterov: true,
      steps: 5,
      epsilon: 1e-7,
      weightDecay: 0,
    }),
  ],
  shampoo: [
    optim.shampoo({ learningRate }),
    optim.shampoo({
      learningRate,
      momentum: 0,
      epsilon: 1e-4,
      every: 1,
      maxSize: 1024,
      weightDecay: 0,
    }),
  ],
  lbfgs: [
    optim.lbfgs(),
    optim.lbfgs({
      learningRate: 1,
      maxIterations: 20,
      maxEvaluations: 25,
      toleranceGradient: 1e-7,
      toleranceChange: 1e-9,
      historySize: 100,
      lineSearch: "none",
    }),
  ],
  averageParams: [optim.averageParams(), optim.averageParams(0)],
  lookahead: [optim.lookahead(plain), optim.lookahead(plain, { syncPeriod: 6, slowStep: 0.5 })],
  scheduleFree: [optim.scheduleFree(plain), optim.scheduleFree(plain, { beta: 0.9 })],
  addNoise: [optim.addNoise({ eta: 1 }), optim.addNoise({ eta: 1, gamma: 0.55, seed: 0 })],
  applyIfFinite: undefined,
  injectHyperparameters: undefined,
  reduceOnPlateau: [
    optim.reduceOnPlateau(plain),
    optim.reduceOnPlateau(plain, {
      factor: 0.1,
      patience: 10,
      threshold: 1e-4,
      cooldown: 0,
      every: 1,
      minScale: 0,
    }),
  ],
  centralize: undefined,
  clipByUnitNorm: [optim.clipByUnitNorm(), optim.clipByUnitNorm({ limit: 0.01, epsilon: 1e-3 })],
  scaleByTrustRatio: [
    optim.scaleByTrustRatio(),
    optim.scaleByTrustRatio({ coefficient: 1, weightDecay: 0, epsilon: 0 }),
  ],
  clipByBlockRms: [optim.clipByBlockRms(), optim.clipByBlockRms(1)],
  scaleByParamRms: [optim.scaleByParamRms(), optim.scaleByParamRms(1e-3)],
  orthogonalize: [optim.orthogonalize(), optim.orthogonalize({ steps: 5, epsilon: 1e-7 })],
  scaleByShampoo: [
    optim.scaleByShampoo(),
    optim.scaleByShampoo({ epsilon: 1e-4, every: 1, maxSize: 1024 }),
  ],
  scaleByFactoredRms: [
    optim.scaleByFactoredRms(),
    optim.scaleByFactoredRms({ decayRate: 0.8, epsilon: 1e-30 }),
  ],
  scale: undefined,
  scaleByLearningRate: undefined,
  clip: undefined,
  clipByGlobalNorm: undefined,
  addDecayedWeights: undefined,
  stateless: undefined,
  identity: undefined,
  freeze: undefined,
  recorded: undefined,
  partition: undefined,
  masked: undefined,
  chain: undefined,
};

/** Every schedule. */
const rates: {
  readonly [Name in keyof Schedules]: Pair<Schedule>;
} = {
  constantSchedule: undefined,
  stepDecay: undefined,
  multiStepDecay: undefined,
  exponentialDecay: undefined,
  cosineDecay: [cosineDecay(1, 3), cosineDecay(1, 3, 0)],
  cosineWarmRestarts: [cosineWarmRestarts(1, 3), cosineWarmRestarts(1, 3, { growth: 1, end: 0 })],
  linearWarmup: [linearWarmup(constantSchedule(1), 3), linearWarmup(constantSchedule(1), 3, 0)],
  joinSchedules: undefined,
  piecewiseConstant: undefined,
  oneCycle: [
    oneCycle(1, 3),
    oneCycle(1, 3, {
      rising: 0.3,
      startDivisor: 25,
      endDivisor: 1e4,
      along: "cosine",
      threePhases: false,
    }),
  ],
  polynomialDecay: [optim.polynomialDecay(1, 3), optim.polynomialDecay(1, 3, { power: 1, end: 0 })],
  inverseSquareRoot: undefined,
  cyclic: [
    optim.cyclic(0.1, 1),
    optim.cyclic(0.1, 1, { stepsUp: 2000, stepsDown: 2000, mode: "triangular", factor: 1 }),
  ],
};

/** Everything with optional options. A schedule is compared by its effect on gradients. */
export const defaultCases: readonly DefaultsSubject[] = [
  ...Object.entries(optimizers),
  ...Object.entries(rates).map(
    ([name, pair]) =>
      [name, pair?.map(scaleByLearningRate) as Pair<GradientTransformation>] as const,
  ),
].flatMap(([name, pair]) =>
  pair === undefined ? [] : [{ name, without: pair[0], documented: pair[1] }],
);
