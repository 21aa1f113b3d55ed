import { run } from "../../interpreter/evaluate.ts";
import { parameter } from "../../ir/build.ts";
import {
  add,
  div,
  expm1,
  floor,
  ge,
  log1p,
  lt,
  maximum,
  minimum,
  mul,
  pow,
  rem,
  sqrt,
  sub,
} from "../../ir/ops/elementwise.ts";
import { program } from "../../ir/program.ts";
import { scalar } from "../../tensor/constructors.ts";
import { holding, notNegative, passedOn, probability, whole } from "../../tensor/validate.ts";
import type { Schedule } from "../learningRate.ts";
import { choose, cosineBetween, number, times } from "./arithmetic.ts";

/**
 * Learning-rate schedules: plain functions of the step, which counts from 0. They are f64 scalars, computed inside
 * the compiled step. Each takes its base rate first and has a rate for every step, however late. **Units** of a
 * rate: per step. **Fails with** `InvalidArgument`, thrown, where a rate or a factor is negative, or a number of
 * steps is not a whole number.
 */

/**
 * The rates of the first `steps` steps, for tables and plots.
 *
 * **Fails with** `InvalidArgument`, thrown, where `steps` is not a whole number.
 */
export const sampleSchedule = (schedule: Schedule, steps: number): readonly number[] => {
  whole(0)("sampleSchedule", { steps });
  const step = parameter({ shape: [], dtype: "f64" });
  const rate = program([step], [schedule(step)]);
  return Array.from(
    { length: steps },
    (_, i) => run(rate, [scalar(i, "f64")])[0]?.item() ?? Number.NaN,
  );
};

/** The same rate at every step. **Units** of rates: per step. */
export const constantSchedule = (rate: number): Schedule => {
  notNegative("constantSchedule", { rate });
  return () => number(rate);
};

/**
 * Multiplies the rate by `factor` every `every` steps.
 *
 * **Math** `η · γ^⌊t/k⌋`.
 * **Fails with** `InvalidArgument`, thrown, where a number is negative, or `every` is not a positive whole number.
 */
export const stepDecay = (rate: number, every: number, factor: number): Schedule => {
  notNegative("stepDecay", { rate, factor });
  whole(1)("stepDecay", { every });
  return (t) => times(pow(number(factor), floor(div(t, every))), rate);
};

/** Multiplies the rate by `factor` at each milestone. */
export const multiStepDecay = (
  rate: number,
  milestones: readonly number[],
  factor: number,
): Schedule => {
  notNegative("multiStepDecay", { rate, factor });
  for (const milestone of milestones) whole(0)("multiStepDecay", { milestone });
  return (t) => milestones.reduce((r, at) => choose(ge(t, at), times(r, factor), r), number(rate));
};

/**
 * Multiplies the rate by `factor` at every step.
 *
 * **Math** `η · γᵗ`.
 * **Fails with** `InvalidArgument`, thrown, where a number is negative.
 */
export const exponentialDecay = (rate: number, factor: number): Schedule => {
  notNegative("exponentialDecay", { rate, factor });
  return (t) => times(pow(number(factor), t), rate);
};

/**
 * Lowers the rate to `end` along half a cosine in `steps` steps; after them it rises again. `end` defaults to 0.
 *
 * **Source** Loshchilov and Hutter (2016), arXiv:1608.03983, equation 5.
 */
export const cosineDecay = (rate: number, steps: number, end = 0): Schedule => {
  notNegative("cosineDecay", { rate, end });
  whole(1)("cosineDecay", { steps });
  // Whole turns are removed before the cosine: after many of them π is not exact enough.
  return (t) => cosineBetween(rate, end, div(rem(t, 2 * steps), steps));
};

/**
 * Lowers the rate to `end` in `steps` steps along a power of the time that is left: a line for a power of 1. Then it
 * stays. `power` defaults to 1 and `end` to 0.
 *
 * **Math** `(η - e)(1 - min(t, T)/T)ᵖ + e`.
 */
export const polynomialDecay = (
  rate: number,
  steps: number,
  options: { readonly power?: number; readonly end?: number } = {},
): Schedule => {
  const { power = 1, end = 0 } = options;
  notNegative("polynomialDecay", { rate, power, end });
  whole(1)("polynomialDecay", { steps });
  return (t) => {
    const left = sub(1, div(minimum(t, steps), steps));
    const share = power === 1 ? left : pow(left, number(power));
    return add(times(share, rate - end), end);
  };
};

