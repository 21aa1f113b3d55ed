import type { MonoTypeOperatorFunction } from "rxjs";
import { Tensor } from "../../tensor/tensor.ts";
import { notNegative, whole } from "../../tensor/validate.ts";
import type { EpochCompleted, Stopped, TrainEvent } from "../events/event.ts";
import type { Memory } from "../state/memory.ts";
import type { TrainState } from "../state/state.ts";
import { type Fold, folded } from "./fold.ts";
import { knownSign, type Mode, type Monitor, monitored, signOf } from "./monitor.ts";

/** The options of {@link earlyStopping}. */
export interface EarlyStopping {
  /** The value to monitor. Defaults to `"validation.loss"`. */
  readonly monitor?: Monitor;
  /** The number of epochs in a row without an improvement that stop the run; 0 acts like 1. Defaults to 0. */
  readonly patience?: number;
  /** The least change of the best value that counts as an improvement. Defaults to 0. */
  readonly minDelta?: number;
  /** Whether a lower or a higher value is better. Defaults to the direction of the metric. */
  readonly mode?: Mode;
  /** Whether the run ends with the state of the best epoch in place of the last. Defaults to `true`. */
  readonly restoreBest?: boolean;
  /**
   * The name under which its memory is saved with the run; two of one run must have different names. Defaults to
   * `earlyStopping` and the monitor.
   */
  readonly name?: string;
}

/** A training state that a memory can hold. */
type Kept = { readonly [K in keyof TrainState]: TrainState<Memory>[K] };

/** The best epoch so far, and the number of epochs since. */
export type Watch = {
  readonly best:
    | { readonly value: number; readonly epoch: number; readonly state: Kept | undefined }
    | undefined;
  readonly since: number;
  /** 1 where higher is better, -1 where lower is better, 0 where that is unknown. */
  readonly sign: number;
};

const isRecord = (memory: Memory): memory is { readonly [key: string]: Memory } =>
  typeof memory === "object" && Object.getPrototypeOf(memory) === Object.prototype;

const hasNumbers = (memory: Memory, ...names: readonly string[]): boolean =>
  isRecord(memory) && names.every((name) => typeof memory[name] === "number");

/** Whether a value has the parts of a state. The trees inside are compared when the state is used. */
const isKept = (memory: Memory): boolean =>
  hasNumbers(memory, "epoch", "batch", "step") &&
  isRecord(memory) &&
  isRecord(memory.memory) &&
  memory.key instanceof Tensor;

const isWatch = (memory: Memory): memory is Watch =>
  hasNumbers(memory, "since", "sign") &&
  isRecord(memory) &&
  (memory.best === undefined ||
    (hasNumbers(memory.best, "value", "epoch") &&
      isRecord(memory.best) &&
      (memory.best.state === undefined || isKept(memory.best.state))));

/** {@link earlyStopping} as a {@link Fold}. */
export const stoppingEarly = ({
  monitor = "validation.loss",
  patience = 0,
  minDelta = 0,
  mode,
  restoreBest = true,
  name = `earlyStopping ${monitor}`,
}: EarlyStopping = {}): Fold<Watch> => {
  whole(0)("earlyStopping", { patience });
  notNegative("earlyStopping", { minDelta });
  const improves = (value: number, best: number, sign: number): boolean => {
    const change = knownSign("earlyStopping", monitor, sign) * (value - best);
    // Any number improves on NaN, a metric without a value.
    return Number.isNaN(best) ? !Number.isNaN(value) : change > minDelta;
  };

  /** A copy of a state without this operator's own memory. */
  const kept = ({ memory, carried, ...state }: TrainState): Kept => {
    const { [name]: _, ...others } = memory;
    // The carry is a tree of tensors, since `init` makes nothing else.
    return { ...state, carried: carried as Memory, memory: others };
  };

  /** The final state: that of the best epoch, with this operator's present memory. */
  const ending = ({ best, sign }: Watch, last: TrainState): TrainState => {
    if (best?.state === undefined) return last;
    const { memory, ...state } = best.state;
    return { ...state, memory: { ...memory, [name]: { best, since: 0, sign } } };
  };

  const stopped = (
    watch: Watch,
    { epoch, step, state }: Omit<Stopped, "_tag" | "reason" | "test">,
  ): Stopped => ({
    _tag: "Stopped",
    reason: `${monitor} has not improved on ${watch.best?.value} of epoch ${watch.best?.epoch}`,
    epoch,
    step,
    test: undefined,
    state: ending(watch, state),
  });

  const ends = ({ since }: Watch): boolean => since > 0 && since >= patience;
  const restores = ({ best, since }: Watch): boolean => since > 0 && best?.state !== undefined;

  const afterEpoch = ({ best, since, sign }: Watch, event: EpochCompleted): Watch => {
    const value = monitored(monitor, event);
    return best !== undefined && !improves(value, best.value, sign)
      ? { best, since: since + 1, sign }
      : {
          best: { value, epoch: event.epoch, state: restoreBest ? kept(event.state) : undefined },
          since: 0,
          sign,
        };
  };

  const step = (before: Watch, event: TrainEvent): readonly [Watch, readonly TrainEvent[]] => {
    switch (event._tag) {
      case "Started": {
        const watch = { ...before, sign: signOf(monitor, mode, event.better) };
        // The run resumed from was already over, and only its last event may be missing.
        return [
          watch,
          ends(watch) ? [event, stopped(watch, { ...event, ...event.state })] : [event],
        ];
      }
      case "EpochCompleted": {
        const watch = afterEpoch(before, event);
        return [watch, ends(watch) ? [event, stopped(watch, event)] : [event]];
      }
      case "Validated":
        // This evaluation is of the last state, but the run ends with another.
        return [before, event.on === "test" && restores(before) ? [] : [event]];
      case "Completed":
        return restores(before)
          ? [before, [{ ...event, test: undefined, state: ending(before, event.state) }]]
          : [before, [event]];
      default:
        return [before, [event]];
    }
  };

  return {
    name,
    init: { best: undefined, since: 0, sign: signOf(monitor, mode) },
    step,
    is: isWatch,
  };
};

/**
 * Stops a run once the monitored value has not improved for `patience` epochs in a row.
 *
 * The stream then emits `Stopped` and completes, and the run is interrupted. With `restoreBest`, `Stopped` (or
 * `Completed`, where the run reaches its last epoch) carries the state of the best epoch. The state it carries is
 * evaluated on the test examples.
 *
 * With the digits as losses of epochs, and the default patience:
 *
 * ```text
 * run         -s--5--4--4--3--c|
 * events      -s--5--4--(4x|)
 * subscribed  ^---------!
 * ```
 *
 * Its memory is part of the states that it emits, so that `resume$` continues as if the run had never stopped.
 * Place `saveCheckpoints` after it.
 *
 * **Fails with** `InvalidArgument`, thrown, where `patience` is not a whole number or `minDelta` is negative, and at the
 * end of the first epoch where another operator of the run has its name;
 * `UnknownMonitor` at the end of the first epoch, where nothing has the monitored name.
 * **Source** Prechelt, "Early stopping – but when?" (1998).
 */
export const earlyStopping = <C>(
  options: EarlyStopping = {},
): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> => folded(stoppingEarly(options));
