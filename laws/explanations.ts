import * as fc from "fast-check";
import { issuesOf } from "../src/backend/check.ts";
import { formatError, isFluxionError } from "../src/errors/failure.ts";
import { InvalidArgument, ShapeMismatch } from "../src/errors.ts";
import { parameter } from "../src/ir/build.ts";
import { Expr, type TensorType } from "../src/ir/expr.ts";
import { program } from "../src/ir/program.ts";
import { type Shape, sameShape, showShape } from "../src/tensor/shape.ts";
import { type Law, law, type Trial } from "./law.ts";
import type { Option } from "./options.ts";
import { type Condition, conditionOf, patternsOf } from "./wording.ts";

/** A function that takes operands of some shapes and refuses others. */
export interface Called {
  readonly name: string;
  readonly operands: readonly TensorType[];
  readonly apply: (xs: readonly Expr[]) => unknown;
  /** Axes of a `vmap` around the call, by name. */
  readonly bound?: { readonly [axis: string]: number };
}

/** Everything that a call says is wrong, thrown or reported when compiled; other errors as they are. */
const mistakesOf = (use: () => unknown, bound = {}): readonly unknown[] =>
  outcomeOf(use, bound).mistakes;

/** The mistakes of a call, and the shapes of the constants among the operands of invalid nodes: a subject brings them. */
const outcomeOf = (
  use: () => unknown,
  bound = {},
): { readonly mistakes: readonly unknown[]; readonly held: readonly Shape[] } => {
  try {
    const made = program([], expressionsIn(use()));
    const mistakes = issuesOf(made, 0, bound).filter(
      // Operands of a call under test are no inputs of its program.
      (issue) => issue._tag !== "FreeVariable",
    );
    const held = made.nodes
      .filter(({ issue }) => issue !== undefined)
      .flatMap(({ inputs }) => inputs.filter(({ node }) => node.primitive === "constant"))
      .map(({ shape }) => shape);
    return { mistakes, held };
  } catch (error) {
    return { mistakes: [error], held: [] };
  }
};

/** The expressions in what a function returns. */
const expressionsIn = (made: unknown): readonly Expr[] => {
  if (made instanceof Expr) return [made];
  return typeof made === "object" &&
    made !== null &&
    (Array.isArray(made) || Object.getPrototypeOf(made) === Object.prototype)
    ? Object.values(made).flatMap(expressionsIn)
    : [];
};

/** The function in a subject's name: `sum` of `sum, setting 2`, `take` of `dataset.take`, `ones` of `tensor ones: shape`. */
export const calledName = (name: string): string =>
  name.split(/[:,]/)[0]?.split(/[. ]/).at(-1) ?? name;

const said = (mistakes: readonly unknown[]): string => mistakes.map(formatError).join("\n");

/** How mistakes explain one mistake in a call of `op` wrongly, whatever was given. */
const misnamed = (op: string, mistakes: readonly unknown[]): string | undefined => {
  const [first, ...others] = mistakes;
  if (others.length > 0) return `one mistake is told as ${mistakes.length}:\n${said(mistakes)}`;
  if (!isFluxionError(first)) return `it ends in a raw ${String(first)}`;
  return "op" in first && first.op !== op
    ? `another function is named:\n${said(mistakes)}`
    : undefined;
};

/** The shapes that a mismatch shows and that nobody gave. */
const foreign = (error: unknown, given: readonly Shape[]): readonly Shape[] =>
  error instanceof ShapeMismatch
    ? error.actual.filter((shape) => !given.some((own) => sameShape(own, shape)))
    : [];

const isNaNOrAbsent = (text: string): boolean => /\bNaN\b|undefined/.test(text);

/** Whether an error of another argument, to which this one is a bound, says this one or its value. */
const mentions = ({ expected, actual }: InvalidArgument, argument: string, n: number): boolean =>
  [argument, String(n)].some((text) => `${expected} ${actual}`.includes(text));

/** The name of an argument, `sourceLength` for `source.length`. */
const plain = (argument: string): string => argument.replaceAll(".", "").toLowerCase();

/** The numbers that a reader of a condition would try. */
const tries: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: -4, max: 12 }),
  fc.constantFrom(0.5, 1.5, 1e-3, -1e-3, 0.999, 1, 0, -0.5),
);

/**
 * A refused number is explained by one mistake, of the function and the argument that were given, and by a condition
 * that is the true one: the number breaks it, and one that keeps it is not refused for the same reason.
 */
export const numbersExplained: Law<Option> = law(
  "explanations of numbers",
  "n outside → one mistake, of this function and argument, that n makes; a number that follows the fix does not make it",
  ({ name, range, use, beside = [] }: Option): Trial<readonly [number, number]> => {
    const op = calledName(name);
    const argument = name.split(": ")[1] ?? "";
    return {
      given: fc.tuple(range.outside, tries),
      breach: ([n, other]) => {
        const mistakes = mistakesOf(() => use(n));
        if (mistakes.length === 0) return undefined; // what is accepted is the matter of another law
        const wrong = misnamed(op, mistakes);
        if (wrong !== undefined) return `${n}: ${wrong}`;
        const error = mistakes[0];
        if (!Number.isNaN(n) && isNaNOrAbsent(formatError(error)))
          return `${n}: nobody wrote this:\n${formatError(error)}`;
        if (!(error instanceof InvalidArgument)) return undefined;
        if (/^\w+$/.test(argument) && !plain(error.argument).startsWith(plain(argument)))
          return beside.includes(error.argument) && mentions(error, argument, n)
            ? undefined
            : `${n}: another argument than ${argument} is named:\n${formatError(error)}`;
        const condition: Condition | undefined = conditionOf(error.expected);
        if (condition?.(n))
          return `${n} keeps the condition that it is said to break:\n${formatError(error)}`;
        const again =
          condition?.(other) &&
          mistakesOf(() => use(other)).some(
            (e) => e instanceof InvalidArgument && e.expected === error.expected,
          );
        return again
          ? `${other} follows the fix and is refused all the same: ${error.expected}`
          : undefined;
      },
    };
  },
);