/**
 * Holds the rate for `steps` steps; then it falls with the root of the time. With {@link linearWarmup} of as many steps it
 * is the schedule of the transformer.
 *
 * **Math** `η √(k/max(t, k))`.
 * **Source** Vaswani et al. (2017), arXiv:1706.03762, equation 3; Raffel et al. (2019), arXiv:1910.10683, section 3.1.2.
 */
export const inverseSquareRoot = (rate: number, steps: number): Schedule => {
  notNegative("inverseSquareRoot", { rate });
  whole(1)("inverseSquareRoot", { steps });
  return (t) => times(sqrt(div(steps, maximum(t, steps))), rate);
};

/**
 * Repeats half cosines from the rate down to `end`: the first takes `steps` steps, and each next one is
 * `growth` times as long. `growth` defaults to 1 and `end` to 0.
 *
 * **Source** Loshchilov and Hutter (2016), arXiv:1608.03983, section 3.
 */
export const cosineWarmRestarts = (
  rate: number,
  steps: number,
  options: { readonly growth?: number; readonly end?: number } = {},
): Schedule => {
  const { growth = 1, end = 0 } = options;
  notNegative("cosineWarmRestarts", { rate, end });
  whole(1)("cosineWarmRestarts", { steps });
  holding("a finite number, 1 or more", (n) => n >= 1 && Number.isFinite(n))("cosineWarmRestarts", {
    growth,
  });
  if (growth === 1) return (t) => cosineBetween(rate, end, div(rem(t, steps), steps));
  return (t) => {
    // n cycles take steps·(growthⁿ - 1)/(growth - 1). 1e-12 guards a logarithm rounded below a whole number.
    const [more, base] = [growth - 1, Math.log1p(growth - 1)];
    const cycles = floor(add(div(log1p(times(t, more / steps)), base), 1e-12));
    // Whole powers of a whole number are exact; but growthⁿ - 1 would cancel where growth is close to 1.
    const power = pow(number(growth), cycles);
    const powerLess1 = more < 0.5 ? expm1(times(cycles, base)) : sub(power, 1);
    const begun = times(powerLess1, steps / more);
    return cosineBetween(rate, end, div(sub(t, begun), times(power, steps)));
  };
};

/**
 * Multiplies the first `steps` rates of a schedule by a factor that rises linearly from `from` to 1. `from`
 * defaults to 0.
 *
 * @example
 * ```ts
 * import { cosineDecay, linearWarmup } from "fluxion";
 * import { sampleSchedule } from "fluxion/optim";
 * sampleSchedule(linearWarmup(cosineDecay(1, 8), 2), 9).map((rate) => Math.round(100 * rate)) // => [0, 48, 85, 69, 50, 31, 15, 4, 0]
 * ```
 */
export const linearWarmup = (schedule: Schedule, steps: number, from = 0): Schedule => {
  whole(1)("linearWarmup", { steps });
  probability("linearWarmup", { from });
  return (t) => {
    const done = minimum(div(t, steps), 1);
    return mul(schedule(t), add(times(done, 1 - from), from));
  };
};

/**
 * Runs schedules one after the other: at each boundary the next one begins, from its own step 0.
 *
 * **Fails with** `InvalidArgument`, thrown, where a boundary is not a whole number, or not after the one before.
 */
export const joinSchedules = (
  first: Schedule,
  ...rest: readonly (readonly [from: number, schedule: Schedule])[]
): Schedule => {
  for (const [i, [from]] of rest.entries())
    whole(i === 0 ? 0 : (rest[i - 1]?.[0] ?? 0) + 1)("joinSchedules", { from });
  return rest.reduce<Schedule>(
    (before, [from, schedule]) =>
      (t) =>
        choose(lt(t, from), before(t), schedule(sub(t, from))),
    first,
  );
};

/** Constant rates: each holds from its own step on. */
export const piecewiseConstant = (
  rate: number,
  ...rest: readonly (readonly [from: number, rate: number])[]
): Schedule => {
  const constant = (each: number): Schedule =>
    passedOn("piecewiseConstant", () => constantSchedule(each));
  const first = constant(rate);
  const others = rest.map(([from, next]) => [from, constant(next)] as const);
  return passedOn("piecewiseConstant", () => joinSchedules(first, ...others));
};
