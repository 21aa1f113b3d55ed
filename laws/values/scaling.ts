import * as fc from "fast-check";
import { isFloat } from "../../src/tensor/dtype.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { exact } from "../derivatives/derivatives.ts";
import { record, samplesOf, tensorOf } from "../domain.ts";
import { type Law, law } from "../law.ts";
import {
  cotangentMap,
  inputsOf,
  outputsOf,
  programOf,
  type SymbolicFunction,
  typesOf,
} from "../symbolic.ts";
import type { Compile } from "./meaning.ts";

/** A homogeneous function: scaling its operands by powers of `s` scales its outputs by powers of `s`. */
export interface Homogeneous extends SymbolicFunction {
  /** Operand `i` is multiplied by `s` to the power `operandDegrees[i]`. Defaults to 1 each. */
  readonly operandDegrees?: readonly number[];
  /** The power of `s` for each float output. */
  readonly degrees: readonly number[];
}

/** The exponents where a float format ends, and the tolerance relative to the largest element of an output. */
interface Floats {
  readonly least: number;
  readonly greatest: number;
  readonly tolerance: number;
}

const floats: { readonly [D in "f32" | "f64"]: Floats } = {
  f32: { least: -126, greatest: 124, tolerance: 2 ** -16 },
  f64: { least: -1022, greatest: 1020, tolerance: 2 ** -40 },
};

/** Draws exponents `k` of `s = 2ᵏ`, often the smallest or the largest. */
const exponents = ({ least, greatest }: Floats): fc.Arbitrary<number> =>
  fc.oneof(
    fc.constantFrom(least, least + 14, greatest - 24, greatest - 8, greatest),
    fc.noBias(fc.integer({ min: least, max: greatest })),
  );

const times = (x: Tensor, factor: number): Tensor =>
  isFloat(x.dtype)
    ? tensorOf(
        x.shape,
        x.dtype,
        Array.from(x.toTypedArray(), (value) => value * factor),
      )
    : x;

/** Whether scaling by a power of two is exact for every element. */
const keeps = (x: Tensor, exponent: number, { least, greatest }: Floats): boolean =>
  x.toTypedArray().every((value) => {
    const size = Math.log2(Math.abs(value)) + exponent;
    return value === 0 || (size >= least && size < greatest + 4);
  });

/** The difference between `y` and `x·2ᵏ`, where the latter is in range. */
const differs = (
  what: string,
  x: Tensor,
  y: Tensor,
  exponent: number,
  { least, greatest, tolerance }: Floats,
): string | undefined => {
  const wanted = Array.from(x.toTypedArray(), (value) => value * 2 ** exponent);
  const size = wanted.reduce((m, value) => Math.max(m, Math.abs(value)), 0);
  // Rounding may push a number near the limit over it.
  if (size > 2 ** (greatest + 3)) return undefined;
  const bound = Math.max(tolerance * size, 2 ** least);
  const got = y.toTypedArray();
  const at = wanted.findIndex(
    (value, i) =>
      !(Math.abs((got[i] as number) - value) <= bound) &&
      !(Number.isNaN(value) && Number.isNaN(got[i])),
  );
  return at < 0 ? undefined : `${what}, element ${at} is ${got[at]}, not ${wanted[at]}`;
};

/** The same function in another float dtype. */
const inDtype = (f: Homogeneous, dtype: "f32" | "f64"): Homogeneous => ({
  ...f,
  operands: f.operands.map(({ type, values }) =>
    isFloat(type.dtype)
      ? { type: { ...type, dtype }, values: values.map((x) => x.cast(dtype)) }
      : { type, values },
  ),
});

/**
 * A homogeneous function and its gradients scale with the operands over the whole float range: no intermediate
 * overflows if the result is in range.
 */
export const scaling = (compile: Compile, dtype: "f32" | "f64" = "f32"): Law<Homogeneous> =>
  law("scaling", "f(sᵈx) = sᵉ f(x), and its gradient so too, for s = 2ᵏ", (given: Homogeneous) => {
    const f = inDtype(given, dtype);
    const ends = floats[dtype];
    const own = typesOf(f).map((_, i) => f.operandDegrees?.[i] ?? 1);
    const results = outputsOf(f).filter(({ dtype }) => isFloat(dtype));
    const map = cotangentMap(f, exact.reverse);
    const made = compile(programOf(typesOf(map), map.apply));
    const count = typesOf(f).length;
    /** The degrees of the results: of the outputs, and of the gradients by the float operands. */
    const grown = [
      ...f.degrees,
      ...own.filter((_, i) => isFloat(typesOf(f)[i]?.dtype ?? "f32")).map((d) => -d),
    ];
    return {
      given: record({
        x: inputsOf(f),
        w: samplesOf(map.operands.slice(count)),
        k: exponents(ends),
      }),
      breach: ({ x, w, k }) => {
        const fits =
          x.every((each, i) => keeps(each, k * (own[i] as number), ends)) &&
          results.every((_, i) => Math.abs(k * (f.degrees[i] as number)) <= ends.greatest);
        if (!fits) return undefined;
        const before = made.run([...x, ...w]);
        const after = made.run([
          ...x.map((each, i) => times(each, 2 ** (k * (own[i] as number)))),
          // Cotangents shrink where outputs grow, so that the weighted sum keeps its scale.
          ...w.map((each, i) => times(each, 2 ** (-k * (f.degrees[i] as number)))),
        ]);
        const degrees = [...grown];
        return before
          .map((y, i) => {
            const exponent = isFloat(y.dtype) ? k * (degrees.shift() as number) : 0;
            return differs(`s = 2^${k}: output ${i}`, y, after[i] as Tensor, exponent, ends);
          })
          .find((reason) => reason !== undefined);
      },
    };
  });
