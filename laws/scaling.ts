import * as fc from "fast-check";
import { isFloat } from "../src/tensor/dtype.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { exact } from "./derivatives.ts";
import { record, samplesOf, tensorOf } from "./domain.ts";
import { type Law, law } from "./law.ts";
import type { Compile } from "./meaning.ts";
import {
  cotangentMap,
  inputsOf,
  outputsOf,
  programOf,
  type SymbolicFunction,
  typesOf,
} from "./symbolic.ts";

/** A function of f32 whose outputs are multiplied by powers of `s` when its operands are. */
export interface Homogeneous extends SymbolicFunction {
  /** Operand `i` is multiplied by `s` to the power `operandDegrees[i]`; 1 each where not given. */
  readonly operandDegrees?: readonly number[];
  /** For each float output. */
  readonly degrees: readonly number[];
  /** Whether its derivatives are not looked at: they are no numbers where it is drawn. */
  readonly valuesOnly?: boolean;
}

/** The exponents of `s = 2ᵏ`, both ends of f32 among them. */
const exponents = fc.oneof(
  fc.constantFrom(-126, -112, 100, 116, 124),
  fc.noBias(fc.integer({ min: -126, max: 124 })),
);

const normal = 2 ** -126;
const largest = (2 - 2 ** -23) * 2 ** 127;

const times = (x: Tensor, factor: number): Tensor =>
  isFloat(x.dtype)
    ? tensorOf(
        x.shape,
        x.dtype,
        Array.from(x.toTypedArray(), (value) => value * factor),
      )
    : x;

/** Whether a power of two loses nothing of any element. */
const keeps = (x: Tensor, exponent: number): boolean =>
  x.toTypedArray().every((value) => {
    const size = Math.abs(value) * 2 ** exponent;
    return value === 0 || (size >= normal && size <= largest);
  });

/** Relative to the greatest of an output: both sides are the same arithmetic but for a few branches. */
const tolerance = 2 ** -16;

/** Whether `y` is `x·2ᵏ`, where that is in range. */
const differs = (what: string, x: Tensor, y: Tensor, exponent: number): string | undefined => {
  const wanted = Array.from(x.toTypedArray(), (value) => value * 2 ** exponent);
  const size = wanted.reduce((m, value) => Math.max(m, Math.abs(value)), 0);
  if (size > largest) return undefined;
  const bound = Math.max(tolerance * size, normal);
  const got = y.toTypedArray();
  const at = wanted.findIndex(
    (value, i) =>
      !(Math.abs((got[i] as number) - value) <= bound) &&
      !(Number.isNaN(value) && Number.isNaN(got[i])),
  );
  return at < 0 ? undefined : `${what}, element ${at} is ${got[at]}, not ${wanted[at]}`;
};

/**
 * 17: a function that grows with its operands does so as far as there are floats, and so do its gradients. What is
 * out of range on the way is no excuse where the result is in range.
 */
export const scaling = (compile: Compile): Law<Homogeneous> =>
  law("scaling", "f(sᵈx) = sᵉ f(x), and its gradient so too, for s = 2ᵏ", (f: Homogeneous) => {
    const own = typesOf(f).map((_, i) => f.operandDegrees?.[i] ?? 1);
    const floats = outputsOf(f).filter(({ dtype }) => isFloat(dtype));
    const map = f.valuesOnly === true ? f : cotangentMap(f, exact.reverse);
    const made = compile(programOf(typesOf(map), map.apply));
    const count = typesOf(f).length;
    /** How what comes out grows: outputs, and the gradients by the float operands. */
    const grown = [
      ...f.degrees,
      ...own.filter((_, i) => isFloat(typesOf(f)[i]?.dtype ?? "f32")).map((d) => -d),
    ];
    return {
      given: record({
        x: inputsOf(f),
        w: f.valuesOnly === true ? fc.constant([]) : samplesOf(map.operands.slice(count)),
        k: exponents,
      }),
      breach: ({ x, w, k }) => {
        const fits =
          x.every((each, i) => keeps(each, k * (own[i] as number))) &&
          floats.every((_, i) => Math.abs(k * (f.degrees[i] as number)) <= 124);
        if (!fits) return undefined;
        const before = made.run([...x, ...w]);
        const after = made.run([
          ...x.map((each, i) => times(each, 2 ** (k * (own[i] as number)))),
          // What the cotangents weigh grows as they shrink.
          ...w.map((each, i) => times(each, 2 ** (-k * (f.degrees[i] as number)))),
        ]);
        const degrees = [...grown];
        return before
          .map((y, i) => {
            const exponent = isFloat(y.dtype) ? k * (degrees.shift() as number) : 0;
            return differs(`s = 2^${k}: output ${i}`, y, after[i] as Tensor, exponent);
          })
          .find((reason) => reason !== undefined);
      },
    };
  });
