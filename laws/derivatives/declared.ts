import * as fc from "fast-check";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { record, samplesOf, tensorOf, vectors } from "../domain.ts";
import { type Law, law } from "../law.ts";
import {
  cotangentMap,
  evaluator,
  floats,
  outputsOf,
  type SymbolicFunction,
  tangentMap,
  typesOf,
} from "../symbolic.ts";
import { bounded, sameValues } from "../values/compare.ts";
import { exact, type Modes } from "./derivatives.ts";

/**
 * The declared derivative at one point, written by hand. Meant for kinks, where difference quotients have no limit, and
 * where two modes with the same mistake agree with one another.
 */
export interface Declared {
  /** The elements of each operand, in order. */
  readonly inputs: readonly (readonly number[])[];
  /** One row per element of the float outputs, one column per element of the float operands. */
  readonly jacobian: readonly (readonly number[])[];
}

/** A function with its declared derivatives at kinks, and at points where they are easily lost. */
export interface Kinked extends SymbolicFunction {
  readonly at: readonly [Declared, ...(readonly Declared[])];
}

/** `partials[k][i]` is the derivative of element `i` of the output by element `i` of operand `k`. */
export const elementByElement = (
  inputs: Declared["inputs"],
  partials: readonly (readonly number[])[],
): Declared => ({
  inputs,
  jacobian: (partials[0] ?? []).map((_, row) =>
    partials.flatMap((partial) => partial.map((d, column) => (row === column ? d : 0))),
  ),
});

/** Distributes a list of elements over tensors of the shapes of `like`. */
const shaped = (like: readonly Tensor[], elements: readonly number[]): readonly Tensor[] => {
  let next = 0;
  return like.map((x) => {
    const mine = elements.slice(next, next + x.size);
    next += x.size;
    return tensorOf(x.shape, x.dtype, mine);
  });
};

const elementsOf = (xs: readonly Tensor[]): readonly number[] =>
  xs.flatMap((x) => Array.from(x.toTypedArray()));

/** A dot product in which `0·d` is 0 even for an infinite or NaN `d`: a direction of 0 contributes nothing. */
const dot = (row: readonly number[], v: readonly number[]): number =>
  row.reduce((total, d, i) => total + (v[i] === 0 ? 0 : d * (v[i] as number)), 0);

const columns = (jacobian: Declared["jacobian"], count: number): readonly (readonly number[])[] =>
  Array.from({ length: count }, (_, i) => jacobian.map((row) => row[i] as number));

/** A few rounding errors of numbers below a hundred. */
const tolerance = 1e-12;

const near = (what: string, xs: readonly Tensor[], ys: readonly Tensor[]) =>
  sameValues(what, xs, ys) === undefined
    ? undefined
    : bounded(ys.map((y) => Array.from({ length: y.size }, () => tolerance)))(what, xs, ys);

/** At kinks, both modes give the declared derivative, by the reference rules or by a given evaluator. */
export const declaredDerivative = (
  { forward, reverse }: Modes = exact,
  valuesOf: typeof evaluator = evaluator,
): Law<Kinked> =>
  law("declared derivative", "J(x)·v and J(x)ᵀ·w, for the J(x) written by hand", (f: Kinked) => {
    const [types, outputs] = [typesOf(f), outputsOf(f)];
    const count = outputs.length;
    const push = valuesOf(tangentMap(f, forward));
    const pull = valuesOf(cotangentMap(f, reverse));
    const points = f.at.map(({ inputs, jacobian }) => ({
      x: types.map(({ shape, dtype }, i) => tensorOf(shape, dtype, inputs[i] ?? [])),
      jacobian,
    }));
    return {
      given: record({
        at: fc.constantFrom(...points.map((_, i) => i)),
        v: samplesOf(floats(types).map(vectors)),
        w: samplesOf(floats(outputs).map(vectors)),
      }),
      breach: ({ at, v, w }) => {
        const { x, jacobian } = points[at] as (typeof points)[number];
        const [tangent, cotangent] = [elementsOf(v), elementsOf(w)];
        const forwards = jacobian.map((row) => dot(row, tangent));
        const backwards = columns(jacobian, tangent.length).map((c) => dot(c, cotangent));
        const where = `at ${x.join(", ")}`;
        return (
          near(`J·v ${where}`, push([...x, ...v]).slice(count), shaped(w, forwards)) ??
          near(`Jᵀ·w ${where}`, pull([...x, ...w]).slice(count), shaped(v, backwards))
        );
      },
    };
  });
