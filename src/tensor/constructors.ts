import { InvalidArgument, ShapeMismatch } from "../errors.ts";
import { allocate, type Dtype, type Storage } from "./dtype.ts";
import { type Shape, sameShape, sizeOf } from "./shape.ts";
import { Tensor } from "./tensor.ts";
import { element, extents, finite, holding, whole } from "./validate.ts";

/** The input of {@link tensor}: a number, a boolean, or nested arrays of them. */
export type Literal = number | boolean | readonly Literal[];

type IsUnion<T, U = T> = [T] extends [never]
  ? false
  : T extends U
    ? [U] extends [T]
      ? false
      : true
    : never;

/** The shape of an array of `N` items; dynamic unless all items have the same static shape. */
type Stack<N extends number, Items extends Shape> = [Items] extends [never]
  ? readonly [N]
  : IsUnion<Items> extends true
    ? Shape
    : readonly [N, ...Items];

/** The nesting depth that types follow; deeper nesting has a dynamic shape. */
type Below = readonly [0, 0, 0, 0, 0, 0, 0, 0];
type Pop<D extends readonly unknown[]> = D extends readonly [unknown, ...infer Rest]
  ? Rest
  : readonly [];

/** The shape of nested arrays: literal extents where TypeScript knows the lengths. */
export type ShapeOfLiteral<N, D extends readonly unknown[] = Below> = N extends number | boolean
  ? readonly []
  : D["length"] extends 0
    ? Shape
    : N extends readonly (infer Item)[]
      ? Stack<N["length"], ShapeOfLiteral<Item, Pop<D>>>
      : Shape;

/** Whether the items of some array within `N` have different shapes, all of them literal. */
type IsRagged<N, D extends readonly unknown[] = Below> = N extends readonly (infer Item)[]
  ? D["length"] extends 0
    ? false
    : IsUnion<ShapeOfLiteral<Item, Pop<D>>> extends true
      ? number extends ShapeOfLiteral<Item, Pop<D>>[number]
        ? false
        : true
      : true extends IsRagged<Item, Pop<D>>
        ? true
        : false
  : false;

/** `unknown` for regular nested arrays; for ragged ones a type without values, whose text is the error message. */
export type Regular<N> =
  IsRagged<N> extends true
    ? { readonly "ragged nested arrays": "every row of a tensor must have the same length" }
    : unknown;

/**
 * Makes a tensor from nested arrays of numbers or booleans. The nesting gives the shape, in the type too.
 *
 * The dtype defaults to `f32`, and to `bool` for booleans.
 *
 * **Fails with** `ShapeMismatch`, thrown if the arrays are ragged and TypeScript could not see it; `InvalidArgument`,
 * thrown for anything but numbers and booleans, and for a number outside the dtype's range (use `cast` to truncate).
 *
 * @example
 * ```ts
 * import { tensor } from "fluxion";
 * tensor([[1, 2, 3], [4, 5, 6]]).shape // => [2, 3]
 * tensor([true, false]).dtype // => "bool"
 * tensor([1, 2], "i32").toString() // => "[1 2]"
 * ```
 */
export const tensor = <const N extends Literal>(
  nested: N & Regular<N>,
  dtype?: Dtype,
): Tensor<ShapeOfLiteral<N>> => {
  const shape = nestingOf(nested);
  const type = dtype ?? (typeof firstOf(nested) === "boolean" ? "bool" : "f32");
  const data = allocate(type, sizeOf(shape));
  let next = 0;
  const write = (value: Literal, axis: number): void => {
    if (!isArray(value)) {
      if (axis !== shape.length) throw ragged(shape, axis, []);
      data[next] = element("tensor", `element ${next}`, type, numberOf(value, next));
      next += 1;
      return;
    }
    if (value.length !== shape[axis]) throw ragged(shape, axis, [value.length]);
    for (const item of value) write(item, axis + 1);
  };
  write(nested, 0);
  // `ShapeOfLiteral` computes from the type what `nestingOf` computes from the value.
  return Tensor.own(shape as Shape as ShapeOfLiteral<N>, type, data);
};

