import * as fc from "fast-check";
import { type Dataset, dataset } from "../../src/data/dataset.ts";
import type { Preprocessor } from "../../src/data/preprocess/preprocess.ts";
import { InvalidArgument, ShapeMismatch } from "../../src/errors.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { type Law, law } from "../law.ts";
import { sameBits } from "../values/compare.ts";

/** A way to fit a preprocessor to a column `x`, and the property it claims for the examples that it was fitted on. */
export interface ScalerSubject {
  readonly name: string;
  readonly fitTo: (
    examples: Dataset<{ readonly x: Tensor<readonly [number]> }>,
  ) => Preprocessor<"x">;
  /** The violation in the outputs of one feature, in words; `undefined` if there is none. */
  readonly breach: (outputs: readonly number[]) => string | undefined;
}

const column = (rows: number, values: readonly number[]) =>
  dataset({ x: Tensor.own([rows, values.length / rows], "f64", Float64Array.from(values)) });

const outputsOf = ({ fitTo }: ScalerSubject, values: readonly number[]): Tensor => {
  const examples = column(values.length, values);
  return fitTo(examples).apply(examples).all().x;
};

/** Numbers of every magnitude of f64, including subnormals and zeros. */
const magnitudes = fc
  .tuple(fc.double({ min: -2, max: 2, noNaN: true }), fc.integer({ min: -1074, max: 1020 }))
  .map(([mantissa, exponent]) => mantissa * 2 ** exponent);

const between = fc.double({ min: -1, max: 1, noNaN: true });

/** A column that never varies becomes exactly 0. */
export const constantsVanish: Law<ScalerSubject> = law(
  "constants vanish",
  "fit [c, …, c] takes c to 0, for every number c",
  (subject: ScalerSubject) => ({
    given: fc.tuple(magnitudes, fc.integer({ min: 1, max: 2000 })),
    breach: ([value, n]: readonly [number, number]) => {
      const other = outputsOf(subject, new Array<number>(n).fill(value))
        .toTypedArray()
        .find((y) => y !== 0);
      return other === undefined ? undefined : `${n} times ${value} becomes ${other}`;
    },
  }),
);

/** The unit of a column does not matter, within the range of f64. */
export const unitsVanish: Law<ScalerSubject> = law(
  "units vanish",
  "fit (2ᵏ x) (2ᵏ x) = fit x x, bit for bit",
  (subject: ScalerSubject) => ({
    given: fc.tuple(
      fc.array(
        fc.integer({ min: -1000, max: 1000 }).map((k) => k / 8),
        { minLength: 1, maxLength: 20 },
      ),
      fc.integer({ min: -1000, max: 1000 }),
    ),
    breach: ([values, k]: readonly [readonly number[], number]) =>
      sameBits(
        `in units of 2^${-k}`,
        [
          outputsOf(
            subject,
            values.map((v) => v * 2 ** k),
          ),
        ],
        [outputsOf(subject, values)],
      ),
  }),
);

/** A preprocessor has its claimed property for columns of any offset up to 10⁶ times their spread. */
export const promiseKept: Law<ScalerSubject> = law(
  "promise",
  "a fitted preprocessor has its claimed property on the examples that it was fitted on",
  (subject: ScalerSubject) => ({
    given: fc.tuple(
      fc.array(between, { minLength: 2, maxLength: 200 }),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.integer({ min: -900, max: 900 }),
    ),
    breach: ([values, offset, k]: readonly [readonly number[], number, number]) => {
      const spread = [...values, -1, 1].map((v) => (v + offset) * 2 ** k);
      return subject.breach(Array.from(outputsOf(subject, spread).toTypedArray()));
    },
  }),
);

/** Statistics fitted to one width are refused for another width, neither repeated nor cut off. */
export const widthsKept: Law<ScalerSubject> = law(
  "widths",
  "a preprocessor fitted to width n refuses width m ≠ n",
  ({ fitTo }: ScalerSubject) => ({
    given: fc
      .tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }))
      .filter(([n, m]) => n !== m),
    breach: ([n, m]: readonly [number, number]) => {
      try {
        const fitted = fitTo(column(3, new Array<number>(3 * n).fill(1)));
        fitted.apply(column(2, new Array<number>(2 * m).fill(1))).all();
        return `a column of width ${m} is accepted`;
      } catch (error) {
        return error instanceof ShapeMismatch || error instanceof InvalidArgument
          ? undefined
          : String(error);
      }
    },
  }),
);

export const scalerLaws: readonly Law<ScalerSubject>[] = [
  constantsVanish,
  unitsVanish,
  promiseKept,
  widthsKept,
];
