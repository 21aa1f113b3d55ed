/** Errors of training runs. */

import { failure } from "./failure.ts";
import { inLayer, type JudgedBy, oneOf, rowAt, several } from "./words.ts";

/** The operation that made the first value which is not finite, of finite operands. */
export interface Origin {
  readonly primitive: string;
  /** The layers around it, outermost first; empty outside of layers, as in a loss or an optimizer. */
  readonly path: readonly string[];
  readonly value: "NaN" | "infinity";
  /** The smallest and the greatest number of each operand. */
  readonly operands: readonly (readonly [least: number, greatest: number])[];
}

const originText = ({ primitive, path, value, operands }: Origin): string => {
  const numbers = operands
    .map(
      ([least, greatest]) =>
        `[${[least, greatest].map((x) => Number(x.toPrecision(4))).join(", ")}]`,
    )
    .join(" and ");
  const layer = path.length === 0 ? "outside of layers" : `in the layer ${path.join(" > ")}`;
  return `: the first ${value} came from ${primitive} ${layer}, applied to numbers in ${numbers}`;
};

/** A value of a training run became infinite or NaN: the loss (`where: "loss"`), or the params. */
export class NonFinite extends failure(
  "NonFinite",
  (e: {
    readonly where: string;
    readonly step: number;
    /** The path of the first leaf of the state that is not finite, if there is one. */
    readonly path: readonly string[];
    /** Where it arose, if somebody looked. */
    readonly origin?: Origin | undefined;
  }) => ({
    what: `the ${e.where} stopped being finite${e.origin === undefined ? "" : originText(e.origin)}`,
    where: `at step ${e.step}${e.path.length === 0 ? "" : `, first in ${e.path.join(".")}`}`,
    fix: e.path.includes("games")
      ? "look at the environment: an observation or a reward that it returned was NaN or infinite"
      : "lower the learning rate, clip the gradients, or look for extreme values in the data",
  }),
) {}

/** A game outside of programs threw, or returned something else than a game does. What was learned before is kept. */
export class EnvironmentFailed extends failure(
  "EnvironmentFailed",
  (e: {
    readonly environment: string;
    /** The number of the game, from 0. */
    readonly game: number;
    /** The step of its episode, from 1; 0 for a reset. */
    readonly step: number;
    readonly problem: string;
    readonly expected: string;
  }) => ({
    what: `the environment "${e.environment}" ${e.problem}`,
    where: `in game ${e.game}, ${e.step === 0 ? "at a reset" : `at step ${e.step} of an episode`}`,
    fix: e.expected,
  }),
) {}

/** A pipeline's description is invalid. */
export class InvalidPipeline extends failure(
  "InvalidPipeline",
  (e: {
    readonly pipeline: string;
    readonly field: string;
    readonly value: unknown;
    readonly expected: string;
    /** What it cannot do, where that is something else than being run. */
    readonly cannot?: string;
  }) => ({
    what: `the pipeline "${e.pipeline}" cannot ${e.cannot ?? "be run"}: its ${e.field} is ${String(e.value)}`,
    fix: `give it ${e.expected}`,
  }),
) {}

/** A pipeline cannot resume from a state, which belongs to another pipeline or to another version of it. */
export class StateMismatch extends failure(
  "StateMismatch",
  (e: {
    readonly pipeline: string;
    readonly part: string;
    readonly path: readonly string[];
    readonly expected: string;
    readonly actual: string;
  }) => ({
    what: `the pipeline "${e.pipeline}" cannot resume from this state: in its ${e.part}, expected ${e.expected}, found ${e.actual}`,
    ...inLayer(e.path),
    fix: "resume with the pipeline that made the state, or start a new run without it",
  }),
) {}

/** A tensor of a checkpoint that is not what a pipeline carries there. */
export interface CheckpointDifference {
  readonly path: string;
  readonly expected: string;
  readonly actual: string;
}

/** A checkpoint belongs to another pipeline, or to another version of it. */
export class CheckpointMismatch extends failure(
  "CheckpointMismatch",
  (e: {
    readonly file: string;
    readonly pipeline: string;
    /** The pipeline that the checkpoint says it is of. */
    readonly saved: string;
    /** The paths of what is as the pipeline carries it. */
    readonly matching: readonly string[];
    readonly differing: readonly CheckpointDifference[];
  }) => ({
    what: [
      e.saved === e.pipeline
        ? `the checkpoint does not fit the pipeline "${e.pipeline}"`
        : `the checkpoint is of the pipeline "${e.saved}", not of "${e.pipeline}"`,
      `  ${several(e.matching.length, "tensor")} fit${e.matching.length === 1 ? "s" : ""}${listed(e.matching)}`,
      `  ${several(e.differing.length, "tensor")} ${e.differing.length === 1 ? "does" : "do"} not${listed(
        e.differing.map((d) => `${d.path} (expected ${d.expected}, found ${d.actual})`),
      )}`,
    ].join("\n"),
    where: `in ${e.file}`,
    fix:
      e.differing.length === 0
        ? "name the pipeline that saved it, or load it with anyPipeline: true"
        : "give the pipeline that saved it; loadInto takes over the params that fit",
  }),
) {}

/** Another process trains in the same folder. */
export class RunLocked extends failure(
  "RunLocked",
  (e: {
    readonly folder: string;
    /** The file that says so. */
    readonly lock: string;
    readonly pid: number;
    readonly machine: string;
  }) => ({
    what: `another run uses this folder: process ${e.pid} on ${e.machine}`,
    where: `in ${e.folder}`,
    fix: `give this run a folder of its own, or end the other; if there is no such process, remove ${e.lock}`,
  }),
) {}

