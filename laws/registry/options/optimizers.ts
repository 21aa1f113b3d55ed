import * as optim from "../../../src/optim/index.ts";
import {
  constantSchedule,
  cosineDecay,
  cosineWarmRestarts,
  exponentialDecay,
  joinSchedules,
  linearWarmup,
  multiStepDecay,
  oneCycle,
  piecewiseConstant,
  sampleSchedule,
  stepDecay,
} from "../../../src/optim/index.ts";
import { adam, adamw } from "../../../src/optim/optimizers/adam.ts";
import { adadelta, adagrad, adamax, rmsprop } from "../../../src/optim/optimizers/adaptive.ts";
import { sgd } from "../../../src/optim/optimizers/sgd.ts";
import {
  addDecayedWeights,
  clip,
  clipByGlobalNorm,
  scale,
  scaleByLearningRate,
  trace,
} from "../../../src/optim/transforms/parts.ts";
import {
  scaleByAdadelta,
  scaleByAdam,
  scaleByAdamax,
  scaleByRms,
  scaleByRss,
} from "../../../src/optim/transforms/scaleBy.ts";
import {
  between,
  finiteNumber,
  fromZero,
  type Option,
  optionsOf,
  type Range,
  wholeFrom,
} from "../../options.ts";
import type { Optimizers } from "../training/optimizers.ts";
import type { Schedules } from "../training/schedules.ts";
import { furtherOptions } from "./furtherOptimizers.ts";

/** The decay of a running mean: at 1 the mean would never move. */
const share = between(0, 1, { high: true });
const probability = between(0, 1);
/** Without an upper end: a limit of infinity clips nothing. */
const anyAboveZero = between(0, Number.POSITIVE_INFINITY, { low: true });
const growth = between(1, Number.POSITIVE_INFINITY, { high: true });
const steps = wholeFrom(1);

type Options = { readonly [argument: string]: readonly [Range, Option["use"]] };

/** The ranges of options that several optimizers share, by name. */
const ranges = {
  learningRate: fromZero,
  weightDecay: fromZero,
  epsilon: fromZero,
  momentum: share,
  alpha: share,
  rho: share,
  beta1: share,
  beta2: share,
  beta3: share,
  dampening: between(0, 1),
  momentumDecay: fromZero,
  learningRateDecay: fromZero,
  initialSum: fromZero,
  initialStep: anyAboveZero,
  etaMinus: between(0, 1, { low: true, high: true }),
  etaPlus: between(1, Number.POSITIVE_INFINITY, { low: true, high: true }),
  minStep: between(0, 50, { low: true }),
  maxStep: between(1e-6, Number.POSITIVE_INFINITY),
} as const satisfies { readonly [argument: string]: Range };

type Argument = keyof typeof ranges;

/** The options of an optimizer or transform, tested one at a time beside a learning rate. */
const taking =
  <O extends object>(optimizer: (options: O) => unknown) =>
  (...names: readonly (keyof O & Argument)[]): Options =>
    Object.fromEntries(
      names.map((name) => [
        name,
        // The optimizer has an option of that name.
        [ranges[name], (n) => optimizer({ learningRate: 0.1, [name]: n } as O)] as const,
      ]),
    );

type Rated<O> = O & { readonly learningRate: number };
type OptionsOf<F extends (options: never) => unknown> = Rated<
  Omit<NonNullable<Parameters<F>[0]>, "learningRate">
>;

type Scaling<F extends (options?: never) => unknown> = NonNullable<Parameters<F>[0]>;

const rpropOptions = ["initialStep", "etaMinus", "etaPlus", "minStep", "maxStep"] as const;

/** The scalings with the options of Adam's. */
const adamLike = {
  scaleByAdam,
  scaleByAdamax,
  scaleByAmsgrad: optim.scaleByAmsgrad,
  scaleByRadam: optim.scaleByRadam,
  scaleByBelief: optim.scaleByBelief,
  scaleByYogi: optim.scaleByYogi,
};
// The keys of `adamLike`, each with its options.
const adamScalings = Object.fromEntries(
  Object.entries(adamLike).map(([name, scaling]) => [
    name,
    taking<optim.AdamScaling>(scaling)("beta1", "beta2", "epsilon"),
  ]),
) as { readonly [Name in keyof typeof adamLike]: Options };

