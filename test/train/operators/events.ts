import type {
  EpochCompleted,
  Started,
  StepCompleted,
  TrainEvent,
} from "../../../src/train/event.ts";

/** Events of runs whose state is a plain number: operators do not look inside a state. */
export const started: Started<number> = {
  _tag: "Started",
  pipeline: "digits",
  backend: "wasm",
  epochs: 5,
  stepsPerEpoch: 200,
  examples: 12_800,
  parameters: 101_770,
  baselines: [],
  state: 0,
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

export const epoch = (n: number, loss: number, validation?: number): EpochCompleted<number> => ({
  _tag: "EpochCompleted",
  epoch: n,
  step: n * 200,
  loss,
  metrics: { accuracy: 1 - loss },
  validation: validation === undefined ? undefined : { loss: validation, metrics: {} },
  milliseconds: 1234,
  examplesPerSecond: 10_373,
  state: n,
});

export const completed = (n: number): TrainEvent<number> => ({
  _tag: "Completed",
  epoch: n,
  step: n * 200,
  test: { loss: 0.0834, metrics: { accuracy: 0.9751 } },
  milliseconds: 6170,
  state: n,
});