/** A folder already holds a run, and the new one would overwrite it. */
export class RunExists extends failure("RunExists", (e: { readonly folder: string }) => ({
  what: "the folder already holds a run",
  where: `in ${e.folder}`,
  fix: "resume that run (--resume), or name another folder",
})) {}

/** A run was told something, but no process trains in its folder. */
export class RunNotActive extends failure("RunNotActive", (e: { readonly folder: string }) => ({
  what: "no run is under way in this folder",
  where: `in ${e.folder}`,
  fix: "start one there (fluxion train NAME --run-dir DIR), or resume it (--resume)",
})) {}

/** The most names that an error lists. */
const mostListed = 4;

const listed = (names: readonly string[]): string => {
  const more = names.length - mostListed;
  const shown = names.slice(0, mostListed).join(", ");
  return names.length === 0 ? "" : `: ${shown}${more > 0 ? ` and ${more} more` : ""}`;
};

/** A run ended because something it waited for interrupted its own fiber: its data, a baseline or a sampler. */
export class RunInterrupted extends failure(
  "RunInterrupted",
  (e: {
    /** The interrupted activity, in a few words. */
    readonly during: string;
  }) => ({
    what: `${e.during} was interrupted from within, not by its subscriber`,
    fix: "look for Effect.interrupt in the data, baselines and operators of the run",
  }),
) {}

/** An operator monitors a value that the run does not measure. */
export class UnknownMonitor extends failure(
  "UnknownMonitor",
  (e: { readonly monitor: string; readonly known: readonly string[] }) => ({
    what: `this run does not measure "${e.monitor}"`,
    fix: `monitor ${oneOf(e.known)}`,
  }),
) {}

/** A checkpoint could not be written. An earlier one at the same path is unchanged. */
export class CheckpointNotSaved extends failure(
  "CheckpointNotSaved",
  (e: { readonly path: string; readonly reason: string }) => ({
    what: `a checkpoint could not be written: ${e.reason}`,
    where: `to ${e.path}`,
    fix: "check that the folder exists, that you may write to it and that the disk is not full; an earlier checkpoint there is unchanged",
  }),
) {}

/** A trial of a search took longer than it may. */
export class TrialTimedOut extends failure(
  "TrialTimedOut",
  (e: { readonly trial: number; readonly seconds: number }) => ({
    what: `trial ${e.trial} was not over after ${e.seconds} seconds`,
    fix: "give the search more seconds for each trial, or leave out the values that take so long",
  }),
) {}

/** A plot could not be drawn. */
export class PlotNotDrawn extends failure("PlotNotDrawn", (e: { readonly reason: string }) => ({
  what: `the plot could not be drawn: ${e.reason}`,
  fix: "give a specification of Vega-Lite, such as those that lossPlot or curvesPlot make",
})) {}

/** What a text may be written with, that is judged by something of which none is known. */
const learnable: { readonly [by in JudgedBy]: string } = {
  ...{ word: "words", item: "items", token: "tokens", "letter or digit": "letters or digits" },
  ...{ mark: "characters", blank: "characters" },
};

const noneOf = (by: JudgedBy, read: number | undefined): string => {
  const unit = by === "word" || by === "item" || by === "token" ? by : "character";
  const part = read === undefined ? "" : `the first ${several(read, unit)} of `;
  // A part of a word that is blank may well be known.
  return `no ${by} of ${part}the text${by === "token" ? " that is not blank" : ""}`;
};

/**
 * A token is not among the `known` tokens of a vocabulary or a model. `position` is its place in the sequence, `path` the
 * path of the model, if a model reports it, and `row` the example, if there are several, counted from 0 here and from 1 in
 * the text. `near` is the most similar known token, and `among` are all of them, where they are few. `all` says by what a text is
 * judged of which none is known; then `token` is the first of these, and `read` the number of tokens that are read, where the
 * text has more.
 */
export class UnknownToken extends failure(
  "UnknownToken",
  (e: {
    readonly token: string;
    readonly position: number;
    readonly known: number;
    readonly row?: number;
    readonly path?: readonly string[];
    /** The column whose text has it, for a text that is asked about. */
    readonly column?: string;
    readonly near?: string | undefined;
    readonly among?: readonly string[] | undefined;
    readonly all?: JudgedBy;
    readonly read?: number | undefined;
  }) => ({
    what:
      e.all === undefined
        ? `"${e.token}" is not among the ${several(e.known, "token")} of the ${e.path === undefined ? "vocabulary" : "model"}`
        : `${noneOf(e.all, e.read)} is among the ${several(e.known, "token")} of the vocabulary: the first is "${e.token}"`,
    where: [
      ...(e.path === undefined ? [] : [`in ${e.path.join(".")}`]),
      ...(e.column === undefined ? [] : [`in the text of the column "${e.column}"`]),
      `at position ${e.position} of its sequence`,
      ...(e.row === undefined ? [] : [rowAt(e.row)]),
    ].join(", "),
    fix: `${e.near === undefined ? "" : `did you mean "${e.near}"? `}${
      e.all !== undefined
        ? `write it with ${learnable[e.all]} that the model has learned: unknown ones between these are taken`
        : e.column !== undefined
          ? e.among === undefined
            ? "leave it out, or write it with tokens that the model has learned"
            : `give ${oneOf(e.among)}`
          : e.path === undefined
            ? "build the vocabulary from all tokens that may occur, or give it a token for unknown ones"
            : "encode with the vocabulary that the model was built for"
    }`,
  }),
) {}
