import { from, type MonoTypeOperatorFunction, mergeMap, scan, takeWhile } from "rxjs";
import { UnknownMonitor } from "../../errors.ts";
import { notNegative, whole } from "../../tensor/argument.ts";
import type { EpochCompleted, Score, Stopped, TrainEvent } from "../event.ts";

/** A number of an epoch to watch: its loss or a metric, over the training or the validation examples. */
export type Monitor = `${"train" | "validation"}.${string}`;

/** Which number of an epoch is watched, and for how many epochs it may fail to improve. */
export interface EarlyStopping {
  /** `"validation.loss"` by default. */
  readonly monitor?: Monitor;
  /** How many epochs in a row may pass without an improvement; 0 by default. */
  readonly patience?: number;
  /** By how much a value must beat the best to count as an improvement; 0 by default. */
  readonly minDelta?: number;
  /** Which way is better; `"min"` for a loss and `"max"` for anything else by default. */
  readonly mode?: "min" | "max";
}

/** The best epoch so far, and how many have passed since. */
interface Watch<State> {
  readonly best: { readonly value: number; readonly epoch: EpochCompleted<State> } | undefined;
  readonly since: number;
  readonly events: readonly TrainEvent<State>[];
}

const scoreValue = (score: Score | undefined, name: string): number | undefined =>
  name === "loss" ? score?.loss : score?.metrics[name];

const scoreNames = (score: Score | undefined): readonly string[] =>
  score === undefined ? [] : ["loss", ...Object.keys(score.metrics)];

/** The monitored value of an epoch. Throws {@link UnknownMonitor} where the epoch has no such value. */
const monitored = (monitor: Monitor, epoch: EpochCompleted<unknown>): number => {
  const [on, ...rest] = monitor.split(".");
  const value = scoreValue(on === "train" ? epoch : epoch.validation, rest.join("."));
  if (value !== undefined) return value;
  throw new UnknownMonitor({
    monitor,
    known: [
      ...scoreNames(epoch).map((name) => `train.${name}`),
      ...scoreNames(epoch.validation).map((name) => `validation.${name}`),
    ],
  });
};

/**
 * Ends a run once the monitored value has not improved for more than `patience` epochs: the stream
 * then says `Stopped`, with the state of the best epoch, and completes; the run above is interrupted.
 *
 * **Fails with** `InvalidArgument`, thrown, where `patience` is no whole number or `minDelta` negative;
 * `UnknownMonitor` at the end of the first epoch, where the monitored value is not there.
 * **Source** Prechelt, "Early stopping – but when?" (1998).
 */
export const earlyStopping = <State>({
  monitor = "validation.loss",
  patience = 0,
  minDelta = 0,
  mode = monitor.endsWith(".loss") ? "min" : "max",
}: EarlyStopping = {}): MonoTypeOperatorFunction<TrainEvent<State>> => {
  whole(0)("earlyStopping", { patience });
  notNegative("earlyStopping", { minDelta });
  const improves = (value: number, best: number): boolean =>
    // Anything is better than a metric that has no value yet.
    Number.isNaN(best)
      ? !Number.isNaN(value)
      : mode === "min"
        ? value < best - minDelta
        : value > best + minDelta;

  const stopped = (
    watch: NonNullable<Watch<State>["best"]>,
    at: EpochCompleted<State>,
  ): Stopped<State> => ({
    _tag: "Stopped",
    reason: `${monitor} has not improved on ${watch.value} of epoch ${watch.epoch.epoch}`,
    epoch: at.epoch,
    step: at.step,
    state: watch.epoch.state,
  });

  const next = (watch: Watch<State>, event: TrainEvent<State>): Watch<State> => {
    // A stream may hold several runs, one after the other: each has a best epoch of its own.
    if (event._tag === "Started") return { ...start, events: [event] };
    if (event._tag !== "EpochCompleted") return { ...watch, events: [event] };
    const value = monitored(monitor, event);
    if (watch.best === undefined || improves(value, watch.best.value))
      return { best: { value, epoch: event }, since: 0, events: [event] };
    const since = watch.since + 1;
    const events = since > patience ? [event, stopped(watch.best, event)] : [event];
    return { best: watch.best, since, events };
  };

  const start: Watch<State> = { best: undefined, since: 0, events: [] };
  return (source) =>
    source.pipe(
      scan(next, start),
      mergeMap((watch) => from(watch.events)),
      takeWhile((event) => event._tag !== "Stopped", true),
    );
};
