import * as fc from "fast-check";
import { issuesOf } from "../src/backend/check.ts";
import { formatError, isFluxionError } from "../src/errors/failure.ts";
import * as errors from "../src/errors.ts";
import { Expr } from "../src/ir/expr.ts";
import { program } from "../src/ir/program.ts";
import { type Law, law, type Trial } from "./law.ts";

/**
 * The valid and invalid numbers of an argument. Valid numbers are drawn up to the ends of the range; invalid ones are
 * drawn just outside it and far away.
 */
export interface Range {
  /** The range in words, as in "1 or more". */
  readonly says: string;
  readonly inside: fc.Arbitrary<number>;
  readonly outside: fc.Arbitrary<number>;
}

const { NaN: notANumber, POSITIVE_INFINITY: infinity, MAX_SAFE_INTEGER: most } = Number;
const neverValid = [notANumber, infinity, -infinity];

const outsideOf = (values: readonly number[], inside: (n: number) => boolean) =>
  fc.constantFrom(...values.filter((n) => !inside(n)));

/** The integers from `least` to `greatest`. Without `greatest`, only small ones are drawn as valid. */
export const wholeFrom = (least: number, greatest = most): Range => {
  const inside = (n: number): boolean => Number.isInteger(n) && n >= least && n <= greatest;
  const end = Math.min(greatest, Math.max(least, 0) + 3);
  const values = [least - 1, least - 7, greatest + 1, greatest + 7, least + 0.5, 0.5, 1.5, -0.5];
  return {
    says: greatest === most ? `${least} or more` : `${least} to ${greatest}`,
    inside: fc.integer({ min: Math.max(least, end - 40), max: end }),
    outside: outsideOf([...values, ...neverValid, 1e-30, 1e30, -1e30, 2 ** 53 + 2], inside),
  };
};

/** Integers of either sign; only small ones are drawn as valid. */
export const anyWhole: Range = {
  says: "a whole number",
  inside: fc.integer({ min: -9, max: 9 }),
  outside: fc.constantFrom(0.5, -1.5, 1e-30, ...neverValid),
};

/** An index among `extent` axes or positions, which may be counted from the end. */
export const placeOf = (extent: number): Range => wholeFrom(-extent, extent - 1);

/** The numbers between two bounds; a bound itself is valid unless it is open. */
export const between = (
  low: number,
  high: number,
  open: { readonly low?: boolean; readonly high?: boolean } = {},
): Range => {
  const inside = (n: number): boolean =>
    n >= low && n <= high && !(open.low && n === low) && !(open.high && n === high);
  const ends = [low, high].filter((n) => Number.isFinite(n) && inside(n));
  const [from, to] = [Math.max(low, -1e3), Math.min(high, 1e3)];
  const inner = fc.integer({ min: 1, max: 15 }).map((k) => from + ((to - from) * k) / 16);
  const near = (n: number, by: number): readonly number[] => [
    n + by,
    n + by * 1e-3 * Math.max(1, Math.abs(n)),
  ];
  const values = [...near(low, -1), ...near(high, 1), low, high, ...neverValid, -1e30, 1e30];
  return {
    says: `${open.low ? "above" : "from"} ${low} ${open.high ? "to less than" : "to"} ${high}`,
    inside: ends.length === 0 ? inner : fc.oneof(inner, fc.constantFrom(...ends)),
    outside: outsideOf(values, inside),
  };
};

/** Any finite number. */
export const finiteNumber: Range = {
  says: "a finite number",
  inside: fc.constantFrom(0, 1, -2.5, 1e-3, 40),
  outside: fc.constantFrom(...neverValid),
};

/** The finite numbers above 0. */
export const aboveZero = between(0, infinity, { low: true, high: true });
/** The finite numbers from 0. */
export const fromZero = between(0, infinity, { high: true });

/** One numeric argument of a function: its valid numbers, and a call in which all other arguments are valid. */
export interface Option {
  readonly name: string;
  readonly range: Range;
  /** All arguments of the function that are in a registry. Defaults to this one. */
  readonly beside?: readonly string[];
  /** Calls the function. The law inspects the returned expressions for issues. */
  readonly use: (n: number) => unknown;
}

/** The numeric arguments of one function by name: for each, its valid numbers and a call. */
export interface Arguments {
  readonly [argument: string]: readonly [Range, Option["use"]];
}

/**
 * The numeric arguments of every export of a module; an empty record for an export without any. A missing export does
 * not compile.
 */
export type OptionsOf<Module> = { readonly [Name in keyof Module]: Arguments };

/** All numeric arguments of a module's exports. */
export const everyOption = <Module>(table: OptionsOf<Module>): readonly Option[] =>
  Object.entries<Arguments>(table).flatMap(([op, options]) => optionsOf(op, options));

/** Lists the numeric arguments of a function, from a record by name. */
export const optionsOf = (op: string, options: Arguments): readonly Option[] =>
  Object.entries(options).map(([argument, [range, use]]) => ({
    name: `${op}: ${argument}`,
    range,
    beside: Object.keys(options),
    use,
  }));

/** Collects the expressions in a function's result. */
const expressionsIn = (made: unknown): readonly Expr[] => {
  if (made instanceof Expr) return [made];
  if (Array.isArray(made)) return made.flatMap(expressionsIn);
  return typeof made === "object" &&
    made !== null &&
    Object.getPrototypeOf(made) === Object.prototype
    ? Object.values(made).flatMap(expressionsIn)
    : [];
};

/** Whether an error is one of fluxion's. */
export const isTyped = (error: unknown): boolean =>
  Object.values<unknown>(errors).some((E) => typeof E === "function" && error instanceof E);

/** The outcome of a call: the text of a fluxion error, another error, or none. */
const outcome = (use: () => unknown): { readonly refused?: string; readonly raw?: string } => {
  try {
    const [issue] = issuesOf(program([], expressionsIn(use())));
    return issue === undefined ? {} : { refused: formatError(issue) };
  } catch (error) {
    return isFluxionError(error) ? { refused: formatError(error) } : { raw: String(error) };
  }
};

/** A number outside an argument's range is refused with a typed error that says the number, by the call or by the compiler. */
export const refusesBeyond: Law<Option> = law(
  "options are refused beyond their range",
  "n outside → a typed error that says n, neither a result nor an untyped error",
  ({ range, use }: Option): Trial<number> => ({
    given: range.outside,
    breach: (n) => {
      const { refused, raw } = outcome(() => use(n));
      if (raw !== undefined) return `${n} ends in a raw ${raw}`;
      if (refused === undefined) return `${n} is accepted, but the range is ${range.says}`;
      // The number as it was given (an error of shapes has none), and every field of the error in words.
      const isClear =
        (refused.startsWith("ShapeMismatch") || refused.includes(String(n))) &&
        !/undefined|\[object/.test(refused);
      return isClear ? undefined : `the refusal of ${n} does not say what was given: ${refused}`;
    },
  }),
);

/** Every number in an argument's documented range is accepted. */
export const takesWithin: Law<Option> = law(
  "options are taken within their range",
  "n inside → a result",
  ({ range, use }: Option): Trial<number> => ({
    given: range.inside,
    breach: (n) => {
      const { refused, raw } = outcome(() => use(n));
      return (raw ?? refused) === undefined ? undefined : `${n} is refused: ${raw ?? refused}`;
    },
  }),
);

export const optionLaws: readonly Law<Option>[] = [refusesBeyond, takesWithin];
