import { Observable, type Subscription } from "rxjs";
import { parallelism } from "../backend/wasm/threads/spawn.ts";
import { InvalidArgument, TrialTimedOut } from "../errors.ts";
import { foldIn, key, uniform } from "../tensor/key.ts";
import { Tensor } from "../tensor/tensor.ts";
import { positive, whole } from "../tensor/validate.ts";
import type { EpochCompleted, TrainEvent } from "../train/events/event.ts";
import { type Monitor, monitored, nameOf, signs } from "../train/operators/monitor.ts";
import { fromOrigin } from "../train/pipeline/origins.ts";
import type { Pipeline } from "../train/pipeline/pipeline.ts";
import type { TrainState } from "../train/state/state.ts";
import { type TrainOptions, train$ } from "../train/train.ts";
import type { WebWorker } from "../train/worker/hand.ts";
import { keptWorkers } from "../train/worker/keptWorkers.ts";
import { type Space, type ValuesOf, valuesAt } from "./space.ts";
import type { Strategy } from "./strategies/strategy.ts";
import { scoreOf, type Trial } from "./trial.ts";

/** The specification of a search. */
export interface Search<S extends Space, C, E> extends Omit<TrainOptions<C>, "from"> {
  /** The parameters to choose, by name. */
  readonly space: S;
  /** The run for a choice of values. */
  readonly pipeline: (values: ValuesOf<S>) => Pipeline<C, E>;
  readonly strategy: Strategy;
  /**
   * The module of workers that train the trials, by its URL or by a function that starts one. It ends with
   * `serveTrials(pipeline)`, where `pipeline` makes the same run of the same values; these are then plain data. As many
   * workers as there are trials at once are started, once each, kept from trial to trial, and share the machine's
   * cores. One that dies or hangs is replaced. A worker has to load its modules and to compile its own code, about half a
   * second of work: trials that are much shorter are quicker on this thread. Defaults to none: trials are on this thread.
   */
  readonly workers?: URL | (() => WebWorker);
  /** Trains a trial, from a state where it copies another one. Defaults to a worker, or else to `train$` on this thread. */
  readonly train?: (
    values: ValuesOf<S>,
    from: TrainState<C> | undefined,
  ) => Observable<TrainEvent<TrainState<C>>>;
  /** What is compared. Defaults to `"validation.loss"`. */
  readonly monitor?: Monitor;
  /** How many trials are under way at once. Defaults to 1. */
  readonly parallel?: number;
  /** The seed of the points. Defaults to 0. */
  readonly seed?: number;
  /** The seconds after which a trial counts as failed. Defaults to no limit. */
  readonly seconds?: number;
  /** The trials of an earlier search that this one goes on from. Those that were running begin anew, as the same trials. */
  readonly from?: readonly Trial[];
}

/** The best trial of a search. */
export interface Best<S, C, E> {
  readonly trial: Trial;
  readonly values: ValuesOf<S>;
  readonly pipeline: Pipeline<C, E>;
  /** The state at its best epoch; `undefined` where the trial is one of an earlier search. */
  readonly state: TrainState<C> | undefined;
}

/** The events of a search: a union tagged by `_tag`. */
export type SearchEvent<S, C, E> =
  | { readonly _tag: "TrialStarted"; readonly trial: Trial; readonly values: ValuesOf<S> }
  /** An epoch of a trial is complete. `value` is what is monitored, as it is. */
  | { readonly _tag: "TrialReported"; readonly trial: Trial; readonly value: number }
  /** `error` says why a trial failed; the others go on. */
  | {
      readonly _tag: "TrialEnded";
      readonly trial: Trial;
      readonly values: ValuesOf<S>;
      readonly error: unknown;
    }
  | {
      readonly _tag: "SearchCompleted";
      readonly trials: readonly Trial[];
      /** `undefined` where every trial failed. */
      readonly best: Best<S, C, E> | undefined;
    };

/** A source of numbers from 0 to 1 for one proposal. */
const randomFor = (seed: number, proposal: number): (() => number) => {
  const own = foldIn(key(seed), proposal);
  const chunk = 256;
  let [at, numbers]: [number, ArrayLike<number>] = [0, []];
  return () => {
    if (at % chunk === 0) numbers = Tensor.read(uniform(foldIn(own, at / chunk), [chunk]));
    return numbers[at++ % chunk] as number;
  };
};

