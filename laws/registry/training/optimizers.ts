import * as optim from "../../../src/optim/index.ts";
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamw,
  addDecayedWeights,
  chain,
  clip,
  clipByGlobalNorm,
  exponentialDecay,
  freeze,
  identity,
  masked,
  partition,
  rmsprop,
  scale,
  scaleByAdadelta,
  scaleByAdam,
  scaleByAdamax,
  scaleByLearningRate,
  scaleByRms,
  scaleByRss,
  sgd,
  stateless,
  trace,
} from "../../../src/optim/index.ts";
import type { OptimizerSubject } from "../../training/optimizers.ts";
import type { RatedSubject } from "../../training/rates.ts";
import type { Schedules } from "./schedules.ts";

type Modules = typeof optim;

/** Exports that are neither optimizers nor transforms. */
type NoOptimizer =
  | keyof Schedules
  | "sampleSchedule"
  | "globalNorm"
  | "transformation"
  | "MonoidGradientTransformation"
  | "applyUpdates"
  | "optimizerStep"
  | "hyperparametersOf"
  | "setHyperparameters";

/** The names of all optimizers and transforms. */
export type Optimizers = Exclude<keyof Modules, NoOptimizer>;

const learningRate = 0.125;

/** Every optimizer, in several settings. A missing one does not compile. */
const settings: {
  readonly [Name in Optimizers]: readonly Omit<OptimizerSubject, "name">[];
} = {
  sgd: [
    { optimizer: sgd({ learningRate }) },
    { optimizer: sgd({ learningRate, momentum: 0.9 }) },
    { optimizer: sgd({ learningRate, momentum: 0.9, nesterov: true }) },
    { optimizer: sgd({ learningRate, weightDecay: 0.01 }), decays: true },
    { optimizer: sgd({ learningRate: exponentialDecay(0.5, 0.9) }) },
    { optimizer: sgd({ learningRate, momentum: 0.9, dampening: 0.5 }) },
  ],
  adam: [
    { optimizer: adam({ learningRate }) },
    { optimizer: adam({ learningRate, weightDecay: 0.01 }), decays: true },
    { optimizer: adam({ learningRate, amsgrad: true }) },
  ],
  adamw: [
    { optimizer: adamw({ learningRate }), decays: true },
    { optimizer: adamw({ learningRate, weightDecay: 0 }) },
  ],
  rmsprop: [
    { optimizer: rmsprop({ learningRate }) },
    { optimizer: rmsprop({ learningRate, momentum: 0.9 }) },
    { optimizer: rmsprop({ learningRate, centered: true }) },
  ],
  adagrad: [
    { optimizer: adagrad({ learningRate }) },
    { optimizer: adagrad({ learningRate, learningRateDecay: 0.5, initialSum: 0.1 }) },
  ],
  adadelta: [{ optimizer: adadelta() }],
  adamax: [{ optimizer: adamax({ learningRate }) }],
  nadam: [{ optimizer: optim.nadam({ learningRate }) }],
  radam: [{ optimizer: optim.radam({ learningRate }) }],
  lion: [{ optimizer: optim.lion({ learningRate }) }],
  rprop: [{ optimizer: optim.rprop() }],
  scale: [{ optimizer: scale(-0.5) }],
  scaleByLearningRate: [{ optimizer: scaleByLearningRate(learningRate) }],
  trace: [{ optimizer: trace(0.9) }, { optimizer: trace(0.5, { nesterov: true }) }],
  scaleByAdam: [
    { optimizer: scaleByAdam() },
    { optimizer: chain(scaleByAdam(), scaleByLearningRate(learningRate)) },
  ],
  scaleByAdamax: [{ optimizer: scaleByAdamax() }],
  scaleByRms: [{ optimizer: scaleByRms() }],
  scaleByRss: [{ optimizer: scaleByRss() }],
  scaleByAdadelta: [{ optimizer: scaleByAdadelta() }],
  scaleByStddev: [{ optimizer: optim.scaleByStddev() }],
  scaleByAmsgrad: [{ optimizer: optim.scaleByAmsgrad() }],
  scaleByNadam: [{ optimizer: optim.scaleByNadam() }],
  scaleByRadam: [{ optimizer: optim.scaleByRadam() }],
  scaleByBelief: [{ optimizer: optim.scaleByBelief() }],
  scaleByYogi: [{ optimizer: optim.scaleByYogi() }],
  scaleByAdan: [{ optimizer: optim.scaleByAdan() }],
  scaleByLion: [{ optimizer: optim.scaleByLion() }],
  scaleByRprop: [{ optimizer: optim.scaleByRprop() }],
  adabelief: [{ optimizer: optim.adabelief({ learningRate }) }],
  yogi: [{ optimizer: optim.yogi({ learningRate }) }],
  adan: [
    { optimizer: optim.adan({ learningRate }) },
    { optimizer: optim.adan({ learningRate, weightDecay: 0.01 }), decays: true },
  ],
  sophia: [{ optimizer: optim.sophia({ learningRate, every: 2 }) }],
  scaleBySophia: [{ optimizer: optim.scaleBySophia() }],
  lars: [{ optimizer: optim.lars({ learningRate }) }],
  lamb: [{ optimizer: optim.lamb({ learningRate }) }],
  adafactor: [{ optimizer: optim.adafactor() }, { optimizer: optim.adafactor({ learningRate }) }],
  prodigy: [{ optimizer: optim.prodigy() }],
  scheduleFreeSgd: [{ optimizer: optim.scheduleFreeSgd({ learningRate }) }],
  scheduleFreeAdamw: [{ optimizer: optim.scheduleFreeAdamw({ learningRate }) }],
  asgd: [{ optimizer: optim.asgd({ learningRate }), decays: true }],
  muon: [{ optimizer: optim.muon({ learningRate }) }],
  shampoo: [{ optimizer: optim.shampoo({ learningRate, momentum: 0.5 }) }],
  lbfgs: [
    { optimizer: optim.lbfgs({ maxIterations: 2, historySize: 2 }) },
    { optimizer: optim.lbfgs({ maxIterations: 2, historySize: 2, lineSearch: "strongWolfe" }) },
  ],
  averageParams: [{ optimizer: chain(sgd({ learningRate }), optim.averageParams(1)) }],
  lookahead: [{ optimizer: optim.lookahead(sgd({ learningRate }), { syncPeriod: 2 }) }],
  scheduleFree: [{ optimizer: optim.scheduleFree(sgd({ learningRate })) }],
  addNoise: [{ optimizer: optim.addNoise({ eta: 0.1 }), decays: true }],
  applyIfFinite: [{ optimizer: optim.applyIfFinite(adam({ learningRate }), 3) }],
  injectHyperparameters: [
    {
      optimizer: optim.injectHyperparameters({ learningRate, momentum: 0.5 }, (h) =>
        sgd({ learningRate: () => h.learningRate, momentum: h.momentum }),
      ),
    },
  ],
  reduceOnPlateau: [{ optimizer: optim.reduceOnPlateau(sgd({ learningRate }), { patience: 0 }) }],
  centralize: [{ optimizer: optim.centralize }],
  clipByUnitNorm: [{ optimizer: optim.clipByUnitNorm() }],
  scaleByTrustRatio: [{ optimizer: optim.scaleByTrustRatio() }],
  clipByBlockRms: [{ optimizer: optim.clipByBlockRms() }],
  scaleByParamRms: [{ optimizer: optim.scaleByParamRms() }],
  orthogonalize: [{ optimizer: optim.orthogonalize() }],
  scaleByShampoo: [{ optimizer: optim.scaleByShampoo() }],
  scaleByFactoredRms: [{ optimizer: optim.scaleByFactoredRms() }],
  clip: [{ optimizer: clip(0.5) }],
  clipByGlobalNorm: [{ optimizer: clipByGlobalNorm(1) }, { optimizer: clipByGlobalNorm(100) }],
  addDecayedWeights: [{ optimizer: addDecayedWeights(0.01), decays: true }],
  stateless: [{ optimizer: stateless("nothing", (g) => g) }],
  identity: [{ optimizer: identity }],
  recorded: [{ optimizer: optim.recorded(adam({ learningRate })) }],
  freeze: [{ optimizer: freeze }],
  partition: [{ optimizer: partition(() => "all", { all: adam({ learningRate }) }) }],
  masked: [
    {
      optimizer: masked(
        () => true,
        chain(clipByGlobalNorm(1), sgd({ learningRate, momentum: 0.9 })),
      ),
    },
  ],
  chain: [
    { optimizer: chain() },
    { optimizer: chain(clipByGlobalNorm(1), adam({ learningRate }), scale(2)) },
  ],
};

