import * as fc from "fast-check";
import { run } from "../../src/interpreter/evaluate.ts";
import { Expr, type Program } from "../../src/ir/expr.ts";
import { isFloat } from "../../src/tensor/dtype.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { tensorOf } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { programOf } from "../symbolic.ts";

/** Numbers as one writes them: a single number, or nested lists of rows. */
export type Numbers = number | boolean | readonly Numbers[];

/**
 * A value of a function from an independent source. A function that is consistently wrong passes every other law.
 */
export interface Known {
  /**
   * The source of the value: a calculation by hand, a table, a paper or another system; never the function itself.
   */
  readonly source: string;
  readonly apply: (...xs: readonly Expr[]) => object;
  /** Numbers become f64. A tensor keeps its dtype. */
  readonly inputs: readonly (Numbers | Tensor)[];
  /** One value per output. For a function that returns a record, in the order of its fields. */
  readonly expected: readonly Numbers[];
  /** The tolerance, relative to the larger of 1 and the value. Defaults to 1e-12. */
  readonly within?: number;
}

/** Known values for every export of a module. An export without any does not compile. */
export type KnownValues<Module> = {
  readonly [Name in keyof Module]: readonly [Known, ...(readonly Known[])];
};

/** A known value with its function's name. */
export interface KnownValue extends Known {
  readonly name: string;
}

/** Converts a table of known values into subjects of the law. */
export const knownValuesOf = <Module>(table: KnownValues<Module>): readonly KnownValue[] =>
  Object.entries<readonly Known[]>(table).flatMap(([name, all]) =>
    all.map((each, i) => ({ ...each, name: i === 0 ? name : `${name}, value ${i + 1}` })),
  );

const shapeOf = (x: Numbers): readonly number[] =>
  typeof x === "object" ? [x.length, ...(x[0] === undefined ? [] : shapeOf(x[0]))] : [];
const flat = (x: Numbers): readonly number[] =>
  typeof x === "object" ? x.flatMap(flat) : [Number(x)];

const given = (x: Numbers | Tensor): Tensor =>
  x instanceof Tensor ? x : tensorOf(shapeOf(x), "f64", flat(x));

/** The expressions that a function returns: one, a list, or a record of them. */
const partsOf = (made: object): readonly Expr[] =>
  made instanceof Expr ? [made] : (Object.values(made) as readonly Expr[]);

const differs = (y: Tensor, expected: Numbers, within: number, n: number): string | undefined => {
  if (String(y.shape) !== String(shapeOf(expected)))
    return `output ${n} is [${y.shape}], not [${shapeOf(expected)}]`;
  const wanted = flat(expected);
  const at = Array.from(y.toTypedArray()).findIndex((value, i) => {
    const right = wanted[i] as number;
    const near = Math.abs(value - right) <= within * Math.max(1, Math.abs(right));
    return !(near || Object.is(value, right) || value === right);
  });
  return at < 0
    ? undefined
    : `output ${n}, element ${at} is ${y.toTypedArray()[at]}, not ${wanted[at]}`;
};

type Evaluate = (program: Program, inputs: readonly Tensor[]) => readonly Tensor[];

/** A function has its known values. The default evaluator is the reference rules in f64. */
export const knownValue = (valuesOf: Evaluate = run, within = 1e-12): Law<Known> =>
  law("known values", "f(x) is the known value", (known: Known) => {
    const inputs = known.inputs.map(given);
    const made = programOf(
      inputs.map(({ shape, dtype }) => ({ shape, dtype })),
      (xs) => partsOf(known.apply(...xs)),
    );
    return {
      given: fc.constant(known.source),
      breach: () => {
        const outputs = valuesOf(made, inputs);
        if (outputs.length !== known.expected.length)
          return `${outputs.length} outputs, not ${known.expected.length}`;
        return outputs
          .map((y, n) =>
            differs(
              y,
              known.expected[n] as Numbers,
              isFloat(y.dtype) ? (known.within ?? within) : 0,
              n,
            ),
          )
          .find((reason) => reason !== undefined);
      },
    };
  });
