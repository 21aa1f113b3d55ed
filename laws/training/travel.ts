import * as Effect from "effect/Effect";
import type * as Layer from "effect/Layer";
import * as fc from "fast-check";
import { lastValueFrom, toArray } from "rxjs";
import type { BackendUnavailable } from "../../src/errors.ts";
import type { StepCompleted, TrainEvent } from "../../src/train/events/event.ts";
import type { Verdict } from "../../src/train/folder/verify.ts";
import { statesEvery } from "../../src/train/operators/statesEvery.ts";
import { withBatchSize, withEpochs, withSeed } from "../../src/train/pipeline/overrides.ts";
import type { AnyPipeline } from "../../src/train/pipeline/pipeline.ts";
import type { TrainState } from "../../src/train/state/state.ts";
import { type Services, train$ } from "../../src/train/train.ts";
import {
  branch,
  type Compared,
  diff,
  type Parting,
  type RecordedRun,
  record as recordRun,
  rewind,
} from "../../src/train/travel.ts";
import { record } from "../domain.ts";
import type { AsyncLaw } from "../law.ts";
import { unlikeStates } from "./training.ts";

type Recorded = RecordedRun<unknown, unknown>;

/** A way to go back in the runs of a pipeline, to branch and to compare them. */
export interface Traveler {
  readonly name: string;
  readonly of: AnyPipeline;
  readonly services?: Layer.Layer<Services, BackendUnavailable> | undefined;
  /** Another pipeline with the same model, to branch to: from the next step on its losses or rates are others. */
  readonly change: (of: AnyPipeline) => AnyPipeline;
  readonly rewind: (run: Recorded, step: number) => Promise<TrainState>;
  readonly branch: (
    run: Recorded,
    step: number,
    change: (of: AnyPipeline) => AnyPipeline,
  ) => Promise<Recorded>;
  readonly diff: (a: Compared, b: Compared) => Parting | undefined;
}

/** The functions of `fluxion/train` as a traveler. */
export const travelerOf = (
  of: AnyPipeline,
  change: Traveler["change"],
  services?: Traveler["services"],
): Traveler => {
  const options = services === undefined ? {} : { services };
  return {
    ...{ name: of.name, of, change, services, diff },
    rewind: (run, step) => Effect.runPromise(rewind(run, step, options)),
    branch: (run, step, to) => Effect.runPromise(branch(run, step, to, { ...options, every: 3 })),
  };
};

/** A run: how it begins, how it is recorded, and where it is looked at. */
interface Drawn {
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly every: number;
  readonly at: number;
}

const drawn = record({
  seed: fc.nat(1000),
  epochs: fc.integer({ min: 1, max: 3 }),
  batchSize: fc.integer({ min: 2, max: 5 }),
  every: fc.integer({ min: 1, max: 7 }),
  at: fc.nat(10_000),
});

const having = ({ of }: Traveler, { seed, epochs, batchSize }: Drawn): AnyPipeline =>
  withSeed(seed)(withEpochs(epochs)(withBatchSize(batchSize)(of)));

const recorded = (subject: Traveler, given: Drawn): Promise<Recorded> => {
  const { services } = subject;
  const options = { every: given.every, ...(services && { services }) };
  return Effect.runPromise(recordRun(having(subject, given), options));
};

/** The events of a fresh run, with its state after every step. */
const freshly = (of: AnyPipeline, { services }: Traveler, from?: TrainState) =>
  lastValueFrom(
    train$(of, { ...(services && { services }), ...(from && { from }) }).pipe(
      statesEvery({ steps: 1 }),
      toArray(),
    ),
  );

/** The state after each step: of several the last, but not the one that a run ends with. */
const statesOf = (events: readonly TrainEvent[]): readonly TrainState[] => {
  const states = new Map<number, TrainState>();
  for (const event of events)
    if ("state" in event && event._tag !== "Completed" && event._tag !== "Stopped")
      states.set(event.state.step, event.state);
  return [...states.values()];
};

const stepsOf = (events: readonly TrainEvent[]): readonly StepCompleted[] =>
  events.filter((event) => event._tag === "StepCompleted");

