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
import type { Schedule } from "../../src/optim/learningRate.ts";
import { adam, adamw } from "../../src/optim/optimizers/adam.ts";
import { adadelta, adagrad, adamax, rmsprop } from "../../src/optim/optimizers/adaptive.ts";
import { sgd } from "../../src/optim/optimizers/sgd.ts";
import type * as schedules from "../../src/optim/schedules/schedules.ts";
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
  stepDecay,
} from "../../src/optim/schedules/schedules.ts";
import {
  applyUpdates,
  chain,
  type Exprs,
  type GradientTransformation,
  identity,
  stateless,
} from "../../src/optim/transformation.ts";
import { freeze, masked, partition } from "../../src/optim/transforms/partition.ts";
import {
  addDecayedWeights,
  clip,
  clipByGlobalNorm,
  globalNorm,
  scale,
  scaleByLearningRate,
  trace,
} from "../../src/optim/transforms/parts.ts";
import {
  scaleByAdadelta,
  scaleByAdam,
  scaleByAdamax,
  scaleByRms,
  scaleByRss,
} from "../../src/optim/transforms/scaleBy.ts";
import { scalar } from "../../src/tensor/constructors.ts";
import { leaves, map } from "../../src/tree.ts";
import { constants } from "../nn/evaluated.ts";

const byHand = "the formula of its source in forty decimal digits";

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
  ],
  adam: [
    two(adam({ learningRate }), -0.099999998, -0.0266337032921538),
    two(adam({ learningRate, weightDecay: 0.1 }), -0.0999999983333333, -0.0455586342049044),
  ],
  adamw: [two(adamw({ learningRate }), -0.100999998, -0.0275327032941538)],
  rmsprop: [
    two(rmsprop({ learningRate }), -0.99999980000004, 0.44901317442179),
    two(rmsprop({ learningRate, momentum: 0.5 }), -0.99999980000004, -0.0509867255782296),
  ],
  adagrad: [two(adagrad({ learningRate }), -0.09999999998, 0.0447213595419958)],
  adadelta: [two(adadelta(), -0.00316221441651248, 0.00208508702779134)],
  adamax: [two(adamax({ learningRate }), -0.099999998, -0.0210737048627575)],
  trace: [two(trace(0.9), 0.5, 0.2), two(trace(0.9, { nesterov: true }), 0.95, -0.07)],
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

/** The rates of steps, by their formulas. */
const rates = (
  schedule: Schedule,
  ...expected: readonly (readonly [step: number, rate: number])[]
): Known => ({
  source: byHand,
  inputs: expected.map(([step]) => step),
  apply: (...steps) => steps.map(schedule),
  expected: expected.map(([, rate]) => rate),
});

const known: KnownValues<Omit<typeof schedules, "sampleSchedule">> = {
  constantSchedule: [rates(constantSchedule(0.1), [0, 0.1], [1e6, 0.1])],
  stepDecay: [rates(stepDecay(0.8, 2, 0.5), [0, 0.8], [1, 0.8], [2, 0.4], [5, 0.2])],
  multiStepDecay: [
    rates(multiStepDecay(1, [2, 5], 0.1), [1, 1], [2, 0.1], [4, 0.1], [5, 0.01], [99, 0.01]),
  ],
  exponentialDecay: [rates(exponentialDecay(1, 0.5), [0, 1], [1, 0.5], [10, 0.0009765625])],
  cosineDecay: [rates(cosineDecay(1, 4, 0.2), [0, 1], [2, 0.6], [4, 0.2], [6, 0.6], [8, 1])],
  cosineWarmRestarts: [
    rates(cosineWarmRestarts(1, 4), [0, 1], [2, 0.5], [4, 1], [6, 0.5]),
    rates(cosineWarmRestarts(1, 2, { growth: 2, end: 0.1 }), [1, 0.55], [2, 1], [4, 0.55], [6, 1]),
    rates(
      cosineWarmRestarts(1, 2, { growth: 1 + 2 ** -40 }),
      [1, 0.5],
      [1001, 0.5 + (Math.PI / 2) * 125e3 * 2 ** -40],
    ),
  ],
  linearWarmup: [
    rates(linearWarmup(constantSchedule(2), 4, 0.5), [0, 1], [1, 1.25], [4, 2], [9, 2]),
    rates(linearWarmup(stepDecay(1, 2, 0.5), 4), [0, 0], [1, 0.25], [2, 0.25], [4, 0.25]),
  ],
  joinSchedules: [
    rates(
      joinSchedules(constantSchedule(5), [2, stepDecay(1, 1, 0.5)]),
      [1, 5],
      [2, 1],
      [3, 0.5],
      [4, 0.25],
    ),
  ],
  piecewiseConstant: [
    rates(piecewiseConstant(1, [1, 0.5], [3, 0.1]), [0, 1], [1, 0.5], [2, 0.5], [3, 0.1], [9, 0.1]),
  ],
  oneCycle: [
    // The last rate holds after the last step; it once rose again.
    rates(
      oneCycle(1, 10),
      [0, 0.04],
      [1, 0.52],
      [2, 1],
      [9, 4e-6],
      [10, 4e-6],
      [15, 4e-6],
      [1e6, 4e-6],
    ),
    rates(oneCycle(1, 4, { rising: 1, startDivisor: 2 }), [0, 0.5], [3, 1], [4, 1], [50, 1]),
    rates(oneCycle(1, 4, { rising: 0, endDivisor: 1 }), [3, 0.04], [4, 0.04]),
    rates(oneCycle(1, 4, { rising: 0.25 }), [0, 1], [3, 4e-6]),
    rates(oneCycle(1, 1), [0, 4e-6], [1, 4e-6]),
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

describe("known values of schedules", () => {
  holds([knownValue(undefined, 1e-11)], knownValuesOf(known));
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