/** A trial that is under way. */
interface Running {
  readonly subscription: Subscription;
  readonly timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Searches for the values of a pipeline's parameters: trains it with some values, and lets a strategy choose the next ones
 * from the results. The stream is cold, and ends with the best trial, its pipeline and its state.
 *
 * With one trial at once a search depends on its seed alone. A search that was interrupted goes on `from` its trials, which
 * are plain data. A trial that fails, diverges or takes too long is reported, and the others go on. Trials share one thread
 * and one backend unless there are `workers`; then `parallel` is the number of cores to use. What a trial gives does not
 * depend on where it runs, to the bit.
 *
 * **Fails with** `InvalidArgument`, thrown, where the space is empty or a parameter has no values, `parallel` is not a whole number above 0, or `seconds`
 * is not above 0; and with errors of the function that makes pipelines.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { lastValueFrom } from "rxjs";
 * import { dataset, dense, meanSquaredError, pipeline, sgd, supervised, tensor } from "fluxion";
 * import { logBetween, quasiRandomSearch, search$ } from "fluxion/search";
 *
 * const train = dataset({ x: tensor([[0], [1], [2], [3]]), y: tensor([[1], [3], [5], [7]]) });
 * const end = await lastValueFrom(
 *   search$({
 *     space: { learningRate: logBetween(1e-4, 10) },
 *     pipeline: ({ learningRate }) =>
 *       pipeline(
 *         "line",
 *         Effect.succeed({ train, validation: train }),
 *         supervised({
 *           input: "x",
 *           target: "y",
 *           model: dense(1, 1),
 *           loss: meanSquaredError,
 *           optimizer: sgd({ learningRate }),
 *         }),
 *         { epochs: 5, batchSize: 4 },
 *       ),
 *     strategy: quasiRandomSearch({ trials: 8 }),
 *   }),
 * );
 * const best = end._tag === "SearchCompleted" ? end.best : undefined;
 * best && best.values.learningRate > 0.01 && best.values.learningRate < 0.3 // => true
 * ```
 */
export const search$ = <S extends Space, C, E>({
  space,
  pipeline,
  strategy,
  monitor = "validation.loss",
  parallel = 1,
  seed = 0,
  seconds,
  from: earlier = [],
  services,
  workers,
  train,
}: Search<S, C, E>): Observable<SearchEvent<S, C, E>> => {
  whole(1)("search$", { parallel });
  positive("search$", { seconds });
  const { copies = 0 } = strategy;
  const names = Object.keys(space).sort();
  const counts = names.map((name) => space[name]?.count ?? 1);
  if (names.length === 0)
    throw new InvalidArgument({
      op: "search$",
      argument: "space",
      expected: "one parameter or more",
      actual: "none",
    });
  const empty = names.find((_, i) => !((counts[i] ?? 0) >= 1));
  if (empty !== undefined)
    throw new InvalidArgument({
      op: "search$",
      argument: `space.${empty}`,
      expected: "a parameter of one value or more",
      actual: `one of ${space[empty]?.count}`,
    });
  const refuted = earlier.find(({ point }) => point.length !== names.length);
  if (refuted !== undefined)
    throw new InvalidArgument({
      op: "search$",
      argument: "from",
      expected: `trials of ${names.length} parameters`,
      actual: `trial ${refuted.id} has ${refuted.point.length}`,
    });

  return new Observable((subscriber) => {
    let trials: readonly Trial[] = earlier.map((trial, id) => ({ ...trial, id }));
    // Trials that were under way begin anew, under their numbers, before any other.
    let interrupted = trials.filter(({ outcome }) => outcome === "running");
    for (const { id } of interrupted)
      trials = trials.with(id, { ...(trials[id] as Trial), costs: [] });
    const threads = Math.max(1, Math.floor(parallelism() / parallel));
    // A search looks at epochs.
    const kept = workers && keptWorkers(workers, { threads, steps: false });
    const trainTrial = (
      values: ValuesOf<S>,
      from: TrainState<C> | undefined,
    ): Observable<TrainEvent<TrainState<C>>> =>
      train?.(values, from) ??
      kept?.train(values, from) ??
      train$(pipeline(values), { ...(services && { services }), ...(from && { from }) });
    const running = new Map<number, Running>();
    const states = new Map<number, TrainState<C>>();
    let best: { readonly id: number; readonly state: TrainState<C> } | undefined;

    const trialOf = (id: number): Trial => trials[id] as Trial; // ids are positions
    const change = (id: number, fields: Partial<Trial>): Trial => {
      const trial = { ...trialOf(id), ...fields };
      trials = trials.with(id, trial);
      return trial;
    };
    /** The best trial: of equal ones that with the lowest number, whichever was faster. */
    const leader = (): Trial | undefined =>
      trials
        .filter((trial) => Number.isFinite(scoreOf(trial)))
        .toSorted((a, b) => scoreOf(a) - scoreOf(b) || a.id - b.id)[0];
    const bestOf = (): Best<S, C, E> | undefined => {
      const first = leader();
      if (first === undefined) return undefined;
      const values = valuesAt(space, first.point);
      const state = best?.id === first.id ? best.state : undefined;
      return { trial: first, values, pipeline: pipeline(values), state };
    };
    const ended = (id: number, outcome: Trial["outcome"], error?: unknown): void => {
      const one = running.get(id);
      clearTimeout(one?.timer);
      running.delete(id);
      one?.subscription.unsubscribe();
      const trial = change(id, { outcome });
      subscriber.next({
        _tag: "TrialEnded",
        trial,
        values: valuesAt(space, trial.point),
        error,
      });
      // Not within the event that ended it.
      queueMicrotask(fill);
    };
    const reported = (id: number, event: EpochCompleted<TrainState<C>>, sign: number): void => {
      const value = monitored(monitor, event);
      const cost = Number.isNaN(value) ? Number.POSITIVE_INFINITY : -sign * value;
      const before = scoreOf(trialOf(id));
      const trial = change(id, { costs: [...trialOf(id).costs, cost] });
      if (cost < before && leader()?.id === id) best = { id, state: event.state };
      if (copies > 0) states.set(id, event.state);
      subscriber.next({ _tag: "TrialReported", trial, value });
      if (!subscriber.closed && !strategy.goesOn(trial, trials)) ended(id, "stopped");
    };
    const start = (trial: Trial): void => {
      const { id, point, from } = trial;
      states.delete(id - copies);
      const values = valuesAt(space, point);
      subscriber.next({ _tag: "TrialStarted", trial, values });
      const origin = from && states.get(from.trial);
      // Operators of the copy have not seen what those of its origin have.
      const state = origin && { ...origin, memory: {} };
      let sign: number = signs.lower;
      const timer =
        seconds === undefined
          ? undefined
          : setTimeout(
              () => ended(id, "failed", new TrialTimedOut({ trial: id, seconds })),
              1000 * seconds,
            );
      const isBefore = fromOrigin(pipeline(values));
      const subscription = trainTrial(values, state).subscribe({
        next: (event: TrainEvent<TrainState<C>>) => {
          if (!running.has(id) || isBefore(event)) return;
          if (event._tag === "Started" && nameOf(monitor) !== "loss")
            sign = signs[event.better[nameOf(monitor)] ?? "lower"];
          if (event._tag !== "EpochCompleted") return;
          try {
            reported(id, event, sign);
          } catch (error) {
            ended(id, "failed", error);
          }
        },
        error: (error: unknown) => running.has(id) && ended(id, "failed", error),
        complete: () => running.has(id) && ended(id, "complete"),
      });
      // A run begins after its subscription.
      running.set(id, { subscription, timer });
    };
    const fill = (): void => {
      try {
        while (!subscriber.closed && running.size < parallel) {
          const [first, ...others] = interrupted;
          if (first !== undefined) {
            interrupted = others;
            start(trialOf(first.id));
            continue;
          }
          const random = randomFor(seed, trials.length);
          const next = strategy.propose({ trials, counts, random });
          if (next === "wait" && running.size > 0) return;
          if (next === "wait" || next === "done") {
            if (running.size > 0) return;
            subscriber.next({ _tag: "SearchCompleted", trials, best: bestOf() });
            subscriber.complete();
            return;
          }
          const id = trials.length;
          const trial: Trial = { id, ...next, costs: [], outcome: "running" };
          trials = [...trials, trial];
          start(trial);
        }
      } catch (error) {
        subscriber.error(error);
      }
    };
    fill();
    return () => {
      for (const { subscription, timer } of running.values()) {
        clearTimeout(timer);
        subscription.unsubscribe();
      }
      running.clear();
      kept?.end();
    };
  });
};
