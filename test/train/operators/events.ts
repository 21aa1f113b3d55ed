import { key } from "../../../src/tensor/key.ts";
import type {
  Completed,
  EpochCompleted,
  Started,
  StepCompleted,
  TrainEvent,
} from "../../../src/train/events/event.ts";
import type { Memories } from "../../../src/train/state/memory.ts";
import type { TrainState } from "../../../src/train/state/state.ts";

/** A state after a number of epochs. Its trees are empty, since operators do not read them. */
export const at = (n: number, memory: Memories = {}): TrainState<number> => ({
  carried: n,
  key: key(0),
  epoch: n,
  batch: 0,
  step: n * 200,
  memory,
});

export type Event = TrainEvent<TrainState<number>>;

export const started: Started<TrainState<number>> = {
  _tag: "Started",
  pipeline: "digits",
  backend: "wasm",
  epochs: 5,
  stepsPerEpoch: 200,
  examples: 12_800,
  parameters: 101_770,
  baselines: [],
  better: { loss: "lower", accuracy: "higher", rmse: "lower" },
  units: {},
  judgedIn: undefined,
  state: at(0),
};

export const step = (n: number): StepCompleted => ({
  _tag: "StepCompleted",
  epoch: Math.ceil(n / 200),
  step: n,
  loss: 0.5,
  metrics: { accuracy: 0.875 },
  learningRate: 1e-3,
  examplesPerSecond: 64_000,
});

export const epoch = (
  n: number,
  loss: number,
  validation?: number,
): EpochCompleted<TrainState<number>> => ({
  _tag: "EpochCompleted",
  epoch: n,
  step: n * 200,
  loss,
  metrics: { accuracy: 1 - loss },
  validation: validation === undefined ? undefined : { loss: validation, metrics: {} },
  milliseconds: 1234,
  examplesPerSecond: 10_373,
  state: at(n),
});

export const completed = (n: number): Completed<TrainState<number>> => ({
  _tag: "Completed",
  epoch: n,
  step: n * 200,
  test: { loss: 0.0834, metrics: { accuracy: 0.9751 } },
  milliseconds: 6170,
  state: at(n),
});
