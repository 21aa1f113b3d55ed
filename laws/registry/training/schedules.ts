import * as fc from "fast-check";
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
  stepDecay,
} from "../../../src/optim/index.ts";
import type * as cycles from "../../../src/optim/schedules/cycles.ts";
import type * as modules from "../../../src/optim/schedules/schedules.ts";
import type { DrawnSchedule, ScheduleSubject } from "../../training/rates.ts";

/** All schedules. */
export type Schedules = Omit<typeof modules & typeof cycles, "sampleSchedule">;

const rate = fc.constantFrom(0, 1e-5, 0.125, 0.1, 1, 3);
const length = fc.integer({ min: 1, max: 12 });
const factor = fc.constantFrom(0, 0.1, 0.5, 0.9, 1);
const end = fc.constantFrom(0, 1e-4, 0.05);

/** Interpolates between two values along half a cosine; `done` is the fraction of the way. */
const along = (from: number, to: number, done: number): number =>
  to + (from - to) * ((1 + Math.cos(Math.PI * done)) / 2);

/** Interpolates between two values along a line. */
const straight = (from: number, to: number, done: number): number => from + (to - from) * done;

const product = (rate: number, factors: number, factor: number): number => rate * factor ** factors;

const constant = rate.map(
  (r): DrawnSchedule => ({ schedule: constantSchedule(r), meaning: () => r, end: 0 }),
);

/** The cycle of a step, found by counting. */
const cycleOf = (step: number, first: number, growth: number) => {
  let [begun, long] = [0, first];
  if (growth === 1) return { done: (step % first) / first };
  while (step >= begun + long) [begun, long] = [begun + long, long * growth];
  return { done: (step - begun) / long };
};

const simple = fc.oneof(
  constant,
  fc.tuple(rate, length, factor).map(
    ([r, every, f]): DrawnSchedule => ({
      schedule: stepDecay(r, every, f),
      meaning: (t) => product(r, Math.floor(t / every), f),
    }),
  ),
);

const afterEachOther = (boundaries: readonly number[], parts: readonly DrawnSchedule[]) => {
  const begins = [0, ...boundaries];
  const at = (t: number): number => begins.findLastIndex((from) => t >= from);
  return {
    meaning: (t: number) => parts[at(t)]?.meaning(t - (begins[at(t)] ?? 0)) ?? Number.NaN,
    rest: boundaries.map((from, i) => [from, (parts[i + 1] as DrawnSchedule).schedule] as const),
  };
};

const boundaries = fc
  .uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 3 })
  .map((all) => all.toSorted((a, b) => a - b));