/** Every step of a run that is gone back to is the step of a run that was never recorded. */
export const rewinding: AsyncLaw<Traveler> = {
  name: "rewinding",
  says: "rewind (run, k) is the state after step k of a fresh run, bit for bit, for every k",
  trial: (subject) => ({
    given: drawn,
    breach: async (given: Drawn) => {
      const run = await recorded(subject, given);
      for (const state of statesOf(await freshly(having(subject, given), subject))) {
        const back = await subject.rewind(run, state.step);
        const unlike = unlikeStates(back, state);
        if (unlike !== undefined) return `step ${state.step}: ${unlike}`;
      }
      return undefined;
    },
  }),
};

/** A copy of a run's states, so that it shows whether somebody writes into them. */
const copied = (run: Recorded) =>
  run.keyframes.map((state) => ({ state, text: JSON.stringify(bits(state)) }));

const bits = (tree: unknown): unknown =>
  typeof tree !== "object" || tree === null
    ? tree
    : "toTypedArray" in tree && typeof tree.toTypedArray === "function"
      ? Array.from(new Uint8Array(tree.toTypedArray().buffer))
      : Object.entries(tree).map(([name, part]) => [name, bits(part)]);

/** A branch is a run of its own, which shares what it has in common with the first. */
export const branching: AsyncLaw<Traveler> = {
  name: "branching",
  says:
    "branch (run, k, f) leaves run as it was, bit for bit, shares its steps and keyframes up to k, and goes on as " +
    "f (pipeline) does from the state after k",
  trial: (subject) => ({
    given: drawn,
    breach: async (given: Drawn) => {
      const run = await recorded(subject, given);
      const k = given.at % (run.steps.length + 1);
      const before = copied(run);
      const [steps, states] = [[...run.steps], [...run.keyframes]];
      const other = await subject.branch(run, k, subject.change);
      if (run.steps.some((one, i) => one !== steps[i]) || run.steps.length !== steps.length)
        return "the steps of the first run are others";
      if (run.keyframes.some((one, i) => one !== states[i])) return "its keyframes are others";
      const written = before.find(({ state, text }) => JSON.stringify(bits(state)) !== text);
      if (written !== undefined) return `its state of step ${written.state.step} was written into`;
      const common = other.steps.findIndex((one, i) => one !== run.steps[i]);
      if ((common < 0 ? other.steps.length : common) < k) return `step ${common + 1} is not shared`;
      const lacking = run.keyframes.find(
        (state) => state.step < k && !other.keyframes.includes(state),
      );
      if (lacking !== undefined) return `the state of step ${lacking.step} is not shared`;
      const reached = statesOf(await freshly(having(subject, given), subject));
      const from = reached.find(({ step }) => step === k);
      if (from === undefined) return `the fresh run has no step ${k}`;
      const events = await freshly(subject.change(having(subject, given)), subject, from);
      const after = other.steps.slice(k).map(({ step, loss }) => [step, loss]);
      const expected = stepsOf(events).map(({ step, loss }) => [step, loss]);
      if (JSON.stringify(after) !== JSON.stringify(expected))
        return `the steps after ${k} are ${JSON.stringify(after)}, not ${JSON.stringify(expected)}`;
      const [end, last] = [other.keyframes.at(-1), statesOf(events).at(-1)];
      return end === undefined || last === undefined ? "no last state" : unlikeStates(end, last);
    },
  }),
};

interface Changed extends Drawn {
  readonly what: "loss" | "learning rate" | "metric" | "none";
  readonly to: number;
  readonly also: number;
}

const changed = record({
  ...{ seed: fc.nat(1000), epochs: fc.constant(2), batchSize: fc.integer({ min: 2, max: 5 }) },
  ...{ every: fc.constant(4), at: fc.nat(10_000), also: fc.nat(10_000) },
  what: fc.constantFrom("loss", "learning rate", "metric", "none"),
  to: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0, 1e-30, -1),
}) as fc.Arbitrary<Changed>;

const metric = "a metric";

/** A run of which one number of one step is another, and of a later step, too. */
const altered = (steps: readonly StepCompleted[], { at, also, what, to }: Changed) => {
  const first = at % steps.length;
  const second = first + (also % (steps.length - first));
  return steps.map((one, i) => {
    if (i !== first && i !== second) return one;
    if (what === "loss") return { ...one, loss: to };
    if (what === "learning rate") return { ...one, learningRate: to };
    return { ...one, metrics: { ...one.metrics, [metric]: to } };
  });
};

