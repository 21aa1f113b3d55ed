import * as fc from "fast-check";
import { isLeft } from "fp-ts/lib/Either.js";
import {
  concat,
  defer,
  finalize,
  from,
  lastValueFrom,
  type MonoTypeOperatorFunction,
  NEVER,
  of as only,
  take,
  toArray,
} from "rxjs";
import { figuresCodec } from "../../src/codec/tensor.ts";
import { scalar } from "../../src/tensor/constructors.ts";
import { key } from "../../src/tensor/key.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { encodeEvent } from "../../src/train/events/codec.ts";
import type { TrainEvent, Validated } from "../../src/train/events/event.ts";
import type { Memories, Memory } from "../../src/train/state/memory.ts";
import type { TrainState } from "../../src/train/state/state.ts";
import { record } from "../domain.ts";
import type { AsyncLaw } from "../law.ts";

type State = TrainState<Tensor>;

/** An operator on the events of training runs. */
export interface OperatorSubject {
  readonly name: string;
  readonly operator: MonoTypeOperatorFunction<TrainEvent<State>>;
}

const stepsPerEpoch = 2;

const at = (epoch: number, memory: Memories, batch = 0): State => ({
  carried: scalar(epoch),
  key: key(0),
  epoch,
  batch,
  step: epoch * stepsPerEpoch + batch,
  memory,
});

/** The measurements of an epoch, on training examples and on held-out ones. */
interface Figures {
  readonly loss: number;
  readonly accuracy: number;
  readonly rmse: number;
}

const scoreOf = ({ loss, accuracy, rmse }: Figures) => ({ loss, metrics: { accuracy, rmse } });

const tested = ({ epoch, step, carried }: TrainState): Validated => ({
  _tag: "Validated",
  on: "test",
  epoch,
  step,
  examples: 3,
  // The evaluation is a function of the state: the params hold the number of their epoch.
  loss: epoch,
  metrics: { accuracy: (carried as Tensor).item(), rmse: 0 },
  confusion: undefined,
});

/**
 * The events of a run that resumes from a state, one epoch per figure, with or without its end. The first of the two
 * steps of an epoch is followed by a state, and may be the one that the run resumes after.
 */
const runFrom = (
  start: State,
  epochs: readonly Figures[],
  ends: boolean,
): readonly TrainEvent<State>[] => {
  // A run does not know its operators: only the state from which it resumes holds what they remembered.
  const last = at(start.epoch + epochs.length, {});
  const validated = tested(last);
  return [
    {
      _tag: "Started",
      pipeline: "law",
      backend: "none",
      epochs: 8,
      stepsPerEpoch,
      examples: 4,
      parameters: 1,
      baselines: [],
      better: { loss: "lower", accuracy: "higher", rmse: "lower" },
      units: {},
      judgedIn: undefined,
      tested$: (state) => only(tested(state)),
      state: start,
    },
    ...epochs.flatMap((figures, i): readonly TrainEvent<State>[] => {
      const state = at(start.epoch + i + 1, {});
      const { epoch, step } = state;
      const first = { epoch, step: step - 1 };
      const [learningRate, examplesPerSecond] = [1, 1];
      const score = scoreOf(figures);
      const begun: readonly TrainEvent<State>[] = [
        { _tag: "StepCompleted", ...first, ...score, learningRate, examplesPerSecond },
        { _tag: "StateReached", ...first, state: at(epoch - 1, {}, 1) },
      ];
      return [
        { _tag: "EpochStarted", epoch },
        ...(i === 0 && start.batch === 1 ? [] : begun),
        { _tag: "StepCompleted", epoch, step, ...score, learningRate, examplesPerSecond },
        { ...validated, on: "validation", epoch, step, ...score },
        {
          _tag: "EpochCompleted",
          epoch,
          step,
          ...score,
          validation: score,
          milliseconds: 1,
          examplesPerSecond,
          state,
        },
      ];
    }),
    ...(ends
      ? [
          validated,
          {
            _tag: "Completed" as const,
            epoch: last.epoch,
            step: last.step,
            test: scoreOf({ loss: last.epoch, accuracy: last.epoch, rmse: 0 }),
            milliseconds: 1,
            state: last,
          },
        ]
      : []),
  ];
};

/** An event in full, as text. */
const shown = (event: TrainEvent<State>): string =>
  // A state is a tree of tensors and numbers.
  `${encodeEvent(event)} ${"state" in event ? JSON.stringify(figuresCodec.encode({ ...event.state })) : ""}`;

/** Writes and reads the memory in a state. */
const reread = (state: State): State => {
  const read = figuresCodec.decode(JSON.parse(JSON.stringify(figuresCodec.encode(state.memory))));
  if (isLeft(read)) throw new Error("the written memory is refused");
  const memory: Memory = read.right;
  // The memories that were written.
  return { ...state, memory: memory as Memories };
};

