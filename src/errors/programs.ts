/** Mistakes in a program, and in the arguments of a call. */

import { failure, saidOnce } from "./failure.ts";
import { count, indent, inLayer, several, shape } from "./words.ts";

/** An argument that no value can be made of: a negative extent, a step of zero, a probability above 1. */
export class InvalidArgument extends failure(
  "InvalidArgument",
  (e: {
    readonly op: string;
    readonly argument: string;
    readonly expected: string;
    readonly actual: string;
  }) => ({
    what: `${e.op}: ${e.argument} is ${e.actual}`,
    fix: `give it ${e.expected}`,
  }),
) {}

/** Operands whose shapes an operation does not take. `path` names the layers around it. */
export class ShapeMismatch extends failure(
  "ShapeMismatch",
  (e: {
    readonly op: string;
    readonly expected: string;
    readonly actual: readonly (readonly number[])[];
    readonly path: readonly string[];
  }) => ({
    what:
      e.actual.length === 0
        ? `${e.op} was given nothing`
        : `${e.op} does not take ${e.actual.map(shape).join(" and ")}`,
    ...inLayer(e.path),
    fix: `give it ${e.expected}`,
  }),
) {}

/** Operands whose dtypes an operation does not take. */
export class DtypeMismatch extends failure(
  "DtypeMismatch",
  (e: {
    readonly op: string;
    readonly expected: string;
    readonly actual: readonly string[];
    readonly path: readonly string[];
  }) => ({
    what: `${e.op} does not take ${e.actual.join(" and ")}`,
    ...inLayer(e.path),
    fix: `give it ${e.expected}; cast converts one dtype to another`,
  }),
) {}

/**
 * A function that returns a tree of another structure than it must, such as a step that changes its carry's;
 * a dot in a structure stands for a leaf.
 */
export class StructureMismatch extends failure(
  "StructureMismatch",
  (e: { readonly op: string; readonly expected: string; readonly actual: string }) => ({
    what: `${e.op} returns ${e.actual} where it must return ${e.expected}, each · an array of numbers`,
    fix: "return a tree of the same arrays and the same keys, whose leaves stand where they stood",
  }),
) {}

/** A named axis used where no `vmap` binds it. */
export class UnboundAxis extends failure(
  "UnboundAxis",
  (e: { readonly axis: string; readonly path: readonly string[] }) => ({
    what: `no vmap binds the axis "${e.axis}"`,
    ...inLayer(e.path),
    fix: `apply the function under vmap with { axis: "${e.axis}" }`,
  }),
) {}

/** A value that a program depends on and that is none of its inputs. */
export class FreeVariable extends failure(
  "FreeVariable",
  (e: { readonly shape: readonly number[]; readonly path: readonly string[] }) => ({
    what: `the program depends on a value of shape ${shape(e.shape)} that is none of its inputs`,
    ...inLayer(e.path),
    fix: "pass the value as an input, or use it only inside the function that it belongs to",
  }),
) {}

/** A sequence of more tokens than a model has positions for. */
export class SequenceTooLong extends failure(
  "SequenceTooLong",
  (e: { readonly length: number; readonly limit: number; readonly path: readonly string[] }) => ({
    what: `a sequence of ${several(e.length, "token")} has no place in ${several(e.limit, "position")}`,
    ...inLayer(e.path),
    fix: "give a shorter sequence, ask for fewer tokens, or make the model with more positions",
  }),
) {}

/** A sequence without tokens where there must be some. */
export class EmptySequence extends failure(
  "EmptySequence",
  (e: { readonly path: readonly string[] }) => ({
    what: "the sequence is empty: there is nothing to see, and nothing that anything could follow",
    ...inLayer(e.path),
    fix: "give at least one moment or token: a first character, or one that marks the beginning",
  }),
) {}

/** Statistics over the examples along `axis`, of which there are fewer than they need. */
export class TooFewExamples extends failure(
  "TooFewExamples",
  (e: {
    readonly axis: string;
    readonly examples: number;
    readonly least: number;
    readonly path: readonly string[];
  }) => ({
    what: `statistics over the axis "${e.axis}" need at least ${several(e.least, "example")}, and there ${e.examples === 1 ? "is" : "are"} ${e.examples}`,
    ...inLayer(e.path),
    fix: `take larger batches: withBatchSize(n), with { dropRemainder: true } where an epoch ends in a batch of ${e.examples}`,
  }),
) {}

/** What a program has a limited number of. */
export type Counted =
  | "elements"
  | "elements along one axis"
  | "rounds"
  | "nodes"
  | "layers within one another";

/** Something larger than what counts it: `size` of `of`, of which there can be `limit`. */
export class SizeLimit extends failure(
  "SizeLimit",
  (e: {
    readonly op: string;
    readonly of: Counted;
    readonly size: number;
    readonly limit: number;
    readonly path: readonly string[];
  }) => ({
    what: `${e.op} has ${count(e.size)} ${e.of}, and the most are ${count(e.limit)}`,
    ...inLayer(e.path),
    fix: sizeFix[e.of],
  }),
) {}

/**
 * Logits that are no distribution of the token after `position` others: one is NaN or infinite, or all are -∞; `value`
 * is the first such.
 */
export class NonFiniteLogits extends failure(
  "NonFiniteLogits",
  (e: { readonly value: number; readonly position: number; readonly path: readonly string[] }) => ({
    what: `the logits of the token after ${several(e.position, "other")} are no distribution: ${
      e.value === Number.NEGATIVE_INFINITY ? "all are -∞" : `one is ${e.value}`
    }`,
    ...inLayer(e.path),
    fix: "see whether the params are finite, and that a mask of logits leaves one of them",
  }),
) {}

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
export class CompileError extends failure(
  "CompileError",
  (e: { readonly causes: readonly Issue[] }) => ({
    what: [
      `the program cannot be compiled: ${several(e.causes.length, "mistake")}`,
      ...saidOnce(e.causes).map(indent),
    ].join("\n"),
    fix: "correct each of them; all that were found are listed",
  }),
) {}

const sizeFix: { readonly [S in Counted]: string } = {
  elements: "take a smaller shape, or work on one part of it after the other",
  "elements along one axis":
    "reshape it to several axes that are shorter, or work on one part of it after the other",
  rounds: "take fewer rounds, or a loop within a loop",
  nodes: "write what repeats as a scan, or compile the parts as programs of their own",
  "layers within one another": "put them one after the other with sequential, or repeat one",
};
