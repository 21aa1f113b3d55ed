import * as fc from "fast-check";
import { issuesOf } from "../../src/backend/check.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { type Dtype, isFloat } from "../../src/tensor/dtype.ts";
import { type Domain, samplesOf, tensors, truth } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { programOf, type SymbolicFunction } from "../symbolic.ts";

/** Numbers of each dtype without fractions: sums and products of those of i32 are small. */
const numbers = {
  i32: fc.integer({ min: -9, max: 9 }),
  u8: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 250, max: 255 })),
  bool: truth,
} as const satisfies { readonly [D in Dtype]?: fc.Arbitrary<number> };

/** The same domain with numbers of another dtype. */
const instead = ({ type, values }: Domain, dtype: keyof typeof numbers): Domain =>
  isFloat(type.dtype) ? tensors(type.shape, numbers[dtype], dtype) : { type, values };

/**
 * For integers and booleans a function gives the result of the same numbers as floats, or refuses them. It never
 * truncates fractions on the way.
 */
export const exactOrRefused = (dtype: keyof typeof numbers = "i32"): Law<SymbolicFunction> =>
  law(
    `${dtype} is exact or refused`,
    `f(${dtype} x) = f(f64 x), or f does not take ${dtype}`,
    (f: SymbolicFunction) => {
      const operands = f.operands.map((each) => instead(each, dtype));
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
