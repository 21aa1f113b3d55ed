import type * as Layer from "effect/Layer";
import * as fc from "fast-check";
import { isLeft } from "fp-ts/lib/Either.js";
import { lastValueFrom, takeWhile, tap, toArray } from "rxjs";
import { figuresCodec } from "../../src/codec/tensor.ts";
import type { BackendUnavailable } from "../../src/errors.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import type { TrainEvent } from "../../src/train/events/event.ts";
import { withEpochs, withSeed } from "../../src/train/pipeline/overrides.ts";
import type { AnyPipeline } from "../../src/train/pipeline/pipeline.ts";
import type { TrainState } from "../../src/train/state/state.ts";
import { resume$, type Services, train$ } from "../../src/train/train.ts";
import { flatten, leafPaths, type Tree } from "../../src/tree.ts";
import { record } from "../domain.ts";
import type { AsyncLaw } from "../law.ts";
import { sameBits } from "../values/compare.ts";

/** A training run: from a seed, or resumed from a state. */
export interface Trainer {
  readonly name: string;
  readonly train: (epochs: number, seed: number) => Promise<Run>;
  readonly resume: (epochs: number, seed: number, from: TrainState) => Promise<Run>;
  /** Trains until the state after a step is there, which is asked for at the start, and leaves the run then. */
  readonly until: (epochs: number, seed: number, step: number) => Promise<Part>;
}

/** The results of the first steps of a run. */
export interface Part {
  /** The loss of every step. */
  readonly losses: readonly number[];
  /** The loss and metrics of every epoch, on the training and the validation examples. */
  readonly scores: readonly string[];
  /** The state after them. */
  readonly state: TrainState;
}

/** The results of a run. */
export interface Run extends Part {
  /** The final state: the last one, or one that an operator kept. */
  readonly state: TrainState;
  /** The state at the end of the last epoch, from which the run can be resumed. */
  readonly reached: TrainState;
  /** Whether an operator ended it. */
  readonly stopped: boolean;
}

const partOf = (events: readonly TrainEvent<TrainState>[], state: TrainState): Part => ({
  losses: events.flatMap((e) => (e._tag === "StepCompleted" ? [e.loss] : [])),
  scores: events.flatMap((e) =>
    e._tag === "EpochCompleted" ? [JSON.stringify([e.epoch, e.loss, e.metrics, e.validation])] : [],
  ),
  state,
});

const outcomeOf = (events: readonly TrainEvent<TrainState>[]): Run => {
  const last = events.at(-1);
  const reached = events.findLast((e) => e._tag === "EpochCompleted" || e._tag === "Started");
  if (reached === undefined || (last?._tag !== "Completed" && last?._tag !== "Stopped"))
    throw new Error(`a run ended with ${last?._tag ?? "no event"}`);
  return {
    ...partOf(events, last.state),
    reached: reached.state,
    stopped: last._tag === "Stopped",
  };
};

/** A pipeline as a trainer, with the services that run it. */
export const trainerOf = (
  of: AnyPipeline,
  services?: Layer.Layer<Services, BackendUnavailable>,
): Trainer => {
  const options = services === undefined ? {} : { services };
  const having = (epochs: number, seed: number) => withSeed(seed)(withEpochs(epochs)(of));
  return {
    name: of.name,
    train: async (epochs, seed) =>
      outcomeOf(await lastValueFrom(train$(having(epochs, seed), options).pipe(toArray()))),
    until: async (epochs, seed, step) => {
      const events = await lastValueFrom(
        train$(having(epochs, seed), options).pipe(
          tap((event) => {
            if (event._tag === "Started") event.requestState?.(step);
          }),
          // Operators may ask for other states.
          takeWhile((event) => event._tag !== "StateReached" || event.step !== step, true),
          toArray(),
        ),
      );
      const last = events.at(-1);
      if (last?._tag !== "StateReached") throw new Error(`the state of step ${step} is not there`);
      return partOf(events, last.state);
    },
    resume: async (epochs, seed, from) =>
      outcomeOf(await lastValueFrom(resume$(having(epochs, seed), from, options).pipe(toArray()))),
  };
};

/** Splits a state into its tensors and its numbers. */
const partsOf = ({ carried, key, memory, ...counters }: TrainState) =>
  // The carry is a tree of tensors: `init` and `step` make it.
  ({
    tree: { carried, key, memory } as Tree<Tensor | number>,
    counters,
  });

