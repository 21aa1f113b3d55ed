import { run } from "../../src/interpreter/evaluate.ts";
import { isFloat } from "../../src/tensor/dtype.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { type Law, law } from "../law.ts";
import { inputsOf, programOf, type SymbolicFunction, typesOf } from "../symbolic.ts";
import type { Compile } from "./meaning.ts";

/** A function that claims an error bound on its whole domain, in f32 units in the last place. */
export interface Accurate extends SymbolicFunction {
  readonly ulps: number;
  /** Errors of results below this are measured relative to it. Defaults to 0: tails must be accurate too. */
  readonly floor?: number;
}

/** The distance between neighboring f32 numbers of a given size. */
const unitAt = (size: number): number =>
  size < 2 ** -126 ? 2 ** -149 : 2 ** (Math.floor(Math.log2(size)) - 23);

const largest = (2 - 2 ** -23) * 2 ** 127;

/** The error in units in the last place; 0 for results that round to the same float. */
const unitsBetween = (computed: number, exact: number, floor: number): number => {
  if (Object.is(computed, Math.fround(exact)) || computed === exact) return 0;
  // Beyond the range, ∞ and the largest float are neighbors.
  const [a, b] = [computed, exact].map((x) => Math.min(Math.max(x, -largest), largest));
  const distance =
    Math.abs((a as number) - (b as number)) / unitAt(Math.max(Math.abs(exact), floor));
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
};

/**
 * A function's f32 results equal its f64 results for the same inputs, up to a few units in the last place: no
 * cancellation, no lost tails, no NaN.
 */
export const accuracy = (compile: Compile): Law<Accurate> =>
  law("accuracy", "|f₃₂(x) - f₆₄(x)| ≤ n ulp(f₆₄(x)) for x of f32", (f: Accurate) => {
    const types = typesOf(f);
    const single = compile(programOf(types, f.apply));
    const double = programOf(
      types.map((t) => (isFloat(t.dtype) ? { ...t, dtype: "f64" } : t)),
      f.apply,
    );
    return {
      given: inputsOf(f),
      breach: (x: readonly Tensor[]) => {
        const wanted = run(
          double,
          x.map((each) => (isFloat(each.dtype) ? each.cast("f64") : each)),
        );
        const got = single.run(x);
        for (const [n, y] of wanted.entries()) {
          const computed = (got[n] as Tensor).toTypedArray();
          for (const [i, exact] of y.toTypedArray().entries()) {
            // Operands are finite and in the domain, so NaN has no excuse.
            if (Number.isNaN(exact)) return `output ${n}, element ${i} is NaN`;
            const units = unitsBetween(computed[i] as number, exact, f.floor ?? 0);
            if (units > f.ulps)
              return `output ${n}, element ${i} is ${computed[i]}, ${Math.round(units)} ulp from ${exact}`;
          }
        }
        return undefined;
      },
    };
  });
