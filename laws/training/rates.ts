import * as fc from "fast-check";
import { run } from "../../src/interpreter/evaluate.ts";
import { parameter } from "../../src/ir/build.ts";
import { program } from "../../src/ir/program.ts";
import { symbolsOf } from "../../src/ir/trees.ts";
import type { LearningRate, Schedule } from "../../src/optim/learningRate.ts";
import type { GradientTransformation } from "../../src/optim/transformation.ts";
import { scalar, zeros } from "../../src/tensor/constructors.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { leaves } from "../../src/tree.ts";
import { real, record, tensors } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { sameBits } from "../values/compare.ts";
import { bowl } from "./optimizers.ts";

/** A schedule, with its rate as plain arithmetic on the step. */
export interface DrawnSchedule {
  readonly schedule: Schedule;
  readonly meaning: (step: number) => number;
  /** The step after which the rate is constant, if there is one. */
  readonly end?: number;
}

/** Schedules of one kind, with their cycles, lengths and factors drawn. */
export interface ScheduleSubject {
  readonly name: string;
  readonly members: fc.Arbitrary<DrawnSchedule>;
}

/** An optimizer as a function of its learning rate, or a chain of two as a function of both rates. */
export interface RatedSubject {
  readonly name: string;
  readonly optimizer: (rate: LearningRate, second: LearningRate) => GradientTransformation;
  /** The index of the rate that is reported. Defaults to 0. */
  readonly reports?: 0 | 1;
}

/** A schedule as a plain function. */
const plain = (schedule: Schedule): ((step: number) => number) => {
  const step = parameter({ shape: [], dtype: "f64" });
  const rate = program([step], [schedule(step)]);
  return (at) => run(rate, [scalar(at, "f64")])[0]?.item() ?? Number.NaN;
};

/** A schedule gives the rate of its formula at every step: in its first cycles, at its end and long after. */
export const scheduleMeaning: Law<ScheduleSubject> = law(
  "meaning of a schedule",
  "s(t) equals plain arithmetic on t, is finite and nonnegative for every t, and is constant after its end",
  ({ members }: ScheduleSubject) => ({
    given: record({
      member: members,
      early: fc.nat(200),
      late: fc.integer({ min: 201, max: 2 ** 31 }),
    }),
    breach: ({ member, early, late }: { member: DrawnSchedule; early: number; late: number }) => {
      const rate = plain(member.schedule);
      const { end = 0, meaning } = member;
      for (const step of [0, early, end, end + 1, late]) {
        const [is, means] = [rate(step), meaning(step)];
        if (!(Number.isFinite(is) && is >= 0)) return `the rate of step ${step} is ${is}`;
        if (!(Math.abs(is - means) <= 1e-9 * Math.max(1e-3, Math.abs(means))))
          return `the rate of step ${step} is ${is}, not ${means}`;
        if (member.end !== undefined && step >= end && !Object.is(is, rate(end)))
          return `after its end, at step ${step}, the rate is ${is}, not ${rate(end)}`;
      }
      return undefined;
    },
  }),
);

const params = tensors([3], real, "f32");
const steps = 4;

/** A step of an optimizer as a function. Returns the updates, the leaves of the next state, and the reported rate. */
const stepOf = ({ init, update, learningRate }: GradientTransformation) => {
  const start = init(zeros(params.type.shape, "f32"));
  const { tree, leaves: state } = symbolsOf(start);
  const [p, g] = [parameter(params.type), parameter(params.type)];
  const made = update(g, tree, p, undefined, bowl(p));
  const said = learningRate?.(tree);
  const next = leaves(made.state);
  const built = program(
    [p, g, ...state],
    [...leaves(made.updates), ...next, ...(said === undefined ? [] : [said])],
  );
  return {
    start: leaves(start),
    run: (at: Tensor, gradient: Tensor, before: readonly Tensor[]) => {
      const outputs = run(built, [at, gradient, ...before]);
      const moved = outputs.slice(0, 1 + next.length);
      return { moved, state: moved.slice(1), rate: outputs[1 + next.length]?.item() };
    },
  };
};

interface Rated {
  readonly drawn: readonly [DrawnSchedule, DrawnSchedule];
  readonly at: Tensor;
  readonly gradients: readonly Tensor[];
}

/** A scheduled optimizer uses the schedule's rate at each step and nothing else of it, alone or in a chain. */
export const ratesAreUsed = (schedules: fc.Arbitrary<DrawnSchedule>): Law<RatedSubject> =>
  law(
    "rates",
    "an update with the schedule s at step k is that with the rate s(k) from the same state, and s(k) is reported",
    ({ optimizer, reports = 0 }: RatedSubject) => ({
      given: record({
        drawn: fc.tuple(schedules, schedules),
        at: params.values,
        gradients: fc.array(params.values, { minLength: steps, maxLength: steps }),
      }),
      breach: ({ drawn: [first, second], at, gradients }: Rated) => {
        const scheduled = stepOf(optimizer(first.schedule, second.schedule));
        const rates = [plain(first.schedule), plain(second.schedule)] as const;
        let state = scheduled.start;
        for (const [k, gradient] of gradients.entries()) {
          const made = scheduled.run(at, gradient, state);
          const now = [rates[0](k), rates[1](k)] as const;
          if (!Object.is(made.rate, now[reports]))
            return `at step ${k} the rate ${made.rate} is reported, where it is ${now[reports]}`;
          const constant = stepOf(optimizer(...now)).run(at, gradient, state);
          const difference = sameBits(`step ${k}`, made.moved, constant.moved);
          if (difference !== undefined) return difference;
          state = made.state;
        }
        return undefined;
      },
    }),
  );
