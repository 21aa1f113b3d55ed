import { describe } from "vitest";
import type { Schedules } from "../../laws/registry/training/schedules.ts";
import {
  type Known,
  type KnownValues,
  knownValue,
  knownValuesOf,
} from "../../laws/values/known.ts";
import { holds } from "../../laws/vitest.ts";
import {
  constantSchedule,
  cosineDecay,
  cosineWarmRestarts,
  cyclic,
  exponentialDecay,
  inverseSquareRoot,
  joinSchedules,
  linearWarmup,
  multiStepDecay,
  oneCycle,
  piecewiseConstant,
  polynomialDecay,
  type Schedule,
  stepDecay,
} from "../../src/optim/index.ts";

const byHand = "the formula of its source in forty decimal digits";

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

const known: KnownValues<Schedules> = {
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
  polynomialDecay: [
    rates(polynomialDecay(0.1, 4), [0, 0.1], [1, 0.075], [3, 0.025], [4, 0], [9, 0]),
    rates(
      polynomialDecay(0.1, 6, { power: 2 }),
      [1, 0.0694444444444444],
      [4, 0.0111111111111111],
      [5, 0.00277777777777778],
      [6, 0],
    ),
    rates(polynomialDecay(1, 2, { end: 0.5 }), [0, 1], [1, 0.75], [2, 0.5], [1e6, 0.5]),
  ],
  inverseSquareRoot: [
    rates(inverseSquareRoot(1, 4), [0, 1], [4, 1], [16, 0.5], [400, 0.1]),
    // The transformer's rate: 512^-0.5 · min(t^-0.5, t · 4000^-1.5).
    rates(
      linearWarmup(inverseSquareRoot(512 ** -0.5 * 4000 ** -0.5, 4000), 4000),
      [1000, 1000 * 512 ** -0.5 * 4000 ** -1.5],
      [16000, 512 ** -0.5 * 16000 ** -0.5],
    ),
  ],
  cyclic: [
    rates(
      cyclic(0.1, 0.5, { stepsUp: 3, stepsDown: 2 }),
      [0, 0.1],
      [1, 0.233333333333333],
      [3, 0.5],
      [4, 0.3],
      [5, 0.1],
      [8, 0.5],
    ),
    rates(
      cyclic(0.1, 0.5, { stepsUp: 2, mode: "triangular2" }),
      [1, 0.3],
      [2, 0.5],
      [6, 0.3],
      [9, 0.15],
      [10, 0.2],
    ),
    rates(
      cyclic(0.1, 0.5, { stepsUp: 2, stepsDown: 3, mode: "exponential", factor: 0.9 }),
      [1, 0.28],
      [2, 0.424],
      [3, 0.2944],
      [6, 0.2062882],
      [11, 0.162762119218],
    ),
  ],
  oneCycle: [
    // PyTorch's lines, and its three phases.
    rates(
      oneCycle(1, 12, { along: "line" }),
      [0, 0.04],
      [1, 0.40923076923077],
      [3, 0.95238114285714],
      [10, 0.11905114285714],
      [11, 4e-6],
    ),
    rates(
      oneCycle(1, 12, { threePhases: true }),
      [1, 0.349789654219583],
      [3, 0.94501889231354],
      [5, 0.053947927635495],
      [6, 0.03815169324258],
      [10, 0.00286657019100055],
      [11, 4e-6],
    ),
    rates(
      oneCycle(1, 12, { threePhases: true, along: "line", rising: 0.4 }),
      [1, 0.292631578947368],
      [4, 0.949473684210526],
      [7, 0.191578947368421],
      [8, 0.0352945882352941],
      [12, 4e-6],
    ),
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

describe("known values of schedules", () => {
  holds([knownValue(undefined, 1e-11)], knownValuesOf(known));
});
