import * as Data from "effect/Data";

/**
 * Every way in which fluxion can fail, as data: no prose inside, so that a caller can act on the
 * fields; {@link render} turns an error into what happened, where, and what to do about it.
 */

/** Operands whose shapes an operation does not take. `path` names the layers around it. */
export class ShapeMismatch extends Data.TaggedError("ShapeMismatch")<{
  readonly op: string;
  readonly expected: string;
  readonly actual: readonly (readonly number[])[];
  readonly path: readonly string[];
}> {}

/** Operands whose dtypes an operation does not take. */
export class DtypeMismatch extends Data.TaggedError("DtypeMismatch")<{
  readonly op: string;
  readonly expected: string;
  readonly actual: readonly string[];
  readonly path: readonly string[];
}> {}

/**
 * A function that returns a tree of another structure than it must, such as a step that changes its carry's;
 * a dot in a structure stands for a leaf.
 */
export class StructureMismatch extends Data.TaggedError("StructureMismatch")<{
  readonly op: string;
  readonly expected: string;
  readonly actual: string;
}> {}

/** A named axis used where no `vmap` binds it. */
export class UnboundAxis extends Data.TaggedError("UnboundAxis")<{
  readonly axis: string;
  readonly path: readonly string[];
}> {}

/** A value that a program depends on and that is none of its inputs. */
export class FreeVariable extends Data.TaggedError("FreeVariable")<{
  readonly shape: readonly number[];
  readonly path: readonly string[];
}> {}

/** A sequence of more tokens than a model has positions for. */
export class SequenceTooLong extends Data.TaggedError("SequenceTooLong")<{
  readonly length: number;
  readonly limit: number;
  readonly path: readonly string[];
}> {}

/** A sequence without tokens where there must be some. */
export class EmptySequence extends Data.TaggedError("EmptySequence")<{
  readonly path: readonly string[];
}> {}

/** Statistics over the examples along `axis`, of which there are fewer than they need. */
export class TooFewExamples extends Data.TaggedError("TooFewExamples")<{
  readonly axis: string;
  readonly examples: number;
  readonly least: number;
  readonly path: readonly string[];
}> {}

/** Something larger than what counts it: `size` of `of`, of which there can be `limit`. */
export class SizeLimit extends Data.TaggedError("SizeLimit")<{
  readonly op: string;
  readonly of:
    | "elements"
    | "elements along one axis"
    | "rounds"
    | "nodes"
    | "layers within one another";
  readonly size: number;
  readonly limit: number;
  readonly path: readonly string[];
}> {}

/**
 * Logits that are no distribution of the token after `position` others: one is NaN or infinite, or all are -∞; `value`
 * is the first such.
 */
export class NonFiniteLogits extends Data.TaggedError("NonFiniteLogits")<{
  readonly value: number;
  readonly position: number;
  readonly path: readonly string[];
}> {}

/** What can be wrong with one node of a program. */
export type Issue =
  | ShapeMismatch
  | DtypeMismatch
  | UnboundAxis
  | FreeVariable
  | SequenceTooLong
  | EmptySequence
  | TooFewExamples
  | SizeLimit;

/** A program that cannot be compiled, with everything that is wrong with it. */
export class CompileError extends Data.TaggedError("CompileError")<{
  readonly causes: readonly Issue[];
}> {}

/** A backend that this machine cannot run; `alternative` is one that it can. */
export class BackendUnavailable extends Data.TaggedError("BackendUnavailable")<{
  readonly backend: string;
  readonly missing: string;
  readonly alternative: string;
}> {}

/**
 * A program that needs more bytes of memory, or of which one tensor does, than the backend has for it, `limit`; where
 * that is `undefined`, more than the machine gives at the moment.
 */
export class MemoryLimit extends Data.TaggedError("MemoryLimit")<{
  readonly of: "program" | "tensor";
  readonly needed: number;
  readonly limit: number | undefined;
  readonly largest: readonly { readonly what: string; readonly bytes: number }[];
  /** What the bytes are for, where that is known: it says what would help. */
  readonly parts?: MemoryParts;
}> {}

/** Bytes by what they are for. */
export interface MemoryParts {
  /** What is carried from step to step: params, layer state and the optimizer's. */
  readonly state: number;
  readonly constants: number;
  readonly inputs: number;
  readonly outputs: number;
  /** What is computed on the way, and kept until it has been used. */
  readonly temporaries: number;
}

/** A worker with which a run shared its work and that is gone, or no longer answers; `worker` counts from 1. */
export class WorkerLost extends Data.TaggedError("WorkerLost")<{
  readonly worker: number;
  readonly workers: number;
  readonly reason: string;
}> {}

/** A number of a training run that is infinite or not a number: the loss (`where: "loss"`), or params. */
export class NonFinite extends Data.TaggedError("NonFinite")<{
  readonly where: string;
  readonly step: number;
  /** The first leaf of the state that is not finite, where one is. */
  readonly path: readonly string[];
}> {}

/** A pipeline that cannot be run as it is described. */
export class InvalidPipeline extends Data.TaggedError("InvalidPipeline")<{
  readonly pipeline: string;
  readonly field: string;
  readonly value: unknown;
  readonly expected: string;
}> {}

