import * as Effect from "effect/Effect";
import {
  asyncScheduler,
  catchError,
  concat,
  concatMap,
  defer,
  EMPTY,
  groupBy,
  identity,
  type MonoTypeOperatorFunction,
  map,
  mergeMap,
  type Observable,
  of as only,
  pipe,
  type TimestampProvider,
  tap,
  throwError,
} from "rxjs";
import { files } from "../../data/files.ts";
import { CheckpointNotSaved } from "../../errors.ts";
import { reasonNotWritten } from "../../io/replaceFile.ts";
import { positive, whole } from "../../tensor/validate.ts";
import type { Started, TrainEvent } from "../events/event.ts";
import { observe } from "../events/fromEffect.ts";
import { fromOrigin } from "../pipeline/origins.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { saveCheckpoint } from "../state/checkpoint.ts";
import { checkpointIn, pruneCheckpoints } from "../state/checkpointFolder.ts";
import type { TrainState } from "../state/state.ts";
import { afterSome } from "./afterEpochs.ts";
import { stoppingEarly, type Watch } from "./earlyStopping.ts";
import { folded } from "./fold.ts";
import type { Monitor } from "./monitor.ts";
import { newestAfter } from "./newestAfter.ts";
import { statesEvery } from "./statesEvery.ts";

/** When states are saved. Each that is given counts by itself. */
export interface CheckpointTimes {
  /** After the epochs that this number divides. */
  readonly epochs?: number;
  /** After the steps that this number divides, in the middle of epochs too. */
  readonly steps?: number;
  /** After a step, once so many minutes have passed since the last time. */
  readonly minutes?: number;
}

/** Where states are saved: in a file, or each in a file of its own in a folder. */
export type CheckpointPlace =
  | {
      /** One file that is replaced each time, or a function from the epoch and the step to a file. */
      readonly path: string | ((epoch: number, step: number) => string);
      readonly folder?: never;
    }
  | {
      /** A folder, in which each step that is saved has a file. It is made where there is none. */
      readonly folder: string;
      /** The number of last files that are kept; earlier ones are removed. Defaults to all. */
      readonly keep?: number;
      readonly path?: never;
    };

/** The checkpoint of the best epoch. */
export interface BestCheckpoint {
  readonly path: string;
  /** The value that says which epoch is the best. Defaults to `"validation.loss"`. */
  readonly monitor?: Monitor;
  /** Whether a lower or a higher value is better. Defaults to the direction of the metric. */
  readonly mode?: "min" | "max";
}

/** The options of {@link saveCheckpoints}. */
export type SaveCheckpoints = CheckpointPlace & {
  /** When states are saved; a number is that of epochs. Defaults to every epoch. */
  readonly every?: number | CheckpointTimes;
  /** Also keeps the state of the best epoch in a file. Defaults to none. */
  readonly best?: BestCheckpoint;
  /**
   * What the run does while a state is written: `"wait"` before its next step, or go on, of the states that come
   * meanwhile keep the `"newest"`, and pass over the others. Defaults to `"wait"`: a crash then loses no more than
   * was trained since the last save, and one state is in memory besides the run's own.
   */
  readonly meanwhile?: "wait" | "newest";
  /** What tells the time. Defaults to the scheduler of the run, and without one to RxJS's `asyncScheduler`. */
  readonly scheduler?: TimestampProvider;
};

type Events<C> = TrainEvent<TrainState<C>>;
type WithState<C> = Extract<Events<C>, { readonly state: unknown }>;

/** An event of a run or of this operator, or only a state to save at the end; and what is to be saved of it. */
interface Item<C> {
  readonly event: Events<C> | undefined;
  /** To be saved as one of the last states, and as the best. */
  readonly last?: WithState<C> | undefined;
  readonly best?: WithState<C> | undefined;
}

/** Whether a number of epochs or steps is one of the times. */
const divides = (every: number | undefined, count: number): boolean =>
  every !== undefined && count % every === 0;

