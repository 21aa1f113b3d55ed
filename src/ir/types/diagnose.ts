import { DtypeMismatch, type Issue, ShapeMismatch, SizeLimit } from "../../errors.ts";
import { type Each, each, nth } from "../../tensor/list.ts";
import { isPossible, sameShape } from "../../tensor/shape.ts";
import { passedOn } from "../../tensor/validate.ts";
import { type Flat, flatten, unflatten } from "../../tree.ts";
import { apply, filled, parameter } from "../build.ts";
import { type AnyNode, type CallRules, Expr, type TensorType } from "../expr.ts";
import { innerPrograms, program, topological } from "../program.ts";

/**
 * Requires that expressions have the given types: returns them if they do, and otherwise invalid nodes of those
 * types, so that compiling reports `op` with the actual types.
 *
 * For the results of users' functions, which no primitive's type rule checks.
 */
export const ascribe = <const T extends readonly TensorType[]>(
  op: string,
  types: T,
  given: readonly Expr[],
): Each<T, Expr> => {
  const fits =
    given.length === types.length &&
    types.every(({ shape, dtype }, i) => {
      const x = nth(given, i);
      return x.dtype === dtype && sameShape(x.shape, shape);
    });
  if (fits) return each(types, (_, i) => nth(given, i));
  const inputs = types.map(parameter);
  // The identity on these types, which does not accept the given operands.
  const identity = program(inputs, inputs);
  const rules = { kind: "checkpoint" } as const;
  const outputs = apply("call", { name: op, program: identity, rules }, given);
  return each(types, (_, i) => nth(outputs, i));
};

/** Zeros of a type. A shape that no tensor can have is part of some mistake, and none of its own. */
const zeroOf = ({ shape, dtype }: TensorType): Expr =>
  filled(isPossible(shape) ? shape : shape.map(() => 0), dtype, 0);

/**
 * Makes invalid nodes of the intended types, so that compiling reports `issue` with the layer around them.
 *
 * For mistakes that no type rule sees because the primitives would still compute something, as on an empty sequence.
 */
export const refuse = <const M extends readonly TensorType[]>(
  issue: Issue,
  given: readonly Expr[],
  meant: M,
): Each<M, Expr> => {
  const nothing = program(given.map(parameter), meant.map(zeroOf));
  const rules = { kind: "refused", issue } as const;
  const outputs = apply("call", { name: issue._tag, program: nothing, rules }, given);
  return each(meant, (_, i) => nth(outputs, i));
};

/**
 * Zeros of the intended types that depend on `given`, for what is computed from an invalid node: whoever uses them hears
 * of the node's issue, and of no other.
 */
export const zerosAfter = <const M extends readonly TensorType[]>(
  given: readonly Expr[],
  meant: M,
): Each<M, Expr> => {
  const zeros = program(given.map(parameter), meant.map(zeroOf));
  const rules: CallRules = {
    kind: "custom",
    jvp: (xs) => zerosAfter(xs, meant),
    vjp: (xs) => ({ outputs: zerosAfter(xs, meant), pullback: () => zerosAfter(xs, xs) }),
  };
  const outputs = apply("call", { name: "zeros", program: zeros, rules }, given);
  return each(meant, (_, i) => nth(outputs, i));
};

/** The issues of a node and of the programs inside it. */
const issuesAt = (node: AnyNode): readonly Issue[] => [
  ...(node.issue === undefined ? [] : [node.issue]),
  ...innerPrograms(node).flatMap(({ nodes }) => nodes.flatMap(issuesAt)),
];

/** What `op` reports of the issues of its parts: one of its own, or else the first, as its own. */
const ownIssue = (
  op: string,
  expected: string,
  found: readonly Issue[],
  operands: readonly Expr[],
): Issue => {
  const own = found.find((issue) => "op" in issue && issue.op === op);
  const first = own ?? found.find((issue) => issue._tag !== "ShapeMismatch") ?? found[0];
  switch (first?._tag) {
    case "DtypeMismatch":
      return new DtypeMismatch({ op, expected: first.expected, actual: first.actual, path: [] });
    case "SizeLimit":
      return new SizeLimit({ op, of: first.of, size: first.size, limit: first.limit, path: [] });
    case "ShapeMismatch": {
      const actual = operands.map(({ shape }) => shape);
      return own ?? new ShapeMismatch({ op, expected, actual, path: [] });
    }
    default:
      return first as Issue; // there is one
  }
};

/**
 * Makes an operation `op` of others. If they do not fit one another, `op` is reported, once, with its own operands,
 * which have the shapes `expected` (the parts and what they compute are not the caller's).
 */
export const asOne = <Y>(
  op: string,
  expected: string,
  operands: readonly Expr[],
  make: () => Y,
): Y => {
  const since = Expr.now();
  const made = passedOn(op, make);
  // Operations return expressions, lists and records of them.
  const { leaves, shape } = flatten<unknown>(made) as Flat<unknown, Expr>;
  const found = topological(leaves, [], since).flatMap(issuesAt);
  if (found.length === 0) return made;
  const refused = refuse(ownIssue(op, expected, found, operands), operands, leaves);
  // The same structure, with an invalid expression of the same type in each place.
  return unflatten(shape, refused) as Y;
};
