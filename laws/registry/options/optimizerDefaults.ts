import * as optim from "../../../src/optim/index.ts";
import type { Schedule } from "../../../src/optim/learningRate.ts";
import { adam, adamw } from "../../../src/optim/optimizers/adam.ts";
import { adadelta, adagrad, adamax, rmsprop } from "../../../src/optim/optimizers/adaptive.ts";
import { sgd } from "../../../src/optim/optimizers/sgd.ts";
import type * as schedules from "../../../src/optim/schedules/schedules.ts";
import {
  constantSchedule,
  cosineDecay,
  cosineWarmRestarts,
  linearWarmup,
  oneCycle,
} from "../../../src/optim/schedules/schedules.ts";
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

/** An optimizer without options, and with its documented defaults; `undefined` if it has no options. */
type Pair<A> = readonly [without: A, documented: A] | undefined;

const learningRate = 0.125;
const adams = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
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
  readonly [Name in Exclude<keyof typeof schedules, "sampleSchedule">]: Pair<Schedule>;
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
  oneCycle: [oneCycle(1, 3), oneCycle(1, 3, { rising: 0.3, startDivisor: 25, endDivisor: 1e4 })],
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
