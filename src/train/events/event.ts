import type * as Effect from "effect/Effect";
import type { Observable, SchedulerLike } from "rxjs";
import type { Directions, MetricValues, Score } from "../../learn/scoring.ts";
import type { ConfusionTable } from "../../nn/metrics/metric.ts";
import type { HyperparametersIn } from "../../optim/transforms/hyperparameters.ts";
import type { TrainState } from "../state/state.ts";

export type { Directions, MetricValues, Score };

/** A score on held-out examples, with a confusion matrix where a metric has one. */
export interface Evaluation extends Score {
  readonly confusion: ConfusionTable | undefined;
}

/** The scores of a baseline on the examples of a run. A score that the run has too uses the same name. */
export interface BaselineScore {
  readonly name: string;
  readonly metrics: MetricValues;
}

/** A run is about to begin: everything was checked and compiled. */
export interface Started<State = TrainState> {
  readonly _tag: "Started";
  readonly pipeline: string;
  readonly backend: string;
  /** The number of epochs after which the run is complete. */
  readonly epochs: number;
  /** The number of steps of an epoch. `undefined` for a stream whose length is not known. */
  readonly stepsPerEpoch: number | undefined;
  /** The number of examples of an epoch: 0 where the learner makes its own, `undefined` for a stream whose length is not known. */
  readonly examples: number | undefined;
  readonly parameters: number;
  /** The baselines to compare the results with. */
  readonly baselines: readonly BaselineScore[];
  /** Whether higher or lower is better, for the loss and each metric. */
  readonly better: Directions;
  /** The name of the environment of held-out episodes, where a learner that plays learns in another. */
  readonly judgedIn: string | undefined;
  /** The units of the loss and of metrics that have one, by name. */
  readonly units: { readonly [name: string]: string };
  /**
   * Evaluates a state on the test examples, for an operator that ends the run with an earlier state. `undefined`
   * without test data.
   */
  readonly tested$?: ((state: TrainState) => Observable<Validated>) | undefined;
  /**
   * Asks the run for its state after a step, which comes as `StateReached`: an operator may do so at any time. Without
   * a step, or for one that is past, it is the state at the next boundary between two steps, or that of an event which
   * comes before and carries one. `undefined` where no run answers.
   */
  readonly requestState?: ((step?: number) => void) | undefined;
  /**
   * Holds the run back before its next step, until the function that it returns is called: for an operator that works
   * on an event, and must not be overtaken. `undefined` where no run waits.
   */
  readonly hold?: (() => () => void) | undefined;
  /**
   * Changes hyper-parameters of the optimizer before the next step: for an operator, while it has an event with a state
   * and the run waits, so that every device changes them at the same step. Fails with `InvalidArgument`, thrown, at other
   * times. `undefined` where no run listens.
   */
  readonly setHyperparameters?: ((values: HyperparametersIn) => void) | undefined;
  /**
   * Puts an operator's work where the run is: it has the run's tracer and spans, and takes its turns with it. `undefined`
   * where the run is elsewhere.
   */
  readonly within?: (<A, E>(work: Effect.Effect<A, E>) => Effect.Effect<A, E>) | undefined;
  /** What tells the run the time. `undefined` where that is the machine's clock. */
  readonly scheduler?: SchedulerLike | undefined;
  readonly state: State;
}

/** An epoch is about to begin. */
export interface EpochStarted {
  readonly _tag: "EpochStarted";
  /** Counted from 1. */
  readonly epoch: number;
}

/** A step is complete. `loss` and `metrics` are those of its batch before the update. */
export interface StepCompleted extends Score {
  readonly _tag: "StepCompleted";
  readonly epoch: number;
  /** Counts from 1, over the whole run. */
  readonly step: number;
  /** The learning rate of the step; `undefined` where the optimizer has none. */
  readonly learningRate: number | undefined;
  readonly examplesPerSecond: number;
}

/**
 * The state in the middle of an epoch, which an operator asked for by `requestState`; or the last sound state of a run
 * whose data fail in the middle of an epoch, just before the error.
 *
 * A run that resumes from it gives the same events as one that was not interrupted, bit for bit.
 */
export interface StateReached<State = TrainState> {
  readonly _tag: "StateReached";
  /** Counted from 1. */
  readonly epoch: number;
  /** The steps that are in the state. */
  readonly step: number;
  /** All its numbers are finite. */
  readonly state: State;
}

/** The model has been evaluated on held-out examples. */
export interface Validated extends Evaluation {
  readonly _tag: "Validated";
  readonly on: "validation" | "test";
  readonly epoch: number;
  readonly step: number;
  readonly examples: number;
}

/** An epoch is complete. `loss` and `metrics` average its steps, during which the params changed. */
export interface EpochCompleted<State = TrainState> extends Score {
  readonly _tag: "EpochCompleted";
  readonly epoch: number;
  readonly step: number;
  /** The score on validation data, where the pipeline has some. */
  readonly validation: Score | undefined;
  readonly milliseconds: number;
  readonly examplesPerSecond: number;
  /** The state at the end of the epoch. All its numbers are finite. */
  readonly state: State;
}

/** A checkpoint has been written to a file. */
export interface CheckpointSaved {
  readonly _tag: "CheckpointSaved";
  /** The states that were passed over since the one before, since a newer one came while it was written. */
  readonly skipped: number;
  readonly epoch: number;
  readonly step: number;
  readonly path: string;
}

/** Text that the model generated at the end of an epoch. */
export interface Sampled {
  readonly _tag: "Sampled";
  readonly epoch: number;
  readonly step: number;
  readonly text: string;
}

/** An operator stopped the run before its last epoch. */
export interface Stopped<State = TrainState> {
  readonly _tag: "Stopped";
  readonly reason: string;
  /** The last epoch and step of the run; `state` may be from an earlier one. */
  readonly epoch: number;
  readonly step: number;
  /** The score of `state` on test data, where the pipeline has some. */
  readonly test: Score | undefined;
  readonly state: State;
}

/** The run is complete: its last epoch is done. */
export interface Completed<State = TrainState> {
  readonly _tag: "Completed";
  readonly epoch: number;
  readonly step: number;
  /** The score of `state` on test data, where the pipeline has some. */
  readonly test: Score | undefined;
  readonly milliseconds: number;
  /** The last state, or one that an operator chose in its place: the best, with `earlyStopping`. */
  readonly state: State;
}

/** The events of a training run: a union tagged by `_tag`. */
export type TrainEvent<State = TrainState> =
  | Started<State>
  | EpochStarted
  | StepCompleted
  | StateReached<State>
  | Validated
  | EpochCompleted<State>
  | CheckpointSaved
  | Sampled
  | Stopped<State>
  | Completed<State>;