/** Every numeric option of every optimizer and transform. A missing one does not compile. */
const optimizers: { readonly [Name in Optimizers]: Options } = {
  sgd: taking<OptionsOf<typeof sgd>>(sgd)("learningRate", "momentum", "dampening", "weightDecay"),
  adam: taking<OptionsOf<typeof adam>>(adam)(
    "learningRate",
    "beta1",
    "beta2",
    "epsilon",
    "weightDecay",
  ),
  adamw: taking<OptionsOf<typeof adamw>>(adamw)(
    "learningRate",
    "beta1",
    "beta2",
    "epsilon",
    "weightDecay",
  ),
  rmsprop: taking<OptionsOf<typeof rmsprop>>(rmsprop)(
    "learningRate",
    "alpha",
    "momentum",
    "epsilon",
    "weightDecay",
  ),
  adagrad: taking<OptionsOf<typeof adagrad>>(adagrad)(
    "learningRate",
    "epsilon",
    "weightDecay",
    "learningRateDecay",
    "initialSum",
  ),
  nadam: taking<OptionsOf<typeof optim.nadam>>(optim.nadam)(
    "learningRate",
    "beta1",
    "beta2",
    "epsilon",
    "weightDecay",
    "momentumDecay",
  ),
  radam: taking<OptionsOf<typeof optim.radam>>(optim.radam)(
    "learningRate",
    "beta1",
    "beta2",
    "epsilon",
    "weightDecay",
  ),
  lion: taking<OptionsOf<typeof optim.lion>>(optim.lion)(
    "learningRate",
    "beta1",
    "beta2",
    "weightDecay",
  ),
  rprop: taking<Scaling<typeof optim.rprop>>(optim.rprop)(...rpropOptions),
  adadelta: taking<OptionsOf<typeof adadelta>>(adadelta)(
    "learningRate",
    "rho",
    "epsilon",
    "weightDecay",
  ),
  adamax: taking<OptionsOf<typeof adamax>>(adamax)(
    "learningRate",
    "beta1",
    "beta2",
    "epsilon",
    "weightDecay",
  ),
  ...furtherOptions,
  trace: {
    momentum: [share, trace],
    dampening: [probability, (n) => trace(0.5, { dampening: n })],
  },
  ...adamScalings,
  scaleByNadam: taking<Scaling<typeof optim.scaleByNadam>>(optim.scaleByNadam)(
    "beta1",
    "beta2",
    "epsilon",
    "momentumDecay",
  ),
  scaleByAdan: taking<Scaling<typeof optim.scaleByAdan>>(optim.scaleByAdan)(
    "beta1",
    "beta2",
    "beta3",
    "epsilon",
  ),
  scaleByLion: taking<Scaling<typeof optim.scaleByLion>>(optim.scaleByLion)("beta1", "beta2"),
  scaleByRprop: taking<Scaling<typeof optim.scaleByRprop>>(optim.scaleByRprop)(...rpropOptions),
  scaleByRms: taking<Scaling<typeof scaleByRms>>(scaleByRms)("alpha", "epsilon"),
  scaleByRss: taking<Scaling<typeof scaleByRss>>(scaleByRss)("epsilon", "initialSum"),
  scaleByStddev: taking<Scaling<typeof optim.scaleByStddev>>(optim.scaleByStddev)(
    "alpha",
    "epsilon",
  ),
  scaleByAdadelta: taking<Scaling<typeof scaleByAdadelta>>(scaleByAdadelta)("rho", "epsilon"),
  scale: { factor: [finiteNumber, scale] },
  scaleByLearningRate: { learningRate: [fromZero, scaleByLearningRate] },
  clip: { limit: [anyAboveZero, clip] },
  clipByGlobalNorm: { limit: [anyAboveZero, clipByGlobalNorm] },
  addDecayedWeights: { weightDecay: [fromZero, addDecayedWeights] },
  stateless: {},
  identity: {},
  freeze: {},
  recorded: {},
  partition: {},
  masked: {},
  chain: {},
};

