import * as fc from "fast-check";
import type { TensorType } from "../src/ir/expr.ts";
import { allocate, type Dtype } from "../src/tensor/dtype.ts";
import { type Shape, sizeOf } from "../src/tensor/shape.ts";
import { Tensor } from "../src/tensor/tensor.ts";

/** The tensors of one type on which a function is tested: for instance, those where it is smooth. */
export interface Domain {
  readonly type: TensorType;
  readonly values: fc.Arbitrary<Tensor>;
}

/** Draws a plain object, field by field. */
export const record = <A>(
  fields: {
    readonly [K in keyof A]: fc.Arbitrary<A[K]>;
  },
): fc.Arbitrary<A> => fc.record<A>(fields, { noNullPrototype: true });

/** Makes a tensor from its elements. */
export const tensorOf = (shape: Shape, dtype: Dtype, elements: readonly number[]): Tensor => {
  const data = allocate(dtype, elements.length);
  data.set(elements);
  return Tensor.own(shape, dtype, data);
};

/** Tensors whose elements are drawn independently; they shrink to the simplest elements. */
export const tensors = (
  shape: Shape,
  elements: fc.Arbitrary<number>,
  dtype: Dtype = "f64",
): Domain => {
  const length = sizeOf(shape);
  return {
    type: { shape, dtype },
    values: fc
      .array(elements, { minLength: length, maxLength: length })
      .map((xs) => tensorOf(shape, dtype, xs)),
  };
};

/** Tensors whose elements differ from one another by at least a quarter. */
export const distinct = (shape: Shape): Domain => {
  const length = sizeOf(shape);
  return {
    type: { shape, dtype: "f64" },
    values: fc
      .uniqueArray(fc.integer({ min: -12, max: 12 }), { minLength: length, maxLength: length })
      .map((xs) =>
        tensorOf(
          shape,
          "f64",
          xs.map((x) => x / 4),
        ),
      ),
  };
};

/** Multiples of a quarter: numbers that are exact in every float, and simple to read. */
const quarters = (low: number, high: number): fc.Arbitrary<number> =>
  fc.integer({ min: Math.ceil(4 * low), max: Math.floor(4 * high) }).map((k) => k / 4);

/** From -2 to 2. */
export const real = quarters(-2, 2);
/** From ½ to 3: where logarithms, roots and quotients are far from their singularities. */
export const positive = quarters(0.5, 3);
/** A positive number or its negative. */
export const nonzero = fc.tuple(positive, fc.boolean()).map(([x, negative]) => (negative ? -x : x));
/** From -¾ to ¾: inside the domain of the arc sine. */
export const proper = quarters(-0.75, 0.75);
/** Numbers an eighth away from every multiple of a quarter, and so from the kinks of rounding and `|x|`. */
export const unkinked = fc.integer({ min: -8, max: 8 }).map((k) => k / 4 + 0.125);
/** Small whole numbers: tangents, cotangents, coefficients. */
export const small = fc.integer({ min: -2, max: 2 });
/** Integers of 32 bits, including the extremes. */
export const whole = fc.oneof(
  fc.integer({ min: -9, max: 9 }),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);
/** 0 or 1. */
export const truth = fc.integer({ min: 0, max: 1 });

/** Tensors of small whole numbers: the space of tangents and cotangents of a type. */
export const vectors = ({ shape, dtype }: TensorType): Domain => tensors(shape, small, dtype);

/** Draws one sample from each of several domains, independently. */
export const samplesOf = (domains: readonly Domain[]): fc.Arbitrary<readonly Tensor[]> =>
  fc.tuple(...domains.map((d) => d.values));
