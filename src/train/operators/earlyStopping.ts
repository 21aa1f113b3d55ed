import type { MonoTypeOperatorFunction } from "rxjs";
import { InvalidArgument, UnknownMonitor } from "../../errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { notNegative, whole } from "../../tensor/validate.ts";
import type {
  Directions,
  EpochCompleted,
  Score,
  Started,
  Stopped,
  TrainEvent,
} from "../events/event.ts";
import type { Memory } from "../state/memory.ts";
import type { TrainState } from "../state/state.ts";
import { type Fold, folded } from "./fold.ts";

/** A number of an epoch to watch: its loss or a metric, over the training or the validation examples. */
export type Monitor = `${"train" | "validation"}.${string}`;

/** Which number of an epoch is watched, for how many epochs it may fail to improve, and what is kept. */
export interface EarlyStopping {
  /** Defaults to `"validation.loss"`. */
  readonly monitor?: Monitor;
  /** After how many epochs in a row without an improvement the run is stopped; 0 is as 1. Defaults to 0. */
  readonly patience?: number;
  /** By how much a value must beat the best to count as an improvement. Defaults to 0. */
  readonly minDelta?: number;
  /** Whether a lower value is better or a higher one. Defaults to what the run says of the metric. */
  readonly mode?: "min" | "max";
  /** Whether the run ends with the state of the best epoch, and not with the last one. Defaults to true. */
  readonly restoreBest?: boolean;
}

/** A state as trees that can be remembered. */
type Kept = { readonly [K in keyof TrainState]: TrainState<Memory, Memory>[K] };

/** The best epoch so far, and how many have passed since. */
type Watch = {
  readonly best:
    | { readonly value: number; readonly epoch: number; readonly state: Kept | undefined }
    | undefined;
  readonly since: number;
  /** 1 where a higher value is better, -1 where a lower one is, 0 where that is not known. */
  readonly sign: number;
};

const isRecord = (memory: Memory): memory is { readonly [key: string]: Memory } =>
  typeof memory === "object" && Object.getPrototypeOf(memory) === Object.prototype;

const hasNumbers = (memory: Memory, ...names: readonly string[]): boolean =>
  isRecord(memory) && names.every((name) => typeof memory[name] === "number");

/** Whether it has the parts of a state: what is in its trees is compared when the state is used. */
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

const scoreValue = (score: Score | undefined, name: string): number | undefined =>
  name === "loss" ? score?.loss : score?.metrics[name];

const scoreNames = (score: Score | undefined): readonly string[] =>
  score === undefined ? [] : ["loss", ...Object.keys(score.metrics)];

const nameOf = (monitor: Monitor): string => monitor.slice(monitor.indexOf(".") + 1);

/** The monitored value of an epoch. Throws {@link UnknownMonitor} where the epoch has no such value. */
const monitored = (monitor: Monitor, epoch: EpochCompleted<unknown>): number => {
  const score = monitor.startsWith("train.") ? epoch : epoch.validation;
  const value = scoreValue(score, nameOf(monitor));
  if (value !== undefined) return value;
  throw new UnknownMonitor({
    monitor,
    known: [
      ...scoreNames(epoch).map((name) => `train.${name}`),
      ...scoreNames(epoch.validation).map((name) => `validation.${name}`),
    ],
  });
};

const signs = { higher: 1, lower: -1 } as const satisfies {
  readonly [D in Directions[string]]: 1 | -1;
};

/** {@link earlyStopping} as a value. */
export const stoppingEarly = ({
  monitor = "validation.loss",
  patience = 0,
  minDelta = 0,
  mode,
  restoreBest = true,
}: EarlyStopping = {}): Fold<Watch> => {
  whole(0)("earlyStopping", { patience });
  notNegative("earlyStopping", { minDelta });
  const name = `earlyStopping ${monitor}`;
  const own = mode === undefined ? 0 : mode === "max" ? 1 : -1;

  const start = own === 0 && nameOf(monitor) === "loss" ? signs.lower : own;

  const signOf = ({ better }: Started): number => {
    const said = Object.hasOwn(better, nameOf(monitor)) ? better[nameOf(monitor)] : undefined;
    return own !== 0 || said === undefined ? start : signs[said];
  };

  const improves = (value: number, best: number, sign: number): boolean => {
    if (sign === 0)
      throw new InvalidArgument({
        op: "earlyStopping",
        argument: "mode",
        expected: `"min" or "max": nothing says which way ${monitor} gets better`,
        actual: "not given",
      });
    // Anything is better than a metric that has no value yet.
    return Number.isNaN(best) ? !Number.isNaN(value) : sign * (value - best) > minDelta;
  };

  /** What is kept of a state: all of it but what this operator knew then. */
  const kept = ({ memory, params, layerState, ...state }: TrainState): Kept => {
    const { [name]: _, ...others } = memory;
    // Params and layer state are trees of tensors: `init` makes nothing else.
    return { ...state, params: params as Memory, layerState: layerState as Memory, memory: others };
  };

  /** The state to end with: that of the best epoch, with what was known after it. */
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
        const watch = { ...before, sign: signOf(event) };
        // The run that this one goes on from was over: only its last word may have been lost.
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
        // The last state was evaluated, and another is kept.
        return [before, event.on === "test" && restores(before) ? [] : [event]];
      case "Completed":
        return restores(before)
          ? [before, [{ ...event, test: undefined, state: ending(before, event.state) }]]
          : [before, [event]];
      default:
        return [before, [event]];
    }
  };

  return { name, init: { best: undefined, since: 0, sign: start }, step, is: isWatch };
};

/**
 * Ends a run once the monitored value has not improved for `patience` epochs in a row: the stream then says
 * `Stopped` and completes, and the run above is interrupted. Under `restoreBest` the state of `Stopped`, and of
 * `Completed` where the run ends by itself, is that of the best epoch. The state that is kept is the one that is
 * evaluated on test examples.
 *
 * What it knows is part of the states that it passes on, so that `resume$` from one of them goes on as if the run
 * had never stopped; save checkpoints after it.
 *
 * **Fails with** `InvalidArgument`, thrown, where `patience` is no whole number or `minDelta` negative;
 * `UnknownMonitor` at the end of the first epoch, where the monitored value is not there.
 * **Source** Prechelt, "Early stopping – but when?" (1998).
 */
export const earlyStopping = <P, S>(
  options: EarlyStopping = {},
): MonoTypeOperatorFunction<TrainEvent<TrainState<P, S>>> => folded(stoppingEarly(options));