/** Every numeric argument of every schedule. */
const rates: {
  readonly [Name in keyof Schedules | "sampleSchedule"]: Options;
} = {
  sampleSchedule: { steps: [wholeFrom(0), (n) => sampleSchedule(constantSchedule(1), n)] },
  constantSchedule: { rate: [fromZero, constantSchedule] },
  stepDecay: {
    rate: [fromZero, (n) => stepDecay(n, 2, 0.5)],
    every: [steps, (n) => stepDecay(1, n, 0.5)],
    factor: [fromZero, (n) => stepDecay(1, 2, n)],
  },
  multiStepDecay: {
    rate: [fromZero, (n) => multiStepDecay(n, [2], 0.5)],
    milestone: [wholeFrom(0), (n) => multiStepDecay(1, [2, n], 0.5)],
    factor: [fromZero, (n) => multiStepDecay(1, [2], n)],
  },
  exponentialDecay: {
    rate: [fromZero, (n) => exponentialDecay(n, 0.5)],
    factor: [fromZero, (n) => exponentialDecay(1, n)],
  },
  cosineDecay: {
    rate: [fromZero, (n) => cosineDecay(n, 3)],
    steps: [steps, (n) => cosineDecay(1, n)],
    end: [fromZero, (n) => cosineDecay(1, 3, n)],
  },
  cosineWarmRestarts: {
    rate: [fromZero, (n) => cosineWarmRestarts(n, 3)],
    steps: [steps, (n) => cosineWarmRestarts(1, n)],
    growth: [growth, (n) => cosineWarmRestarts(1, 3, { growth: n })],
    end: [fromZero, (n) => cosineWarmRestarts(1, 3, { end: n })],
  },
  linearWarmup: {
    steps: [steps, (n) => linearWarmup(constantSchedule(1), n)],
    from: [probability, (n) => linearWarmup(constantSchedule(1), 3, n)],
  },
  joinSchedules: {
    from: [wholeFrom(0), (n) => joinSchedules(constantSchedule(1), [n, constantSchedule(2)])],
    "a later from": [
      wholeFrom(3),
      (n) => joinSchedules(constantSchedule(1), [2, constantSchedule(2)], [n, constantSchedule(3)]),
    ],
  },
  piecewiseConstant: {
    rate: [fromZero, (n) => piecewiseConstant(n, [2, 1])],
    from: [wholeFrom(0), (n) => piecewiseConstant(1, [n, 1])],
    "a later rate": [fromZero, (n) => piecewiseConstant(1, [2, n])],
  },
  oneCycle: {
    peak: [fromZero, (n) => oneCycle(n, 10)],
    steps: [steps, (n) => oneCycle(1, n)],
    rising: [probability, (n) => oneCycle(1, 10, { rising: n })],
    startDivisor: [anyAboveZero, (n) => oneCycle(1, 10, { startDivisor: n })],
    endDivisor: [anyAboveZero, (n) => oneCycle(1, 10, { endDivisor: n })],
    "rising in three phases": [
      between(0, 0.5),
      (n) => oneCycle(1, 10, { rising: n, threePhases: true }),
    ],
  },
  polynomialDecay: {
    rate: [fromZero, (n) => optim.polynomialDecay(n, 3)],
    steps: [steps, (n) => optim.polynomialDecay(1, n)],
    power: [fromZero, (n) => optim.polynomialDecay(1, 3, { power: n })],
    end: [fromZero, (n) => optim.polynomialDecay(1, 3, { end: n })],
  },
  inverseSquareRoot: {
    rate: [fromZero, (n) => optim.inverseSquareRoot(n, 3)],
    steps: [steps, (n) => optim.inverseSquareRoot(1, n)],
  },
  cyclic: {
    rate: [fromZero, (n) => optim.cyclic(n, 1)],
    peak: [fromZero, (n) => optim.cyclic(0.1, n)],
    stepsUp: [steps, (n) => optim.cyclic(0.1, 1, { stepsUp: n })],
    stepsDown: [steps, (n) => optim.cyclic(0.1, 1, { stepsDown: n })],
    factor: [probability, (n) => optim.cyclic(0.1, 1, { mode: "exponential", factor: n })],
  },
};

/** Every numeric option of optimizers, transforms and schedules. */
export const optimizerOptions: readonly Option[] = Object.entries({
  ...optimizers,
  ...rates,
}).flatMap(([name, options]) => optionsOf(name, options));