// Ties and NaN are as likely as other values.
const figure = fc.oneof(
  fc.nat(3).map((n) => n / 4),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e-30),
);
const figures = fc.record({ loss: figure, accuracy: figure, rmse: figure });

interface Cut {
  readonly before: readonly Figures[];
  readonly after: readonly Figures[];
  readonly ends: boolean;
  /** Whether the cut is in the middle of the epoch that follows, where there is one. */
  readonly within: boolean;
}

/**
 * An operator is a homomorphism: its output for a run is its output for the first epochs, followed by its output
 * for the rest, resumed from the last saved state.
 */
export const operatorResumption: AsyncLaw<OperatorSubject> = {
  name: "homomorphism",
  says: "op (a ++ b) = op (a) ++ op (b), where b resumes from the last state of op (a)",
  trial: ({ operator }) => ({
    given: record({
      before: fc.array(figures, { minLength: 1, maxLength: 4 }),
      after: fc.array(figures, { maxLength: 4 }),
      ends: fc.boolean(),
      within: fc.boolean(),
    }),
    breach: async ({ before, after, ends, within }: Cut) => {
      const through = (events: readonly TrainEvent<State>[]) =>
        lastValueFrom(from(events).pipe(operator, toArray()));
      const whole = await through(runFrom(at(0, {}), [...before, ...after], ends));
      const inside = within && after.length > 0;
      const first = runFrom(at(0, {}), inside ? [...before, ...after.slice(0, 1)] : before, false);
      const last = inside ? "StateReached" : "EpochCompleted";
      const cut = first.findLastIndex(({ _tag }) => _tag === last) + 1;
      const part = await through(first.slice(0, cut));
      const stopped = part.at(-1)?._tag === "Stopped";
      const reached = part.findLast(({ _tag }) => _tag === last);
      if (reached === undefined || !("state" in reached)) return "no state is passed on";
      const rest = stopped ? [] : await through(runFrom(reread(reached.state), after, ends));
      // The rest starts again, and so does its epoch.
      return unlike([...part, ...rest.slice(inside ? 2 : 1)], whole);
    },
  }),
};

/** A run of some epochs, and how many of the events after an operator are taken. */
interface Watched {
  readonly epochs: readonly Figures[];
  readonly ends: boolean;
  readonly taken: number;
}

const watched = record({
  epochs: fc.array(figures, { maxLength: 4 }),
  ends: fc.boolean(),
  taken: fc.integer({ min: 1, max: 30 }),
});

/** Compares two lists of events, and names the first that differs. */
const unlike = (
  actual: readonly TrainEvent<State>[],
  expected: readonly TrainEvent<State>[],
): string | undefined => {
  const [some, others] = [actual.map(shown), expected.map(shown)];
  const wrong = others.findIndex((event, i) => event !== some[i]);
  if (wrong >= 0) return `event ${wrong} is ${some[wrong]}, not ${others[wrong]}`;
  return some.length === others.length ? undefined : `${some.length} events, not ${others.length}`;
};

/** An operator is cold: no run starts before a subscription, and each subscription starts its own run. */
export const operatorColdness: AsyncLaw<OperatorSubject> = {
  name: "coldness",
  says: "n subscriptions to op (a) are n runs of a, with the same events",
  trial: ({ operator }) => ({
    given: watched,
    breach: async ({ epochs, ends }: Watched) => {
      let runs = 0;
      const run$ = defer(() => {
        runs++;
        return from(runFrom(at(0, {}), epochs, ends));
      });
      const events$ = run$.pipe(operator, toArray());
      if (runs > 0) return "a run starts before anybody subscribes";
      const first = await lastValueFrom(events$);
      const second = await lastValueFrom(events$);
      return runs === 2 ? unlike(second, first) : `two subscriptions start ${runs} runs`;
    },
  }),
};

/** Unsubscribing from an operator unsubscribes from the run. The events until then are those of every run. */
export const operatorTeardown: AsyncLaw<OperatorSubject> = {
  name: "teardown",
  says: "take n (op (a)) are the first n events of op (a), and a is unsubscribed from after them",
  trial: ({ operator }) => ({
    given: watched,
    breach: async ({ epochs, ends, taken }: Watched) => {
      const run = runFrom(at(0, {}), epochs, ends);
      const whole = await lastValueFrom(from(run).pipe(operator, toArray()));
      const n = Math.min(taken, whole.length);
      let left = false;
      // A run that continues as long as it has a subscriber.
      const run$ = concat(from(run), NEVER).pipe(
        finalize(() => {
          left = true;
        }),
      );
      const some = await lastValueFrom(run$.pipe(operator, take(n), toArray()));
      return left ? unlike(some, whole.slice(0, n)) : `the run goes on after ${n} events are taken`;
    },
  }),
};