/** Decides for each event of one run whether its state is saved as one of the last. */
const policyOf = <C>(
  { epochs, steps, minutes }: CheckpointTimes,
  scheduler: TimestampProvider | undefined,
) => {
  const time = 60_000 * (minutes ?? Number.POSITIVE_INFINITY);
  let clock: TimestampProvider = scheduler ?? asyncScheduler;
  let [asked, last, savedStep] = [false, clock.now(), -1];
  let request: Started["requestState"];
  // The last state, until the run goes beyond it: if it fails at once, that is where it can go on.
  let reached: WithState<C> | undefined;
  const isTime = ({ epoch, batch, step }: TrainState): boolean =>
    (batch === 0 && divides(epochs, epoch)) || (step > savedStep && divides(steps, step));
  const due = (event: WithState<C>): boolean => {
    switch (event._tag) {
      case "Started":
        return false;
      case "EpochCompleted":
      case "StateReached":
        return asked || isTime(event.state);
      default:
        // The last state is saved too, but not an earlier one that a run ends with in its place.
        return event.state.step > savedStep;
    }
  };
  const saved = (event: WithState<C>): WithState<C> => {
    [asked, last, savedStep] = [false, clock.now(), event.state.step];
    return event;
  };
  return {
    /** The event, where its state is to be saved. */
    of: (event: Events<C>): WithState<C> | undefined => {
      if (event._tag === "StepCompleted") {
        reached = undefined;
        if (!asked && clock.now() - last >= time) {
          asked = true;
          request?.();
        }
      }
      if (!("state" in event)) return undefined;
      reached = event;
      if (event._tag === "Started") {
        request = event.requestState;
        clock = scheduler ?? event.scheduler ?? asyncScheduler;
        last = clock.now();
        // A state that was saved is not saved again where a run resumes from it and ends.
        if (isTime(event.state)) savedStep = event.state.step;
      }
      return due(event) ? saved(event) : undefined;
    },
    /** The last state of a run that fails, where it is not saved yet. */
    unsaved: (): WithState<C> | undefined =>
      reached !== undefined && reached._tag !== "Started" && reached.state.step > savedStep
        ? saved(reached)
        : undefined,
  };
};

/** The name of the memory. It has no path in it: a folder may be moved, and two runs of the same bits have the same states. */
const bestName = ({ monitor = "validation.loss" }: BestCheckpoint): string =>
  `saveCheckpoints ${monitor}`;

/** Remembers, with the run, which epoch is the best: as early stopping does, but without end. */
const watchingBest = <C>(best: BestCheckpoint) =>
  folded<Watch, C>(
    stoppingEarly({
      ...(best.monitor && { monitor: best.monitor }),
      ...(best.mode && { mode: best.mode }),
      patience: Number.MAX_SAFE_INTEGER,
      restoreBest: false,
      name: bestName(best),
    }),
  );

/** Whether an epoch is the best so far, by what {@link watchingBest} wrote into its state. */
const isBest = <C>(event: Events<C>, best: BestCheckpoint): event is WithState<C> => {
  if (event._tag !== "EpochCompleted") return false;
  // Written by the operator before this one.
  const watched = event.state.memory[bestName(best)] as Watch | undefined;
  return watched?.best?.epoch === event.epoch;
};

/**
 * Saves states to files, and emits `CheckpointSaved` after each: at the end of epochs, every so many steps or minutes,
 * and the last state where the run ends or is stopped in between by `stopWhen`, or fails because of its data.
 *
 * {@link loadCheckpoint} reads a file, and `resume$` continues from it. By default the run waits while a state is
 * written. An error that ends the run waits until the file is written: `k` says that it is.
 *
 * ```text
 * run     -s-1----2----c|
 * events  -s-(1k)-(2k)-c|
 * ```
 *
 * States of a pipeline that the run begins from (`withInitialState`) are not saved: none of them is a state of this run, and
 * their steps are counted apart. Place it after the operators whose memory is to be saved, and after `stopWhen`.
 *
 * **Fails with** `InvalidArgument`, thrown, where `every` is not a whole number above 0, minutes are not above 0, or
 * `keep` is not a whole number above 0; `CheckpointNotSaved`, which ends the stream and leaves the last good checkpoint
 * unchanged; `UnknownMonitor` where nothing has the name that `best` monitors.
 */
