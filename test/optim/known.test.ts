import { describe, expect, it } from "vitest";
import { check } from "../../laws/law.ts";
import type { Optimizers } from "../../laws/registry/training/optimizers.ts";
import {
  type Known,
  type KnownValues,
  knownValue,
  knownValuesOf,
} from "../../laws/values/known.ts";
import { holds } from "../../laws/vitest.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { mul } from "../../src/ir/ops/elementwise.ts";
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
import { scalar } from "../../src/tensor/constructors.ts";
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
    const once = optimizer.update(g as Expr, start, p as Expr);
    const moved = applyUpdates(p as Expr, once.updates);
    const twice = optimizer.update(h as Expr, once.state, moved);
    return [once.updates, twice.updates];
  },
  expected: [first, second],
});

const learningRate = 0.1;

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
