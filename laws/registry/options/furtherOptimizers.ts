import * as optim from "../../../src/optim/index.ts";
import { between, fromZero, type Option, type Range, wholeFrom } from "../../options.ts";

type Options = { readonly [argument: string]: readonly [Range, Option["use"]] };

const share = between(0, 1, { high: true });
const probability = between(0, 1);
/** Without an upper end. */
const anyAboveZero = between(0, Number.POSITIVE_INFINITY, { low: true });
const aboveZero = between(0, Number.POSITIVE_INFINITY, { low: true, high: true });
const counted = wholeFrom(1);

/** Numeric options by name with their ranges, tested one at a time beside others that are needed. */
const taking =
  <O extends object>(make: (options: O) => unknown, needed: object = {}) =>
  (ranges: { readonly [Name in keyof O]?: Range }): Options =>
    Object.fromEntries(
      Object.entries<Range | undefined>(ranges).flatMap(([name, range]) =>
        // The optimizer has an option of that name.
        range === undefined ? [] : [[name, [range, (n) => make({ ...needed, [name]: n } as O)]]],
      ),
    );

const rated = { learningRate: 0.1 };
const adams = { beta1: share, beta2: share, epsilon: fromZero };
const decaying = { learningRate: fromZero, weightDecay: fromZero };
const sophias = {
  beta1: share,
  beta2: share,
  gamma: fromZero,
  epsilon: aboveZero,
  every: counted,
  seed: wholeFrom(0),
};
const shampoos = { epsilon: aboveZero, every: counted, maxSize: counted };
const decayRate = between(0, 1, { low: true });
const plain = optim.sgd({ learningRate: 0.1 });

/** The numeric options of the optimizers and transforms beyond those of PyTorch's first. */
export const furtherOptions = {
  adabelief: taking(optim.adabelief, rated)({ ...decaying, ...adams }),
  yogi: taking(optim.yogi, rated)({ ...decaying, ...adams }),
  adan: taking(optim.adan, rated)({ ...decaying, ...adams, beta3: share }),
  sophia: taking(optim.sophia, rated)({ ...decaying, ...sophias }),
  scaleBySophia: taking(optim.scaleBySophia)(sophias),
  lars: taking(optim.lars, rated)({ ...decaying, momentum: share, trustCoefficient: fromZero }),
  lamb: taking(optim.lamb, rated)({ ...decaying, ...adams }),
  adafactor: taking(optim.adafactor)({
    ...decaying,
    clippingThreshold: anyAboveZero,
    leastScale: anyAboveZero,
    decayRate,
    epsilon: fromZero,
  }),
  prodigy: taking(optim.prodigy)({ ...decaying, ...adams, initialDistance: aboveZero }),
  scheduleFreeSgd: taking(optim.scheduleFreeSgd, rated)({ ...decaying, beta: share }),
  scheduleFreeAdamw: taking(optim.scheduleFreeAdamw, rated)({ ...decaying, ...adams }),
  asgd: taking(
    optim.asgd,
    rated,
  )({
    ...decaying,
    lambda: fromZero,
    alpha: fromZero,
    t0: wholeFrom(0),
  }),
  muon: taking(
    optim.muon,
    rated,
  )({
    ...decaying,
    momentum: share,
    steps: wholeFrom(0),
    epsilon: fromZero,
  }),
  shampoo: taking(optim.shampoo, rated)({ ...decaying, ...shampoos, momentum: share }),
  lbfgs: taking(optim.lbfgs)({
    learningRate: fromZero,
    maxIterations: counted,
    maxEvaluations: counted,
    historySize: counted,
    toleranceGradient: fromZero,
    toleranceChange: fromZero,
  }),
  averageParams: { from: [wholeFrom(0), optim.averageParams] },
  lookahead: taking((options: optim.LookaheadOptions) => optim.lookahead(plain, options))({
    syncPeriod: counted,
    slowStep: probability,
  }),
  scheduleFree: { beta: [share, (beta) => optim.scheduleFree(plain, { beta })] },
  addNoise: taking(optim.addNoise, { eta: 1 })({
    eta: fromZero,
    gamma: fromZero,
    seed: wholeFrom(0),
  }),
  applyIfFinite: { maxInRow: [wholeFrom(0), (n) => optim.applyIfFinite(plain, n)] },
  injectHyperparameters: {},
  reduceOnPlateau: taking((options: optim.PlateauOptions) => optim.reduceOnPlateau(plain, options))(
    {
      factor: share,
      patience: wholeFrom(0),
      threshold: probability,
      cooldown: wholeFrom(0),
      every: counted,
      minScale: probability,
    },
  ),
  centralize: {},
  clipByUnitNorm: taking(optim.clipByUnitNorm)({ limit: anyAboveZero, epsilon: anyAboveZero }),
  scaleByTrustRatio: taking(optim.scaleByTrustRatio)({
    coefficient: fromZero,
    weightDecay: fromZero,
    epsilon: fromZero,
  }),
  clipByBlockRms: { limit: [anyAboveZero, optim.clipByBlockRms] },
  scaleByParamRms: { least: [anyAboveZero, optim.scaleByParamRms] },
  orthogonalize: taking(optim.orthogonalize)({ steps: wholeFrom(0), epsilon: fromZero }),
  scaleByShampoo: taking(optim.scaleByShampoo)(shampoos),
  scaleByFactoredRms: taking(optim.scaleByFactoredRms)({ decayRate, epsilon: fromZero }),
} satisfies { readonly [name: string]: Options };
