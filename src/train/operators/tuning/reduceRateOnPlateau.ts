import { hyperparametersOf } from "../../../optim/transforms/hyperparameters.ts";
import { holding, notNegative, probability, whole } from "../../../tensor/validate.ts";
import type { EpochCompleted, TrainEvent } from "../../events/event.ts";
import type { Memory } from "../../state/memory.ts";
import { knownSign, type Mode, type Monitor, monitored, signOf } from "../monitor.ts";
import { type Tuning, tuned } from "./tuned.ts";

/** The options of {@link reduceRateOnPlateau}. */
export interface RateOnPlateau {
  /** The value to monitor. Defaults to `"validation.loss"`. */
  readonly monitor?: Monitor;
  /** Whether a lower or a higher value is better. Defaults to the direction of the metric. */
  readonly mode?: Mode;
  /** The factor of the rate after a plateau. Defaults to 0.1. */
  readonly factor?: number;
  /** The number of epochs without progress that are borne. Defaults to 10. */
  readonly patience?: number;
  /** The least progress, as a share of the best value. Defaults to 1e-4. */
  readonly threshold?: number;
  /** The number of epochs after a reduction that do not count. Defaults to 0. */
  readonly cooldown?: number;
  /** The least rate. Defaults to 0. */
  readonly minRate?: number;
  /** The hyper-parameter that is the rate. Defaults to `"learningRate"`. */
  readonly rate?: string;
  /** The name under which its memory is saved with the run. Defaults to `reduceRateOnPlateau` and the monitor. */
  readonly name?: string;
}

/** The rate, the best value so far, and the epochs without progress and of the cooldown. */
type Plateau = {
  readonly rate: number;
  readonly best: number;
  readonly bad: number;
  readonly cooling: number;
  readonly sign: number;
};

const fields = ["rate", "best", "bad", "cooling", "sign"] as const;

const isPlateau = (memory: Memory): memory is Plateau =>
  typeof memory === "object" &&
  fields.every(
    (name) => typeof (memory as { readonly [name: string]: unknown })[name] === "number",
  );

/**
 * Lowers the learning rate where a monitored value makes no progress at the ends of epochs. The optimizer must be one of
 * `injectHyperparameters`; the rate and what is remembered are saved with the run. `reduceOnPlateau` of `fluxion/optim`
 * does the same by the training loss, for any optimizer.
 *
 * With digits as losses of epochs and a patience of 1, the rates of epochs in tenths:
 *
 * ```text
 * run     s-5-4-4-4-4-4-3-c|
 * rates   --8-8-8-8-4-4-2-|
 * ```
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range; with it and with `UnknownMonitor` at the end
 * of the first epoch, where nothing has the monitored name, or says which way it gets better; and as `tuned`.
 * **Math** progress is `v < best · (1 - threshold)`, or `v > best · (1 + threshold)` where higher is better; after more than
 * `patience` epochs without it `rate ← max(factor · rate, minRate)`.
 * **Source** PyTorch's ReduceLROnPlateau, with its order of counting.
 */
export const reduceRateOnPlateau = <C>({
  monitor = "validation.loss",
  mode,
  factor = 0.1,
  patience = 10,
  threshold = 1e-4,
  cooldown = 0,
  minRate = 0,
  rate: named = "learningRate",
  name = `reduceRateOnPlateau ${monitor}`,
}: RateOnPlateau = {}): ReturnType<typeof tuned<Plateau, C>> => {
  const op = "reduceRateOnPlateau";
  holding("a number from 0 to less than 1", (n) => n >= 0 && n < 1)(op, { factor });
  probability(op, { threshold });
  whole(0)(op, { patience, cooldown });
  notNegative(op, { minRate });

  const afterEpoch = (before: Plateau, event: EpochCompleted): Plateau => {
    const sign = knownSign(op, monitor, before.sign);
    const value = monitored(monitor, event);
    const better = sign * (value - before.best * (1 + sign * threshold)) > 0;
    const best = better ? value : before.best;
    const bad = better || before.cooling > 0 ? 0 : before.bad + 1;
    const cooling = Math.max(0, before.cooling - 1);
    return bad > patience
      ? { best, sign, bad: 0, cooling: cooldown, rate: Math.max(factor * before.rate, minRate) }
      : { best, sign, bad, cooling, rate: before.rate };
  };

  const started = (
    before: Plateau,
    { better, state }: Extract<TrainEvent, { _tag: "Started" }>,
  ) => {
    // What a run that is resumed remembers has a rate.
    if (!Number.isNaN(before.rate)) return before;
    const sign = signOf(monitor, mode, better);
    const rate = hyperparametersOf(state.carried)[named] ?? Number.NaN;
    return { ...before, sign, rate, best: -sign * Number.POSITIVE_INFINITY };
  };

  const tuning: Tuning<Plateau> = {
    name,
    init: { rate: Number.NaN, best: Number.NaN, bad: 0, cooling: 0, sign: 0 },
    is: isPlateau,
    step: (memory, event) => {
      if (event._tag === "Started") return started(memory, event);
      return event._tag === "EpochCompleted" ? afterEpoch(memory, event) : memory;
    },
    values: ({ rate }) => ({ [named]: rate }),
  };
  return tuned(tuning);
};