export const saveCheckpoints = <C, E>(
  of: Pipeline<C, E>,
  { every = 1, best, meanwhile = "wait", scheduler, ...place }: SaveCheckpoints,
): MonoTypeOperatorFunction<Events<C>> => {
  const times = typeof every === "number" ? { epochs: every } : every;
  whole(1)("saveCheckpoints", { every: times.epochs, steps: times.steps, ...place });
  positive("saveCheckpoints", { minutes: times.minutes });

  const fileOf = ({ epoch, step }: TrainState): string => {
    if (place.folder !== undefined) return checkpointIn(place.folder, step);
    return typeof place.path === "string" ? place.path : place.path(epoch, step);
  };

  const inFolder = <A, F>(effect: Effect.Effect<A, F>, step: number) => {
    if (place.folder === undefined) return effect;
    const { folder, keep } = place;
    const onDisk = (task: () => Promise<unknown>) =>
      Effect.tryPromise({
        try: task,
        catch: (cause) => new CheckpointNotSaved({ path: folder, reason: reasonNotWritten(cause) }),
      });
    return Effect.tap(
      Effect.andThen(
        onDisk(() => files().mkdir(folder, { recursive: true })),
        effect,
      ),
      () => (keep === undefined ? Effect.void : onDisk(() => pruneCheckpoints(folder, step, keep))),
    );
  };

  const saved$ = (
    event: WithState<C>,
    path: string,
    skipped: number,
    within: Started["within"],
  ): Observable<Item<C>> => {
    const { epoch, step } = { ...event.state, ...event };
    const save = Effect.withSpan(saveCheckpoint(of, event.state, path), "checkpoint", {
      attributes: { epoch, step, path },
    });
    return observe<Item<C>, unknown>(
      (emit) =>
        Effect.map(path === best?.path ? save : inFolder(save, step), () =>
          emit.next({ event: { _tag: "CheckpointSaved", epoch, step, path, skipped } }),
        ),
      "a checkpoint",
      within,
    );
  };
  const after =
    (within: Started["within"]) =>
    (item: Item<C>, skipped = 0): Observable<Item<C>> =>
      concat(
        item.last === undefined
          ? EMPTY
          : saved$(item.last, fileOf(item.last.state), skipped, within),
        item.best === undefined || best === undefined
          ? EMPTY
          : saved$(item.best, best.path, skipped, within),
      );
  const due = ({ last, best }: Item<C>): boolean => last !== undefined || best !== undefined;
  // A state that was passed over may have been the best, which is not saved again.
  const merge = (older: Item<C>, newer: Item<C>): Item<C> => ({
    ...newer,
    best: newer.best ?? older.best,
  });

  return (run$) =>
    defer(() => {
      let hold: Started["hold"];
      let within: Started["within"];
      const isBefore = fromOrigin(of);
      const after$ = (item: Item<C>, skipped?: number) => after(within)(item, skipped);
      const policy = policyOf<C>(times, scheduler);
      const itemOf = (event: Events<C>): Item<C> => {
        const isNew = best !== undefined && isBest(event, best);
        return { event, last: policy.of(event), best: isNew ? event : undefined };
      };
      const items = pipe(
        best === undefined ? identity : watchingBest<C>(best),
        times.steps === undefined ? identity : statesEvery<C>({ steps: times.steps }),
        map(itemOf),
      );
      return run$.pipe(
        tap((event) => {
          if (event._tag === "Started") ({ hold, within } = event);
        }),
        groupBy((event) => isBefore(event)),
        mergeMap((part$) =>
          part$.key ? part$.pipe(map((event): Item<C> => ({ event }))) : items(part$),
        ),
        catchError((error: unknown) => {
          const last = policy.unsaved();
          const failed$ = throwError(() => error);
          return last === undefined ? failed$ : concat(only({ event: undefined, last }), failed$);
        }),
        meanwhile === "newest"
          ? newestAfter<Item<C>>({ due, after$, merge })
          : afterSome<Item<C>>(
              (item) => (due(item) ? after$(item) : undefined),
              () => hold?.(),
            ),
        concatMap(({ event }) => (event === undefined ? EMPTY : only(event))),
      );
    });
};
