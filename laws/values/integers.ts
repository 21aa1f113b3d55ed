import * as fc from "fast-check";
import { issuesOf } from "../../src/backend/check.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { type Domain, samplesOf, tensors } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { programOf, type SymbolicFunction } from "../symbolic.ts";

const small = fc.integer({ min: -9, max: 9 });

/** A domain of integers with the same shape. */
const wholeNumbers = ({ type, values }: Domain): Domain =>
  type.dtype === "f64" || type.dtype === "f32"
    ? tensors(type.shape, small, "i32")
    : { type, values };

/**
 * For integer inputs a function gives the result of the same numbers as floats, or refuses them. It never truncates
 * fractions on the way.
 */
export const exactOrRefused: Law<SymbolicFunction> = law(
  "integers are exact or refused",
  "f(i32 x) = f(f64 x), or f does not take i32",
  (f: SymbolicFunction) => {
    const operands = f.operands.map(wholeNumbers);
    const ofIntegers = programOf(
      operands.map(({ type }) => type),
      f.apply,
    );
    const refused = issuesOf(ofIntegers).length > 0;
    const ofFloats = programOf(
      f.operands.map(({ type }) => type),
      f.apply,
    );
    return {
      given: refused ? fc.constant([]) : samplesOf(operands),
      breach: (xs) => {
        if (refused) return undefined;
        const as = xs.map((x, i) => x.cast(f.operands[i]?.type.dtype ?? x.dtype));
        const [got, wanted] = [run(ofIntegers, xs), run(ofFloats, as)];
        const at = got.findIndex(
          (y, i) =>
            String(Array.from(y.toTypedArray(), Number)) !==
            String(Array.from(wanted[i]?.toTypedArray() ?? [], Number)),
        );
        return at < 0 ? undefined : `output ${at} is ${got[at]}, not ${wanted[at]}`;
      },
    };
  },
);
