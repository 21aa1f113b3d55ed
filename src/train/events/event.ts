import type { Observable } from "rxjs";
import type { ConfusionTable } from "../../nn/metrics/metric.ts";
import type { TrainState } from "../state/state.ts";

/** The value of each metric by its name. */
export type MetricValues = { readonly [name: string]: number };

/** A loss in nats (or the unit of the pipeline's loss) and the metrics beside it. */
export interface Score {
  readonly loss: number;
  readonly metrics: MetricValues;
}

/** A score on held-out examples, and which classes were taken for which, where a metric counts that. */
export interface Evaluation extends Score {
  readonly confusion: ConfusionTable | undefined;
}

/** Which way each figure of a run gets better, the loss among them, by its name. */
export type Directions = { readonly [name: string]: "higher" | "lower" };

/** What a baseline came to on the examples of a run; a figure that the run has too bears the same name. */
export interface BaselineScore {
  readonly name: string;
  readonly metrics: MetricValues;
}

/** The run is about to begin: everything was checked and compiled. */
export interface Started<State = TrainState> {
  readonly _tag: "Started";
  readonly pipeline: string;
  readonly backend: string;
  /** The epoch at which the run will be complete. */
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly examples: number;
  readonly parameters: number;
  /** What the results are to be compared with. */
  readonly baselines: readonly BaselineScore[];
  /** Which way the loss and each metric get better. */
  readonly better: Directions;
  /**
   * Evaluates a state on the test examples, where there are some: for an operator that ends the run with another
   * state than the last.
   */
  readonly tested$?: ((state: TrainState) => Observable<Validated>) | undefined;
  readonly state: State;
}

/** An epoch is about to begin. */
export interface EpochStarted {
  readonly _tag: "EpochStarted";
  /** Counted from 1. */
  readonly epoch: number;
}

/** One step is done; `loss` and `metrics` are its batch's, before the update. */
export interface StepCompleted extends Score {
  readonly _tag: "StepCompleted";
  readonly epoch: number;
  /** Counted from 1, over the whole run. */
  readonly step: number;
  /** The rate that the step was taken with; `undefined` where the optimizer has none. */
  readonly learningRate: number | undefined;
  readonly examplesPerSecond: number;
}

/** The model was evaluated on held-out examples. */
export interface Validated extends Evaluation {
  readonly _tag: "Validated";
  readonly on: "validation" | "test";
  readonly epoch: number;
  readonly step: number;
  readonly examples: number;
}

/** An epoch is done; `loss` and `metrics` are over its examples as the parameters moved. */
export interface EpochCompleted<State = TrainState> extends Score {
  readonly _tag: "EpochCompleted";
  readonly epoch: number;
  readonly step: number;
  /** Where the pipeline has validation data. */
  readonly validation: Score | undefined;
  readonly milliseconds: number;
  readonly examplesPerSecond: number;
  /** The run at the end of the epoch, which every number of was seen to be finite. */
  readonly state: State;
}

/** The state at the end of an epoch has been written to a file. */
export interface CheckpointSaved {
  readonly _tag: "CheckpointSaved";
  readonly epoch: number;
  readonly step: number;
  readonly path: string;
}

/** Text that was made of the state at the end of an epoch: what a model says, translates, decodes. */
export interface Sampled {
  readonly _tag: "Sampled";
  readonly epoch: number;
  readonly step: number;
  readonly text: string;
}

/** The run was ended before its last epoch by an operator, with the state that it keeps. */
export interface Stopped<State = TrainState> {
  readonly _tag: "Stopped";
  readonly reason: string;
  /** The last epoch and step that were done; `state` may be that of an earlier one. */
  readonly epoch: number;
  readonly step: number;
  /** Of `state`, where the pipeline has test data. */
  readonly test: Score | undefined;
  readonly state: State;
}

/** The last epoch is done. */
export interface Completed<State = TrainState> {
  readonly _tag: "Completed";
  readonly epoch: number;
  readonly step: number;
  /** Of `state`, where the pipeline has test data. */
  readonly test: Score | undefined;
  readonly milliseconds: number;
  /** The last state, or the one that an operator keeps in its place: the best, under `earlyStopping`. */
  readonly state: State;
}

/** What a training run says, in order: a tagged union on `_tag`. */
export type TrainEvent<State = TrainState> =
  | Started<State>
  | EpochStarted
  | StepCompleted
  | Validated
  | EpochCompleted<State>
  | CheckpointSaved
  | Sampled
  | Stopped<State>
  | Completed<State>;