/** Runs are compared step by step, from either side. */
export const parting: AsyncLaw<Traveler> = {
  name: "parting",
  says:
    "diff (a, b) names the first step that differs and what differs there, and diff (b, a) the same with sides changed; " +
    "a run parts from its branch at the step after it, by the learning rate, and from itself nowhere",
  trial: (subject) => ({
    given: changed,
    breach: async (given: Changed) => {
      const run = await recorded(subject, given);
      const metrics = { [metric]: 0, "NaN on both sides": Number.NaN };
      const numbers = { ...run, steps: run.steps.map((one) => ({ ...one, metrics })) };
      if (given.what === "none") {
        const k = given.at % run.steps.length;
        const other = await subject.branch(run, k, subject.change);
        const [same, found] = [subject.diff(run, run), subject.diff(run, other)];
        if (same !== undefined) return `a run parts from itself at step ${same.step}`;
        const [left, right] = [run, other].map(({ steps }) => steps[k]?.learningRate);
        return found?.step === k + 1 &&
          found.what === "learning rate" &&
          Object.is(found.left, left) &&
          Object.is(found.right, right)
          ? undefined
          : `a branch at step ${k} parts at ${JSON.stringify(found)}`;
      }
      const other = { ...numbers, steps: altered(numbers.steps, given) };
      const at = 1 + (given.at % run.steps.length);
      const what = given.what === "metric" ? metric : given.what;
      const [found, back] = [subject.diff(numbers, other), subject.diff(other, numbers)];
      if (found?.step !== at || found.what !== what)
        return `the first difference is ${JSON.stringify(found)}, not the ${what} of step ${at}`;
      if (!Object.is(found.right, given.to)) return `it is ${found.right}, not ${given.to}`;
      const mirrored =
        back?.step === at && Object.is(back.left, found.right) && Object.is(back.right, found.left);
      return mirrored ? undefined : `from the other side it is ${JSON.stringify(back)}`;
    },
  }),
};

/** The laws of travel. */
export const travelLaws = [rewinding, branching, parting] as const;

/** What somebody did to a run on a disk: a number of some steps is another, or a weight of its last state; or nothing. */
export interface Tampering {
  readonly steps: readonly number[];
  readonly number: "loss" | "learning rate";
  readonly weight: boolean;
}

/** A way to confirm runs on a disk. */
export interface Verifier {
  readonly name: string;
  /** Trains in a folder, tampers with what is recorded, and verifies it. It gives the number of steps that there were. */
  readonly verified: (
    run: { readonly seed: number; readonly epochs: number },
    tamper: (steps: number) => Tampering,
  ) => Promise<{ readonly verdict: Verdict; readonly steps: number }>;
}

interface Tampered extends Omit<Tampering, "steps"> {
  readonly seed: number;
  readonly epochs: number;
  readonly at: readonly number[];
}

/** A run on a disk is confirmed if nobody changed it, and else the first change is named. */
export const verification: AsyncLaw<Verifier> = {
  name: "verification",
  says: "verify confirms every step of a run, or names the first step with another loss or rate, or the weight that is another",
  trial: ({ verified }) => ({
    given: record({
      seed: fc.nat(1000),
      epochs: fc.integer({ min: 1, max: 3 }),
      at: fc.array(fc.nat(10_000), { maxLength: 2 }),
      weight: fc.boolean(),
      number: fc.constantFrom("loss", "learning rate"),
    }),
    breach: async ({ at, weight, number, ...run }: Tampered) => {
      let first = 0;
      const { verdict, steps } = await verified(run, (count) => {
        const changedSteps = at.map((n) => 1 + (n % count));
        first = changedSteps.toSorted((a, b) => a - b)[0] ?? 0;
        return { steps: changedSteps, number, weight };
      });
      const said = JSON.stringify(verdict);
      if (first > 0)
        return verdict._tag === "Differs" && verdict.step === first && verdict.what === number
          ? undefined
          : `the ${number} of step ${first} was changed: ${said}`;
      if (weight)
        return verdict._tag === "Differs" &&
          verdict.step === steps &&
          /the state's/.test(verdict.what)
          ? undefined
          : `a weight of the state after step ${steps} was changed: ${said}`;
      return verdict._tag === "Confirmed" && verdict.steps === steps ? undefined : said;
    },
  }),
};