/** Converts a number or a boolean to a number; strings, `null`, holes and typed arrays are refused. */
const numberOf = (value: unknown, position: number): number => {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  throw new InvalidArgument({
    op: "tensor",
    argument: `element ${position}`,
    expected: ArrayBuffer.isView(value)
      ? "numbers or booleans in plain arrays; fromTypedArray copies a typed array"
      : "a number or a boolean",
    actual: ArrayBuffer.isView(value)
      ? `a ${Object.prototype.toString.call(value).slice(8, -1)}`
      : typeof value === "string"
        ? JSON.stringify(value)
        : String(value),
  });
};

const isArray = (value: Literal): value is readonly Literal[] => Array.isArray(value);

const nestingOf = (value: Literal): Shape =>
  isArray(value) ? [value.length, ...(value[0] === undefined ? [] : nestingOf(value[0]))] : [];

const firstOf = (value: Literal): number | boolean | undefined =>
  isArray(value) ? (value[0] === undefined ? undefined : firstOf(value[0])) : value;

const ragged = (shape: Shape, axis: number, actual: Shape): ShapeMismatch =>
  new ShapeMismatch({
    op: "tensor",
    expected: `rows of shape [${shape.slice(axis).join(", ")}] at depth ${axis}, as the first one`,
    actual: [actual],
    path: [],
  });

/** A tensor without axes: one number. `dtype` defaults to `f32`. */
export const scalar = (value: number, dtype: Dtype = "f32"): Tensor<readonly []> =>
  filled("scalar", [], value, dtype);

const filled = <const S extends Shape>(
  op: string,
  shape: S,
  value: number,
  dtype: Dtype,
): Tensor<S> => {
  const data = allocate(dtype, sizeOf(extents(op, shape)));
  const filler = element(op, "value", dtype, value);
  // New memory is zero, and takes room only once it is written: an optimizer's first state is looked at, not read.
  return Tensor.own(shape, dtype, Object.is(filler, 0) ? data : data.fill(filler));
};

/**
 * A tensor filled with one value.
 *
 * **Fails with** `InvalidArgument`, thrown for an impossible shape, and for a number outside the dtype's range.
 */
export const full = <const S extends Shape>(
  shape: S,
  value: number,
  dtype: Dtype = "f32",
): Tensor<S> => filled("full", shape, value, dtype);

/** A tensor of zeros. `dtype` defaults to `f32`. */
export const zeros = <const S extends Shape>(shape: S, dtype: Dtype = "f32"): Tensor<S> =>
  filled("zeros", shape, 0, dtype);

/** A tensor of ones. `dtype` defaults to `f32`. */
export const ones = <const S extends Shape>(shape: S, dtype: Dtype = "f32"): Tensor<S> =>
  filled("ones", shape, 1, dtype);

/**
 * The numbers `0, 1, …, n-1`; or `start, start + step, …` up to but not including `stop`.
 *
 * **Fails with** `InvalidArgument`, thrown, where `step` is zero or a bound is not finite.
 *
 * @example
 * ```ts
 * import { arange } from "fluxion/tensor";
 * arange(4).toString() // => "[0. 1. 2. 3.]"
 * arange(1, 2, 0.25).toString() // => "[1.   1.25 1.5  1.75]"
 * ```
 */
export function arange<const N extends number>(n: N, dtype?: Dtype): Tensor<readonly [N]>;
export function arange(
  start: number,
  stop: number,
  step?: number,
  dtype?: Dtype,
): Tensor<readonly [number]>;
export function arange(
  first: number,
  second?: number | Dtype,
  step = 1,
  dtype: Dtype = "f32",
): Tensor<readonly [number]> {
  const [start, stop, type] =
    typeof second === "number" ? [first, second, dtype] : [0, first, second ?? dtype];
  finite("arange", { start, stop });
  holding("a finite number that is not 0", (n) => Number.isFinite(n) && n !== 0)("arange", {
    step,
  });
  const n = Math.max(0, Math.ceil((stop - start) / step));
  return fill("arange", extents("arange", [n]), type, (i) => start + i * step);
}

/**
 * `n` evenly spaced numbers from `start` to `stop`, both included.
 *
 * **Fails with** `InvalidArgument`, thrown, where a bound is not finite.
 */