/** A state from which a pipeline cannot go on: another pipeline's, or another version's. */
export class StateMismatch extends Data.TaggedError("StateMismatch")<{
  readonly pipeline: string;
  readonly part: string;
  readonly path: readonly string[];
  readonly expected: string;
  readonly actual: string;
}> {}

/** Output that could not be written: the disk is full, or the device that it goes to is gone. */
export class OutputNotWritten extends Data.TaggedError("OutputNotWritten")<{
  readonly reason: string;
}> {}

/** A run that ended because something that it waited for ended its own fiber: its data, a baseline, a sampler. */
export class RunInterrupted extends Data.TaggedError("RunInterrupted")<{
  /** What was under way, in a few words. */
  readonly during: string;
}> {}

/** A monitored value that the epochs of a run do not have. */
export class UnknownMonitor extends Data.TaggedError("UnknownMonitor")<{
  readonly monitor: string;
  readonly known: readonly string[];
}> {}

/** A name on the command line that is none of those known; `nearest` is what was most likely meant. */
export class UnknownName extends Data.TaggedError("UnknownName")<{
  readonly kind: "pipeline" | "command" | "flag";
  readonly name: string;
  readonly known: readonly string[];
  readonly nearest: string | undefined;
}> {}

/** A flag or an argument of the command line without a value, or with one that it does not take. */
export class InvalidFlag extends Data.TaggedError("InvalidFlag")<{
  readonly flag: string;
  readonly value: string | undefined;
  readonly expected: string;
}> {}

/** An argument that no value can be made of: a negative extent, a step of zero, a probability above 1. */
export class InvalidArgument extends Data.TaggedError("InvalidArgument")<{
  readonly op: string;
  readonly argument: string;
  readonly expected: string;
  readonly actual: string;
}> {}

/** A file or another source of data that could not be read; `command` is what would bring it, where that is known. */
export class DataSourceError extends Data.TaggedError("DataSourceError")<{
  readonly source: string;
  readonly reason: string;
  readonly command?: string;
}> {}

/** A module of pipelines that threw while it was imported; `at` is where in it, where that is known. */
export class ModuleThrew extends Data.TaggedError("ModuleThrew")<{
  readonly module: string;
  readonly reason: string;
  readonly at: string | undefined;
}> {}

/** What {@link IdxCorrupt} found wrong. */
export type IdxProblem = "magic" | "type" | "size" | "truncated" | "trailing" | "compression";

/** A file that is not a whole IDX file; `offset` is in bytes, after decompression. */
export class IdxCorrupt extends Data.TaggedError("IdxCorrupt")<{
  readonly file: string;
  readonly problem: IdxProblem;
  readonly offset: number;
  readonly expected: string;
  readonly actual: string;
}> {}

/** A row of a table that does not have the fields of the others, or a field that is no number. */
export class TableCorrupt extends Data.TaggedError("TableCorrupt")<{
  readonly file: string;
  readonly line: number;
  readonly column: string;
  readonly expected: string;
  readonly actual: string;
}> {}

/** A dataset without examples, where there must be some. */
export class EmptyDataset extends Data.TaggedError("EmptyDataset")<{
  readonly where: string;
}> {}

/** A batch size that is no whole number from 1 to the number of examples. */
export class InvalidBatchSize extends Data.TaggedError("InvalidBatchSize")<{
  readonly size: number;
  readonly examples: number;
}> {}

/** A name that no column of the dataset has. */
export class UnknownColumn extends Data.TaggedError("UnknownColumn")<{
  readonly column: string;
  readonly columns: readonly string[];
}> {}

/** A label that is no class: not a whole number from 0 to `classes - 1`. */
export class LabelOutOfRange extends Data.TaggedError("LabelOutOfRange")<{
  readonly column: string;
  readonly row: number;
  readonly value: number;
  readonly classes: number;
}> {}

/**
 * A token that a vocabulary of `known` tokens does not have, and where it is in its sequence; `path` names the
 * model that was given its number, where one was, and `row` the example, where it is one of many.
 */
export class UnknownToken extends Data.TaggedError("UnknownToken")<{
  readonly token: string;
  readonly position: number;
  readonly known: number;
  readonly row?: number;
  readonly path?: readonly string[];
}> {}

/** NaN or an infinity in the data. */
export class NonFiniteData extends Data.TaggedError("NonFiniteData")<{
  readonly column: string;
  readonly row: number;
  readonly value: number;
}> {}

/** One place where input is not what a codec describes: where it is, what was expected, what was there. */
export interface DecodeIssue {
  readonly path: readonly string[];
  readonly expected: string;
  readonly actual: string;
}

/** Input that a codec does not accept, with every place that is wrong. */
export class DecodeError extends Data.TaggedError("DecodeError")<{
  readonly where: string;
  readonly issues: readonly DecodeIssue[];
}> {}

/** A checkpoint that could not be written; an earlier one of the same path is as it was. */
export class CheckpointNotSaved extends Data.TaggedError("CheckpointNotSaved")<{
  readonly path: string;
  readonly reason: string;
}> {}
