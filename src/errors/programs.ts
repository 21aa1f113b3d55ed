/** Errors in programs, and in the arguments of calls. */

import { failure, saidOnce } from "./failure.ts";
import { type AskedText, count, inAsked, indent, inLayer, several, shape } from "./words.ts";

/** An argument has an invalid value: a negative extent, a step of zero, a probability above 1. */
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

/** An operation does not accept the shapes of its operands. `path` names the layers around it. */
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
        ? `${e.op} has no operands`
        : `${e.op} does not accept ${e.actual.map(shape).join(" and ")}`,
    ...inLayer(e.path),
    fix: `give it ${e.expected}`,
  }),
) {}

/** An operation does not accept the dtypes of its operands. */
export class DtypeMismatch extends failure(
  "DtypeMismatch",
  (e: {
    readonly op: string;
    readonly expected: string;
    readonly actual: readonly string[];
    readonly path: readonly string[];
  }) => ({
    what: `${e.op} does not accept ${e.actual.join(" and ")}`,
    ...inLayer(e.path),
    fix: `give it ${e.expected}; cast converts one dtype to another`,
  }),
) {}

/**
 * A function returns a tree of the wrong structure, such as a step that changes the structure of its carry, or the
 * type of a tensor in it. In the texts, a dot stands for a leaf.
 */
export class StructureMismatch extends failure(
  "StructureMismatch",
  (e: { readonly op: string; readonly expected: string; readonly actual: string }) => ({
    what: [
      `${e.op} returns ${e.actual} but must return ${e.expected}`,
      ...(`${e.expected}${e.actual}`.includes("·") ? ["where each · is a tensor"] : []),
    ].join(", "),
    fix: "return a tree with the same keys and list lengths, and with tensors of the same types at the same places",
  }),
) {}

/** A program uses a named axis that no `vmap` binds. */
export class UnboundAxis extends failure(
  "UnboundAxis",
  (e: { readonly axis: string; readonly path: readonly string[] }) => ({
    what: `no vmap binds the axis "${e.axis}"`,
    ...inLayer(e.path),
    fix: `apply the function under vmap with { axis: "${e.axis}" }`,
  }),
) {}

/** A program depends on a value that is not one of its inputs. */
export class FreeVariable extends failure(
  "FreeVariable",
  (e: { readonly shape: readonly number[]; readonly path: readonly string[] }) => ({
    what: `the program depends on a value of shape ${shape(e.shape)} that is not one of its inputs`,
    ...inLayer(e.path),
    fix: "pass the value as an input, or use it only inside its own function",
  }),
) {}

/** A sequence has more tokens than a model has positions. `asked` is the text, if a finished model is asked about one. */
export class SequenceTooLong extends failure(
  "SequenceTooLong",
  (e: {
    readonly length: number;
    readonly limit: number;
    readonly path: readonly string[];
    readonly asked?: AskedText;
  }) =>
    e.asked === undefined
      ? {
          what: `a sequence of ${several(e.length, "token")} is too long for ${several(e.limit, "position")}`,
          ...inLayer(e.path),
          fix: "give a shorter sequence, generate fewer tokens, or build the model with more positions",
        }
      : {
          what: `the text has ${several(e.length, e.asked.unit)}, and the model takes at most ${e.limit}`,
          where: `in ${inAsked(e.asked)}`,
          fix: "give a shorter text",
        },
) {}

/** A sequence is empty, but some tokens or time steps are needed. `asked` is the text, if a finished model is asked about one. */
export class EmptySequence extends failure(
  "EmptySequence",
  (e: { readonly path: readonly string[]; readonly asked?: AskedText }) =>
    e.asked === undefined
      ? {
          what: "the sequence is empty, but at least one time step is needed",
          ...inLayer(e.path),
          fix: "give at least one time step or token, such as a first character or a start token",
        }
      : {
          what: `the text is empty: it has no ${e.asked.unit}s`,
          where: `in ${inAsked(e.asked)}`,
          fix: `write one ${e.asked.unit} or more`,
        },
) {}

/** Statistics over the examples along `axis` have too few examples. */
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
    fix: `use larger batches: withBatchSize(n), with { dropRemainder: true } if an epoch ends in a batch of ${e.examples}`,
  }),
) {}

/** A whileLoop without a bound stands where one is needed: `by` reverse mode, or by a file that others may run. */
export class UnboundedLoop extends failure(
  "UnboundedLoop",
  (e: {
    readonly by: "reverse mode" | "a program in a file";
    readonly path: readonly string[];
  }) => ({
    what: `${e.by} needs a bound of the rounds of whileLoop, and there is none`,
    ...inLayer(e.path),
    fix: `give whileLoop a bound, such as { bound: 100 }${e.by === "reverse mode" ? ", or use forward mode" : ""}`,
  }),
) {}

/** The things whose number a program limits. */
export type Counted = "elements" | "elements along one axis" | "rounds" | "nodes" | "nested layers";

/** A program exceeds a limit: it has `size` of the things `of`, and may have `limit`. */
export class SizeLimit extends failure(
  "SizeLimit",
  (e: {
    readonly op: string;
    readonly of: Counted;
    readonly size: number;
    readonly limit: number;
    readonly path: readonly string[];
  }) => ({
    what: `${e.op} has ${count(e.size)} ${e.of}, but the maximum is ${count(e.limit)}`,
    ...inLayer(e.path),
    fix: sizeFix[e.of],
  }),
) {}

/**
 * The logits of the token after `position` tokens define no distribution: one is NaN or infinite, or all are -∞. `value`
 * is the first of them. Where logits are given for each time step, `of` says that `position` counts these.
 */
export class NonFiniteLogits extends failure(
  "NonFiniteLogits",
  (e: {
    readonly value: number;
    readonly position: number;
    readonly path: readonly string[];
    readonly of?: "token" | "time step";
  }) => ({
    what: `the logits after ${several(e.position, e.of ?? "token")} define no distribution: ${
      e.value === Number.NEGATIVE_INFINITY ? "all are -∞" : `one is ${e.value}`
    }`,
    ...inLayer(e.path),
    fix: "check that the params are finite, and that a mask of logits leaves at least one token",
  }),
) {}

/** The errors that one node of a program can have. */
export type Issue =
  | ShapeMismatch
  | DtypeMismatch
  | UnboundAxis
  | FreeVariable
  | SequenceTooLong
  | EmptySequence
  | TooFewExamples
  | UnboundedLoop
  | SizeLimit;

/** A program cannot be compiled. `causes` lists all its mistakes. */
export class CompileError extends failure(
  "CompileError",
  (e: { readonly causes: readonly Issue[] }) => ({
    what: [
      `the program cannot be compiled: ${several(e.causes.length, "mistake")}`,
      ...saidOnce(e.causes).map(indent),
    ].join("\n"),
    fix: "correct each mistake in the list",
  }),
) {}

const sizeFix: { readonly [S in Counted]: string } = {
  elements: "use a smaller shape, or process the tensor in parts",
  "elements along one axis": "reshape it to several shorter axes, or process it in parts",
  rounds: "use fewer rounds, or a loop inside a loop",
  nodes: "write repetitions as a scan, or compile the parts as separate programs",
  "nested layers": "compose layers with sequential or repeat instead of nesting them",
};