export const linspace = <const N extends number>(
  start: number,
  stop: number,
  n: N,
  dtype: Dtype = "f32",
): Tensor<readonly [N]> => {
  finite("linspace", { start, stop });
  whole(0)("linspace", { n });
  return fill("linspace", extents("linspace", [n]), dtype, (i) =>
    i === n - 1 && n > 1 ? stop : start + ((stop - start) * i) / Math.max(1, n - 1),
  );
};

/** The identity matrix. */
export const eye = <const N extends number>(
  n: N,
  dtype: Dtype = "f32",
): Tensor<readonly [N, N]> => {
  whole(0)("eye", { n });
  return fill("eye", extents("eye", [n, n]), dtype, (i) => (i % (n + 1) === 0 ? 1 : 0));
};

const fill = <const S extends Shape>(
  op: string,
  shape: S,
  dtype: Dtype,
  f: (i: number) => number,
): Tensor<S> => {
  const data = allocate(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = element(op, `element ${i}`, dtype, f(i));
  return Tensor.own(shape, dtype, data);
};

/**
 * Copies a typed array into a tensor of the given shape; the array's type gives the dtype.
 *
 * **Fails with** `ShapeMismatch`, thrown if the shape has another number of elements; `InvalidArgument`, thrown for
 * an array type that stores no dtype.
 */
export const fromTypedArray = <const S extends Shape>(
  shape: S,
  data: Storage | Uint8ClampedArray,
): Tensor<S> => {
  const dtype = dtypeOf(data);
  if (sizeOf(extents("fromTypedArray", shape)) !== data.length)
    throw new ShapeMismatch({
      op: "fromTypedArray",
      expected: `${sizeOf(shape)} elements for shape [${shape.join(", ")}]`,
      actual: [[data.length]],
      path: [],
    });
  const copy = allocate(dtype, data.length);
  copy.set(data);
  return Tensor.own(shape, dtype, copy);
};

/**
 * The dtype of a typed array's elements. Other array types are refused: their elements would wrap around or lose
 * digits.
 */
const dtypeOf = (data: Storage | Uint8ClampedArray): Dtype => {
  if (data instanceof Float32Array) return "f32";
  if (data instanceof Float64Array) return "f64";
  if (data instanceof Int32Array) return "i32";
  if (data instanceof Uint8Array || data instanceof Uint8ClampedArray) return "u8";
  throw new InvalidArgument({
    op: "fromTypedArray",
    argument: "data",
    expected:
      "a Float32Array, Float64Array, Int32Array or Uint8Array; Float64Array.from(data) has every number",
    actual: `a ${Object.prototype.toString.call(data).slice(8, -1)}`,
  });
};

type ShapeOfTensor<T> = T extends Tensor<infer S> ? S : Shape;

/**
 * Stacks tensors of one shape and dtype along a new leading axis.
 *
 * **Shapes** `n × [...s] → [n, ...s]`.
 *
 * **Fails with** `ShapeMismatch`, thrown if they differ, or if there are none.
 */
export const stackTensors = <const T extends readonly Tensor[]>(
  tensors: T,
): Tensor<readonly [T["length"], ...ShapeOfTensor<T[number]>]> => {
  const first = tensors[0];
  if (
    first === undefined ||
    !tensors.every((t) => t.dtype === first.dtype && sameShape(t.shape, first.shape))
  )
    throw new ShapeMismatch({
      op: "stackTensors",
      expected: "at least one tensor, all of one shape and one dtype",
      actual: tensors.map((t) => t.shape),
      path: [],
    });
  // The check above made sure that every item has the first one's shape.
  const shape = [tensors.length, ...first.shape] as Shape as readonly [
    T["length"],
    ...ShapeOfTensor<T[number]>,
  ];
  // A copy, since the caller may change its list later.
  const items = [...tensors];
  return Tensor.lazily(shape, first.dtype, () => {
    const data = allocate(first.dtype, first.size * items.length);
    for (const [i, t] of items.entries()) data.set(Tensor.read(t), i * first.size);
    return data;
  });
};
