import { describe, expect, it } from "vitest";
import { check } from "../../laws/law.ts";
import type { Optimizers } from "../../laws/registry/training/optimizers.ts";
import { bowl } from "../../laws/training/optimizers.ts";
import {
  type Known,
  type KnownValues,
  knownValue,
  knownValuesOf,
} from "../../laws/values/known.ts";
import { holds } from "../../laws/vitest.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { mul } from "../../src/ir/ops/elementwise.ts";
import { ravel } from "../../src/ir/ops/indexing.ts";
import * as optim from "../../src/optim/index.ts";
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamw,
  addDecayedWeights,
  applyUpdates,
  chain,
  clip,
  clipByGlobalNorm,
  freeze,
  type GradientTransformation,
  globalNorm,
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
} from "../../src/optim/index.ts";
import type { Exprs } from "../../src/optim/transformation.ts";
import { scalar, zeros } from "../../src/tensor/constructors.ts";
import { leaves, map } from "../../src/tree.ts";
import { constants } from "../nn/evaluated.ts";

const byHand = "the formula of its source in forty decimal digits";
const torch = "PyTorch 1.13, in f64";

/** The updates of a param of 1 for the gradients 0.5 and -0.25, in sequence. */
const two = (
  optimizer: GradientTransformation,
  first: number,
  second: number,
  source = byHand,
): Known => ({
  source,
  inputs: [1, 0.5, -0.25],
  apply: (p, g, h) => {
    const start = constants(optimizer.init(scalar(1, "f64"))) as Exprs;
    const first = p as Expr;
    const once = optimizer.update(g as Expr, start, first, undefined, bowl(first));
    const moved = applyUpdates(first, once.updates);
    const twice = optimizer.update(h as Expr, once.state, moved, undefined, bowl(moved));
    return [once.updates, twice.updates];
  },
  expected: [first, second],
});

const learningRate = 0.1;

/** The updates of a matrix from one gradient. */
const matrix = (
  optimizer: GradientTransformation,
  gradient: readonly (readonly number[])[],
  expected: readonly number[],
): Known => ({
  source: byHand,
  inputs: [gradient],
  apply: (g) => {
    const of = g as Expr;
    const state = constants(optimizer.init(zeros(of.shape, "f64"))) as Exprs;
    return [ravel(optimizer.update(of, state, of).updates as Expr)];
  },
  expected: [expected],
});

const plain = sgd({ learningRate });

