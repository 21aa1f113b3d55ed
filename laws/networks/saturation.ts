import { derive } from "../../src/interpreter/derive.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { onesLike } from "../../src/ir/ops/indexing.ts";
import { isFloat } from "../../src/tensor/dtype.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { type Law, law } from "../law.ts";
import { inputsOf, programOf, type SymbolicFunction, typesOf } from "../symbolic.ts";

/** A function with operands so large that its exponentials are 0 or ∞. */
export interface Saturated extends SymbolicFunction {
  /** The number of leading operands with slopes: predictions, not targets. Defaults to 1. */
  readonly variables?: number;
  /** The drawn options, for display. */
  readonly options?: unknown;
}

/** The function and its slopes: the gradient of the sum of its outputs. */
const withSlopes = (f: Saturated) => {
  const types = typesOf(f);
  const active = types.map(({ dtype }, i) => isFloat(dtype) && i < (f.variables ?? 1));
  const body = programOf(types, f.apply);
  return programOf(types, (xs) => {
    const made = derive.vjp(body, xs, active);
    const slopes = made.pullback(made.outputs.map(onesLike));
    return [...made.outputs, ...slopes.filter((slope) => slope !== undefined)];
  });
};

const every = (xs: readonly Tensor[], holds: (x: number) => boolean): boolean =>
  xs.every((x) => Array.from(x.toTypedArray()).every(holds));

const shown = (xs: readonly Tensor[]): string => xs.map(String).join(", ");

type Judge = (values: readonly Tensor[], slopes: readonly Tensor[]) => string | undefined;

const ofSlopes = (name: string, says: string, judge: Judge): Law<Saturated> =>
  law(name, says, (f: Saturated) => {
    const program = withSlopes(f);
    const count = programOf(typesOf(f), f.apply).outputs.length;
    return {
      given: inputsOf(f),
      breach: (xs: readonly Tensor[]) => {
        const made = run(program, xs);
        return judge(made.slice(0, count), made.slice(count));
      },
    };
  });

/** Where a function saturates, its value and its slopes are still finite, so that training continues. */
export const finiteSlopes: Law<Saturated> = ofSlopes(
  "finite slopes",
  "|f(x)| < ∞ and |∇f(x)| < ∞",
  (values, slopes) => {
    if (!every(values, Number.isFinite)) return `its value is ${shown(values)}`;
    return every(slopes, Number.isFinite) ? undefined : `its slope is ${shown(slopes)}`;
  },
);

/** Where the value of a function is finite, no slope is NaN, however large its operands are. */
export const noLostSlopes: Law<Saturated> = ofSlopes(
  "no lost slopes",
  "|f(x)| < ∞ → ∇f(x) ≠ NaN",
  (values, slopes) =>
    every(values, Number.isFinite) && !every(slopes, (x) => !Number.isNaN(x))
      ? `its value is ${shown(values)}, and its slope ${shown(slopes)}`
      : undefined,
);
