import { InvalidArgument, UnknownMonitor } from "../../errors.ts";
import type { Directions, EpochCompleted, Score } from "../events/event.ts";

/** The loss or a metric of an epoch, on the training or the validation examples. */
export type Monitor = `${"train" | "validation"}.${string}`;

const scoreValue = (score: Score | undefined, name: string): number | undefined =>
  name === "loss" ? score?.loss : score?.metrics[name];

const scoreNames = (score: Score | undefined): readonly string[] =>
  score === undefined ? [] : ["loss", ...Object.keys(score.metrics)];

/** The name of the loss or metric. */
export const nameOf = (monitor: Monitor): string => monitor.slice(monitor.indexOf(".") + 1);

/** Reads the monitored value of an epoch. Throws {@link UnknownMonitor} where it has none. */
export const monitored = (monitor: Monitor, epoch: EpochCompleted<unknown>): number => {
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

/** 1 where higher is better, -1 where lower is. */
export const signs = { higher: 1, lower: -1 } as const satisfies {
  readonly [D in Directions[string]]: number;
};

/** Whether a lower or a higher value is better. */
export type Mode = "min" | "max";

/** The sign of a monitored value: as the mode says, and without one as its metric does; 0 where nothing does. */
export const signOf = (
  monitor: Monitor,
  mode: Mode | undefined,
  better: Directions = {},
): number => {
  if (mode !== undefined) return mode === "max" ? signs.higher : signs.lower;
  const name = nameOf(monitor);
  const said = Object.hasOwn(better, name) ? better[name] : undefined;
  if (said !== undefined) return signs[said];
  return name === "loss" ? signs.lower : 0;
};

/** The sign, where there is one. Throws `InvalidArgument` otherwise. */
export const knownSign = (op: string, monitor: Monitor, sign: number): number => {
  if (sign !== 0) return sign;
  throw new InvalidArgument({
    op,
    argument: "mode",
    expected: `"min" or "max": nothing says which way ${monitor} gets better`,
    actual: "not given",
  });
};