/** Optimizers and transforms beyond those of PyTorch's first. */
const further = {
  adabelief: [two(optim.adabelief({ learningRate }), -0.111111111111084, -0.0283700792929238)],
  yogi: [two(optim.yogi({ learningRate }), -0.0998003992015968, -0.0265558834887382)],
  adan: [
    two(optim.adan({ learningRate, weightDecay: 0.1 }), -0.108910889108911, 0.0224545975782192),
  ],
  // Momenta of 0.02 and 0.0092 over the least divisor.
  scaleBySophia: [two(optim.scaleBySophia({ epsilon: 0.1, gamma: 1e-4 }), 0.2, 0.092)],
  sophia: [
    two(
      optim.sophia({ learningRate, epsilon: 0.1, gamma: 1e-4, weightDecay: 0.1 }),
      -0.03,
      -0.0189,
    ),
  ],
  lars: [two(optim.lars({ learningRate, weightDecay: 0.1 }), -0.0001, -4.71430615160433e-5)],
  lamb: [two(optim.lamb({ learningRate, weightDecay: 0.1 }), -0.1, -0.09)],
  adafactor: [
    two(optim.adafactor(), -0.01, 0.00656082135212616),
    two(optim.adafactor({ learningRate }), -0.1, 0.0596438304738742),
  ],
  prodigy: [
    two(optim.prodigy(), -3.16227566016964e-6, -1.13182302943654e-6),
    two(
      optim.prodigy({ initialDistance: 0.1, weightDecay: 0.1 }),
      -0.326227566016964,
      -0.119920027283484,
    ),
  ],
  scheduleFreeSgd: [two(optim.scheduleFreeSgd({ learningRate, weightDecay: 0.1 }), -0.06, 0.00858)],
  scheduleFreeAdamw: [
    two(
      optim.scheduleFreeAdamw({ learningRate, weightDecay: 0.1 }),
      -0.100316164520504,
      0.0439906452441183,
    ),
  ],
  scheduleFree: [two(optim.scheduleFree(sgd({ learningRate, weightDecay: 0.1 })), -0.06, 0.00858)],
  asgd: [
    two(optim.asgd({ learningRate }), -0.05001, 0.0249903126728893, torch),
    two(
      optim.asgd({ learningRate, lambda: 0.1, alpha: 0.5, t0: 0, weightDecay: 0.1 }),
      -0.07,
      0.00636823801734387,
      torch,
    ),
  ],
  muon: [
    // A scalar is Adam's.
    two(optim.muon({ learningRate }), -0.099999998, -0.0266337032921538),
  ],
  shampoo: [two(optim.shampoo({ learningRate }), -0.0999800059980007, 0.0447142058493102)],
  scaleByShampoo: [
    two(optim.scaleByShampoo(), 0.999800059980007, -0.447142058493102),
    matrix(
      optim.scaleByShampoo(),
      [
        [1, 2],
        [3, 4],
      ],
      [-0.514217226407581, 0.857295812405397, 0.857368658330696, 0.514581456034075],
    ),
  ],
  orthogonalize: [
    matrix(
      optim.orthogonalize(),
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [
        -0.696010397860189, 0.0707191486950165, 0.837448695250222, 0.689965776545806,
        0.496772234578409, 0.303578692611011,
      ],
    ),
    matrix(
      optim.orthogonalize(),
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      [
        -0.467518565383037, 0.573473307070432, 0.0724322875132508, 0.409452622309684,
        0.612383140409539, 0.245431937548935,
      ],
    ),
  ],
  scaleByFactoredRms: [
    two(optim.scaleByFactoredRms(), 1, -0.662709227487491),
    matrix(
      optim.scaleByFactoredRms(),
      [
        [1, 2],
        [3, 4],
      ],
      [0.774596669241483, 1.09544511501033, 1.03923048454133, 0.979795897113271],
    ),
  ],
  // A step to the minimum of the parabola through both slopes.
  lbfgs: [two(optim.lbfgs({ maxIterations: 1 }), -0.5, 1 / 6)],
  averageParams: [two(optim.averageParams(), 0.5, -0.25)],
  lookahead: [two(optim.lookahead(plain, { syncPeriod: 2 }), -0.05, 0.0375)],
  addNoise: [two(optim.addNoise({ eta: 0 }), 0.5, -0.25)],
  applyIfFinite: [two(optim.applyIfFinite(plain, 3), -0.05, 0.025)],
  injectHyperparameters: [
    two(
      optim.injectHyperparameters({ learningRate, momentum: 0.9, decay: 0.1 }, (h) =>
        sgd({ learningRate: () => h.learningRate, momentum: h.momentum, weightDecay: h.decay }),
      ),
      -0.06,
      -0.0384,
    ),
  ],
  reduceOnPlateau: [two(optim.reduceOnPlateau(plain), -0.05, 0.025)],
  centralize: [
    two(optim.centralize, 0.5, -0.25),
    matrix(
      optim.centralize,
      [
        [1, 2],
        [3, 6],
      ],
      [-1, -2, 1, 2],
    ),
  ],
  clipByUnitNorm: [
    two(optim.clipByUnitNorm({ limit: 0.1 }), 0.1, -0.11),
    // Columns of length 5 and 0.5, of params of the same lengths.
    matrix(
      optim.clipByUnitNorm({ limit: 0.5 }),
      [
        [3, 0.3],
        [4, 0.4],
      ],
      [1.5, 0.15, 2, 0.2],
    ),
  ],
  scaleByTrustRatio: [
    two(optim.scaleByTrustRatio({ coefficient: 0.5, weightDecay: 0.1 }), 0.5, -0.1875),
  ],
  clipByBlockRms: [two(optim.clipByBlockRms(0.3), 0.3, -0.25)],
  scaleByParamRms: [two(optim.scaleByParamRms(), 0.5, -0.375)],
} satisfies Partial<KnownValues<{ readonly [Name in Optimizers]: unknown }>>;

