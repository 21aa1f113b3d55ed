import { allocate, type Dtype, type Storage, store } from "./dtype.ts";
import { print } from "./print.ts";
import { type Shape, sizeOf, stridesOf } from "./shape.ts";

/**
 * An immutable n-dimensional array: a shape, a dtype and row-major data on the JavaScript heap.
 *
 * The garbage collector owns it, so nothing is disposed by hand. Its data is private, and every accessor returns a
 * copy.
 *
 * @example
 * ```ts
 * import { tensor } from "fluxion";
 * const x = tensor([[1, 2, 3], [4, 5, 6]]);
 * x.shape // => [2, 3]
 * x.at(1, 2) // => 6
 * ```
 */
export class Tensor<out S extends Shape = Shape> {
  readonly shape: S;
  readonly dtype: Dtype;
  /**
   * A function, so that `structuredClone` and `postMessage` throw: they would silently copy the object without its
   * private data.
   */
  readonly structuredClone: () => string = uncloneable;
  /** The elements, or a function that makes them at the first read; a caller cannot tell the difference. */
  #elements: Storage | (() => Storage);

  private constructor(shape: S, dtype: Dtype, data: Storage | (() => Storage)) {
    // A copy, since the caller may change its array later.
    this.shape = Object.isFrozen(shape) ? shape : (Object.freeze([...shape]) as Shape as S);
    this.dtype = dtype;
    this.#elements = data;
    Object.freeze(this);
  }

  /** Takes ownership of `data`: the caller keeps no reference to it. Not part of the public surface. */
  static own<const S extends Shape>(shape: S, dtype: Dtype, data: Storage): Tensor<S> {
    return new Tensor(shape, dtype, data);
  }

  /**
   * A tensor whose data the pure function `make` computes at the first read: params that are only counted are never
   * drawn. Not part of the public surface.
   */
  static lazily<const S extends Shape>(shape: S, dtype: Dtype, make: () => Storage): Tensor<S> {
    return new Tensor(shape, dtype, make);
  }

  get #data(): Storage {
    if (typeof this.#elements === "function") this.#elements = this.#elements();
    return this.#elements;
  }

  /** The private data, for kernels that only read it. Not part of the public surface. */
  static read(tensor: Tensor): Storage {
    return tensor.#data;
  }

  /** The number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** The element at an index, one integer per axis; negative ones count from the end. `NaN` if out of range. */
  at(...index: readonly number[]): number {
    const strides = stridesOf(this.shape);
    let offset = 0;
    for (const [axis, extent] of this.shape.entries()) {
      const i = index[axis] ?? 0;
      const j = i < 0 ? i + extent : i;
      if (!(j >= 0 && j < extent)) return Number.NaN;
      offset += j * (strides[axis] as number);
    }
    return this.#data[offset] ?? Number.NaN;
  }

  /** The only element of a tensor of size one; `NaN` for any other size. */
  item(): number {
    return this.#data.length === 1 ? (this.#data[0] as number) : Number.NaN;
  }

  /** A copy of the data, row-major, in the dtype's own storage. */
  toTypedArray(): Storage {
    return this.#data.slice();
  }

  /**
   * The data as nested arrays of numbers, nested as the shape is: `number` for a scalar, `number[][]` for a matrix, and
   * {@link Nested} where the type does not say how many axes there are.
   *
   * @example
   * ```ts
   * import { tensor } from "fluxion";
   * const [first, second] = tensor([[1, 2], [3, 4]]).toArray();
   * second // => [3, 4]
   * ```
   */
  toArray<T extends Tensor>(this: T): NestedOf<T["shape"]> {
    const data = this.#data;
    const strides = stridesOf(this.shape);
    const build = (axis: number, offset: number): Nested => {
      const [extent, step] = [this.shape[axis], strides[axis]];
      if (extent === undefined || step === undefined) return data[offset] as number;
      return Array.from({ length: extent }, (_, i) => build(axis + 1, offset + i * step));
    };
    // One level of arrays for each axis.
    return build(0, 0) as NestedOf<T["shape"]>;
  }

  /** Converts the elements to another dtype; `store` says how each conversion rounds. */
  cast(dtype: Dtype): Tensor<S> {
    if (dtype === this.dtype) return this;
    const data = allocate(dtype, this.size);
    for (let i = 0; i < data.length; i++) data[i] = store(dtype, this.#data[i] as number);
    return new Tensor(this.shape, dtype, data);
  }

  /** Formats the tensor as NumPy does. */
  toString(): string {
    return print(this.shape, this.dtype, this.#data);
  }

  /** Shape, dtype and elements. NaN, infinities and -0, which JSON lacks, become strings. */
  toJSON(): {
    readonly shape: Shape;
    readonly dtype: Dtype;
    readonly data: readonly (number | string)[];
  } {
    return { shape: this.shape, dtype: this.dtype, data: Array.from(this.#data, named) };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

const named = (x: number): number | string =>
  Number.isFinite(x) && !Object.is(x, -0) ? x : x === 0 ? "-0" : String(x);

/** The source of this function appears in the message of a `DataCloneError`. */
const uncloneable = (): string => "send shape and toTypedArray(), and call fromTypedArray there";

/** The nested arrays of a tensor of this shape. */
export type NestedOf<S extends Shape> = number extends S["length"]
  ? Nested
  : S extends readonly [number, ...infer Rest extends Shape]
    ? NestedOf<Rest>[]
    : number;

/** Nested arrays of numbers (or booleans), or one number. */
export type Nested = number | readonly Nested[];