/** Shapes near a shape: another extent, an axis more or less, an empty axis, a scalar. */
const nearby = (shape: Shape): fc.Arbitrary<Shape> => {
  const extents = shape.flatMap((d, axis) =>
    [0, 1, d + 1, d + 2, Math.max(0, d - 1)].map((e) => shape.map((x, i) => (i === axis ? e : x))),
  );
  const ranks = [shape.slice(1), shape.slice(0, -1), [2, ...shape], [...shape, 2], []];
  return fc.constantFrom(...[...extents, ...ranks].filter((s) => !sameShape(s, shape)));
};

/** The operands of a call with one of them in another shape. */
const spoiled = ({ operands }: Called): fc.Arbitrary<readonly TensorType[]> =>
  fc
    .nat(operands.length - 1)
    .chain((k) =>
      nearby((operands[k] as TensorType).shape).map((shape) =>
        operands.map((type, i) => (i === k ? { ...type, shape } : type)),
      ),
    );

const refusalsOf = ({ apply, bound }: Called, types: readonly TensorType[]): readonly unknown[] =>
  mistakesOf(() => apply(types.map(parameter)), bound);

/**
 * An operand of a wrong shape is explained by one mistake, of the function that was called, which shows operands as they
 * were given; shapes that it asks for in brackets are not those that were refused, and are accepted.
 */
export const shapesExplained: Law<Called> = law(
  "explanations of shapes",
  "one operand of another shape → a result, or one mistake of this function that shows what was given",
  (called: Called): Trial<readonly TensorType[]> => ({
    given: spoiled(called),
    breach: (types) => {
      const { mistakes, held } = outcomeOf(() => called.apply(types.map(parameter)), called.bound);
      if (mistakes.length === 0) return undefined;
      const given = [...types.map(({ shape }) => shape), ...held];
      const at = `operands ${given.map(showShape).join(" and ")}`;
      const wrong = misnamed(calledName(called.name), mistakes);
      if (wrong !== undefined) return `${at}: ${wrong}`;
      const error = mistakes[0];
      const [strange] = foreign(error, given);
      if (strange !== undefined)
        return `${at}: nobody gave ${showShape(strange)}:\n${formatError(error)}`;
      if (isNaNOrAbsent(formatError(error))) return `${at}: nobody wrote:\n${formatError(error)}`;
      return error instanceof ShapeMismatch ? unfounded(called, types, error) : undefined;
    },
  }),
);

/** How the patterns that a mismatch asks for are wrong: the refused shapes have them, or shapes with them are refused. */
const unfounded = (
  called: Called,
  types: readonly TensorType[],
  error: ShapeMismatch,
): string | undefined => {
  const patterns = patternsOf(error.expected);
  if (patterns === undefined || patterns.count !== error.actual.length) return undefined;
  if (patterns.fit(error.actual))
    return `${error.actual.map(showShape).join(" and ")} has the shapes that are asked for:\n${formatError(error)}`;
  if (error.actual.length !== types.length) return undefined;
  const shapes = patterns.instance();
  const fixed = types.map((type, i) => ({ ...type, shape: shapes[i] as Shape }));
  const again = refusalsOf(called, fixed).some(
    (e) => e instanceof ShapeMismatch && e.expected === error.expected,
  );
  return again
    ? `${shapes.map(showShape).join(" and ")} follows the fix and is refused all the same: ${error.expected}`
    : undefined;
};

/**
 * Two mistakes in a row are two, and to mend the second leaves exactly the first: a function is given an operand of a
 * wrong shape, and its result meets a tensor that it cannot meet.
 */
export const mistakesCounted: Law<Called & { readonly meet: (y: Expr) => Expr }> = law(
  "mistakes are counted",
  "a mistake in f and one in g → both in g ∘ f, and exactly the first without the second",
  (called): Trial<readonly TensorType[]> => ({
    given: spoiled(called),
    breach: (types) => {
      const first = refusalsOf(called, types);
      if (first.length !== 1 || !isFluxionError(first[0]) || first[0] instanceof InvalidArgument)
        return undefined; // accepted, or thrown before anything can meet it
      const both = mistakesOf(() => {
        const [y] = expressionsIn(called.apply(types.map(parameter)));
        return called.meet(y as Expr);
      }, called.bound);
      const texts = both.map(formatError);
      return both.length === 2 && texts.includes(formatError(first[0]))
        ? undefined
        : `${both.length} mistakes instead of two:\n${said(both)}`;
    },
  }),
);

export const explanationLaws: readonly Law<Called>[] = [shapesExplained];