const optimizers: KnownValues<{ readonly [Name in Optimizers]: unknown }> = {
  sgd: [
    two(sgd({ learningRate }), -0.05, 0.025),
    two(sgd({ learningRate, momentum: 0.9 }), -0.05, -0.02),
    two(sgd({ learningRate, momentum: 0.9, nesterov: true }), -0.095, 0.007),
    two(sgd({ learningRate, weightDecay: 0.1 }), -0.06, 0.0156),
    two(sgd({ learningRate, momentum: 0.9, dampening: 0.5 }), -0.05, -0.0325, torch),
  ],
  adam: [
    two(adam({ learningRate }), -0.099999998, -0.0266337032921538),
    two(adam({ learningRate, weightDecay: 0.1 }), -0.0999999983333333, -0.0455586342049044),
    two(
      adam({ learningRate, amsgrad: true, beta2: 0.5 }),
      -0.099999998,
      -0.0257841019240335,
      torch,
    ),
  ],
  nadam: [
    two(optim.nadam({ learningRate }), -0.105645175722635, 0.0411109718837719),
    two(
      optim.nadam({ learningRate, weightDecay: 0.1, momentumDecay: 0.1 }),
      -0.10570624476504,
      0.0207886461491489,
    ),
  ],
  radam: [two(optim.radam({ learningRate }), -0.05, -0.0105263157894737, torch)],
  lion: [two(optim.lion({ learningRate, weightDecay: 0.1 }), -0.11, 0.0911)],
  rprop: [two(optim.rprop({ initialStep: 0.1 }), -0.1, 0, torch)],
  adamw: [two(adamw({ learningRate }), -0.100999998, -0.0275327032941538)],
  rmsprop: [
    two(rmsprop({ learningRate }), -0.99999980000004, 0.44901317442179),
    two(rmsprop({ learningRate, momentum: 0.5 }), -0.99999980000004, -0.0509867255782296),
    two(rmsprop({ learningRate, centered: true }), -1.00503761323905, 0.449448516589541, torch),
    two(
      rmsprop({ learningRate, centered: true, momentum: 0.5 }),
      -1.00503761323905,
      -0.0530702900299839,
      torch,
    ),
  ],
  adagrad: [
    two(adagrad({ learningRate }), -0.09999999998, 0.0447213595419958),
    two(
      adagrad({ learningRate, learningRateDecay: 0.5 }),
      -0.09999999998,
      0.0298142396946639,
      torch,
    ),
    two(
      adagrad({ learningRate, learningRateDecay: 0.5, initialSum: 0.1, weightDecay: 0.1 }),
      -0.0884651736798948,
      0.0152023814283078,
      torch,
    ),
  ],
  adadelta: [two(adadelta(), -0.00316221441651248, 0.00208508702779134)],
  adamax: [two(adamax({ learningRate }), -0.099999998, -0.0210737048627575)],
  trace: [
    two(trace(0.9), 0.5, 0.2),
    two(trace(0.9, { nesterov: true }), 0.95, -0.07),
    two(trace(0.9, { dampening: 0.5 }), 0.5, 0.325, torch),
  ],
  scaleByAdam: [
    two(scaleByAdam(), 0.99999998, 0.266337032921538),
    two(chain(scaleByAdam(), scaleByLearningRate(0.1)), -0.099999998, -0.0266337032921538),
    two(
      chain(scaleByAdam(), addDecayedWeights(0.01), scaleByLearningRate(0.1)),
      -0.100999998,
      -0.0275327032941538,
    ),
  ],
  scaleByAdamax: [two(scaleByAdamax(), 0.99999998, 0.210737048627575)],
  scaleByRms: [two(scaleByRms(), 9.9999980000004, -4.4901317442179)],
  scaleByRss: [two(scaleByRss(), 0.9999999998, -0.447213595419958)],
  scaleByAdadelta: [two(scaleByAdadelta(), 0.00316221441651248, -0.00208508702779134)],
  scaleByStddev: [two(optim.scaleByStddev(), 10.0503761323905, -4.49448516589541, torch)],
  scaleByAmsgrad: [two(optim.scaleByAmsgrad({ beta2: 0.5 }), 0.99999998, 0.257841019240335, torch)],
  scaleByNadam: [two(optim.scaleByNadam(), 1.05645175722635, -0.411109718837719)],
  scaleByRadam: [two(optim.scaleByRadam(), 0.5, 0.105263157894737, torch)],
  scaleByBelief: [two(optim.scaleByBelief(), 1.11111111111084, 0.283700792929238)],
  scaleByYogi: [two(optim.scaleByYogi(), 0.998003992015968, 0.265558834887382)],
  scaleByAdan: [two(optim.scaleByAdan(), 0.99999998, -0.315900346629122)],
  scaleByLion: [two(optim.scaleByLion(), 1, -1)],
  scaleByRprop: [two(optim.scaleByRprop({ initialStep: 0.1 }), 0.1, 0, torch)],
  ...further,
  scale: [two(scale(-0.5), -0.25, 0.125)],
  scaleByLearningRate: [two(scaleByLearningRate(0.1), -0.05, 0.025)],
  clip: [two(clip(0.3), 0.3, -0.25)],
  clipByGlobalNorm: [
    two(clipByGlobalNorm(0.4), 0.4, -0.25),
    {
      source: byHand,
      inputs: [3, 4],
      apply: (a, b) =>
        leaves(clipByGlobalNorm(1).update([a, b] as readonly Expr[], undefined, undefined).updates),
      expected: [0.6, 0.8],
    },
  ],
  addDecayedWeights: [two(addDecayedWeights(0.1), 0.6, -0.09)],
  stateless: [
    two(
      stateless("twice", (g) => map((x) => mul(x, 2), g)),
      1,
      -0.5,
    ),
  ],
  identity: [two(identity, 0.5, -0.25)],
  freeze: [two(freeze, 0, 0)],
  recorded: [two(optim.recorded(sgd({ learningRate, momentum: 0.9 })), -0.05, -0.02)],
  partition: [
    two(
      partition(() => "all", { all: sgd({ learningRate, momentum: 0.9 }) }),
      -0.05,
      -0.02,
    ),
  ],
  masked: [
    two(
      masked(() => true, scale(-2)),
      -1,
      0.5,
    ),
  ],
  chain: [
    two(chain(clip(0.3), scale(-2)), -0.6, 0.5),
    two(chain(), 0.5, -0.25),
    two(chain(scale(2), sgd({ learningRate, momentum: 0.9 })), -0.1, -0.04),
  ],
};

describe("known values of optimizers", () => {
  holds([knownValue()], knownValuesOf(optimizers));

  it("catch swapped means", () => {
    // Adam with β₁ and β₂ swapped.
    const swapped = two(
      adam({ learningRate, beta1: 0.999, beta2: 0.9 }),
      -0.099999998,
      -0.0266337032921538,
    );
    expect(check(knownValue(), { name: "swapped", ...swapped })._tag).toBe("Left");
  });
});

it("the global norm of 3 and 4 is 5", () => {
  const norm: Known = {
    source: "Pythagoras",
    inputs: [[3, 0], -4],
    apply: (a, b) => globalNorm({ a: a as Expr, b: b as Expr }),
    expected: [5],
  };
  expect(check(knownValue(), { name: "globalNorm", ...norm })._tag).toBe("Right");
});