/** Every optimizer in each of its settings. */
export const optimizerCases: readonly OptimizerSubject[] = Object.entries(settings).flatMap(
  ([name, all]) =>
    all.map((setting, i) => ({ ...setting, name: i === 0 ? name : `${name}, setting ${i + 1}` })),
);

/** The names of optimizers with a learning rate. */
type Rated = {
  readonly [Name in keyof Modules]: Modules[Name] extends (options: infer O) => unknown
    ? Name extends "scaleByLearningRate"
      ? Name
      : [O] extends [{ readonly learningRate?: unknown } | undefined]
        ? "learningRate" extends keyof NonNullable<O>
          ? Name
          : never
        : never
    : never;
}[Optimizers];

/** Optimizers that change their learning rate by the step, and so report another. */
type OwnRate = "asgd" | "scheduleFreeAdamw";

/** Every optimizer with a learning rate, and chains of two. A missing one does not compile. */
const rated: { readonly [Name in Exclude<Rated, OwnRate>]: readonly Omit<RatedSubject, "name">[] } =
  {
    sgd: [
      { optimizer: (learningRate) => sgd({ learningRate }) },
      { optimizer: (learningRate) => sgd({ learningRate, momentum: 0.9, nesterov: true }) },
    ],
    adam: [{ optimizer: (learningRate) => adam({ learningRate, weightDecay: 0.01 }) }],
    adamw: [{ optimizer: (learningRate) => adamw({ learningRate }) }],
    rmsprop: [{ optimizer: (learningRate) => rmsprop({ learningRate, momentum: 0.5 }) }],
    adagrad: [{ optimizer: (learningRate) => adagrad({ learningRate }) }],
    adadelta: [{ optimizer: (learningRate) => adadelta({ learningRate }) }],
    adamax: [{ optimizer: (learningRate) => adamax({ learningRate }) }],
    nadam: [{ optimizer: (learningRate) => optim.nadam({ learningRate, weightDecay: 0.01 }) }],
    radam: [{ optimizer: (learningRate) => optim.radam({ learningRate }) }],
    lion: [{ optimizer: (learningRate) => optim.lion({ learningRate }) }],
    adabelief: [{ optimizer: (learningRate) => optim.adabelief({ learningRate }) }],
    yogi: [{ optimizer: (learningRate) => optim.yogi({ learningRate }) }],
    adan: [{ optimizer: (learningRate) => optim.adan({ learningRate }) }],
    sophia: [{ optimizer: (learningRate) => optim.sophia({ learningRate }) }],
    lars: [{ optimizer: (learningRate) => optim.lars({ learningRate }) }],
    lamb: [{ optimizer: (learningRate) => optim.lamb({ learningRate }) }],
    adafactor: [{ optimizer: (learningRate) => optim.adafactor({ learningRate }) }],
    prodigy: [{ optimizer: (learningRate) => optim.prodigy({ learningRate }) }],
    scheduleFreeSgd: [{ optimizer: (learningRate) => optim.scheduleFreeSgd({ learningRate }) }],
    muon: [{ optimizer: (learningRate) => optim.muon({ learningRate }) }],
    shampoo: [{ optimizer: (learningRate) => optim.shampoo({ learningRate }) }],
    lbfgs: [
      {
        optimizer: (learningRate) =>
          optim.lbfgs({ learningRate, maxIterations: 2, historySize: 2 }),
      },
    ],
    lookahead: [
      { optimizer: (learningRate) => optim.lookahead(sgd({ learningRate }), { syncPeriod: 2 }) },
    ],
    scheduleFree: [{ optimizer: (learningRate) => optim.scheduleFree(sgd({ learningRate })) }],
    reduceOnPlateau: [
      { optimizer: (learningRate) => optim.reduceOnPlateau(sgd({ learningRate })) },
    ],
    recorded: [{ optimizer: (learningRate) => optim.recorded(sgd({ learningRate })) }],
    scaleByLearningRate: [{ optimizer: scaleByLearningRate }],
    chain: [
      {
        optimizer: (first, second) =>
          chain(scaleByLearningRate(first), clip(0.5), sgd({ learningRate: second })),
        reports: 1,
      },
      { optimizer: (first) => chain(clip(0.5), adam({ learningRate: first }), scale(2)) },
    ],
  };

/** Every optimizer as a function of its learning rate. */
export const ratedCases: readonly RatedSubject[] = [
  ...Object.entries(rated).flatMap(([name, all]) =>
    all.map((each, i) => ({ ...each, name: i === 0 ? name : `${name}, setting ${i + 1}` })),
  ),
];
