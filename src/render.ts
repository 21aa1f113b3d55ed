import type * as errors from "./errors.ts";
import { amountIn, printable } from "./terminal.ts";

/** Every error of fluxion. A class added to `errors.ts` is a member at once, and must be rendered below. */
export type FluxionError = InstanceType<(typeof errors)[keyof typeof errors]>;

/** An error in words: what happened, where, and what to do about it. */
interface Account {
  readonly what: string;
  readonly where?: string;
  readonly fix: string;
}

type Accounts = {
  readonly [T in FluxionError["_tag"]]: (
    error: Extract<FluxionError, { readonly _tag: T }>,
  ) => Account;
};

const shape = (s: readonly number[]): string => `[${s.join(", ")}]`;
const inLayer = (path: readonly string[]): { readonly where?: string } =>
  path.length === 0 ? {} : { where: `in ${path.join(".")}` };
const oneOf = (names: readonly string[]): string =>
  names.length === 0 ? "there are none" : `one of ${names.join(", ")}`;
const several = (n: number, thing: string): string => `${n} ${thing}${n === 1 ? "" : "s"}`;

const accounts: Accounts = {
  ShapeMismatch: (e) => ({
    what:
      e.actual.length === 0
        ? `${e.op} was given nothing`
        : `${e.op} does not take ${e.actual.map(shape).join(" and ")}`,
    ...inLayer(e.path),
    fix: `give it ${e.expected}`,
  }),
  DtypeMismatch: (e) => ({
    what: `${e.op} does not take ${e.actual.join(" and ")}`,
    ...inLayer(e.path),
    fix: `give it ${e.expected}; cast converts one dtype to another`,
  }),
  StructureMismatch: (e) => ({
    what: `${e.op} returns ${e.actual} where it must return ${e.expected}, each · an array of numbers`,
    fix: "return a tree of the same arrays and the same keys, whose leaves stand where they stood",
  }),
  UnboundAxis: (e) => ({
    what: `no vmap binds the axis "${e.axis}"`,
    ...inLayer(e.path),
    fix: `apply the function under vmap with { axis: "${e.axis}" }`,
  }),
  FreeVariable: (e) => ({
    what: `the program depends on a value of shape ${shape(e.shape)} that is none of its inputs`,
    ...inLayer(e.path),
    fix: "pass the value as an input, or use it only inside the function that it belongs to",
  }),
  CompileError: (e) => ({
    what: `the program cannot be compiled: ${several(e.causes.length, "mistake")}\n${e.causes
      .map((cause) => indent(render(cause)))
      .join("\n")}`,
    fix: "correct each of them; all that were found are listed",
  }),
  BackendUnavailable: (e) => ({
    what: `the backend "${e.backend}" cannot run here: this place lacks ${e.missing}`,
    fix: `use the backend "${e.alternative}"`,
  }),
  WorkerLost: (e) => ({
    what: `worker ${e.worker} of ${e.workers} was lost: ${e.reason}`,
    where: "in the middle of a run",
    fix: "resume from the last checkpoint or event; with { threads: 1 } a run needs no workers",
  }),
  MemoryLimit: (e) => ({
    what: `${memoryFor[e.of]} needs ${bytes(e.needed)} of memory and ${
      e.limit === undefined ? "this machine gives no more" : `the backend has ${bytes(e.limit)}`
    }`,
    ...(e.largest.length === 0
      ? {}
      : {
          where: `most of it for ${e.largest.map((l) => `${l.what} (${bytes(l.bytes)})`).join(", ")}`,
        }),
    fix: [
      ...(e.limit === undefined ? ["end what else takes memory"] : []),
      ...lessMemory(e.parts),
    ].join(", or "),
  }),
  NonFinite: (e) => ({
    what: `${e.where} is no longer a finite number`,
    where: `at step ${e.step}${e.path.length === 0 ? "" : `, first in ${e.path.join(".")}`}`,
    fix: "lower the learning rate, clip the gradients, or look for extreme values in the data",
  }),
  CheckpointNotSaved: (e) => ({
    what: `a checkpoint could not be written: ${e.reason}`,
    where: `to ${e.path}`,
    fix: "check that the folder exists, that it may be written to and that the disk is not full; an earlier checkpoint there is as it was",
  }),
  InvalidPipeline: (e) => ({
    what: `the pipeline "${e.pipeline}" cannot be run: its ${e.field} is ${String(e.value)}`,
    fix: `give it ${e.expected}`,
  }),
  StateMismatch: (e) => ({
    what: `the pipeline "${e.pipeline}" cannot go on from this state: its ${e.part} has ${e.actual}, not ${e.expected}`,
    ...inLayer(e.path),
    fix: "resume with the pipeline that made the state, or start afresh without it",
  }),
  OutputNotWritten: (e) => ({
    what: `the output could not be written: ${e.reason}`,
    fix: "check that the disk is not full, and that what the output goes to is still there",
  }),
  RunInterrupted: (e) => ({
    what: `${e.during} was interrupted, and not by who listens to it`,
    fix: "look for Effect.interrupt in what it waits for: its data, its baselines, its operators",
  }),
  UnknownMonitor: (e) => ({
    what: `nothing called "${e.monitor}" is measured in this run`,
    fix: `monitor ${oneOf(e.known)}`,
  }),
  UnknownName: (e) => ({
    what: `there is no ${e.kind} called "${e.name}"`,
    fix: `${e.nearest === undefined ? "" : `did you mean "${e.nearest}"? `}known: ${e.known.join(", ")}`,
  }),
  InvalidFlag: (e) => ({
    what: e.value === undefined ? `${e.flag} has no value` : `${e.flag} does not take "${e.value}"`,
    fix: `give it ${e.expected}`,
  }),
  InvalidArgument: (e) => ({
    what: `${e.op}: ${e.argument} is ${e.actual}`,
    fix: `give it ${e.expected}`,
  }),
  DataSourceError: (e) => ({
    what: `the data could not be read: ${e.reason}`,
    where: `from ${e.source}`,
    fix:
      e.command === undefined
        ? "check that the file exists, that its name is right and that it may be read"
        : `run "${e.command}"`,
  }),
  ModuleThrew: (e) => ({
    what: `the module threw while it was imported: ${e.reason}`,
    where: `in ${e.module}${e.at === undefined ? "" : `, ${e.at}`}`,
    fix: "correct the module: what it does while it is imported must not fail",
  }),
  IdxCorrupt: (e) => ({
    what: `not a whole IDX file: expected ${e.expected}, found ${e.actual}`,
    where: `in ${e.file}, at byte ${e.offset}`,
    fix: idxFix[e.problem],
  }),
  TableCorrupt: (e) => ({
    what: `expected ${e.expected}, found ${e.actual}`,
    where: `in ${e.file}, line ${e.line}${e.column === "" ? "" : `, column "${e.column}"`}`,
    fix: "correct the line or take it out",
  }),
  EmptyDataset: (e) => ({
    what: "the dataset has no examples",
    where: `in ${e.where}`,
    fix: "check the source, and what filter, take, skip and split left of it",
  }),
  InvalidBatchSize: (e) => ({
    what: `a batch of ${e.size} cannot be taken from ${several(e.examples, "example")}`,
    fix: `use a whole number from 1 to ${e.examples}`,
  }),
  UnknownColumn: (e) => ({
    what: `the dataset has no column "${e.column}"`,
    fix: `name ${oneOf(e.columns)}`,
  }),
  LabelOutOfRange: (e) => ({
    what: `the label ${e.value} is none of ${e.classes} classes`,
    where: `in column "${e.column}", row ${e.row}`,
    fix: `number the labels 0 to ${e.classes - 1}, or give the number of classes that there are`,
  }),
  UnknownToken: (e) => ({
    what: `"${e.token}" is none of the ${several(e.known, "token")} that the ${e.path === undefined ? "vocabulary" : "model"} has`,
    where: [
      ...(e.path === undefined ? [] : [`in ${e.path.join(".")}`]),
      `at position ${e.position} of its sequence`,
      ...(e.row === undefined ? [] : [`row ${e.row}`]),
    ].join(", "),
    fix:
      e.path === undefined
        ? "make the vocabulary of all that may come, or give it a token for what is unknown"
        : "encode with the vocabulary that the model was made for",
  }),
  SequenceTooLong: (e) => ({
    what: `a sequence of ${several(e.length, "token")} has no place in ${several(e.limit, "position")}`,
    ...inLayer(e.path),
    fix: "give a shorter sequence, ask for fewer tokens, or make the model with more positions",
  }),
  NonFiniteLogits: (e) => ({
    what: `the logits of the token after ${several(e.position, "other")} are no distribution: ${
      e.value === Number.NEGATIVE_INFINITY ? "all are -∞" : `one is ${e.value}`
    }`,
    ...inLayer(e.path),
    fix: "see whether the params are finite, and that a mask of logits leaves one of them",
  }),
  EmptySequence: (e) => ({
    what: "the sequence is empty: there is nothing to see, and nothing that anything could follow",
    ...inLayer(e.path),
    fix: "give at least one moment or token: a first character, or one that marks the beginning",
  }),
  TooFewExamples: (e) => ({
    what: `statistics over the axis "${e.axis}" need at least ${several(e.least, "example")}, and there ${e.examples === 1 ? "is" : "are"} ${e.examples}`,
    ...inLayer(e.path),
    fix: `take larger batches: withBatchSize(n), with { dropRemainder: true } where an epoch ends in a batch of ${e.examples}`,
  }),
  SizeLimit: (e) => ({
    what: `${e.op} has ${count(e.size)} ${e.of}, and the most are ${count(e.limit)}`,
    ...inLayer(e.path),
    fix: sizeFix[e.of],
  }),
  NonFiniteData: (e) => ({
    what: `${e.value} is no finite number`,
    where: `in column "${e.column}", row ${e.row}`,
    fix: "take such rows out with filter, or fill in what is missing",
  }),
  DecodeError: (e) => ({
    what: `the input is not as described: ${several(e.issues.length, "mistake")}\n${e.issues
      .map(
        (i) =>
          `  ${i.path.length === 0 ? "the whole" : i.path.join(".")}: expected ${i.expected}, found ${i.actual}`,
      )
      .join("\n")}`,
    where: `in ${e.where}`,
    fix: "correct each of them; if fluxion wrote it, it was changed or cut off afterwards",
  }),
};

