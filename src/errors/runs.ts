/** How a training run fails. */

import { failure } from "./failure.ts";
import { inLayer, oneOf } from "./words.ts";

/** A number of a training run that is infinite or not a number: the loss (`where: "loss"`), or params. */
export class NonFinite extends failure(
  "NonFinite",
  (e: {
    readonly where: string;
    readonly step: number;
    /** The first leaf of the state that is not finite, where one is. */
    readonly path: readonly string[];
  }) => ({
    what: `${e.where} is no longer a finite number`,
    where: `at step ${e.step}${e.path.length === 0 ? "" : `, first in ${e.path.join(".")}`}`,
    fix: "lower the learning rate, clip the gradients, or look for extreme values in the data",
  }),
) {}

/** A pipeline that cannot be run as it is described. */
export class InvalidPipeline extends failure(
  "InvalidPipeline",
  (e: {
    readonly pipeline: string;
    readonly field: string;
    readonly value: unknown;
    readonly expected: string;
  }) => ({
    what: `the pipeline "${e.pipeline}" cannot be run: its ${e.field} is ${String(e.value)}`,
    fix: `give it ${e.expected}`,
  }),
) {}

/** A state from which a pipeline cannot go on: another pipeline's, or another version's. */
export class StateMismatch extends failure(
  "StateMismatch",
  (e: {
    readonly pipeline: string;
    readonly part: string;
    readonly path: readonly string[];
    readonly expected: string;
    readonly actual: string;
  }) => ({
    what: `the pipeline "${e.pipeline}" cannot go on from this state: its ${e.part} has ${e.actual}, not ${e.expected}`,
    ...inLayer(e.path),
    fix: "resume with the pipeline that made the state, or start afresh without it",
  }),
) {}

/** A run that ended because something that it waited for ended its own fiber: its data, a baseline, a sampler. */
export class RunInterrupted extends failure(
  "RunInterrupted",
  (e: {
    /** What was under way, in a few words. */
    readonly during: string;
  }) => ({
    what: `${e.during} was interrupted, and not by who listens to it`,
    fix: "look for Effect.interrupt in what it waits for: its data, its baselines, its operators",
  }),
) {}

/** A monitored value that the epochs of a run do not have. */
export class UnknownMonitor extends failure(
  "UnknownMonitor",
  (e: { readonly monitor: string; readonly known: readonly string[] }) => ({
    what: `nothing called "${e.monitor}" is measured in this run`,
    fix: `monitor ${oneOf(e.known)}`,
  }),
) {}

/** A checkpoint that could not be written; an earlier one of the same path is as it was. */
export class CheckpointNotSaved extends failure(
  "CheckpointNotSaved",
  (e: { readonly path: string; readonly reason: string }) => ({
    what: `a checkpoint could not be written: ${e.reason}`,
    where: `to ${e.path}`,
    fix: "check that the folder exists, that it may be written to and that the disk is not full; an earlier checkpoint there is as it was",
  }),
) {}