/** Writes a state and reads it back. */
const reread = (state: TrainState): TrainState => {
  const { tree, counters } = partsOf(state);
  const read = figuresCodec.decode(JSON.parse(JSON.stringify(figuresCodec.encode(tree))));
  if (isLeft(read)) throw new Error("the written state is refused");
  // The tree that was written, which has the parts of this state.
  return { ...counters, ...(read.right as Omit<TrainState, keyof typeof counters>) };
};

const differs = (a: Run, b: Run): string | undefined => {
  const at = a.losses.findIndex((loss, i) => !Object.is(loss, b.losses[i]));
  if (a.losses.length !== b.losses.length)
    return `${a.losses.length} steps, not ${b.losses.length}`;
  if (at >= 0) return `the loss of step ${at + 1} is ${a.losses[at]}, not ${b.losses[at]}`;
  const other = b.scores.findIndex((score, i) => score !== a.scores[i]);
  if (other >= 0) return `an epoch scores ${a.scores[other]}, not ${b.scores[other]}`;
  return unlikeStates(a.state, b.state);
};

/** Compares two states, every bit of them, and says what differs. */
export const unlikeStates = (a: TrainState, b: TrainState): string | undefined => {
  const [x, y] = [partsOf(a), partsOf(b)];
  if (JSON.stringify(x.counters) !== JSON.stringify(y.counters))
    return `${JSON.stringify(x.counters)}, not ${JSON.stringify(y.counters)}`;
  const [left, right] = [flatten(x.tree), flatten(y.tree)];
  const names = leafPaths(left.shape).map((path) => path.join("."));
  for (const [i, leaf] of left.leaves.entries()) {
    const other = right.leaves[i];
    if (Object.is(leaf, other)) continue;
    if (!(leaf instanceof Tensor && other instanceof Tensor))
      return `${names[i]} is ${String(leaf)}, not ${String(other)}`;
    const difference = sameBits(names[i] ?? "", [leaf], [other]);
    if (difference !== undefined) return difference;
  }
  return undefined;
};

/** The results of a run in two parts. */
const joined = (part: Part, rest: Run): Run => ({
  ...rest,
  losses: [...part.losses, ...rest.losses],
  scores: [...part.scores, ...rest.scores],
});

const seeds = fc.nat(1000);
const epochs = fc.integer({ min: 1, max: 2 });

/** Training resumed from a saved state continues as if it had never stopped. */
export const resumption: AsyncLaw<Trainer> = {
  name: "resumption",
  says: "train (a ++ b) = resume (read (write (train a))) b, bit for bit",
  trial: ({ train, resume }) => ({
    given: record({ a: epochs, b: epochs, seed: seeds }),
    breach: async ({ a, b, seed }: { a: number; b: number; seed: number }) => {
      const whole = await train(a + b, seed);
      const part = await train(a, seed);
      if (part.stopped) return differs(part, whole);
      const rest = await resume(a + b, seed, reread(part.reached));
      return differs(joined(part, rest), whole);
    },
  }),
};

/** A run may be left after any step, and resumed from the state that it was asked for. */
export const interruption: AsyncLaw<Trainer> = {
  name: "interruption",
  says: "train = resume (read (write (train until step k))), bit for bit, at any step k of any epoch",
  trial: ({ train, until, resume }) => ({
    given: record({ epochs, seed: seeds, at: fc.nat(10_000) }),
    breach: async ({ epochs, seed, at }: { epochs: number; seed: number; at: number }) => {
      const whole = await train(epochs, seed);
      const step = at % (whole.losses.length + 1);
      const part = await until(epochs, seed, step);
      if (part.state.step !== step) return `the state is of step ${part.state.step}, not ${step}`;
      return differs(joined(part, await resume(epochs, seed, reread(part.state))), whole);
    },
  }),
};

/** Runs from the same seed are the same. */
export const reproduction: AsyncLaw<Trainer> = {
  name: "reproduction",
  says: "train with one seed gives the same bits each time",
  trial: ({ train }) => ({
    given: seeds,
    breach: async (seed: number) => differs(await train(1, seed), await train(1, seed)),
  }),
};