const idxFix: { readonly [P in errors.IdxProblem]: string } = {
  magic: "give an IDX file, plain or compressed with gzip; fetch it again if it should be one",
  type: "give the file that the dataset asks for: images and labels are easily swapped",
  size: "fetch the file again; where it should hold as much, say so with maxBytes",
  truncated: "fetch the file again: its end is missing",
  trailing: "fetch the file again: it has more data than its header says",
  compression: "fetch the file again: its compressed data is damaged or cut off",
};

const sizeFix: { readonly [S in errors.SizeLimit["of"]]: string } = {
  elements: "take a smaller shape, or work on one part of it after the other",
  "elements along one axis":
    "reshape it to several axes that are shorter, or work on one part of it after the other",
  rounds: "take fewer rounds, or a loop within a loop",
  nodes: "write what repeats as a scan, or compile the parts as programs of their own",
  "layers within one another": "put them one after the other with sequential, or repeat one",
};

/** A number of things: in digits as far as they are exact. */
const count = (n: number): string => (Number.isSafeInteger(n) ? String(n) : n.toExponential(3));

const memoryFix: { readonly [P in keyof errors.MemoryParts]: string } = {
  state: "make the model smaller, or take an optimizer that keeps less for each of its params",
  constants: "give large tensors as inputs, or make them of fewer elements or a narrower dtype",
  inputs: "give less at a time: smaller batches, or a part of the inputs after the other",
  outputs: "return less: what nobody reads need not be an output",
  temporaries: "take smaller batches, or recompute intermediate values with checkpoint",
};