/** Every schedule with its formula. A missing one does not compile. */
const schedules: { readonly [Name in keyof Schedules]: fc.Arbitrary<DrawnSchedule> } = {
  constantSchedule: constant,
  stepDecay: simple,
  multiStepDecay: fc.tuple(rate, fc.array(fc.nat(40), { maxLength: 4 }), factor).map(
    ([r, milestones, f]): DrawnSchedule => ({
      schedule: multiStepDecay(r, milestones, f),
      meaning: (t) => product(r, milestones.filter((at) => t >= at).length, f),
      end: milestones.reduce((last, at) => Math.max(last, at), 0),
    }),
  ),
  exponentialDecay: fc.tuple(rate, factor).map(
    ([r, f]): DrawnSchedule => ({
      schedule: exponentialDecay(r, f),
      meaning: (t) => product(r, t, f),
    }),
  ),
  cosineDecay: fc.tuple(rate, length, end).map(
    ([r, steps, e]): DrawnSchedule => ({
      schedule: cosineDecay(r, steps, e),
      // Down in `steps` steps, and up again in as many.
      meaning: (t) => along(r, e, Math.min(t % (2 * steps), 2 * steps - (t % (2 * steps))) / steps),
    }),
  ),
  cosineWarmRestarts: fc.tuple(rate, length, fc.constantFrom(1, 1.25, 1.5, 2, 3), end).map(
    ([r, steps, growth, e]): DrawnSchedule => ({
      schedule: cosineWarmRestarts(r, steps, { growth, end: e }),
      meaning: (t) => along(r, e, cycleOf(t, steps, growth).done),
    }),
  ),
  linearWarmup: fc.tuple(simple, length, fc.constantFrom(0, 0.1, 1)).map(
    ([after, steps, from]): DrawnSchedule => ({
      schedule: linearWarmup(after.schedule, steps, from),
      meaning: (t) => after.meaning(t) * (from + (1 - from) * Math.min(1, t / steps)),
      ...(after.end === undefined ? {} : { end: Math.max(after.end, steps) }),
    }),
  ),
  joinSchedules: fc
    .tuple(boundaries, fc.array(simple, { minLength: 4, maxLength: 4 }))
    .map(([at, parts]): DrawnSchedule => {
      const { meaning, rest } = afterEachOther(at, parts);
      return { schedule: joinSchedules((parts[0] as DrawnSchedule).schedule, ...rest), meaning };
    }),
  piecewiseConstant: fc
    .tuple(boundaries, fc.array(rate, { minLength: 4, maxLength: 4 }))
    .map(([at, rates]): DrawnSchedule => {
      const [first = 0, ...others] = rates;
      return {
        schedule: piecewiseConstant(first, ...at.map((from, i) => [from, others[i] ?? 0] as const)),
        meaning: (t) => rates[[0, ...at].findLastIndex((from) => t >= from)] ?? Number.NaN,
        end: at.at(-1) ?? 0,
      };
    }),
  oneCycle: fc
    .tuple(
      rate,
      length,
      fc.constantFrom(0, 0.1, 0.25, 0.3, 0.5, 1),
      fc.constantFrom(1, 25),
      fc.constantFrom("cosine", "line"),
      fc.boolean(),
    )
    .map(([peak, steps, rising, startDivisor, form, three]): DrawnSchedule => {
      const threePhases = three && rising <= 0.5;
      const [start, top, last] = [peak / startDivisor, rising * steps - 1, steps - 1];
      const least = start / 100;
      const between = form === "cosine" ? along : straight;
      const back = threePhases ? 2 * rising * steps - 2 : top;
      const rateOf = (t: number): number => {
        if (t <= top) return top === 0 ? peak : between(start, peak, t / top);
        if (t <= back) return between(peak, start, (t - top) / (back - top));
        const from = threePhases ? start : peak;
        return between(from, least, (t - back) / (last - back));
      };
      return {
        schedule: oneCycle(peak, steps, {
          rising,
          startDivisor,
          endDivisor: 100,
          along: form,
          threePhases,
        }),
        meaning: (t) => rateOf(Math.min(t, last)),
        end: last,
      };
    }),
  polynomialDecay: fc.tuple(rate, length, fc.constantFrom(0, 0.5, 1, 2), end).map(
    ([r, steps, power, e]): DrawnSchedule => ({
      schedule: polynomialDecay(r, steps, { power, end: e }),
      meaning: (t) => e + (r - e) * (1 - Math.min(t, steps) / steps) ** power,
      end: steps,
    }),
  ),
  inverseSquareRoot: fc.tuple(rate, length).map(
    ([r, steps]): DrawnSchedule => ({
      schedule: inverseSquareRoot(r, steps),
      meaning: (t) => r * Math.sqrt(steps / Math.max(t, steps)),
    }),
  ),
  cyclic: fc
    .tuple(
      rate,
      rate,
      length,
      length,
      fc.constantFrom("triangular", "triangular2", "exponential"),
      factor,
    )
    .map(([low, peak, stepsUp, stepsDown, mode, f]): DrawnSchedule => {
      const long = stepsUp + stepsDown;
      const scales = {
        triangular: () => 1,
        triangular2: (t: number) => 0.5 ** Math.floor(t / long),
        exponential: (t: number) => f ** t,
      };
      return {
        schedule: cyclic(low, peak, { stepsUp, stepsDown, mode, factor: f }),
        meaning: (t) => {
          const within = t % long;
          const height = within <= stepsUp ? within / stepsUp : (long - within) / stepsDown;
          return low + (peak - low) * height * scales[mode](t);
        },
      };
    }),
};

/** Every schedule with random settings. */
export const scheduleCases: readonly ScheduleSubject[] = Object.entries(schedules).map(
  ([name, members]) => ({ name, members }),
);

/** Any schedule. */
export const anySchedule: fc.Arbitrary<DrawnSchedule> = fc.oneof(...Object.values(schedules));
