import * as Effect from "effect/Effect";
import {
  CompileError,
  DtypeMismatch,
  EmptySequence,
  FreeVariable,
  type Issue,
  SequenceTooLong,
  ShapeMismatch,
  SizeLimit,
  TooFewExamples,
  UnboundAxis,
  UnboundedLoop,
} from "../errors.ts";
import type { AnyNode, Expr, Program, TensorType } from "../ir/expr.ts";
import { innerPrograms, topological } from "../ir/program.ts";
import { sameShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Adds to an issue the path of its layer: type rules know operands, and only the node knows its layers. */
const located = (issue: Issue, path: readonly string[]): Issue => {
  switch (issue._tag) {
    case "ShapeMismatch": {
      const { op, expected, actual } = issue;
      return new ShapeMismatch({ op, expected, actual, path });
    }
    case "DtypeMismatch": {
      const { op, expected, actual } = issue;
      return new DtypeMismatch({ op, expected, actual, path });
    }
    case "UnboundAxis":
      return new UnboundAxis({ axis: issue.axis, path });
    case "FreeVariable":
      return new FreeVariable({ shape: issue.shape, path });
    case "SequenceTooLong":
      return new SequenceTooLong({ length: issue.length, limit: issue.limit, path });
    case "EmptySequence":
      return new EmptySequence({ path });
    case "TooFewExamples": {
      const { axis, examples, least } = issue;
      return new TooFewExamples({ axis, examples, least, path });
    }
    case "UnboundedLoop":
      return new UnboundedLoop({ by: issue.by, path });
    case "SizeLimit": {
      const { op, of, size, limit } = issue;
      return new SizeLimit({ op, of, size, limit, path });
    }
  }
};

/** The number of examples along each named axis that code around a program will bind. */
export interface Bound {
  readonly [axis: string]: number;
}

const unboundIssues = (node: AnyNode, bound: Bound, path: readonly string[]): readonly Issue[] => {
  if (node.primitive !== "axisSum") return [];
  const { axis, least } = node.params;
  const examples = bound[axis];
  if (examples === undefined) return [new UnboundAxis({ axis, path })];
  return examples < least ? [new TooFewExamples({ axis, examples, least, path })] : [];
};

const isOfDtype = (issue: Issue): boolean => issue._tag === "DtypeMismatch";

/** All issues of a program whose axes `around` binds, in order of computation. */
const issuesUnder = (
  program: Program,
  around: readonly string[],
  bound: Bound,
): readonly Issue[] => {
  const inputs = new Set<AnyNode>(program.inputs.map((x) => x.node));
  // A free variable is reported once, at its first use.
  const seen = new Set<AnyNode>();
  const free = (operands: readonly Expr[], path: readonly string[]): readonly Issue[] =>
    operands.flatMap(({ node }) => {
      if (node.primitive !== "parameter" || inputs.has(node) || seen.has(node)) return [];
      seen.add(node);
      return [new FreeVariable({ shape: node.params.type.shape, path })];
    });

  // A node computed from a wrong dtype has a wrong dtype too; that is no additional mistake.
  const mistyped = new Set<AnyNode>();
  const ofNodes = topological(program.outputs).flatMap((node): readonly Issue[] => {
    const path = [...around, ...node.path];
    const own = [
      ...(node.issue === undefined ? [] : [located(node.issue, path)]),
      ...innerPrograms(node).flatMap((inner) => issuesUnder(inner, path, bound)),
    ];
    const consequence = node.inputs.some((x) => mistyped.has(x.node));
    if (consequence || own.some(isOfDtype)) mistyped.add(node);
    return [
      ...free(node.inputs, path),
      ...own.filter((issue) => !(consequence && isOfDtype(issue))),
      ...unboundIssues(node, bound, path),
    ];
  });
  return [...ofNodes, ...free(program.outputs, around)];
};

/** The issue of a value that differs from the expected type. */
const mismatch = (
  op: string,
  expected: TensorType,
  actual: TensorType | undefined,
): Issue | undefined => {
  if (actual === undefined || !sameShape(expected.shape, actual.shape))
    return new ShapeMismatch({
      op,
      expected: `[${expected.shape.join(", ")}]`,
      actual: actual === undefined ? [] : [actual.shape],
      path: [],
    });
  if (expected.dtype !== actual.dtype)
    return new DtypeMismatch({ op, expected: expected.dtype, actual: [actual.dtype], path: [] });
  return undefined;
};

/** The issue of the first value that differs from its expected type. */
export const firstMismatch = (
  nameOf: (i: number) => string,
  expected: readonly TensorType[],
  actual: readonly TensorType[],
): Issue | undefined => {
  const at = expected.findIndex((type, i) => {
    const x = actual[i];
    return x === undefined || x.dtype !== type.dtype || !sameShape(x.shape, type.shape);
  });
  return at < 0 ? undefined : mismatch(nameOf(at), expected[at] as TensorType, actual[at]);
};

/** State must leave a step with the type with which it enters the next step. */
const stateIssues = (program: Program, carried: number): readonly Issue[] =>
  Array.from({ length: carried }, (_, i) => {
    const input = program.inputs[i];
    return input === undefined
      ? new ShapeMismatch({
          op: `state ${i}`,
          expected: `at least ${carried} inputs`,
          actual: program.inputs.map((x) => x.shape),
          path: [],
        })
      : mismatch(`state ${i}`, input, program.outputs[i]);
  }).filter((issue) => issue !== undefined);

/** All issues of a program and of the programs inside it. */
export const issuesOf = (program: Program, carried = 0, bound: Bound = {}): readonly Issue[] => [
  ...issuesUnder(program, [], bound),
  ...stateIssues(program, carried),
];

/**
 * Succeeds for a program that every backend can compute.
 *
 * **Fails with** `CompileError`. Its causes are all mistakes of the program: operands that do not fit (of wrong dtypes
 * that follow from one another, only the first), parameters that are no input of the program, named axes that no `vmap`
 * binds, and state that changes its type from step to step.
 */
export const check = (program: Program, carried = 0): Effect.Effect<void, CompileError> => {
  const causes = issuesOf(program, carried);
  return causes.length === 0 ? Effect.void : Effect.fail(new CompileError({ causes }));
};

/** The first issue of the values given for inputs of a program; `undefined` if all fit. */
export const inputIssue = (
  expected: readonly TensorType[],
  given: readonly Tensor[],
): Issue | undefined => {
  if (expected.length !== given.length)
    return new ShapeMismatch({
      op: "run",
      expected: `${expected.length} inputs`,
      actual: given.map((x) => x.shape),
      path: [],
    });
  return firstMismatch((i) => `input ${i}`, expected, given);
};