/** What would help, by what takes most: of several parts, those that take at least half as much as the largest. */
const lessMemory = (parts: errors.MemoryParts | undefined): readonly string[] => {
  const kinds = Object.keys(memoryFix) as readonly (keyof errors.MemoryParts)[]; // it has these keys
  if (parts === undefined) return ["take fewer elements at a time"];
  const most = kinds.reduce((n, kind) => Math.max(n, parts[kind]), 0);
  return kinds
    .filter((kind) => 2 * parts[kind] >= most)
    .toSorted((a, b) => parts[b] - parts[a])
    .map((kind) => memoryFix[kind]);
};

const memoryFor = {
  program: "the program",
  tensor: "a single tensor of the program",
} as const;

const bytes = amountIn(1024, ["bytes", "KiB", "MiB", "GiB"]);

const indent = (text: string): string => text.replaceAll(/^/gm, "  ");

/**
 * An error in words: what happened, where, and the fix, each on its own line. Control characters in names and
 * values that it tells of are written out, so that no terminal obeys them.
 *
 * @example
 * ```ts
 * import { InvalidBatchSize, render } from "fluxion";
 * const error = new InvalidBatchSize({ size: 0, examples: 100 });
 * render(error).split("\n")[0] // => "InvalidBatchSize: a batch of 0 cannot be taken from 100 examples"
 * render(error).split("\n")[1] // => "  fix: use a whole number from 1 to 100"
 * ```
 */
export const render = (error: FluxionError): string => {
  // TypeScript does not see that an error's own tag selects the function that takes it.
  const account = (accounts[error._tag] as (error: FluxionError) => Account)(error);
  const lines = [
    `${error._tag}: ${account.what}`,
    ...(account.where === undefined ? [] : [`  where: ${account.where}`]),
    `  fix: ${account.fix}`,
  ];
  return printable(lines.join("\n"));
};
